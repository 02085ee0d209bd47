//! What many customers tell at once when something breaks, in their own words.

use super::super::options::Theme;
use super::topics::Topic;
use super::{Language, Texts, frames::Setting};

/// A theme's field values, texts and words.
pub(crate) struct ThemeTexts {
    /// Fields and texts, as of an ordinary topic.
    pub(crate) topic: Topic,
    /// What it is about.
    pub(crate) product: &'static str,
    /// Lower-case pieces of text, of which most of the theme's tickets hold one.
    pub(crate) keywords: &'static [&'static str],
    /// Share of tickets that complain without saying of what.
    pub(crate) vague: f64,
}

impl ThemeTexts {
    /// The texts of `theme`.
    pub(crate) fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::SignOnLoop => &SIGN_ON_LOOP,
            Theme::DoubleCharge => &DOUBLE_CHARGE,
            Theme::BrokenExport => &BROKEN_EXPORT,
            Theme::BatteryDrain => &BATTERY_DRAIN,
        }
    }
}

/// Subjects and facts of complaints that do not say what exactly is wrong: there are always some.
pub(crate) fn vague(language: Language) -> (&'static [&'static str], &'static [&'static str]) {
    match language {
        Language::En => (
            &[
                "{product} [down|not working]?",
                "[Problem|Trouble] with {product}",
                "{product}",
                "Urgent: {product}",
            ],
            &[
                "Nothing works [in|with] {product} [any more|right now], what is going on?",
                "Is {product} having [problems|trouble] [at the moment|right now]?",
                "Our whole {team} team is [sitting idle|waiting] because of {product}.",
                "We have had trouble with {product} since {recent}, [what is the matter|do you know about it]?",
            ],
        ),
        Language::De => (
            &["{product} [gestört|geht nicht]?", "Problem mit {product}", "Dringend: {product}"],
            &[
                "bei {product} geht [gerade|im Moment] gar nichts, was ist los?",
                "gibt es bei {product} zurzeit eine Störung?",
                "unser ganzes Team {team} wartet wegen {product}.",
            ],
        ),
    }
}

const SIGN_ON_LOOP: ThemeTexts = ThemeTexts {
    topic: Topic {
        name: "sign-on loop",
        setting: Setting::Technical,
        queues: &[
            ("Technical Support", 55),
            ("IT Support", 22),
            ("Product Support", 14),
            ("Service Outages and Maintenance", 9),
        ],
        types: [72, 4, 22, 2],
        priorities: [16, 54, 25, 4, 1],
        tags: &["Login", "Account", "Technical", "Disruption", "Security", "Outage", "Bug"],
        en: Texts {
            subjects: &[
                "[Endless|Infinite] redirect when signing in",
                "Sign-in page [keeps coming back|reloads forever]",
                "SSO [broken|not working] [this morning|right now]",
                "Stuck in a login loop",
                "Single sign-on [sends me in circles|never finishes]",
                "Redirected again and again to the sign-in page",
                "[Nobody|None of us] gets past the single sign-on",
                "{product}: [too many redirects|redirect error]",
            ],
            facts: &[
                "After I enter my password {product} sends me back to the sign-in page, [over and over|again and again|without any message].",
                "The browser shows \"too many redirects\" [as soon as|every time] I sign in [with our company login|over SSO].",
                "Single sign-on to {product} [goes in circles|is an endless loop]: company page, {product}, company page, {product}.",
                "[Everybody|Everyone] here who uses single sign-on is [caught|stuck] in a redirect loop, people with a [local|separate] password get in.",
                "I confirm the code on my phone, the page flickers and I am back at the [same|first] sign-in screen.",
                "{product} accepts my login and then redirects to the sign-in page [a dozen times|until the browser gives up].",
                "We can't get into {product} via SSO since {recent}, the sign-in just [loops|repeats itself].",
                "Since {recent} the company login does not carry over to {product}, it [redirects|bounces] back at once.",
            ],
            details: &[
                "It started at {recent}, an hour before all was well.",
                "The address bar [jumps|flips] between two addresses.",
                "Sessions that were open [go on working|are still fine].",
                "The same on [phone and laptop|{browser} and another browser].",
                "Our identity provider's log shows the sign-in as successful.",
                "Cookies were [deleted|cleared], [no effect|the loop stays].",
            ],
            asks: &[
                "Is single sign-on down on your side?",
                "When will we be able to sign in again?",
                "Please [fix|repair] the redirect [quickly|as soon as you can].",
                "Is there another way in [meanwhile|until then]?",
            ],
        },
        de: Texts {
            subjects: &[
                "Endlosschleife bei der Anmeldung",
                "Anmeldeseite kommt immer wieder",
                "SSO [geht nicht|defekt]",
                "[Zu viele Weiterleitungen|Weiterleitungsfehler] bei {product}",
                "Single Sign-On dreht sich im Kreis",
                "Niemand kommt über Single Sign-On hinein",
            ],
            facts: &[
                "nach Eingabe des Kennworts lande ich bei {product} [immer wieder|ohne Meldung] auf der Anmeldeseite.",
                "der Browser meldet \"zu viele Weiterleitungen\", [sobald ich mich anmelde|bei jeder Anmeldung über SSO].",
                "das Single Sign-On zu {product} läuft in einer Endlosschleife.",
                "alle mit Firmen-Login hängen hier in der Anmeldeschleife, mit eigenem Kennwort geht es.",
                "ich bestätige den Code am Handy, dann flackert die Seite und ich bin wieder auf der Anmeldeseite.",
                "seit {recent} kommen wir per SSO nicht in {product}, die Weiterleitung [springt zurück|hört nicht auf].",
            ],
            details: &[
                "Begonnen hat es um {recent}.",
                "Die Adresszeile springt hin und her.",
                "Offene Sitzungen laufen weiter.",
                "Cookies habe ich gelöscht, die Schleife bleibt.",
            ],
            asks: &[
                "Ist das Single Sign-On bei Ihnen gestört?",
                "Wann können wir uns wieder anmelden?",
                "Bitte beheben Sie die Weiterleitung.",
            ],
        },
    },
    product: "Corvanta Desk",
    keywords: &[
        "redirect",
        "loop",
        "single sign-on",
        "sso",
        "sign-in page",
        "sign-in screen",
        "weiterleitung",
        "schleife",
        "anmeldeseite",
    ],
    vague: 0.1,
};

