//! Points in time as help desks write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::{Offset, TimeZone};

/// Which comes first in a date such as `03/04/2024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// 3 April.
    DayFirst,
    /// March 4.
    MonthFirst,
}

/// How times without an offset, and dates without a clear order, are to be understood.
#[derive(Clone, Debug)]
pub(super) struct TimeRules {
    pub(super) zone: TimeZone,
    pub(super) order: Option<DayOrder>,
}

const UNREADABLE: &str = "is not a time that can be read; write it like 2024-03-31T14:05:00Z, 2024-03-31 14:05 or as epoch seconds";
const AMBIGUOUS: &str = "may mean day/month or month/day; say which comes first (day order)";
const OUT_OF_RANGE: &str = "is outside the years 1970 to 2100";
const IMPOSSIBLE: &str = "is a date or a time of day that does not exist";
const SMALL_NUMBER: &str =
    "is a number too small to be epoch seconds (before 1973); write the time like 2024-03-31T14:05:00Z";

/// First second after the years that are accepted: 2101-01-01T00:00:00Z.
const END: i64 = 4_133_980_800;
/// Smaller numbers are more likely compact dates (`20240331`) or a spreadsheet's day numbers than seconds.
const SMALLEST_EPOCH: i64 = 100_000_000;
/// Larger numbers are milliseconds: seconds of 2100 stay below, milliseconds since 1973 above.
const LARGEST_SECONDS: i64 = 99_999_999_999;

impl TimeRules {
    /// Reads RFC 3339, `YYYY-MM-DD[( |T)H:MM[:SS[.f]]][ AM|PM][ offset]`, the same with `DD.MM.YYYY`,
    /// `DD/MM/YYYY` or `MM/DD/YYYY`, RFC 2822, and epoch seconds or milliseconds.
    ///
    /// A local time that a zone's clock skips is moved forward by the length of the gap; one that the clock shows
    /// twice is the first of both. Dotted dates are day first unless the order says otherwise; slashes and dashes
    /// are refused where both orders are possible and none was given. The error says what is wrong and fits
    /// after the column's name; it never repeats the value.
    pub(super) fn read(&self, text: &str) -> Result<Timestamp, &'static str> {
        let text = text.trim();
        let at = match epoch(text) {
            Some(at) => at?,
            None if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                rfc2822::parse(text).map_err(|_| UNREADABLE)?.timestamp()
            }
            None => self.calendar(text)?,
        };
        if (0..END).contains(&at.as_second()) { Ok(at) } else { Err(OUT_OF_RANGE) }
    }

    fn calendar(&self, text: &str) -> Result<Timestamp, &'static str> {
        let mut rest = Scanner(text.as_bytes());
        let (year, month, day) = self.date(&mut rest)?;
        let time = if rest.0.is_empty() { ClockTime::default() } else { clock_time(&mut rest)? };
        if !rest.0.is_empty() {
            return Err(UNREADABLE);
        }
        let small = |n: u32| i8::try_from(n).map_err(|_| IMPOSSIBLE);
        let year = i16::try_from(year).map_err(|_| OUT_OF_RANGE)?;
        let local = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(time.hour)?,
            small(time.minute)?,
            // A leap second is the last ordinary one.
            small(time.second.min(if time.second == 60 { 59 } else { 60 }))?,
            time.nanosecond,
        )
        .map_err(|_| IMPOSSIBLE)?;
        match time.offset {
            Some(offset) => offset.to_timestamp(local).map_err(|_| OUT_OF_RANGE),
            None => self.zone.to_ambiguous_timestamp(local).compatible().map_err(|_| OUT_OF_RANGE),
        }
    }

    fn date(&self, rest: &mut Scanner) -> Result<(u32, u32, u32), &'static str> {
        let (first, digits) = rest.number(4).ok_or(UNREADABLE)?;
        let separator = rest.next_of(b"-/.").ok_or(UNREADABLE)?;
        let (second, _) = rest.number(2).ok_or(UNREADABLE)?;
        rest.next_of(&[separator]).ok_or(UNREADABLE)?;
        match digits {
            4 => {
                let (third, _) = rest.number(2).ok_or(UNREADABLE)?;
                Ok((first, second, third))
            }
            1 | 2 => {
                let (year, digits) = rest.number(5).ok_or(UNREADABLE)?;
                if digits != 4 {
                    return Err(UNREADABLE);
                }
                match self.order_of(first, second, separator)? {
                    DayOrder::DayFirst => Ok((year, second, first)),
                    DayOrder::MonthFirst => Ok((year, first, second)),
                }
            }
            _ => Err(UNREADABLE),
        }
    }

    fn order_of(&self, first: u32, second: u32, separator: u8) -> Result<DayOrder, &'static str> {
        match self.order {
            Some(order) => Ok(order),
            None if separator == b'.' || first > 12 => Ok(DayOrder::DayFirst),
            None if second > 12 || first == second => Ok(DayOrder::MonthFirst),
            None => Err(AMBIGUOUS),
        }
    }
}

