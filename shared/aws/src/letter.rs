//! What a message looks like on the wire: the body is the message as JSON, its attributes are for whoever looks on.

use domain::incident::IncidentMessage;

/// Message attribute with the W3C trace context.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// Message attribute of a dead letter.
pub(crate) const REASON: &str = "reason";
/// Reason of a letter that the queue itself moved, which gives none.
pub(crate) const REDRIVEN: &str = "delivered too often without success; moved by the queue itself";
/// Longest reason, in characters: a letter's body and attributes share one limit.
const MAX_REASON: usize = 2_000;

/// Body of a message. A struct of strings and numbers always serialises.
pub(crate) fn body(message: &IncidentMessage) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

/// The message that a body says, or why it says none.
pub(crate) fn read(body: &str) -> Result<IncidentMessage, String> {
    serde_json::from_str(body).map_err(|error| format!("the body is no message: {error}"))
}

/// A reason as an attribute takes it: some text, without the control characters that XML cannot hold.
pub(crate) fn reason(text: &str) -> String {
    let fits = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || !(c.is_ascii_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    let clean = |c: char| if fits(c) { c } else { char::REPLACEMENT_CHARACTER };
    let reason: String = text.chars().take(MAX_REASON).map(clean).collect();
    if reason.is_empty() { "no reason was given".to_owned() } else { reason }
}

/// A W3C trace context (`00-<32 hex>-<16 hex>-<2 hex>`) as the header that AWS services pass on; `None` when it is
/// not one.
pub(crate) fn xray_header(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    if !well_formed || parts.next().is_some() {
        return None;
    }
    let (epoch, random) = trace.split_at(8);
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    Some(format!("Root=1-{epoch}-{random};Parent={parent};Sampled={sampled}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_is_rewritten_and_nothing_else_is() {
        assert_eq!(
            xray_header("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap(),
            "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
        );
        for none in
            ["", "00-0af7-b7ad-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "ü-ü-ü-ü"]
        {
            assert_eq!(xray_header(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_reason_is_always_some_text_that_an_attribute_takes() {
        assert_eq!(reason("with \"quotes\", ü and\nlines"), "with \"quotes\", ü and\nlines");
        assert_eq!(reason(""), "no reason was given");
        assert_eq!(reason("a\0b\u{ffff}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(reason(&"x".repeat(10_000)).len(), MAX_REASON);
    }

    #[test]
    fn a_message_is_read_back_and_a_foreign_body_is_told_why() {
        let message = IncidentMessage {
            stream: "s".to_owned(),
            incident: "i".to_owned(),
            revision: 3,
            traceparent: None,
        };
        assert_eq!(read(&body(&message)), Ok(message));
        assert!(read("{}").unwrap_err().starts_with("the body is no message: "));
    }
}
