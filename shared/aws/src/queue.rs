//! Messages in a queue with a dead-letter queue beside it.

use crate::Sdk;
use crate::error::{Call, code, is_transient};
use crate::letter;
use crate::patience::{TRIES, pause};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use domain::incident::IncidentMessage;
use domain::ports::{Queue, Received};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;

/// Most messages in one call.
const BATCH: usize = 10;
/// Most bytes in one call, bodies and attributes together, with room for what the service counts beside them.
const BATCH_BYTES: usize = (1 << 20) - (64 << 10);
/// Seconds that a receive waits for a message: with none it asks only some of the queue's servers, and may find
/// nothing where there is something.
const WAIT: i32 = 1;
/// Longest that a message can be hidden, in seconds.
const MAX_VISIBILITY: i64 = 12 * 3600;
/// Seconds that dead letters are hidden while they are read.
const LOOK: i32 = 30;
/// Most dead letters that are read: as many as are surely read while the first is still hidden.
const MAX_LETTERS: usize = 1_000;

/// A [`Queue`] on SQS. It goes by its own clock.
///
/// A stale receipt is `NotFound` where SQS says so, which it need not. A body that is no message of ours goes to the
/// dead letters when it is received.
#[derive(Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
    dead_letter_url: Option<String>,
}

impl SqsQueue {
    /// Makes no network call. Without `dead_letter_url` nothing can be moved to or read from the dead letters.
    pub fn new(sdk: &Sdk, url: impl Into<String>, dead_letter_url: Option<String>) -> Self {
        Self { client: sdk.sqs(), url: url.into(), dead_letter_url }
    }

    /// Sends a body that is no message of ours to the dead letters, as it is, with the reason. Whoever received it
    /// deletes it then.
    pub async fn bury(&self, body: &str, reason: &str) -> StoreResult<()> {
        self.write_letter(body, None, reason).await
    }

    async fn write_letter(&self, body: &str, traceparent: Option<&str>, reason: &str) -> StoreResult<()> {
        let action = "move a message to the dead letters";
        let url = self.dead_letter_url(action)?;
        let mut send = self.client.send_message().queue_url(url).message_body(body);
        send = send.message_attributes(letter::REASON, attribute(&letter::reason(reason), action)?);
        if let Some((traceparent, header)) = traceparent.and_then(|t| Some((t, letter::xray_header(t)?))) {
            send = send
                .message_attributes(letter::TRACEPARENT, attribute(traceparent, action)?)
                .message_system_attributes(
                    MessageSystemAttributeNameForSends::AwsTraceHeader,
                    system_attribute(header, action)?,
                );
        }
        let sent = send.send().await;
        sent.map(|_| ()).map_err(|error| call(action, "sqs:SendMessage", &on(url)).failed(error))
    }

    fn dead_letter_url(&self, action: &str) -> StoreResult<&str> {
        self.dead_letter_url.as_deref().ok_or_else(|| {
            StoreError::new(ErrorKind::Invalid, format!("{action}: no dead-letter queue is configured"))
        })
    }

