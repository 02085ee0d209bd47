//! What the stores on DynamoDB share: items, keys, pages and transactions.

use crate::Sdk;
use crate::error::{Call, is_transient};
use crate::patience::{TRIES, pause};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// Attributes by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Smallest number above zero that an attribute holds; what is smaller is kept as zero.
const SMALLEST: f64 = 1e-130;

/// A table with the string keys `pk` and `sk`, and `expires_at` as its time to live.
#[derive(Clone)]
pub(crate) struct Table {
    pub client: Client,
    pub name: String,
    /// How messages name it.
    on: String,
    retention: SignedDuration,
}

/// Items of a table or of one of its indexes.
pub(crate) struct Query<'a> {
    /// The index, if it is not the table itself, which is read consistently.
    pub index: Option<&'a str>,
    /// A key condition.
    pub condition: &'a str,
    /// The condition's values, with their colons.
    pub values: &'a [(&'a str, String)],
}

impl Table {
    pub fn new(sdk: &Sdk, name: impl Into<String>, retention_days: u32) -> Self {
        let name = name.into();
        let retention = SignedDuration::from_hours(24 * i64::from(retention_days));
        Self { client: sdk.dynamodb(), on: format!("table {name:?}"), name, retention }
    }

    pub fn call<'a>(&'a self, action: &'a str, permission: &'a str) -> Call<'a> {
        Call { action, permission, on: &self.on }
    }

    /// When what is written now may go, in seconds of the wall clock: nothing else depends on it.
    pub fn expires_at(&self) -> AttributeValue {
        let at = Timestamp::now().as_second().saturating_add(self.retention.as_secs());
        AttributeValue::N(at.to_string())
    }

    /// The item as it is now.
    pub async fn get(&self, action: &str, pk: &str, sk: &str) -> StoreResult<Option<Item>> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let got = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
        got.map(|output| output.item).map_err(|error| self.call(action, "dynamodb:GetItem").failed(error))
    }

    /// All items of a query, over all its pages.
    pub async fn query(&self, action: &str, query: Query<'_>) -> StoreResult<Vec<Item>> {
        let mut request =
            self.client.query().table_name(&self.name).key_condition_expression(query.condition);
        for (name, value) in query.values {
            request = request.expression_attribute_values(*name, text(value));
        }
        request = match query.index {
            Some(index) => request.index_name(index),
            None => request.consistent_read(true),
        };
        let mut pages = request.into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.call(action, "dynamodb:Query").failed(error))?;
            items.extend(page.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// A put as part of a transaction.
    pub fn put(
        &self,
        action: &str,
        item: Item,
        condition: Option<Condition>,
    ) -> StoreResult<TransactWriteItem> {
        let mut put = Put::builder().table_name(&self.name).set_item(Some(item));
        if let Some(Condition { expression, values }) = condition {
            put = put.condition_expression(expression);
            for (name, value) in values {
                put = put.expression_attribute_values(name, value);
            }
        }
        let put = put.build().map_err(|error| {
            let message = format!("{action}: a field of the request is missing");
            StoreError::with_source(ErrorKind::Invalid, message, error)
        })?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes all or nothing. Returns the places of the writes whose conditions do not hold; none: it is done.
    ///
    /// The SDK gives each call a token, so that a repeat after a lost answer (within ten minutes) is told its own
    /// success. Conflicts with others under way are tried again.
    pub async fn transact(&self, action: &str, writes: Vec<TransactWriteItem>) -> StoreResult<Vec<usize>> {
        let call = self.call(action, "dynamodb:PutItem, dynamodb:DeleteItem");
        for tried in 0..TRIES {
            let sent =
                self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = sent else { return Ok(Vec::new()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(call.failed(error));
            };
            let reasons = cancelled.cancellation_reasons();
            let codes = || reasons.iter().map(|reason| reason.code().unwrap_or_default());
            let failed: Vec<usize> = codes()
                .enumerate()
                .filter(|(_, code)| *code == "ConditionalCheckFailed")
                .map(|(i, _)| i)
                .collect();
            if !failed.is_empty() {
                return Ok(failed);
            }
            let grave = reasons
                .iter()
                .find(|reason| reason.code().is_some_and(|code| code != "None" && !is_transient(code)));
            if let Some(reason) = grave {
                return Err(call.failed_part(reason.code().unwrap_or_default(), reason.message()));
            }
            pause(tried).await;
        }
        Err(call.error(ErrorKind::Unavailable, "others keep writing the same items at the same time"))
    }
}

/// What must hold of the stored item for a write to happen.
pub(crate) struct Condition {
    pub expression: &'static str,
    pub values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    /// Nothing is stored under the key.
    pub fn absent() -> Self {
        Self { expression: "attribute_not_exists(pk)", values: Vec::new() }
    }

    /// The stored item is of this revision.
    pub fn revision(revision: u32) -> Self {
        let value = AttributeValue::N(revision.to_string());
        Self { expression: "revision = :revision", values: vec![(":revision", value)] }
    }
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// The partition of an incident.
pub(crate) fn incident_key(stream: &str, incident: &str) -> String {
    format!("{stream}#{incident}")
}

/// A sort key that sorts like its number.
pub(crate) fn numbered(what: &str, number: u32) -> String {
    format!("{what}#{number:06}")
}

/// A time in a key: UTC, whole seconds, cut.
pub(crate) fn time_key(at: Timestamp) -> String {
    let second = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    Timestamp::from_second(second).unwrap_or(at).to_string()
}

/// A value's fields as attributes.
///
/// Numbers below 10⁻¹³⁰ become zero, which an attribute cannot tell from them; one that is no number, or beyond
/// 10¹²⁶, is `Invalid`.
pub(crate) fn encode<T: Serialize>(action: &str, value: &T) -> StoreResult<Item> {
    let invalid = |why: String| StoreError::new(ErrorKind::Invalid, format!("{action}: {why}"));
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| invalid(error.to_string()))?;
    for (name, value) in &mut item {
        fit_numbers(value).map_err(|number| invalid(format!("{name} holds {number}, which no table can")))?;
    }
    Ok(item)
}

fn fit_numbers(value: &mut AttributeValue) -> Result<(), String> {
    match value {
        AttributeValue::N(number) => match number.parse::<f64>() {
            Ok(parsed) if !parsed.is_finite() || parsed.abs() > 9.9e125 => Err(number.clone()),
            // Also −0, which comes back as 0.
            Ok(parsed) if parsed.abs() < SMALLEST => {
                *number = "0".to_owned();
                Ok(())
            }
            // Thousands of digits are not a number of ours; 1e300 in full would be.
            Ok(parsed) if number.len() > 38 => {
                *number = format!("{parsed:e}");
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => Err(number.clone()),
        },
        AttributeValue::L(values) => values.iter_mut().try_for_each(fit_numbers),
        AttributeValue::M(fields) => fields.values_mut().try_for_each(fit_numbers),
        _ => Ok(()),
    }
}

/// A value from the attributes that [`encode`] made; others are ignored. `Corrupt` when `field` names another format
/// version than `version`, or something is missing.
pub(crate) fn decode<T: DeserializeOwned>(
    action: &str,
    item: Item,
    field: &str,
    version: u32,
) -> StoreResult<T> {
    let found = item.get(field).and_then(|value| value.as_n().ok()).map(String::as_str).unwrap_or("none");
    if found != version.to_string() {
        let message = format!("{action}: it says format version {found}, this program reads {version}");
        return Err(StoreError::new(ErrorKind::Corrupt, message));
    }
    read(action, item)
}

/// A value from attributes without a format version.
pub(crate) fn read<T: DeserializeOwned>(action: &str, item: Item) -> StoreResult<T> {
    serde_dynamo::from_item(item).map_err(|error| {
        StoreError::with_source(ErrorKind::Corrupt, format!("{action}: what is stored cannot be read"), error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        version: u32,
        at: Timestamp,
        number: f64,
        maybe: Option<f64>,
        values: BTreeMap<String, f64>,
    }

    fn thing(number: f64) -> Thing {
        let at = "2024-02-29T23:59:59.123456789Z".parse().unwrap();
        Thing { version: 1, at, number, maybe: None, values: BTreeMap::from([("x".to_owned(), number)]) }
    }

    #[test]
    fn values_come_back_as_they_were() {
        for number in [0.1, 75.0, -1e-7, 1.0 / 3.0, 123_456_789.123_456_79, 2e-120, 3e125] {
            let thing = thing(number);
            let mut item = encode("a", &thing).unwrap();
            item.insert("pk".to_owned(), text("more than the value"));
            assert_eq!(decode::<Thing>("a", item, "version", 1).unwrap(), thing);
        }
    }

    #[test]
    fn numbers_that_no_attribute_holds() {
        let item = encode("a", &thing(1e-200)).unwrap();
        assert_eq!(decode::<Thing>("a", item, "version", 1).unwrap(), thing(0.0));
        for number in [f64::NAN, f64::INFINITY, 1e200] {
            assert_eq!(encode("a", &thing(number)).unwrap_err().kind, ErrorKind::Invalid, "{number}");
        }
    }

    #[test]
    fn another_format_is_corrupt() {
        let item = encode("a", &thing(1.0)).unwrap();
        let error = decode::<Thing>("get it", item.clone(), "version", 2).unwrap_err();
        assert_eq!(error.to_string(), "get it: it says format version 1, this program reads 2");
        let mut without = item.clone();
        without.remove("at");
        for (item, field) in [(item, "none"), (without, "version"), (Item::new(), "version")] {
            assert_eq!(decode::<Thing>("a", item, field, 1).unwrap_err().kind, ErrorKind::Corrupt);
        }
    }

    #[test]
    fn keys_sort_like_what_they_name() {
        assert!(numbered("revision", 9) < numbered("revision", 10));
        let keys = ["-009999-01-02T01:59:59Z", "1931-05-06T07:08:09.5Z", "1970-01-01T00:00:00Z"];
        let keys: Vec<String> = keys.iter().map(|at| time_key(at.parse().unwrap())).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(keys[1], "1931-05-06T07:08:09Z");
    }
}
