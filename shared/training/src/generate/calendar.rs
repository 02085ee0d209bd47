//! How many tickets a day has, and when in the day they come.

use super::dice::Dice;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Weight of Monday to Sunday.
pub(super) const WEEKLY: [f64; 7] = [1.15, 1.05, 1.00, 1.00, 0.95, 0.45, 0.40];

/// A day's count deviates from its weekday's by up to this share, evenly.
const JITTER: f64 = 0.15;

/// Weight of each hour of the day: little at night, most from 9 to 15 o'clock.
const HOURLY: [f64; 24] = [
    0.10, 0.08, 0.06, 0.06, 0.08, 0.15, 0.35, 0.70, 1.20, 1.70, 1.90, 1.90, 1.70, 1.70, 1.80, 1.70, 1.40,
    1.00, 0.70, 0.50, 0.40, 0.30, 0.22, 0.15,
];

/// Tickets due on `date` when a day of weight 1 has `rate`.
pub(super) fn expected(date: Date, rate: f64) -> f64 {
    WEEKLY[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs()) % 7] * rate
}

/// `expected` with the usual day-to-day variation, rounded.
pub(super) fn jittered(expected: f64, dice: &mut Dice) -> usize {
    (expected * (1.0 - JITTER + 2.0 * JITTER * dice.unit())).round() as usize
}

/// A moment of `date`, by the hourly profile.
pub(super) fn moment(date: Date, dice: &mut Dice) -> DateTime {
    let hour = dice.weighted(HOURLY.into_iter()) as i8;
    date.at(hour, dice.below(60) as i8, dice.below(60) as i8, 0)
}

/// `local` in `zone`: times that a change of clocks skips move forward by the change, times that come twice are the
/// first.
pub(super) fn instant(local: DateTime, zone: &TimeZone) -> Timestamp {
    // Within the years 1970 to 2100 every local time is a timestamp.
    zone.to_timestamp(local).unwrap_or(Timestamp::UNIX_EPOCH)
}
