//! A room's key, limit and lists of masks, which few rooms have.
//!
//! Owns these and nothing else. Does not know which users may change them.

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
    /// The time of the last knock.
    pub(in crate::chat) knocked: Option<Moment>,
    bans: Vec<ListEntry>,
    exceptions: Vec<ListEntry>,
    invitations: Vec<ListEntry>,
    /// Heap bytes of the entries of all three lists.
    entry_bytes: usize,
    /// Whether some entry may match a user by its nick.
    is_about_nicks: bool,
}

/// One mask on a list.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// The mask.
    pub mask: Mask,
    /// The user who set it. Shared by the masks that one user sets in a row.
    pub by: Rc<Setter>,
    /// When.
    pub at: WallTime,
}

/// The user who put a mask on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setter {
    /// `nick!user@host`, as it was then.
    pub name: Box<str>,
    /// The user's network, to which the mask is counted.
    pub(in crate::chat) network: Option<IpAddr>,
}

impl ListEntry {
    /// Heap bytes of the entry: the mask as it is shown and as it is compared, and the setter. The latter
    /// counts for each entry although it is mostly shared, so what is counted is never less than what is held.
    pub(in crate::chat) fn bytes(&self) -> usize {
        2 * self.mask.as_str().len() + size_of::<Setter>() + self.by.name.len()
    }
}

/// Whether a room's bans and exceptions let a user speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum SpeechStatus {
    Banned,
    Free,
    Muted,
    /// To be found out when they speak next.
    Unknown,
}

/// Whether a room's lists let a user join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Welcome {
    /// A ban fits, and no exception.
    Banned,
    /// An invitation exception matches: no invitation is needed, and no ban applies.
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

    /// Heap bytes of the entries of all lists.
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
        self.is_about_nicks = all.any(|entry| entry.mask.is_about_nicks());
    }

    /// Whether the lists may judge a user otherwise after a change of its nick. Most bans are for hosts.
    pub(in crate::chat) fn is_about_nicks(&self) -> bool {
        self.is_about_nicks
    }

    /// Whether the lists let a user join. A matching invitation exception wins over a ban (as in Ergo). The effort
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

    /// Whether the lists let a user speak. Bans are compared first: mostly none matches, and then no exception matters.
    /// The effort of comparing is added to `tried`.
    pub(in crate::chat) fn speech_status_of(&self, user: &User, tried: &mut u32) -> SpeechStatus {
        if self.bans.is_empty() {
            return SpeechStatus::Free;
        }
        let subject = user.subject();
        let is_banned = fits(&self.bans, false, &subject, tried);
        if !is_banned && !fits(&self.bans, true, &subject, tried) {
            return SpeechStatus::Free;
        }
        if fits(&self.exceptions, false, &subject, tried) {
            SpeechStatus::Free
        } else if is_banned {
            SpeechStatus::Banned
        } else if fits(&self.exceptions, true, &subject, tried) {
            SpeechStatus::Free
        } else {
            SpeechStatus::Muted
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

/// Whether some mask of a list matches; of the mutes on it, or of the others.
fn fits(list: &[ListEntry], mutes: bool, subject: &Subject, tried: &mut u32) -> bool {
    let mut of_kind = list.iter().filter(|entry| entry.mask.is_mute() == mutes);
    of_kind.any(|entry| {
        *tried += effort::of_mask(entry.mask.as_str().len());
        entry.mask.matches(subject)
    })
}
