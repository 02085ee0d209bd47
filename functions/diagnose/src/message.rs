//! A record's message, or why it is none of ours.

use aws_lambda_events::sqs::SqsMessage;
use domain::incident::IncidentMessage;
use domain::ports::Received;

/// Why a record is not diagnosed.
#[derive(Debug, PartialEq, Eq)]
pub enum NotOurs {
    /// Nobody can ever read it; the reason is for its dead letter.
    Foreign(String),
    /// It came without what names the delivery.
    Nameless,
}

/// Characters of a foreign name that a reason shows.
const SHOWN: usize = 64;

/// Reads a record that is meant for `stream`.
pub fn received(record: &SqsMessage, stream: &str) -> Result<Received, NotOurs> {
    let body = record.body.as_deref().unwrap_or_default();
    let message: IncidentMessage = serde_json::from_str(body).map_err(|error| {
        // The error's own text could quote the body.
        let (line, column) = (error.line(), error.column());
        NotOurs::Foreign(format!("the body is no incident message (line {line}, column {column})"))
    })?;
    if message.stream != stream {
        let named: String = message.stream.chars().take(SHOWN).collect();
        return Err(NotOurs::Foreign(format!("the message is for stream {named:?}, this is {stream:?}")));
    }
    let receipt = record.receipt_handle.clone().filter(|receipt| !receipt.is_empty());
    let count = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Ok(Received { message, receipt: receipt.ok_or(NotOurs::Nameless)?, attempts: count.unwrap_or(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &str, receipt: Option<&str>) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.body = Some(body.to_owned());
        record.receipt_handle = receipt.map(str::to_owned);
        record.attributes.insert("ApproximateReceiveCount".to_owned(), "3".to_owned());
        record
    }

    #[test]
    fn a_message_of_ours_is_read() {
        let body = r#"{"stream":"default","incident":"0123456789abcdef","revision":2,"later":"field"}"#;
        let received = received(&record(body, Some("receipt")), "default").unwrap();
        assert_eq!((received.message.revision, received.attempts), (2, 3));
        assert_eq!(received.receipt, "receipt");
    }

    #[test]
    fn anything_else_says_why() {
        for (body, reason) in [
            ("", "no incident message"),
            ("no message of ours", "no incident message"),
            (r#"{"stream":"default"}"#, "no incident message"),
            (r#"{"stream":"default","incident":"i","revision":-1}"#, "no incident message"),
            (r#"{"stream":"other\u0000","incident":"i","revision":1}"#, "for stream \"other\\0\""),
        ] {
            let error = received(&record(body, Some("receipt")), "default").unwrap_err();
            let NotOurs::Foreign(told) = error else { panic!("{body}") };
            assert!(told.contains(reason), "{body}: {told}");
        }
        let ours = r#"{"stream":"default","incident":"i","revision":1}"#;
        assert_eq!(received(&record(ours, None), "default"), Err(NotOurs::Nameless));
    }
}
