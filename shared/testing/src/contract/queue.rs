//! The contract of `Queue`.

use super::{RACERS, assert_fails, minute, race};
use crate::builders;
use domain::ErrorKind;
use domain::incident::IncidentMessage;
use domain::ports::{Queue, Received};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

const HIDDEN: SignedDuration = SignedDuration::from_mins(10);

/// Checks an empty queue against every sentence of [`Queue`].
pub async fn queue_contract(queue: Arc<dyn Queue>) {
    messages_are_hidden_and_come_back(&*queue).await;
    stale_receipts(&*queue).await;
    released_messages(&*queue).await;
    dead_letters(&*queue).await;
    at_most_max(&*queue).await;
    receivers_race(&queue).await;
}

fn message(revision: u32) -> IncidentMessage {
    let mut message = builders::message(&builders::incident("queue", minute(0)));
    message.revision = revision;
    message.traceparent =
        (revision % 2 == 1).then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    message
}

async fn one(queue: &dyn Queue, now: Timestamp) -> Received {
    let mut received = queue.receive(10, HIDDEN, now).await.expect("receive");
    assert_eq!(received.len(), 1, "exactly one message is visible at {now}: {received:?}");
    received.remove(0)
}

async fn assert_empty(queue: &dyn Queue, now: Timestamp, sentence: &str) {
    assert_eq!(queue.receive(10, HIDDEN, now).await.expect("receive"), [], "{sentence}");
}

async fn messages_are_hidden_and_come_back(queue: &dyn Queue) {
    assert_empty(queue, minute(0), "nothing was sent").await;
    for revision in [1, 2] {
        queue.send(&message(revision)).await.expect("send");
        let first = one(queue, minute(0)).await;
        assert_eq!(
            (&first.message, first.attempts),
            (&message(revision), 1),
            "what was sent, delivered once"
        );
        assert_empty(queue, minute(9), "a delivered message is hidden").await;
        let second = one(queue, minute(10)).await;
        assert_eq!(
            (&second.message, second.attempts),
            (&message(revision), 2),
            "visible again after the visibility"
        );
        assert_ne!(first.receipt, second.receipt, "a receipt names one delivery");
        assert_empty(queue, minute(19), "hidden from the second delivery on").await;
        queue.ack(&second.receipt).await.expect("acknowledge");
        assert_empty(queue, minute(1000), "an acknowledged message is gone").await;
    }
}

async fn stale_receipts(queue: &dyn Queue) {
    queue.send(&message(1)).await.expect("send");
    let first = one(queue, minute(0)).await.receipt;
    let second = one(queue, minute(10)).await.receipt;
    for receipt in [first.as_str(), "", "no receipt", "999999999-1"] {
        let sentence = format!("the receipt {receipt:?}, stale since the message was delivered again");
        assert_fails(queue.ack(receipt).await, ErrorKind::NotFound, &sentence);
        assert_fails(queue.release(receipt).await, ErrorKind::NotFound, &sentence);
        assert_fails(queue.dead_letter(receipt, "why").await, ErrorKind::NotFound, &sentence);
    }
    assert_empty(queue, minute(19), "a stale receipt makes nothing visible").await;
    assert_eq!(queue.dead_letters().await.expect("dead letters"), [], "nor dead");
    queue.ack(&second).await.expect("acknowledge");
    assert_fails(queue.ack(&second).await, ErrorKind::NotFound, "the receipt of an acknowledged message");
    assert_fails(queue.release(&second).await, ErrorKind::NotFound, "the receipt of an acknowledged message");
    assert_fails(
        queue.dead_letter(&second, "why").await,
        ErrorKind::NotFound,
        "the receipt of an acknowledged message",
    );
}

async fn released_messages(queue: &dyn Queue) {
    queue.send(&message(1)).await.expect("send");
    let first = one(queue, minute(0)).await;
    queue.release(&first.receipt).await.expect("release");
    assert_fails(
        queue.release(&first.receipt).await,
        ErrorKind::NotFound,
        "the receipt of a released message",
    );
    let second = one(queue, minute(0)).await;
    assert_eq!(second.attempts, 2, "a released message is visible at once, and its deliveries stay counted");
    assert_empty(queue, minute(9), "and hidden again").await;
    queue.ack(&second.receipt).await.expect("acknowledge");
}

async fn dead_letters(queue: &dyn Queue) {
    for (revision, reason) in [(1, "the incident is unknown"), (2, "reason with \"quotes\", ü and\nlines")] {
        queue.send(&message(revision)).await.expect("send");
        let received = one(queue, minute(0)).await;
        queue.dead_letter(&received.receipt, reason).await.expect("move to the dead letters");
        assert_fails(queue.ack(&received.receipt).await, ErrorKind::NotFound, "the receipt of a dead letter");
        assert_empty(queue, minute(1000), "a dead letter is not delivered").await;
        let letters = queue.dead_letters().await.expect("dead letters");
        assert_eq!(letters.len(), revision as usize, "each dead letter once");
        assert!(
            letters.contains(&(message(revision), reason.to_owned())),
            "with its message and reason: {letters:?}"
        );
    }
}

async fn at_most_max(queue: &dyn Queue) {
    for revision in 1..=5 {
        queue.send(&message(revision)).await.expect("send");
    }
    assert_eq!(queue.receive(0, HIDDEN, minute(0)).await.expect("receive"), [], "at most 0 messages");
    let mut received = queue.receive(3, HIDDEN, minute(0)).await.expect("receive");
    assert_eq!(received.len(), 3, "at most 3 messages");
    received.extend(queue.receive(10, HIDDEN, minute(0)).await.expect("receive"));
    let revisions: BTreeSet<u32> = received.iter().map(|received| received.message.revision).collect();
    assert_eq!((received.len(), revisions), (5, (1..=5).collect()), "then the others");
    for received in received {
        queue.ack(&received.receipt).await.expect("acknowledge");
    }
}

async fn receivers_race(queue: &Arc<dyn Queue>) {
    for revision in 1..=50 {
        queue.send(&message(revision)).await.expect("send");
    }
    let receive = |_| {
        let queue = queue.clone();
        async move { queue.receive(5, HIDDEN, minute(0)).await.expect("receive") }
    };
    let received: Vec<_> = race((0..RACERS).map(receive)).await.into_iter().flatten().collect();
    let receipts: BTreeSet<&str> = received.iter().map(|received| received.receipt.as_str()).collect();
    assert_eq!(
        (received.len(), receipts.len()),
        (50, 50),
        "receivers beside each other get different messages"
    );
    let ack = |receipt: String| {
        let queue = queue.clone();
        async move { queue.ack(&receipt).await }
    };
    let twice = received.into_iter().flat_map(|received| [received.receipt.clone(), received.receipt]);
    let acked = race(twice.map(ack)).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(acked, 50, "of two acknowledgements one finds the delivery");
}
