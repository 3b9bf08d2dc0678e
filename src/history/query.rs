//! What is asked for, and how it is answered from lines in order.
//!
//! A page is made of what the reader may see next to a point, walking away from it, until there are as many lines or bytes as
//! it may have; it is always in the order in which things were said. [`answer`] is the meaning of a query: what the keeper
//! makes of its tables has to be the same.
//!
//! Owns nothing. Does not know who asks.

use super::line::Line;
use crate::chat::{MessageId, WallTime, mode::Rank};
use std::{collections::VecDeque, rc::Rc};

/// Lines that a page has at most.
pub const PAGE_LINES_MAX: usize = 1000;

/// Bytes after which a page is full, as [`Line::bytes`] counts them.
pub const PAGE_BYTES_MAX: usize = 512 * 1024;

/// A point in a buffer. The line there need not exist any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// A line, by its number.
    Id(MessageId),
    /// A time.
    Time(WallTime),
}

/// Which lines. The points themselves are not included, but for that of [`Around`](Selector::Around).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The first ones after a point.
    After(Ref),
    /// Those before and after a point, half and half, and the line at it.
    Around(Ref),
    /// The last ones before a point.
    Before(Ref),
    /// Those between two points, in either order, beginning from the first.
    Between(Ref, Ref),
    /// The last ones, if there is a point only those after it.
    Latest(Option<Ref>),
}

/// What a reader gets to see of a buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Events too, not messages alone.
    pub with_events: bool,
    /// Nothing from before this time.
    pub since: Option<WallTime>,
    /// The reader's rank: lines for higher ones are left out.
    pub rank: Option<Rank>,
    /// The reader's account, whose own lines are never left out.
    pub account: Option<Box<str>>,
}

/// A question for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which lines.
    pub selector: Selector,
    /// How many.
    pub limit: usize,
    /// Which of them the reader may see.
    pub filter: Filter,
}

/// A question which buffers have their last line between two times, these not included. The first of them, counted from the
/// first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetsQuery {
    /// One time.
    pub from: WallTime,
    /// The other; may be earlier.
    pub to: WallTime,
    /// How many.
    pub limit: usize,
}

/// A target with lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSeen {
    /// The room, or the other account.
    pub name: Box<str>,
    /// The time of its last line.
    pub time: WallTime,
}

/// A search for messages. The latest ones that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What all must be in a message, in lower case.
    pub words: Vec<Box<str>>,
    /// The author's nick or account, in lower case.
    pub author: Option<Box<str>>,
    /// Only what is after this point.
    pub after: Option<Ref>,
    /// Only what is before this point.
    pub before: Option<Ref>,
    /// How many.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In order.
    pub lines: Vec<Rc<Line>>,
    /// The walk came to the first of all lines, and would have gone on: if earlier lines are elsewhere, some may be missing
    /// here.
    pub is_cut: bool,
}

/// Lines in order.
pub type Lines = VecDeque<Rc<Line>>;

/// Answers a query.
pub fn answer(lines: &Lines, query: &Query) -> Found {
    let walk = Walk::new(lines, &query.filter);
    let (limit, end) = (query.limit.min(PAGE_LINES_MAX), lines.len());
    match query.selector {
        Selector::Latest(None) => walk.backward(0, end, limit),
        Selector::Latest(Some(point)) => walk.backward(walk.upper(point), end, limit),
        Selector::Before(point) => walk.backward(0, walk.lower(point), limit),
        Selector::After(point) => walk.forward(walk.upper(point), end, limit),
        Selector::Between(one, other) => {
            if walk.lower(one) <= walk.lower(other) {
                walk.forward(walk.upper(one), walk.lower(other), limit)
            } else {
                walk.backward(walk.upper(other), walk.lower(one), limit)
            }
        }
        Selector::Around(point) => walk.around(walk.lower(point), limit),
    }
}

/// Searches, from the last line on.
pub fn search(lines: &Lines, search: &Search, filter: &Filter) -> Found {
    let walk = Walk::new(lines, filter);
    let start = search.after.map_or(0, |point| walk.upper(point));
    let end = search.before.map_or(lines.len(), |point| walk.lower(point));
    let limit = search.limit.min(PAGE_LINES_MAX);
    walk.backward_where(start, end, limit, |line| search.matches(line))
}

impl Filter {
    /// Whether the reader may see this line, its time apart.
    pub fn admits(&self, line: &Line) -> bool {
        if line.content.is_event() && !self.with_events {
            return false;
        }
        line.rank.is_none_or(|rank| Some(rank) <= self.rank)
            || (self.account.is_some() && line.author.account == self.account)
    }
}

