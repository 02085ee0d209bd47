//! The time that a scheduled run stands for.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How far a schedule may be ahead of the clock before it is taken for a mistake.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Where `now` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheduled {
    /// From the event.
    At(Timestamp),
    /// From the clock, for this reason.
    Clock(&'static str),
    /// From the event, and more than a day ahead.
    TooFarAhead(Timestamp),
}

impl Scheduled {
    /// Reads `scheduled_at`, else `time`, as RFC 3339.
    pub fn of(event: &Value, clock: Timestamp) -> Self {
        let Some(text) = event.get("scheduled_at").or_else(|| event.get("time")) else {
            return Self::Clock("the event has neither scheduled_at nor time");
        };
        let Some(text) = text.as_str() else { return Self::Clock("the scheduled time is no text") };
        if text.starts_with("<aws.scheduler.") {
            return Self::Clock("the scheduler did not put the time in its place");
        }
        match text.trim().parse::<Timestamp>() {
            Ok(at) if at.duration_since(clock) > AHEAD => Self::TooFarAhead(at),
            Ok(at) => Self::At(at),
            Err(_) => Self::Clock("the scheduled time is not RFC 3339"),
        }
    }
}

/// The time that a run stands for: the event's, else the clock's, which is logged with the reason. An error is a time
/// too far ahead.
pub fn scheduled_at(event: &Value, clock: Timestamp) -> Result<Timestamp, Timestamp> {
    match Scheduled::of(event, clock) {
        Scheduled::At(at) => Ok(at),
        Scheduled::Clock(reason) => {
            tracing::warn!(reason, now = %clock, "the clock decides");
            Ok(clock)
        }
        Scheduled::TooFarAhead(at) => Err(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_event_says_when_or_the_clock_does() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let clock = at("2023-10-05T09:00:30Z");
        let of = |event: Value| Scheduled::of(&event, clock);
        let nine = Scheduled::At(at("2023-10-05T09:00:00Z"));
        assert_eq!(of(json!({ "scheduled_at": "2023-10-05T09:00:00Z" })), nine);
        assert_eq!(of(json!({ "scheduled_at": "2023-10-05T11:00:00+02:00", "time": "1999" })), nine);
        assert_eq!(of(json!({ "time": "2023-10-05T09:00:00Z", "source": "aws.events" })), nine);
        let day = at("2023-10-06T09:00:30Z");
        assert_eq!(of(json!({ "scheduled_at": day.to_string() })), Scheduled::At(day));
        let later = at("2023-10-06T09:00:31Z");
        assert_eq!(of(json!({ "scheduled_at": later.to_string() })), Scheduled::TooFarAhead(later));
    }

    #[test]
    fn what_says_no_time_says_why() {
        let clock = Timestamp::UNIX_EPOCH;
        for (event, reason) in [
            (json!({}), "neither"),
            (json!([]), "neither"),
            (json!("x"), "neither"),
            (Value::Null, "neither"),
            (json!({ "scheduled_at": 17 }), "no text"),
            (json!({ "scheduled_at": null }), "no text"),
            (json!({ "scheduled_at": "<aws.scheduler.scheduled-time>" }), "did not put"),
            (json!({ "scheduled_at": "yesterday" }), "RFC 3339"),
            (json!({ "scheduled_at": "2023-10-05T09:00:00" }), "RFC 3339"),
        ] {
            let Scheduled::Clock(told) = Scheduled::of(&event, clock) else { panic!("{event}") };
            assert!(told.contains(reason), "{event}: {told}");
        }
    }
}
