//! The built-in corpus: sentences by topic and language, written for this project.
//!
//! A sentence is a template: `[a|b]` is one of its alternatives (they nest), `{slot}` a value of
//! [`super::slots`].

mod de_commerce;
mod de_office;
mod de_software;
mod en_commerce;
mod en_office;
mod en_software;
pub(super) mod frames;
pub(super) mod themes;
pub(super) mod topics;

/// Sentences of one topic in one language.
pub(super) struct Texts {
    /// Subject lines.
    pub(super) subjects: &'static [&'static str],
    /// What is the matter.
    pub(super) facts: &'static [&'static str],
    /// Particulars; any of them fits any fact.
    pub(super) details: &'static [&'static str],
    /// What the customer wants.
    pub(super) asks: &'static [&'static str],
}

/// Language of the built-in corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    En,
    De,
}

impl Language {
    /// The code in tickets.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}
