//! One customer's request, normalised.

use crate::distinct::ReporterId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// How urgent a ticket is, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Everything stands still.
    Critical,
    /// Important work is blocked.
    High,
    /// The usual.
    Medium,
    /// Can wait.
    Low,
    /// Nice to have.
    VeryLow,
}

impl Priority {
    /// The name in keys and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::VeryLow => "very_low",
        }
    }
}

impl FromStr for Priority {
    type Err = String;

    /// Reads the names help desks use (`P1`, `urgent`, `normal`, …), in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().replace([' ', '-'], "_").as_str() {
            "critical" | "urgent" | "blocker" | "highest" | "p0" | "p1" => Ok(Self::Critical),
            "high" | "major" | "p2" => Ok(Self::High),
            "medium" | "normal" | "moderate" | "p3" => Ok(Self::Medium),
            "low" | "minor" | "p4" => Ok(Self::Low),
            "very_low" | "verylow" | "lowest" | "trivial" | "p5" => Ok(Self::VeryLow),
            other => {
                Err(format!("unknown priority {other:?}; expected critical, high, medium, low or very_low"))
            }
        }
    }
}

/// A support ticket as it is stored. Its identity is (`stream`, `source`, `id`).
///
/// Unknown extra fields are ignored. The text is raw: redact it before it is counted, shown or logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The stream it belongs to.
    pub stream: String,
    /// The system it came from, for instance `zendesk`.
    pub source: String,
    /// The id in that system.
    pub id: String,
    /// When the customer wrote it (UTC).
    pub created_at: Timestamp,
    /// When it was last changed at its source (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When it reached us (UTC).
    pub landed_at: Timestamp,
    /// The subject line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the customer wrote.
    #[serde(default)]
    pub body: String,
    /// How urgent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Incident, problem, request, …
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The team it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Labels, sorted, without repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Language code as the help desk gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The product it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Keyed hash of the requester's address; never the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
}

impl Ticket {
    /// `source` and `id`, the identity within a stream.
    pub fn key(&self) -> TicketKey {
        TicketKey { source: self.source.clone(), id: self.id.clone() }
    }

    /// Hash of everything a delivery carries, `landed_at` left out: equal for an equal repeat.
    pub fn content_hash(&self) -> [u8; 16] {
        let mut copy = self.clone();
        copy.landed_at = Timestamp::UNIX_EPOCH;
        // A struct of strings and numbers always serialises.
        let bytes = serde_json::to_vec(&copy).unwrap_or_default();
        let digest = Sha256::digest(&bytes);
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        hash
    }

    /// Who reported it: the requester's hash, else the fingerprint of the normalised text, else the id.
    pub fn reporter(&self) -> ReporterId {
        if let Some(requester) = &self.requester {
            return ReporterId::hash("requester", requester);
        }
        let text = self.normalised_text();
        if text.is_empty() {
            ReporterId::hash("ticket", &format!("{}\u{0}{}", self.source, self.id))
        } else {
            ReporterId::hash("text", &text)
        }
    }

    /// Subject and body in lower case with only letters and digits, single spaces between: equal for repeats that
    /// differ in case, spacing or punctuation.
    ///
    /// Without a body a bare subject says nothing about who wrote: two customers can choose the same heading.
    pub fn normalised_text(&self) -> String {
        if self.body.trim().is_empty() {
            return String::new();
        }
        let mut out = String::new();
        for part in [self.subject.as_deref().unwrap_or(""), &self.body] {
            for word in part.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
                if !out.is_empty() {
                    out.push(' ');
                }
                out.extend(word.chars().flat_map(char::to_lowercase));
            }
        }
        out
    }

    /// Order among versions of one ticket: the highest counts.
    pub fn version(&self) -> (Option<Timestamp>, Timestamp) {
        (self.updated_at, self.landed_at)
    }
}

/// Identity of a ticket within its stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The system it came from.
    pub source: String,
    /// The id in that system.
    pub id: String,
}

#[cfg(test)]
pub(crate) fn ticket(id: &str, body: &str) -> Ticket {
    Ticket {
        stream: "default".into(),
        source: "test".into(),
        id: id.into(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: None,
        landed_at: Timestamp::UNIX_EPOCH,
        subject: None,
        body: body.into(),
        priority: None,
        kind: None,
        queue: None,
        tags: vec![],
        language: None,
        channel: None,
        product: None,
        requester: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_repeat_has_the_same_hash_and_a_changed_one_does_not() {
        let a = ticket("1", "hello");
        let mut b = a.clone();
        b.landed_at = "2024-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(a.content_hash(), b.content_hash());
        b.body.push('!');
        assert_ne!(a.content_hash(), b.content_hash());
    }

    #[test]
    fn the_reporter_is_requester_then_text_then_id() {
        let a = ticket("1", "Hello,  World");
        assert_eq!(a.reporter(), ticket("2", "hello world!").reporter());
        assert_ne!(ticket("1", "").reporter(), ticket("2", "").reporter());
        let mut b = ticket("2", "other");
        b.requester = Some("r".into());
        let mut c = ticket("3", "else");
        c.requester = Some("r".into());
        assert_eq!(b.reporter(), c.reporter());
    }

    #[test]
    fn help_desks_names_for_priorities_are_understood() {
        assert_eq!("Very Low".parse(), Ok(Priority::VeryLow));
        assert_eq!("P1".parse(), Ok(Priority::Critical));
        assert!("whenever".parse::<Priority>().is_err());
    }
}
