//! Words and two-word phrases of a ticket.

use crate::redact::Redacted;
use crate::stop_words::is_stop_word;
use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Words of a ticket that are read; what comes later is mostly logs and quoted mail.
pub const MAX_TOKENS: usize = 300;
/// Longest word in bytes; longer ones are data.
const MAX_WORD: usize = 40;
/// Digits of a number that can belong to a phrase (`error 503`, `windows 10`).
const MAX_PHRASE_DIGITS: usize = 4;
/// Endings that tell a German word, where the English stemmer would leave inflections apart.
const GERMAN_ENDINGS: [&str; 10] =
    ["ung", "ungen", "heit", "heiten", "keit", "keiten", "ieren", "iert", "lich", "schaft"];

/// The distinct terms of one ticket, sorted: words in lower case (letters and digits with inner `-._'`), and pairs
/// of neighbouring words joined by a space. No stop words, placeholders or bare numbers; versions and error codes
/// stay.
///
/// Reads the first [`MAX_TOKENS`] words of subject and body. Text without spaces between words (Chinese, Japanese,
/// Thai) gives pairs of characters.
pub fn terms(redacted: &Redacted) -> Vec<String> {
    let mut collector = Collector { terms: Vec::with_capacity(128), previous: None, left: MAX_TOKENS };
    for text in [&redacted.subject, &redacted.body] {
        collector.previous = None;
        collector.read(&normalised(text));
    }
    let mut terms = collector.terms;
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Compatibility form in lower case, with plain apostrophes.
fn normalised(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let upper = text.bytes().any(|b| b.is_ascii_uppercase());
        return if upper { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
    }
    let plain = |c: char| if matches!(c, '’' | '‘' | '`' | '´') { '\'' } else { c };
    Cow::Owned(text.nfkc().flat_map(char::to_lowercase).map(plain).collect())
}

struct Collector {
    terms: Vec<String>,
    /// The word right before, if nothing but spaces lies between.
    previous: Option<String>,
    left: usize,
}

/// What a word may become.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// A term, and part of phrases.
    Term,
    /// Only part of a phrase: short words and small numbers.
    Part,
    /// Nothing.
    None,
}

impl Collector {
    fn read(&mut self, text: &str) {
        let mut at = 0;
        while self.left > 0 {
            let Some(rest) = text.get(at..) else { return };
            let Some(skip) = rest.find(char::is_alphanumeric) else { return };
            let between = rest.get(..skip).unwrap_or("");
            let word_at = at + skip;
            if let Some(end) = placeholder_end(text, word_at) {
                self.previous = None;
                at = end;
                continue;
            }
            if !between.bytes().all(|b| matches!(b, b' ' | b'\n' | b'\t' | b'"' | b'\'' | b'*')) {
                self.previous = None;
            }
            let end = word_at + word_length(text.get(word_at..).unwrap_or(""));
            let rest = text.get(end..).unwrap_or("");
            let word = text.get(word_at..end).unwrap_or("");
            at = end;
            if rest.starts_with("://") || word.starts_with("www.") {
                at = self.url(text, if rest.starts_with("://") { end + 3 } else { word_at });
                continue;
            }
            self.left -= 1;
            self.word(word);
        }
    }

    /// Takes the host of the URL whose authority begins at `at`; gives the end of the URL.
    fn url(&mut self, text: &str, at: usize) -> usize {
        let url = text.get(at..).and_then(|rest| rest.split(char::is_whitespace).next()).unwrap_or("");
        let host = url.split(['/', '?', '#', ':', ')', '>', '"']).next().unwrap_or("");
        let host = host.strip_prefix("www.").unwrap_or(host);
        if host.contains('.')
            && host.len() <= MAX_WORD
            && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        {
            self.terms.push(host.trim_end_matches(['.', '-']).to_owned());
        }
        self.previous = None;
        self.left = self.left.saturating_sub(1);
        at + url.len()
    }

    fn word(&mut self, word: &str) {
        if word.chars().any(is_unspaced) {
            self.characters(word);
            return;
        }
        let word = without_apostrophe(word);
        let role = role_of(word);
        if role == Role::None {
            self.previous = None;
            return;
        }
        let number = word.bytes().all(|b| b.is_ascii_digit());
        if let Some(previous) = self.previous.take().filter(|p| *p != word) {
            let mut phrase = String::with_capacity(previous.len() + word.len() + 1);
            phrase.push_str(&previous);
            phrase.push(' ');
            phrase.push_str(word);
            self.terms.push(phrase);
        }
        if role == Role::Term {
            self.terms.push(word.to_owned());
        }
        // A number ends a phrase: what follows "10" says nothing about it.
        self.previous = (!number).then(|| word.to_owned());
    }

    fn characters(&mut self, word: &str) {
        self.previous = None;
        let chars: Vec<char> = word.chars().filter(|c| is_unspaced(*c)).take(self.left + 1).collect();
        self.left = self.left.saturating_sub(chars.len());
        self.terms.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
    }
}

/// End of a placeholder such as `[email]` whose word begins at `at`.
fn placeholder_end(text: &str, at: usize) -> Option<usize> {
    if at == 0 || text.as_bytes().get(at - 1) != Some(&b'[') {
        return None;
    }
    let length = text.as_bytes().get(at..)?.iter().take(12).take_while(|b| b.is_ascii_lowercase()).count();
    (length >= 2 && text.as_bytes().get(at + length) == Some(&b']')).then_some(at + length + 1)
}

