//! German: software at work.

use super::Texts;

pub(super) const LOGIN: Texts = Texts {
    subjects: &[
        "[Anmeldung|Login] bei {product} [klappt nicht|geht nicht|nicht möglich]",
        "[Kennwort|Passwort] zurücksetzen: [Mail kommt nicht an|Link ungültig]",
        "{product}: Konto [gesperrt|deaktiviert]",
        "Code der Zwei-Faktor-App wird [abgelehnt|nicht angenommen]",
        "Kein Zugang mehr zu {product}",
    ],
    facts: &[
        "ich versuche {since}, mich bei {product} anzumelden, und das Kennwort wird [jedes Mal|immer wieder] abgelehnt.",
        "nach dem [Ändern|Zurücksetzen] meines Kennworts meldet {product}, [das Konto sei gesperrt|mein Konto sei deaktiviert].",
        "die Mail zum Zurücksetzen des Passworts kommt bei mir nicht an, [auch nicht im Spam-Ordner|ich habe überall nachgesehen].",
        "mein neues [Handy|Telefon] zeigt Codes an, die {product} [nicht annimmt|ablehnt].",
        "[eine Kollegin|ein Kollege] aus dem Team {team} kommt nicht mehr in {product}, [bei allen anderen geht es|sonst ist niemand betroffen].",
        "{product} behauptet, Benutzername oder Kennwort seien falsch, [obwohl ich nichts geändert habe|das stimmt aber sicher nicht].",
    ],
    details: &[
        "Der Benutzer heißt {user}.",
        "Nach {small} Versuchen erscheint \"Fehler {code}\".",
        "Der Link in der Mail ist angeblich [abgelaufen|schon benutzt].",
        "Mit der [App|Handy-App] [geht es|geht es auch nicht].",
    ],
    asks: &[
        "Können Sie das Konto [bitte entsperren|wieder freischalten]?",
        "Bitte schicken Sie [den Link|einen neuen Link] an {email}.",
        "Wie [komme ich wieder hinein|übertrage ich die Codes auf das neue Gerät]?",
    ],
};

pub(super) const PERFORMANCE: Texts = Texts {
    subjects: &[
        "{product} [sehr langsam|träge] {since}",
        "[Lange|Ewige] Ladezeiten in {product}",
        "Übersicht braucht {small} Sekunden",
        "[Suche|Liste] in {product} langsam",
    ],
    facts: &[
        "das Öffnen [der Übersicht|der Kundenliste|des Projektplans] in {product} dauert {since} [etwa|über] {small} Sekunden.",
        "{product} wird [sehr langsam|zäh], sobald mehr als {small} Leute aus dem Team {team} damit arbeiten.",
        "die Suche braucht [eine halbe Minute|ewig], [selbst bei|auch mit] einem einzigen Wort.",
        "beim Blättern durch {big} Einträge [ruckelt die Seite|friert die Seite kurz ein].",
        "beim Speichern [dreht sich das Rädchen|wartet man] {small} Sekunden, bevor etwas passiert.",
    ],
    details: &[
        "Unsere Leitung hat {n} Mbit/s, [daran liegt es wohl nicht|das müsste reichen].",
        "Der Speicherbedarf steigt auf {n} %.",
        "Wir haben [kürzlich|letzten Monat] rund {big} Datensätze importiert.",
        "Ein Kollege in {city} [beobachtet dasselbe|wartet genauso lange].",
    ],
    asks: &[
        "Gibt es eine Einstellung, mit der es schneller geht?",
        "Bitte prüfen Sie die Auslastung [unserer Instanz|auf Ihrer Seite].",
        "Würde [ein größerer Tarif|das Archivieren alter Daten] helfen?",
    ],
};

pub(super) const CRASH: Texts = Texts {
    subjects: &[
        "{product} [stürzt ab|schließt sich] beim [Öffnen|Erstellen] eines Berichts",
        "Absturz mit Code {code} in {product}",
        "{product} {version} beendet sich ohne Meldung",
        "Programm [hängt|bleibt hängen] beim Drucken",
    ],
    facts: &[
        "wenn ich einen Bericht über mehr als {small} Monate erstelle, [stürzt {product} ab|schließt sich {product} einfach].",
        "{product} {version} [stürzt ab|beendet sich], sobald ich {file} [öffne|anhänge].",
        "fast jedes Mal, wenn ich zur Diagrammansicht wechsle, [reagiert das Programm nicht mehr|hängt sich das Programm auf].",
        "nach dem [Eingeben|Auswählen] eines Datumsfilters erscheint {code}, und {product} ist weg.",
        "der Editor schließt sich während des Tippens, [die letzten Änderungen sind weg|etwa {n} Minuten Arbeit sind verloren].",
    ],
    details: &[
        "Im Protokoll steht das Modul {code}.",
        "Das ist [heute|diese Woche] {small} Mal passiert.",
        "[Kurze Berichte|Kleine Dateien] gehen ohne Probleme.",
        "Die Protokolldatei ({big} KB) [kann ich schicken|habe ich aufgehoben].",
    ],
    asks: &[
        "Ist der Fehler bekannt und gibt es [eine Korrektur|ein Update]?",
        "Wohin soll ich das Protokoll schicken?",
        "Lässt sich die [ungespeicherte|verlorene] Arbeit retten?",
    ],
};

