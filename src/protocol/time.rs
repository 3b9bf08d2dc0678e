//! Moments in the forms that protocols write them in.
//!
//! Does not know what time it is.

use crate::chat::WallTime;
use std::{fmt, time::Duration};

/// A moment as the `time` tag has it (IRCv3 server-time; ISO 8601 in UTC): `2024-02-29T12:00:00.000Z`.
pub struct Iso(pub WallTime);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.unix_ms();
        let (year, month, day) = civil(ms.div_euclid(86_400_000));
        let of_day = ms.rem_euclid(86_400_000);
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
        if !(0..10_000).contains(&year) {
            let time = format_args!("T{hour:02}:{minute:02}:{second:02}.{milli:03}Z");
            return write!(f, "{year:05}-{month:02}-{day:02}{time}");
        }
        // Digit by digit: it is in every message to most clients, and the formatter takes ten times as long.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (from, to, value) in [
            (0, 4, year),
            (5, 7, month),
            (8, 10, day),
            (11, 13, hour),
            (14, 16, minute),
            (17, 19, second),
            (20, 23, milli),
        ] {
            let mut rest = value;
            for digit in text[from..to].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

/// A moment for people, in UTC: `12:34`, with the date if it is not today's.
pub(super) struct Clock {
    pub(super) time: WallTime,
    /// The moment of this turn.
    pub(super) now: WallTime,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |time: WallTime| time.unix_ms().div_euclid(86_400_000);
        if day(self.time) != day(self.now) {
            let (year, month, day) = civil(day(self.time));
            write!(f, "{year:04}-{month:02}-{day:02} ")?;
        }
        let minutes = self.time.unix_ms().rem_euclid(86_400_000) / 60_000;
        write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The last moment before now that a person means by such a text: `12:34`, `2024-02-29`, both, or what
/// [`Iso`] writes.
pub(super) fn parse_clock(text: &str, now: WallTime) -> Option<WallTime> {
    const DAY: i64 = 86_400_000;
    if let Some(time) = parse_iso(text) {
        return Some(time);
    }
    let (date, clock) = match text.split_once(' ') {
        Some((date, clock)) => (Some(date), clock.trim()),
        None if text.contains(':') => (None, text),
        None => (Some(text), "00:00"),
    };
    let today = now.unix_ms().div_euclid(DAY);
    let midnight = match date {
        Some(date) => parse_iso(&format!("{date}T00:00:00Z"))?.unix_ms(),
        None => today * DAY,
    };
    let time = parse_iso(&format!("1970-01-01T{clock}:00Z"))?.unix_ms();
    let is_later = date.is_none() && midnight + time > now.unix_ms();
    let time = midnight + time - if is_later { DAY } else { 0 };
    Some(WallTime::from_unix_ms(time))
}

/// The moment that such a text is; the fraction may have more digits or fewer, or be absent.
pub(super) fn parse_iso(text: &str) -> Option<WallTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |text: &str, digits: usize| -> Option<i64> {
        let is_number = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = number(parts.next()?, 2).filter(|it| (1..=12).contains(it))?;
    let day = number(parts.next()?, 2)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock_parts = clock.split(':');
    let hour = number(clock_parts.next()?, 2).filter(|it| *it < 24)?;
    let minute = number(clock_parts.next()?, 2).filter(|it| *it < 60)?;
    // 60 is a leap second.
    let second = number(clock_parts.next()?, 2).filter(|it| *it <= 60)?;
    let ms = number(fraction, fraction.len()).filter(|_| (1..=9).contains(&fraction.len()))?;
    let ms = ms * 1000 / 10_i64.pow(fraction.len() as u32);
    let is_whole = parts.next().is_none() && clock_parts.next().is_none();
    if !is_whole || !(1..=days).contains(&day) {
        return None;
    }
    let seconds = (days_of(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    Some(WallTime::from_unix_ms(seconds * 1000 + ms))
}

/// Days from 1970-01-01 to a day: what [`civil`] turns around.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A moment as the header field `Date` has it (RFC 9110 section 5.6.7, IMF-fixdate): `Thu, 29 Feb 2024 12:00:00 GMT`.
///
/// The calendar is that of [`Iso`]; the crate `httpdate` would save these lines alone, and panics where a clock is
/// before 1970.
pub(super) struct HttpDate(pub WallTime);

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 1970-01-01 was a Thursday.
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let seconds = unix(self.0);
        let days = seconds.div_euclid(86_400);
        let (year, month, day) = civil(days);
        let of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let day_name = DAYS[days.rem_euclid(7) as usize];
        let month_name = MONTHS[month as usize - 1];
        write!(
            f,
            "{day_name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

/// Seconds since 1970, as most replies have them.
pub(super) fn unix(time: WallTime) -> i64 {
    time.unix_ms().div_euclid(1000)
}

/// A span for people, in its greatest unit: `5 min`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts in eras of 400 years that begin on the first of March, so that a leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A span that a client has to wait, for a text: whole seconds, at least one.
pub fn seconds_to_wait(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Iso(WallTime::from_unix_ms(ms)).to_string(), expected);
            assert_eq!(parse_iso(expected), Some(WallTime::from_unix_ms(ms)));
        }
    }

    #[test]
    fn what_is_no_moment_is_not_read_as_one() {
        let day = 1_704_067_200_000;
        for (text, expected) in [
            ("2024-01-01T00:00:00Z", Some(day)),
            ("2024-01-01T00:00:00.1Z", Some(day + 100)),
            ("2024-01-01T00:00:00.123456789Z", Some(day + 123)),
            ("2023-12-31T23:59:60.000Z", Some(day)),
            ("2024-02-29T00:00:00.000Z", Some(day + 59 * 86_400_000)),
            ("2023-02-29T00:00:00.000Z", None),
            ("2024-01-01T00:00:00.000", None),
            ("2024-01-01 00:00:00.000Z", None),
            ("2024-1-01T00:00:00.000Z", None),
            ("2024-13-01T00:00:00.000Z", None),
            ("2024-01-00T00:00:00.000Z", None),
            ("2024-01-01T24:00:00.000Z", None),
            ("2024-01-01T00:60:00.000Z", None),
            ("2024-01-01T00:00:00.Z", None),
            ("2024-01-01T00:00:00.0000000000Z", None),
            ("2024-01-01T00:00:00:00.000Z", None),
            ("2024-01-01-01T00:00:00.000Z", None),
            ("2024-01-01T+1:00:00.000Z", None),
            ("1704067200", None),
            ("", None),
            ("\u{e9}024-01-01T00:00:00.000Z", None),
        ] {
            let expected = expected.map(WallTime::from_unix_ms);
            assert_eq!(parse_iso(text), expected, "{text}");
        }
    }

    #[test]
    fn a_clock_shows_the_date_of_other_days_and_is_read_as_it_is_shown() {
        let now = parse_iso("2024-03-01T12:00:30.000Z").unwrap();
        for (time, shown) in [
            ("2024-03-01T00:00:00Z", "00:00"),
            ("2024-03-01T11:59:00Z", "11:59"),
            ("2024-03-01T12:00:00Z", "12:00"),
            ("2024-02-29T23:59:00Z", "2024-02-29 23:59"),
            ("1999-12-31T01:02:00Z", "1999-12-31 01:02"),
        ] {
            let time = parse_iso(time).unwrap();
            assert_eq!(Clock { time, now }.to_string(), shown);
            assert_eq!(parse_clock(shown, now), Some(time), "{shown}");
        }
        for (text, time) in [
            ("12:01", Some("2024-02-29T12:01:00Z")),
            ("2024-02-28", Some("2024-02-28T00:00:00Z")),
            ("2024-02-28T01:02:03.004Z", Some("2024-02-28T01:02:03.004Z")),
            ("24:00", None),
            ("yesterday", None),
            ("2024-02-30 12:00", None),
            ("", None),
            (" ", None),
        ] {
            let time = time.and_then(parse_iso);
            assert_eq!(parse_clock(text, now), time, "{text}");
        }
    }

    #[test]
    fn dates_have_their_weekday() {
        for (ms, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            // The example of RFC 9110.
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_999, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(HttpDate(WallTime::from_unix_ms(ms)).to_string(), expected);
        }
    }
}
