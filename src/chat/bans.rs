//! Bans from the whole server (K-lines): the list that the hub asks before a client becomes a user.
//!
//! Owns the bans and their parsed masks. A ban whose time is over no longer applies, and is removed when the next one is
//! added. Does not know connections: a caller ends those of the users that a new ban concerns.

use super::{
    Moment,
    mask::{RealSubject, ServerMask},
};

/// A ban from the whole server (K-line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerBan {
    /// The mask `user@host`, completed.
    pub mask: Box<str>,
    /// Why, as shown to the banned client.
    pub reason: Box<str>,
    /// The nick of the operator who set it.
    pub by: Box<str>,
    /// When it ends; `None`: never. On the clock that never jumps, so that setting the system's clock neither ends a ban nor
    /// brings one back.
    pub until: Option<Moment>,
}

impl ServerBan {
    fn is_over(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// All bans from the server, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Bans {
    bans: Vec<ServerBan>,
    /// The mask of each ban, in the same order.
    masks: Vec<ServerMask>,
}

impl Bans {
    pub(super) fn all(&self) -> &[ServerBan] {
        &self.bans
    }

    /// Adds a ban, in place of one with the same mask; returns whether the mask is new. A text that is no mask is not added.
    pub(super) fn add(&mut self, ban: ServerBan, now: Moment) -> bool {
        self.remove_over(now);
        let is_new = !self.remove(&ban.mask);
        if let Some(mask) = ServerMask::parse(&ban.mask) {
            self.bans.push(ban);
            self.masks.push(mask);
        }
        is_new
    }

    /// The ban with this mask, however it is spelled.
    pub(super) fn get(&self, mask: &str) -> Option<&ServerBan> {
        self.position(mask).map(|index| &self.bans[index])
    }

    fn position(&self, mask: &str) -> Option<usize> {
        let wanted = ServerMask::parse(mask)?;
        self.masks.iter().position(|mask| wanted.is_same(mask))
    }

    /// Removes the ban with this mask; returns whether there was one.
    pub(super) fn remove(&mut self, mask: &str) -> bool {
        let index = self.position(mask);
        if let Some(index) = index {
            self.remove_at(index);
        }
        index.is_some()
    }

    /// The oldest ban that matches a client.
    pub(super) fn find(&self, subject: &RealSubject, now: Moment) -> Option<&ServerBan> {
        let mut both = self.bans.iter().zip(&self.masks);
        both.find(|(ban, mask)| !ban.is_over(now) && mask.matches(subject))
            .map(|(ban, _)| ban)
    }

    fn remove_over(&mut self, now: Moment) {
        while let Some(index) = self.bans.iter().position(|ban| ban.is_over(now)) {
            self.remove_at(index);
        }
    }

    fn remove_at(&mut self, index: usize) {
        self.bans.remove(index);
        self.masks.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_ban_for_five_minutes_holds_for_five_minutes() {
        let mut bans = Bans::default();
        let set_at = Moment::from_ms(1_000);
        let ban = |mask: &str| ServerBan {
            mask: mask.into(),
            reason: "".into(),
            by: "root".into(),
            until: Some(set_at.after(Duration::from_secs(300))),
        };
        assert!(bans.add(ban("*@bad.example"), set_at));
        let subject = RealSubject::new("*", "~u", "bad.example", "192.0.2.1");
        let holds = |bans: &Bans, ms| bans.find(&subject, Moment::from_ms(ms)).is_some();
        assert!(holds(&bans, 300_999));
        assert!(!holds(&bans, 301_000));
        bans.add(ban("*@other.example"), Moment::from_ms(301_000));
        assert_eq!(bans.all().len(), 1, "the one that ended is removed");
    }
}
