//! What few rooms have: a key, a limit, lists of masks.
//!
//! Owns these and nothing else. Does not know who may change them, nor whom they concern.

use std::{net::IpAddr, rc::Rc};

use crate::chat::{
    Moment, User, WallTime, effort,
    mask::{Mask, Subject},
    mode::ListKind,
};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(in crate::chat) struct Rules {
    pub(in crate::chat) key: Option<Box<str>>,
    /// Never 0.
    pub(in crate::chat) limit: Option<u32>,
    /// When someone knocked last.
    pub(in crate::chat) knocked: Option<Moment>,
    bans: Vec<ListEntry>,
    exceptions: Vec<ListEntry>,
    invitations: Vec<ListEntry>,
    /// Bytes behind the entries of all three lists.
    entry_bytes: usize,
    /// Whether what the lists say of someone's speaking may depend on their nick.
    is_about_nicks: bool,
}

/// One mask on a list.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// The mask.
    pub mask: Mask,
    /// Who set it. Shared by the masks that one person sets in a row.
    pub by: Rc<Setter>,
    /// When.
    pub at: WallTime,
}

/// Who put a mask on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setter {
    /// `nick!user@host`, as it was then.
    pub name: Box<str>,
    /// The network they came from, on whose account the mask stands.
    pub(in crate::chat) network: Option<IpAddr>,
}

impl ListEntry {
    /// Bytes of memory behind the entry: the mask as it is shown and as it is compared, and who set it. The latter
    /// counts for each entry although it is mostly shared, so what is counted is never less than what is held.
    pub(in crate::chat) fn bytes(&self) -> usize {
        2 * self.mask.as_str().len() + size_of::<Setter>() + self.by.name.len()
    }
}

/// What a room's lists of bans and exceptions say of someone's speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Hush {
    Banned,
    Free,
    Muted,
    /// To be found out when they speak next.
    Unknown,
}

/// What a room's lists say of someone's coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Welcome {
    /// A ban fits, and no exception.
    Banned,
    /// Needs no invitation.
    Expected,
    /// Nothing.
    Plain,
}

impl Rules {
    pub(in crate::chat) fn list(&self, kind: ListKind) -> &[ListEntry] {
        match kind {
            ListKind::Ban => &self.bans,
            ListKind::Exception => &self.exceptions,
            ListKind::Invitation => &self.invitations,
        }
    }

    /// Adds an entry at the end of a list.
    pub(in crate::chat) fn push(&mut self, kind: ListKind, entry: ListEntry) {
        self.entry_bytes += entry.bytes();
        let list = self.list_mut(kind);
        if list.len() == list.capacity() {
            // By a quarter, not by doubling: there may be many lists, and they grow by hand.
            list.reserve_exact(1 + list.len() / 4);
        }
        list.push(entry);
    }

    /// Takes an entry off a list.
    pub(in crate::chat) fn remove(&mut self, kind: ListKind, position: usize) -> ListEntry {
        let list = self.list_mut(kind);
        let entry = list.remove(position);
        if list.capacity() > 8 && list.len() < list.capacity() / 4 {
            list.shrink_to(list.len() * 2);
        }
        self.entry_bytes -= entry.bytes();
        entry
    }

    /// Bytes behind the entries of all lists.
    pub(in crate::chat) fn entry_bytes(&self) -> usize {
        self.entry_bytes
    }

    /// Bytes of memory, the record itself included.
    pub(in crate::chat) fn memory(&self) -> usize {
        let capacity = |list: &Vec<ListEntry>| list.capacity() * size_of::<ListEntry>();
        let lists = [&self.bans, &self.exceptions, &self.invitations];
        size_of::<Self>()
            + self.key.as_ref().map_or(0, |key| key.len())
            + lists.into_iter().map(capacity).sum::<usize>()
            + self.entry_bytes
    }

    fn list_mut(&mut self, kind: ListKind) -> &mut Vec<ListEntry> {
        match kind {
            ListKind::Ban => &mut self.bans,
            ListKind::Exception => &mut self.exceptions,
            ListKind::Invitation => &mut self.invitations,
        }
    }

    /// To be called when bans or exceptions have changed.
    pub(in crate::chat) fn note_lists_changed(&mut self) {
        let mut all = self.bans.iter().chain(&self.exceptions);
        self.is_about_nicks = all.any(|entry| names_nicks(&entry.mask));
    }

    /// Whether someone with a new nick may be spoken of otherwise than before. Most bans are for hosts.
    pub(in crate::chat) fn is_about_nicks(&self) -> bool {
        self.is_about_nicks
    }

    /// What the lists say of someone's coming in. Who is expected is let in past a ban too (as Ergo has it). The effort
    /// of comparing is added to `tried`.
    pub(in crate::chat) fn welcome_of(&self, user: &User, tried: &mut u32) -> Welcome {
        if self.bans.is_empty() && self.invitations.is_empty() {
            return Welcome::Plain;
        }
        let subject = user.subject();
        if fits(&self.invitations, false, &subject, tried) {
            Welcome::Expected
        } else if fits(&self.bans, false, &subject, tried)
            && !fits(&self.exceptions, false, &subject, tried)
        {
            Welcome::Banned
        } else {
            Welcome::Plain
        }
    }

    /// What the lists say of someone's speaking. Bans are tried first: mostly none fits, and then no exception matters.
    /// The effort of comparing is added to `tried`.
    pub(in crate::chat) fn hush_of(&self, user: &User, tried: &mut u32) -> Hush {
        if self.bans.is_empty() {
            return Hush::Free;
        }
        let subject = user.subject();
        let is_banned = fits(&self.bans, false, &subject, tried);
        if !is_banned && !fits(&self.bans, true, &subject, tried) {
            return Hush::Free;
        }
        if fits(&self.exceptions, false, &subject, tried) {
            Hush::Free
        } else if is_banned {
            Hush::Banned
        } else if fits(&self.exceptions, true, &subject, tried) {
            Hush::Free
        } else {
            Hush::Muted
        }
    }

    /// Whether nothing is left that is worth keeping.
    pub(in crate::chat) fn is_empty(&self) -> bool {
        self.key.is_none()
            && self.limit.is_none()
            && self.knocked.is_none()
            && ListKind::ALL.iter().all(|&kind| self.list(kind).is_empty())
    }
}

/// Whether some mask of a list fits; of the mutes on it, or of the others.
fn fits(list: &[ListEntry], mutes: bool, subject: &Subject, tried: &mut u32) -> bool {
    let mut of_kind = list.iter().filter(|entry| entry.mask.is_mute() == mutes);
    of_kind.any(|entry| {
        *tried += effort::of_mask(entry.mask.as_str().len());
        entry.mask.matches(subject)
    })
}

/// Whether a mask may fit under one nick and not under another: it has anything but `*` where the nick stands.
fn names_nicks(mask: &Mask) -> bool {
    let shown = mask.as_str();
    let completed = shown.strip_prefix("m:").unwrap_or(shown);
    !completed.starts_with("*!")
}
