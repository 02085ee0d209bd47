//! Where the ticks of a picture's axes go and what they say.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A mark on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Where (UTC).
    pub at: Timestamp,
    /// The time, day, month or year, in the zone.
    pub label: String,
    /// What the following labels leave out, where it changes: the day over hours, the year over days.
    pub heading: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Minutes(i32),
    Days(i32),
    Months(i32),
}

const STEPS: [Step; 22] = [
    Step::Minutes(5),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
    Step::Months(600),
    Step::Months(2400),
    Step::Months(12000),
];

impl Step {
    fn seconds(self) -> i64 {
        match self {
            Self::Minutes(n) => i64::from(n) * 60,
            Self::Days(n) => i64::from(n) * 86_400,
            Self::Months(n) => i64::from(n) * 2_629_746,
        }
    }

    fn next(self, at: DateTime) -> Option<DateTime> {
        let span = match self {
            Self::Minutes(n) => Span::new().minutes(n),
            Self::Days(n) => Span::new().days(n),
            Self::Months(n) => Span::new().months(n),
        };
        at.checked_add(span).ok()
    }

    /// The last multiple of the step by `at`: weeks begin on Monday, quarters in January.
    fn floor(self, at: DateTime) -> Option<DateTime> {
        let date = at.date();
        let date = match self {
            Self::Minutes(_) => date,
            Self::Days(n) if n % 7 == 0 => {
                let monday =
                    date.checked_sub(Span::new().days(date.weekday().since(Weekday::Monday))).ok()?;
                let weeks = days_since_epoch(monday).div_euclid(7);
                monday.checked_sub(Span::new().days(weeks.rem_euclid(n / 7) * 7)).ok()?
            }
            Self::Days(n) => date.checked_sub(Span::new().days(days_since_epoch(date).rem_euclid(n))).ok()?,
            Self::Months(n) => {
                let months = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
                let months = months - months.rem_euclid(n);
                let year = i16::try_from(months.div_euclid(12)).ok()?;
                Date::new(year, (months.rem_euclid(12) + 1) as i8, 1).ok()?
            }
        };
        Some(date.to_datetime(Time::midnight()))
    }

    fn label(self, at: DateTime) -> String {
        match self {
            Self::Minutes(_) => at.strftime("%H:%M").to_string(),
            Self::Days(_) => at.strftime("%-d %b").to_string(),
            Self::Months(n) if n < 12 => at.strftime("%b").to_string(),
            Self::Months(_) => at.year().to_string(),
        }
    }

    fn heading(self, at: DateTime) -> Option<String> {
        match self {
            Self::Minutes(_) => Some(at.strftime("%a %-d %b %Y").to_string()),
            Self::Days(_) => Some(at.year().to_string()),
            Self::Months(n) if n < 12 => Some(at.year().to_string()),
            Self::Months(_) => None,
        }
    }
}

fn days_since_epoch(date: Date) -> i32 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours().div_euclid(24) as i32
}

/// Ticks of `[start, end]` at round local times, at most about `most` of them. Over a clock change they stay at
/// round local times, so one gap is an hour shorter or longer.
pub fn time_ticks(start: Timestamp, end: Timestamp, zone: &TimeZone, most: usize) -> Vec<Tick> {
    let span = (end.as_second() - start.as_second()).max(1);
    let most = most.max(1) as i64;
    let step = STEPS.into_iter().find(|s| span / s.seconds() < most).unwrap_or(STEPS[STEPS.len() - 1]);
    let mut ticks: Vec<Tick> = Vec::new();
    let mut heading = None;
    let mut local = step.floor(start.to_zoned(zone.clone()).datetime());
    while let Some(civil) = local {
        local = step.next(civil);
        // A local time that a clock change skips lies after the gap; its own tick may lie there already.
        let Ok(at) = zone.to_ambiguous_timestamp(civil).compatible() else { continue };
        if at > end {
            break;
        }
        if at < start || ticks.last().is_some_and(|last| at <= last.at) {
            continue;
        }
        let now = step.heading(civil);
        let new = if now == heading { None } else { now.clone() };
        heading = now;
        ticks.push(Tick { at, label: step.label(civil), heading: new });
    }
    ticks
}

