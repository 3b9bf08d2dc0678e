//! One setting: its name, its explanation, where its value is kept, and which values are right.
//!
//! A section of the file is a table of [`Key`]s over the struct `T` that holds its values. The same row reads a
//! value, checks it and prints it, so a new setting is one row and one field. Knows no particular setting, and no
//! TOML beyond [`Raw`].

use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    error::Invalid,
    settings::Config,
    units::{parse_duration, parse_size, show_duration, show_size},
};

/// A section of the file that exists once.
pub(super) struct Section {
    /// Its name in brackets.
    pub name: &'static str,
    /// The comment above it in the printed file.
    pub about: &'static str,
    /// Its settings.
    pub keys: &'static [Key<Config>],
}

/// One setting of a `T`.
pub(super) struct Key<T> {
    /// Its name in the file.
    pub name: &'static str,
    /// What it is, in sentences; with line breaks where the printed comment breaks.
    pub about: &'static str,
    /// A value to show in the printed file if there is no default, in TOML.
    pub example: &'static str,
    /// Where its value is kept, and which values are allowed.
    pub field: Field<T>,
}

/// Where a value is kept in a `T`, and which values are allowed.
pub(super) enum Field<T> {
    /// A whole number.
    Count(fn(&mut T) -> &mut u32, RangeInclusive<u32>),
    /// A whole number that may be absent.
    CountOrNone(fn(&mut T) -> &mut Option<u32>, RangeInclusive<u32>),
    /// True or false.
    Flag(fn(&mut T) -> &mut bool),
    /// True or false, or absent.
    FlagOrNone(fn(&mut T) -> &mut Option<bool>),
    /// Paths of files, one or a list; relative ones start from the file's directory.
    Paths(fn(&mut T) -> &mut Vec<PathBuf>),
    /// A number of bytes.
    Size(fn(&mut T) -> &mut usize, RangeInclusive<u64>),
    /// A number of bytes that may be absent.
    SizeOrNone(fn(&mut T) -> &mut Option<usize>, RangeInclusive<u64>),
    /// A duration.
    Span(fn(&mut T) -> &mut Duration, RangeInclusive<Duration>),
    /// A duration that may be absent.
    SpanOrNone(
        fn(&mut T) -> &mut Option<Duration>,
        RangeInclusive<Duration>,
    ),
    /// A list of texts.
    Texts {
        /// Checks and stores them.
        read: fn(&mut T, &[&str]) -> Result<(), Invalid>,
        /// Returns the texts.
        show: fn(&T) -> Vec<String>,
    },
    /// A list of texts that may be absent.
    TextsOrNone {
        /// Checks and stores them.
        read: fn(&mut T, &[&str]) -> Result<(), Invalid>,
        /// Returns the texts; `None` if there is no list.
        show: fn(&T) -> Option<Vec<String>>,
    },
    /// A text with rules of its own.
    Text {
        /// Checks and stores it. The path is the directory that relative paths start from.
        read: fn(&mut T, &str, &Path) -> Result<(), Invalid>,
        /// Returns the text in a form that `read` accepts; `None` if there is none.
        show: fn(&T) -> Option<String>,
    },
}

/// A value as it is written, before its setting interprets it.
#[derive(Clone, Debug)]
pub(super) enum Raw<'a> {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number. Numbers beyond the type are cut to its ends, which no range contains.
    Number(i64),
    /// A text.
    Text(&'a str),
    /// A list of texts.
    Texts(&'a [&'a str]),
    /// Something that no setting takes: a float, a date, a list of anything else, a table.
    Other,
}

impl<'a> Raw<'a> {
    /// The value in the query of a URL or after a flag, where nothing is quoted.
    pub(super) fn from_query(text: &'a str) -> Self {
        match text {
            "true" => Self::Flag(true),
            "false" => Self::Flag(false),
            _ => text.parse().map_or(Self::Text(text), Self::Number),
        }
    }