/// `None` when the text is not a plain number.
fn epoch(text: &str) -> Option<Result<Timestamp, &'static str>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if unsigned.is_empty() || !digits(unsigned) || !digits(fraction) {
        return None;
    }
    let Ok(number) = whole.parse::<i64>() else { return Some(Err(OUT_OF_RANGE)) };
    if number < 0 {
        return Some(Err(OUT_OF_RANGE));
    }
    if number < SMALLEST_EPOCH {
        return Some(Err(SMALL_NUMBER));
    }
    let at = if number <= LARGEST_SECONDS {
        Timestamp::new(number, nanoseconds(fraction.as_bytes()))
    } else {
        Timestamp::from_millisecond(number)
    };
    Some(at.map_err(|_| OUT_OF_RANGE))
}

/// The first nine digits of a fraction of a second.
fn nanoseconds(fraction: &[u8]) -> i32 {
    let digit = |i: usize| fraction.get(i).map_or(0, |b| i32::from(b.saturating_sub(b'0').min(9)));
    (0..9).fold(0, |sum, i| sum * 10 + digit(i))
}

#[derive(Default)]
struct ClockTime {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: i32,
    offset: Option<Offset>,
}

fn clock_time(rest: &mut Scanner) -> Result<ClockTime, &'static str> {
    let comma = rest.next_of(b",").is_some();
    let spaces = rest.spaces();
    if !spaces && (comma || rest.next_of(b"Tt").is_none()) {
        return Err(UNREADABLE);
    }
    let (hour, _) = rest.number(2).ok_or(UNREADABLE)?;
    let mut time = ClockTime { hour, ..ClockTime::default() };
    rest.next_of(b":").ok_or(UNREADABLE)?;
    time.minute = rest.two_digits().ok_or(UNREADABLE)?;
    if rest.next_of(b":").is_some() {
        time.second = rest.two_digits().ok_or(UNREADABLE)?;
        if rest.next_of(b".,").is_some() {
            let digits = rest.0.iter().take_while(|b| b.is_ascii_digit()).count();
            let (fraction, after) = rest.0.split_at(digits);
            if digits == 0 {
                return Err(UNREADABLE);
            }
            time.nanosecond = nanoseconds(fraction);
            rest.0 = after;
        }
    }
    rest.spaces();
    if let Some(half) = rest.next_of(b"AaPp") {
        rest.next_of(b"Mm").ok_or(UNREADABLE)?;
        if !(1..=12).contains(&time.hour) {
            return Err(IMPOSSIBLE);
        }
        time.hour = time.hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
        rest.spaces();
    }
    time.offset = offset(rest)?;
    Ok(time)
}

fn offset(rest: &mut Scanner) -> Result<Option<Offset>, &'static str> {
    if rest.0.is_empty() {
        return Ok(None);
    }
    for name in ["z", "utc", "gmt"] {
        if rest.0.eq_ignore_ascii_case(name.as_bytes()) {
            rest.0 = &[];
            return Ok(Some(Offset::UTC));
        }
    }
    let sign = if rest.next_of(b"+-").ok_or(UNREADABLE)? == b'-' { -1 } else { 1 };
    let hours = rest.two_digits().ok_or(UNREADABLE)?;
    let colon = rest.next_of(b":").is_some();
    let minutes = if rest.0.is_empty() && !colon { 0 } else { rest.two_digits().ok_or(UNREADABLE)? };
    if hours > 15 || minutes > 59 {
        return Err(IMPOSSIBLE);
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).map_err(|_| IMPOSSIBLE)?;
    Offset::from_seconds(sign * seconds).map(Some).map_err(|_| IMPOSSIBLE)
}

