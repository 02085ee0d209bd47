//! German: orders, money and customers.

use super::Texts;

pub(super) const ACCOUNT: Texts = Texts {
    subjects: &[
        "Änderung [unserer Anschrift|des Ansprechpartners|des Firmennamens]",
        "Bitte Konto [löschen|schließen]",
        "Zwei Kundenkonten zusammenlegen",
        "Kundennummer {custno}: neue Mailadresse",
    ],
    facts: &[
        "unsere Firma ist nach {city} umgezogen, bitte ändern Sie die Anschrift.",
        "ich habe zwei Konten bei Ihnen und möchte sie zusammenlegen.",
        "neue Ansprechperson für unseren Vertrag ist ab {day} {name}.",
        "bitte löschen Sie mein Konto und [alle Daten|alles, was dazugehört].",
        "ich bekomme immer noch den Newsletter, obwohl ich mich {small} Mal abgemeldet habe.",
    ],
    details: &[
        "Kundennummer {custno}.",
        "Im Formular erscheint {code}.",
        "Ich nutze {product} [privat|für unseren Verein].",
    ],
    asks: &[
        "Können Sie das bitte ändern?",
        "Bitte bestätigen Sie es [schriftlich|per Mail].",
        "Was brauchen Sie von [mir|uns]?",
    ],
};

pub(super) const SHIPPING: Texts = Texts {
    subjects: &[
        "Wo bleibt [meine|unsere] Bestellung {order}?",
        "[Paket|Lieferung] verspätet: {order}",
        "Sendungsverfolgung {order} bewegt sich nicht",
        "Lieferadresse für {order} ändern",
    ],
    facts: &[
        "die Bestellung {order} sollte am {day} kommen und [ist noch nicht da|lässt auf sich warten].",
        "die Sendungsverfolgung für {item} steht seit {small} Tagen still.",
        "wir haben {small} von {n} Paketen bekommen, {item} fehlt.",
        "das Paket mit {item} wurde [bei einem fremden Nachbarn abgegeben|zurückgeschickt], [niemand hat geklingelt|ich war den ganzen Tag zu Hause].",
        "bei Bestellung {order} habe ich die Hausnummer [vergessen|falsch angegeben], lässt sich das noch ändern?",
    ],
    details: &[
        "Die Sendungsnummer ist {serial}.",
        "Bestellt am {date}.",
        "Der Paketdienst verweist auf Sie.",
        "Es ist ein Geschenk für {day}.",
    ],
    asks: &[
        "Wann kommt die Lieferung?",
        "Bitte starten Sie eine Nachforschung.",
        "Können Sie [Ersatz schicken|es noch einmal verschicken]?",
    ],
};

pub(super) const COMPLAINT: Texts = Texts {
    subjects: &[
        "Beschwerde über [Ihren Service|Ihre Hotline]",
        "Keine Antwort auf meine Anfrage {ref}",
        "[Zweite|Dritte] Erinnerung",
        "Lob für [schnelle|freundliche] Hilfe",
    ],
    facts: &[
        "ich habe Ihnen {small} Mal [in derselben Sache|wegen {ref}] geschrieben und [keine Antwort bekommen|nur automatische Antworten erhalten].",
        "ich hing {n} Minuten in Ihrer Warteschleife, bevor [das Gespräch abbrach|jemand abnahm].",
        "der Techniker war für {day} angekündigt und [kam nicht|kam Stunden zu spät].",
        "der am {day} versprochene Rückruf [kam nie|steht noch aus].",
        "ich möchte Ihren Kollegen [im Chat|am Telefon] loben, der meine Frage zu {product} in {n} Minuten gelöst hat.",
    ],
    details: &[
        "Mein Zeichen ist {ref}.",
        "Ich bin seit {small} Jahren Kunde.",
        "Die erste Mail war vom {date}.",
    ],
    asks: &[
        "Bitte rufen Sie mich unter {phone} zurück.",
        "Ich erwarte eine Antwort bis {day}.",
        "Bitte geben Sie das an die Leitung weiter.",
    ],
};

