//! The architecture as ordinary tests: which room may use which, which file uses which (no circles), what no file may
//! call, how files look, and that the documents point at things that exist. Reads the sources; one test counts the
//! threads of the running binary.
//!
//! A rule that is broken for a good reason is changed here, in the same commit.

mod documents;
mod graph;
mod source;

use source::{code_of, crate_paths, find_word, line_of, sources};
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// The layers, and whom each may name besides itself (docs/ARCHITECTURE.md). A folder that is not listed may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("chat", &[]),
    ("net", &[]),
    ("auth", &[]),
    ("config", &["auth"]),
    ("history", &["chat"]),
    ("os", &[]),
    ("protocol", &["auth", "chat", "history"]),
    ("store", &[]),
    ("load", &["net", "os", "protocol"]),
    (
        "server",
        &[
            "auth", "chat", "config", "history", "net", "os", "protocol", "store",
        ],
    ),
    // Tests of the loop, of the server and of the store over simulated faults. The layers do not know it; their tests may.
    (
        "simulation",
        &[
            "auth", "chat", "config", "net", "protocol", "server", "store",
        ],
    ),
    // Commands write to the host's streams, and the log is started before there is a server.
    ("cli", &["config", "load", "os", "server", "store"]),
];

/// Single files that may name more layers: the terminal client is a small program of its own on the loop, and what it shows is
/// made safe for a terminal by the same code as what the server sends to terminals.
const EXTRA_ARROWS: &[(&str, &str)] =
    &[("cli/terminal.rs", "net"), ("cli/terminal.rs", "protocol")];

/// What the code of these folders may not name, and why.
const BANNED: &[(&str, &[&str], &str)] = &[
    (
        "src/chat",
        &["Instant", "SystemTime", "std::net", "mio", "socket2"],
        "time comes in as an argument, and people have no sockets",
    ),
    (
        "src/protocol",
        &[
            "Instant",
            "SystemTime",
            "std::net",
            "mio",
            "socket2",
            "ConnId",
        ],
        "a codec knows bytes, not where they come from nor when",
    ),
    (
        "src/net",
        &["SystemTime", "Nick", "RoomName", "UserId", "Hub"],
        "the loop knows no people, and no time of day",
    ),
    (
        "src",
        &[
            "async",
            "await",
            "thread::spawn",
            "thread::Builder",
            "thread::scope",
            "thread::sleep",
        ],
        "one thread, one loop",
    ),
    (
        "src",
        &[
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
        ],
        "the standard library's sockets block",
    ),
    ("", &["unsafe"], "not here"),
    (
        "",
        &["todo!", "unimplemented!", "dbg!"],
        "it is done or it is not there",
    ),
];

/// Files that may read the clock of their layer (invariant 8: once a turn).
const CLOCKS: &[&str] = &["src/net/time/clock.rs", "src/net/event_loop/mod.rs"];

/// The one file of the server that asks for the time of day; what is waited for goes by the loop's clock.
const WALL_CLOCK: &str = "src/server/wall_clock.rs";

/// Columns of a line: past this it is not seen whole.
const COLUMNS: usize = 130;

/// Lines of a file in src. At 400 one looks for a seam.
const LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn report(faults: &str) {
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn arrows_point_down() {
    let mut faults = String::new();
    for source in sources("src") {
        let inner = source.path.strip_prefix("src/").unwrap();
        let Some((layer, _)) = inner.split_once('/') else {
            // main.rs and lib.rs stand above the layers.
            continue;
        };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == layer) else {
            let _ = writeln!(
                faults,
                "{}: no such layer in tests/architecture",
                source.path
            );
            continue;
        };
        for (at, named) in crate_paths(&source.code) {
            let is_layer = ARROWS.iter().any(|(name, _)| *name == named);
            let is_test = inner.contains("/tests/") || inner.ends_with("tests.rs");
            let extra = EXTRA_ARROWS.contains(&(inner, named.as_str()))
                || (is_test && named == "simulation");
            if is_layer && named != layer && !allowed.contains(&named.as_str()) && !extra {
                let line = line_of(&source.code, at);
                let _ = writeln!(
                    faults,
                    "{}:{line}: {layer} must not know {named}",
                    source.path
                );
            }
        }
    }
    report(&faults);
}

#[test]
fn no_way_around_the_arrows() {
    // `super` may not climb out of a layer: such a path would not be seen above.
    let mut faults = String::new();
    for source in sources("src") {
        let depth =
            source.path.matches('/').count() - usize::from(source.path.ends_with("/mod.rs"));
        if depth == 0 {
            continue;
        }
        let outside_tests = source
            .code
            .split("\nmod tests {")
            .next()
            .unwrap_or_default();
        let chain = "super::".repeat(depth);
        if let Some(at) = outside_tests.find(&chain) {
            let line = line_of(&source.code, at);
            let _ = writeln!(faults, "{}:{line}: write crate:: instead", source.path);
        }
    }
    report(&faults);
}

/// Circles of files that are there for a reason. Every other circle fails the test below.
const CIRCLES: &[(&[&str], &str)] = &[];

