//! Which column or key holds which field of a ticket.

use super::error::ReadError;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A field of a ticket that a file can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The id in the source system; required.
    Id,
    /// When the customer wrote it; required.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it reached us.
    LandedAt,
    /// The subject line.
    Subject,
    /// What the customer wrote.
    Body,
    /// How urgent.
    Priority,
    /// Incident, problem, request, …
    Kind,
    /// The team it went to.
    Queue,
    /// Labels.
    Tags,
    /// Language code.
    Language,
    /// How it came in.
    Channel,
    /// The product it is about.
    Product,
    /// Who wrote it.
    Requester,
}

impl Field {
    /// Every field, in the order of [`Field`] itself, so that `ALL[field as usize] == field`.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::LandedAt,
        Self::Subject,
        Self::Body,
        Self::Priority,
        Self::Kind,
        Self::Queue,
        Self::Tags,
        Self::Language,
        Self::Channel,
        Self::Product,
        Self::Requester,
    ];

    /// The name in a mapping and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::LandedAt => "landed_at",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Priority => "priority",
            Self::Kind => "type",
            Self::Queue => "queue",
            Self::Tags => "tags",
            Self::Language => "language",
            Self::Channel => "channel",
            Self::Product => "product",
            Self::Requester => "requester",
        }
    }

    /// Names that mean this field, best first, as [`plain`] writes them; each also with `ticket` in front.
    fn synonyms(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "number", "key", "caseid", "casenumber"],
            Self::CreatedAt => &["createdat", "created", "createdtime", "creationdate", "timestamp", "date"],
            Self::UpdatedAt => &["updatedat", "updated", "lastupdated", "modifiedat"],
            Self::LandedAt => &["landedat"],
            Self::Subject => &["subject", "title", "summary"],
            Self::Body => &["body", "description", "text", "message"],
            Self::Priority => &["priority", "urgency"],
            Self::Kind => &["type", "kind", "issuetype"],
            Self::Queue => &["queue", "group", "department", "team"],
            Self::Tags => &["tags", "labels", "tag", "label"],
            Self::Language => &["language", "lang", "locale"],
            Self::Channel => &["channel", "via"],
            Self::Product => &["product", "productpurchased"],
            Self::Requester => &[
                "requester",
                "requesterid",
                "requesteremail",
                "email",
                "customer",
                "customerid",
                "customeremail",
                "reporter",
            ],
        }
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let wanted = text.trim();
        let wanted = if wanted == "kind" { "type" } else { wanted };
        Self::ALL
            .into_iter()
            .find(|field| field.name() == wanted)
            .ok_or_else(|| format!("unknown field \"{}\"; expected one of {}", shown(wanted), names()))
    }
}

/// Columns (or JSON keys) that were named for fields; what is not named is recognised by its usual names.
///
/// A name may be a dotted path into nested JSON objects. Names are compared exactly first, then without regard to
/// case, spaces, `-` and `_`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: BTreeMap<Field, Vec<String>>,
}

impl Mapping {
    /// Nothing named.
    pub fn automatic() -> Self {
        Self::default()
    }

    /// Adds `field=column`. `field=` leaves the field out. `tags` may be given several times, other fields once.
    ///
    /// Fails on an unknown field, on a missing `=`, on a second column for one field, and when `id` or
    /// `created_at` is left out.
    pub fn add(&mut self, text: &str) -> Result<(), ReadError> {
        let wrong = |reason: String| ReadError::Options { reason };
        let Some((field, column)) = text.split_once('=') else {
            return Err(wrong(format!("mapping \"{}\" lacks \"=\"; write field=column", shown(text))));
        };
        let field: Field = field.parse().map_err(wrong)?;
        let column = column.trim();
        if column.is_empty() && matches!(field, Field::Id | Field::CreatedAt) {
            return Err(wrong(format!("{} cannot be left out; write {0}=column", field.name())));
        }
        if field != Field::Tags && self.columns.contains_key(&field) {
            return Err(wrong(format!("{} is mapped twice; keep one", field.name())));
        }
        let columns = self.columns.entry(field).or_default();
        if !column.is_empty() {
            columns.push(column.to_owned());
        }
        Ok(())
    }

