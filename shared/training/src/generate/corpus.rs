//! Where tickets' fields and texts come from: the built-in corpus, or a CSV file.

use super::dice::Dice;
use super::options::GenerateError;
use super::texts::Language;
use super::texts::themes::ThemeTexts;
use super::texts::topics::{QUEUES, TOPICS, TYPES, Topic};
use domain::ticket::Priority;
use std::collections::BTreeMap;
use std::io::Read;

/// Share of German tickets in the built-in corpus.
const GERMAN: f64 = 0.3;

/// A source of tickets' fields and texts.
pub struct Corpus(Source);

enum Source {
    BuiltIn,
    Rows(Vec<Row>),
}

/// One row of a CSV corpus; empty cells are `None`.
struct Row {
    subject: Option<String>,
    body: String,
    kind: Option<String>,
    queue: Option<String>,
    priority: Option<Priority>,
    language: Option<String>,
    tags: Vec<String>,
}

/// A ticket's fields, its text yet to be written.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    pub(super) text: Text<'a>,
    pub(super) queue: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) priority: Option<Priority>,
    pub(super) tags: Vec<&'a str>,
    pub(super) language: Option<&'a str>,
}

/// How to write a ticket.
#[derive(Clone, Copy)]
pub(super) enum Text<'a> {
    Topic(&'a Topic),
    Theme(&'a ThemeTexts),
    Ready { subject: Option<&'a str>, body: &'a str },
}

impl Corpus {
    /// The corpus written for this project: 27 topics in English and German.
    pub fn built_in() -> Self {
        Self(Source::BuiltIn)
    }

    /// Reads rows with the columns `subject`, `body`, `type`, `queue`, `priority`, `language` and any number of
    /// `tag…` columns, in any order; others are ignored, empty cells are fine, a cell with several tags joined by
    /// commas is split. Fails with the line at fault: a missing column, broken UTF-8, an unknown priority, no rows.
    pub fn read_csv(input: impl Read) -> Result<Self, GenerateError> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(input);
        let headers = reader.headers().map_err(csv_error)?.clone();
        let columns = Columns::find(&headers)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(csv_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push(columns.row(&record).map_err(|reason| GenerateError::Corpus { line, reason })?);
        }
        if rows.is_empty() {
            return refuse(0, "there are no rows below the header".to_owned());
        }
        Ok(Self(Source::Rows(rows)))
    }

    /// A ticket of an ordinary day.
    pub(super) fn draw(&self, dice: &mut Dice) -> Draft<'_> {
        match &self.0 {
            Source::BuiltIn => {
                let queue = QUEUES[dice.weighted(QUEUES.iter().map(|(_, share)| *share))].0;
                let of = |topic: &Topic| {
                    topic.queues.iter().find(|(name, _)| *name == queue).map_or(0, |(_, w)| *w)
                };
                let topic = &TOPICS[dice.weighted(TOPICS.iter().map(|t| f64::from(of(t))))];
                fields(topic, queue, Text::Topic(topic), language(dice), dice)
            }
            Source::Rows(rows) => {
                let row = &rows[dice.below(rows.len())];
                Draft {
                    text: Text::Ready { subject: row.subject.as_deref(), body: &row.body },
                    queue: row.queue.as_deref(),
                    kind: row.kind.as_deref(),
                    priority: row.priority,
                    tags: row.tags.iter().map(String::as_str).collect(),
                    language: row.language.as_deref(),
                }
            }
        }
    }

    /// Share of the tickets of each queue, 0–1.
    pub(super) fn queue_shares(&self) -> BTreeMap<&str, f64> {
        match &self.0 {
            Source::BuiltIn => QUEUES.iter().map(|(name, share)| (*name, share / 100.0)).collect(),
            Source::Rows(rows) => {
                let mut shares = BTreeMap::new();
                for queue in rows.iter().filter_map(|r| r.queue.as_deref()) {
                    *shares.entry(queue).or_insert(0.0) += 1.0 / rows.len() as f64;
                }
                shares
            }
        }
    }
}