#[test]
fn files_use_each_other_without_circles() {
    let graph = graph::imports();
    let edges: usize = graph.values().map(|targets| targets.len()).sum();
    assert!(
        graph.len() > 200 && edges > graph.len(),
        "the graph is too small: {edges} edges"
    );
    let mut faults = String::new();
    let found = graph::circles(&graph);
    for circle in &found {
        if !CIRCLES.iter().any(|(known, _)| known == circle) {
            let _ = writeln!(
                faults,
                "a circle of {}: {}",
                circle.len(),
                circle.join(", ")
            );
        }
    }
    for (known, _) in CIRCLES {
        if !found.iter().any(|circle| circle == known) {
            let _ = writeln!(faults, "no circle any more: {}", known.join(", "));
        }
    }
    report(&faults);
}

#[test]
fn nobody_calls_what_is_banned() {
    let mut faults = String::new();
    for (folder, words, reason) in BANNED {
        for source in sources(folder) {
            for word in *words {
                if let Some(at) = find_word(&source.code, word) {
                    let line = line_of(&source.code, at);
                    let _ = writeln!(faults, "{}:{line}: {word}: {reason}", source.path);
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn the_loop_reads_its_clock_in_one_place() {
    let mut faults = String::new();
    for source in sources("src/net") {
        let is_test = source.path.starts_with("src/net/tests/");
        if !is_test && !CLOCKS.contains(&source.path.as_str()) {
            if let Some(at) = source.code.find("Instant::now") {
                let line = line_of(&source.code, at);
                let _ = writeln!(faults, "{}:{line}: time is passed down", source.path);
            }
        }
    }
    report(&faults);
}

#[test]
fn the_server_waits_by_the_loop_s_clock_and_reads_the_date_in_one_place() {
    let mut faults = String::new();
    for source in sources("src/server") {
        for word in ["Instant", "SystemTime", "since_epoch"] {
            let may = word == "since_epoch" && source.path == WALL_CLOCK;
            if !may && find_word(&source.code, word).is_some() {
                let _ = writeln!(faults, "{}: names {word}", source.path);
            }
        }
    }
    report(&faults);
}

#[test]
fn files_say_what_they_are() {
    let mut faults = String::new();
    for source in sources("") {
        if !source.text.starts_with("//! ") {
            let _ = writeln!(faults, "{}: begin with //! what it is", source.path);
        }
    }
    report(&faults);
}

#[test]
fn files_fit_the_screen_and_the_mind() {
    let mut faults = String::new();
    for source in sources("") {
        for (line, text) in (1..).zip(source.text.lines()) {
            let columns = text.chars().count();
            // A row of a table cannot be broken.
            if columns > COLUMNS && !text.starts_with("//! |") {
                let _ = writeln!(faults, "{}:{line}: {columns} columns", source.path);
            }
        }
        let lines = source.text.lines().count();
        if source.path.starts_with("src/") && lines > LINES {
            let _ = writeln!(faults, "{}: {lines} lines: look for a seam", source.path);
        }
    }
    report(&faults);
}

#[test]
fn scripts_keep_the_same_rules() {
    let mut faults = String::new();
    for folder in ["src/protocol/web/page", "tests/browser"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let scripts = paths.filter(|path| path.extension().is_some_and(|e| e == "js"));
        for path in scripts {
            let name = path.strip_prefix(root()).unwrap().display();
            let text = fs::read_to_string(&path).unwrap();
            if !text.starts_with("/**") {
                let _ = writeln!(faults, "{name}: begin with /** what it is");
            }
            for (line, text) in (1..).zip(text.lines()) {
                let columns = text.chars().count();
                // A row of a table cannot be broken.
                if columns > COLUMNS && !text.trim_start().starts_with("['") {
                    let _ = writeln!(faults, "{name}:{line}: {columns} columns");
                }
            }
            // Nothing that anyone wrote may become markup (src/protocol/web/page/dom.js).
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                if text.contains(word) && folder.starts_with("src") {
                    let _ = writeln!(faults, "{name}: {word}");
                }
            }
        }
    }
    report(&faults);
}

#[test]
#[cfg(target_os = "linux")]
fn the_running_server_has_one_thread() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_madang"))
        .args(["--listen", "any://127.0.0.1:0", "--log", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    let heard = BufReader::new(stdout).read_line(&mut line);
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).map(Iterator::count);
    child.kill().unwrap();
    child.wait().unwrap();
    heard.unwrap();
    assert!(line.starts_with("listening any://127.0.0.1:"), "{line:?}");
    assert_eq!(threads.unwrap(), 1);
}

#[test]
fn the_rules_see_what_they_shall_see() {
    let code = code_of("a /* unsafe */ b // unsafe\n\"un\\\"safe\" 'x' r#\"todo!\"# 'static c");
    assert_eq!(code, "a   b  \n      'static c");
    assert_eq!(find_word("a unsafety unsafe", "unsafe"), Some(11));
    assert_eq!(find_word("todo!()", "todo!"), Some(0));
    let named = |code| crate_paths(code).into_iter().map(|(_, name)| name);
    let group = "use crate::{\n    chat::{Hub, User},\n    net,\n};\ncrate::config::Config";
    assert!(named(group).eq(["chat", "net", "config"]));
    assert_eq!(
        documents::anchor("## 1. Drain or carry over"),
        "1-drain-or-carry-over"
    );
}
