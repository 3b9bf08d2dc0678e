//! What a `metrics://` listener serves: text that a strict reader takes, names that stand in docs/METRICS.md, numbers that
//! are true.

mod common;

use common::{Client, PATIENCE, Server, Setup, fetch, fetch_over, fetch_with, wait_for};
use rustix::process::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

fn start(config: &str) -> Server {
    Setup::new()
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .config(config)
        .start()
}

/// One scrape: every sample by its name with labels, and the families.
#[derive(Debug, Default)]
struct Scrape {
    samples: BTreeMap<String, f64>,
    /// Names as they stand in a query, without the suffixes of histograms.
    families: BTreeSet<String>,
}

impl Scrape {
    #[track_caller]
    fn take(server: &Server) -> Self {
        let fetched = fetch(server.address_of(1), "/metrics");
        assert_eq!(fetched.status, 200);
        let content_type = fetched.field("content-type");
        let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(content_type, Some(expected));
        Self::read(&fetched.body)
    }

    /// Reads OpenMetrics text, and takes nothing that the specification (1.0.0) does not allow.
    #[track_caller]
    fn read(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("it ends with EOF");
        let mut scrape = Self::default();
        let mut families = BTreeSet::new();
        let (mut name, mut kind) = (String::new(), String::new());
        for line in text.lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["#", "HELP", of, help] => {
                    assert!(families.insert(of.to_owned()), "{of} comes twice");
                    assert!(help.ends_with('.'), "{line}");
                    (name, kind) = (of.to_owned(), String::new());
                }
                ["#", "TYPE", of, what] => {
                    assert_eq!(of, name, "{line}");
                    kind = what.to_owned();
                }
                ["#", "UNIT", of, unit] => {
                    assert_eq!(of, name, "{line}");
                    assert!(of.ends_with(&format!("_{unit}")), "{line}");
                    assert!(["seconds", "bytes"].contains(&unit), "{line}");
                }
                _ => scrape.read_sample(line, &name, &kind),
            }
        }
        scrape.check_histograms();
        scrape
    }

    #[track_caller]
    fn read_sample(&mut self, line: &str, family: &str, kind: &str) {
        let (series, value) = line.rsplit_once(' ').expect(line);
        let (sample, labels) = match series.split_once('{') {
            Some((sample, labels)) => (sample, labels.strip_suffix('}').expect(line)),
            None => (series, ""),
        };
        let suffix = sample.strip_prefix(family).expect(line);
        let allowed: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_count", "_sum"],
            _ => panic!("{kind}: {line}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once("=\"").expect(line);
            let is_name = name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase());
            let value = value.strip_suffix('"').expect(line);
            assert!(is_name && !value.contains(['"', '\\', '\n']), "{line}");
        }
        let value: f64 = value.parse().expect(line);
        assert!(value >= 0.0, "{line}");
        let before = self.samples.insert(series.to_owned(), value);
        assert!(before.is_none(), "twice: {line}");
        let shown = if kind == "histogram" { family } else { sample };
        self.families.insert(shown.to_owned());
    }

    /// Counts rise from bound to bound, and the last is that of all.
    #[track_caller]
    fn check_histograms(&self) {
        let mut last: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (series, value) in &self.samples {
            let Some((name, labels)) = series.split_once("_bucket{") else {
                continue;
            };
            let (others, bound) = labels.split_once("le=\"").expect("a bound");
            let (bound, rest) = bound.split_once('"').expect("a quote");
            let bound = bound.parse().unwrap();
            let others = format!("{others}{}", rest.strip_suffix('}').unwrap());
            let of = match others.trim_matches(',') {
                "" => format!("{name}_count"),
                others => format!("{name}_count{{{others}}}"),
            };
            last.entry(of).or_default().push((bound, *value));
        }
        assert!(last.len() >= 6, "{:?}", last.keys());
        for (count, mut counts) in last {
            counts.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(
                counts.is_sorted_by(|a, b| a.1 <= b.1),
                "{count}: {counts:?}"
            );
            let (bound, all) = counts.last().unwrap();
            assert!(bound.is_infinite(), "{count}");
            self.check(&count, *all);
        }
    }

    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        let value = self.samples.get(series);
        *value.unwrap_or_else(|| panic!("{series} is not in {:#?}", self.samples))
    }

    #[track_caller]
    fn check(&self, series: &str, expected: f64) {
        let value = self.value(series);
        assert!((value - expected).abs() < 1e-9, "{series} {value}");
    }
}

