//! From the fields of a row to a ticket.

use super::clean::{label, prose};
use super::mapping::Field;
use super::requester::RequesterKey;
use super::time::TimeRules;
use super::{Landing, ReadOptions};
use domain::ticket::{Priority, Ticket};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::fmt;

/// Most bytes of an id, a tag, or a name such as a queue: they become parts of keys.
pub const MAX_LABEL_BYTES: usize = 256;
/// Most bytes of a subject.
pub const MAX_SUBJECT_BYTES: usize = 4096;
/// Most tags of a ticket.
pub const MAX_TAGS: usize = 100;
/// How much later than its landing a ticket may have been written: clocks differ, and so do zones.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// Something that was not as it should be, but no reason to refuse the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// A field or the row was not UTF-8 and was read as windows-1252, or its broken bytes were replaced.
    Recoded,
    /// The priority is not one that is known; the ticket has none.
    UnknownPriority,
    /// The time of the last change cannot be read; the ticket has none.
    UnreadableUpdate,
    /// The time of landing cannot be read; the default was taken.
    UnreadableLanding,
    /// The ticket was written more than a day after the default landing; it counts as landed when written.
    WrittenAfterLanding,
    /// There is a requester but no key to hash it with; the ticket has none.
    NoRequesterKey,
    /// The value is a list or an object where text belongs; it was left out.
    NotPlain(Field),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recoded => f.write_str("text that is not UTF-8 was recoded"),
            Self::UnknownPriority => {
                f.write_str("unknown priority left out; known are critical, high, medium, low and very_low")
            }
            Self::UnreadableUpdate => f.write_str("unreadable updated_at left out"),
            Self::UnreadableLanding => f.write_str("unreadable landed_at replaced by the default"),
            Self::WrittenAfterLanding => f.write_str(
                "created_at more than a day after the default landing; landed_at set to created_at",
            ),
            Self::NoRequesterKey => f.write_str("requester left out; give a key to hash it with"),
            Self::NotPlain(field) => write!(
                f,
                "{0} left out where it is a list or an object; name the key inside it, as {0}=KEY.INNER",
                field.name()
            ),
        }
    }
}

/// One tag, or a text of several.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Tag<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) several: bool,
}

/// The fields of a row, as they stand there.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Draft<'a> {
    /// By `field as usize`; tags stay empty.
    pub(super) cells: [Option<Cow<'a, str>>; Field::ALL.len()],
    pub(super) tags: Vec<Tag<'a>>,
}

/// Why a row is no ticket.
#[derive(Debug)]
pub(super) struct Problem {
    /// The field it is about.
    pub(super) field: Option<Field>,
    /// Fits after the column's name.
    pub(super) reason: String,
}

fn problem<T>(field: Field, reason: impl Into<String>) -> Result<T, Problem> {
    Err(Problem { field: Some(field), reason: reason.into() })
}

/// Makes tickets.
pub(super) struct Builder {
    stream: String,
    source: String,
    times: TimeRules,
    landing: Landing,
    tag_separator: Option<char>,
    key: Option<RequesterKey>,
}

impl Builder {
    pub(super) fn new(options: &ReadOptions) -> Self {
        Self {
            stream: options.stream.clone(),
            source: options.source.clone(),
            times: TimeRules { zone: options.time_zone.clone(), order: options.day_order },
            landing: options.landing,
            tag_separator: options.tag_separator,
            key: options.requester_key.clone(),
        }
    }

    pub(super) fn ticket(&self, draft: &Draft<'_>, warnings: &mut Vec<Warning>) -> Result<Ticket, Problem> {
        let Some(id) = short_label(draft, Field::Id)? else {
            return problem(Field::Id, "is empty; every ticket needs the id it has in its source");
        };
        let created_at = self.created_at(draft)?;
        Ok(Ticket {
            stream: self.stream.clone(),
            source: self.source.clone(),
            id,
            created_at,
            updated_at: self.updated_at(draft, warnings),
            landed_at: self.landed_at(draft, created_at, warnings)?,
            subject: subject(draft)?,
            body: cell(draft, Field::Body).map(prose).unwrap_or_default(),
            priority: priority(draft, warnings),
            kind: short_label(draft, Field::Kind)?,
            queue: short_label(draft, Field::Queue)?,
            tags: self.tags(draft)?,
            language: short_label(draft, Field::Language)?,
            channel: short_label(draft, Field::Channel)?,
            product: short_label(draft, Field::Product)?,
            requester: self.requester(draft, warnings),
        })
    }

    fn created_at(&self, draft: &Draft<'_>) -> Result<Timestamp, Problem> {
        match filled(draft, Field::CreatedAt) {
            Some(text) => self.times.read(text).or_else(|reason| problem(Field::CreatedAt, reason)),
            None => problem(Field::CreatedAt, "is empty; every ticket needs the time when it was written"),
        }
    }

