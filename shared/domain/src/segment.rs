//! Dimensions of a ticket and the segments they cut out of a stream.

use crate::ticket::Ticket;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// An attribute of a ticket that segments a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// How urgent the ticket is.
    Priority,
    /// Incident, problem, request, …
    Type,
    /// The team it went to.
    Queue,
    /// A label; a ticket may have several.
    Tag,
    /// The customer's language.
    Language,
    /// The product it is about.
    Product,
    /// How it came in: mail, phone, web, …
    Channel,
}

impl Dimension {
    /// All dimensions, in the order reports list them.
    pub const ALL: [Self; 7] =
        [Self::Priority, Self::Type, Self::Queue, Self::Tag, Self::Language, Self::Product, Self::Channel];

    /// The name in keys and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Type => "type",
            Self::Queue => "queue",
            Self::Tag => "tag",
            Self::Language => "language",
            Self::Product => "product",
            Self::Channel => "channel",
        }
    }

    /// The values a ticket has in this dimension: at most one, except for tags.
    pub fn values(self, ticket: &Ticket) -> Vec<&str> {
        match self {
            Self::Priority => ticket.priority.iter().map(|p| p.name()).collect(),
            Self::Type => ticket.kind.as_deref().into_iter().collect(),
            Self::Queue => ticket.queue.as_deref().into_iter().collect(),
            Self::Tag => ticket.tags.iter().map(String::as_str).collect(),
            Self::Language => ticket.language.as_deref().into_iter().collect(),
            Self::Product => ticket.product.as_deref().into_iter().collect(),
            Self::Channel => ticket.channel.as_deref().into_iter().collect(),
        }
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| format!("unknown dimension {name:?}"))
    }
}

/// A slice of a stream: no pair is the total, one is a value, two are a pair of values.
///
/// Written `total`, `queue=Billing`, `priority=high&queue=Billing` (pairs sorted by dimension; `%`, `&`, `=` and
/// control characters in values are percent-encoded).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment(Vec<(Dimension, String)>);

impl Segment {
    /// Every ticket of the stream.
    pub fn total() -> Self {
        Self(Vec::new())
    }

    /// Tickets with one value.
    pub fn value(dimension: Dimension, value: impl Into<String>) -> Self {
        Self(vec![(dimension, value.into())])
    }

    /// Tickets with both values; the order of the arguments does not matter.
    pub fn pair(a: (Dimension, String), b: (Dimension, String)) -> Self {
        let mut cells = vec![a, b];
        cells.sort();
        Self(cells)
    }

    /// The values that a ticket must have.
    pub fn cells(&self) -> &[(Dimension, String)] {
        &self.0
    }

    /// Whether this is the whole stream.
    pub fn is_total(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the ticket lies inside.
    pub fn contains(&self, ticket: &Ticket) -> bool {
        self.0.iter().all(|(dimension, value)| dimension.values(ticket).contains(&value.as_str()))
    }
}

fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '%' | '&' | '=') || c.is_control() {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn decode(value: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
            let digits = std::str::from_utf8(&digits).map_err(|_| "bad percent code".to_owned())?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| format!("bad percent code %{digits}"))?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| "percent codes are not UTF-8".to_owned())
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_total() {
            return f.write_str("total");
        }
        for (i, (dimension, value)) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { "&" };
            write!(f, "{and}{}={}", dimension.name(), encode(value))?;
        }
        Ok(())
    }
}

impl FromStr for Segment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "total" {
            return Ok(Self::total());
        }
        let mut cells = Vec::new();
        for part in text.split('&') {
            let (dimension, value) =
                part.split_once('=').ok_or_else(|| format!("segment {text:?} lacks \"=\""))?;
            cells.push((dimension.parse()?, decode(value)?));
        }
        cells.sort();
        Ok(Self(cells))
    }
}

impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_segment_survives_its_name(a in ".*", b in ".*") {
            let segment = Segment::pair((Dimension::Queue, a), (Dimension::Tag, b));
            prop_assert_eq!(segment.to_string().parse::<Segment>().unwrap(), segment);
        }
    }

    #[test]
    fn the_order_of_a_pair_does_not_matter() {
        let a = (Dimension::Queue, "x".to_owned());
        let b = (Dimension::Priority, "high".to_owned());
        assert_eq!(Segment::pair(a.clone(), b.clone()), Segment::pair(b, a));
    }
}
