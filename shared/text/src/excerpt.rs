//! A short verbatim piece of a text.

use crate::redact::Redacted;
use crate::terms::{group_key, terms};
use std::collections::BTreeSet;

/// Sentences that are looked at.
const MAX_SENTENCES: usize = 40;
/// A shorter sentence ("Hi,") says too little, unless there is no other.
const MIN_CHARS: usize = 15;

/// The sentence of subject or body that has most of the `focus` terms, cut to `max_chars` characters at a word
/// boundary; the first one when none has any. Empty for an empty ticket.
///
/// Always a substring of the redacted subject or body, without line breaks, tabs or spaces at its ends.
pub fn excerpt<'a>(redacted: &'a Redacted, focus: &[String], max_chars: usize) -> &'a str {
    let keys: BTreeSet<String> = focus.iter().map(|t| group_key(t)).collect();
    let mut best: Option<(usize, &str)> = None;
    for sentence in sentences(&redacted.subject).chain(sentences(&redacted.body)).take(MAX_SENTENCES) {
        let piece = cut(sentence, max_chars);
        let found = terms(&Redacted { subject: piece.to_owned(), body: String::new() });
        let hits = found.iter().filter(|t| keys.contains(&group_key(t))).count();
        let value = 2 * hits + usize::from(piece.chars().count() >= MIN_CHARS);
        if best.is_none_or(|(most, _)| value > most) {
            best = Some((value, piece));
        }
    }
    best.map_or("", |(_, piece)| piece)
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\t'])
        .flat_map(|line| line.split_inclusive(". ").flat_map(|s| s.split_inclusive(['!', '?'])))
        .map(str::trim)
        .filter(|s| !s.is_empty())
}

/// At most `max_chars` characters, ending with a whole word if there is a space.
fn cut(text: &str, max_chars: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max_chars) else { return text };
    let head = text.get(..end).unwrap_or(text);
    if text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
        return head.trim_end();
    }
    head.rfind(char::is_whitespace).and_then(|space| head.get(..space)).map_or(head, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(subject: &str, body: &str) -> Redacted {
        Redacted { subject: subject.into(), body: body.into() }
    }

    #[test]
    fn the_sentence_with_the_terms_is_taken() {
        let t =
            ticket("Question", "Hello. I bought it in May. All my add-ons are disabled since noon! Thanks");
        assert_eq!(
            excerpt(&t, &["addons".into(), "disabled".into()], 200),
            "All my add-ons are disabled since noon!"
        );
        assert_eq!(excerpt(&t, &[], 200), "I bought it in May.");
        assert_eq!(excerpt(&ticket("", ""), &[], 200), "");
    }

    #[test]
    fn long_sentences_end_with_a_whole_word() {
        let t = ticket("", &"wörter ".repeat(100));
        let piece = excerpt(&t, &[], 40);
        assert!(piece.chars().count() <= 40 && piece.ends_with("wörter"));
        assert_eq!(excerpt(&ticket("", &"x".repeat(500)), &[], 40).len(), 40);
    }
}
