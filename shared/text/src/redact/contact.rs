//! URLs, e-mail addresses, network addresses.

use super::{Rewriter, char_at, char_before};
use std::net::Ipv6Addr;

const MAX_SCHEME: usize = 16;
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;

/// Drops user information, query and fragment of URLs; they carry sessions, tokens and addresses.
pub(super) fn redact_urls(text: &str) -> Option<String> {
    if !text.contains("://") && !text.contains("www.") {
        return None;
    }
    let mut out = Rewriter::new(text);
    let mut from = 0;
    while let Some((start, authority)) = next_url(text, from) {
        let end = text
            .get(authority..)
            .and_then(|rest| {
                rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ')'))
            })
            .map_or(text.len(), |i| authority + i);
        let (Some(head), Some(tail)) = (text.get(start..authority), text.get(authority..end)) else { break };
        let kept = without_query(tail);
        let kept = kept.split_once('@').map_or(kept, |_| without_user(kept));
        if kept.len() < tail.len() {
            let query = if without_query(tail).len() < tail.len() { "?[query]" } else { "" };
            out.replace(start, end, &format!("{head}{kept}{query}"));
        }
        from = end;
    }
    out.finish()
}

/// Start of the next URL at or after `from`, and the byte after its `://` (or the start of its `www.`).
fn next_url(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let scheme = rest.find("://").map(|i| from + i);
    let www = rest.find("www.").map(|i| from + i);
    match (scheme, www) {
        (Some(s), Some(w)) if w < s => Some((w, w)),
        (None, Some(w)) => Some((w, w)),
        (Some(s), _) => {
            let back = text
                .get(from..s)?
                .bytes()
                .rev()
                .take(MAX_SCHEME)
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
                .count();
            Some((s - back, s + 3))
        }
        (None, None) => None,
    }
}

/// The part before `?` or `#`, when something follows them.
fn without_query(url: &str) -> &str {
    match url.split_once(['?', '#']) {
        Some((before, after)) if after.chars().any(char::is_alphanumeric) => before,
        _ => url,
    }
}

/// Drops `user:password@` of the authority.
fn without_user(url: &str) -> &str {
    let authority = url.split('/').next().unwrap_or(url);
    authority.rfind('@').and_then(|at| url.get(at + 1..)).unwrap_or(url)
}

/// Replaces e-mail addresses, internationalised ones too.
pub(super) fn redact_emails(text: &str) -> Option<String> {
    let mut out = Rewriter::new(text);
    for (at, _) in text.match_indices('@') {
        if at < out.copied {
            continue;
        }
        let local: usize = text
            .get(out.copied..at)
            .unwrap_or("")
            .chars()
            .rev()
            .take(MAX_LOCAL)
            .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\''))
            .map(char::len_utf8)
            .sum();
        if let Some(length) = domain_length(text.get(at + 1..).unwrap_or("")).filter(|_| local > 0) {
            out.replace(at - local, at + 1 + length, "[email]");
        }
    }
    out.finish()
}

/// Bytes of the host name that `text` starts with, when it has a dot and a top level of at least two letters.
fn domain_length(text: &str) -> Option<usize> {
    let end = text
        .char_indices()
        .take(MAX_DOMAIN)
        .find(|(_, c)| !c.is_alphanumeric() && !matches!(c, '.' | '-'))
        .map_or_else(|| text.char_indices().nth(MAX_DOMAIN).map_or(text.len(), |(i, _)| i), |(i, _)| i);
    let host = text.get(..end)?.trim_end_matches(['.', '-']);
    let (name, top) = host.rsplit_once('.')?;
    let named = name.chars().any(char::is_alphanumeric);
    (named && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)).then_some(host.len())
}

/// Replaces IPv6 and hardware addresses; dotted ones are told from versions where numbers are.
pub(super) fn redact_addresses(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.iter().filter(|b| matches!(b, b':' | b'-')).count() < 3 {
        return None;
    }
    let mut out = Rewriter::new(text);
    let part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'-');
    let mut start = 0;
    while start < bytes.len() {
        let length = bytes.get(start..).unwrap_or(&[]).iter().take_while(|b| part(**b)).count();
        let end = start + length;
        let bounded = !char_before(text, start).is_some_and(char::is_alphanumeric)
            && !char_at(text, end).is_some_and(char::is_alphanumeric);
        if let Some(run) = text.get(start..end).filter(|_| bounded && length >= 6) {
            let run = run.trim_end_matches(['.', '-']);
            let run = if run.ends_with("::") { run } else { run.trim_end_matches(':') };
            if is_ipv6(run) || is_mac(run) {
                out.replace(start, start + run.len(), "[ip]");
            }
        }
        start = end.max(start + 1);
    }
    out.finish()
}

fn is_ipv6(run: &str) -> bool {
    run.split(':').filter(|g| !g.is_empty()).count() >= 3
        && run.len() <= 45
        && run.parse::<Ipv6Addr>().is_ok()
}

fn is_mac(run: &str) -> bool {
    [':', '-'].iter().any(|separator| {
        run.len() == 17
            && run.split(*separator).count() == 6
            && run.split(*separator).all(|g| g.len() == 2 && g.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}
