//! The report as a table for a terminal: one block for each part, the same width for all numbers.

use super::{
    hostile::{AttackReport, Hostile},
    text::{size, span},
    values::{
        CONNECTIONS_ENOUGH, Connections, Load, Login, Repeats, Report, Server, Sessions, Slow,
        Storm, Traffic,
    },
};
use crate::load::measure::Percentiles;
use std::fmt::Write as _;

/// Width of the names in front.
const NAME: usize = 14;

/// Width of a column of times.
const CELL: usize = 10;

impl Report {
    /// The report as a table for a terminal.
    pub fn to_table(&self) -> String {
        table(self)
    }
}

fn table(report: &Report) -> String {
    let mut out = Table(String::new());
    out.line(
        "scenario",
        &format!("{} {}", report.scenario, report.target),
    );
    if let Some(mode) = &report.mode {
        out.line("mode", mode);
    }
    let machine = &report.machine;
    out.line(
        "machine",
        &format!("{}, {} processors", machine.kernel, machine.processors),
    );
    let phases = report.phases.iter();
    let phases: Vec<String> = phases
        .map(|p| format!("{} {:.2} s", p.phase, p.seconds))
        .collect();
    out.line("phases", &phases.join(", "));
    out.gap();
    out.spans_head();
    out.connections(&report.connections);
    if let Some(traffic) = &report.traffic {
        out.traffic(traffic);
    }
    if let Some(sessions) = &report.sessions {
        out.sessions(sessions, &report.connections);
    }
    if let Some(storm) = &report.storm {
        out.storm(storm);
    }
    if let Some(login) = &report.login {
        out.login(login);
    }
    if let Some(slow) = &report.slow {
        out.slow(slow);
    }
    if let Some(hostile) = &report.hostile {
        out.gap();
        out.hostile(hostile);
    }
    out.gap();
    if let Some(server) = &report.server {
        out.server(server, &report.connections);
    }
    out.load(&report.load);
    out.gap();
    if let Some(repeats) = &report.repeats {
        out.repeats(repeats);
        out.gap();
    }
    out.verdict(report);
    out.0
}

struct Table(String);

impl Table {
    fn line(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.0, "{name:<NAME$}{text}");
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn spans_head(&mut self) {
        let names = [
            "min", "mean", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "max",
        ];
        let cells = names.map(|name| format!("{name:>CELL$}"));
        self.line("", &cells.concat());
    }

    fn spans(&mut self, name: &str, spans: Option<&Percentiles>) {
        let Some(p) = spans else {
            return;
        };
        let mean = p.mean.round() as u64;
        let values = [p.min, mean, p.p50, p.p90, p.p99, p.p99_9, p.p99_99, p.max];
        let cells = values.map(|value| format!("{:>CELL$}", span(value)));
        self.line(name, &cells.concat());
    }

    fn connections(&mut self, c: &Connections) {
        self.spans("connect", c.connect.as_ref());
        self.spans("handshake", c.handshake.as_ref());
        let rate = c
            .arrivals_per_second
            .map_or(String::new(), |rate| format!("; {rate:.0} arrivals/s"));
        let text = format!(
            "{} called, {} connected, {} arrived, {} failed, {} lost; at most {} at a time{rate}",
            c.called, c.connected, c.arrived, c.failed, c.lost, c.peak
        );
        self.line("connections", &text);
        for (reason, count) in &c.reasons {
            self.line("", &format!("{count} x {reason}"));
        }
    }

    fn traffic(&mut self, t: &Traffic) {
        self.spans("latency", t.latency.as_ref());
        self.spans("to the last", t.complete.as_ref());
        self.spans("send lag", t.send_lag.as_ref());
        if t.latency.is_some() {
            let text = "latency ends when this tool has read a delivery, which the kernel had earlier: one process reads \
                        for all clients";
            self.line("", text);
        }
        let rate = t.deliveries_per_second();
        let rate = rate.map_or(String::new(), |rate| format!("; {rate:.0} deliveries/s"));
        let text = format!(
            "{} messages of {} bytes, {} of {} deliveries in {:.2} s{rate}",
            t.sent, t.payload, t.delivered, t.expected, t.seconds
        );
        self.line("traffic", &text);
        let text = format!(
            "{} lost, {} duplicated, {} reordered, {} corrupted, {} astray",
            t.lost, t.duplicated, t.reordered, t.corrupted, t.stray
        );
        self.line("deliveries", &text);
        if t.late + t.behind > 0 {
            let behind = match t.behind {
                0 => String::new(),
                behind => format!(", {behind} had not come when the tool stopped waiting"),
            };
            let text = format!("{} late (after the drain time){behind}", t.late);
            self.line("", &text);
        }
        for pair in &t.worst_pairs {
            let text = format!(
                "{} -> {}: {} lost, {} duplicated, {} reordered",
                pair.sender, pair.receiver, pair.lost, pair.duplicated, pair.reordered
            );
            self.line("", &text);
        }
    }

