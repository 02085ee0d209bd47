//! Every object key. Nothing else in the project spells one.

use crate::time::Hour;

/// Where the tickets of one hour lie.
pub fn tickets_prefix(stream: &str, hour: Hour) -> String {
    format!("tickets/v1/{stream}/date={}/hour={:02}/", hour.utc_date(), hour.utc_hour())
}

/// One batch of an hour's tickets, NDJSON + zstd, named after its content.
pub fn tickets(stream: &str, hour: Hour, content: &str) -> String {
    format!("{}{content}.ndjson.zst", tickets_prefix(stream, hour))
}

/// All of an hour's tickets in one object, named after its content. No batch has such a name.
pub fn merged_tickets(stream: &str, hour: Hour, content: &str) -> String {
    tickets(stream, hour, &format!("all-{content}"))
}

/// Where the markers of hours that changed lie.
pub fn dirty_prefix(stream: &str) -> String {
    format!("dirty/v1/{stream}/")
}

/// A marker: `hour` changed because the ticket object `content` landed.
pub fn dirty(stream: &str, hour: Hour, content: &str) -> String {
    format!("{}{}.{content}", dirty_prefix(stream), hour.0)
}

/// The hour that a marker's key names.
pub fn dirty_hour(stream: &str, key: &str) -> Option<Hour> {
    let (hour, _) = key.strip_prefix(&dirty_prefix(stream))?.split_once('.')?;
    hour.parse().ok().map(Hour)
}

/// The rollup of one hour, JSON + zstd.
pub fn hour_rollup(stream: &str, hour: Hour) -> String {
    format!("rollups/v1/{stream}/date={}/hour={:02}.json.zst", hour.utc_date(), hour.utc_hour())
}

/// Where a stream's rollups lie.
pub fn rollups_prefix(stream: &str) -> String {
    format!("rollups/v1/{stream}/")
}

/// The volumes of the UTC day that contains `hour`, JSON + zstd.
pub fn day_volume(stream: &str, hour: Hour) -> String {
    format!("{}date={}/day.json.zst", rollups_prefix(stream), hour.utc_date())
}

/// The detector's state, JSON + zstd.
pub fn state(stream: &str) -> String {
    format!("state/v1/{stream}/detector.json.zst")
}

/// The pointer to the current and the previous artifact, JSON.
pub fn model_pointer(stream: &str) -> String {
    format!("models/v1/{stream}/current.json")
}

/// An artifact, JSON + zstd.
pub fn model(stream: &str, id: &str) -> String {
    format!("models/v1/{stream}/{id}/artifact.json.zst")
}

/// How an artifact did against the one in use, JSON.
pub fn backtest(stream: &str, id: &str) -> String {
    format!("models/v1/{stream}/{id}/backtest.json")
}

/// The settings of a stream, JSON.
pub fn stream_config(stream: &str) -> String {
    format!("streams/v1/{stream}.json")
}

/// Where dropped ticket files lie.
pub fn inbox_prefix() -> &'static str {
    "inbox/"
}

/// The refused rows of the dropped file `key`, CSV.
pub fn refused(key: &str) -> String {
    format!("refused/{key}.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_hour() {
        let key = dirty("default", Hour(-5), "abc");
        assert_eq!(dirty_hour("default", &key), Some(Hour(-5)));
        assert_eq!(dirty_hour("other", &key), None);
    }

    #[test]
    fn keys_are_partitioned_by_utc_hour() {
        let hour = Hour::of("2023-10-05T14:59:59Z".parse().unwrap());
        assert_eq!(tickets("s", hour, "c"), "tickets/v1/s/date=2023-10-05/hour=14/c.ndjson.zst");
        assert_eq!(day_volume("s", hour), "rollups/v1/s/date=2023-10-05/day.json.zst");
    }
}