pub(super) const SYNC: Texts = Texts {
    subjects: &[
        "Abgleich zwischen {product} und [Kalender|Shop|ERP] hängt",
        "Datensätze nach dem Abgleich [doppelt|verschwunden]",
        "Daten in {product} [veraltet|nicht aktuell]",
        "{product}: [Kontakte|Aufträge] werden nicht abgeglichen",
    ],
    facts: &[
        "der Abgleich zwischen {product} und unserem [ERP|Shop|Kalender] steht {since} bei {n} %.",
        "[Kontakte|Aufträge|Termine], die wir in {product} ändern, kommen [auf der anderen Seite|im zweiten System] nicht an.",
        "rund {n} [Datensätze|Kunden] sind nach dem [nächtlichen|stündlichen] Abgleich doppelt vorhanden.",
        "seit {day} sind die [Bestände|Preise|Öffnungszeiten] in {product} [einen Tag|einige Stunden] alt.",
        "das Tablet [im Außendienst|eines Kollegen] übernimmt keine Änderungen mehr, [obwohl es online ist|trotz Neuanmeldung].",
    ],
    details: &[
        "Der letzte vollständige Lauf war am {day} um {clock}.",
        "Im Protokoll steht \"Konflikt {code}\".",
        "[Anhalten und Fortsetzen|Neu verbinden] [bringt nichts|hilft nur kurz].",
        "Betroffen ist nur [der zweite Kalender|das Archiv|die Filiale {city}].",
    ],
    asks: &[
        "Wie stoßen wir einen vollständigen Abgleich an, ohne Daten zu verlieren?",
        "Können Sie die doppelten Einträge [entfernen|zusammenführen]?",
        "Sehen Sie [in Ihren Protokollen|auf Ihrer Seite], was klemmt?",
    ],
};

pub(super) const API: Texts = Texts {
    subjects: &[
        "Schnittstelle antwortet mit {code}",
        "Webhook [kommt doppelt|fehlt] bei {product}",
        "Frage zu [Limits|Seitenweise-Abruf] der {product}-API",
        "Anbindung von {product} an [unser CRM|unser Shopsystem]",
    ],
    facts: &[
        "unsere Anbindung ruft die {product}-API [alle {n} Minuten|etwa {big} Mal am Tag] auf, und manche Aufrufe [liefern|enden mit] {code}.",
        "der Webhook für [neue Aufträge|geänderte Kontakte] wird teilweise [nicht ausgelöst|doppelt zugestellt].",
        "die Schnittstelle ignoriert den Seitenparameter bei mehr als {small} Filterwerten.",
        "wir bauen [einen Konnektor|eine Anbindung] für {product}, und die Feldnamen der Dokumentation passen nicht zur Antwort.",
        "nach dem Erneuern des [Tokens|Schlüssels] werden Anfragen eines Clients [abgelehnt|mit {code} beantwortet].",
    ],
    details: &[
        "Anfrage-Nummer {code}, gesendet um {clock}.",
        "Der Client ist [ein kleines Skript|unsere Middleware] unter {os}.",
        "In der Testumgebung [läuft|klappt] derselbe Aufruf.",
        "Wir liegen mit {big} Aufrufen weit unter dem Limit.",
    ],
    asks: &[
        "Welche Berechtigung braucht der Schlüssel?",
        "Gilt die [beschriebene|dokumentierte] Grenze noch?",
        "Bitte sehen Sie den Aufruf in Ihren Protokollen nach.",
    ],
};

pub(super) const UPDATE: Texts = Texts {
    subjects: &[
        "Update auf {version} [schlägt fehl|startet nicht]",
        "{product} auf {os} [installieren|einrichten]",
        "Installation von {product} bricht mit {code} ab",
        "Verteilung von {product} {version} auf {n} Rechner",
    ],
    facts: &[
        "die Installation von {product} {version} bleibt auf {os} bei {n} % stehen.",
        "wir möchten von {version} auf die aktuelle Fassung von {product} wechseln und [haben Fragen dazu|brauchen einen Plan].",
        "nach dem Update fragt {product} [bei jedem Start|ständig] nach der Lizenz.",
        "auf {n} [Rechnern|Laptops] wird das Update angeboten, auf den anderen nicht.",
        "seit {version} ist das Zusatzmodul für das Mailprogramm [verschwunden|ausgegraut].",
    ],
    details: &[
        "Das Protokoll endet mit {code}.",
        "Es sind {n} GB frei, und ich bin Administrator.",
        "Vorher lief Version {version}.",
        "Das Gerät ist ein {device}.",
    ],
    asks: &[
        "Können Sie ein vollständiges Installationspaket schicken?",
        "Welche Reihenfolge empfehlen Sie [für {n} Geräte|bei uns]?",
        "Bitte planen Sie die Umstellung für {day} [abends|früh] ein.",
    ],
};

