//! Sizes and durations in the form in which people write them: `"1 MiB"`, `"30s"`.
//!
//! Invariant: what `show_*` writes, `parse_*` reads back as the same value. Knows no keys and no ranges.

use std::time::Duration;

/// 1 KiB in bytes.
pub(super) const KIB: u64 = 1 << 10;
/// 1 MiB in bytes.
pub(super) const MIB: u64 = 1 << 20;
/// 1 GiB in bytes.
pub(super) const GIB: u64 = 1 << 30;

/// Largest first, for [`show_size`]. Powers of two only: "MB" means two things, and an error is better than a wrong
/// guess.
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];

/// In milliseconds.
const DURATION_UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Bytes, from a whole number and a unit; a space between them is optional, a missing unit means bytes. `None` if the
/// text is not a size.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    match unit {
        "" => Some(number),
        _ => number.checked_mul(factor(&SIZE_UNITS, unit)?),
    }
}

/// A duration, from a whole number and one of `ms`, `s`, `m`, `h`. `None` if the text is not a duration; a number
/// alone is not.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let millis = number.checked_mul(factor(&DURATION_UNITS, unit)?)?;
    Some(Duration::from_millis(millis))
}

/// The size in its largest whole unit: `1 MiB`, `1500 B`.
pub(super) fn show_size(bytes: u64) -> String {
    let (unit, factor) = SIZE_UNITS
        .into_iter()
        .find(|(_, factor)| bytes != 0 && bytes % factor == 0)
        .unwrap_or(("B", 1));
    format!("{} {unit}", bytes / factor)
}

/// The duration in whole hours, seconds or milliseconds: `1h`, `120s`, `500ms`. Finer parts are cut.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match (millis % 3_600_000, millis % 1_000) {
        _ if millis == 0 => "0s".into(),
        (0, _) => format!("{}h", millis / 3_600_000),
        (_, 0) => format!("{}s", millis / 1_000),
        _ => format!("{millis}ms"),
    }
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.strip_prefix(' ').unwrap_or(unit)))
}

fn factor(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    let found = units.iter().find(|(name, _)| *name == unit)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed() {
        for (text, expected) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("512 B", Some(512)),
            ("64KiB", Some(64 * KIB)),
            ("1 MiB", Some(MIB)),
            ("2 GiB", Some(2 * GIB)),
            ("", None),
            (" 1 MiB", None),
            ("1  MiB", None),
            ("1 MB", None),
            ("1 mib", None),
            ("1.5 MiB", None),
            ("-1", None),
            ("+1", None),
            ("MiB", None),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("18446744073709551615 KiB", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_are_parsed() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("500ms", Some(500)),
            ("1h", Some(3_600_000)),
            ("30 s", Some(30_000)),
            ("0s", Some(0)),
            ("30", None),
            ("s", None),
            ("1m30s", None),
            ("1d", None),
            ("18446744073709551615h", None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }

    #[test]
    fn values_that_are_shown_can_be_parsed() {
        for bytes in [
            0,
            1,
            512,
            1_500,
            KIB,
            3 * KIB,
            MIB,
            256 * MIB,
            GIB,
            u64::MAX,
        ] {
            assert_eq!(parse_size(&show_size(bytes)), Some(bytes));
        }
        for millis in [0, 1, 999, 1_000, 1_500, 30_000, 120_000, 3_600_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
        }
        assert_eq!(show_duration(Duration::from_secs(120)), "120s");
        assert_eq!(show_size(MIB), "1 MiB");
    }
}