/// Bytes of the word at the start of `text`: letters and digits, and `-._'` between two of them.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut inner = false;
    for (i, c) in text.char_indices() {
        if c.is_alphanumeric() {
            end = i + c.len_utf8();
            inner = false;
        } else if matches!(c, '-' | '.' | '_' | '\'') && !inner {
            inner = true;
        } else {
            break;
        }
    }
    end
}

/// Scripts that do not put spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FFFF}')
}

/// `customer's` → `customer`, `l'application` → `application`; `don't` stays.
fn without_apostrophe(word: &str) -> &str {
    match word.split_once('\'') {
        Some((head, "s")) => head,
        Some((head, tail)) if head.chars().count() <= 2 && tail.chars().count() > 2 => tail,
        _ => word,
    }
}

fn role_of(word: &str) -> Role {
    if word.len() > MAX_WORD || word.len() < 2 || is_stop_word(word) {
        return Role::None;
    }
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let first_digit = word.starts_with(|c: char| c.is_ascii_digit());
    if letters == 0 {
        if word.bytes().all(|b| b.is_ascii_digit()) {
            let year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
            return if word.len() <= MAX_PHRASE_DIGITS && !year { Role::Part } else { Role::None };
        }
        return if is_version(word) { Role::Term } else { Role::None };
    }
    if first_digit {
        let suffix = word.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
        if matches!(
            suffix,
            "am" | "pm" | "st" | "nd" | "rd" | "th" | "h" | "min" | "uhr" | "x" | "e" | "a" | "p"
        ) {
            return Role::None;
        }
    }
    if letters == word.chars().count() && letters <= 2 { Role::Part } else { Role::Term }
}

/// Three or more numbers with dots, unless one of them is a year.
fn is_version(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |p: &&str| !p.is_empty() && p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit());
    let year = |p: &&str| p.len() == 4 && (p.starts_with("19") || p.starts_with("20"));
    parts.len() >= 3 && parts.iter().all(number) && !parts.iter().any(year)
}

/// The key under which variants are one term: `add-ons`, `addons` and `add ons` share `addon`.
///
/// Stems each word (Porter 2; the German Snowball stemmer for words with German letters or endings) and leaves
/// spaces and hyphens out. A key is for grouping only; people read the term.
pub fn group_key(term: &str) -> String {
    let mut key = String::with_capacity(term.len());
    for word in term.split([' ', '-']).filter(|w| !w.is_empty()) {
        if word.bytes().any(|b| b.is_ascii_digit() || b == b'.' || b == b'_') {
            key.push_str(word);
            continue;
        }
        let german = !word.is_ascii()
            || GERMAN_ENDINGS.iter().any(|ending| word.len() > ending.len() + 2 && word.ends_with(ending));
        let stemmer = Stemmer::create(if german { Algorithm::German } else { Algorithm::English });
        key.push_str(&stemmer.stem(word));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::redact;
    use proptest::prelude::*;

    fn of(subject: &str, body: &str) -> Vec<String> {
        terms(&Redacted { subject: redact(subject).into_owned(), body: redact(body).into_owned() })
    }

    #[test]
    fn words_and_phrases_in_lower_case_without_stop_words() {
        assert_eq!(
            of("All my Add-ons are disabled", "Add-ons disabled!"),
            ["add-ons", "add-ons disabled", "disabled"]
        );
    }

    #[test]
    fn a_phrase_ends_at_punctuation_and_between_subject_and_body() {
        assert_eq!(of("printer", "jam. Paper, tray"), ["jam", "paper", "printer", "tray"]);
    }

    #[test]
    fn versions_and_codes_stay_and_bare_numbers_go() {
        assert_eq!(
            of("", "Firefox 66.0.3: error 503, 0x80070005; 12345 on 2019-05-03 03.05.2019 5pm 12.50"),
            ["0x80070005", "66.0.3", "error", "error 503", "firefox", "firefox 66.0.3"]
        );
    }

    #[test]
    fn placeholders_and_url_paths_are_no_terms() {
        let found = of("", "mail jane@x.org see https://help.example.org/de/articles?id=5 [phone] login");
        assert_eq!(found, ["help.example.org", "login", "mail"]);
    }

    #[test]
    fn other_scripts_and_apostrophes_are_understood() {
        assert_eq!(of("", "l’application ne marche pas"), ["application", "marche"]);
        assert_eq!(of("", "登录失败"), ["失败", "录失", "登录"]);
        assert_eq!(of("", "Größe der Rechnung"), ["größe", "rechnung"]);
    }

    #[test]
    fn variants_share_a_key() {
        for same in [
            vec!["add-ons", "addons", "add ons", "addon"],
            vec!["extension", "extensions"],
            vec!["rechnung", "rechnungen"],
        ] {
            let keys: std::collections::BTreeSet<String> = same.iter().map(|t| group_key(t)).collect();
            assert_eq!(keys.len(), 1, "{keys:?}");
        }
        assert_ne!(group_key("66.0.3"), group_key("6603"));
    }

    #[test]
    fn long_texts_are_cut() {
        let long = (0..5_000).map(|i| format!("word{i}x")).collect::<Vec<_>>().join(" ");
        assert_eq!(of("", &long).len(), 2 * MAX_TOKENS - 1);
    }

    proptest! {
        #[test]
        fn any_text_gives_sorted_distinct_terms_without_control_characters(text in "\\PC{0,200}|.{0,80}") {
            let found = of("", &text);
            prop_assert!(found.windows(2).all(|w| w[0] < w[1]));
            prop_assert!(found.iter().all(|t| !t.is_empty() && !t.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '[' | '@'))));
        }
    }
}