    fn sessions(&mut self, s: &Sessions, c: &Connections) {
        self.spans("session", s.whole.as_ref());
        let rate = s.done as f64 / s.seconds.max(1e-6);
        let text = format!("{} in {:.2} s; {rate:.0} sessions/s", s.done, s.seconds);
        self.line("sessions", &text);
        let under_way = c.called.saturating_sub(s.done + c.failed + c.lost);
        let text = format!(
            "connections above: these, and {under_way} that were under way at the end and are not counted"
        );
        self.line("", &text);
    }

    fn storm(&mut self, s: &Storm) {
        self.spans("away", s.away.as_ref());
        let text = format!(
            "{} of {} came back within {:.2} s",
            s.back, s.vanished, s.seconds
        );
        self.line("storm", &text);
    }

    fn login(&mut self, l: &Login) {
        self.spans("answer", l.answer.as_ref());
        self.spans("ping before", l.ping_before.as_ref());
        self.spans("ping", l.ping.as_ref());
        let text = format!(
            "{} of {} answered within {:.2} s: {} accepted, {} refused; {} tried again, for the server was busy",
            l.accepted + l.refused,
            l.logins,
            l.seconds,
            l.accepted,
            l.refused,
            l.repeated
        );
        self.line("logins", &text);
    }

    fn slow(&mut self, s: &Slow) {
        self.spans("before", s.before.as_ref());
        self.spans("with slow", s.after.as_ref());
        let gone = match s.first_gone {
            Some(seconds) => format!("the others heard of it after {seconds:.2} s"),
            None => "nobody heard that one was gone".into(),
        };
        let text = format!(
            "{} did not read; {} were let go, {gone}; {} messages reached them before",
            s.readers, s.let_go, s.delivered
        );
        self.line("slow readers", &text);
    }

    fn hostile(&mut self, h: &Hostile) {
        let names = [
            "attackers",
            "sent/s",
            "taken/s",
            "let go",
            "PING 50 %",
            "99 %",
            "max",
            "recovery",
            "turn",
            "CPU",
            "tool turn",
        ];
        let cells = names.map(|name| format!("{name:>CELL$}"));
        self.line("attack", &cells.concat());
        for attack in &h.attacks {
            match &attack.skipped {
                Some(why) => self.line(&attack.name, &format!("  skipped: {why}")),
                None => self.assault(attack),
            }
        }
    }

    fn assault(&mut self, a: &AttackReport) {
        let rate = |count: u64| {
            let rate = count as f64 / a.seconds.max(1e-6);
            // Less than one a second is shown as a fraction.
            format!("{rate:.*}", usize::from(rate < 10.0 && count > 0))
        };
        let ping = |of: fn(&Percentiles) -> u64| a.ping.as_ref().map(|p| span(of(p)));
        let bound = if a.server_turn_is_bound { "<" } else { "" };
        let absent = || "-".to_owned();
        let cells = [
            a.attackers.to_string(),
            rate(a.sent),
            a.taken.map_or_else(absent, rate),
            a.let_go.to_string(),
            ping(|p| p.p50).unwrap_or_else(absent),
            ping(|p| p.p99).unwrap_or_else(absent),
            ping(|p| p.max).unwrap_or_else(absent),
            span((a.recovery * 1e6) as u64),
            a.server_turn
                .map_or_else(absent, |turn| format!("{bound}{}", span(turn))),
            a.server_cpu_percent
                .map_or_else(absent, |percent| format!("{percent:.0} %")),
            span(a.tool_turn),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>CELL$}")).collect();
        self.line(&a.name, &cells.concat());
        if a.unanswered > 0 {
            self.line("", &format!("  {} PINGs were not answered", a.unanswered));
        }
        for note in &a.notes {
            self.line("", &format!("  {note}"));
        }
    }