    /// The columns named for `field`: `None` means automatic, an empty slice means left out.
    pub(super) fn named(&self, field: Field) -> Option<&[String]> {
        self.columns.get(&field).map(Vec::as_slice)
    }
}

/// Lower-case letters and digits of a column's name, nothing else but the dots of a path.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A column's name as messages show it: at most 40 characters, none of them control characters or quotes.
pub(super) fn shown(name: &str) -> String {
    let mut out: String = name.chars().filter(|c| !c.is_control() && *c != '"').take(41).collect();
    if out.chars().count() > 40 {
        out = out.chars().take(39).chain(['…']).collect();
    }
    out
}

/// What an automatically recognised column is: its field and a rank, lower being a better name for that field.
/// A numbered column (`tag_1`) holds one tag each.
pub(super) fn recognise(plain_name: &str) -> Option<(Field, usize)> {
    let rank_in = |name: &str, penalty: usize| {
        Field::ALL.into_iter().find_map(|field| {
            let rank = field.synonyms().iter().position(|synonym| *synonym == name)?;
            Some((field, rank + penalty))
        })
    };
    if is_numbered_tag(plain_name) {
        return Some((Field::Tags, 0));
    }
    rank_in(plain_name, 0).or_else(|| rank_in(plain_name.strip_prefix("ticket")?, 100))
}

/// Whether the name is `tag` or `label` with a number of at most two digits.
pub(super) fn is_numbered_tag(plain_name: &str) -> bool {
    let number = plain_name.strip_prefix("tag").or_else(|| plain_name.strip_prefix("label"));
    number.is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The columns of one header.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Column of each field by `field as usize`; of tags none.
    pub(super) of: [Option<usize>; Field::ALL.len()],
    /// Columns of tags, and whether each holds several tags in one text.
    pub(super) tags: Vec<(usize, bool)>,
    /// How many fields a row must have.
    pub(super) width: usize,
    names: Vec<String>,
}

impl Columns {
    /// Finds the columns in a header. Fails when `id`, `created_at` or a named column is missing, or when a
    /// field's column is there twice (repeated tag columns are all read).
    pub(super) fn find(header: &[String], mapping: &Mapping) -> Result<Self, ReadError> {
        let plain_names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        // A delimiter at the end of the header makes no column.
        let width = plain_names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let mut columns = Self { width, ..Self::default() };
        columns.names = header.iter().map(|name| shown(name)).collect();
        let mut missing = Vec::new();
        for field in Field::ALL {
            if let Some(named) = mapping.named(field) {
                for name in named {
                    let found = matching(header, &plain_names, name);
                    if found.is_empty() {
                        missing.push((field, Some(shown(name))));
                    }
                    columns.claim(field, &found, &plain_names)?;
                }
                continue;
            }
            let found = recognised(&plain_names, field);
            if found.is_empty() && matches!(field, Field::Id | Field::CreatedAt) {
                missing.push((field, None));
            }
            columns.claim(field, &found, &plain_names)?;
        }
        if missing.is_empty() {
            return Ok(columns);
        }
        let more = columns.names.len().saturating_sub(40);
        columns.names.truncate(40);
        Err(ReadError::MissingColumns { missing, found: columns.names, more })
    }

    fn claim(&mut self, field: Field, found: &[usize], plain_names: &[String]) -> Result<(), ReadError> {
        if field == Field::Tags {
            for at in found {
                let several = !plain_names.get(*at).is_some_and(|name| is_numbered_tag(name));
                self.tags.push((*at, several));
            }
            return Ok(());
        }
        match found {
            [] => {}
            [at] => self.of[field as usize] = Some(*at),
            [at, ..] => {
                let column = self.names.get(*at).cloned().unwrap_or_default();
                return Err(ReadError::DuplicateColumn { field, column, times: found.len() });
            }
        }
        Ok(())
    }

    /// The header's name for a field, as messages show it.
    pub(super) fn name(&self, field: Field) -> String {
        let at = self.of[field as usize].or_else(|| self.tags.first().map(|(at, _)| *at));
        at.and_then(|at| self.names.get(at)).cloned().unwrap_or_else(|| field.name().to_owned())
    }
}

