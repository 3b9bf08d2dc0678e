//! The command line from outside: the real binary, its exit codes, and what it writes where. Every run is bounded.

use std::{
    fs,
    io::Read,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// No command here takes a second; only a broken one takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a run ended.
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn madang(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.args(args).stdin(Stdio::null());
    command
}

#[track_caller]
fn run(args: &[&str]) -> Outcome {
    let mut child = madang(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Both pipes are read while it runs: a full one would stop it.
    let stdout = read_aside(child.stdout.take().unwrap());
    let stderr = read_aside(child.stderr.take().unwrap());
    let code = wait(&mut child);
    let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().unwrap());
    Outcome {
        code,
        stdout,
        stderr,
    }
}

fn read_aside(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

/// The exit code; whoever runs out of patience kills the child first, so that none is left behind.
#[track_caller]
fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("still running after {PATIENCE:?}");
}

/// A file that is gone with its test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("madang-cli-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["help", "serve"],
        &["serve", "--help"],
        &["--version"],
    ] {
        let outcome = run(args);
        assert_eq!(outcome.code, Some(0), "{args:?}");
        assert!(!outcome.stdout.is_empty(), "{args:?}");
        assert_eq!(outcome.stderr, "", "{args:?}");
    }
    let version = concat!("madang ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&["--version"]).stdout, version);
}

#[test]
fn wrong_usage_is_one_line_and_2() {
    for args in [
        &["--bogus"][..],
        &["bogus"],
        &["config"],
        &["connect"],
        &["--listen", "bogus://127.0.0.1"],
        &["serve", "--listen", "any://127.0.0.1:0?bogus=1"],
        &["serve", "--max-clients", "0"],
        &["serve", "--config", "no/such/file.toml"],
        &["serve", "--motd", "no/such/file.txt"],
        &["config", "check", "no/such/file.toml"],
    ] {
        let outcome = run(args);
        assert_eq!(outcome.code, Some(2), "{args:?}");
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert!(outcome.stderr.starts_with("madang: "), "{args:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{args:?}");
    }
}

#[test]
fn the_printed_configuration_passes_the_check() {
    let printed = run(&["config", "print"]);
    assert_eq!(printed.code, Some(0));
    let file = TempFile::new("printed.toml", &printed.stdout);
    let checked = run(&["config", "check", file.path()]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stdout, format!("{}: ok\n", file.path()));
}

#[test]
fn a_broken_file_is_refused_with_every_error() {
    let text = "[server]\n\nnmae = \"x\"\n[limits]\nsend_queue = \"1 MB\"\n";
    let file = TempFile::new("broken.toml", text);
    let path = file.path();
    let expected = format!(
        "madang: {path}:3: unknown key \"nmae\" in [server]; did you mean \"name\"?\n\
         madang: {path}:5: [limits] send_queue = \"1 MB\": not a size; \
         write it like \"512 KiB\" or \"1 MiB\"\n"
    );
    for args in [["config", "check", path], ["serve", "--config", path]] {
        let outcome = run(&args);
        assert_eq!(outcome.code, Some(2), "{args:?}");
        assert_eq!(outcome.stderr, expected, "{args:?}");
    }
}

#[test]
fn paths_in_a_file_start_at_its_directory() {
    let motd = TempFile::new("motd.txt", "welcome\n");
    let name = motd.0.file_name().unwrap().to_str().unwrap();
    let text = format!("[server]\nmotd = \"{name}\"\n");
    let file = TempFile::new("motd.toml", &text);
    assert_eq!(run(&["config", "check", file.path()]).code, Some(0));
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let outcome = run(&["completions", shell]);
        assert_eq!(outcome.code, Some(0), "{shell}");
        // fish writes long options without their dashes.
        let flag = if shell == "fish" {
            "-l listen"
        } else {
            "--listen"
        };
        assert!(outcome.stdout.contains(flag), "{shell}");
    }
}

#[test]
fn the_manual_page_has_all_subcommands() {
    let outcome = run(&["man"]);
    assert_eq!(outcome.code, Some(0));
    for name in [
        "serve",
        "connect",
        "config print",
        "config check",
        "completions",
        "man",
    ] {
        let title = format!(".SH \"MADANG {}\"", name.to_uppercase());
        assert!(outcome.stdout.contains(&title), "{name}");
    }
}

#[test]
fn a_closed_stdout_is_no_error() {
    for args in [
        &["man"][..],
        &["config", "print"],
        &["--help"],
        &["completions", "zsh"],
    ] {
        let mut child = madang(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let stderr = read_aside(child.stderr.take().unwrap());
        assert_eq!(wait(&mut child), Some(0), "{args:?}");
        assert_eq!(stderr.join().unwrap(), "", "{args:?}");
    }
}

/// With certbot's layout: links in `live` to files in `archive`, and directories that this user may not enter.
#[test]
fn a_file_that_may_not_be_read_is_named_with_the_user_and_the_right() {
    let folder = std::env::temp_dir().join(format!("madang-rights-cli-{}", std::process::id()));
    let [live, archive] =
        ["live/chat.example", "archive/chat.example"].map(|name| folder.join(name));
    for folder in [&live, &archive] {
        fs::create_dir_all(folder).unwrap();
    }
    let [file, link] = [archive.join("fullchain1.pem"), live.join("fullchain.pem")];
    fs::write(&file, "").unwrap();
    symlink("../../archive/chat.example/fullchain1.pem", &link).unwrap();
    let config = folder.join("madang.toml");
    fs::write(
        &config,
        "[tls]\ncertificate = \"live/chat.example/fullchain.pem\"\n",
    )
    .unwrap();
    for (place, right) in [
        (folder.join("live"), "enter the directory"),
        (folder.join("archive"), "enter the directory"),
        (file, "read the file"),
    ] {
        let usual = fs::metadata(&place).unwrap().permissions();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o000)).unwrap();
        // Without its capabilities root has no more rights than others.
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", env!("CARGO_BIN_EXE_madang")]);
        if !rustix::process::geteuid().is_root() {
            command = Command::new(env!("CARGO_BIN_EXE_madang"));
        }
        let output = command.args(["config", "check"]).arg(&config).output();
        fs::set_permissions(&place, usual).unwrap();
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        let expected = format!("has no right to {right} {} (owner ", place.display());
        assert!(
            stderr.contains(&format!("{} cannot be read: ", link.display())),
            "{stderr}"
        );
        assert!(
            stderr.contains(" user ") && stderr.contains(&expected),
            "{stderr}"
        );
        assert!(
            stderr.contains(", mode 0000); grant that right, or copy the file"),
            "{stderr}"
        );
    }
    fs::remove_dir_all(&folder).unwrap();
}
