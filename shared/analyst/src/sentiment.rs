//! How customers sound: counted words, nothing else.

use crate::facts::Document;

const ANGRY: [&str; 34] = [
    "angry",
    "furious",
    "unacceptable",
    "outrageous",
    "disgrace",
    "disgusting",
    "terrible",
    "horrible",
    "worst",
    "ridiculous",
    "disaster",
    "joke",
    "stupid",
    "hate",
    "scam",
    "lawyer",
    "sue",
    "refuse",
    "complaint",
    "fed",
    "shame",
    "wütend",
    "unverschämt",
    "inakzeptabel",
    "katastrophe",
    "schlimmste",
    "frechheit",
    "skandal",
    "anwalt",
    "beschwerde",
    "unfassbar",
    "unmöglich",
    "furchtbar",
    "schrecklich",
];
const FRUSTRATED: [&str; 44] = [
    "frustrated",
    "frustrating",
    "annoyed",
    "annoying",
    "disappointed",
    "disappointing",
    "useless",
    "broken",
    "unusable",
    "unable",
    "fails",
    "failed",
    "failing",
    "stuck",
    "lost",
    "blocked",
    "impossible",
    "waiting",
    "delay",
    "delayed",
    "disrupting",
    "disrupted",
    "wasted",
    "problem",
    "issue",
    "error",
    "crash",
    "crashes",
    "suddenly",
    "ärgerlich",
    "enttäuscht",
    "frustrierend",
    "kaputt",
    "defekt",
    "unbrauchbar",
    "fehler",
    "ausfall",
    "warte",
    "verzögerung",
    "blockiert",
    "verloren",
    "unmöglichkeit",
    "abgestürzt",
    "nervt",
];
const WORRIED: [&str; 22] = [
    "worried",
    "concerned",
    "afraid",
    "urgent",
    "urgently",
    "asap",
    "immediately",
    "critical",
    "risk",
    "breach",
    "hacked",
    "emergency",
    "deadline",
    "besorgt",
    "dringend",
    "sofort",
    "umgehend",
    "notfall",
    "risiko",
    "angst",
    "frist",
    "schnellstmöglich",
];
const PLEASED: [&str; 16] = [
    "great",
    "excellent",
    "love",
    "happy",
    "perfect",
    "wonderful",
    "awesome",
    "fantastic",
    "pleased",
    "super",
    "toll",
    "zufrieden",
    "wunderbar",
    "perfekt",
    "ausgezeichnet",
    "begeistert",
];
/// Share of tickets that must use a mood's words for it to name the whole.
const PREVAILS: f64 = 0.2;

/// Tickets with words of each mood.
pub(crate) struct Sentiment {
    /// The mood that prevails: `angry`, `frustrated`, `worried`, `positive`, or `neutral`; `unknown` without text.
    pub(crate) name: &'static str,
    pub(crate) counts: [(&'static str, f64); 4],
    pub(crate) tickets: f64,
}

/// The mood of the documents.
pub(crate) fn sentiment(documents: &[&Document<'_>]) -> Sentiment {
    let with_text: Vec<_> = documents.iter().filter(|d| !d.terms.is_empty()).collect();
    let count = |words: &[&str]| {
        with_text.iter().filter(|d| d.terms.iter().any(|t| words.contains(&t.as_str()))).count() as f64
    };
    let counts = [
        ("angry", count(&ANGRY)),
        ("worried", count(&WORRIED)),
        ("frustrated", count(&FRUSTRATED)),
        ("positive", count(&PLEASED)),
    ];
    let tickets = with_text.len() as f64;
    // Anger and worry weigh more than the words of any failure, which most tickets have.
    let name = if tickets < 1.0 {
        "unknown"
    } else {
        counts.iter().find(|(_, n)| *n >= PREVAILS * tickets).map_or("neutral", |(name, _)| name)
    };
    Sentiment { name, counts, tickets }
}