pub(super) const INVOICE: Texts = Texts {
    subjects: &[
        "Rechnung {invoice}: [falscher Betrag|Rückfrage]",
        "Kopie der Rechnung {invoice}",
        "Umsatzsteuernummer fehlt auf {invoice}",
        "Mahnung trotz Zahlung",
    ],
    facts: &[
        "die Rechnung {invoice} lautet auf {amount}, [bestellt|vereinbart] waren aber {amount}.",
        "die Rechnung {invoice} [finden wir nicht|haben wir nie bekommen].",
        "auf der Rechnung {invoice} ist unsere [Umsatzsteuernummer|Bestellnummer] [falsch|nicht angegeben].",
        "Sie mahnen {amount} an, die wir am {date} überwiesen haben.",
        "bitte senden Sie Rechnungen künftig als PDF an {email}.",
        "auf {invoice} stehen {small} Posten, die wir [nie bestellt|zurückgeschickt] haben.",
    ],
    details: &[
        "Unsere Kundennummer ist {custno}.",
        "Der Verwendungszweck war {order}.",
        "Der Rabatt von {n} % fehlt.",
    ],
    asks: &[
        "Bitte schicken Sie eine korrigierte Rechnung.",
        "Können Sie den Betrag [erläutern|aufschlüsseln]?",
        "Bitte nehmen Sie die Mahnung zurück.",
    ],
};

pub(super) const PAYMENT: Texts = Texts {
    subjects: &[
        "Karte wird [abgelehnt|nicht angenommen]",
        "[Neue|Andere] Zahlungsart",
        "Lastschrift für {custno}",
        "Zahlung zu {order} nicht verbucht",
    ],
    facts: &[
        "meine [neue|geschäftliche] Karte wird abgelehnt, wenn ich {amount} für {product} zahlen möchte.",
        "wir möchten für den Tarif {plan} von Karte auf [Lastschrift|Überweisung] umstellen.",
        "die Zahlung von {amount} zu {order} ging am {date} bei uns ab, im Portal ist sie noch offen.",
        "die Bank hat die Lastschrift zurückgegeben, weil [sich das Konto geändert hat|die Nummer falsch war].",
        "beim Speichern der Karte erscheint {code}.",
    ],
    details: &["Laut Bank ist alles in Ordnung.", "Kundennummer {custno}.", "Die neue Karte gilt ab {day}."],
    asks: &[
        "Bitte ordnen Sie die Zahlung zu.",
        "Können Sie [einen Zahlungslink|die Bankverbindung] schicken?",
        "Bitte sperren Sie das Konto solange nicht.",
    ],
};

pub(super) const REFUND: Texts = Texts {
    subjects: &[
        "Erstattung zu {order} steht aus",
        "Wo bleibt meine Gutschrift über {amount}?",
        "{product} gekündigt: Geld zurück",
        "Erstattung für {item} [falsch|unvollständig]",
    ],
    facts: &[
        "ich habe {order} vor {n} Tagen [storniert|zurückgeschickt], die {amount} sind noch nicht da.",
        "Sie haben {amount} erstattet, bezahlt hatte ich {amount}.",
        "ich habe {product} in der Testphase gekündigt und soll trotzdem {amount} zahlen.",
        "die Gutschrift zur Rechnung {invoice} fehlt noch.",
        "die Erstattung ging auf [eine alte Karte|das falsche Konto].",
    ],
    details: &[
        "Die Rücksendung wurde am {date} bestätigt.",
        "Rücksendenummer {ref}.",
        "Zugesagt waren {small} bis [10|14] Werktage.",
    ],
    asks: &[
        "Bitte überweisen Sie [den Betrag|die Differenz].",
        "Wann kann ich mit dem Geld rechnen?",
        "Bitte schicken Sie eine Gutschrift.",
    ],
};

