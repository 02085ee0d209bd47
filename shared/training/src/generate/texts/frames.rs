//! What surrounds the topic in a message: greetings, circumstances, urgency, endings.

use super::Language;

/// Which circumstances fit a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// A program in use.
    Technical,
    /// A device, a network, a server.
    Device,
    /// An order, a bill, a contract.
    Commerce,
    /// Anything else.
    Office,
}

/// Sentences of one language that fit many topics.
pub(crate) struct Frames {
    pub(crate) greetings: &'static [&'static str],
    pub(crate) openers: &'static [&'static str],
    technical: &'static [&'static str],
    /// When a technical matter was first seen; not for something that began an hour ago.
    pub(crate) earlier: &'static [&'static str],
    device: &'static [&'static str],
    commerce: &'static [&'static str],
    office: &'static [&'static str],
    urgent: &'static [&'static str],
    normal: &'static [&'static str],
    pressing: &'static [&'static str],
    pub(crate) calm: &'static [&'static str],
    pub(crate) asks: &'static [&'static str],
    pub(crate) thanks: &'static [&'static str],
    pub(crate) endings: &'static [&'static str],
    pub(crate) phone_notes: &'static [&'static str],
}

impl Frames {
    /// The frames of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::De => &GERMAN,
        }
    }

    /// Sentences on the circumstances.
    pub(crate) fn circumstances(&self, setting: Setting) -> &'static [&'static str] {
        match setting {
            Setting::Technical => self.technical,
            Setting::Device => self.device,
            Setting::Commerce => self.commerce,
            Setting::Office => self.office,
        }
    }

    /// Sentences on why it matters: much or somewhat.
    pub(crate) fn impact(&self, setting: Setting, urgent: bool) -> &'static [&'static str] {
        match setting {
            Setting::Commerce | Setting::Office => self.pressing,
            Setting::Technical | Setting::Device if urgent => self.urgent,
            Setting::Technical | Setting::Device => self.normal,
        }
    }
}

