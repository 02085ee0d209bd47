//! Messages in a map, the oldest first.

use super::{error, lock};
use async_trait::async_trait;
use domain::incident::IncidentMessage;
use domain::ports::{Queue, Received};
use domain::{ErrorKind, StoreResult};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A [`Queue`] in memory.
#[derive(Default)]
pub struct MemoryQueue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: u64,
    messages: BTreeMap<u64, Message>,
    dead: Vec<(IncidentMessage, String)>,
}

struct Message {
    message: IncidentMessage,
    /// In nanoseconds since the epoch, while a delivery is in progress.
    hidden_until: Option<i128>,
    attempts: u32,
}

impl State {
    /// The number of the message whose delivery in progress has the receipt.
    fn delivery(&self, action: &str, receipt: &str) -> StoreResult<u64> {
        let found = self.messages.iter().find(|(number, message)| {
            message.hidden_until.is_some() && receipt == format!("{number}-{}", message.attempts)
        });
        found.map(|(number, _)| *number).ok_or_else(|| {
            error(ErrorKind::NotFound, format!("{action}: receipt {receipt:?} names no delivery in progress"))
        })
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, messages: &[IncidentMessage]) -> StoreResult<()> {
        let mut state = lock(&self.state);
        for message in messages {
            state.sent += 1;
            let number = state.sent;
            let message = Message { message: message.clone(), hidden_until: None, attempts: 0 };
            state.messages.insert(number, message);
        }
        Ok(())
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> StoreResult<Vec<Received>> {
        let now = now.as_nanosecond();
        let mut state = lock(&self.state);
        let visible =
            state.messages.iter_mut().filter(|(_, m)| m.hidden_until.is_none_or(|until| until <= now));
        let deliver = |(number, message): (&u64, &mut Message)| {
            message.hidden_until = Some(now + visibility.as_nanos());
            message.attempts += 1;
            Received {
                message: message.message.clone(),
                receipt: format!("{number}-{}", message.attempts),
                attempts: message.attempts,
            }
        };
        Ok(visible.take(max).map(deliver).collect())
    }

    async fn ack(&self, receipt: &str) -> StoreResult<()> {
        let mut state = lock(&self.state);
        let number = state.delivery("acknowledge a message", receipt)?;
        state.messages.remove(&number);
        Ok(())
    }

    async fn release(&self, receipt: &str) -> StoreResult<()> {
        let mut state = lock(&self.state);
        let number = state.delivery("release a message", receipt)?;
        state.messages.entry(number).and_modify(|message| message.hidden_until = None);
        Ok(())
    }

    async fn dead_letter(&self, received: &Received, reason: &str) -> StoreResult<()> {
        let mut state = lock(&self.state);
        let number = state.delivery("move a message to the dead letters", &received.receipt)?;
        if let Some(message) = state.messages.remove(&number) {
            state.dead.push((message.message, reason.to_owned()));
        }
        Ok(())
    }

    async fn dead_letters(&self) -> StoreResult<Vec<(IncidentMessage, String)>> {
        Ok(lock(&self.state).dead.clone())
    }
}
