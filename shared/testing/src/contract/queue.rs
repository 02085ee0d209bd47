//! The contract of `Queue`.

use super::{RACERS, assert_fails, minute, race};
use crate::builders;
use async_trait::async_trait;
use domain::incident::IncidentMessage;
use domain::ports::{Queue, Received};
use domain::{ErrorKind, StoreResult};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How time passes for the backend under test.
#[async_trait]
pub trait QueueTime: Send + Sync {
    /// The present, as the backend sees it.
    fn now(&self) -> Timestamp;
    /// Lets time pass.
    async fn pass(&self, duration: SignedDuration);
    /// How long a delivery hides a message in these tests: long enough for a few calls.
    fn hidden(&self) -> SignedDuration;
    /// Whether the backend can tell a stale receipt from one in progress.
    fn tells_stale_receipts(&self) -> bool;
}

/// Time of a backend that goes by the `now` it is given.
pub struct VirtualTime(Mutex<Timestamp>);

impl Default for VirtualTime {
    fn default() -> Self {
        Self(Mutex::new(minute(0)))
    }
}

#[async_trait]
impl QueueTime for VirtualTime {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, duration: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }

    fn hidden(&self) -> SignedDuration {
        SignedDuration::from_mins(10)
    }

    fn tells_stale_receipts(&self) -> bool {
        true
    }
}

/// Checks an empty queue against every sentence of [`Queue`].
pub async fn queue_contract(queue: Arc<dyn Queue>, time: &dyn QueueTime) {
    let suite = Suite { queue: &*queue, time };
    suite.messages_are_hidden_and_come_back().await;
    suite.stale_receipts().await;
    suite.released_messages().await;
    suite.dead_letters().await;
    suite.at_most_max().await;
    receivers_race(&queue, time).await;
}

fn message(revision: u32) -> IncidentMessage {
    let mut message = builders::message(&builders::incident("queue", minute(0)));
    message.revision = revision;
    message.traceparent =
        (revision % 2 == 1).then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    message
}

struct Suite<'a> {
    queue: &'a dyn Queue,
    time: &'a dyn QueueTime,
}

