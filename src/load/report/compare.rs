//! Two reports side by side, with the ratio of the second to the first.

use super::{
    hostile::{AttackReport, Hostile},
    values::{Report, Server},
};
use crate::load::{measure::Percentiles, scenario::hostile::Attack};
use std::fmt::Write as _;

/// One number of a report.
struct Figure {
    name: String,
    value: Option<f64>,
    unit: &'static str,
}

/// The table of two reports, which are called by the names of their files.
pub fn compare(a: (&str, &Report), b: (&str, &Report)) -> String {
    let mut out = String::new();
    for (sign, (name, report)) in [("A", a), ("B", b)] {
        let mode = report
            .mode
            .as_deref()
            .map_or(String::new(), |mode| format!(", {mode}"));
        let _ = writeln!(
            out,
            "{sign}  {name}: {} {}{mode}",
            report.scenario, report.target
        );
    }
    for warning in differences(a.1, b.1) {
        let _ = writeln!(out, "!  {warning}");
    }
    let _ = writeln!(out, "\n{:<32}{:>14}{:>14}{:>10}  unit", "", "A", "B", "B/A");
    for (left, right) in figures(a.1).into_iter().zip(figures(b.1)) {
        if left.value.is_none() && right.value.is_none() {
            continue;
        }
        let ratio = match (left.value, right.value) {
            (Some(a), Some(b)) if a != 0.0 => format!("{:.3}", b / a),
            _ => "-".into(),
        };
        let (a, b) = (number(left.value), number(right.value));
        let _ = writeln!(
            out,
            "{:<32}{a:>14}{b:>14}{ratio:>10}  {}",
            left.name, left.unit
        );
    }
    for (sign, (_, report)) in [("A", a), ("B", b)] {
        let verdict = match &report.verdict.faults[..] {
            [] => "passed".into(),
            faults => format!("FAILED: {}", faults.join(", ")),
        };
        let early = if report.verdict.interrupted {
            " (ended early)"
        } else {
            ""
        };
        let _ = writeln!(out, "{sign}  {verdict}{early}");
    }
    out
}

/// Reasons why the two may not be comparable.
fn differences(a: &Report, b: &Report) -> Vec<String> {
    let mut found = Vec::new();
    if a.scenario != b.scenario {
        found.push("these are two scenarios".into());
    }
    for (name, left) in &a.settings {
        match b.settings.get(name) {
            Some(right) if right != left => {
                found.push(format!("{name}: {left} in A, {right} in B"))
            }
            _ => {}
        }
    }
    if a.machine.kernel != b.machine.kernel || a.machine.processor != b.machine.processor {
        found.push("these are two machines".into());
    }
    found
}

/// All numbers worth comparing, the same names in the same order for every report.
fn figures(report: &Report) -> Vec<Figure> {
    let mut all = Vec::new();
    let mut add = |name: &str, value: Option<f64>, unit| {
        all.push(Figure {
            name: name.into(),
            value,
            unit,
        });
    };
    let connections = &report.connections;
    add("connections at a time", Some(connections.peak as f64), "");
    add("arrivals per second", connections.arrivals_per_second, "/s");
    spans(&mut add, "connect", connections.connect.as_ref());
    spans(&mut add, "handshake", connections.handshake.as_ref());
    let traffic = report.traffic.as_ref();
    add("deliveries", traffic.map(|t| t.delivered as f64), "");
    add(
        "deliveries per second",
        traffic.and_then(|t| t.deliveries_per_second()),
        "/s",
    );
    spans(
        &mut add,
        "latency",
        traffic.and_then(|t| t.latency.as_ref()),
    );
    spans(
        &mut add,
        "to the last",
        traffic.and_then(|t| t.complete.as_ref()),
    );
    let faults = traffic.map(|t| t.lost + t.duplicated + t.reordered + t.corrupted + t.stray);
    add("faulty deliveries", faults.map(|n| n as f64), "");
    let sessions = report.sessions.as_ref();
    let rate = sessions.map(|s| s.done as f64 / s.seconds.max(1e-6));
    add("sessions per second", rate, "/s");
    spans(&mut add, "session", sessions.and_then(|s| s.whole.as_ref()));
    let storm = report.storm.as_ref();
    add("everyone back after", storm.map(|s| s.seconds), "s");
    let login = report.login.as_ref();
    add("logins answered after", login.map(|l| l.seconds), "s");
    spans(&mut add, "ping", login.and_then(|l| l.ping.as_ref()));
    let slow = report.slow.as_ref();
    spans(
        &mut add,
        "latency with slow",
        slow.and_then(|s| s.after.as_ref()),
    );
    attacks(&mut add, report.hostile.as_ref());
    server(&mut add, report.server.as_ref());
    add("tool: CPU in traffic", report.load.traffic_cpu_percent, "%");
    all
}