    /// Sends up to ten messages; parts that fail for the moment are sent again.
    async fn send_batch(&self, mut entries: Vec<SendMessageBatchRequestEntry>) -> StoreResult<()> {
        let (action, on) = ("send messages", on(&self.url));
        let call = call(action, "sqs:SendMessage", &on);
        for tried in 0..TRIES {
            let sent =
                self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.clone()));
            let output = sent.send().await.map_err(|error| call.failed(error))?;
            if let Some(failed) = output.failed.iter().find(|f| f.sender_fault && !is_transient(&f.code)) {
                return Err(call.failed_part(&failed.code, failed.message.as_deref()));
            }
            let failed: HashSet<&str> = output.failed.iter().map(|f| f.id.as_str()).collect();
            entries.retain(|entry| failed.contains(entry.id.as_str()));
            if entries.is_empty() {
                return Ok(());
            }
            pause(tried).await;
        }
        Err(call.error(ErrorKind::Unavailable, format!("{} of them keep failing", entries.len())))
    }

    /// Up to ten visible messages.
    async fn receive_batch(&self, url: &str, max: usize, visibility: i32) -> StoreResult<Vec<Message>> {
        let output = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(max.min(BATCH)).unwrap_or(10))
            .visibility_timeout(visibility)
            .wait_time_seconds(WAIT)
            .message_attribute_names(letter::REASON)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .send()
            .await;
        let output =
            output.map_err(|e| call("receive messages", "sqs:ReceiveMessage", &on(url)).failed(e))?;
        Ok(output.messages.unwrap_or_default())
    }

    /// The message as the port knows it; `None` when it was foreign and has been buried.
    async fn take(&self, message: Message) -> StoreResult<Option<Received>> {
        let attempts = system_value(&message, MessageSystemAttributeName::ApproximateReceiveCount);
        let receipt = message.receipt_handle.unwrap_or_default();
        let body = message.body.unwrap_or_default();
        match letter::read(&body) {
            Ok(message) => {
                let attempts = attempts.and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
                Ok(Some(Received { message, receipt, attempts }))
            }
            Err(reason) => {
                tracing::warn!(%reason, "a foreign message goes to the dead letters");
                self.bury(&body, &reason).await?;
                self.ack(&receipt).await?;
                Ok(None)
            }
        }
    }

    /// Makes dead letters visible again; those it fails for become so by themselves.
    async fn show(&self, url: &str, receipts: &[String]) {
        for receipts in receipts.chunks(BATCH) {
            let entry = |(i, receipt): (usize, &String)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(i.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build()
            };
            let entries: Result<Vec<_>, _> = receipts.iter().enumerate().map(entry).collect();
            let Ok(entries) = entries else { return };
            let shown =
                self.client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
            if let Err(error) = shown.send().await {
                tracing::warn!(%error, "dead letters stay hidden for {LOOK} s");
            }
        }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, messages: &[IncidentMessage]) -> StoreResult<()> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (place, message) in messages.iter().enumerate() {
            // Places count over all batches: an id need only be its own within one.
            let (entry, size) = entry(place, message)?;
            if batch.len() == BATCH || (bytes + size > BATCH_BYTES && !batch.is_empty()) {
                self.send_batch(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += size;
            batch.push(entry);
        }
        if batch.is_empty() { Ok(()) } else { self.send_batch(batch).await }
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        _now: Timestamp,
    ) -> StoreResult<Vec<Received>> {
        let visibility = whole_seconds(visibility);
        let mut received = Vec::new();
        let mut seen = HashSet::new();
        while received.len() < max {
            let messages = self.receive_batch(&self.url, max - received.len(), visibility).await?;
            let fresh: Vec<Message> =
                messages.into_iter().filter(|message| seen.insert(message.message_id.clone())).collect();
            // Nothing there, or only what has become visible again since this call began.
            if fresh.is_empty() {
                break;
            }
            for message in fresh {
                received.extend(self.take(message).await?);
            }
        }
        Ok(received)
    }

    async fn ack(&self, receipt: &str) -> StoreResult<()> {
        let action = "acknowledge a message";
        check_receipt(action, receipt)?;
        let deleted = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        deleted.map(|_| ()).map_err(|error| match code(&error) {
            Some(code) if is_stale(code) => stale(action),
            _ => call(action, "sqs:DeleteMessage", &on(&self.url)).failed(error),
        })
    }

    async fn release(&self, receipt: &str) -> StoreResult<()> {
        let action = "release a message";
        check_receipt(action, receipt)?;
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let changed = change.visibility_timeout(0).send().await;
        changed.map(|_| ()).map_err(|error| match code(&error) {
            Some(code) if is_stale(code) => stale(action),
            _ => call(action, "sqs:ChangeMessageVisibility", &on(&self.url)).failed(error),
        })
    }

    async fn dead_letter(&self, received: &Received, reason: &str) -> StoreResult<()> {
        // In this order: stopped in between, the letter lies there and the message comes again.
        let message = &received.message;
        self.write_letter(&letter::body(message), message.traceparent.as_deref(), reason).await?;
        self.ack(&received.receipt).await
    }

    /// The dead letters, oldest first, at most 1,000 of them, those left out whose body is no message of ours.
    ///
    /// SQS cannot be looked into without receiving: the letters are hidden for a moment and made visible again, which
    /// counts as a delivery. Two who look at once see a part each; letters that somebody has received are not seen.
    async fn dead_letters(&self) -> StoreResult<Vec<(IncidentMessage, String)>> {
        let url = self.dead_letter_url("list the dead letters")?;
        let (mut letters, mut receipts, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        while letters.len() < MAX_LETTERS {
            let messages = match self.receive_batch(url, BATCH, LOOK).await {
                Ok(messages) => messages,
                Err(error) => {
                    self.show(url, &receipts).await;
                    return Err(error);
                }
            };
            let before = seen.len();
            for message in messages {
                receipts.extend(message.receipt_handle.clone());
                if seen.insert(message.message_id.clone()) {
                    letters.push(message);
                }
            }
            if seen.len() == before {
                break;
            }
        }
        self.show(url, &receipts).await;
        letters.sort_by_key(|letter| system_value(letter, MessageSystemAttributeName::SentTimestamp));
        let read = |letter: Message| {
            let message = letter::read(letter.body.as_deref().unwrap_or_default()).ok()?;
            let attributes = letter.message_attributes.unwrap_or_default();
            let reason = attributes.get(letter::REASON).and_then(|reason| reason.string_value.clone());
            Some((message, reason.unwrap_or_else(|| letter::REDRIVEN.to_owned())))
        };
        Ok(letters.into_iter().filter_map(read).collect())
    }
}

/// A message as an entry of a batch, and about how many bytes it takes.
fn entry(place: usize, message: &IncidentMessage) -> StoreResult<(SendMessageBatchRequestEntry, usize)> {
    let action = "send messages";
    let body = letter::body(message);
    let mut size = body.len();
    let mut entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
    // A context that is none travels in the body alone.
    let context = message.traceparent.as_deref().and_then(|t| Some((t, letter::xray_header(t)?)));
    if let Some((traceparent, header)) = context {
        size += 200 + traceparent.len() + header.len();
        entry = entry
            .message_attributes(letter::TRACEPARENT, attribute(traceparent, action)?)
            .message_system_attributes(
                MessageSystemAttributeNameForSends::AwsTraceHeader,
                system_attribute(header, action)?,
            );
    }
    Ok((entry.build().map_err(|error| unbuilt(action, error))?, size))
}

fn attribute(value: &str, action: &str) -> StoreResult<MessageAttributeValue> {
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
    attribute.build().map_err(|error| unbuilt(action, error))
}

fn system_attribute(value: String, action: &str) -> StoreResult<MessageSystemAttributeValue> {
    let attribute = MessageSystemAttributeValue::builder().data_type("String").string_value(value);
    attribute.build().map_err(|error| unbuilt(action, error))
}

fn unbuilt(action: &str, error: BuildError) -> StoreError {
    StoreError::with_source(ErrorKind::Invalid, format!("{action}: a field is missing"), error)
}

fn system_value(message: &Message, name: MessageSystemAttributeName) -> Option<i64> {
    message.attributes.as_ref()?.get(&name)?.parse().ok()
}

/// Rounded up: a message is hidden for no less than was asked.
fn whole_seconds(duration: SignedDuration) -> i32 {
    let seconds = duration.as_secs().saturating_add(i64::from(duration.subsec_nanos() > 0));
    i32::try_from(seconds.clamp(0, MAX_VISIBILITY)).unwrap_or(0)
}

/// An empty receipt is as stale as any, and no request can hold it.
fn check_receipt(action: &str, receipt: &str) -> StoreResult<()> {
    if receipt.is_empty() { Err(stale(action)) } else { Ok(()) }
}

/// Whether SQS says that a receipt names no delivery in progress.
fn is_stale(code: &str) -> bool {
    matches!(
        code,
        "ReceiptHandleIsInvalid"
            | "InvalidParameterValue"
            | "InvalidParameterValueException"
            | "MessageNotInflight"
            | "AWS.SimpleQueueService.MessageNotInflight"
    )
}

fn stale(action: &str) -> StoreError {
    StoreError::new(ErrorKind::NotFound, format!("{action}: the receipt names no delivery in progress"))
}

fn call<'a>(action: &'a str, permission: &'a str, on: &'a str) -> Call<'a> {
    Call { action, permission, on }
}

fn on(url: &str) -> String {
    format!("queue {url:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_carries_the_trace_context_where_there_is_one() {
        let mut message = IncidentMessage {
            stream: "s".to_owned(),
            incident: "i".to_owned(),
            revision: 1,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        };
        let (with, size) = entry(0, &message).unwrap();
        assert!(size > with.message_body().len());
        assert!(with.message_attributes().unwrap().contains_key(letter::TRACEPARENT));
        let header = MessageSystemAttributeNameForSends::AwsTraceHeader;
        let header = with.message_system_attributes().unwrap()[&header].string_value().unwrap();
        assert!(header.starts_with("Root=1-0af76519-"), "{header}");
        message.traceparent = Some("no context".to_owned());
        assert!(entry(0, &message).unwrap().0.message_attributes().is_none());
    }

    #[test]
    fn visibility_is_rounded_up_and_bounded() {
        assert_eq!(whole_seconds(SignedDuration::from_millis(1)), 1);
        assert_eq!(whole_seconds(SignedDuration::from_mins(6)), 360);
        assert_eq!(whole_seconds(SignedDuration::from_secs(-5)), 0);
        assert_eq!(whole_seconds(SignedDuration::MAX), 43_200);
    }
}
