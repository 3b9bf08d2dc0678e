//! `madang passwd` on a terminal: what is typed is not shown, and typed twice.

mod common;

use common::wait_for;
use madang::config::PasswordHash;
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

/// A run on a terminal of its own.
struct Passwd {
    child: Child,
    /// The end at which a user types and reads.
    user: File,
    terminal: OwnedFd,
}

impl Passwd {
    fn start() -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).and_then(|()| unlockpt(&user)).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_madang"))
            .arg("passwd")
            .stdin(terminal.try_clone().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let user = File::from(user);
        Self {
            child,
            user,
            terminal,
        }
    }

    /// Types a line once this prompt is there.
    #[track_caller]
    fn answer(&mut self, prompt: &str, line: &str) {
        let stderr = self.child.stderr.as_mut().expect("a pipe");
        let mut shown = vec![0; prompt.len()];
        stderr.read_exact(&mut shown).unwrap();
        assert_eq!(String::from_utf8_lossy(&shown), prompt);
        self.user.write_all(line.as_bytes()).unwrap();
    }

    /// Exit code, the rest of stderr, and stdout.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String, String) {
        let code = wait_for("its end", || self.child.try_wait().expect("a child")).code();
        let [mut stdout, mut stderr] = [String::new(), String::new()];
        let pipes = (self.child.stdout.take(), self.child.stderr.take());
        pipes.0.unwrap().read_to_string(&mut stdout).unwrap();
        pipes.1.unwrap().read_to_string(&mut stderr).unwrap();
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ISIG | LocalModes::ICANON));
        // A line of our own is shown again; nothing else was.
        drop(self.child);
        drop(self.terminal);
        let mut echoed = Vec::new();
        let _ = self.user.read_to_end(&mut echoed);
        assert!(echoed.is_empty(), "{}", String::from_utf8_lossy(&echoed));
        (code, stderr, stdout)
    }
}

#[test]
fn a_password_is_typed_twice_and_not_shown() {
    let mut passwd = Passwd::start();
    passwd.answer("password: ", "sesame\n");
    passwd.answer("\nagain: ", "sesane\x7f\x7fme\n");
    let (code, stderr, stdout) = passwd.end();
    assert_eq!((code, stderr.as_str()), (Some(0), "\n"));
    let hash: PasswordHash = stdout.trim_end().parse().unwrap();
    assert!(hash.to_string().starts_with("pbkdf2-sha256$"), "{stdout}");
}

#[test]
fn two_different_passwords_are_refused() {
    let mut passwd = Passwd::start();
    passwd.answer("password: ", "sesame\n");
    passwd.answer("\nagain: ", "sesam\n");
    let (code, stderr, stdout) = passwd.end();
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, "\nmadang: the two passwords differ\n");
}

#[test]
fn ctrl_c_ends_it_and_the_terminal_shows_keys_again() {
    let mut passwd = Passwd::start();
    passwd.answer("password: ", "ses\x03");
    let (code, stderr, stdout) = passwd.end();
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(stderr, "\nmadang: interrupted\n");
}