/// What is left of the text.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    /// A number of 1 to `most` digits (at most 9) and how many there were; takes no digit beyond.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let digits = self.0.iter().take(most.min(9)).take_while(|b| b.is_ascii_digit()).count();
        let (number, after) = self.0.split_at(digits);
        self.0 = after;
        let value = number.iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
        (digits > 0).then_some((value, digits))
    }

    fn two_digits(&mut self) -> Option<u32> {
        self.number(2).filter(|(_, digits)| *digits == 2).map(|(value, _)| value)
    }

    fn next_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, after) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = after;
        Some(*first)
    }

    /// Skips spaces, the narrow no-break space of JavaScript's formatter among them.
    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        while let Some(after) =
            self.0.strip_prefix(b" ").or_else(|| self.0.strip_prefix("\u{202f}".as_bytes()))
        {
            self.0 = after;
        }
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(zone: &str, order: Option<DayOrder>) -> TimeRules {
        TimeRules { zone: TimeZone::get(zone).unwrap(), order }
    }

    fn berlin(text: &str) -> Result<String, &'static str> {
        rules("Europe/Berlin", None).read(text).map(|at| at.to_string())
    }

    #[test]
    fn every_documented_form_is_read() {
        for (text, at) in [
            ("2024-03-05T14:05:00Z", "2024-03-05T14:05:00Z"),
            ("2024-03-05t14:05:00.25+01:00", "2024-03-05T13:05:00.25Z"),
            ("2024-03-05 14:05:00 -0500", "2024-03-05T19:05:00Z"),
            ("2024-03-05 14:05:00+02", "2024-03-05T12:05:00Z"),
            ("2024-03-05 14:05:00 UTC", "2024-03-05T14:05:00Z"),
            ("2024-03-05 14:05", "2024-03-05T13:05:00Z"),
            ("2024/3/5 9:05", "2024-03-05T08:05:00Z"),
            ("2024-07-05", "2024-07-04T22:00:00Z"),
            ("05.03.2024 14:05", "2024-03-05T13:05:00Z"),
            ("5.3.2024, 14:05:59", "2024-03-05T13:05:59Z"),
            ("3/25/2024 2:05 PM", "2024-03-25T13:05:00Z"),
            ("03/25/2024 12:05:07 am", "2024-03-24T23:05:07Z"),
            ("03/25/2024 12:05\u{202f}PM", "2024-03-25T11:05:00Z"),
            ("25/03/2024", "2024-03-24T23:00:00Z"),
            ("3/3/2024", "2024-03-02T23:00:00Z"),
            ("1709647500", "2024-03-05T14:05:00Z"),
            ("1709647500.5", "2024-03-05T14:05:00.5Z"),
            ("1709647500250", "2024-03-05T14:05:00.25Z"),
            ("Tue, 5 Mar 2024 14:05:00 +0100", "2024-03-05T13:05:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("  2100-12-31T23:59:59Z ", "2100-12-31T23:59:59Z"),
        ] {
            assert_eq!(berlin(text).as_deref(), Ok(at), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_time_is_refused_for_its_reason() {
        for (text, reason) in [
            ("", UNREADABLE),
            ("yesterday", UNREADABLE),
            ("2024-03-05T14:05:00Zx", UNREADABLE),
            ("2024-03-05T", UNREADABLE),
            ("2024-03-05T14", UNREADABLE),
            ("2024-03/05", UNREADABLE),
            ("05.03.24", UNREADABLE),
            ("2024-03-05 14:05+1:", UNREADABLE),
            ("03/04/2024", AMBIGUOUS),
            ("03-04-2024 10:00", AMBIGUOUS),
            ("2024-02-30", IMPOSSIBLE),
            ("2024-01-01 24:00", IMPOSSIBLE),
            ("2024-01-01 10:61", IMPOSSIBLE),
            ("2024-01-01 10:00:61", IMPOSSIBLE),
            ("2024-01-01 13:00 PM", IMPOSSIBLE),
            ("2024-01-01 10:00+24:00", IMPOSSIBLE),
            ("9999-12-31", OUT_OF_RANGE),
            ("2101-01-01T00:00:00Z", OUT_OF_RANGE),
            ("1969-12-31T23:59:59Z", OUT_OF_RANGE),
            ("0001-01-01 00:00:00", OUT_OF_RANGE),
            ("-1709647500", OUT_OF_RANGE),
            ("99999999999999999999999999", OUT_OF_RANGE),
            ("20240305", SMALL_NUMBER),
            ("45356", SMALL_NUMBER),
        ] {
            assert_eq!(berlin(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_given_order_decides_and_is_not_overruled() {
        let day = rules("UTC", Some(DayOrder::DayFirst));
        let month = rules("UTC", Some(DayOrder::MonthFirst));
        assert_eq!(day.read("03/04/2024").unwrap().to_string(), "2024-04-03T00:00:00Z");
        assert_eq!(month.read("03/04/2024").unwrap().to_string(), "2024-03-04T00:00:00Z");
        assert_eq!(day.read("03/25/2024"), Err(IMPOSSIBLE));
    }

    #[test]
    fn a_skipped_local_time_moves_forward_and_a_repeated_one_is_the_first() {
        // The clock goes from 02:00 to 03:00 on 2024-03-31, and from 03:00 back to 02:00 on 2024-10-27.
        assert_eq!(berlin("2024-03-31 02:30").as_deref(), Ok("2024-03-31T01:30:00Z"));
        assert_eq!(berlin("2024-03-31 03:30").as_deref(), Ok("2024-03-31T01:30:00Z"));
        assert_eq!(berlin("2024-10-27 02:30").as_deref(), Ok("2024-10-27T00:30:00Z"));
        assert_eq!(berlin("2024-10-27T02:30:00+01:00").as_deref(), Ok("2024-10-27T01:30:00Z"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(second in 0..END, millis in 0i32..1000) {
            let at = Timestamp::new(second, millis * 1_000_000).unwrap();
            prop_assert_eq!(rules("America/New_York", None).read(&at.to_string()), Ok(at));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", digits in "[0-9 :./TZ+-]{0,30}") {
            let rules = rules("Europe/Berlin", None);
            let _ = rules.read(&text);
            let _ = rules.read(&digits);
        }
    }
}
