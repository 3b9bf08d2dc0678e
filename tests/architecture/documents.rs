//! The documents point at things that exist: files, functions, headings, lessons with code and test.

use super::{report, root, source::find_word};
use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

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
pub(crate) fn anchor(heading: &str) -> String {
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

/// Files that the way of a line may cross, and how often it may go from one room to another.
const FILES_CROSSED: usize = 20;
const ROOMS_CROSSED: usize = 7;

#[test]
fn the_way_of_one_line_is_as_it_is_written_and_short() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (mut faults, mut files, mut rooms) = (String::new(), BTreeSet::new(), Vec::new());
    for line in text.lines() {
        let cells: Vec<_> = line.split(" | ").collect();
        let [number, room, file, functions, _] = cells[..] else {
            continue;
        };
        if file.contains(".rs`") {
            check_names(number, &format!("{file} {functions}"), &mut faults);
            let named = named_in(file).next().unwrap();
            if !named.starts_with(&format!("src/{room}/")) {
                let _ = writeln!(faults, "{named} is not in the room {room}");
            }
            files.insert(named.to_owned());
            rooms.push(room.to_owned());
        }
    }
    rooms.dedup();
    assert!(files.len() > 10, "the table was not recognised");
    assert!(files.len() <= FILES_CROSSED, "{} files", files.len());
    assert!(
        rooms.len() - 1 <= ROOMS_CROSSED,
        "from room to room: {rooms:?}"
    );
    report(&faults);
}
