//! German: devices, networks and the office.

use super::Texts;

pub(super) const ACCESS: Texts = Texts {
    subjects: &[
        "Zugriff auf [das Laufwerk|Ordner {ref}|{product}] für [neue Kollegin|Praktikanten]",
        "Neuer Kollege ab {day}: [Konto|Ausstattung]",
        "Rechte von {user} [ändern|entziehen]",
        "Gemeinsames Postfach für das Team {team}",
    ],
    facts: &[
        "am {day} fängt beim Team {team} jemand neu an und braucht [ein Konto|Zugriff auf {product} und das Laufwerk].",
        "{name} ist ins Team {team} gewechselt, bitte passen Sie die [Rechte|Gruppen] an.",
        "wir brauchen ein gemeinsames Postfach für das Team {team} mit {small} Personen.",
        "den Ordner {ref} kann ich nicht öffnen, ich brauche ihn für [die Prüfung|die tägliche Arbeit].",
        "bitte [schließen|löschen] Sie das Konto {user}, die Person ist ausgeschieden.",
    ],
    details: &[
        "Die Leitung hat zugestimmt, siehe {ref}.",
        "Bitte dieselben Rechte wie {user}.",
        "Die Kostenstelle ist {big}.",
    ],
    asks: &[
        "Geht das bis {day}?",
        "Bitte kurz Bescheid geben, wenn es erledigt ist.",
        "Welches Formular brauche ich dafür?",
    ],
};

pub(super) const HARDWARE: Texts = Texts {
    subjects: &[
        "{device} [startet nicht|lädt nicht]",
        "[Dockingstation|Zweiter Bildschirm] wird nicht erkannt",
        "[Tastatur|Kamera|Mikrofon] am {device} defekt",
        "Ersatz für [Akku|Netzteil] ({device})",
    ],
    facts: &[
        "mein {device} [startet nicht mehr|bleibt schwarz], nur [die Lampe|der Lüfter] geht an.",
        "die Dockingstation [erkennt|verliert] den zweiten Bildschirm [alle paar Minuten|nach der Pause] [nicht|wieder].",
        "der Akku meines {device} hält nur noch {n} Minuten.",
        "in Besprechungen [hört|sieht] mich niemand, am {device} ist wohl [das Mikrofon|die Kamera] kaputt.",
        "am {device} [klemmen einige Tasten|hat sich das Scharnier gelöst].",
    ],
    details: &[
        "Seriennummer {serial}.",
        "Das Gerät ist {small} Jahre alt.",
        "Mit einem anderen [Kabel|Netzteil] ist es genauso.",
        "Die Firmware ist {version}.",
    ],
    asks: &[
        "Kann ich ein [Ersatzgerät|Leihgerät] bekommen?",
        "Wohin soll ich es bringen?",
        "Ist die Reparatur abgedeckt?",
    ],
};

pub(super) const PRINTER: Texts = Texts {
    subjects: &[
        "Drucker [in Raum {n}|im zweiten Stock] [druckt nicht|hat Papierstau]",
        "Druckaufträge bleiben hängen",
        "Toner leer am Drucker {serial}",
        "Scannen per Mail [geht nicht|gestört]",
    ],
    facts: &[
        "der Drucker [in Raum {n}|auf unserer Etage] nimmt den Auftrag an, aber es kommt nichts heraus.",
        "die Ausdrucke haben [graue Streifen|leere Seiten], vor allem ab Seite {small}.",
        "das Scannen per Mail [verschickt nichts mehr|schickt leere Seiten].",
        "mein {device} findet den Drucker seit dem [Umzug|Schreibtischwechsel] nicht mehr.",
        "das Gerät verlangt Papier in Fach {small}, obwohl es voll ist.",
    ],
    details: &[
        "Im Display steht {code}.",
        "Auf dem Aufkleber steht {serial}.",
        "In der Warteschlange sind {n} Aufträge.",
    ],
    asks: &[
        "Bitte schicken Sie [jemanden|einen Techniker] vorbei.",
        "Können Sie Toner bestellen?",
        "Welcher Treiber ist der richtige?",
    ],
};

pub(super) const VPN: Texts = Texts {
    subjects: &[
        "VPN bricht alle {n} Minuten ab",
        "[Kein|Langsames] VPN im Homeoffice",
        "VPN verlangt ein Zertifikat",
        "WLAN in [Raum {n}|{city}] schwach",
    ],
    facts: &[
        "das VPN bricht [zu Hause|unterwegs|im Hotel] alle {n} Minuten ab.",
        "der Client meldet verbunden, aber [das Intranet|der Dateiserver] antwortet nicht.",
        "seit dem neuen [Router|Laptop] verlangt das VPN ein Zertifikat.",
        "das WLAN in [Raum {n}|der Kantine|{city}] ist so schwach, dass Gespräche abreißen.",
        "unser neues Büro in {city} braucht [Netzwerkdosen|ein Gäste-WLAN] für {n} Plätze.",
    ],
    details: &[
        "Der Client zeigt {code}.",
        "Anschluss mit {n} Mbit/s, ohne VPN ist alles gut.",
        "Client {version} unter {os}.",
        "Es begann gegen {clock}.",
    ],
    asks: &[
        "Brauche ich [ein neues Profil|ein anderes Zertifikat]?",
        "Können Sie im Protokoll nach {user} sehen?",
        "Bitte messen Sie [am {day}|diese Woche] das Signal.",
    ],
};

