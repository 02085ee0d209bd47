//! Identities of tickets, one item each.

use crate::Sdk;
use crate::error::is_transient;
use crate::patience::{TRIES, pause};
use crate::table::{Item, Table, text};
use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest, KeysAndAttributes};
use domain::ports::{Claim, ClaimRequest, TicketIndex};
use domain::ticket::TicketKey;
use domain::{ErrorKind, StoreError, StoreResult};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use std::collections::HashMap;

/// Most statements in one call.
const STATEMENTS: usize = 25;
/// Most keys in one read.
const KEYS: usize = 100;
/// Calls under way at once: a batch of 1,000 tickets is 40 calls of about 10 ms, and more at once is throttled by a
/// fresh table.
const AT_ONCE: usize = 8;
/// Longest partition key, in bytes.
const MAX_KEY: usize = 2048;
/// Sort key of the one item that an identity has.
const SORT: &str = "ticket";

/// A [`TicketIndex`] on a table. A call is many: after an error some of its tickets hold and some do not, and the
/// same call again completes them.
#[derive(Clone)]
pub struct DynamoTicketIndex {
    table: Table,
}

impl DynamoTicketIndex {
    /// Makes no network call. Identities are kept for `retention_days` after their last landing.
    pub fn new(sdk: &Sdk, table: impl Into<String>, retention_days: u32) -> Self {
        Self { table: Table::new(sdk, table, retention_days) }
    }

    /// Puts identities that are not there; returns those that are.
    async fn insert(&self, action: &str, batch: &[(String, Timestamp)]) -> StoreResult<Vec<String>> {
        let statement = format!(
            "INSERT INTO \"{}\" VALUE {{'pk': ?, 'sk': ?, 'created_at': ?, 'expires_at': ?}}",
            self.table.name
        );
        let parameters = |(pk, at): &(String, Timestamp)| {
            vec![text(pk), text(SORT), text(at.to_string()), self.table.expires_at()]
        };
        let refused =
            self.execute(action, "dynamodb:PartiQLInsert", &statement, batch, parameters, "DuplicateItem");
        Ok(refused.await?.into_iter().map(|(pk, _)| pk).collect())
    }

    /// Runs the statement for each entry; returns the entries that were refused with the code `expected`. What fails
    /// for the moment is tried again.
    async fn execute<T: Clone>(
        &self,
        action: &str,
        permission: &str,
        statement: &str,
        batch: &[T],
        parameters: impl Fn(&T) -> Vec<AttributeValue>,
        expected: &str,
    ) -> StoreResult<Vec<T>> {
        let call = self.table.call(action, permission);
        let mut pending = batch.to_vec();
        let mut refused = Vec::new();
        for tried in 0..TRIES {
            let request = |entry: &T| {
                BatchStatementRequest::builder()
                    .statement(statement)
                    .set_parameters(Some(parameters(entry)))
                    .build()
                    .map_err(|error| call.error(ErrorKind::Invalid, error))
            };
            let statements = pending.iter().map(request).collect::<StoreResult<Vec<_>>>()?;
            let sent = self.table.client.batch_execute_statement().set_statements(Some(statements)).send();
            let responses = sent.await.map_err(|error| call.failed(error))?.responses.unwrap_or_default();
            if responses.len() != pending.len() {
                return Err(call.error(ErrorKind::Unavailable, "the answer is not one per statement"));
            }
            let mut again = Vec::new();
            for (entry, response) in pending.into_iter().zip(responses) {
                let Some(error) = response.error else { continue };
                match error.code().map_or("", |code| code.as_str()) {
                    code if code == expected => refused.push(entry),
                    code if is_transient(code) => again.push(entry),
                    code => return Err(call.failed_part(code, error.message())),
                }
            }
            if again.is_empty() {
                return Ok(refused);
            }
            pending = again;
            pause(tried).await;
        }
        Err(call.error(ErrorKind::Unavailable, format!("{} of its parts keep failing", pending.len())))
    }

    /// What is stored for up to 100 identities.
    async fn read(&self, action: &str, pks: &[String]) -> StoreResult<Vec<(String, Claim)>> {
        let call = self.table.call(action, "dynamodb:BatchGetItem");
        let key = |pk: &String| Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(SORT))]);
        let mut keys: Vec<Item> = pks.iter().map(key).collect();
        let mut found = Vec::with_capacity(keys.len());
        for tried in 0..TRIES {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| call.error(ErrorKind::Invalid, error))?;
            let got = self.table.client.batch_get_item().request_items(&self.table.name, wanted).send().await;
            let mut output = got.map_err(|error| call.failed(error))?;
            let items = output.responses.take().and_then(|mut all| all.remove(&self.table.name));
            for item in items.unwrap_or_default() {
                found.push(claim(action, &item)?);
            }
            let left = output.unprocessed_keys.take().and_then(|mut all| all.remove(&self.table.name));
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
            pause(tried).await;
        }
        Err(call.error(ErrorKind::Unavailable, format!("{} of its parts keep failing", keys.len())))
    }
}

