//! Personal data and secrets become placeholders such as `[email]`.
//!
//! What is counted, shown, logged or sent is the redacted text; "verbatim" always means verbatim of it. The
//! scanners are written by hand because each must look back and forward by a bounded number of characters only:
//! the cost is linear on hostile input.

mod contact;
mod numbers;
mod secrets;

use domain::ticket::Ticket;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A replacement can uncover another candidate beside it; text that is still changing after so many rounds is
/// adversarial, and every round only removes more.
const MAX_ROUNDS: usize = 8;

/// One pass: the text with its candidates replaced, or nothing when there is none.
type Pass = fn(&str) -> Option<String>;

/// Secrets before numbers: a key that contains a valid card number must vanish whole.
const PASSES: [Pass; 6] = [
    contact::redact_urls,
    contact::redact_emails,
    secrets::redact_secrets,
    numbers::redact_ibans,
    contact::redact_addresses,
    numbers::redact_numbers,
];

/// Subject and body of a ticket after redaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The subject line; empty when there is none.
    pub subject: String,
    /// What the customer wrote.
    pub body: String,
}

impl Redacted {
    /// Subject and body, separated by a line break.
    pub fn joined(&self) -> String {
        match (self.subject.is_empty(), self.body.is_empty()) {
            (true, _) => self.body.clone(),
            (_, true) => self.subject.clone(),
            _ => format!("{}\n{}", self.subject, self.body),
        }
    }
}

/// Redacts subject and body of a ticket.
pub fn redact_ticket(ticket: &Ticket) -> Redacted {
    Redacted {
        subject: redact(ticket.subject.as_deref().unwrap_or("")).into_owned(),
        body: redact(&ticket.body).into_owned(),
    }
}

/// Replaces e-mail addresses (`[email]`), phone numbers (`[phone]`), keys, tokens and passwords (`[token]`), IP and
/// hardware addresses (`[ip]`), payment cards (`[card]`, by Luhn's checksum) and bank accounts (`[iban]`, by
/// ISO 7064 mod 97); drops user information and the query of URLs (`?[query]`), and invisible characters.
///
/// Idempotent. Versions, error codes, dates, times and prices stay as they are.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = strip_invisible(text);
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for pass in PASSES {
            if let Some(next) = pass(&out).filter(|next| *next != *out) {
                out = Cow::Owned(next);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    out
}

/// Characters that hide text from people while a program reads it: tag characters, zero-width characters,
/// variation selectors, bidirectional controls, soft hyphens, control characters other than newline and tab.
/// U+200D stays, because emoji are made with it.
fn is_invisible(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{AD}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}' => true,
        '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' => true,
        '\u{E0000}'..='\u{E01EF}' => true,
        _ => c.is_control(),
    }
}

fn strip_invisible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_invisible) {
        Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Collects the output of a pass: untouched text and replacements, in order.
struct Rewriter<'a> {
    text: &'a str,
    copied: usize,
    out: String,
}

impl<'a> Rewriter<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, copied: 0, out: String::new() }
    }

    /// Replaces the bytes from `start` to `end`, which must not lie before what is already replaced.
    fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.out.push_str(self.text.get(self.copied..start).unwrap_or(""));
        self.out.push_str(with);
        self.copied = end;
    }

    fn finish(mut self) -> Option<String> {
        if self.copied == 0 {
            return None;
        }
        self.out.push_str(self.text.get(self.copied..).unwrap_or(""));
        Some(self.out)
    }
}

/// The character that ends right before byte `at`.
fn char_before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

