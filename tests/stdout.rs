//! Commands whose output nobody takes: a reader that has gone saw what it wanted, a full disk is an error that is told, and
//! neither makes a command panic or hang.

mod common;

use common::{Server, Setup, TempFile, wait_for};
use rustix::pipe::pipe;
use std::{
    fs::File,
    io::{Read, Seek, Write},
    process::{Child, Command, Stdio},
};

/// A run that does not outlive its test.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is behind standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stdout {
    ReaderGone,
    Closed,
    DiskFull,
}

const ALL: [Stdout; 3] = [Stdout::ReaderGone, Stdout::Closed, Stdout::DiskFull];

/// Runs a command to its end, with this on its standard input: its exit code and what it says on standard error.
#[track_caller]
fn run(args: &[&str], input: &str, stdout: Stdout) -> (Option<i32>, String) {
    let binary = env!("CARGO_BIN_EXE_madang");
    let mut command = match stdout {
        Stdout::Closed => {
            let mut shell = Command::new("sh");
            shell.args(["-c", "exec \"$0\" \"$@\" >&-", binary]);
            shell
        }
        _ => Command::new(binary),
    };
    command.args(args).stderr(Stdio::piped());
    command.stdout(match stdout {
        Stdout::Closed => Stdio::null(),
        Stdout::DiskFull => Stdio::from(File::options().write(true).open("/dev/full").unwrap()),
        Stdout::ReaderGone => Stdio::from(pipe().unwrap().1),
    });
    let file = TempFile::new("input", "");
    let mut stdin = File::options()
        .read(true)
        .write(true)
        .open(file.path())
        .unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    stdin.rewind().unwrap();
    let mut run = Run(command.stdin(stdin).spawn().unwrap());
    let mut stderr = run.0.stderr.take().unwrap();
    let code = wait_for("its end", || run.0.try_wait().unwrap()).code();
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    (code, said)
}

const FULL: &str = "madang: cannot write to standard output: no space left on device\n";

/// Sees that a command ends as it should, whatever is behind its output.
#[track_caller]
fn check(args: &[&str], input: &str) {
    for stdout in ALL {
        let (code, said) = run(args, input, stdout);
        match stdout {
            Stdout::DiskFull => {
                assert_eq!(code, Some(1), "{args:?}: {said}");
                assert!(said.ends_with(FULL), "{args:?}: {said}");
            }
            _ => assert_eq!(code, Some(0), "{args:?}, {stdout:?}: {said}"),
        }
        assert!(!said.contains("panicked"), "{args:?}, {stdout:?}: {said}");
    }
}

#[test]
fn commands_that_print_something() {
    let config = TempFile::new("toml", "");
    check(&["--help"], "");
    check(&["--version"], "");
    check(&["config", "print"], "");
    check(&["config", "check", config.path().to_str().unwrap()], "");
    check(&["completions", "bash"], "");
    check(&["man"], "");
    check(&["passwd"], "secret\n");
}

#[test]
fn the_terminal_client() {
    let server = Server::start();
    let target = server.address().to_string();
    check(&["connect", &target], "ann\nhello\n/quit\n");
}

#[cfg(feature = "bench")]
#[test]
fn the_load_tool() {
    let limits = "[limits]\nclients_per_address = 0\nconnections_per_minute = 0\n";
    let server = Setup::new()
        .config(limits)
        .listen("irc://127.0.0.1:0")
        .start();
    let target = format!("irc://{}", server.address());
    let json = TempFile::new("json", "");
    let kept = json.path().to_str().unwrap();
    check(
        &[
            "bench",
            "storm",
            "--connections",
            "10",
            "--json",
            kept,
            &target,
        ],
        "",
    );
    // What is to be kept is written, also if the table could not be printed.
    let report = std::fs::read_to_string(json.path()).unwrap();
    assert!(report.starts_with('{'), "{report:?}");
}

#[cfg(feature = "bench")]
#[test]
fn a_load_tool_whose_progress_nobody_reads_goes_on() {
    let limits = "[limits]\nclients_per_address = 0\nconnections_per_minute = 0\n";
    let server = Setup::new()
        .config(limits)
        .listen("irc://127.0.0.1:0")
        .start();
    let (_reader, writer) = pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    assert_eq!(rustix::io::write(&writer, &[b'-'; 4096]), Ok(4096));
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    let target = format!("irc://{}", server.address());
    command.args([
        "bench",
        "idle",
        "--connections",
        "10",
        "--hold",
        "2s",
        &target,
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(writer);
    let mut run = Run(command.spawn().unwrap());
    let code = wait_for("its end", || run.0.try_wait().unwrap()).code();
    assert_eq!(code, Some(0));
}