    fn updated_at(&self, draft: &Draft<'_>, warnings: &mut Vec<Warning>) -> Option<Timestamp> {
        let at = self.times.read(filled(draft, Field::UpdatedAt)?).ok();
        if at.is_none() {
            warnings.push(Warning::UnreadableUpdate);
        }
        at
    }

    fn landed_at(
        &self,
        draft: &Draft<'_>,
        created_at: Timestamp,
        warnings: &mut Vec<Warning>,
    ) -> Result<Timestamp, Problem> {
        let in_file = match self.landing {
            Landing::At(at) => Some(at),
            Landing::ColumnOr(_) | Landing::ColumnOrCreation => {
                let text = filled(draft, Field::LandedAt);
                let at = text.and_then(|text| self.times.read(text).ok());
                if text.is_some() && at.is_none() {
                    warnings.push(Warning::UnreadableLanding);
                }
                at
            }
        };
        let early = |landed_at: Timestamp| created_at.duration_since(landed_at) > CLOCK_SKEW;
        match (in_file, self.landing) {
            (Some(at), _) if early(at) => problem(
                Field::CreatedAt,
                "is more than a day after the ticket landed; check the column, its time zone and its day order",
            ),
            (Some(at), _) => Ok(at),
            (None, Landing::ColumnOr(default)) if early(default) => {
                warnings.push(Warning::WrittenAfterLanding);
                Ok(created_at)
            }
            (None, Landing::ColumnOr(default)) => Ok(default),
            (None, Landing::At(_) | Landing::ColumnOrCreation) => Ok(created_at),
        }
    }

    fn tags(&self, draft: &Draft<'_>) -> Result<Vec<String>, Problem> {
        let separates = |c: char| match self.tag_separator {
            Some(separator) => c == separator,
            None => matches!(c, ';' | '|' | ','),
        };
        let mut tags = Vec::new();
        for tag in &draft.tags {
            if tag.several {
                tags.extend(tag.text.split(separates).filter_map(label));
            } else {
                tags.extend(label(&tag.text));
            }
        }
        if tags.iter().any(|tag| tag.len() > MAX_LABEL_BYTES) {
            let reason =
                format!("has a tag of more than {MAX_LABEL_BYTES} bytes; check what separates the tags");
            return problem(Field::Tags, reason);
        }
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > MAX_TAGS {
            return problem(Field::Tags, format!("has more than {MAX_TAGS} tags; check what separates them"));
        }
        Ok(tags)
    }

    fn requester(&self, draft: &Draft<'_>, warnings: &mut Vec<Warning>) -> Option<String> {
        let address = filled(draft, Field::Requester)?;
        if self.key.is_none() {
            warnings.push(Warning::NoRequesterKey);
        }
        self.key.as_ref()?.hash(&label(address)?)
    }
}

fn cell<'a>(draft: &'a Draft<'_>, field: Field) -> Option<&'a str> {
    draft.cells[field as usize].as_deref()
}

/// A cell that is more than white space.
fn filled<'a>(draft: &'a Draft<'_>, field: Field) -> Option<&'a str> {
    cell(draft, field).filter(|text| !text.trim().is_empty())
}

fn short_label(draft: &Draft<'_>, field: Field) -> Result<Option<String>, Problem> {
    labelled(draft, field, MAX_LABEL_BYTES)
}

fn subject(draft: &Draft<'_>) -> Result<Option<String>, Problem> {
    labelled(draft, Field::Subject, MAX_SUBJECT_BYTES)
}

fn labelled(draft: &Draft<'_>, field: Field, most: usize) -> Result<Option<String>, Problem> {
    let found = cell(draft, field).and_then(label);
    match found {
        Some(text) if text.len() > most => problem(
            field,
            format!("has {} bytes, more than {most}; check that the right column is mapped", text.len()),
        ),
        found => Ok(found),
    }
}