pub(super) const DATABASE: Texts = Texts {
    subjects: &[
        "Abfrage auf der [Berichts|Vertriebs]datenbank läuft zu lange",
        "Plattenplatz der Datenbank bei {n} %",
        "[Kopie|Rücksicherung] der Testdatenbank",
        "Neuer Datenbankbenutzer für das Team {team}",
    ],
    facts: &[
        "der [nächtliche|stündliche] Lauf in die Berichtsdatenbank dauert {n} Minuten länger als [üblich|letzten Monat].",
        "wir brauchen eine Kopie der [Vertriebs|Lager]datenbank auf dem Testserver, Stand {day}.",
        "eine Abfrage über {big} Zeilen wird [abgebrochen|nicht fertig].",
        "der Tabellenbereich des Archivs ist zu {n} % voll.",
        "bitte legen Sie einen Lesebenutzer für das Team {team} an.",
    ],
    details: &[
        "Auftragsnummer {ref}.",
        "Auf unserer Seite wurde nichts geändert.",
        "Der Server hat {n} GB Speicher.",
    ],
    asks: &[
        "Kann jemand aus der Datenbankgruppe nachsehen?",
        "Bitte erweitern Sie die Platte.",
        "Wann passt die [Rücksicherung|Änderung]?",
    ],
};

pub(super) const SECURITY: Texts = Texts {
    subjects: &[
        "[Verdächtige|Seltsame] Mail im Namen von {name}",
        "Unbekannte Anmeldung aus dem Ausland",
        "Virenscanner meldet {file}",
        "{device} [verloren|gestohlen]",
        "Frage zum Datenschutz in {product}",
    ],
    facts: &[
        "ich habe eine seltsame Mail bekommen, die angeblich von {name} ist und nach [Gutscheinen|meinem Passwort|einer Überweisung] fragt.",
        "{product} hat mich um {clock} vor einer Anmeldung [aus einer fremden Stadt|von einem unbekannten Gerät] gewarnt.",
        "der Virenscanner auf meinem {device} hat {file} in Quarantäne verschoben.",
        "mein {device} ist [im Zug verloren gegangen|auf einer Dienstreise gestohlen worden], bitte [sperren|löschen] Sie es.",
        "für eine Prüfung müssen wir wissen, [wo {product} unsere Daten speichert|wie die Sicherungen verschlüsselt sind].",
    ],
    details: &[
        "Die Fallnummer ist {ref}.",
        "Ich habe nichts angeklickt.",
        "Die Kennwörter wurden um {clock} geändert.",
    ],
    asks: &[
        "Was soll ich jetzt tun?",
        "Bitte prüfen Sie, ob Daten abgeflossen sind.",
        "Bitte sperren Sie den Absender.",
    ],
};

pub(super) const MAINTENANCE: Texts = Texts {
    subjects: &[
        "[Wartung|Wartungsfenster] am {day}",
        "{product} um {clock} kurz nicht erreichbar",
        "Frage zur Statusseite",
        "Kurze Unterbrechung von {product} in {city}",
    ],
    facts: &[
        "{product} war gegen {clock} rund {n} Minuten nicht erreichbar, [jetzt geht es wieder|inzwischen läuft es].",
        "wir haben Ihre Ankündigung zur Wartung von {product} erhalten und müssen wissen, [wie lange sie dauert|welche Standorte sie betrifft].",
        "kann die Wartung am {day} um {small} Stunden verschoben werden? Wir haben dann [Monatsabschluss|Inventur].",
        "unsere Überwachung zählte {small} kurze Unterbrechungen von {product} [diese Woche|seit {day}].",
        "für unseren Prüfer brauchen wir die Verfügbarkeit von {product} im letzten Quartal.",
    ],
    details: &[
        "Die Prüfung läuft alle {n} Sekunden aus {city}.",
        "Unser Kennzeichen ist {ref}.",
        "Daten gingen nicht verloren.",
    ],
    asks: &[
        "Was war der Grund?",
        "Bitte nehmen Sie {email} in den Verteiler auf.",
        "Wann ist das nächste Fenster?",
    ],
};

pub(super) const HR: Texts = Texts {
    subjects: &[
        "Frage zu [Gehaltsabrechnung|Resturlaub|Überstunden]",
        "Bescheinigung für [Vermieter|Bank]",
        "Neue [Adresse|Bankverbindung]",
        "Bewerbung {ref}",
    ],
    facts: &[
        "in meiner Abrechnung fehlen {n} Überstunden.",
        "ich möchte {small} Tage Urlaub [übertragen|nehmen], [geht das|wer genehmigt das]?",
        "für [den Vermieter|die Bank] brauche ich eine Bescheinigung.",
        "ich bin nach {city} gezogen und möchte meine [Adresse|Bankverbindung] ändern.",
        "ich habe mich vor {n} Tagen auf die Stelle {ref} beworben und noch nichts gehört.",
    ],
    details: &["Personalnummer {big}.", "Ich arbeite im Team {team}.", "Meine Führungskraft ist {name}."],
    asks: &[
        "Bitte korrigieren Sie das mit der nächsten Abrechnung.",
        "An wen wende ich mich?",
        "Können Sie mir das Formular schicken?",
    ],
};
