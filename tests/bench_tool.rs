//! `madang bench` from outside: against our own server, where nothing may go wrong, and against one that loses,
//! repeats, reorders and changes messages, where the tool must report it.

#![cfg(feature = "bench")]

mod common;

use common::{PATIENCE, Server, Setup, TempFile, wait_for};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// A server without limits on addresses and messages.
fn server_without_limits() -> Server {
    let limits =
        "[limits]\nclients_per_address = 0\nconnections_per_minute = 0\nmessages_per_second = 0\n";
    let setup = Setup::new().config(limits);
    setup
        .listen("irc://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .listen("http://127.0.0.1:0")
        .listen("ircs://127.0.0.1:0")
        .listen("https://127.0.0.1:0")
        .listen("echo://127.0.0.1:0")
        .listen("echo+udp://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .flag("--tls-self-signed")
        .start()
}

/// The listeners of [`server_without_limits`], by the schemes of the tool.
const SCHEMES: [(&str, usize); 7] = [
    ("irc", 0),
    ("telnet", 1),
    ("ws", 2),
    ("ircs", 3),
    ("wss", 4),
    ("echo", 5),
    ("echo+udp", 6),
];

const METRICS: usize = 7;

/// A run of the tool.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn spawn(args: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_madang"))
        .arg("bench")
        .args(args.split_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Runs the tool to its end.
#[track_caller]
fn bench(args: &str) -> Run {
    finish(spawn(args))
}

#[track_caller]
fn finish(mut child: Child) -> Run {
    let mut pipes = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let aside = thread::spawn(move || {
        let mut stderr = String::new();
        pipes.1.read_to_string(&mut stderr).expect("UTF-8");
        stderr
    });
    let reader = thread::spawn(move || {
        let mut stdout = String::new();
        pipes.0.read_to_string(&mut stdout).expect("UTF-8");
        stdout
    });
    let mut guard = Guard(child);
    let code = wait_for("its end", || guard.0.try_wait().expect("a child")).code();
    Run {
        code,
        stdout: reader.join().unwrap(),
        stderr: aside.join().unwrap(),
    }
}

struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Run {
    #[track_caller]
    fn expect(&self, code: i32, words: &[&str]) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{all}");
        for word in words {
            assert!(all.contains(word), "no {word:?} in:\n{all}");
        }
        self
    }
}

#[test]
fn idle_connections_are_held_and_closed() {
    let server = server_without_limits();
    let pid = server.process().0;
    for (scheme, index) in &SCHEMES[..5] {
        let address = server.address_of(*index);
        for more in ["", "--raw", "--per-room 10"] {
            bench(&format!(
                "idle {scheme}://{address} --connections 30 --hold 300ms --pid {pid} {more}"
            ))
            .expect(
                0,
                &[
                    "30 arrived, 0 failed",
                    "bytes per connection",
                    "wake-ups/s",
                    "verdict       passed",
                ],
            );
        }
    }
}

#[test]
fn every_delivery_to_every_room_is_counted() {
    let server = server_without_limits();
    for (scheme, index) in &SCHEMES[..5] {
        let address = server.address_of(*index);
        // 20 messages of 4 senders; each is delivered to the other sender of its room and to 5 or 6 receivers.
        bench(&format!(
            "fanout {scheme}://{address} --receivers 11 --senders 2 --rooms 2 --rate 20/s --for 1s --idle 3"
        ))
        .expect(
            0,
            &["open loop, 20/s", "80 messages of 64 bytes, 520 of 520 deliveries", "18 arrived"],
        );
        bench(&format!(
            "fanout {scheme}://{address} --receivers 5 --window 4 --for 500ms --payload 200"
        ))
        .expect(0, &["closed loop, 4 in flight", "of 200 bytes", "0 lost"]);
    }
}

#[test]
fn sessions_come_and_go() {
    let server = server_without_limits();
    let pid = server.process().0;
    for (scheme, index) in &SCHEMES[..5] {
        let address = server.address_of(*index);
        for more in ["", "--raw"] {
            // On a busy machine one session may take long.
            let done = ["500ms", "5s", "20s"].iter().find_map(|time| {
                let run = bench(&format!(
                    "churn {scheme}://{address} --concurrency 3 --for {time} --pid {pid} {more}"
                ));
                run.expect(0, &["sessions/s", "0 failed, 0 lost"]);
                run.stdout.contains("us per session").then_some(())
            });
            assert!(done.is_some(), "no session on {scheme} {more}");
        }
    }
}

#[test]
fn blocks_come_back() {
    let server = server_without_limits();
    for (scheme, index) in &SCHEMES[5..] {
        let address = server.address_of(*index);
        for size in ["1", "1000", "16KiB"] {
            bench(&format!(
                "echo {scheme}://{address} --connections 5 --size {size} --for 300ms"
            ))
            .expect(
                0,
                &[
                    "5 arrived",
                    "0 lost, 0 duplicated, 0 reordered, 0 corrupted",
                ],
            );
        }
    }
}

#[test]
fn all_clients_are_back_after_a_storm() {
    let server = server_without_limits();
    for (scheme, index) in &SCHEMES[..5] {
        let address = server.address_of(*index);
        bench(&format!(
            "storm {scheme}://{address} --connections 20 --per-room 5"
        ))
        .expect(0, &["20 of 20 came back", "40 arrived, 0 failed, 0 lost"]);
    }
}

#[test]
fn all_logins_are_answered() {
    let server = server_without_limits();
    for (scheme, index) in [("irc", 0), ("ws", 2), ("ircs", 3)] {
        let address = server.address_of(index);
        bench(&format!("login {scheme}://{address} --connections 20"))
            .expect(0, &["20 of 20 answered", "30 arrived, 0 failed, 0 lost"]);
    }
}

#[test]
fn slow_readers_are_closed_and_the_others_read_on() {
    // A small queue fills soon, but first the kernel's buffers have to fill, so it may take a while.
    let limits = "[limits]\nsend_queue = \"16 KiB\"\nmessages_per_second = 0\n";
    let server = Setup::new()
        .config(limits)
        .listen("irc://127.0.0.1:0?sndbuf=4096")
        .start();
    let address = server.address();
    bench(&format!(
        "slow irc://{address} --receivers 4 --slow 2 --rate 500/s --for 2s"
    ))
    .expect(
        0,
        &[
            "2 did not read; 2 were let go, the others heard of it after",
            "0 lost",
        ],
    );
}

#[test]
fn metrics_of_the_server_are_read() {
    let server = server_without_limits();
    let (address, metrics) = (server.address(), server.address_of(METRICS));
    let report = TempFile::new("json", "");
    bench(&format!(
        "fanout irc://{address} --receivers 5 --rate 20/s --for 500ms --metrics metrics://{metrics} --json {}",
        report.path().display()
    ))
    .expect(0, &["server        metrics of", "us per delivery", "resident"]);
    let report = read(&report);
    let server = report.server.unwrap();
    assert!(server.resident_before > Some(1_000_000), "{server:?}");
    assert!(server.traffic_cpu_seconds.is_some(), "{server:?}");
    // No server, or a server without metrics: the tool reports it, and the run goes on.
    for metrics in ["127.0.0.1:1".into(), address.to_string()] {
        bench(&format!(
            "idle irc://{address} --connections 2 --hold 100ms --metrics http://{metrics}/metrics"
        ))
        .expect(0, &["nothing was learnt", "verdict       passed"]);
    }
}

#[test]
fn attackers_and_victims_are_measured_apart() {
    let hash = format!(
        "pbkdf2-sha256$1000${}${}",
        "00".repeat(16),
        "c0ffee00".repeat(8)
    );
    let limits = &format!(
        "[limits]\nmessages_per_second = 0\n[[operator]]\nname = \"root\"\npassword = \"{hash}\"\n"
    );
    let server = Setup::new()
        .config(limits)
        .listen("irc://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .listen("http://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .start();
    let [irc, telnet, web, metrics] = [0, 1, 2, 3].map(|index| server.address_of(index));
    let file = TempFile::new("json", "");
    let small = "--clients 4 --rooms 3 --masks 5 --victims 2 --for 200ms --rest 50ms";
    bench(&format!(
        "hostile irc://{irc} --also telnet://{telnet} --also ws://{web} {small} --oper root:wrong \
         --metrics metrics://{metrics} --json {}",
        file.path().display()
    ))
    .expect(
        0,
        &[
            "skipped: the server did not make root an operator",
            "0 failed, 0 lost",
            "passed",
        ],
    );
    let hostile = read(&file).hostile.unwrap();
    assert_eq!(hostile.victims, 2);
    for attack in &hostile.attacks {
        let (name, is_nameless) = (attack.name.as_str(), attack.name == "telnet");
        if name == "kline" {
            assert!(
                attack.skipped.is_some() && attack.ping.is_none(),
                "{attack:?}"
            );
            continue;
        }
        // The first PINGs are sent at once, and all are answered.
        assert!(
            attack.skipped.is_none() && attack.notes.is_empty(),
            "{attack:?}"
        );
        assert!(
            attack.ping.unwrap().count > 0 && attack.unanswered == 0,
            "{attack:?}"
        );
        assert!(
            attack.server_turn.is_some() && attack.server_cpu.is_some(),
            "{attack:?}"
        );
        let attackers = match name {
            "quiet" => 0,
            "telnet" => 20,
            _ => 4,
        };
        assert_eq!(attack.attackers, attackers, "{attack:?}");
        assert_eq!(attack.sent > 0, name != "quiet", "{attack:?}");
        assert_eq!(attack.taken.is_none(), is_nameless, "{attack:?}");
        assert!(
            attack.taken.is_none_or(|taken| taken <= attack.sent),
            "{attack:?}"
        );
    }
    assert_eq!(hostile.attacks.len(), 14);
    // One target, and an attack that needs another protocol.
    bench(&format!(
        "hostile ws://{web} {small} --attack names --attack frames --attack telnet"
    ))
    .expect(
        0,
        &[
            "skipped: no telnet:// target: add --also telnet://",
            "passed",
        ],
    );
}

#[test]
fn a_server_that_refuses_attackers_has_no_fault() {
    // The server has room for two victims and no more.
    let server = Setup::new()
        .config("[limits]\nclients = 2\n")
        .listen("irc://127.0.0.1:0")
        .start();
    bench(&format!(
        "hostile irc://{} --victims 2 --clients 3 --for 100ms --rest 10ms --attack who",
        server.address()
    ))
    .expect(
        0,
        &[
            "no attacker was let in",
            "2 arrived, 0 failed, 0 lost",
            "passed",
        ],
    );
}

#[track_caller]
fn read(file: &TempFile) -> madang::load::Report {
    let text = fs::read_to_string(file.path()).unwrap();
    madang::load::Report::from_json(&text).unwrap()
}

#[test]
fn a_report_has_many_forms_and_two_can_be_compared() {
    let server = server_without_limits();
    let (address, pid) = (server.address(), server.process().0);
    let [a, b, page, log] = ["json", "json", "html", "hlog"].map(|kind| TempFile::new(kind, ""));
    for (json, rate) in [(&a, 20), (&b, 40)] {
        bench(&format!(
            "fanout irc://{address} --receivers 5 --rate {rate}/s --for 1s --pid {pid} --json {} --html {} --histogram {}",
            json.path().display(),
            page.path().display(),
            log.path().display()
        ))
        .expect(0, &["verdict       passed"]);
    }
    let report = read(&b);
    let traffic = report.traffic.unwrap();
    assert_eq!(
        (traffic.sent, traffic.expected, traffic.delivered),
        (40, 200, 200)
    );
    assert_eq!(traffic.latency.unwrap().count, 200);
    assert_eq!(report.settings["rate"], "40/s");
    assert!(report.samples.len() > 2 && report.curve.len() > 2);
    let phases: Vec<String> = report
        .phases
        .iter()
        .map(|timed| timed.phase.to_string())
        .collect();
    assert_eq!(
        phases,
        ["ramp", "handshake", "settle", "traffic", "teardown"]
    );
    let html = fs::read_to_string(page.path()).unwrap();
    assert!(
        html.ends_with("</html>\n") && html.contains("<svg"),
        "{html}"
    );
    let log = fs::read_to_string(log.path()).unwrap();
    for tag in ["connect", "handshake", "latency", "complete", "send_lag"] {
        assert!(log.contains(&format!("Tag={tag},")), "{log}");
    }
    let (a, b) = (a.path().display(), b.path().display());
    bench(&format!("compare {a} {b}")).expect(0, &["rate: 20/s in A, 40/s in B", "200     2.000"]);
    bench(&format!("compare {a} {}", page.path().display())).expect(2, &["it is no report"]);
    bench(&format!("compare {a} /nowhere.json")).expect(2, &["/nowhere.json"]);
}

#[test]
fn a_server_that_does_not_exist_is_reported() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    bench(&format!(
        "idle irc://{address} --connections 5 --hold 100ms"
    ))
    .expect(
        1,
        &[
            "5 x cannot connect: connection refused",
            "FAILED: 5 connections failed",
        ],
    );
}

#[test]
fn a_failed_run_leaves_the_earlier_report() {
    let earlier = TempFile::new("json", "the earlier one");
    let path = earlier.path().display();
    let refused = format!("idle irc://127.0.0.1:1 --connections 100000000 --json {path}");
    bench(&refused).expect(2, &["descriptors"]);
    assert_eq!(
        fs::read_to_string(earlier.path()).unwrap(),
        "the earlier one"
    );
    let beside = format!("{path}.new");
    assert!(!fs::exists(&beside).unwrap(), "{beside} was left behind");
    // A pipe is not replaced.
    let run = bench("idle irc://127.0.0.1:1 --connections 1 --hold 100ms --json /dev/stdout");
    run.expect(1, &["connection refused", "\"scenario\""]);
}

#[test]
fn impossible_runs_are_refused_before_they_begin() {
    for (args, word) in [
        ("idle irc://192.0.2.1:6667", "--i-own-this-server"),
        (
            "idle irc://127.0.0.1:1 --connections 100000000",
            "descriptors",
        ),
        ("idle gopher://127.0.0.1:1", "irc://"),
        ("idle 127.0.0.1:1", "URL"),
        ("fanout irc://127.0.0.1:1 --payload 20", "at least 44"),
        ("fanout irc://127.0.0.1:1 --payload 1MiB", "does not fit"),
        ("fanout irc://127.0.0.1:1 --rate 0/s", "50/s"),
        (
            "fanout irc://127.0.0.1:1 --rate 5/s --window 2",
            "cannot be used",
        ),
        ("fanout echo://127.0.0.1:1", "no rooms"),
        ("churn echo+udp://127.0.0.1:1 --raw", "no rooms"),
        ("echo irc://127.0.0.1:1", "echo://"),
        ("echo echo+udp://127.0.0.1:1 --size 64KiB", "65507"),
        (
            "echo echo://127.0.0.1:1 --size 16MiB --connections 9",
            "on their way",
        ),
        ("slow irc://127.0.0.1:1 --receivers 2 --slow 2", "must read"),
        (
            "idle irc://127.0.0.1:1 --metrics http://192.0.2.1/",
            "--i-own-this-server",
        ),
        (
            "idle irc://127.0.0.1:1 --pid 1 --metrics http://127.0.0.1:1/",
            "cannot be used",
        ),
        ("idle irc://127.0.0.1:1 --pid 4194305", "no process"),
        (
            "idle irc://127.0.0.1:1 --json /nowhere/x.json",
            "cannot write",
        ),
        ("idle irc://127.0.0.1:1 --hold 0s", "longer than nothing"),
        ("idle irc://127.0.0.1:1 --source ::1", "IPv6"),
        ("hostile irc://10.0.0.1:6667", "--i-own-this-server"),
        (
            "hostile irc://127.0.0.1:1 --also ws://192.168.0.1:80",
            "--i-own-this-server",
        ),
        ("hostile telnet://127.0.0.1:1", "--also"),
        ("hostile irc://127.0.0.1:1 --attack hug", "mode-lists"),
        ("hostile irc://127.0.0.1:1 --oper root", "NAME:PASSWORD"),
    ] {
        bench(args).expect(2, &[word]);
    }
}

#[test]
fn ctrl_c_ends_a_run_early_with_a_report() {
    let server = server_without_limits();
    let address = server.address();
    let json = TempFile::new("json", "");
    let mut child = spawn(&format!(
        "fanout irc://{address} --receivers 3 --rate 50/s --for 1h --json {}",
        json.path().display()
    ));
    // The tool reports when traffic begins.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("traffic:") {
        line.clear();
        assert!(
            stderr.read_line(&mut line).unwrap() > 0,
            "it ended by itself"
        );
    }
    let id = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(id.unwrap(), rustix::process::Signal::INT).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut guard = Guard(child);
    let code = wait_for("its end", || guard.0.try_wait().expect("a child")).code();
    let mut table = String::new();
    stdout.read_to_string(&mut table).unwrap();
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("ended early"), "{table}");
    let report = read(&json);
    assert!(report.verdict.interrupted && report.verdict.passed);
    let traffic = report.traffic.unwrap();
    assert!(
        traffic.sent > 0 && traffic.delivered == traffic.sent * 3,
        "{traffic:?}"
    );
}