/// What the server used.
fn server(add: &mut impl FnMut(&str, Option<f64>, &'static str), server: Option<&Server>) {
    type Value = fn(&Server) -> Option<f64>;
    let rows: [(&str, Value, &'static str); 7] = [
        (
            "resident",
            |s| s.resident_after.map(|bytes| bytes as f64 / 1_048_576.0),
            "MiB",
        ),
        ("per connection", |s| s.bytes_per_connection, "bytes"),
        ("wake-ups while idle", |s| s.wakeups_per_second, "/s"),
        ("CPU while idle", |s| s.hold_cpu_percent, "%"),
        ("CPU per delivery", |s| s.cpu_per_delivery, "us"),
        ("CPU per session", |s| s.cpu_per_session, "us"),
        ("CPU in traffic", |s| s.traffic_cpu_seconds, "s"),
    ];
    for (name, value, unit) in rows {
        add(&format!("server: {name}"), server.and_then(value), unit);
    }
}

/// A few numbers of each attack of either report. Those of an attack that one report lacks are alone in their row.
fn attacks(add: &mut impl FnMut(&str, Option<f64>, &'static str), hostile: Option<&Hostile>) {
    type Value = fn(&AttackReport) -> Option<f64>;
    let rows: [(&str, Value, &'static str); 5] = [
        (
            "taken",
            |a| Some(a.taken? as f64 / a.seconds.max(1e-6)),
            "/s",
        ),
        ("PING 99 %", |a| Some(a.ping?.p99 as f64), "us"),
        ("PING max", |a| Some(a.ping?.max as f64), "us"),
        ("longest turn", |a| Some(a.server_turn? as f64), "us"),
        ("CPU", |a| a.server_cpu, "s"),
    ];
    for name in Attack::names() {
        let mut all = hostile.iter().flat_map(|hostile| &hostile.attacks);
        let made = all.find(|attack| attack.name == name && attack.skipped.is_none());
        for (what, value, unit) in rows {
            add(&format!("{name}: {what}"), made.and_then(value), unit);
        }
    }
}

fn spans(
    add: &mut impl FnMut(&str, Option<f64>, &'static str),
    name: &str,
    spans: Option<&Percentiles>,
) {
    for (which, of) in [
        ("50 %", (|p| p.p50) as fn(&Percentiles) -> u64),
        ("99 %", |p| p.p99),
        ("99.99 %", |p| p.p99_99),
        ("max", |p| p.max),
    ] {
        add(
            &format!("{name} {which}"),
            spans.map(|spans| of(spans) as f64),
            "us",
        );
    }
}

/// A number in about four digits.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value == value.trunc() && value.abs() < 1e12 => format!("{value}"),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::sample;

    #[test]
    fn two_reports_side_by_side() {
        let a = sample::full();
        let mut b = sample::full();
        b.verdict.interrupted = true;
        b.settings.insert("rate".into(), "100/s".into());
        let traffic = b.traffic.as_mut().unwrap();
        traffic.latency = Some(sample::spans(500));
        b.server.as_mut().unwrap().cpu_per_delivery = Some(0.25);
        b.sessions = None;
        let text = compare(("a.json", &a), ("b.json", &b));
        insta::assert_snapshot!(text);
    }
}