fn matching(header: &[String], plain_names: &[String], wanted: &str) -> Vec<usize> {
    let exact: Vec<usize> = (0..header.len()).filter(|at| header[*at] == wanted).collect();
    if !exact.is_empty() {
        return exact;
    }
    let wanted = plain(wanted);
    (0..header.len()).filter(|at| plain_names[*at] == wanted).collect()
}

fn recognised(plain_names: &[String], field: Field) -> Vec<usize> {
    let ranks: Vec<(usize, usize)> = plain_names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| recognise(name).filter(|(f, _)| *f == field).map(|(_, rank)| (at, rank)))
        .collect();
    let best = ranks.iter().map(|(_, rank)| *rank).min();
    let all = field == Field::Tags;
    ranks.into_iter().filter(|(_, rank)| all || Some(*rank) == best).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn fields_are_ordered_as_declared() {
        for (i, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, i);
            assert_eq!(field.name().parse(), Ok(field));
        }
    }

    #[test]
    fn no_name_means_two_fields() {
        let mut seen = std::collections::BTreeSet::new();
        for name in Field::ALL.iter().flat_map(|field| field.synonyms()) {
            assert!(seen.insert(*name), "{name}");
            assert_eq!(plain(name), *name);
        }
    }

    #[test]
    fn usual_names_are_recognised_whatever_their_spelling() {
        let names =
            ["Ticket ID", "createdAt", "TITLE", "Ticket Description", "tag_1", "tag_2", "Customer E-Mail"];
        let columns = Columns::find(&header(&names), &Mapping::automatic()).unwrap();
        assert_eq!(columns.of[Field::Id as usize], Some(0));
        assert_eq!(columns.of[Field::CreatedAt as usize], Some(1));
        assert_eq!(columns.of[Field::Subject as usize], Some(2));
        assert_eq!(columns.of[Field::Body as usize], Some(3));
        assert_eq!(columns.tags, [(4, false), (5, false)]);
        assert_eq!(columns.of[Field::Requester as usize], Some(6));
    }

    #[test]
    fn the_better_name_wins_and_a_named_column_beats_both() {
        let names = header(&["id", "date", "created_at", "opened"]);
        let columns = Columns::find(&names, &Mapping::automatic()).unwrap();
        assert_eq!(columns.of[Field::CreatedAt as usize], Some(2));
        let mut mapping = Mapping::automatic();
        mapping.add("created_at=Opened").unwrap();
        let columns = Columns::find(&names, &mapping).unwrap();
        assert_eq!(columns.of[Field::CreatedAt as usize], Some(3));
    }

    #[test]
    fn a_missing_column_is_named_with_what_is_there_and_what_to_do() {
        let error = Columns::find(&header(&["nr", "when"]), &Mapping::automatic()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "find a column for id, created_at; the header has \"nr\", \"when\"; say which one it is, as id=COLUMN"
        );
        let mut mapping = Mapping::automatic();
        mapping.add("queue=desk").unwrap();
        let error = Columns::find(&header(&["id", "date"]), &mapping).unwrap_err();
        assert!(error.to_string().starts_with("find a column for queue (mapped to \"desk\")"), "{error}");
    }

    #[test]
    fn a_repeated_column_is_refused_only_where_it_matters() {
        let error = Columns::find(&header(&["id", "date", "ID"]), &Mapping::automatic()).unwrap_err();
        assert!(matches!(error, ReadError::DuplicateColumn { field: Field::Id, times: 2, .. }));
        let names = header(&["id", "date", "note", "note", "labels", "labels"]);
        let columns = Columns::find(&names, &Mapping::automatic()).unwrap();
        assert_eq!(columns.tags, [(4, true), (5, true)]);
    }

    #[test]
    fn a_wrong_mapping_says_what_to_write() {
        let mut mapping = Mapping::automatic();
        assert!(mapping.add("id").unwrap_err().to_string().contains("write field=column"));
        assert!(mapping.add("color=x").unwrap_err().to_string().contains("expected one of id"));
        assert!(mapping.add("id=").is_err());
        mapping.add("queue=").unwrap();
        assert_eq!(mapping.named(Field::Queue), Some(&[][..]));
        assert!(mapping.add("queue=b").is_err());
    }

    #[test]
    fn names_in_messages_are_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m\"b"), "a[31mb");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), 40);
    }
}
