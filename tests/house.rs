//! Rules of the house as ordinary tests: who may know whom, what no file may call, how files look, and that the
//! documents point at things that exist. Reads the sources; the last test counts the threads of the running binary.
//!
//! A rule that is broken for a good reason is changed here, in the same commit.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The layers, and whom each may name besides itself (docs/ARCHITECTURE.md). A folder that is not listed may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("chat", &[]),
    ("net", &[]),
    ("auth", &[]),
    ("config", &["auth"]),
    ("os", &[]),
    ("protocol", &["chat"]),
    ("store", &["chat"]),
    ("load", &["net", "os", "protocol"]),
    (
        "server",
        &["auth", "chat", "config", "net", "os", "protocol", "store"],
    ),
    // Commands write to the host's streams, and the log is started before there is a server.
    ("cli", &["config", "load", "os", "server"]),
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
const CLOCKS: &[&str] = &["src/net/clock.rs", "src/net/poller.rs"];

/// The one file of the server that asks for the time of day; what is waited for goes by the loop's clock.
const WALL_CLOCK: &str = "src/server/wall_clock.rs";

/// Columns of a line: past this it is not seen whole.
const COLUMNS: usize = 130;

/// Lines of a file in src. At 400 one looks for a seam.
const LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file of ours.
struct Source {
    /// From the root, with slashes.
    path: String,
    text: String,
    /// The text without comments and without what is in quotes; same lines.
    code: String,
}

/// All Rust files under a folder.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let tops: &[&str] = match folder {
        "" => &["src", "tests", "examples", "benches", "fuzz/fuzz_targets"],
        folder => &[folder],
    };
    for top in tops {
        collect(&root().join(top), &mut found);
    }
    found.sort();
    assert!(!found.is_empty(), "no Rust file under {folder:?}");
    found.into_iter().map(|path| read(&path)).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(root()).unwrap();
    Source {
        path: path.to_str().unwrap().replace('\\', "/"),
        code: code_of(&text),
        text,
    }
}

/// Blanks comments and quoted texts, so that the rules look at code alone. Knows as much of the language as this house uses.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = quoted_length(rest, code.chars().next_back());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        }
    }
    code
}