impl Suite<'_> {
    async fn receive(&self, max: usize) -> Vec<Received> {
        self.queue.receive(max, self.time.hidden(), self.time.now()).await.expect("receive")
    }

    async fn send(&self, revision: u32) {
        self.queue.send(&[message(revision)]).await.expect("send");
    }

    async fn one(&self) -> Received {
        let mut received = self.receive(10).await;
        assert_eq!(received.len(), 1, "exactly one message is visible: {received:?}");
        received.remove(0)
    }

    async fn assert_empty(&self, sentence: &str) {
        assert_eq!(self.receive(10).await, [], "{sentence}");
    }

    /// Until every delivery so far has run out.
    async fn wait(&self) {
        self.time.pass(self.time.hidden()).await;
    }

    #[track_caller]
    fn assert_stale(&self, result: StoreResult<()>, sentence: &str) {
        if result.is_err() || self.time.tells_stale_receipts() {
            assert_fails(result, ErrorKind::NotFound, sentence);
        }
    }

    async fn messages_are_hidden_and_come_back(&self) {
        self.assert_empty("nothing was sent").await;
        self.queue.send(&[]).await.expect("send nothing");
        for revision in [1, 2] {
            self.send(revision).await;
            let first = self.one().await;
            assert_eq!(
                (&first.message, first.attempts),
                (&message(revision), 1),
                "what was sent, delivered once"
            );
            self.assert_empty("a delivered message is hidden").await;
            self.wait().await;
            let second = self.one().await;
            assert_eq!(
                (&second.message, second.attempts),
                (&message(revision), 2),
                "visible again after the visibility"
            );
            assert_ne!(first.receipt, second.receipt, "a receipt names one delivery");
            self.assert_empty("hidden from the second delivery on").await;
            self.queue.ack(&second.receipt).await.expect("acknowledge");
            self.wait().await;
            self.assert_empty("an acknowledged message is gone").await;
        }
    }

    async fn stale_receipts(&self) {
        self.send(1).await;
        let first = self.one().await;
        self.wait().await;
        let second = self.one().await;
        let gone = "the receipt of an acknowledged message";
        for receipt in [first.receipt.as_str(), "", "no receipt", "999999999-1"] {
            if receipt == first.receipt && !self.time.tells_stale_receipts() {
                // Such a backend may take an older receipt for the message itself.
                continue;
            }
            let sentence = format!("the receipt {receipt:?}, stale since the message was delivered again");
            let stale = Received { receipt: receipt.to_owned(), ..first.clone() };
            self.assert_stale(self.queue.ack(receipt).await, &sentence);
            self.assert_stale(self.queue.release(receipt).await, &sentence);
            if self.time.tells_stale_receipts() {
                self.assert_stale(self.queue.dead_letter(&stale, "why").await, &sentence);
            }
        }
        self.assert_empty("a stale receipt makes nothing visible").await;
        assert_eq!(self.queue.dead_letters().await.expect("dead letters"), [], "nor dead");
        self.queue.ack(&second.receipt).await.expect("acknowledge");
        self.assert_stale(self.queue.ack(&second.receipt).await, gone);
        self.assert_stale(self.queue.release(&second.receipt).await, gone);
        if self.time.tells_stale_receipts() {
            self.assert_stale(self.queue.dead_letter(&second, "why").await, gone);
        }
    }

    async fn released_messages(&self) {
        self.send(1).await;
        let first = self.one().await;
        self.queue.release(&first.receipt).await.expect("release");
        if self.time.tells_stale_receipts() {
            let again = self.queue.release(&first.receipt).await;
            assert_fails(again, ErrorKind::NotFound, "the receipt of a released message");
        }
        let second = self.one().await;
        assert_eq!(
            second.attempts, 2,
            "a released message is visible at once, and its deliveries stay counted"
        );
        self.assert_empty("and hidden again").await;
        self.queue.ack(&second.receipt).await.expect("acknowledge");
    }

    async fn dead_letters(&self) {
        for (revision, reason) in
            [(1, "the incident is unknown"), (2, "reason with \"quotes\", ü and\nlines")]
        {
            self.send(revision).await;
            let received = self.one().await;
            self.queue.dead_letter(&received, reason).await.expect("move to the dead letters");
            self.assert_stale(self.queue.ack(&received.receipt).await, "the receipt of a dead letter");
            self.wait().await;
            self.assert_empty("a dead letter is not delivered").await;
            let letters = self.queue.dead_letters().await.expect("dead letters");
            assert_eq!(letters.len(), revision as usize, "each dead letter once: {letters:?}");
            assert!(
                letters.contains(&(message(revision), reason.to_owned())),
                "with its message and reason: {letters:?}"
            );
        }
    }

    async fn at_most_max(&self) {
        let messages: Vec<_> = (1..=5).map(message).collect();
        self.queue.send(&messages).await.expect("send");
        assert_eq!(self.receive(0).await, [], "at most 0 messages");
        let mut received = self.receive(3).await;
        assert!((1..=3).contains(&received.len()), "at most 3 messages: {}", received.len());
        while received.len() < 5 {
            let more = self.receive(10).await;
            assert!(!more.is_empty(), "then the others");
            received.extend(more);
        }
        let revisions: BTreeSet<u32> = received.iter().map(|received| received.message.revision).collect();
        assert_eq!((received.len(), revisions), (5, (1..=5).collect()), "each once");
        for received in received {
            self.queue.ack(&received.receipt).await.expect("acknowledge");
        }
    }
}

async fn receivers_race(queue: &Arc<dyn Queue>, time: &dyn QueueTime) {
    // Time enough for all of it, whatever the backend.
    let (hidden, now) = (SignedDuration::from_mins(10), time.now());
    let messages: Vec<_> = (1..=50).map(message).collect();
    queue.send(&messages).await.expect("send more than a batch");
    let mut received = Vec::new();
    while received.len() < 50 {
        let receive = |_| {
            let queue = queue.clone();
            async move { queue.receive(5, hidden, now).await.expect("receive") }
        };
        let more: Vec<_> = race((0..RACERS).map(receive)).await.into_iter().flatten().collect();
        assert!(!more.is_empty(), "receivers find all there is: {} of 50", received.len());
        received.extend(more);
    }
    let receipts: BTreeSet<&str> = received.iter().map(|received| received.receipt.as_str()).collect();
    let revisions: BTreeSet<u32> = received.iter().map(|received| received.message.revision).collect();
    assert_eq!(
        (received.len(), receipts.len(), revisions.len()),
        (50, 50, 50),
        "receivers beside each other get different messages"
    );
    let ack = |receipt: String| {
        let queue = queue.clone();
        async move { queue.ack(&receipt).await }
    };
    let twice = received.into_iter().flat_map(|received| [received.receipt.clone(), received.receipt]);
    let acked = race(twice.map(ack)).await.into_iter().filter(Result::is_ok).count();
    if time.tells_stale_receipts() {
        assert_eq!(acked, 50, "of two acknowledgements one finds the delivery");
    }
}
