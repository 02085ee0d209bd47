//! Keys, tokens, passwords.

use super::Rewriter;

/// Shortest run that can be a token by its looks alone.
const MIN_TOKEN: usize = 20;
/// Shortest run of hexadecimal digits: a 64-bit address (16) is not a secret, a 96-bit key (24) is.
const MIN_HEX: usize = 24;
/// Share of neighbours of different class (upper, lower, digit) above which a run is random: about 0.65 in base64,
/// at most 0.25 in camel case, paths and error codes.
const RANDOM_CHANGES: f64 = 0.35;
/// What separates the parts of paths and codes; base64 has them too, but rarely.
const SEPARATORS: [char; 4] = ['/', '-', '_', '+'];
/// Mean length of the parts below which a run is a path or a code: about 32 in base64, 5–10 in paths.
const MIN_PART: usize = 12;
/// Prefixes that issuers give their tokens.
const PREFIXES: [&str; 16] = [
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "sk-",
    "sk_live_",
    "pk_live_",
    "rk_live_",
];
/// Words before a secret, in lower case.
const LABELS: [&str; 14] = [
    "password",
    "passwort",
    "passwd",
    "pwd",
    "kennwort",
    "passphrase",
    "secret",
    "api_key",
    "apikey",
    "api-key",
    "access_token",
    "token",
    "pin",
    "contraseña",
];
const KEY_BEGIN: &str = "-----BEGIN ";
const KEY_MARK: &str = "PRIVATE KEY-----";

/// Replaces private keys, tokens with known prefixes, random-looking runs and values behind a label.
pub(super) fn redact_secrets(text: &str) -> Option<String> {
    let blocks = redact_key_blocks(text);
    let words = redact_words(blocks.as_deref().unwrap_or(text));
    words.or(blocks)
}

fn redact_key_blocks(text: &str) -> Option<String> {
    let mut out = Rewriter::new(text);
    while let Some(begin) = text.get(out.copied..)?.find(KEY_BEGIN).map(|i| out.copied + i) {
        let Some(mark) = text.get(begin..)?.find(KEY_MARK).map(|i| begin + i + KEY_MARK.len()) else { break };
        // A block that was cut off hides whatever follows.
        let end = text
            .get(mark..)?
            .find("-----END ")
            .and_then(|i| text.get(mark + i..)?.find(KEY_MARK).map(|j| mark + i + j + KEY_MARK.len()))
            .unwrap_or(text.len());
        out.replace(begin, end, "[token]");
    }
    out.finish()
}

/// What the words before the present one announce.
#[derive(Clone, Copy, PartialEq)]
enum Announced {
    Nothing,
    /// `password`: a value may follow `is`, `:` or `=`.
    Label,
    /// `password:` or `Bearer`: the next word is the value.
    Value,
}

fn redact_words(text: &str) -> Option<String> {
    let mut out = Rewriter::new(text);
    let mut announced = Announced::Nothing;
    let mut position = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let start = position;
        position += word.len();
        let word = word.trim_end();
        if word.is_empty() {
            continue;
        }
        announced = redact_word(&mut out, start, word, announced);
    }
    out.finish()
}

/// Replaces what is secret in one word; tells what it announces for the next one.
fn redact_word(out: &mut Rewriter<'_>, start: usize, word: &str, announced: Announced) -> Announced {
    if announced == Announced::Value {
        let value = word.trim_start_matches(['"', '\'']).trim_end_matches(['"', '\'', ',', ';', '.', ')']);
        if is_password(value) {
            let from = start + (word.len() - word.trim_start_matches(['"', '\'']).len());
            out.replace(from, from + value.len(), "[token]");
        }
        return Announced::Nothing;
    }
    if let Some((label, value)) = word.split_once(['=', ':'])
        && is_label(label)
    {
        let kept = value.trim_end_matches(['"', '\'', ',', ';', '.', ')', '&']);
        if is_password(kept) {
            let from = start + label.len() + 1;
            out.replace(from, from + kept.len(), "[token]");
        }
        return if value.is_empty() { Announced::Value } else { Announced::Nothing };
    }
    let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    if bare.eq_ignore_ascii_case("bearer")
        || announced == Announced::Label && matches!(word, "is" | "ist" | "=" | ":")
    {
        return Announced::Value;
    }
    if is_label(bare) {
        return Announced::Label;
    }
    redact_runs(out, start, word);
    Announced::Nothing
}

fn is_label(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    word.len() <= 16 && LABELS.contains(&word.to_lowercase().as_str())
}

/// A value people choose has a digit or a special character; plain words ("token: expired") are prose.
fn is_password(value: &str) -> bool {
    value.chars().count() >= 4
        && !value.starts_with('[')
        && value.chars().any(|c| !c.is_alphabetic())
        && value.chars().any(char::is_alphanumeric)
}

fn redact_runs(out: &mut Rewriter<'_>, start: usize, word: &str) {
    if word.len() < 16 {
        return;
    }
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'/');
    let bytes = word.as_bytes();
    let mut from = 0;
    while from < bytes.len() {
        let rest = bytes.get(from..).unwrap_or(&[]);
        // The three parts of a JSON web token are one secret.
        let dots = rest.starts_with(b"eyJ");
        let length = rest.iter().take_while(|b| inside(**b) || (dots && **b == b'.')).count();
        if let Some(run) = word.get(from..from + length) {
            redact_run(out, start + from, run);
        }
        from += length.max(1);
    }
}

/// Replaces the run when it is a token; the parts of paths and of hyphenated codes are judged one by one.
fn redact_run(out: &mut Rewriter<'_>, start: usize, run: &str) {
    let parts = run.split(SEPARATORS).count();
    if is_issued(run) || is_key(run) || run.len() >= MIN_PART * parts && is_random(run) {
        out.replace(start, start + run.len(), "[token]");
        return;
    }
    let mut position = start;
    for part in run.split(SEPARATORS) {
        if is_issued(part) || is_key(part) || is_random(part) {
            out.replace(position, position + part.len(), "[token]");
        }
        position += part.len() + 1;
    }
}

/// Begins as an issuer's tokens do.
fn is_issued(run: &str) -> bool {
    let rest = PREFIXES.iter().find_map(|prefix| run.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.len() >= 12 && rest.bytes().any(|b| b.is_ascii_digit()))
}

/// A long hexadecimal number, with hyphens or without.
fn is_key(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
    let hex = run.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    hex && digits > 0 && letters > 0 && digits + letters >= MIN_HEX
}

fn is_random(run: &str) -> bool {
    run.len() >= MIN_TOKEN && run.bytes().any(|b| b.is_ascii_digit()) && class_changes(run) >= RANDOM_CHANGES
}

/// Share of neighbouring letters and digits whose class differs; separators are skipped.
fn class_changes(run: &str) -> f64 {
    let class = |b: u8| match b {
        b'0'..=b'9' => Some(0),
        b'a'..=b'z' => Some(1),
        b'A'..=b'Z' => Some(2),
        _ => None,
    };
    let classes: Vec<u8> = run.bytes().filter_map(class).collect();
    let changes = classes.windows(2).filter(|pair| pair.first() != pair.last()).count();
    changes as f64 / (classes.len().max(2) - 1) as f64
}