    /// A whole number within a range.
    pub(super) fn count(self, range: &RangeInclusive<u32>) -> Result<u32, Invalid> {
        let Self::Number(number) = self else {
            return Err(Invalid::new("not a whole number; write it like 20"));
        };
        let count = u32::try_from(number).ok().filter(|n| range.contains(n));
        count.ok_or_else(|| outside(range.start(), range.end()))
    }

    fn size(self, range: &RangeInclusive<u64>) -> Result<usize, Invalid> {
        let bytes = match self {
            Self::Number(number) => Some(u64::try_from(number).unwrap_or(0)),
            Self::Text(text) => parse_size(text),
            Self::Flag(_) | Self::Texts(_) | Self::Other => None,
        };
        let Some(bytes) = bytes else {
            let remedy = "not a size; write it like \"512 KiB\" or \"1 MiB\"";
            return Err(Invalid::new(remedy));
        };
        let bytes = range.contains(&bytes).then_some(bytes);
        let size = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        size.ok_or_else(|| outside(&show_size(*range.start()), &show_size(*range.end())))
    }

    fn span(self, range: &RangeInclusive<Duration>) -> Result<Duration, Invalid> {
        let Some(span) = self.text().and_then(parse_duration) else {
            let remedy = "not a duration; write it like \"30s\", \"5m\" or \"500ms\"";
            return Err(Invalid::new(remedy));
        };
        let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
        let span = Some(span).filter(|span| range.contains(span));
        span.ok_or_else(|| outside(&least, &most))
    }