const DOUBLE_CHARGE: ThemeTexts = ThemeTexts {
    topic: Topic {
        name: "double charge",
        setting: Setting::Commerce,
        queues: &[("Billing and Payments", 68), ("Customer Service", 24), ("Product Support", 8)],
        types: [55, 12, 32, 1],
        priorities: [6, 50, 37, 6, 1],
        tags: &["Billing", "Payment", "Refund", "Bug", "Account"],
        en: Texts {
            subjects: &[
                "Charged twice",
                "[Double|Duplicate] charge on my card",
                "Two bookings of {amount}",
                "{amount} [debited|taken] two times",
                "Same payment [appears|booked] twice",
                "[Duplicate|Second] debit for one order",
            ],
            facts: &[
                "My card was charged twice for {product}, [both times|two times] {amount}.",
                "On my statement there are two debits of {amount} [within a minute|one right after the other], I [ordered|bought] only once.",
                "You took {amount} two times for the same [order|renewal].",
                "The payment for order {order} was [booked|charged] twice {recentday}.",
                "I got one confirmation, yet the bank shows a duplicate charge over {amount}.",
                "My bank sent [two notes|two alerts], each about {amount} to you, for a single purchase.",
            ],
            details: &[
                "The second charge came at {recent}.",
                "Both debits carry the same reference {order}.",
                "Now my account is overdrawn.",
                "I pressed the button only once.",
            ],
            asks: &[
                "Please refund the duplicate [charge|payment].",
                "When do I get the second payment back?",
                "Please make sure it is not taken a third time.",
            ],
        },
        de: Texts {
            subjects: &[
                "Doppelt abgebucht",
                "{amount} zweimal belastet",
                "Doppelte Abbuchung zu {order}",
                "Zwei Abbuchungen statt einer",
            ],
            facts: &[
                "meine Karte wurde für {product} doppelt belastet, zweimal {amount}.",
                "auf dem Konto stehen zwei Abbuchungen über {amount}, bestellt habe ich nur einmal.",
                "Sie haben {amount} für dieselbe Bestellung doppelt abgebucht.",
                "die Zahlung zu {order} wurde zweimal abgebucht.",
            ],
            details: &[
                "Die zweite Abbuchung kam um {recent}.",
                "Beide tragen die Nummer {order}.",
                "Jetzt ist mein Konto im Minus.",
            ],
            asks: &[
                "Bitte erstatten Sie die doppelte Abbuchung.",
                "Wann bekomme ich die zweite Zahlung zurück?",
            ],
        },
    },
    product: "Nortavo Pay",
    keywords: &[
        "twice",
        "double",
        "duplicate",
        "two times",
        "two debits",
        "two bookings",
        "doppelt",
        "zweimal",
        "zwei abbuchungen",
    ],
    vague: 0.0,
};