const ENGLISH: Frames = Frames {
    greetings: &[
        "Hello,",
        "Hi,",
        "Hi there,",
        "Dear support team,",
        "Good morning,",
        "Hello support,",
        "Dear Sir or Madam,",
        "Hi team,",
        "Good afternoon,",
        "Hello everybody,",
        "To whom it may concern,",
        "Hey,",
    ],
    openers: &[
        "I hope you are [well|having a good {day}].",
        "I need [some help|your help|a hand].",
        "[Sorry to bother you|Sorry if this is the wrong address].",
        "I am writing [on behalf of {team}|for a colleague|from our {city} branch].",
        "This is [about|regarding] {product}.",
        "I could not find an answer in [the help centre|your FAQ].",
        "A [short|quick] question [from me|from our side].",
        "My colleague {name} asked me to [write to you|get in touch].",
    ],
    technical: &[
        "I use {product} {version} on {os}.",
        "[Browser is|I work with] {browser}, all updates are in.",
        "I [restarted|rebooted] the {device} [twice|several times].",
        "[Clearing the cache|A private window|Another browser] did not [help|change anything].",
        "[Signing out and in|A fresh installation] [brought nothing|made no difference].",
        "A screenshot is attached as {image}.",
        "{small} of {n} [colleagues|people] in {team} see it too.",
        "We did not [change|install] anything on our side.",
        "My colleague {name} [has|uses] the same {device} and [no such trouble|sees it as well].",
        "I went through the steps in your help centre [without luck|to no avail].",
        "We run it in the {city} office on {n} [machines|seats].",
    ],
    earlier: &[
        "I noticed it first [around|at about] {clock} on {day}.",
        "The same thing happened [some weeks ago|once last year] and went away by itself.",
        "[Last week|Until {day}] everything was [fine|normal].",
        "It [comes and goes|is not always there], {small} times [so far|since {day}].",
    ],
    device: &[
        "I [restarted|switched off and on] everything [twice|several times].",
        "{small} of {n} [colleagues|people] in {team} have it too.",
        "A photo is attached as {image}.",
        "We did not [change|move] anything on our side.",
        "[Last week|Until {day}] it was [still fine|working].",
        "It stands in the {city} office.",
        "I [noticed|saw] it first [around|at about] {clock} on {day}.",
        "My colleague {name} sits next to me and [has no trouble|sees the same].",
        "I am there until {later} if somebody wants to [see it|come by].",
    ],
    commerce: &[
        "I [looked|searched] in the customer portal, but [found nothing|it only says \"in progress\"].",
        "You can reach me [by phone|at] {phone}.",
        "My customer number is {custno}.",
        "I [ordered|bought] it on {date} [in the online shop|through your app].",
        "{name} from your team [was helping me|took the call] on {date}.",
        "I [called|phoned] [last week|on {day}] and was told to write.",
        "It is for our [branch|office] in {city}.",
        "The confirmation came to {email}.",
        "[So far|Until now] I was [always happy|satisfied] with you.",
        "The papers are attached as {file}.",
    ],
    office: &[
        "You can [reach|find] me in {team}, extension {n}.",
        "I am at my desk [until {later}|every morning].",
        "I work from {city} [this week|most of the time].",
        "{name} [knows about it|has approved it].",
        "I asked in {team} first, they [sent me to you|did not know either].",
        "The reference is {ref}.",
        "Please copy {email} on the answer.",
    ],
    urgent: &[
        "This is [urgent|very urgent], {n} people [are waiting|cannot work].",
        "We have [customers waiting|a deadline at {later}].",
        "It [blocks|holds up] the whole of {team}.",
        "We lose [money|orders] [every hour|all the time] it stays like this.",
        "I have a presentation for {n} people on {day} and depend on it.",
        "Work [has come to a stop|is at a standstill] here.",
        "Please treat it with priority, [our management is asking|the client is getting nervous].",
        "We cannot close [the month|our books] like this.",
    ],
    normal: &[
        "It costs me {n} minutes [a day|every time].",
        "[It is annoying|It slows us down], though we manage.",
        "For now we [help ourselves with|use] a spreadsheet.",
        "It would be good to have it [sorted|solved] [this week|before {day}].",
        "{small} customers have asked me about it.",
        "I can work around it, but [not for ever|it is tedious].",
    ],
    pressing: &[
        "I need [it|an answer] by {day}.",
        "I have [asked|written] before, please [hurry|take care of it].",
        "It would be good to have it [sorted|settled] [this week|before {day}].",
        "{name} is asking me for it [every day|already].",
        "[A date|A deadline] on our side depends on it.",
        "Please give it some priority.",
    ],
    calm: &[
        "There is no hurry.",
        "It is [a small thing|only a detail], whenever you have time.",
        "[Not urgent at all|Nothing urgent], I am just curious.",
        "Next week is [early enough|fine].",
    ],
    asks: &[
        "Could you [please look into|check] this?",
        "What can I [do|try] [next|now]?",
        "Please let me know what you [need from me|find].",
        "I would be glad about [an answer|a call back].",
        "Any [idea|hint]?",
        "How do we [proceed|go on] from here?",
        "Can someone [help|take this over]?",
        "Please advise.",
    ],
    thanks: &[
        "Thanks in advance",
        "Many thanks",
        "Thank you for your help",
        "Thanks a lot",
        "Thank you",
        "Cheers",
        "With kind thanks",
        "Thanks for looking into it",
    ],
    endings: &[
        "Best regards",
        "Kind regards",
        "Regards",
        "Best",
        "Sincerely",
        "Warm regards",
        "All the best",
        "Yours faithfully",
    ],
    phone_notes: &[
        "Call taken at {clock}. Customer says: ",
        "By phone: ",
        "Caller {name} reports: ",
        "Phone note. Quote: ",
        "Taken down on the phone: ",
        "Caller from {city}: ",
    ],
};