/// A ticket of a theme.
pub(super) fn theme_draft(theme: &'static ThemeTexts, dice: &mut Dice) -> Draft<'static> {
    let topic = &theme.topic;
    let queue = topic.queues[dice.weighted(topic.queues.iter().map(|(_, w)| f64::from(*w)))].0;
    fields(topic, queue, Text::Theme(theme), language(dice), dice)
}

fn language(dice: &mut Dice) -> Language {
    if dice.chance(GERMAN) { Language::De } else { Language::En }
}

/// The weighting of days with more of everything that is bad: priority critical ×5, high ×3; type Incident ×4,
/// Problem ×2; the largest of the tags Outage ×5, Bug, Crash, Disruption ×4, Technical, Security ×3, Network ×2.5,
/// Performance ×2; queue Technical Support ×3, IT Support ×2.5, Product Support ×1.5. The product of the four.
pub(super) fn severity_weight(draft: &Draft<'_>) -> f64 {
    let priority = match draft.priority {
        Some(Priority::Critical) => 5.0,
        Some(Priority::High) => 3.0,
        _ => 1.0,
    };
    let kind = match draft.kind {
        Some("Incident") => 4.0,
        Some("Problem") => 2.0,
        _ => 1.0,
    };
    let queue = match draft.queue {
        Some("Technical Support") => 3.0,
        Some("IT Support") => 2.5,
        Some("Product Support") => 1.5,
        _ => 1.0,
    };
    priority * kind * queue * draft.tags.iter().copied().map(tag_weight).fold(1.0, f64::max)
}

/// The largest [`severity_weight`] there can be.
pub(super) const MAX_SEVERITY_WEIGHT: f64 = 5.0 * 4.0 * 3.0 * 5.0;

fn tag_weight(tag: &str) -> f64 {
    match tag {
        "Outage" => 5.0,
        "Bug" | "Crash" | "Disruption" => 4.0,
        "Technical" | "Security" => 3.0,
        "Network" => 2.5,
        "Performance" => 2.0,
        _ => 1.0,
    }
}

fn fields<'a>(
    topic: &'a Topic,
    queue: &'a str,
    text: Text<'a>,
    language: Language,
    dice: &mut Dice,
) -> Draft<'a> {
    const PRIORITIES: [Priority; 5] =
        [Priority::Critical, Priority::High, Priority::Medium, Priority::Low, Priority::VeryLow];
    let kind = TYPES[dice.weighted(topic.types.iter().map(|w| f64::from(*w)))];
    let priority = PRIORITIES[dice.weighted(topic.priorities.iter().map(|w| f64::from(*w)))];
    let mut tags: Vec<&str> = topic.tags.iter().take(1).copied().collect();
    let mut chance = 0.72;
    for tag in topic.tags.iter().skip(1) {
        if dice.chance(chance) && tags.len() < 5 {
            tags.push(tag);
        }
        chance *= 0.72;
    }
    if tags.len() < 2 {
        tags.extend(topic.tags.get(1));
    }
    Draft {
        text,
        queue: Some(queue),
        kind: Some(kind),
        priority: Some(priority),
        tags,
        language: Some(language.code()),
    }
}

/// Where the columns of a CSV corpus are.
struct Columns {
    named: [usize; 6],
    tags: Vec<usize>,
}

