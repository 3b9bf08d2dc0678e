//! One thing taken off the front of the input: the shape of every decoder's answer.

use std::borrow::Cow;

/// An item, and how many bytes of the input it took.
///
/// The caller drops the `consumed` first bytes in any case, and asks again unless the item says that it is incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<T> {
    /// The item.
    pub item: T,
    /// How many bytes of the input it took.
    pub consumed: usize,
}

/// One unit of input: a line, for the protocols that speak in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Nothing whole yet: ask again when more has come. Some of the input may have been consumed
    /// all the same.
    Incomplete,
    /// A whole line without its end; borrowed from the input unless something had to be taken out
    /// of its middle.
    Line(Cow<'a, [u8]>),
    /// A line longer than the cap: reported once for each; the rest of it is skipped by the calls that
    /// follow.
    TooLong,
}
