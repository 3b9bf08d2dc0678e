//! Histograms as an HDR log, version 1.3: one line for each, readable by every HdrHistogram tool.
//!
//! ```text
//! Tag=latency,START,LENGTH,MAX,BASE64     start and length in seconds, max in milliseconds
//! BASE64: 0x1c849314, length, zlib( 0x1c849313, length, 0, digits, lowest, highest, 1.0, counts )
//! ```
//!
//! Counts are zigzag LEB128, and a run of empty ones is its negative length. The zlib stream stores and does not
//! compress: histograms are short, and every reader takes it. The values are microseconds.
//!
//! The crate `hdrhistogram` can write this form too (its feature `serialization`), at the price of six more crates
//! (flate2, miniz_oxide, simd-adler32, adler2, crc32fast, nom 8) for what are a hundred lines here.

use super::values::{Kept, Report};
use crate::load::measure::Spans;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;

/// Second version of the encoding, words of variable length.
const COOKIE: u32 = 0x1c84_9313;

/// The same, compressed.
const COOKIE_COMPRESSED: u32 = 0x1c84_9314;

impl Report {
    /// All histograms of the run as an HDR log. A report that was read back has none.
    pub fn to_histogram_log(&self) -> String {
        let mut log = format!(
            "#[{}: {} {}, values in microseconds]\n#[Histogram log format version 1.3]\n\
             #[StartTime: {}.000 (seconds since epoch)]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
            self.tool, self.scenario, self.target, self.started
        );
        for Kept {
            tag,
            start,
            seconds,
            spans,
        } in self.kept.iter().filter(|kept| kept.spans.count() > 0)
        {
            let max = spans.histogram().max() as f64 / 1e3;
            let _ = writeln!(
                log,
                "Tag={tag},{start:.3},{seconds:.3},{max:.3},{}",
                encode(spans)
            );
        }
        log
    }
}

fn encode(spans: &Spans) -> String {
    let plain = payload(spans);
    let mut bytes = Vec::with_capacity(plain.len() + 32);
    let stored = zlib(&plain);
    bytes.extend_from_slice(&COOKIE_COMPRESSED.to_be_bytes());
    bytes.extend_from_slice(&(stored.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&stored);
    STANDARD.encode(bytes)
}

fn payload(spans: &Spans) -> Vec<u8> {
    let histogram = spans.histogram();
    let mut counts = Vec::new();
    let (mut left, mut empty) = (histogram.len(), 0_i64);
    for value in histogram.iter_all() {
        if left == 0 {
            break;
        }
        match value.count_at_value() {
            0 => empty += 1,
            count => {
                if empty > 0 {
                    zigzag(-empty, &mut counts);
                    empty = 0;
                }
                zigzag(count as i64, &mut counts);
                left -= count;
            }
        }
    }
    let mut bytes = Vec::with_capacity(40 + counts.len());
    let head = [
        COOKIE,
        counts.len() as u32,
        0,
        u32::from(histogram.sigfig()),
    ];
    bytes.extend(head.iter().flat_map(|word| word.to_be_bytes()));
    bytes.extend_from_slice(&histogram.low().to_be_bytes());
    bytes.extend_from_slice(&histogram.high().to_be_bytes());
    bytes.extend_from_slice(&1.0_f64.to_be_bytes());
    bytes.extend_from_slice(&counts);
    bytes
}

/// Appends a number in groups of seven bits, the lowest first; a ninth byte has eight.
fn zigzag(number: i64, out: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            return out.push(rest as u8);
        }
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951 section 3.2.4).
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut chunks = bytes.chunks(0xffff).peekable();
    while let Some(chunk) = chunks.next() {
        out.push(u8::from(chunks.peek().is_none()));
        let length = chunk.len() as u16;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend_from_slice(&adler32(bytes).to_be_bytes());
    out
}

/// RFC 1950 section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_variable_length() {
        for (number, expected) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (63, &[126]),
            (-65, &[0x81, 1]),
            (64, &[0x80, 1]),
            (
                i64::MAX,
                &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
        ] {
            let mut out = Vec::new();
            zigzag(number, &mut out);
            assert_eq!(out, expected, "{number}");
        }
    }

    #[test]
    fn the_zlib_stream_is_stored() {
        // RFC 1950's sum of a known text.
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        let stream = zlib(b"abc");
        assert_eq!(&stream[..7], [0x78, 1, 1, 3, 0, 0xfc, 0xff]);
        let long = zlib(&[7; 70_000]);
        assert_eq!((long[2], long[2 + 5 + 65_535]), (0, 1));
    }

    #[test]
    fn each_histogram_is_a_line() {
        let mut spans = Spans::default();
        [3, 3, 5000].iter().for_each(|micros| spans.note(*micros));
        let head = payload(&spans);
        assert_eq!(
            head[..8],
            [0x1c, 0x84, 0x93, 0x13, 0, 0, 0, (head.len() - 40) as u8]
        );
        // Three empty buckets, a two, many empty ones, a one at five thousand.
        assert_eq!(head[40..42], [5, 4]);
        assert_eq!(head.last(), Some(&2));
        let mut report = crate::load::report::sample::full();
        report.kept = vec![
            Kept {
                tag: "latency",
                start: 1.5,
                seconds: 20.0,
                spans,
            },
            Kept {
                tag: "none",
                start: 0.0,
                seconds: 0.0,
                spans: Spans::default(),
            },
        ];
        let log = report.to_histogram_log();
        let lines: Vec<&str> = log.lines().skip(4).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(
            lines[0].starts_with("Tag=latency,1.500,20.000,5.003,HISTFAAA"),
            "{log}"
        );
    }
}
