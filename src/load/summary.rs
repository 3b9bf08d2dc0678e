//! From what the runner has seen to the report: differences between marks, divided by what happened in between.

use super::{
    clients::{Clients, Observer},
    clock::Moment,
    measure::Spans,
    phases::{Phase, Phases},
    probe::Probe,
    report::{Connections, FORM, Load, Machine, Report, Sample, Server, Sessions, Traffic},
    settings::Settings,
    target::Target,
};
use crate::os::{
    process::{Holdings, Usage},
    wall_clock,
};
use std::fs;

/// Percent of a CPU that the tool may use; above this, the tool and not the server may have set the pace.
const TOOL_BUSY: f64 = 90.0;

/// What the runner has seen when a run is over.
pub(super) struct RunSummary<E> {
    pub(super) target: Target,
    pub(super) settings: Settings,
    pub(super) clients: Clients<E>,
    pub(super) phases: Phases,
    pub(super) marks: Vec<(Phase, UsageMark)>,
    pub(super) samples: Vec<Sample>,
    /// How long the tool's own turns took.
    pub(super) turns: Spans,
    /// The most clients that were ready at a time.
    pub(super) peak: usize,
    pub(super) interrupted: bool,
    pub(super) probe: Probe,
}

/// What server and tool had used at one moment, and what the server held.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsageMark {
    pub(super) at: Moment,
    pub(super) server: Option<Usage>,
    pub(super) holdings: Holdings,
    pub(super) tool: Usage,
}

/// Makes the report of a run, without the results that only its scenario knows.
pub(super) fn report<E: Observer>(scenario: &str, summary: &RunSummary<E>) -> Report {
    let lasted = summary
        .phases
        .over()
        .last()
        .map_or(0.0, |last| last.start + last.seconds);
    let mut report = Report {
        form: FORM,
        tool: format!("madang {}", env!("CARGO_PKG_VERSION")),
        scenario: scenario.into(),
        target: summary.target.to_string(),
        started: wall_clock::since_epoch()
            .as_secs()
            .saturating_sub(lasted as u64),
        settings: summary.settings.clone().into_map(),
        machine: machine(),
        phases: summary.phases.over().to_vec(),
        connections: connections(summary),
        server: server(summary),
        load: load(summary),
        samples: summary.samples.clone(),
        ..Report::default()
    };
    let coming = [Phase::Ramp, Phase::Handshake];
    report.keep("connect", &summary.clients.tally.connect, &coming);
    report.keep("handshake", &summary.clients.tally.handshake, &coming);
    report.keep("turns", &summary.turns, &[]);
    report.verdict.interrupted = summary.interrupted;
    report.judge();
    report
}