fn priority(draft: &Draft<'_>, warnings: &mut Vec<Warning>) -> Option<Priority> {
    let text = filled(draft, Field::Priority)?;
    let known = if text.len() > MAX_LABEL_BYTES { None } else { text.parse().ok() };
    if known.is_none() {
        warnings.push(Warning::UnknownPriority);
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn builder(landing: Landing) -> Builder {
        let mut options = ReadOptions::new("default", "test", landing);
        options.time_zone = TimeZone::UTC;
        options.requester_key = Some(RequesterKey::new(b"0123456789abcdef").unwrap());
        Builder::new(&options)
    }

    fn draft<'a>(cells: &[(Field, &'a str)]) -> Draft<'a> {
        let mut draft = Draft::default();
        draft.cells[Field::Id as usize] = Some("1".into());
        draft.cells[Field::CreatedAt as usize] = Some("2024-03-05T10:00:00Z".into());
        for (field, text) in cells {
            draft.cells[*field as usize] = Some((*text).into());
        }
        draft
    }

    fn build(landing: Landing, cells: &[(Field, &str)]) -> (Result<Ticket, Problem>, Vec<Warning>) {
        let mut warnings = Vec::new();
        (builder(landing).ticket(&draft(cells), &mut warnings), warnings)
    }

    #[test]
    fn a_future_ticket_is_refused_unless_only_the_default_says_when_it_landed() {
        let before = at("2024-03-04T09:59:59Z");
        let (made, _) = build(Landing::At(before), &[]);
        assert_eq!(made.unwrap_err().field, Some(Field::CreatedAt));
        let (made, _) = build(Landing::ColumnOrCreation, &[(Field::LandedAt, "2024-03-04T09:59:59Z")]);
        assert!(made.unwrap_err().reason.contains("more than a day after"));
        let (made, warnings) = build(Landing::ColumnOr(before), &[]);
        assert_eq!(made.unwrap().landed_at, at("2024-03-05T10:00:00Z"));
        assert_eq!(warnings, [Warning::WrittenAfterLanding]);
        let skewed = at("2024-03-04T10:00:00Z");
        let (made, warnings) = build(Landing::ColumnOr(skewed), &[]);
        assert_eq!((made.unwrap().landed_at, warnings), (skewed, vec![]));
    }

    #[test]
    fn the_column_beats_the_default_and_a_fixed_landing_beats_the_column() {
        let column = [(Field::LandedAt, "2024-03-05 11:00")];
        let fixed = at("2024-04-01T00:00:00Z");
        for (landing, wanted) in [
            (Landing::ColumnOr(fixed), "2024-03-05T11:00:00Z"),
            (Landing::ColumnOrCreation, "2024-03-05T11:00:00Z"),
            (Landing::At(fixed), "2024-04-01T00:00:00Z"),
        ] {
            assert_eq!(build(landing, &column).0.unwrap().landed_at, at(wanted));
        }
        assert_eq!(build(Landing::ColumnOrCreation, &[]).0.unwrap().landed_at, at("2024-03-05T10:00:00Z"));
        let (made, warnings) = build(Landing::ColumnOr(fixed), &[(Field::LandedAt, "soon")]);
        assert_eq!((made.unwrap().landed_at, warnings), (fixed, vec![Warning::UnreadableLanding]));
    }

    #[test]
    fn what_is_unknown_is_left_out_and_counted() {
        let cells = [(Field::Priority, "whenever"), (Field::UpdatedAt, "later")];
        let (made, warnings) = build(Landing::ColumnOrCreation, &cells);
        let made = made.unwrap();
        assert_eq!((made.priority, made.updated_at), (None, None));
        assert_eq!(warnings, [Warning::UnreadableUpdate, Warning::UnknownPriority]);
    }

    #[test]
    fn nothing_is_cut() {
        let long = "x".repeat(MAX_SUBJECT_BYTES + 1);
        for (field, most) in [
            (Field::Id, MAX_LABEL_BYTES),
            (Field::Queue, MAX_LABEL_BYTES),
            (Field::Subject, MAX_SUBJECT_BYTES),
        ] {
            assert!(build(Landing::ColumnOrCreation, &[(field, &long[..most])]).0.is_ok());
            let refused = build(Landing::ColumnOrCreation, &[(field, &long[..=most])]).0.unwrap_err();
            assert_eq!(refused.field, Some(field));
            assert!(!refused.reason.contains("xx"));
        }
    }

    #[test]
    fn tags_are_split_sorted_and_unique() {
        let tags = |separator, list: &[(&'static str, bool)]| {
            let mut builder = builder(Landing::ColumnOrCreation);
            builder.tag_separator = separator;
            let mut draft = draft(&[]);
            draft.tags =
                list.iter().map(|(text, several)| Tag { text: (*text).into(), several: *several }).collect();
            builder.ticket(&draft, &mut Vec::new()).map(|ticket| ticket.tags)
        };
        assert_eq!(tags(None, &[("b; a|c,,a", true), ("x,y", false)]).unwrap(), ["a", "b", "c", "x,y"]);
        assert_eq!(tags(Some(' '), &[("b a,c", true)]).unwrap(), ["a,c", "b"]);
        let many: String = (0..=MAX_TAGS).map(|i| format!("t{i};")).collect();
        assert!(tags(None, &[(many.leak(), true)]).is_err());
    }

    #[test]
    fn an_address_is_never_kept() {
        let (made, _) = build(Landing::ColumnOrCreation, &[(Field::Requester, "jane@example.org")]);
        assert!(!serde_json::to_string(&made.unwrap()).unwrap().contains("jane"));
        let mut keyless = builder(Landing::ColumnOrCreation);
        keyless.key = None;
        let mut warnings = Vec::new();
        let made = keyless.ticket(&draft(&[(Field::Requester, "jane@example.org")]), &mut warnings).unwrap();
        assert_eq!((made.requester, warnings), (None, vec![Warning::NoRequesterKey]));
    }

    #[test]
    fn empty_ids_and_times_are_refused() {
        assert!(build(Landing::ColumnOrCreation, &[(Field::Id, " \u{0} ")]).0.is_err());
        assert!(build(Landing::ColumnOrCreation, &[(Field::CreatedAt, " ")]).0.is_err());
    }
}