impl TargetsQuery {
    /// Those that it asks for, in the order of their times.
    pub fn select(&self, mut found: Vec<TargetSeen>) -> Vec<TargetSeen> {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        found.retain(|it| low < it.time && it.time < high);
        found.sort_by(|a, b| (a.time, &a.name).cmp(&(b.time, &b.name)));
        if self.from > self.to {
            found.drain(..found.len().saturating_sub(self.limit));
        }
        found.truncate(self.limit);
        found
    }
}

impl Search {
    /// Of words as a user typed them.
    pub fn new(words: &str, limit: usize) -> Self {
        Self {
            words: words.split_whitespace().map(lower).collect(),
            limit,
            ..Self::default()
        }
    }

    /// Whether a line is what is searched for.
    pub fn matches(&self, line: &Line) -> bool {
        let is_by = |author: &str| {
            let account = line.author.account.as_deref().unwrap_or_default();
            *lower(&line.author.nick) == *author || *lower(account) == *author
        };
        if !self.author.as_deref().is_none_or(is_by) {
            return false;
        }
        let texts: Vec<Box<str>> = line.content.texts().map(lower).collect();
        let is_in = |word: &str| texts.iter().any(|text| text.contains(word));
        !texts.is_empty() && self.words.iter().all(|word| is_in(word))
    }
}

fn lower(text: &str) -> Box<str> {
    text.to_lowercase().into()
}

impl Line {
    /// Whether it is before a point.
    pub fn is_before(&self, point: Ref) -> bool {
        match point {
            Ref::Id(id) => self.id < id,
            Ref::Time(time) => self.time < time,
        }
    }

    /// Whether it is after a point.
    pub fn is_after(&self, point: Ref) -> bool {
        match point {
            Ref::Id(id) => self.id > id,
            Ref::Time(time) => self.time > time,
        }
    }
}

/// Walks over the lines that a reader may see.
struct Walk<'a> {
    lines: &'a Lines,
    filter: &'a Filter,
    /// The first line that is not too early for the reader.
    first: usize,
}

impl<'a> Walk<'a> {
    fn new(lines: &'a Lines, filter: &'a Filter) -> Self {
        let first = filter.since.map_or(0, |since| {
            lines.partition_point(|line| line.is_before(Ref::Time(since)))
        });
        Self {
            lines,
            filter,
            first,
        }
    }

    /// The first line that is not before a point.
    fn lower(&self, point: Ref) -> usize {
        self.lines.partition_point(|line| line.is_before(point))
    }

    /// The first line that is after a point.
    fn upper(&self, point: Ref) -> usize {
        self.lines.partition_point(|line| !line.is_after(point))
    }

    fn forward(&self, start: usize, end: usize, limit: usize) -> Found {
        let from = start.max(self.first);
        let mut page = Page::new(limit);
        let mut rest = self.lines.range(from.min(end)..end);
        while !page.is_full() {
            match rest.next() {
                Some(line) if self.filter.admits(line) => page.push(line),
                Some(_) => {}
                None => break,
            }
        }
        // What comes before the first of all lines would have come first.
        page.found(limit > 0 && from == 0)
    }

    fn backward(&self, start: usize, end: usize, limit: usize) -> Found {
        self.backward_where(start, end, limit, |_| true)
    }

    fn backward_where(
        &self,
        start: usize,
        end: usize,
        limit: usize,
        is_wanted: impl Fn(&Line) -> bool,
    ) -> Found {
        let from = start.max(self.first);
        let mut page = Page::new(limit);
        let mut rest = self.lines.range(from.min(end)..end).rev();
        let mut is_at_end = false;
        while !page.is_full() && !is_at_end {
            match rest.next() {
                Some(line) if self.filter.admits(line) && is_wanted(line) => page.push(line),
                Some(_) => {}
                None => is_at_end = true,
            }
        }
        page.lines.reverse();
        page.found(is_at_end && from == 0)
    }

    /// Half before, half from the line on; what one side lacks, the other may have.
    fn around(&self, at: usize, limit: usize) -> Found {
        let before = self.backward(0, at, limit / 2);
        let mut after = self.forward(at, self.lines.len(), limit - before.lines.len());
        let short = limit - after.lines.len();
        let before = match short > before.lines.len() {
            true => self.backward(0, at, short),
            false => before,
        };
        let is_cut = before.is_cut || after.is_cut;
        let mut lines = before.lines;
        lines.append(&mut after.lines);
        Found { lines, is_cut }
    }
}

/// A page that fills.
struct Page {
    lines: Vec<Rc<Line>>,
    bytes: usize,
    limit: usize,
}

impl Page {
    fn new(limit: usize) -> Self {
        Self {
            lines: Vec::new(),
            bytes: 0,
            limit,
        }
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }

    fn push(&mut self, line: &Rc<Line>) {
        self.bytes += line.bytes();
        self.lines.push(line.clone());
    }

    fn found(self, is_cut: bool) -> Found {
        Found {
            lines: self.lines,
            is_cut,
        }
    }
}
