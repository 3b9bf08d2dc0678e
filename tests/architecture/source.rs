//! The sources as text: all files, with and without comments and quoted texts.

use super::root;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file of ours.
pub(crate) struct Source {
    /// From the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and without what is in quotes; same lines.
    pub(crate) code: String,
}

/// All Rust files under a folder.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
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
pub(crate) fn code_of(text: &str) -> String {
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
pub(crate) fn find_word(code: &str, word: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut places = code.match_indices(word).map(|(at, _)| at);
    places.find(|&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && (word.ends_with('!') || !after.is_some_and(is_part))
    })
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// The names right behind each `crate::` (and `madang::`), also of a group: `crate::{chat::Hub, net}` names `chat` and `net`.
pub(crate) fn crate_paths(code: &str) -> Vec<(usize, String)> {
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