/// The character that starts at byte `at`.
fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, redacted: &str) {
        assert_eq!(redact(raw), redacted);
    }

    #[test]
    fn contact_data_is_replaced() {
        check("write to Jane.Doe+x@mail.example.co.uk.", "write to [email].");
        check("müller@firma.de oder <a_b@c.org>", "[email] oder <[email]>");
        check("https://jane:pw@shop.example/a/b?token=1&x=2 ok", "https://shop.example/a/b?[query] ok");
        check("see https://example.org/faq. Thanks", "see https://example.org/faq. Thanks");
        check("server 192.168.10.4 and 2001:db8::ff00:42:8329", "server [ip] and [ip]");
        check("mac 00:1B:44:11:3A:B7", "mac [ip]");
    }

    #[test]
    fn phone_numbers_are_replaced() {
        for phone in [
            "+49 30 1234567",
            "+1 (555) 123-4567",
            "555-123-4567",
            "(555) 123 4567",
            "030 / 1234567",
            "0171 2345678",
            "01712345678",
            "01 23 45 67 89",
            "1-800-555-0199",
            "0049 171 2345678",
        ] {
            check(&format!("ring {phone} today"), "ring [phone] today");
        }
        check("Tel.: 1234567", "Tel.: [phone]");
    }

    #[test]
    fn checksummed_numbers_are_replaced() {
        check("card 4111 1111 1111 1111 exp 12/27", "card [card] exp 12/27");
        check("5500-0000-0000-0004", "[card]");
        check("card 4111 1111 1111 1112", "card 4111 1111 1111 1112");
        check("IBAN DE89 3704 0044 0532 0130 00, danke", "IBAN [iban], danke");
        check("GB82WEST12345698765432", "[iban]");
        check("GB82WEST12345698765433", "GB82WEST12345698765433");
    }

    #[test]
    fn secrets_are_replaced() {
        check("key AKIAIOSFODNN7EXAMPLE used", "key [token] used");
        check("Authorization: Bearer abc.def-123456", "Authorization: Bearer [token]");
        check("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "jwt [token]");
        check("hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "hash [token]");
        check("my password is hunter22!", "my password is [token]");
        check("Passwort: Sommer2019, bitte", "Passwort: [token], bitte");
        check("id 123e4567-e89b-12d3-a456-426614174000", "id [token]");
        check("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nok", "[token]\nok");
        check("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[token]");
    }

    #[test]
    fn what_support_needs_stays() {
        for text in [
            "Firefox 66.0.3 on Windows 10, build 19041.1237",
            "version 110.22.4.1, v1.2.3.4, Tunes 12.9.5.5",
            "cache limit of cellular 99999999, notes D00-L1000-W00001000-T000",
            "C:/Program Files/AutoSign/AutoSign2/AutoSign.exe",
            "error 0x80070005, SEC_ERROR_UNKNOWN_ISSUER, ERR-2019-0503-AB12",
            "on 2019-05-03 at 17:32:09 or 03.05.2019 12:30 or 05/03/2019",
            "invoice 1.234.567,89 EUR, $1,299.00, order #20231005 and ORD-5551234567",
            "MOZILLA_PKIX_ERROR_ADDITIONAL_POLICY_CONSTRAINT_FAILED",
            "C:/Users/Public/Documents/Reports/Quarterly/Summary2019.xlsx",
            "password reset does not work; token: expired",
            "std::net::Ipv6Addr, ratio 16:9, 1 000 000 rows",
            "2019-05-03 12 tickets",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn invisible_characters_vanish() {
        check("a\u{200B}b\u{E0041}c\u{FE0F}d\u{0}e\r\n\tf\u{202E}", "abcde\n\tf");
        check("jane\u{200B}@ex\u{2060}ample.org", "[email]");
    }

    #[test]
    fn hostile_input_costs_linear_time() {
        for unit in [
            "a@",
            "a.b@c.d",
            "http://",
            "eyJ",
            "1 ",
            "+1-",
            "DE89 ",
            "::",
            "-----BEGIN PRIVATE KEY-----",
            "password=",
        ] {
            let text = unit.repeat(1_000_000 / unit.len());
            let redacted = redact(&text);
            assert!(redacted.len() <= 4 * text.len());
        }
    }

    proptest! {
        #[test]
        fn redaction_is_idempotent(
            text in "([a-zA-Z0-9@._:/?=+ ()\\[\\]-]{0,12}|user@mail\\.org|https://a:b@c\\.de/x\\?y=z|\\+49 30 12345678|4111 1111 1111 1111|DE89 3704 0044 0532 0130 00|eyJhbGciOiJIUzI1NiJ9|password: ){0,8}",
        ) {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once).into_owned(), once);
        }

        #[test]
        fn any_text_is_accepted(text in "\\PC{0,200}|.{0,100}") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once).into_owned(), once);
        }
    }
}
