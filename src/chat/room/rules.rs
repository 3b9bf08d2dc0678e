//! What few rooms have: a key, a limit, lists of masks.
//!
//! Owns these and nothing else. Does not know who may change them, nor whom they concern.

use super::{Hush, ListKind, Time};
use crate::chat::{
    User,
    mask::{Mask, Subject},
};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(in crate::chat) struct Rules {
    pub(in crate::chat) key: Option<Box<str>>,
    /// Never 0.
    pub(in crate::chat) limit: Option<u32>,
    /// When someone knocked last.
    pub(in crate::chat) knocked: Option<Time>,
    bans: Vec<ListEntry>,
    exceptions: Vec<ListEntry>,
    invitations: Vec<ListEntry>,
}

/// One mask on a list.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// The mask.
    pub mask: Mask,
    /// Who set it, `nick!user@host` as it was then.
    pub by: Box<str>,
    /// When.
    pub at: Time,
}

impl Rules {
    pub(in crate::chat) fn list(&self, kind: ListKind) -> &[ListEntry] {
        match kind {
            ListKind::Ban => &self.bans,
            ListKind::Exception => &self.exceptions,
            ListKind::Invitation => &self.invitations,
        }
    }

    pub(in crate::chat) fn list_mut(&mut self, kind: ListKind) -> &mut Vec<ListEntry> {
        match kind {
            ListKind::Ban => &mut self.bans,
            ListKind::Exception => &mut self.exceptions,
            ListKind::Invitation => &mut self.invitations,
        }
    }

    /// Whether some mask of a list that is no mute fits.
    pub(in crate::chat) fn is_listed(&self, kind: ListKind, subject: &Subject) -> bool {
        fits(self.list(kind), false, subject)
    }

    /// What the lists say of someone's speaking.
    pub(in crate::chat) fn hush_of(&self, user: &User) -> Hush {
        if self.bans.is_empty() {
            return Hush::Free;
        }
        let subject = user.subject();
        let is_excepted = |mutes| fits(&self.exceptions, mutes, &subject);
        if is_excepted(false) {
            Hush::Free
        } else if fits(&self.bans, false, &subject) {
            Hush::Banned
        } else if fits(&self.bans, true, &subject) && !is_excepted(true) {
            Hush::Muted
        } else {
            Hush::Free
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

fn fits(list: &[ListEntry], mutes: bool, subject: &Subject) -> bool {
    list.iter()
        .any(|entry| entry.mask.is_mute() == mutes && entry.mask.matches(subject))
}
