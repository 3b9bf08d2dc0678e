//! Reports for tests: with every part, and numbers that can be told apart.

use super::{
    hostile::{AttackReport, Hostile},
    values::*,
};
use crate::load::{
    measure::Percentiles,
    phases::{Phase, Timed},
};

/// Durations around so many microseconds.
pub(in crate::load) fn spans(micros: u64) -> Percentiles {
    Percentiles {
        count: 100_000,
        min: micros / 4,
        mean: micros as f64 + 0.25,
        p50: micros,
        p90: micros * 2,
        p99: micros * 4,
        p99_9: micros * 8,
        p99_99: micros * 16,
        max: micros * 32,
    }
}

/// A report with every part, of a run with faults.
pub(in crate::load) fn full() -> Report {
    let timed = |phase, start, seconds| Timed {
        phase,
        start,
        seconds,
    };
    let mut report = Report {
        form: FORM,
        tool: "madang 0.1.0".into(),
        scenario: "fanout".into(),
        target: "irc://127.0.0.1:6667".into(),
        started: 1_700_000_000,
        settings: [
            ("receivers".into(), "1000".into()),
            ("rate".into(), "50/s".into()),
        ]
        .into(),
        mode: Some("open loop, 50/s from each sender".into()),
        machine: Machine {
            kernel: "Linux 6.1.0".into(),
            processors: 2,
            processor: Some("Some <CPU> & \"more\"".into()),
        },
        phases: vec![
            timed(Phase::Ramp, 0.0, 1.0),
            timed(Phase::Handshake, 1.0, 0.25),
            timed(Phase::Settle, 1.25, 0.5),
            timed(Phase::Traffic, 1.75, 20.0),
            timed(Phase::Teardown, 21.75, 0.125),
        ],
        connections: Connections {
            called: 1002,
            connected: 1001,
            arrived: 1001,
            failed: 1,
            lost: 0,
            peak: 1001,
            arrivals_per_second: Some(800.5),
            reasons: [("cannot connect: connection refused".into(), 1)].into(),
            connect: Some(spans(20)),
            handshake: Some(spans(300)),
        },
        traffic: Some(Traffic {
            sent: 1000,
            expected: 1_000_000,
            delivered: 999_990,
            lost: 10,
            late: 7,
            behind: 0,
            steady_rate: Some(20.0),
            duplicated: 2,
            reordered: 3,
            corrupted: 4,
            stray: 5,
            seconds: 20.0,
            payload: 64,
            latency: Some(spans(1000)),
            complete: Some(spans(2000)),
            send_lag: Some(spans(8)),
            worst_pairs: vec![Pair {
                sender: "bzz0".into(),
                receiver: "bzz7".into(),
                lost: 10,
                duplicated: 2,
                reordered: 3,
            }],
        }),
        sessions: Some(Sessions {
            done: 100_000,
            seconds: 20.0,
            whole: Some(spans(500)),
        }),
        storm: Some(Storm {
            vanished: 5000,
            back: 4999,
            seconds: 2.5,
            away: Some(spans(1_500_000)),
        }),
        login: Some(Login {
            logins: 1000,
            accepted: 900,
            refused: 99,
            repeated: 4000,
            seconds: 12.5,
            answer: Some(spans(9_000_000)),
            ping_before: Some(spans(90)),
            ping: Some(spans(700)),
        }),
        slow: Some(Slow {
            readers: 1,
            before: Some(spans(900)),
            after: Some(spans(950)),
            let_go: 1,
            first_gone: Some(3.5),
            delivered: 12_345,
        }),
        hostile: Some(Hostile {
            victims: 5,
            pings_per_second: 50.0,
            at_most: Some(50_000),
            attacks: vec![
                AttackReport {
                    name: "nick".into(),
                    about: "NICK bursts".into(),
                    notes: vec!["7 commands were unknown to the server".into()],
                    attackers: 100,
                    seconds: 3.0,
                    sent: 6000,
                    taken: Some(3000),
                    let_go: 2,
                    ping: Some(spans(2500)),
                    unanswered: 1,
                    recovery: 0.25,
                    server_turn: Some(40_000),
                    server_turn_is_bound: true,
                    server_cpu: Some(2.5),
                    server_cpu_percent: Some(80.0),
                    tool_turn: 3000,
                    ..AttackReport::default()
                },
                AttackReport {
                    name: "telnet".into(),
                    skipped: Some("no telnet:// target".into()),
                    ..AttackReport::default()
                },
            ],
        }),
        server: Some(Server {
            process: "madang (4711)".into(),
            resident_before: Some(4_000_000),
            resident_after: Some(4_400_400),
            proportional_before: Some(2_000_000),
            proportional_after: Some(2_400_400),
            descriptors: Some(1012),
            bytes_per_connection: Some(400.0),
            wakeups_per_second: Some(0.25),
            hold_cpu_percent: Some(0.125),
            user_seconds: Some(1.5),
            system_seconds: Some(2.5),
            traffic_cpu_seconds: Some(0.5),
            traffic_switches: Some(1500),
            traffic_preemptions: Some(15),
            cpu_per_delivery: Some(0.5),
            cpu_per_session: Some(38.5),
        }),
        load: Load {
            user_seconds: Some(3.5),
            system_seconds: Some(4.5),
            traffic_cpu_percent: Some(45.5),
            resident: Some(9_000_000),
            turns: Some(spans(100)),
        },
        repeats: None,
        samples: (0..40_i32)
            .map(|n| Sample {
                at: f64::from(n) / 2.0,
                ready: n.min(10) as u64 * 100,
                pending: u64::from(n < 10),
                delivered: n as u64 * 25_000,
                latency_p50: Some(1000),
                latency_p99: Some(4000 + n as u64 * 10),
                resident: Some(4_000_000 + n as u64 * 10_000),
                cpu: Some(f64::from(n) / 80.0),
            })
            .collect(),
        curve: vec![
            (0.0, 250),
            (0.5, 1000),
            (0.9, 2000),
            (0.99, 4000),
            (1.0, 32_000),
        ],
        verdict: Verdict {
            warnings: vec!["the tool itself was busy".into()],
            ..Verdict::default()
        },
        kept: Vec::new(),
    };
    report.judge();
    report
}
