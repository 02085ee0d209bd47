//! Ticket text is hostile: what it may look like in a terminal and in Markdown.

use std::fmt::Write;

/// `text` on one line that no terminal obeys: white space becomes single spaces; control characters, direction
/// marks and invisible characters are written as `\u{…}`.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            if is_deceptive(c) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            } else {
                out.push(c);
            }
        }
    }
    out
}

/// Control characters; direction marks (they show text in another order than it is stored); characters without a
/// glyph, which hide text from readers. Joiners and variation selectors stay: scripts and emoji need them.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` as one line of Markdown that renders as itself, in a paragraph, a list, a quote or a table cell.
///
/// Punctuation with a meaning is escaped. A backslash cannot stop what renderers link after parsing (addresses,
/// domains, mentions, issue numbers), so such words become code spans, which no renderer links.
pub fn markdown(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut word = String::new();
    for c in text.chars() {
        if matches!(c, ' ' | '|' | '`' | '<' | '>' | '"' | '[' | ']') {
            push_word(&mut out, &word);
            word.clear();
            push_escaped(&mut out, c);
        } else {
            word.push(c);
        }
    }
    push_word(&mut out, &word);
    escape_start(out)
}

fn push_word(out: &mut String, word: &str) {
    let start = word.len() - word.trim_start_matches(['(', '\'', '*', '_', '~']).len();
    let end = word.trim_end_matches(['.', ',', ';', '!', '?', ')', '\'', '*', '_', '~']).len().max(start);
    let (before, rest) = word.split_at(start);
    let (core, after) = rest.split_at(end - start);
    before.chars().for_each(|c| push_escaped(out, c));
    if is_live(core) {
        out.push('`');
        out.push_str(core);
        out.push('`');
    } else {
        core.chars().for_each(|c| push_escaped(out, c));
    }
    after.chars().for_each(|c| push_escaped(out, c));
}

fn push_escaped(out: &mut String, c: char) {
    if c.is_ascii_punctuation()
        && !matches!(
            c,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '(' | ')' | '-' | '/' | '+' | '=' | '%'
        )
    {
        out.push('\\');
    }
    out.push(c);
}

/// Whether a renderer might link `word` or turn it into a picture: addresses, domains, mentions, references to
/// issues, emoji names.
fn is_live(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    let scheme = lower.split_once(':').is_some_and(|(scheme, rest)| {
        let known = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        !rest.is_empty() && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(known)
    });
    let domain = chars.windows(4).any(|w| {
        w[0].is_alphanumeric()
            && matches!(w[1], '.' | '。' | '．')
            && w[2].is_alphanumeric()
            && w[3].is_alphanumeric()
    }) && chars.iter().any(|c| c.is_alphabetic());
    let reference = chars.windows(2).any(|w| matches!(w[0], '#' | '!') && w[1].is_alphanumeric())
        || lower.split_once("gh-").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let emoji = lower.matches(':').count() > 1;
    scheme
        || domain
        || reference
        || emoji
        || lower.contains(['@', '＠'])
        || lower.contains("//")
        || lower.contains("www")
}

/// A line must not begin like a list, a heading or a rule: `- `, `+ `, `1. `, `===`.
fn escape_start(text: String) -> String {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    let list = digits > 0 && rest.starts_with(['.', ')']);
    if list || (digits == 0 && rest.starts_with(['-', '+', '='])) {
        format!("{number}\\{rest}")
    } else {
        text
    }
}

/// Columns that `text` takes in a terminal; escape sequences are not understood.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns of one character, after the blocks of Unicode's EastAsianWidth table: 0 for marks that combine with the
/// one before, 2 for Chinese, Japanese, Korean and emoji.
pub fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0xe31
        | 0xe34..=0xe3a
        | 0xe47..=0xe4e
        | 0x93c
        | 0x941..=0x948
        | 0x94d
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x200c..=0x200d
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f
        | 0x1f3fb..=0x1f3ff
        | 0xe0100..=0xe01ef => 0,
        0x1100..=0x115f
        | 0x231a..=0x231b
        | 0x23e9..=0x23ec
        | 0x2614..=0x2615
        | 0x26a1
        | 0x2705
        | 0x274c
        | 0x2753..=0x2755
        | 0x2757
        | 0x2795..=0x2797
        | 0x2b50
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xa960..=0xa97f
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f000..=0x1f2ff
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// `text` cut to `room` columns; a cut one ends with `…`.
pub fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += char_width(c);
        if used > room {
            break;
        }
        out.push(c);
    }
    if room > 0 {
        out.truncate(out.trim_end().len());
        out.push('…');
    }
    out
}