#[test]
fn the_numbers_are_true() {
    let server = start("");
    let before = Scrape::take(&server);
    before.check("madang_people", 0.0);
    let mut ann = Client::enter(server.address(), "ann");
    let mut bob = Client::enter(server.address(), "bob");
    let silent = Client::connect(server.address());
    for number in 0..10 {
        ann.send(&format!("line {number}"));
    }
    bob.find("line 9");
    let between = wait_for("the silent caller", || {
        let scrape = Scrape::take(&server);
        let series = "madang_connections{protocol=\"undecided\",state=\"registering\"}";
        scrape.samples.contains_key(series).then_some(scrape)
    });
    between.check("madang_people", 2.0);
    between.check("madang_rooms", 1.0);
    between.check("madang_messages_total", 10.0);
    // Names, lines, and what the test asks to see that it has heard all.
    assert!(between.value("madang_received_lines_total") >= 12.0);
    between.check(
        "madang_connections{protocol=\"telnet\",state=\"open\"}",
        2.0,
    );
    between.check(
        "madang_connections{protocol=\"metrics\",state=\"open\"}",
        1.0,
    );
    between.check(
        "madang_connections_closed_total{reason=\"client_quit\"}",
        0.0,
    );
    between.check("madang_queue_bytes", 0.0);
    assert!(between.value("madang_deliveries_total") >= 10.0);
    assert!(between.value("madang_received_bytes_total") >= 70.0);
    assert!(between.value("madang_sent_bytes_total") > 200.0);
    assert!(between.value("madang_memory_bytes{owner=\"hub\"}") > 200.0);
    let turns = between.value("madang_turns_total");
    assert!(turns >= between.value("madang_wakeups_total"));
    // The turn of the scrape itself is not over yet.
    between.check("madang_turn_duration_seconds_count", turns - 1.0);
    bob.send("/quit");
    bob.rest();
    drop(silent);
    let after = wait_for("their ends", || {
        let scrape = Scrape::take(&server);
        let ended = scrape.samples["madang_connections_closed_total{reason=\"client_quit\"}"];
        let left = scrape.samples.keys();
        let mut left = left.filter(|series| series.contains("protocol=\"undecided\""));
        (ended > 0.0 && left.next().is_none()).then_some(scrape)
    });
    after.check("madang_people", 1.0);
    after.check("madang_people_peak", 2.0);
    if cfg!(target_os = "linux") {
        assert!(after.value("process_resident_memory_bytes") > 500_000.0);
    }
    assert!(after.value("process_cpu_seconds_total") > 0.0);
    server.stop();
}

/// The metrics as a client gets them that accepts these types, and their type.
fn accepted(server: &Server, accept: &str) -> (String, String) {
    let mut client = Client::connect(server.address_of(1));
    let field = format!("Accept: {accept}\r\n");
    let fetched = fetch_with(&mut client, "/metrics", &field);
    assert_eq!(fetched.status, 200);
    let content_type = fetched.field("content-type").expect("a type").to_owned();
    (content_type, fetched.body)
}

#[test]
fn a_client_that_accepts_no_openmetrics_gets_the_text_format() {
    let server = start("");
    let (content_type, text) = accepted(&server, "*/*");
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    // As the text format wants it: each family under the name of its samples, with its help and its type.
    let (mut name, mut names) = ("", BTreeSet::new());
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", of, _] => {
                assert!(names.insert(of.to_owned()), "twice: {line}");
                name = of;
            }
            ["#", "TYPE", of, kind] => {
                assert_eq!(of, name, "{line}");
                assert_eq!(kind == "counter", of.ends_with("_total"), "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            }
            _ => assert!(line.starts_with(name), "{line}"),
        }
    }
    assert_eq!(names, Scrape::take(&server).families);
    // Prometheus, as it asks by default.
    let (content_type, _) = accepted(
        &server,
        "application/openmetrics-text;version=1.0.0;q=0.5, text/plain;version=0.0.4;q=0.4, */*;q=0.1",
    );
    assert!(
        content_type.starts_with("application/openmetrics-text"),
        "{content_type}"
    );
    check_with_promtool(&text);
    server.stop();
}

/// Lets Prometheus's own tool judge, where it is installed.
fn check_with_promtool(text: &str) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut promtool) = command.spawn() else {
        return;
    };
    let mut input = promtool.stdin.take().expect("a pipe");
    // It reads all of its input before it writes.
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = promtool.wait_with_output().unwrap();
    let complaints = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&complaints), "");
    assert!(output.status.success());
}