/// Adds the messages and the numbers derived from them. `spans` are the histograms, the latencies first.
pub(super) fn add_traffic(report: &mut Report, traffic: Traffic, spans: &[(&'static str, &Spans)]) {
    for (tag, spans) in spans {
        report.keep(tag, spans, &[Phase::Traffic]);
    }
    report.curve = spans
        .first()
        .map(|(_, spans)| spans.curve())
        .unwrap_or_default();
    let warnings = &mut report.verdict.warnings;
    if let Some(server) = &mut report.server {
        let micros = server.traffic_cpu_seconds.map(|seconds| seconds * 1e6);
        server.cpu_per_delivery = per(micros, traffic.delivered);
    }
    if let (Some(lag), Some(latency)) = (traffic.send_lag, traffic.latency) {
        if lag.p99 > 1000 && lag.p99 * 4 > latency.p99 {
            warnings.push(format!(
                "the tool sent late (99 % within {} us of the plan): the latencies are partly its own",
                lag.p99
            ));
        }
    }
    if traffic.late > 0 {
        warnings.push(format!(
            "{} deliveries came late, after the drain time; they are not lost, and the latencies contain the wait",
            traffic.late
        ));
    }
    let busy = report.server.as_ref().and_then(|s| s.traffic_cpu_seconds);
    let is_busy = busy.is_some_and(|seconds| seconds > 0.8 * traffic.seconds);
    if let Some(rate) = traffic.steady_rate.filter(|_| !is_busy) {
        warnings.push(format!(
            "the server took an even {rate:.1} messages a second from each sender and fewer than were sent: the pattern \
             of a limit (madang: [limits] messages_per_second, where 0 is none); raise it, or lower --rate"
        ));
    }
    report.traffic = Some(traffic);
    report.judge();
}

/// Adds the sessions and the numbers derived from them.
pub(super) fn add_sessions(report: &mut Report, sessions: Sessions, whole: &Spans) {
    report.keep("session", whole, &[Phase::Traffic]);
    report.curve = whole.curve();
    if let Some(server) = &mut report.server {
        let micros = server.traffic_cpu_seconds.map(|seconds| seconds * 1e6);
        server.cpu_per_session = per(micros, sessions.done);
    }
    report.sessions = Some(sessions);
    report.judge();
}

fn per(amount: Option<f64>, count: u64) -> Option<f64> {
    amount
        .filter(|_| count > 0)
        .map(|amount| amount / count as f64)
}

fn connections<E: Observer>(summary: &RunSummary<E>) -> Connections {
    let tally = &summary.clients.tally;
    let is_coming = |phase: &Phase| matches!(phase, Phase::Ramp | Phase::Handshake);
    let phases = summary.phases.over().iter();
    let coming: f64 = phases
        .filter(|timed| is_coming(&timed.phase))
        .map(|timed| timed.seconds)
        .sum();
    Connections {
        called: tally.called,
        connected: tally.connected,
        arrived: tally.arrived,
        failed: tally.failed,
        lost: tally.lost,
        peak: summary.peak as u64,
        arrivals_per_second: (coming > 0.0).then(|| tally.arrived as f64 / coming),
        reasons: tally.reasons.clone(),
        connect: tally.connect.summary(),
        handshake: tally.handshake.summary(),
    }
}

/// The marks at the beginning of a phase and of the next one.
fn around<E>(summary: &RunSummary<E>, phase: Phase) -> Option<(UsageMark, UsageMark)> {
    let at = summary.marks.iter().rposition(|(of, _)| *of == phase)?;
    Some((summary.marks[at].1, summary.marks.get(at + 1)?.1))
}

/// How much one number of the server grew between two marks.
fn grown(marks: Option<(UsageMark, UsageMark)>, of: impl Fn(&Usage) -> Option<u64>) -> Option<u64> {
    let (before, after) = marks?;
    Some(of(&after.server?)?.saturating_sub(of(&before.server?)?))
}

fn server<E: Observer>(summary: &RunSummary<E>) -> Option<Server> {
    let process = summary.probe.whom()?;
    let first = summary.marks.first()?.1;
    let whole = Some((first, summary.marks.last()?.1));
    // All clients are ready and nothing has happened yet: the mark after the settling.
    let (_, full) = around(summary, Phase::Settle).unwrap_or((first, first));
    let hold = around(summary, Phase::Hold);
    let traffic = around(summary, Phase::Traffic);
    // Memory is read after the hold, if there was one: memory that so many arrivals needed has been given back by
    // then.
    let memory = hold.map_or(full, |(_, after)| after);
    let resident = |mark: UsageMark| mark.server.and_then(|usage| usage.resident);
    let peak = summary.peak as u64;
    let growth = grown(Some((first, memory)), |usage| usage.resident).map(|bytes| bytes as f64);
    let held = hold.map(|(before, after)| after.at.since(before.at) as f64 / 1e6);
    let over_hold = |of: fn(&Usage) -> Option<u64>| {
        let seconds = held.filter(|seconds| *seconds > 0.0)?;
        Some(grown(hold, of)? as f64 / seconds)
    };
    let millis = |of: fn(&Usage) -> Option<u64>| grown(whole, of).map(|millis| millis as f64 / 1e3);
    let has_room_phase = around(summary, Phase::Settle).is_some();
    Some(Server {
        process,
        resident_before: resident(first),
        resident_after: resident(memory).filter(|_| has_room_phase),
        proportional_before: first.holdings.proportional,
        proportional_after: memory.holdings.proportional.filter(|_| has_room_phase),
        descriptors: memory.holdings.descriptors.filter(|_| has_room_phase),
        bytes_per_connection: per(growth.filter(|_| has_room_phase), peak),
        wakeups_per_second: over_hold(|usage| usage.sleeps),
        hold_cpu_percent: over_hold(|usage| usage.cpu_nanos).map(|nanos| nanos / 1e7),
        user_seconds: millis(|usage| usage.user_millis),
        system_seconds: millis(|usage| usage.system_millis),
        traffic_cpu_seconds: grown(traffic, |usage| usage.cpu_nanos)
            .map(|nanos| nanos as f64 / 1e9),
        traffic_switches: grown(traffic, |usage| usage.sleeps),
        traffic_preemptions: grown(traffic, |usage| usage.preemptions),
        cpu_per_delivery: None,
        cpu_per_session: None,
    })
}

fn load<E: Observer>(summary: &RunSummary<E>) -> Load {
    let Some((_, last)) = summary.marks.last() else {
        return Load::default();
    };
    let share = around(summary, Phase::Traffic).and_then(|(before, after)| {
        let nanos = after.tool.cpu_nanos?.saturating_sub(before.tool.cpu_nanos?) as f64;
        let micros = after.at.since(before.at) as f64;
        (micros > 0.0).then(|| nanos / micros / 10.0)
    });
    Load {
        user_seconds: last.tool.user_millis.map(|millis| millis as f64 / 1e3),
        system_seconds: last.tool.system_millis.map(|millis| millis as f64 / 1e3),
        traffic_cpu_percent: share,
        resident: last.tool.resident,
        turns: summary.turns.summary(),
    }
}

/// Adds a warning if nothing is known of what the server used.
pub(super) fn warn_of_a_silent_server(report: &mut Report) {
    if let Some(server) = report
        .server
        .as_ref()
        .filter(|server| server.resident_before.is_none())
    {
        let warning = format!(
            "nothing was learnt of what the server used: {}",
            server.process
        );
        report.verdict.warnings.push(warning);
    }
}

/// Adds a warning if the tool itself had hardly any time left: then the numbers are about the tool, not the server.
pub(super) fn warn_of_a_busy_tool(report: &mut Report) {
    if let Some(percent) = report
        .load
        .traffic_cpu_percent
        .filter(|percent| *percent > TOOL_BUSY)
    {
        report.verdict.warnings.push(format!(
            "the tool itself was busy for {percent:.0} % of the traffic: it may have set the pace, not the server"
        ));
    }
}

fn machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).ok();
    let kernel = ["ostype", "osrelease"]
        .map(|name| read(&format!("/proc/sys/kernel/{name}")).unwrap_or_default());
    let cpuinfo = read("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Machine {
        kernel: kernel
            .map(|part| part.trim().to_owned())
            .join(" ")
            .trim()
            .to_owned(),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        processor: model.map(|(_, name)| name.to_owned()),
    }
}