    fn paths(self, base: &Path) -> Result<Vec<PathBuf>, Invalid> {
        let paths = match self {
            Self::Text(path) => vec![base.join(path)],
            Self::Texts(paths) => paths.iter().map(|path| base.join(path)).collect(),
            _ => vec![],
        };
        if paths.is_empty() {
            let remedy = "not a path; write it in quotes, or several in brackets";
            return Err(Invalid::new(remedy));
        }
        Ok(paths)
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn outside(least: &dyn fmt::Display, most: &dyn fmt::Display) -> Invalid {
    Invalid::new(format!("out of range; it may be {least} to {most}"))
}

/// One path as a text, several as a list.
fn show_paths(paths: &[PathBuf]) -> Option<String> {
    let mut texts = paths
        .iter()
        .map(|path| format!("{:?}", path.to_string_lossy()));
    match paths.len() {
        0 => None,
        1 => texts.next(),
        _ => Some(format!("[{}]", texts.collect::<Vec<_>>().join(", "))),
    }
}

impl<T> Field<T> {
    /// Checks a value and stores it in `target`.
    ///
    /// # Errors
    /// The value is of the wrong kind or out of range; `target` is unchanged.
    pub(super) fn read(&self, target: &mut T, raw: Raw<'_>, base: &Path) -> Result<(), Invalid> {
        match self {
            Self::Count(place, range) => *place(target) = raw.count(range)?,
            Self::CountOrNone(place, range) => *place(target) = Some(raw.count(range)?),
            Self::Flag(place) => match raw {
                Raw::Flag(flag) => *place(target) = flag,
                _ => return Err(Invalid::new("it is either true or false")),
            },
            Self::FlagOrNone(place) => match raw {
                Raw::Flag(flag) => *place(target) = Some(flag),
                _ => return Err(Invalid::new("it is either true or false")),
            },
            Self::Paths(place) => *place(target) = raw.paths(base)?,
            Self::Size(place, range) => *place(target) = raw.size(range)?,
            Self::SizeOrNone(place, range) => *place(target) = Some(raw.size(range)?),
            Self::Span(place, range) => *place(target) = raw.span(range)?,
            Self::SpanOrNone(place, range) => *place(target) = Some(raw.span(range)?),
            Self::Texts { read, .. } | Self::TextsOrNone { read, .. } => match raw {
                Raw::Texts(texts) => read(target, texts)?,
                _ => return Err(Invalid::new("not a list; write it like [\"one\", \"two\"]")),
            },
            Self::Text { read, .. } => match raw {
                Raw::Text(text) => read(target, text, base)?,
                _ => return Err(Invalid::new("not a text; write it in quotes")),
            },
        }
        Ok(())
    }

    /// The value in TOML; `None` if it is absent. Takes `&mut` only because it finds the value as
    /// [`read`](Self::read) does.
    pub(super) fn show(&self, target: &mut T) -> Option<String> {
        let quote = |text: String| format!("{text:?}");
        match self {
            Self::Count(place, _) => Some(place(target).to_string()),
            Self::CountOrNone(place, _) => place(target).map(|n| n.to_string()),
            Self::Flag(place) => Some(place(target).to_string()),
            Self::FlagOrNone(place) => place(target).map(|flag| flag.to_string()),
            Self::Paths(place) => show_paths(place(target)),
            Self::Size(place, _) => Some(quote(show_size(*place(target) as u64))),
            Self::SizeOrNone(place, _) => place(target).map(|n| quote(show_size(n as u64))),
            Self::Span(place, _) => Some(quote(show_duration(*place(target)))),
            Self::SpanOrNone(place, _) => place(target).map(|span| quote(show_duration(span))),
            Self::Texts { show, .. } => Some(format!("{:?}", show(target))),
            Self::TextsOrNone { show, .. } => show(target).map(|texts| format!("{texts:?}")),
            Self::Text { show, .. } => show(target).map(quote),
        }
    }

    /// The range as a text, if there is one: `16 KiB to 1 GiB`.
    pub(super) fn range(&self) -> Option<String> {
        match self {
            Self::Count(_, range) | Self::CountOrNone(_, range) => {
                Some(format!("{} to {}", range.start(), range.end()))
            }
            Self::Size(_, range) | Self::SizeOrNone(_, range) => {
                let (least, most) = (show_size(*range.start()), show_size(*range.end()));
                Some(format!("{least} to {most}"))
            }
            Self::Span(_, range) | Self::SpanOrNone(_, range) => {
                let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
                Some(format!("{least} to {most}"))
            }
            Self::Flag(_)
            | Self::FlagOrNone(_)
            | Self::Paths(_)
            | Self::Text { .. }
            | Self::Texts { .. }
            | Self::TextsOrNone { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<V: PartialEq + fmt::Debug>(found: Result<V, Invalid>, expected: Result<V, &str>) {
        let found = found.map_err(|e| e.to_string());
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn counts() {
        let range = 1..=100;
        check(Raw::Number(1).count(&range), Ok(1));
        check(Raw::Number(100).count(&range), Ok(100));
        for number in [0, 101, -1, i64::MAX, i64::MIN] {
            let expected = Err("out of range; it may be 1 to 100");
            check(Raw::Number(number).count(&range), expected);
        }
        for raw in [Raw::Text("20"), Raw::Flag(true), Raw::Other] {
            let expected = Err("not a whole number; write it like 20");
            check(raw.count(&range), expected);
        }
    }

    #[test]
    fn sizes_are_parsed() {
        let range = 512..=1 << 20;
        check(Raw::Number(512).size(&range), Ok(512));
        check(Raw::Text("1 MiB").size(&range), Ok(1 << 20));
        for raw in [Raw::Number(511), Raw::Number(-1), Raw::Text("2 MiB")] {
            let expected = Err("out of range; it may be 512 B to 1 MiB");
            check(raw.size(&range), expected);
        }
        for raw in [Raw::Text("1 MB"), Raw::Flag(true), Raw::Other] {
            let expected = Err("not a size; write it like \"512 KiB\" or \"1 MiB\"");
            check(raw.size(&range), expected);
        }
    }

    #[test]
    fn spans() {
        let range = Duration::from_millis(100)..=Duration::from_secs(3600);
        check(Raw::Text("5m").span(&range), Ok(Duration::from_secs(300)));
        for raw in [Raw::Text("99ms"), Raw::Text("2h")] {
            let expected = Err("out of range; it may be 100ms to 1h");
            check(raw.span(&range), expected);
        }
        for raw in [Raw::Text("30"), Raw::Number(30), Raw::Other] {
            let expected = Err("not a duration; write it like \"30s\", \"5m\" or \"500ms\"");
            check(raw.span(&range), expected);
        }
    }
}
