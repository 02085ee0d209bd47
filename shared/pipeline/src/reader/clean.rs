//! Bytes of unknown make as clean text.

use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;

/// Bytes that windows-1252 does not define.
const UNDEFINED_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// The text, and whether it was not UTF-8.
///
/// Files are glued together from exports of different encodings, so each field (each row, in JSON) is judged
/// alone. What is not UTF-8 is windows-1252, with two exceptions: where more characters are sound UTF-8 than not,
/// and where a byte occurs that windows-1252 does not have, the text is damaged UTF-8 and its broken bytes become
/// U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), false);
    }
    let (mut sound, mut broken) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if sound > broken || bytes.iter().any(|b| UNDEFINED_1252.contains(b)) {
        return (String::from_utf8_lossy(bytes), true);
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    (text, true)
}

/// Text of several lines: line ends become `\n`, other control characters but tabs are dropped.
pub(super) fn prose(text: &str) -> String {
    if !text.bytes().any(may_be_control) {
        return text.to_owned();
    }
    let text = without_escapes(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A name or a heading: control characters are dropped, runs of white space become one space, ends are trimmed.
/// `None` when nothing is left.
pub(super) fn label(text: &str) -> Option<String> {
    let text = without_escapes(text);
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = out.len();
        if before > 0 {
            out.push(' ');
        }
        let start = out.len();
        out.extend(word.chars().filter(|c| !c.is_control()));
        if out.len() == start {
            out.truncate(before);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The text without terminal control sequences (ECMA-48: ESC `[`, parameters, a final byte), whose visible rest would
/// otherwise be counted as words.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains("\u{1b}[") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let end = part.find(|c: char| !matches!(c, ' '..='?')).unwrap_or(part.len());
        let rest = part.get(end..).unwrap_or("");
        let last = rest.chars().next().filter(|c| matches!(c, '@'..='~')).map_or(0, char::len_utf8);
        out.push_str(rest.get(last..).unwrap_or(""));
    }
    Cow::Owned(out)
}

/// C0 but `\n` and `\t`, DEL, and the byte that begins C1 (and some harmless letters).
fn may_be_control(b: u8) -> bool {
    (b < 0x20 && b != b'\n' && b != b'\t') || b == 0x7f || b == 0xc2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_sequences_vanish_whole() {
        assert_eq!(prose("a\u{1b}[31mfails\u{1b}[0m b"), "afails b");
        assert_eq!(label("Frob\u{1b}[1;5m x"), Some("Frob x".to_owned()));
        assert_eq!(prose("cut off \u{1b}[31"), "cut off ");
    }

    #[test]
    fn each_piece_is_decoded_by_what_it_is() {
        assert_eq!(decode("grün".as_bytes()), ("grün".into(), false));
        assert_eq!(decode(b"gr\xfcn \x80 5"), ("grün € 5".into(), true));
        assert_eq!(decode("für Größe \u{fc}".as_bytes().split_last().unwrap().1).0, "für Größe \u{fffd}");
        assert_eq!(decode(b"a\x81b").0, "a\u{fffd}b");
    }

    #[test]
    fn control_characters_go_and_line_ends_stay() {
        assert_eq!(prose("a\r\nb\rc\u{0}\u{1b}[31m\td\u{85}\u{a0}e\u{7f}"), "a\nb\nc\td\u{a0}e");
        assert_eq!(label(" a\n\u{0}\t b\u{1b} ").as_deref(), Some("a b"));
        assert_eq!(label("\u{0} \u{1}"), None);
    }

    proptest! {
        #[test]
        fn cleaning_leaves_no_control_characters_and_nothing_more_to_clean(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let (text, _) = decode(&bytes);
            let once = prose(&text);
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(&prose(&once), &once);
            if let Some(name) = label(&text) {
                prop_assert!(!name.chars().any(char::is_control));
                prop_assert_eq!(label(&name), Some(name));
            }
        }
    }
}