/// How long the comment or quoted text is that begins here; 0 if none does.
fn quoted_length(rest: &str, before: Option<char>) -> usize {
    let up_to = |end: &str, from: usize| {
        let found = rest[from..].find(end).map(|at| from + at + end.len());
        found.unwrap_or(rest.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return up_to("*/", 2);
    }
    let in_a_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    for (start, end) in [("r#\"", "\"#"), ("r\"", "\""), ("br\"", "\"")] {
        if !in_a_word && rest.starts_with(start) {
            return up_to(end, start.len());
        }
    }
    let closing = |quote: char| {
        let mut escaped = false;
        let inside = rest.char_indices().skip(1);
        let mut ends = inside.filter_map(|(at, c)| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at + 1)
        });
        ends.next().unwrap_or(rest.len())
    };
    match rest.as_bytes() {
        [b'"', ..] => closing('"'),
        [b'\'', b'\\', ..] => closing('\''),
        // A character, unlike a lifetime, is closed right behind it.
        [b'\'', ..] => {
            let mut letters = rest.char_indices().skip(2);
            match letters.next() {
                Some((at, '\'')) => at + 1,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// Where `word` stands in the code as a whole word.
fn find_word(code: &str, word: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut places = code.match_indices(word).map(|(at, _)| at);
    places.find(|&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && (word.ends_with('!') || !after.is_some_and(is_part))
    })
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// The names right behind each `crate::` (and `madang::`), also of a group: `crate::{chat::Hub, net}` names `chat` and `net`.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        let group = rest.strip_prefix('{');
        let (mut depth, mut at_start) = (0, true);
        for (offset, c) in group.unwrap_or(rest).char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if c.is_alphanumeric() && depth == 0 && at_start => {
                    at_start = false;
                    let name = group.unwrap_or(rest)[offset..]
                        .split(|c: char| !c.is_alphanumeric() && c != '_');
                    named.push((at, name.into_iter().next().unwrap_or_default().to_owned()));
                }
                _ => {}
            }
            if group.is_none() && !at_start {
                break;
            }
        }
    }
    named
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
            let _ = writeln!(faults, "{}: no such layer in tests/house.rs", source.path);
            continue;
        };
        for (at, named) in crate_paths(&source.code) {
            let is_layer = ARROWS.iter().any(|(name, _)| *name == named);
            let extra = EXTRA_ARROWS.contains(&(inner, named.as_str()));
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
        for word in ["Instant", "SystemTime"] {
            if source.path != WALL_CLOCK && find_word(&source.code, word).is_some() {
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

/// The Markdown files of the house.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["", "docs", "benches", "fuzz"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    found.sort();
    found
}

/// What an anchor of a heading is called.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut faults = String::new();
    for document in documents() {
        let name = document.strip_prefix(root()).unwrap().display();
        let text = fs::read_to_string(&document).unwrap();
        let links = text.split("](").skip(1);
        for link in links
            .filter_map(|rest| rest.split_once(')'))
            .map(|(link, _)| link)
        {
            if link.contains("://") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            if !target.exists() {
                let _ = writeln!(faults, "{name}: {link} does not exist");
            } else if !fragment.is_empty() {
                let text = fs::read_to_string(target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                if !headings.any(|heading| anchor(heading) == fragment) {
                    let _ = writeln!(faults, "{name}: {link} has no such heading");
                }
            }
        }
    }
    report(&faults);
}

/// What stands between backquotes.
fn named_in(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn each_pitfall_has_its_code_and_its_test() {
    let text = fs::read_to_string(root().join("docs/PITFALLS.md")).unwrap();
    let mut faults = String::new();
    let mut entries = BTreeSet::new();
    for entry in text.split("\n## ").skip(1) {
        let (title, body) = entry.split_once('\n').unwrap();
        if let Some(number) = title.split('.').next().and_then(|n| n.parse::<u32>().ok()) {
            entries.insert(number);
        }
        let mut has = |label: &str| {
            let lines: Vec<_> = body
                .lines()
                .filter(|line| line.starts_with(label))
                .collect();
            for line in &lines {
                check_names(title, line, &mut faults);
            }
            if lines.is_empty() {
                let _ = writeln!(faults, "{title}: no line begins with {label:?}");
            }
        };
        has("Code: ");
        has("Test: ");
    }
    assert_eq!(
        entries,
        (1..=10).collect(),
        "one entry for each rule of the loop"
    );
    report(&faults);
}

#[test]
fn each_lesson_has_its_code_and_its_test_in_both_languages() {
    let mut faults = String::new();
    let mut lessons: Vec<Vec<String>> = Vec::new();
    for (file, code, test) in [
        ("docs/LESSONS.md", "Code: ", "Test: "),
        ("docs/LESSONS.ko.md", "코드: ", "테스트: "),
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let mut told = Vec::new();
        for entry in text.split("\n## ").skip(1) {
            let (title, body) = entry.split_once('\n').unwrap();
            if title.starts_with(|c: char| !c.is_ascii_digit()) {
                continue;
            }
            // What is typed and what is pointed at is the same in every language, but for remarks in parentheses.
            let typed = body.lines().filter_map(|line| line.strip_prefix("    "));
            told.extend(typed.map(|line| line.split("  (").next().unwrap().trim().to_owned()));
            for label in [code, test] {
                let found = body.lines().find_map(|line| line.strip_prefix(label));
                let Some(names) = found else {
                    let _ = writeln!(faults, "{file}: {title}: no line begins with {label:?}");
                    continue;
                };
                check_names(&format!("{file}: {title}"), names, &mut faults);
                told.push(names.to_owned());
            }
        }
        assert!(told.len() > 40, "{file}: the lessons were not recognised");
        lessons.push(told);
    }
    assert_eq!(lessons[0], lessons[1], "the two languages differ");
    report(&faults);
}

#[test]
fn the_glossary_names_what_exists() {
    let text = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let mut faults = String::new();
    let mut words = BTreeSet::new();
    for line in text.lines().filter(|line| line.contains(".rs`")) {
        let cells: Vec<_> = line.split(" | ").collect();
        if let [word, _, code, ..] = cells[..] {
            check_names(word, code, &mut faults);
            if !words.insert(word) {
                let _ = writeln!(faults, "{word}: explained twice");
            }
        }
    }
    assert!(words.len() > 40, "the tables were not recognised");
    report(&faults);
}

/// Folders whose files are named in documents.
const FOLDERS: &[&str] = &[
    "src/",
    "tests/",
    "docs/",
    "benches/",
    "examples/",
    "fuzz/",
    "packaging/",
    ".ci/",
];

#[test]
fn files_that_documents_name_exist() {
    let mut faults = String::new();
    let mut named = 0;
    for document in documents() {
        let title = document.strip_prefix(root()).unwrap().display().to_string();
        // What was true of an earlier release may be gone.
        if title == "CHANGELOG.md" {
            continue;
        }
        let text = fs::read_to_string(&document).unwrap();
        for name in text.lines().flat_map(named_in) {
            let is_ours = FOLDERS.iter().any(|folder| name.starts_with(folder));
            let is_plain = !name.contains([' ', '*', '{', '<']);
            if is_ours && is_plain {
                named += 1;
                if !root().join(name).exists() {
                    let _ = writeln!(faults, "{title}: there is no {name}");
                }
            }
        }
    }
    assert!(named > 100, "only {named} files are named");
    report(&faults);
}

#[test]
fn the_tables_of_the_lessons_name_what_exists() {
    let text = fs::read_to_string(root().join("docs/LESSONS.md")).unwrap();
    let mut faults = String::new();
    let mut rows = 0;
    for line in text.lines() {
        let cells: Vec<_> = line.split(" | ").collect();
        if let [subject, code, test, ..] = cells[..] {
            // Only tables about code have a path in the second column.
            if code.contains(".rs`") {
                rows += 1;
                check_names(subject, code, &mut faults);
                check_names(subject, test, &mut faults);
            }
        }
    }
    assert!(rows > 20, "the tables were not recognised: {rows} rows");
    report(&faults);
}

/// A name with a slash or a dot is a file; any other is a function in the file named before it.
fn check_names(title: &str, line: &str, faults: &mut String) {
    let mut file = None;
    for name in named_in(line) {
        if name.contains('/') || name.contains('.') {
            file = fs::read_to_string(root().join(name)).ok();
            if file.is_none() {
                let _ = writeln!(faults, "{title}: there is no file {name}");
            }
        } else {
            let text = file.as_deref().unwrap_or_default();
            let defined = ["fn ", "struct ", "const ", "enum ", "trait "]
                .iter()
                .any(|kind| find_word(text, &format!("{kind}{name}")).is_some());
            if !defined {
                let _ = writeln!(faults, "{title}: {name} is not in the file named before it");
            }
        }
    }
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
    assert_eq!(anchor("## 1. Drain or carry over"), "1-drain-or-carry-over");
}