pub(super) const FEATURE: Texts = Texts {
    subjects: &[
        "[Wunsch|Vorschlag|Idee]: [dunkles Design|Tastenkürzel|Sammelbearbeitung] in {product}",
        "Mehr Filter für {product} gewünscht",
        "Bitte ergänzen: [Vorlagen|Kalenderansicht|gespeicherte Suchen]",
        "Rückmeldung zu {product} {version}",
    ],
    facts: &[
        "es wäre [schön|eine große Hilfe], wenn {product} [den letzten Filter behalten|Aufgaben nach Team gruppieren|Überfälliges einfärben] könnte.",
        "unser Team {team} wünscht sich eine [Kalenderansicht|Karte|Tafelansicht] in {product}.",
        "zurzeit tippen wir {n} Einträge von Hand ab, weil es [keine Sammelbearbeitung|keine Vorlagen] gibt.",
        "ein Knopf zum [Duplizieren|Archivieren] würde uns viele Klicks sparen.",
        "die neue Oberfläche von {version} gefällt uns, nur [ist die Schrift klein|fehlt der Kontrast].",
    ],
    details: &[
        "Das würden hier etwa {n} Leute nutzen.",
        "Eine einfache Lösung reicht.",
        "Im Forum hat ein ähnlicher Wunsch {n} Stimmen.",
        "Eine Skizze hängt an ({image}).",
    ],
    asks: &[
        "Ist so etwas geplant?",
        "Bitte geben Sie das an die [Entwicklung|Produktleitung] weiter.",
        "Eine Vorabversion würden wir gern testen.",
    ],
};

pub(super) const HOWTO: Texts = Texts {
    subjects: &[
        "Wie richte ich [Rollen|Erinnerungen|einen zweiten Bereich] in {product} ein?",
        "Frage zu [Berechtigungen|eigenen Feldern|Vorlagen]",
        "Einstellung für [Zahlenformate|Arbeitstage|Signaturen]",
        "Anleitung für {product} gesucht",
    ],
    facts: &[
        "ich bin neu in {product} und finde die Einstellung für [Erinnerungen|Zahlenformate|Arbeitstage] nicht.",
        "wir möchten, dass [Aushilfen|externe Partner] in {product} nur die eigenen [Projekte|Kunden] sehen.",
        "wie lege ich eine Vorlage mit {small} [Schritten|Spalten] an, die alle aus dem Team {team} benutzen können?",
        "die Hilfe beschreibt ein Menü, das es [bei mir nicht gibt|in meiner Fassung nicht gibt].",
        "wir brauchen ein Auswahlfeld mit {n} Werten [für jeden Kontakt|an jedem Auftrag].",
        "zum [Jahreswechsel|nächsten Quartal] wollen wir [den Freigabeprozess|die Nummernkreise|die Ordnerstruktur] ändern.",
    ],
    details: &[
        "Version {version}, Tarif {plan}.",
        "Ich habe [Administratorrechte|die Rolle Bearbeiter].",
        "Wir sind {n} Leute in {small} Teams.",
    ],
    asks: &[
        "Können Sie mir [die passende Seite|eine kurze Anleitung] schicken?",
        "Wäre [am {day}|diese Woche] ein kurzes Gespräch möglich?",
        "Bitte schalten Sie die Option für uns frei, falls nötig.",
    ],
};

pub(super) const REPORTDATA: Texts = Texts {
    subjects: &[
        "[Summen|Zahlen] im Bericht von {product} [stimmen nicht|falsch]",
        "Diagramm weicht von der Liste ab",
        "[Wochenbericht|Bericht] kommt leer an",
        "Währung in den Berichten von {product}",
    ],
    facts: &[
        "die Summen im Bericht von {product} weichen um {n} [Einträge|Aufträge] von der Liste ab.",
        "der [wöchentliche|geplante] Bericht an das Team {team} [ist leer|enthält die letzten {small} Tage nicht].",
        "im Diagramm ändert sich [der Mittelwert|die Summe], wenn ich nur anders sortiere.",
        "Beträge in [Dollar|Franken] werden in der Übersicht mit Euro zusammengezählt.",
        "ein stornierter Auftrag zählt in der Statistik von {product} immer noch mit.",
    ],
    details: &[
        "Der Bericht hat die Nummer {ref}.",
        "Von Hand komme ich auf {big}, der Bericht sagt {big}.",
        "Letzten Monat stimmte es noch.",
        "Es betrifft vor allem die Filiale {city}.",
    ],
    asks: &[
        "Wie wird [der Wert|die Summe] berechnet?",
        "Bitte korrigieren Sie den Bericht [bis {day}|bald].",
        "Liegt es an meinem Filter, oder ist das ein Fehler?",
    ],
};