/// Distance of round marks (1, 2 or 5 times a power of ten, at least 1) that cut `[0, top]` into at most `most`
/// pieces.
pub fn count_step(top: f64, most: usize) -> f64 {
    let rough = (top / most.max(1) as f64).max(1.0);
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= rough * 0.999_999)
        .unwrap_or(rough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticks(start: &str, end: &str, zone: &str) -> Vec<(String, String)> {
        let zone = TimeZone::get(zone).unwrap();
        time_ticks(start.parse().unwrap(), end.parse().unwrap(), &zone, 8)
            .into_iter()
            .map(|t| (t.label, t.heading.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn hours_carry_their_day_where_it_changes() {
        let got = ticks("2023-10-05T15:20:00Z", "2023-10-06T12:00:00Z", "Europe/Berlin");
        let want = [("18:00", "Thu 5 Oct 2023"), ("21:00", ""), ("00:00", "Fri 6 Oct 2023"), ("03:00", "")];
        for (got, want) in got.iter().zip(want) {
            assert_eq!((got.0.as_str(), got.1.as_str()), want);
        }
        assert_eq!(got.len(), 7);
    }

    #[test]
    fn days_stay_at_local_midnight_over_a_clock_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let ticks = time_ticks(
            "2024-03-28T23:00:00Z".parse().unwrap(),
            "2024-04-02T12:00:00Z".parse().unwrap(),
            &zone,
            8,
        );
        assert!(ticks.len() >= 5, "{ticks:?}");
        assert!(ticks.iter().all(|t| t.at.to_zoned(zone.clone()).hour() == 0), "{ticks:?}");
    }

    #[test]
    fn a_skipped_local_time_gives_no_second_tick() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let (start, end) = ("2024-03-31T00:00:00Z".parse().unwrap(), "2024-03-31T04:00:00Z".parse().unwrap());
        let labels: Vec<_> = time_ticks(start, end, &zone, 8).into_iter().map(|t| t.at.to_string()).collect();
        let mut unique = labels.clone();
        unique.dedup();
        assert_eq!(labels, unique);
    }

    #[test]
    fn weeks_begin_on_monday_and_quarters_in_january() {
        let zone = TimeZone::UTC;
        let of = |start: &str, end: &str, most| {
            time_ticks(start.parse().unwrap(), end.parse().unwrap(), &zone, most)
                .into_iter()
                .map(|t| t.at.to_zoned(zone.clone()).date())
                .collect::<Vec<_>>()
        };
        let weeks = of("2024-01-02T00:00:00Z", "2024-02-20T00:00:00Z", 8);
        assert!(!weeks.is_empty() && weeks.iter().all(|d| d.weekday() == Weekday::Monday), "{weeks:?}");
        let quarters = of("2023-02-01T00:00:00Z", "2024-12-31T00:00:00Z", 8);
        assert!(
            quarters.len() > 5 && quarters.iter().all(|d| d.month() % 3 == 1 && d.day() == 1),
            "{quarters:?}"
        );
    }

    #[test]
    fn marks_are_round() {
        let step = |top| count_step(top, 5);
        assert_eq!(
            (step(0.0), step(3.0), step(12.0), step(191.0), step(1e6)),
            (1.0, 1.0, 5.0, 50.0, 200_000.0)
        );
    }

    proptest! {
        #[test]
        fn ticks_are_few_inside_and_in_order(start in -377_000_000_000i64..253_000_000_000, length in 1i64..99_999_999_999) {
            let start = Timestamp::from_second(start).unwrap();
            let end = Timestamp::from_second((start.as_second() + length).min(253_000_000_000)).unwrap();
            let ticks = time_ticks(start, end, &TimeZone::get("America/New_York").unwrap(), 10);
            prop_assert!(ticks.len() <= 12, "{}", ticks.len());
            prop_assert!(ticks.iter().all(|t| start <= t.at && t.at <= end));
            prop_assert!(ticks.windows(2).all(|t| t[0].at < t[1].at));
        }

        #[test]
        fn marks_are_at_most_as_many_as_asked(top in 0.0f64..1e12, most in 1usize..20) {
            prop_assert!(top / count_step(top, most) <= most as f64 + 1e-3);
        }
    }
}
