//! Replies of any length, one page at a time: CHATHISTORY, LIST, NAMES, WHO, WHOWAS.
//!
//! A reply remembers how far it came, not its text: the records are read when their turn comes, so that it
//! costs no memory however long it is. (Stored lines are the exception: they are at hand, and bounded.)
//! Invariants: one page takes little more effort than [`Page`] allows and has little more bytes than the server wants at
//! once; what it looks at is charged to the hub, whose caller lets the client pay for it; each entry that exists for the
//! whole reply appears in it. (Members of a room come from the last to the first: when one leaves, the last takes its
//! place, and that one was listed already.)
//!
//! Owns the positions. Does not know when a client has read enough; the server asks for the next page.

mod history;
mod list;
mod names;
mod page;
mod who;
mod whowas;

pub(crate) use history::{History, Shown};
pub(crate) use list::{ListFilter, NameCondition};
pub(crate) use names::{Names, NamesScope, write_names_to_all};
pub(crate) use page::Page;
pub(crate) use who::{Scope, Who, WhoFormat};
pub(crate) use whowas::Whowas;

use super::codec::line::BODY_BYTES_MAX;

/// A reply in pages, and how far it came.
#[derive(Debug)]
pub(crate) enum PagedReply {
    /// CHATHISTORY.
    History(History),
    /// LIST.
    List { filter: ListFilter, slot: u32 },
    /// NAMES.
    Names(Names),
    /// WHO.
    Who { who: Who, format: WhoFormat },
    /// WHOWAS.
    Whowas(Whowas),
}

impl PagedReply {
    /// Writes the next page; returns whether it was the last.
    pub(crate) fn write(&mut self, page: &Page<'_>, out: &mut Vec<u8>) -> bool {
        match self {
            Self::History(history) => page.history(history, out),
            Self::List { filter, slot } => page.list(filter, slot, out),
            Self::Names(names) => page.names(names, out),
            Self::Who { who, format } => page.who(who, format, out),
            Self::Whowas(whowas) => page.whowas(whowas, out),
        }
    }

    /// Bytes of memory outside of the record. What a client asked for was in one line at most.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::History(history) => history.memory(),
            _ => BODY_BYTES_MAX,
        }
    }
}