const GERMAN: Frames = Frames {
    greetings: &[
        "Hallo,",
        "Guten Tag,",
        "Sehr geehrte Damen und Herren,",
        "Liebes Support-Team,",
        "Guten Morgen,",
        "Hallo zusammen,",
        "Moin,",
        "Servus,",
        "Grüß Gott,",
        "Liebes Team,",
    ],
    openers: &[
        "ich brauche [Ihre Hilfe|etwas Unterstützung].",
        "ich schreibe [für das Team {team}|für eine Kollegin|aus unserer Filiale {city}].",
        "es geht um {product}.",
        "in der Hilfe habe ich [keine Antwort|nichts Passendes] gefunden.",
        "eine kurze Frage [von mir|an Sie].",
        "{name} hat mich gebeten, Ihnen zu schreiben.",
        "[entschuldigen Sie die Störung|hoffentlich bin ich hier richtig].",
    ],
    technical: &[
        "Ich nutze {product} {version} unter {os}.",
        "Browser ist {browser}, alles aktuell.",
        "Den {device} habe ich [zweimal|mehrfach] neu gestartet.",
        "[Cache leeren|Ein privates Fenster|Ein anderer Browser] hat nicht geholfen.",
        "[Abmelden und neu anmelden|Eine Neuinstallation] brachte nichts.",
        "Ein Bildschirmfoto hängt an ({image}).",
        "{small} von {n} Leuten aus dem Team {team} sehen das auch.",
        "Auf unserer Seite wurde nichts [geändert|installiert].",
        "{name} hat das gleiche Gerät und [keine Probleme|dasselbe Problem].",
    ],
    earlier: &[
        "Aufgefallen ist es mir am {day} gegen {clock}.",
        "Vor einigen Wochen war das schon einmal so und ging von allein weg.",
        "[Letzte Woche|Bis {day}] war noch alles gut.",
        "Es kommt und geht, seit {day} {small} Mal.",
    ],
    device: &[
        "Ich habe alles [zweimal|mehrfach] aus- und eingeschaltet.",
        "{small} von {n} Leuten aus dem Team {team} haben das auch.",
        "Ein Foto hängt an ({image}).",
        "Auf unserer Seite wurde nichts verändert.",
        "[Letzte Woche|Bis {day}] ging es noch.",
        "Standort ist {city}.",
        "{name} sitzt nebenan und [hat keine Probleme|sieht dasselbe].",
    ],
    commerce: &[
        "Im Kundenportal [steht dazu nichts|steht nur \"in Bearbeitung\"].",
        "Sie erreichen mich unter {phone}.",
        "Meine Kundennummer ist {custno}.",
        "[Bestellt|Gekauft] habe ich am {date} [im Online-Shop|über Ihre App].",
        "Am {date} habe ich mit {name} gesprochen.",
        "Am Telefon hat man mich gebeten zu schreiben.",
        "Es ist für unsere Filiale in {city}.",
        "Die Bestätigung ging an {email}.",
        "Die Unterlagen hängen an ({file}).",
    ],
    office: &[
        "Sie finden mich im Team {team}, Durchwahl {n}.",
        "Ich bin bis {later} am Platz.",
        "Diese Woche arbeite ich in {city}.",
        "{name} weiß Bescheid.",
        "Das Zeichen ist {ref}.",
        "Bitte nehmen Sie {email} in Kopie.",
    ],
    urgent: &[
        "Es ist [dringend|sehr dringend], {n} Leute [warten|können nicht arbeiten].",
        "Wir haben [Kunden, die warten|um {later} einen Termin].",
        "Das hält das ganze Team {team} auf.",
        "Uns gehen [Aufträge|Einnahmen] verloren.",
        "Am {day} habe ich eine Vorführung vor {n} Leuten.",
        "Hier steht die Arbeit still.",
        "Bitte bevorzugt behandeln, [die Leitung fragt schon nach|der Kunde wird nervös].",
    ],
    normal: &[
        "Das kostet mich {n} Minuten [am Tag|jedes Mal].",
        "[Es stört|Es bremst uns], aber wir kommen zurecht.",
        "Vorerst helfen wir uns mit einer Tabelle.",
        "Schön wäre eine Lösung [bis {day}|noch diese Woche].",
        "{small} Kunden haben schon danach gefragt.",
    ],
    pressing: &[
        "Ich brauche das bis {day}.",
        "Ich warte schon [eine Weile|zu lange], bitte kümmern Sie sich darum.",
        "Schön wäre eine Klärung [bis {day}|noch diese Woche].",
        "{name} fragt schon danach.",
        "Bei uns hängt ein Termin daran.",
    ],
    calm: &[
        "Es eilt nicht.",
        "Das ist nur eine Kleinigkeit, wenn Sie einmal Zeit haben.",
        "Nächste Woche reicht völlig.",
        "Nichts Wichtiges, mich interessiert es nur.",
    ],
    asks: &[
        "Können Sie sich das bitte ansehen?",
        "Was kann ich [noch versuchen|jetzt tun]?",
        "Bitte melden Sie sich, falls Sie noch etwas brauchen.",
        "Über [eine Antwort|einen Rückruf] würde ich mich freuen.",
        "Haben Sie eine Idee?",
        "Wie gehen wir weiter vor?",
        "Bitte um Rückmeldung.",
    ],
    thanks: &[
        "Vielen Dank",
        "Danke im Voraus",
        "Besten Dank",
        "Danke für Ihre Hilfe",
        "Herzlichen Dank",
        "Danke",
    ],
    endings: &[
        "Mit freundlichen Grüßen",
        "Viele Grüße",
        "Freundliche Grüße",
        "Beste Grüße",
        "Schöne Grüße",
        "Gruß",
        "MfG",
    ],
    phone_notes: &[
        "Anruf um {clock}, Zitat: ",
        "Telefonisch: ",
        "Anruf von {name}: ",
        "Am Telefon aufgenommen: ",
        "Anruf aus {city}: ",
    ],
};