/// Breaks `text` at spaces into lines of at most `room` columns (at least 1); longer words are cut in pieces.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let long = width(word);
        if used > 0 && used + 1 + long > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            if used > 0 && used + char_width(c) > room {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += char_width(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tests::alive;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_terminal_sees_no_control_direction_or_hidden_character() {
        let hostile = "a\u{1b}]0;owned\u{7}\r\nb\u{202e}c\u{9b}2J\u{200b}\u{e0041}";
        assert_eq!(plain(hostile), "a\\u{1b}]0;owned\\u{7} b\\u{202e}c\\u{9b}2J\\u{200b}\\u{e0041}");
        assert_eq!(plain("  für \t 票 \u{1f468}\u{200d}\u{1f469} "), "für 票 \u{1f468}\u{200d}\u{1f469}");
    }

    #[test]
    fn addresses_mentions_and_references_become_code() {
        for (text, want) in [
            ("see https://evil.example/a_b.", "see `https://evil.example/a_b`."),
            ("(www.evil.example)", "(`www.evil.example`)"),
            ("go to evil.com/login, now", "go to `evil.com/login`, now"),
            ("@everyone and bob@x.org", "`@everyone` and `bob@x.org`"),
            ("javascript:alert(1)", "`javascript:alert(1`)"),
            ("fixes #12 or org/repo#3", "fixes `#12` or `org/repo#3`"),
            ("GH-7 :tada:", "`GH-7` `:tada:`"),
            ("//evil", "`//evil`"),
            ("<https://evil.example>", "\\<`https://evil.example`\\>"),
            ("`https://evil.example`", "\\``https://evil.example`\\`"),
            ("**@all**", "\\*\\*`@all`\\*\\*"),
        ] {
            assert_eq!(markdown(text), want);
        }
    }

    #[test]
    fn markup_is_escaped_and_prose_is_not() {
        assert_eq!(markdown("Don't panic: it costs 5.50 (again)!"), "Don't panic: it costs 5.50 (again)!");
        assert_eq!(
            markdown("![x](y) [a][b] <img src=x> a|b `c` *d* _e_ ~f~ &lt; $g$ \\"),
            "!\\[x\\](y) \\[a\\]\\[b\\] \\<img src=x\\> a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~ \\&lt; \\$g\\$ \\\\"
        );
        for (text, want) in
            [("- a", "\\- a"), ("+ a", "\\+ a"), ("1. a", "1\\. a"), ("# a", "\\# a"), ("---", "\\---")]
        {
            assert_eq!(markdown(text), want);
        }
        assert_eq!(markdown(""), "");
    }

    #[test]
    fn wide_and_combining_characters_are_measured() {
        assert_eq!((width("票"), width("e\u{301}"), width("ä")), (2, 1, 1));
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("票票票", 4), "票…");
        assert_eq!(wrap("aa bb ccccccc d", 5), ["aa bb", "ccccc", "cc d"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_alive_is_left_of_any_text(text in "([a-z.:/@#\\\\`|<>\\[\\]()!*_~&$ -]|www\\.|https://|\\PC|\\p{Cc}){0,60}") {
            let markdown = markdown(&text);
            let alive = alive(&markdown);
            for dead in ['@', '#', '<', '>', '[', ']', '|', '*', '_', '~', '&', '$', '\n', '\u{1b}'] {
                prop_assert!(!alive.contains(dead), "{dead:?} in {markdown:?}");
            }
            for dead in ["//", "www.", "https:"] {
                prop_assert!(!alive.contains(dead), "{dead:?} in {markdown:?}");
            }
        }

        #[test]
        fn plain_text_holds_no_control_character(text in any::<String>()) {
            prop_assert!(!plain(&text).chars().any(is_deceptive));
        }

        #[test]
        fn wrapping_keeps_every_character_and_the_width(text in "(\\PC| ){0,80}", room in 2usize..40) {
            let text = plain(&text);
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|l| width(l) <= room));
            let bare = |t: &str| t.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
            prop_assert!(width(&cut(&text, room)) <= room);
        }
    }
}
