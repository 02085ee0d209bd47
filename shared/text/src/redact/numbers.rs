//! Bank accounts, payment cards, phone numbers and dotted addresses among all the other numbers of a ticket.

use super::{Rewriter, char_at, char_before};

/// Longest span of digits and separators that is looked at as one.
const MAX_SPAN: usize = 48;
/// Most groups between spaces that make one number.
const MAX_PIECES: usize = 6;
/// Longest look back for a word that names the number.
const LOOK_BACK: usize = 20;
/// Lengths of account numbers (ISO 13616 registry).
const IBAN_LENGTHS: [(&str, usize); 34] = [
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("TR", 26),
    ("AE", 23),
];
/// Words after which a dotted quad is a version.
const VERSION_WORDS: [&str; 8] = ["v", "ver", "release", "build", "firmware", "driver", "update", "patch"];
/// Words after which seven digits are a phone number.
const PHONE_WORDS: [&str; 15] = [
    "tel",
    "telefon",
    "telephone",
    "phone",
    "fax",
    "mobile",
    "mobil",
    "handy",
    "cell",
    "call",
    "rufnummer",
    "telefonnummer",
    "whatsapp",
    "hotline",
    "sms",
];
/// Words after which any dotted quad is an address.
const ADDRESS_WORDS: [&str; 8] = ["ip", "ipv", "address", "adresse", "host", "server", "gateway", "from"];
/// Digits up to which a dotted quad is more often a version (`12.9.5.5`) than a customer's address.
const VERSION_DIGITS: usize = 6;

/// Replaces account numbers, in groups of four or in one piece.
pub(super) fn redact_ibans(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Rewriter::new(text);
    for start in 0..bytes.len().saturating_sub(14) {
        let Some([a, b, c, d]) = bytes.get(start..start + 4) else { break };
        let head =
            a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit();
        if !head || start < out.copied || char_before(text, start).is_some_and(char::is_alphanumeric) {
            continue;
        }
        if let Some(end) = iban_end(text, start) {
            out.replace(start, end, "[iban]");
        }
    }
    out.finish()
}

fn iban_end(text: &str, start: usize) -> Option<usize> {
    let country = text.get(start..start + 2)?.to_ascii_uppercase();
    let (_, length) = IBAN_LENGTHS.iter().find(|(code, _)| *code == country)?;
    let mut number = String::with_capacity(*length);
    let mut end = start;
    let mut previous = b' ';
    for (i, byte) in text.as_bytes().iter().enumerate().skip(start).take(*length + 10) {
        if byte.is_ascii_alphanumeric() {
            number.push(char::from(byte.to_ascii_uppercase()));
            end = i + 1;
        } else if *byte != b' ' || previous == b' ' {
            break;
        }
        if number.len() == *length {
            break;
        }
        previous = *byte;
    }
    let whole = number.len() == *length && !char_at(text, end).is_some_and(char::is_alphanumeric);
    (whole && mod_97(&number) == 1).then_some(end)
}

/// ISO 7064: the first four characters go to the end, letters count 10–35, the remainder of a valid number is 1.
fn mod_97(number: &str) -> u32 {
    let (head, tail) = number.split_at(4);
    tail.chars().chain(head.chars()).fold(0, |rest, c| match c.to_digit(36) {
        Some(value) if value >= 10 => (rest * 100 + value) % 97,
        Some(value) => (rest * 10 + value) % 97,
        None => rest,
    })
}

/// Replaces payment cards, phone numbers and IPv4 addresses.
pub(super) fn redact_numbers(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Rewriter::new(text);
    let mut start = 0;
    while start < bytes.len() {
        let opens = bytes.get(start).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'('));
        if !opens {
            start += 1;
            continue;
        }
        let end = span_end(bytes, start);
        if let Some(span) = text.get(start..end).filter(|s| s.bytes().filter(u8::is_ascii_digit).count() >= 4)
        {
            redact_span(&mut out, text, start, span);
        }
        start = end.max(start + 1);
    }
    out.finish()
}

/// End of the digits and separators that begin at `start`; never more than two separators in a row.
fn span_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    let mut gap = 0;
    for (i, byte) in bytes.iter().enumerate().skip(start).take(MAX_SPAN) {
        if byte.is_ascii_digit() {
            end = i + 1;
            gap = 0;
        } else if matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+') && gap < 3 {
            gap += 1;
        } else {
            break;
        }
    }
    end
}

