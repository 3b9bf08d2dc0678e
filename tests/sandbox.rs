//! The sandbox, from outside: what must be refused is refused, what the server needs goes on, and it says what is in force.
//!
//! All other suites run in it too, for it is on by default; with MADANG_TEST_SANDBOX=strict any call that is missing in its
//! table ends the server.

#![cfg(all(target_os = "linux", debug_assertions))]

mod common;

use common::{Irc, Outcome, Server, Setup, fetch, wait_for};
use rustix::process::Signal;
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

/// Names what a debug build tries once it is in the sandbox (`src/os/sandbox/trial.rs`).
const TRIAL: &str = "MADANG_SANDBOX_TRIAL";

fn start(mode: &str, config: &str, trial: &str) -> Setup {
    Setup::new()
        .config(config)
        .flag("--sandbox")
        .flag(mode)
        .variable(TRIAL, trial)
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a writable directory for temporary files")
}

#[test]
fn what_the_server_does_not_need_is_refused() {
    let data = directory();
    let with_data = format!("[server]\ndata = '{}'\n", data.path().display());
    let trials =
        "open:/etc/passwd,open:/proc/1/environ,bind,socket,exec:/bin/true,exec:/usr/bin/env";
    for config in ["", &with_data] {
        let server = start("on", config, trials).start();
        server.log.expect("sandboxed granted=Landlock");
        let log = server.log.text();
        for trial in trials.split(',') {
            let refused = format!("tried in the sandbox: refused what={trial} ");
            assert!(log.contains(&refused), "{trial}: {log}");
        }
        assert!(!log.contains("let through"), "{log}");
        // It serves all the same.
        Irc::enter(server.address(), "ann");
        server.stop();
    }
    let off = start("off", "", "open:/etc/passwd").start();
    Irc::enter(off.address(), "ann");
    assert!(!off.log.text().contains("sandbox"), "{}", off.log.text());
    off.stop();
}

#[test]
fn a_call_that_is_not_in_the_table_ends_a_strict_server() {
    for (trial, ends) in [
        ("open:/etc/passwd", false),
        ("socket", true),
        ("exec:/bin/true", true),
    ] {
        if !ends {
            let server = start("strict", "", trial).start();
            server.log.expect("sandboxed granted=Landlock");
            server.log.expect("tried in the sandbox: refused");
            server.stop();
            continue;
        }
        let Outcome { code, stderr, .. } = start("strict", "", trial).run();
        assert_eq!(code, None, "a signal ended it: {stderr}");
    }
}

#[test]
fn what_was_granted_is_in_the_metrics_and_the_status() {
    for (mode, landlock) in [("on", true), ("strict", true), ("off", false)] {
        let server = start(mode, "", "").listen("metrics://127.0.0.1:0").start();
        let metrics = fetch(server.address(), "/metrics").body;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("madang_sandbox_info"));
        let line = line.expect("it is among the metrics");
        assert!(line.contains(&format!("system_calls=\"{mode}\"")), "{line}");
        assert_eq!(!line.contains("landlock=\"0\""), landlock, "{line}");
        let status = fetch(server.address(), "/status").body;
        assert!(
            status.contains(&format!("\"system_calls\":\"{mode}\"")),
            "{status}"
        );
        server.stop();
    }
}

/// Waits until new users of IRC see a line in the message of the day.
#[track_caller]
fn expect_motd(server: &Server, words: &str) {
    let mut number = 0;
    wait_for(words, || {
        number += 1;
        let mut irc = Irc::connect(server.address());
        irc.send(&format!(
            "NICK n{number}x{}\r\nUSER n 0 * :n\r\nMOTD",
            words.len()
        ));
        let shown = format!("{:?}", irc.drain());
        shown.contains(words).then_some(())
    });
}

#[test]
fn files_that_a_renewal_replaced_are_read_again() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    for folder in ["live", "archive", "etc"] {
        fs::create_dir(path(folder)).unwrap();
    }
    let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    write("archive/text1", "the first text\n");
    symlink("../archive/text1", path("live/text")).unwrap();
    let config = |burst: u32| {
        let motd = path("live/text");
        format!(
            "[server]\nmotd = '{}'\n[limits]\nburst = {burst}\n[[listen]]\nurl = 'any://127.0.0.1:0'\n",
            motd.display()
        )
    };
    write("etc/madang.toml", &config(60));
    let file = path("etc/madang.toml");
    let server = Setup::new()
        .flag("--config")
        .flag(file.to_str().unwrap())
        .flag("--sandbox")
        .flag("strict")
        .start();
    expect_motd(&server, "the first text");
    // As certbot does it: another file, and the link leads to that one. And an editor puts a new file in the place of the
    // configuration.
    write("archive/text2", "the second text\n");
    fs::remove_file(path("live/text")).unwrap();
    symlink("../archive/text2", path("live/text")).unwrap();
    write("etc/new", &config(61));
    fs::rename(path("etc/new"), &file).unwrap();
    server.signal(Signal::HUP);
    server.log.expect("configuration read again");
    expect_motd(&server, "the second text");
    server.stop();
}

#[test]
fn a_file_in_another_directory_takes_a_restart_and_the_log_says_so() {
    let elsewhere = directory();
    let motd = elsewhere.path().join("text");
    fs::write(&motd, "hello\n").unwrap();
    let own = directory();
    let file = own.path().join("madang.toml");
    let config =
        |motd: &str| format!("[server]\nmotd = '{motd}'\n[[listen]]\nurl = 'any://127.0.0.1:0'\n");
    fs::write(&file, config("")).unwrap();
    let setup = Setup::new().flag("--config").flag(file.to_str().unwrap());
    let server = setup.flag("--sandbox").flag("strict").start();
    fs::write(&file, config(motd.to_str().unwrap())).unwrap();
    server.signal(Signal::HUP);
    server.log.expect("they take a restart");
    server.log.expect("the configuration stays as it was");
    Irc::enter(server.address(), "ann");
    server.stop();
}

#[test]
fn a_keeper_that_is_killed_is_started_again_from_within() {
    let data = directory();
    let config = format!("[server]\ndata = '{}'\n", data.path().display());
    let server = start("strict", &config, "").start();
    let own = server.process().0;
    let keeper = || {
        let found = Command::new("pgrep")
            .args(["-P", &own.to_string()])
            .output();
        let found = String::from_utf8(found.expect("pgrep").stdout).expect("numbers");
        found.trim().parse::<i32>().ok()
    };
    let first = keeper().expect("a keeper");
    for file in ["status", "exe"] {
        assert!(Path::new(&format!("/proc/{first}/{file}")).exists());
    }
    let mut ann = Irc::enter(server.address(), "ann");
    rustix::process::kill_process(rustix::process::Pid::from_raw(first).unwrap(), Signal::KILL)
        .unwrap();
    server.log.expect("the keeper ended");
    wait_for("another keeper", || keeper().filter(|id| *id != first));
    ann.send("NS REGISTER sesame-open");
    wait_for("an account", || {
        format!("{:?}", ann.drain())
            .contains("account is made")
            .then_some(())
    });
    let second = keeper().expect("a keeper");
    let status = fs::read_to_string(format!("/proc/{second}/status")).unwrap();
    assert!(status.contains("Seccomp:\t2"), "it is filtered: {status}");
    server.stop();
}
