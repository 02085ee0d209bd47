//! Messages, the oldest visible first.

use crate::database::{Database, clamp_nanos, decode_unversioned, encode, nanos};
use async_trait::async_trait;
use domain::incident::IncidentMessage;
use domain::ports::{Queue, Received};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};
use std::sync::Arc;

/// A [`Queue`] on the data folder's database. A receipt holds until the message is delivered again, released,
/// acknowledged or moved to the dead letters.
pub struct SqliteQueue {
    database: Arc<Database>,
}

impl SqliteQueue {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs `sql`, whose parameters 1 and 2 are a message's number and attempts, and which changes one row or none.
    fn settle(&self, action: &str, receipt: &str, sql: &str) -> StoreResult<()> {
        let (number, attempts) = parse(action, receipt)?;
        self.database.write(action, |transaction| {
            match transaction.prepare_cached(sql)?.execute(params![number, attempts])? {
                0 => Err(stale(action, receipt).into()),
                _ => Ok(()),
            }
        })
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send(&self, messages: &[IncidentMessage]) -> StoreResult<()> {
        let bodies: Vec<String> =
            messages.iter().map(|m| encode("send a message", m)).collect::<StoreResult<_>>()?;
        self.database.write("send a message", |transaction| {
            let mut insert = transaction.prepare_cached("INSERT INTO queue (body) VALUES (?1)")?;
            for body in &bodies {
                insert.execute([body])?;
            }
            Ok(())
        })
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> StoreResult<Vec<Received>> {
        let hidden_until = clamp_nanos(now.as_nanosecond() + visibility.as_nanos());
        self.database.write("receive messages", |transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE queue SET visible_ns = ?2, attempts = attempts + 1 WHERE number = ?1",
            )?;
            let mut received = Vec::new();
            for (number, body, attempts) in visible(transaction, max, now)? {
                update.execute(params![number, hidden_until])?;
                let attempts = attempts + 1;
                received.push(Received {
                    message: decode_unversioned("receive messages", &body)?,
                    receipt: format!("{number}-{attempts}"),
                    attempts,
                });
            }
            Ok(received)
        })
    }

    async fn ack(&self, receipt: &str) -> StoreResult<()> {
        let sql = "DELETE FROM queue WHERE number = ?1 AND attempts = ?2 AND visible_ns IS NOT NULL";
        self.settle("acknowledge a message", receipt, sql)
    }

    async fn release(&self, receipt: &str) -> StoreResult<()> {
        let sql = "UPDATE queue SET visible_ns = NULL WHERE number = ?1 AND attempts = ?2 AND visible_ns IS NOT NULL";
        self.settle("release a message", receipt, sql)
    }

    async fn dead_letter(&self, received: &Received, reason: &str) -> StoreResult<()> {
        let receipt = received.receipt.as_str();
        let action = "move a message to the dead letters";
        let (number, attempts) = parse(action, receipt)?;
        self.database.write(action, |transaction| {
            let body: Option<String> = transaction
                .prepare_cached(
                    "DELETE FROM queue WHERE number = ?1 AND attempts = ?2 AND visible_ns IS NOT NULL RETURNING body",
                )?
                .query_row(params![number, attempts], |row| row.get(0))
                .optional()?;
            let body = body.ok_or_else(|| stale(action, receipt))?;
            transaction
                .prepare_cached("INSERT INTO dead_letters (body, attempts, reason) VALUES (?1, ?2, ?3)")?
                .execute(params![body, attempts, reason])?;
            Ok(())
        })
    }

    async fn dead_letters(&self) -> StoreResult<Vec<(IncidentMessage, String)>> {
        self.database.read("list the dead letters", |connection| {
            let mut select =
                connection.prepare_cached("SELECT body, reason FROM dead_letters ORDER BY number")?;
            let mut rows = select.query([])?;
            let mut letters = Vec::new();
            while let Some(row) = rows.next()? {
                let body: String = row.get(0)?;
                letters.push((decode_unversioned("list the dead letters", &body)?, row.get(1)?));
            }
            Ok(letters)
        })
    }
}

/// Number, body and attempts so far of the messages that can be delivered.
fn visible(
    transaction: &Transaction<'_>,
    max: usize,
    now: Timestamp,
) -> rusqlite::Result<Vec<(i64, String, u32)>> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(
            "SELECT number, body, attempts FROM queue WHERE visible_ns IS NULL OR visible_ns <= ?1
             ORDER BY number LIMIT ?2",
        )?
        .query_map(params![nanos(now), max], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Number and attempts that a receipt names; one that names none is as stale as any.
fn parse(action: &str, receipt: &str) -> StoreResult<(i64, u32)> {
    let parts = receipt.split_once('-').and_then(|(n, a)| Some((n.parse().ok()?, a.parse().ok()?)));
    parts.ok_or_else(|| stale(action, receipt))
}

fn stale(action: &str, receipt: &str) -> StoreError {
    StoreError::new(
        ErrorKind::NotFound,
        format!("{action}: receipt {receipt:?} names no delivery in progress"),
    )
}