#[async_trait]
impl TicketIndex for DynamoTicketIndex {
    async fn claim(&self, stream: &str, requests: &[ClaimRequest]) -> StoreResult<Vec<Claim>> {
        let action = format!("claim {} tickets", requests.len());
        let mut first: HashMap<String, Timestamp> = HashMap::new();
        let mut unique = Vec::new();
        let mut places = Vec::with_capacity(requests.len());
        for request in requests {
            let pk = partition(&action, stream, &request.key)?;
            if !first.contains_key(&pk) {
                first.insert(pk.clone(), request.created_at);
                unique.push((pk.clone(), request.created_at));
            }
            places.push(pk);
        }
        let inserts: Vec<_> = unique.chunks(STATEMENTS).map(|batch| self.insert(&action, batch)).collect();
        let duplicates: Vec<Vec<String>> =
            stream::iter(inserts).buffer_unordered(AT_ONCE).try_collect().await?;
        let duplicates = duplicates.concat();
        let reads: Vec<_> = duplicates.chunks(KEYS).map(|pks| self.read(&action, pks)).collect();
        let known: Vec<Vec<(String, Claim)>> =
            stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let known: HashMap<String, Claim> = known.into_iter().flatten().collect();
        if let Some(gone) = duplicates.iter().find(|pk| !known.contains_key(*pk)) {
            let message = format!("{action}: {gone} was there and has gone");
            return Err(StoreError::new(ErrorKind::Unavailable, message));
        }
        let claim = |pk: String| {
            let created_at = first.get(&pk).copied().unwrap_or_default();
            known.get(&pk).cloned().unwrap_or(Claim { created_at, landed: None })
        };
        Ok(places.into_iter().map(claim).collect())
    }

    async fn confirm(&self, stream: &str, landed: &[(TicketKey, [u8; 16])]) -> StoreResult<()> {
        let action = format!("confirm {} tickets", landed.len());
        // Of a key that stands twice the last content counts; no statement may name an item twice.
        let mut last: HashMap<String, [u8; 16]> = HashMap::new();
        for (key, hash) in landed {
            last.insert(partition(&action, stream, key)?, *hash);
        }
        let mut updates: Vec<(String, [u8; 16])> = last.into_iter().collect();
        updates.sort_unstable();
        let statement = format!(
            "UPDATE \"{}\" SET landed = ? SET expires_at = ? WHERE pk = ? AND sk = ?",
            self.table.name
        );
        let parameters = |(pk, hash): &(String, [u8; 16])| {
            let landed = AttributeValue::B(Blob::new(hash.as_slice()));
            vec![landed, self.table.expires_at(), text(pk), text(SORT)]
        };
        let update = |batch| {
            // An update of what is not there fails its condition.
            self.execute(
                &action,
                "dynamodb:PartiQLUpdate",
                &statement,
                batch,
                parameters,
                "ConditionalCheckFailed",
            )
        };
        let updates: Vec<_> = updates.chunks(STATEMENTS).map(update).collect();
        let refused: Vec<Vec<_>> = stream::iter(updates).buffer_unordered(AT_ONCE).try_collect().await?;
        match refused.concat().first() {
            None => Ok(()),
            Some((pk, _)) => {
                Err(StoreError::new(ErrorKind::NotFound, format!("{action}: {pk} was never claimed")))
            }
        }
    }
}

/// The identity as JSON: no separator that a name could hold.
fn partition(action: &str, stream: &str, key: &TicketKey) -> StoreResult<String> {
    // Strings always serialise.
    let pk = serde_json::to_string(&[stream, &key.source, &key.id]).unwrap_or_default();
    if pk.len() <= MAX_KEY {
        return Ok(pk);
    }
    let beginning: String = pk.chars().take(60).collect();
    let message = format!("{action}: the identity {beginning}… has more than {MAX_KEY} bytes");
    Err(StoreError::new(ErrorKind::Invalid, message))
}

fn claim(action: &str, item: &Item) -> StoreResult<(String, Claim)> {
    let corrupt = |why: &str| StoreError::new(ErrorKind::Corrupt, format!("{action}: an identity has {why}"));
    let field = |name| item.get(name).and_then(|value| value.as_s().ok());
    let pk = field("pk").ok_or_else(|| corrupt("no key"))?;
    let created_at = field("created_at").and_then(|at| at.parse().ok());
    let created_at = created_at.ok_or_else(|| corrupt("no time of writing"))?;
    let landed = match item.get("landed") {
        None => None,
        Some(AttributeValue::B(hash)) => {
            Some(hash.as_ref().try_into().map_err(|_| corrupt("a content hash that is not of 16 bytes"))?)
        }
        Some(_) => return Err(corrupt("a content hash that is no binary")),
    };
    Ok((pk.clone(), Claim { created_at, landed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: &str, id: &str) -> TicketKey {
        TicketKey { source: source.to_owned(), id: id.to_owned() }
    }

    #[test]
    fn no_two_identities_share_a_partition() {
        let of = |stream, source, id| partition("claim", stream, &key(source, id)).unwrap();
        assert_eq!(of("s", "desk", "1"), "[\"s\",\"desk\",\"1\"]");
        assert_ne!(of("s", "a\",\"b", "c"), of("s", "a", "b\",\"c"));
        assert_eq!(
            partition("claim", "s", &key("", &"x".repeat(3000))).unwrap_err().kind,
            ErrorKind::Invalid
        );
    }

    #[test]
    fn an_item_that_cannot_be_read_is_corrupt() {
        let item = |at: &str, landed: AttributeValue| {
            Item::from([
                ("pk".to_owned(), text("[]")),
                ("created_at".to_owned(), text(at)),
                ("landed".to_owned(), landed),
            ])
        };
        let hash = AttributeValue::B(Blob::new([7; 16]));
        let (_, read) = claim("claim", &item("1931-05-06T07:08:09.000000001Z", hash.clone())).unwrap();
        assert_eq!(read.landed, Some([7; 16]));
        for bad in [
            item("yesterday", hash.clone()),
            item("1931-05-06T07:08:09Z", AttributeValue::B(Blob::new([7; 15]))),
            item("1931-05-06T07:08:09Z", text("hash")),
            Item::new(),
        ] {
            assert_eq!(claim("claim", &bad).unwrap_err().kind, ErrorKind::Corrupt, "{bad:?}");
        }
    }
}