fn redact_span(out: &mut Rewriter<'_>, text: &str, start: usize, span: &str) {
    let before = text.get(..start).unwrap_or("");
    let attached = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '#'))
        || before.ends_with(['-', '.', '/', ':', '='])
            && before.chars().rev().nth(1).is_some_and(char::is_alphanumeric);
    let end = start + span.len();
    // A number that runs into a word is a code.
    let attached = attached && !before.ends_with(':')
        || char_at(text, end).is_some_and(|c| c.is_alphabetic() || c == '_');
    let word = word_before(before);
    let pieces = pieces(span);
    let mut first = 0;
    while first < pieces.len() {
        let found = (first..pieces.len().min(first + MAX_PIECES)).rev().find_map(|last| {
            let (from, to) = (pieces.get(first)?.0, pieces.get(last)?.1);
            let candidate = span.get(from..to)?;
            kind_of(candidate, attached && first == 0, &word).map(|kind| (from, to, last, kind))
        });
        match found {
            Some((from, to, last, kind)) => {
                out.replace(start + from, start + to, kind);
                first = last + 1;
            }
            None => first += 1,
        }
    }
}

/// Byte ranges of the parts between spaces (a lone separator stays with its neighbours).
fn pieces(span: &str) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut position = 0;
    for part in span.split(' ') {
        if part.bytes().any(|b| b.is_ascii_digit()) {
            pieces.push((position, position + part.len()));
        }
        position += part.len() + 1;
    }
    pieces
}

fn kind_of(candidate: &str, attached: bool, word: &str) -> Option<&'static str> {
    if is_card(candidate) {
        return Some("[card]");
    }
    if attached {
        return None;
    }
    if is_ipv4(candidate) {
        let digits = candidate.bytes().filter(u8::is_ascii_digit).count();
        let address = ADDRESS_WORDS.contains(&word) || digits > VERSION_DIGITS && !is_version_word(word);
        return address.then_some("[ip]");
    }
    is_phone(candidate, PHONE_WORDS.contains(&word)).then_some("[phone]")
}

fn is_version_word(word: &str) -> bool {
    word.ends_with("version") || VERSION_WORDS.contains(&word)
}

/// The last word before a number, in lower case, at most a few characters back.
fn word_before(before: &str) -> String {
    let tail: Vec<char> = before.chars().rev().take(LOOK_BACK).collect();
    let word = tail.iter().skip_while(|c| !c.is_alphabetic()).take_while(|c| c.is_alphabetic());
    let mut word: Vec<char> = word.flat_map(|c| c.to_lowercase()).collect();
    word.reverse();
    word.into_iter().collect()
}

/// 13–19 digits of a card issuer (2–6) that pass Luhn's checksum (ISO/IEC 7812-1).
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
    if !plain || !(13..=19).contains(&digits.len()) || !digits.first().is_some_and(|d| (2..=6).contains(d)) {
        return false;
    }
    let double = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 1 { double(*d) } else { *d }).sum();
    sum.is_multiple_of(10)
}

fn is_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts.iter().all(|p| {
            (1..=3).contains(&p.len()) && p.parse::<u8>().is_ok() && (p.len() == 1 || !p.starts_with('0'))
        })
}

/// Whether digits and separators are written the way people write phone numbers (E.164 has at most 15 digits).
fn is_phone(text: &str, named: bool) -> bool {
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    let digits: usize = lengths.iter().sum();
    if !(7..=15).contains(&digits) || text.split([' ', '(', ')']).any(is_date) {
        return false;
    }
    if text.starts_with('+') {
        return digits >= 8;
    }
    let dotted = text.contains('.');
    let area = groups.iter().rev().nth(2).is_some_and(|g| g.starts_with(|c: char| ('2'..='9').contains(&c)));
    let american = matches!(lengths.as_slice(), [3, 3, 4])
        || matches!(lengths.as_slice(), [1, 3, 3, 4]) && text.starts_with(['1', '(']);
    if american && area {
        return true;
    }
    if dotted {
        return false;
    }
    if text.starts_with('(') {
        return groups.len() >= 2;
    }
    let trunk = text.starts_with('0')
        && (groups.len() >= 2 && digits >= 8 || (10..=12).contains(&digits) && !text.starts_with("00"));
    trunk || named
}

/// Day, month and year in any order, with one separator.
fn is_date(text: &str) -> bool {
    ['-', '.', '/'].iter().any(|separator| {
        let parts: Vec<usize> = text.trim_matches(*separator).split(*separator).map(str::len).collect();
        matches!(parts.as_slice(), [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 2 | 4])
    })
}