pub(super) const SUBSCRIPTION: Texts = Texts {
    subjects: &[
        "Wechsel in den Tarif {plan}",
        "Kündigung Vertrag {custno}",
        "{n} Lizenzen [dazu|weniger]",
        "Verlängerung von {product}",
    ],
    facts: &[
        "wir möchten [ab nächstem Monat|möglichst bald] vom Tarif {plan} zu {plan} wechseln.",
        "bitte [buchen Sie {n} Lizenzen dazu|streichen Sie {n} Lizenzen] für {product}.",
        "hiermit kündige ich {product} [zum nächstmöglichen Termin|zum Ende der Laufzeit].",
        "der Preis für die Verlängerung von {product} [ist {n} % höher|weicht vom Angebot ab].",
        "unsere Testphase von {product} endet am {day}, [lässt sie sich verlängern|wir brauchen noch eine Woche].",
    ],
    details: &[
        "Vertragsnummer {custno}.",
        "Wir zahlen [jährlich|monatlich].",
        "Verwaltet wird es von {name}.",
    ],
    asks: &[
        "Bitte bestätigen Sie [die Änderung|den Termin].",
        "Was kostet das?",
        "Bleiben die Daten erhalten?",
    ],
};

pub(super) const RETURNS: Texts = Texts {
    subjects: &[
        "[Rückgabe|Umtausch] zu {order}",
        "{item} [beschädigt angekommen|mit Kratzer]",
        "Falscher Artikel statt {item}",
        "Rücksendeetikett für {order}",
    ],
    facts: &[
        "die Ware aus {order} ({item}) ist [beschädigt angekommen|zerkratzt].",
        "statt {item} kam [eine andere Farbe|ein anderes Modell].",
        "ich möchte {item} gegen [eine andere Größe|die schwarze Ausführung] tauschen.",
        "{item} passt nicht, ich möchte die Ware innerhalb der [14|30] Tage zurückgeben.",
        "das Rücksendeetikett zu {order} lässt sich nicht drucken.",
        "ich habe {item} vor {n} Tagen zurückgeschickt und keine Bestätigung bekommen.",
    ],
    details: &[
        "Der Karton war [heil|eingedrückt].",
        "Ein Foto hängt an ({image}).",
        "Geliefert am {date}.",
        "Rücksendenummer {ref}.",
    ],
    asks: &[
        "Bitte schicken Sie ein neues Etikett.",
        "Kann ich Ersatz statt Geld bekommen?",
        "Wer zahlt das Porto?",
    ],
};

pub(super) const SALES: Texts = Texts {
    subjects: &[
        "Angebot über {n} Lizenzen {product}",
        "Vorführung von {product}",
        "Konditionen für [Schulen|Vereine|Wiederverkäufer]",
        "Vergleich der Tarife {plan} und {plan}",
    ],
    facts: &[
        "wir suchen eine Lösung für {n} Personen und bitten um ein Angebot für {product}.",
        "können Sie uns {product} kurz vorführen, [am liebsten am {day}|gern nächste Woche]?",
        "wir sind [eine Schule|ein Verein|eine kleine Agentur] in {city}, gibt es Rabatte?",
        "eine Frage vor dem Kauf: läuft {product} [unter {os}|mit mehreren Filialen]?",
    ],
    details: &[
        "Unser Rahmen liegt bei {amount}.",
        "Die Entscheidung fällt am {day}.",
        "Bisher nutzen wir Tabellen.",
    ],
    asks: &[
        "Bitte schicken Sie Preise an {email}.",
        "Wer ist unser Ansprechpartner?",
        "Gibt es eine Testphase von {n} Tagen?",
    ],
};

pub(super) const GENERAL: Texts = Texts {
    subjects: &[
        "Öffnungszeiten in {city}",
        "Anfrage zu [Partnerschaft|Veranstaltung]",
        "[Schulprojekt|Abschlussarbeit] über {product}",
    ],
    facts: &[
        "hat Ihr Büro in {city} am {day} geöffnet?",
        "ich schreibe eine Abschlussarbeit und hätte {small} Fragen zu {product}.",
        "unser Verein sucht [Partner|Sponsoren] für eine Veranstaltung in {city}.",
        "werden die Vorträge Ihrer Veranstaltung aufgezeichnet?",
    ],
    details: &["Es kämen etwa {n} Leute.", "Auf Ihrer Seite fand ich dazu nichts.", "Es eilt nicht."],
    asks: &[
        "An wen darf ich mich wenden?",
        "Für eine kurze Antwort danke ich Ihnen.",
        "Geben Sie mir bitte Bescheid?",
    ],
};