/// The first column of a table, under a heading of docs/METRICS.md.
fn column(heading: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_metric_and_every_reason_is_documented_and_no_other() {
    let server = start("");
    let scrape = Scrape::take(&server);
    let mut documented = column("Metrics");
    // There without a certificate or an older system: documented all the same.
    for optional in [
        "madang_certificate_expiry_timestamp_seconds",
        "process_open_fds",
        "process_resident_memory_bytes",
    ] {
        assert!(documented.contains(optional), "{optional}");
        if !scrape.families.contains(optional) {
            documented.remove(optional);
        }
    }
    assert_eq!(scrape.families, documented);
    let reasons = scrape.samples.keys().filter_map(|series| {
        let reason = series.strip_prefix("madang_connections_closed_total{reason=\"")?;
        reason.strip_suffix("\"}").map(str::to_owned)
    });
    assert_eq!(reasons.collect::<BTreeSet<_>>(), column("Reasons"));
    server.stop();
}

#[test]
fn the_inside_is_not_on_the_public_port() {
    let server = start("");
    for path in ["/metrics", "/healthz"] {
        assert_eq!(fetch(server.address(), path).status, 404, "{path}");
    }
    let inside = fetch(server.address_of(1), "/status").body;
    assert!(inside.contains("\"memory_bytes\""), "{inside}");
    assert_eq!(fetch(server.address_of(1), "/").status, 404);
    let public = fetch(server.address(), "/status");
    assert_eq!(public.field("content-type"), Some("application/json"));
    assert_eq!(public.field("cache-control"), Some("no-store"));
    let keys = [
        "{\"people\":0,\"rooms\":0,\"messages_per_second\":",
        ",\"turn_ms\":",
        "}\n",
    ];
    let mut rest = &public.body[..];
    for key in keys {
        let (_, behind) = rest.split_once(key).expect(&public.body);
        rest = behind;
    }
    server.stop();
    let closed = start("[web]\nstatus = false\n");
    assert_eq!(fetch(closed.address(), "/status").status, 404);
    assert_eq!(fetch(closed.address_of(1), "/status").status, 200);
    closed.stop();
}

#[test]
fn scrapers_come_in_when_nobody_else_does_and_not_without_end() {
    let server = start("[limits]\nclients = 1\nclients_per_address = 1\nexempt = []\n");
    let mut ann = Client::enter(server.address(), "ann");
    let mut scrapers: Vec<Client> = (0..16)
        .map(|_| {
            let mut scraper = Client::connect(server.address_of(1));
            assert_eq!(fetch_over(&mut scraper, "/healthz").body, "ok\n");
            scraper
        })
        .collect();
    assert_eq!(fetch(server.address_of(1), "/healthz").status, 503);
    // One goes, and another may come.
    scrapers.pop();
    wait_for("room", || {
        let mut scraper = Client::connect(server.address_of(1));
        (fetch_over(&mut scraper, "/healthz").status == 200).then_some(())
    });
    ann.send("/quit");
    ann.rest();
    server.stop();
}

#[test]
fn a_stopping_server_is_not_healthy() {
    let mut server = start("");
    let mut scraper = Client::connect(server.address_of(1));
    assert_eq!(fetch_over(&mut scraper, "/healthz").status, 200);
    // One who does not close keeps the server waiting for a while, so that there is something to see.
    let mut stays = Client::enter(server.address(), "stays");
    server.signal(Signal::TERM);
    stays.find("shutting down");
    assert_eq!(fetch_over(&mut scraper, "/healthz").status, 503);
    assert_eq!(fetch(server.address_of(1), "/healthz").status, 503);
    assert!(
        fetch(server.address_of(1), "/status")
            .body
            .contains("\"stopping\"")
    );
    drop(stays);
    // Those who watch do not keep it from ending.
    let began = Instant::now();
    assert_eq!(server.wait(), Some(0));
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn nobody_talks_at_a_metrics_listener() {
    let server = start("");
    let mut caller = Client::connect(server.address_of(1));
    caller.send_bytes(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    caller.expect("HTTP/1.1 404 Not Found");
    let mut caller = Client::connect(server.address_of(1));
    caller.send_bytes(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    caller.expect("HTTP/1.1 405 Method Not Allowed");
    let mut caller = Client::connect(server.address_of(1));
    caller.send_bytes(b"NICK ann\r\nUSER a 0 * :a\r\n\r\n");
    assert!(caller.line().starts_with("HTTP/1.1 400"));
    server.stop();
}
