//! Colours of the terminal.

use domain::incident::Severity;

/// A colour or weight, as an ANSI "select graphic rendition" code (ECMA-48, 8.3.117).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Strong.
    Bold,
    /// Faint.
    Dim,
    /// Alarming.
    Red,
    /// Alarming and strong.
    BoldRed,
    /// Noteworthy.
    Yellow,
    /// Neutral.
    Blue,
}

impl Tint {
    /// How a severity looks.
    pub fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::BoldRed,
            Severity::High => Self::Red,
            Severity::Medium => Self::Yellow,
            Severity::Low => Self::Blue,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::BoldRed => "1;31",
            Self::Yellow => "33",
            Self::Blue => "34",
        }
    }
}

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    color: bool,
}

impl Paint {
    /// Colours when `color` is set.
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    /// `text` in `tint`.
    pub fn tint(&self, tint: Tint, text: &str) -> String {
        if self.color && !text.trim().is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", tint.code())
        } else {
            text.to_owned()
        }
    }
}
