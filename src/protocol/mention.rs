//! Whether a text mentions a name: the rule for clients that mark such lines (docs/NAMES.md, "When a text mentions a name").
//!
//! The page has the same rule in `web/page/mention.js`, and both pass the rows of `tests/browser/mentions.txt`. The rule
//! needs no dictionary: it looks at the script of a letter alone. Does not know who marks what.

use crate::chat::mask::fold;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript as _};

/// What a character is to the word that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A letter of a script that is told apart from all others.
    Of(Script),
    /// Any other letter.
    Other,
    /// A mark, a number or `_`, which belongs to its neighbour.
    Tail,
    /// No part of a word.
    Apart,
}

/// Scripts in which particles stand right behind a name.
const ATTACHING: [Script; 2] = [Script::Hangul, Script::Hiragana];

/// Scripts that put no space between words.
const UNSPACED: [Script; 5] = [
    Script::Han,
    Script::Khmer,
    Script::Lao,
    Script::Myanmar,
    Script::Thai,
];

/// More marks on one letter are no writing, and are not walked over.
const MARKS_MAX: usize = 40;

fn kind(c: char) -> Kind {
    if c == '_' || is_combining_mark(c) || c.is_numeric() {
        return Kind::Tail;
    }
    if !c.is_alphabetic() {
        return Kind::Apart;
    }
    let script = c.script();
    let is_told_apart =
        script == Script::Katakana || ATTACHING.contains(&script) || UNSPACED.contains(&script);
    if is_told_apart {
        Kind::Of(script)
    } else {
        Kind::Other
    }
}

/// Whether the text, without control characters, mentions the name.
pub fn mentions(text: &str, name: &str) -> bool {
    let (all, name) = (fold(text), fold(name));
    let Some(first) = name.chars().next() else {
        return false;
    };
    let last = last_base(&name);
    // One character alone is too often part of another word.
    let is_long = name.chars().nth(1).is_some();
    let before = |script| is_long && UNSPACED.contains(&script);
    let behind = |script| is_long && (UNSPACED.contains(&script) || ATTACHING.contains(&script));
    let mut from = 0;
    while let Some(found) = all[from..].find(&name) {
        let at = from + found;
        let next = all[at + name.len()..].chars().next();
        if is_free(last_base(&all[..at]), Some(first), before) && is_free(next, last, behind) {
            return true;
        }
        from = at + first.len_utf8();
    }
    false
}

/// Whether a name that begins or ends with `inner` may stand beside `outer`; `is_open` is for letters of one script.
fn is_free(outer: Option<char>, inner: Option<char>, is_open: impl Fn(Script) -> bool) -> bool {
    let beside = outer.map_or(Kind::Apart, kind);
    let own = match inner.map_or(Kind::Other, kind) {
        Kind::Of(script) => Kind::Of(script),
        Kind::Other | Kind::Tail | Kind::Apart => Kind::Other,
    };
    match beside {
        Kind::Apart => true,
        Kind::Tail => false,
        Kind::Of(script) => beside != own || is_open(script),
        Kind::Other => beside != own,
    }
}

/// The last character, without the marks on it.
fn last_base(text: &str) -> Option<char> {
    let mut characters = text.chars().rev().take(MARKS_MAX);
    characters.find(|c| !is_combining_mark(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_list_holds() {
        let rows = include_str!("../../tests/browser/mentions.txt");
        let mut count = 0;
        for row in rows.lines() {
            let Some((sign @ ("+" | "-"), rest)) = row.split_once(' ') else {
                continue;
            };
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            assert_eq!(mentions(text, name), sign == "+", "{row}");
            count += 1;
        }
        assert!(count > 90, "the list was read: {count} rows");
    }

    #[test]
    fn a_long_text_takes_one_walk() {
        let text = "é".repeat(4000);
        assert!(!mentions(&text, "éé"));
        assert!(!mentions(&"\u{301}".repeat(4000), "a"));
        assert!(!mentions("anything", ""));
    }
}