const BROKEN_EXPORT: ThemeTexts = ThemeTexts {
    topic: Topic {
        name: "broken export",
        setting: Setting::Technical,
        queues: &[("Product Support", 52), ("Technical Support", 38), ("Customer Service", 10)],
        types: [42, 8, 48, 2],
        priorities: [2, 34, 50, 12, 2],
        tags: &["Bug", "Software", "Technical", "Documentation", "Feedback"],
        en: Texts {
            subjects: &[
                "Export full of question marks",
                "[Accents|Special characters] garbled in export",
                "CSV export [unreadable|broken]",
                "[Strange|Weird] characters in exported file",
                "Spreadsheet export destroys names",
                "Umlauts [lost|wrong] after export",
            ],
            facts: &[
                "The [CSV|spreadsheet] export of {product} turns every accent into [question marks|little boxes].",
                "When I export the [customer list|orders] from {product}, [names with umlauts|special characters] come out garbled.",
                "In the exported file \"Müller\" [reads|becomes] \"M??ller\", on the screen it is right.",
                "Our import rejects the CSV export because the characters are [broken|scrambled].",
                "Exported [addresses|names] are full of [strange|weird] characters since {recentday}.",
            ],
            details: &[
                "[Last week's|An older] export of the same list is fine.",
                "The file header no longer says UTF-8.",
                "{n} of {big} lines are unreadable.",
                "Excel and a text editor show the same garbled text.",
            ],
            asks: &[
                "Which encoding does the export use now?",
                "Please bring the old export back.",
                "Can you send us a correct file?",
            ],
        },
        de: Texts {
            subjects: &[
                "Umlaute im Export kaputt",
                "CSV-Export unlesbar",
                "Sonderzeichen im Export falsch",
                "Fragezeichen statt Umlaute",
            ],
            facts: &[
                "im CSV-Export von {product} stehen Fragezeichen statt Umlaute.",
                "beim Exportieren der [Kundenliste|Aufträge] aus {product} werden Sonderzeichen zerstört.",
                "aus \"Müller\" wird in der exportierten Datei \"M??ller\", am Bildschirm stimmt es.",
                "unser Import lehnt den Export ab, weil die Zeichen kaputt sind.",
            ],
            details: &[
                "Ein älterer Export derselben Liste ist in Ordnung.",
                "{n} von {big} Zeilen sind unlesbar.",
                "Excel und Editor zeigen dasselbe.",
            ],
            asks: &[
                "Welche Kodierung hat der Export jetzt?",
                "Bitte stellen Sie den alten Export wieder her.",
            ],
        },
    },
    product: "Lumido Analytics",
    keywords: &[
        "export",
        "question marks",
        "garbled",
        "characters",
        "umlaut",
        "sonderzeichen",
        "fragezeichen",
    ],
    vague: 0.0,
};

const BATTERY_DRAIN: ThemeTexts = ThemeTexts {
    topic: Topic {
        name: "battery drain",
        setting: Setting::Technical,
        queues: &[("Product Support", 50), ("Technical Support", 40), ("Customer Service", 10)],
        types: [46, 6, 46, 2],
        priorities: [1, 28, 54, 14, 3],
        tags: &["Performance", "Software", "Bug", "Hardware", "Feedback"],
        en: Texts {
            subjects: &[
                "Battery [empty by noon|drain]",
                "App [eats|drains] my battery",
                "Phone [hot|warm] because of {product}",
                "[Huge|High] battery use of {product}",
                "{product} in the background drains the phone",
            ],
            facts: &[
                "The {product} app [eats|drains] my battery, {n} % are gone [by noon|in two hours].",
                "My phone [gets hot|is warm all day] and the battery screen puts {product} first.",
                "{product} keeps running in the background and empties the battery [overnight|on the way to work].",
                "Since the last app update the battery of my phone [does not last the day|is flat by {clock}].",
                "The field team's phones run out of battery [at midday|half way through the shift], {product} is to blame.",
            ],
            details: &[
                "The battery statistics show {n} % for {product}.",
                "Without the app the battery lasts [as long as ever|two days].",
                "Background activity is [switched off|restricted], no change.",
                "The phone is [one year|two years] old.",
            ],
            asks: &[
                "Can I go back to the previous app version?",
                "When will there be an update that spares the battery?",
                "Which setting stops the background activity?",
            ],
        },
        de: Texts {
            subjects: &[
                "Akku schnell leer",
                "App [frisst|leert] den Akku",
                "Handy heiß durch {product}",
                "Hoher Akkuverbrauch von {product}",
            ],
            facts: &[
                "die App {product} leert meinen Akku, mittags sind {n} % weg.",
                "mein Handy wird heiß, und in der Akkuanzeige steht {product} ganz oben.",
                "{product} läuft ständig im Hintergrund und zieht den Akku leer.",
                "seit dem letzten Update der App hält der Akku keinen Tag mehr.",
            ],
            details: &[
                "Die Akkuanzeige nennt {n} % für {product}.",
                "Ohne die App hält der Akku zwei Tage.",
                "Das Handy ist ein Jahr alt.",
            ],
            asks: &["Kann ich zur vorigen Fassung zurück?", "Wann kommt ein Update, das den Akku schont?"],
        },
    },
    product: "Velumi Mobile",
    keywords: &["battery", "drain", "hot", "akku", "heiß"],
    vague: 0.0,
};
