//! Parsing the values of `madang bench`'s options, with error messages.

use crate::{
    config::{Host, parse_duration, parse_host_port, parse_size, split_url},
    load::{Protocol, Rate, TEXT_BYTES_MIN},
};
use std::time::Duration;

pub(super) fn target_help() -> String {
    format!(
        "Whom to measure: SCHEME://HOST[:PORT]; schemes: {}",
        Protocol::list().replace("://", "")
    )
}

pub(super) fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

pub(super) fn target(text: &str) -> Result<(Protocol, Host, u16), String> {
    let Some((scheme, authority)) = split_url(text) else {
        return Err(format!("write it as a URL; there are {}", Protocol::list()));
    };
    let protocol: Protocol = scheme.parse()?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    match parse_host_port(authority, protocol.default_port()) {
        Ok((_, 0)) => Err("port 0 cannot be called; ports are 1 to 65535".into()),
        Ok((host, port)) => Ok((protocol, host, port)),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn metrics(text: &str) -> Result<(Host, u16, String), String> {
    let (authority, path) = match split_url(text) {
        Some(("http", rest)) => match rest.split_once('/') {
            Some((authority, path)) => (authority, format!("/{path}")),
            None => (rest, "/metrics".into()),
        },
        Some(("metrics", rest)) => (rest.strip_suffix('/').unwrap_or(rest), "/metrics".into()),
        _ => return Err("write http://HOST:PORT/metrics or metrics://HOST:PORT".into()),
    };
    if path.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err("a path has no spaces and no control characters".into());
    }
    let (host, port) = parse_host_port(authority, 80).map_err(|error| error.to_string())?;
    Ok((host, port, path))
}

/// The longest run: everything is bounded.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text).ok_or("write a time as 500ms, 30s, 5m or 1h")?;
    match span {
        Duration::ZERO => Err("it must be longer than nothing".into()),
        span if span > LONGEST => Err("at most 24h".into()),
        span => Ok(span),
    }
}

pub(super) fn payload(text: &str) -> Result<usize, String> {
    let bytes = parse_size(text).ok_or("write a size as 64, 512B or 16KiB")?;
    let least = TEXT_BYTES_MIN;
    match usize::try_from(bytes) {
        Ok(bytes) if bytes >= least => Ok(bytes),
        _ => Err(format!(
            "at least {least}: that much takes the stamp by which a message is checked"
        )),
    }
}

pub(super) fn size(text: &str) -> Result<usize, String> {
    let bytes = parse_size(text).ok_or("write a size as 64, 512B or 16KiB")?;
    match usize::try_from(bytes) {
        Ok(bytes @ 1..=0x100_0000) => Ok(bytes),
        _ => Err("at least 1 and at most 16MiB".into()),
    }
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let (number, per) = text.split_once('/').unwrap_or((text, "s"));
    let thousandths = match (number.parse::<u64>(), per) {
        (Ok(number), "s") if number <= 1_000_000 => Some(number * 1000),
        (Ok(number), "m") if number <= 1_000_000 => Some(number * 1000 / 60),
        _ => None,
    };
    let rate = thousandths.and_then(Rate::from_thousandths);
    rate.ok_or_else(|| "write a rate as 50/s or 30/m, above nothing and at most a million".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_parsed() {
        for (text, per_second) in [
            ("50/s", Some(50.0)),
            ("50", Some(50.0)),
            ("30/m", Some(0.5)),
            ("1/m", Some(0.016)),
            ("0/s", None),
            ("0/m", None),
            ("1000001/s", None),
            ("5/h", None),
            ("x/s", None),
            ("", None),
            ("-1", None),
        ] {
            assert_eq!(
                rate(text).ok().map(Rate::per_second),
                per_second,
                "{text:?}"
            );
        }
    }

    #[test]
    fn targets_are_parsed() {
        for (text, expected) in [
            ("irc://localhost", Ok((Protocol::Irc, "localhost:6667"))),
            ("IRC://[::1]:1/", Ok((Protocol::Irc, "[::1]:1"))),
            ("ws://chat.example", Ok((Protocol::Ws, "chat.example:80"))),
            (
                "echo+udp://127.0.0.1:7",
                Ok((Protocol::EchoUdp, "127.0.0.1:7")),
            ),
            ("irc://localhost:0", Err("port 0")),
            ("irc://", Err("host")),
            ("localhost:6667", Err("URL")),
            ("http://localhost", Err("irc://")),
        ] {
            match (target(text), expected) {
                (Ok((protocol, host, port)), Ok((wanted, authority))) => {
                    assert_eq!(
                        (protocol, format!("{host}:{port}").as_str()),
                        (wanted, authority)
                    );
                }
                (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn urls_of_metrics_are_parsed() {
        for (text, expected) in [
            ("http://127.0.0.1:9/x", Some(("127.0.0.1", 9, "/x"))),
            ("http://localhost", Some(("localhost", 80, "/metrics"))),
            ("metrics://[::1]:9100", Some(("[::1]", 9100, "/metrics"))),
            ("https://x", None),
            ("x:1", None),
            ("http://x/a b", None),
        ] {
            let found = metrics(text)
                .ok()
                .map(|(host, port, path)| (host.to_string(), port, path));
            let expected = expected.map(|(host, port, path)| (host.into(), port, path.into()));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn spans_and_sizes_have_bounds() {
        assert!(duration("0s").is_err() && duration("25h").is_err() && duration("1").is_err());
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(size("16MiB"), Ok(16 << 20));
        assert!(size("0").is_err() && size("17MiB").is_err());
        assert_eq!(payload("44"), Ok(44));
        assert!(payload("43").is_err());
    }
}