impl Columns {
    fn find(headers: &csv::StringRecord) -> Result<Self, GenerateError> {
        let names: Vec<String> =
            headers.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_ascii_lowercase()).collect();
        let mut named = [0; 6];
        for (at, name) in named.iter_mut().zip(["subject", "body", "type", "queue", "priority", "language"]) {
            let mut found = names.iter().enumerate().filter(|(_, n)| *n == name).map(|(i, _)| i);
            match (found.next(), found.next()) {
                (Some(index), None) => *at = index,
                (Some(_), Some(_)) => return refuse(1, format!("column {name:?} is there twice; keep one")),
                (None, _) => {
                    return refuse(1, format!("there is no column {name:?}; found {}", names.join(", ")));
                }
            }
        }
        let tags =
            names.iter().enumerate().filter(|(_, n)| *n == "tags" || n.starts_with("tag_")).map(|(i, _)| i);
        Ok(Self { named, tags: tags.collect() })
    }

    fn row(&self, record: &csv::StringRecord) -> Result<Row, String> {
        let cell = |at: usize| record.get(at).map(str::trim).filter(|text| !text.is_empty());
        let [subject, body, kind, queue, priority, language] = self.named.map(cell);
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags.iter().filter_map(|at| cell(*at)).flat_map(|cell| cell.split(',')) {
            let tag = tag.trim();
            if !tag.is_empty() && !tags.iter().any(|t| t == tag) {
                tags.push(tag.to_owned());
            }
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Row {
            subject: owned(subject),
            body: body.unwrap_or_default().to_owned(),
            kind: owned(kind),
            queue: owned(queue),
            priority: priority.map(str::parse).transpose()?,
            language: owned(language),
            tags,
        })
    }
}

fn refuse<T>(line: u64, reason: String) -> Result<T, GenerateError> {
    Err(GenerateError::Corpus { line, reason })
}

fn csv_error(error: csv::Error) -> GenerateError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("row has {len} cells, the header has {expected_len}; check quotes and separators")
        }
        csv::ErrorKind::Utf8 { .. } => "text is not UTF-8; save the file as UTF-8".to_owned(),
        other => format!("{other:?}"),
    };
    GenerateError::Corpus { line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, cells in "[a-z,\"\n]{0,80}") {
            let _ = Corpus::read_csv(bytes.as_slice());
            let _ = Corpus::read_csv(format!("{HEADER}\n{cells}").as_bytes());
            let _ = Corpus::read_csv([HEADER.as_bytes(), b"\n", &bytes].concat().as_slice());
        }
    }

    const HEADER: &str = "subject,body,answer,type,queue,priority,language,version,tag_1,tag_2";

    fn fail(text: &[u8]) -> String {
        Corpus::read_csv(text).err().unwrap().to_string()
    }

    #[test]
    fn a_file_with_a_byte_order_mark_empty_cells_and_joined_tags_is_read() {
        let text = format!(
            "\u{feff}{HEADER}\n,\"two\nlines\",x,Incident,Q,high,de,1,\"Bug, Crash,Bug\",\nS,b,,,,,,,,Crash\n"
        );
        let corpus = Corpus::read_csv(text.as_bytes()).unwrap();
        let Source::Rows(rows) = &corpus.0 else { panic!("not rows") };
        assert_eq!(rows[0].tags, ["Bug", "Crash"]);
        assert_eq!((rows[0].subject.as_deref(), rows[0].body.as_str()), (None, "two\nlines"));
        assert_eq!(rows[0].priority, Some(Priority::High));
        assert_eq!((rows[1].priority, rows[1].queue.as_deref()), (None, None));
        assert_eq!(corpus.queue_shares(), BTreeMap::from([("Q", 0.5)]));
    }

    #[test]
    fn errors_name_line_and_remedy() {
        assert_eq!(
            fail(format!("{HEADER}\na,\"b\nb\",,,,,,,,\na,b,,,,whenever,,,,\n").as_bytes()),
            "read corpus, line 4: unknown priority \"whenever\"; expected critical, high, medium, low or very_low"
        );
        assert_eq!(
            fail(format!("{HEADER}\na,b\n").as_bytes()),
            "read corpus, line 2: row has 2 cells, the header has 10; check quotes and separators"
        );
        assert_eq!(
            fail(b"subject,text\n"),
            "read corpus, line 1: there is no column \"body\"; found subject, text"
        );
        assert!(fail(b"").contains("no column \"subject\""));
        assert!(fail(HEADER.as_bytes()).contains("no rows"));
        assert!(
            fail(&[HEADER.as_bytes(), b"\n\xff,,,,,,,,,\n"].concat()).contains("line 2: text is not UTF-8")
        );
        assert!(fail(HEADER.replace("version", "body").as_bytes()).contains("there twice"));
    }
}