    fn server(&mut self, s: &Server, connections: &Connections) {
        self.line("server", &s.process);
        let mut memory = Vec::new();
        if let (Some(before), Some(after)) = (s.resident_before, s.resident_after) {
            memory.push(format!("resident {} -> {}", size(before), size(after)));
        }
        if let (Some(before), Some(after)) = (s.proportional_before, s.proportional_after) {
            memory.push(format!("PSS {} -> {}", size(before), size(after)));
        }
        if let Some(bytes) = s.bytes_per_connection {
            let remark = match connections.peak < CONNECTIONS_ENOUGH {
                true => " (too few for an exact number)",
                false => "",
            };
            memory.push(format!("{bytes:.0} bytes per connection{remark}"));
        }
        self.listed("  memory", &memory);
        let mut idle = Vec::new();
        if let Some(rate) = s.wakeups_per_second {
            idle.push(format!("{rate:.2} wake-ups/s"));
        }
        if let Some(percent) = s.hold_cpu_percent {
            idle.push(format!("{percent:.3} % of a CPU"));
        }
        self.listed("  while idle", &idle);
        let mut cpu = Vec::new();
        if let (Some(user), Some(system)) = (s.user_seconds, s.system_seconds) {
            cpu.push(format!("{user:.2} s user, {system:.2} s system in all"));
        }
        if let Some(seconds) = s.traffic_cpu_seconds {
            cpu.push(format!("{seconds:.3} s in traffic"));
        }
        if let Some(micros) = s.cpu_per_delivery {
            cpu.push(format!("{micros:.3} us per delivery"));
        }
        if let Some(micros) = s.cpu_per_session {
            cpu.push(format!("{micros:.2} us per session"));
        }
        self.listed("  CPU", &cpu);
        let mut rest = Vec::new();
        if let (Some(slept), Some(taken)) = (s.traffic_switches, s.traffic_preemptions) {
            rest.push(format!("{slept} sleeps and {taken} preemptions in traffic"));
        }
        if let Some(count) = s.descriptors {
            rest.push(format!("{count} descriptors"));
        }
        self.listed("  kernel", &rest);
    }

    fn load(&mut self, l: &Load) {
        let mut parts = Vec::new();
        if let (Some(user), Some(system)) = (l.user_seconds, l.system_seconds) {
            parts.push(format!("{user:.2} s user, {system:.2} s system"));
        }
        if let Some(percent) = l.traffic_cpu_percent {
            parts.push(format!("{percent:.0} % of a CPU in traffic"));
        }
        if let Some(bytes) = l.resident {
            parts.push(format!("resident {}", size(bytes)));
        }
        if let Some(turns) = &l.turns {
            parts.push(format!(
                "longest turn {}, 99 % within {}",
                span(turns.max),
                span(turns.p99)
            ));
        }
        self.listed("tool", &parts);
    }

    fn listed(&mut self, name: &str, parts: &[String]) {
        if !parts.is_empty() {
            self.line(name, &parts.join(", "));
        }
    }

    fn repeats(&mut self, repeats: &Repeats) {
        let runs = repeats.runs;
        self.line(
            "repeats",
            &format!("{runs} runs; above is the one in the middle by its 99 %"),
        );
        let names = ["least", "middle", "most"].map(|name| format!("{name:>CELL$}"));
        self.line("", &format!("{:<22}{}", "", names.concat()));
        for number in &repeats.numbers {
            let show = |value: f64| match value {
                value if value < 100.0 => format!("{value:>CELL$.2}"),
                value => format!("{value:>CELL$.0}"),
            };
            let cells = number.spread().map(show).concat();
            self.line("", &format!("{:<22}{cells}", number.name));
        }
    }

    fn verdict(&mut self, report: &Report) {
        let verdict = &report.verdict;
        if verdict.interrupted {
            self.line("note", "ended early; these are the numbers until then");
        }
        for warning in &verdict.warnings {
            self.line("warning", warning);
        }
        match &verdict.faults[..] {
            [] => self.line("verdict", "passed"),
            faults => self.line("verdict", &format!("FAILED: {}", faults.join(", "))),
        }
    }
}
