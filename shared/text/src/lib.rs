//! What customers write: redaction, terms, distinctive terms, near-duplicates and representative tickets.
//!
//! Ticket text is untrusted data: nothing here follows it, every function ends in time linear in the text, and
//! none panics on any bytes.
//!
//! # Layout
//! - [`mod@redact`]: personal data and secrets become placeholders; the first step before anything else
//! - [`mod@terms`]: words and two-word phrases of one ticket, and the key under which variants are one term
//! - [`log_odds`]: terms that a window has more often than its background
//! - [`similar`]: clusters of near-duplicates
//! - [`representative`]: tickets that show what a window is about
//! - [`mod@excerpt`]: a short verbatim piece of a text

pub mod excerpt;
pub mod log_odds;
pub mod redact;
pub mod representative;
pub mod similar;
mod stop_words;
pub mod terms;

pub use excerpt::excerpt;
pub use redact::{Redacted, redact, redact_ticket};
pub use terms::{group_key, terms};