/// What the server of the next test does wrong with one message of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mischief {
    Loses,
    Repeats,
    Reorders,
    Changes,
    Misleads,
}

/// An IRC server of a few lines that does one thing wrong. It lives as long as the test's process.
fn bad_server(mischief: Mischief) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let people: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    thread::spawn(move || {
        for caller in listener.incoming().map_while(Result::ok) {
            let people = people.clone();
            thread::spawn(move || serve(caller, &people, mischief));
        }
    });
    address
}

fn serve(caller: TcpStream, people: &Mutex<Vec<TcpStream>>, mischief: Mischief) {
    caller.set_read_timeout(Some(PATIENCE)).unwrap();
    let us = caller.peer_addr().unwrap();
    let mut tell = caller.try_clone().unwrap();
    let (mut said, mut held) = (0, None);
    for line in BufReader::new(caller).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let answer = match words[0] {
            "USER" => ":s 001 you :Welcome\r\n:s 422 you :No motd\r\n".into(),
            "JOIN" => {
                people.lock().unwrap().push(tell.try_clone().unwrap());
                format!(":s 366 you {} :End\r\n", words[1])
            }
            "QUIT" => {
                let _ = tell.shutdown(Shutdown::Both);
                return;
            }
            "PRIVMSG" => {
                said += 1;
                let message = format!(":x!y@z {line}\r\n");
                let is_tenth = said % 10 == 5;
                let lines = match mischief {
                    Mischief::Loses if is_tenth => vec![],
                    Mischief::Repeats if is_tenth => vec![message.clone(), message],
                    Mischief::Reorders if is_tenth => {
                        held = Some(message);
                        vec![]
                    }
                    Mischief::Changes if is_tenth => vec![message.replace("abc", "xyz")],
                    _ => std::iter::once(message).chain(held.take()).collect(),
                };
                for mut other in &*people.lock().unwrap() {
                    let is_author = other.peer_addr().is_ok_and(|address| address == us);
                    if !is_author || mischief == Mischief::Misleads {
                        let _ = other.write_all(lines.concat().as_bytes());
                    }
                }
                continue;
            }
            _ => continue,
        };
        if tell.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn faults_of_a_server_are_found() {
    for (mischief, found) in [
        (Mischief::Loses, "9 deliveries were lost"),
        (Mischief::Repeats, "9 deliveries were duplicated"),
        (Mischief::Reorders, "9 deliveries were reordered"),
        // A changed message is also missing in its original form.
        (
            Mischief::Changes,
            "9 deliveries were lost, 9 deliveries were corrupted",
        ),
        (Mischief::Misleads, "30 deliveries went astray"),
    ] {
        let address = bad_server(mischief);
        let run = bench(&format!(
            "fanout irc://{address} --receivers 3 --rate 30/s --for 1s --drain 300ms --payload 80"
        ));
        run.expect(
            1,
            &[&format!("FAILED: {found}\n"), "30 messages of 80 bytes"],
        );
    }
}

#[test]
fn messages_that_a_limit_delays_are_late_and_not_lost() {
    let config = "[limits]\nmessages_per_second = 20\nburst = 5\n";
    let setup = Setup::new().config(config);
    let server = setup.listen("irc://127.0.0.1:0").start();
    let target = format!("irc://{}", server.address());
    let run = bench(&format!(
        "fanout {target} --receivers 3 --rate 60/s --for 2s --drain 1s"
    ));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("360 of 360 deliveries"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(" late "), "{}", run.stdout);
}

#[test]
fn a_threshold_that_is_crossed_ends_with_status_3() {
    let server = server_without_limits();
    let target = format!("irc://{}", server.address_of(0));
    let run = |fail_if: &str| {
        bench(&format!(
            "fanout {target} --receivers 2 --rate 20/s --for 300ms {fail_if}"
        ))
    };
    let crossed = run("--fail-if max>0us --fail-if rate<1");
    assert_eq!(crossed.code, Some(3), "{}", crossed.stderr);
    assert!(
        crossed.stderr.contains("\nmadang: max>0us: it was "),
        "{}",
        crossed.stderr
    );
    assert!(crossed.stdout.contains("verdict       passed"));
    run("--fail-if p99.99>3600s").expect(0, &["verdict       passed"]);
    assert_eq!(run("--fail-if p98>1s").code, Some(2));
}

#[test]
fn a_run_is_repeated_and_the_spread_is_shown() {
    let server = server_without_limits();
    let html = TempFile::new("html", "");
    let run = bench(&format!(
        "fanout irc://{} --receivers 5 --rate 50/s --for 600ms --repeat 3 --html {}",
        server.address(),
        html.path().display()
    ));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("repeats       3 runs"),
        "{}",
        run.stdout
    );
    for name in ["99 %, us", "rate, 1/s"] {
        assert!(run.stdout.contains(name), "{name}: {}", run.stdout);
    }
    assert!(
        fs::read_to_string(html.path())
            .unwrap()
            .contains("latency over time")
    );
}

#[test]
fn clients_of_the_tool_leave_rooms_that_they_did_not_want() {
    let server = Setup::new()
        .with_defaults()
        .listen("irc://127.0.0.1:0")
        .start();
    let mut ann = common::Irc::enter(server.address(), "ann");
    let run = bench(&format!(
        "idle irc://{} --connections 50 --hold 100ms",
        server.address()
    ));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    // They ask for own rooms, so nobody came.
    ann.drain().have_no(&["JOIN", "PART"]);
}
