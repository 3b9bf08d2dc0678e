//! LIST: which rooms it shows, and their lines.

use super::page::{Page, cost_of};
use crate::{
    chat::{
        Moment, Now, Room,
        effort::{LISTED, LOOKED_AT},
        mask::glob,
        same::fold,
    },
    protocol::irc::codec::numeric::*,
};
use std::time::Duration;

/// Which rooms LIST shows (ISUPPORT's ELIST).
#[derive(Debug, Default)]
pub(crate) struct ListFilter {
    /// More members than this.
    pub(crate) more_than: Option<usize>,
    /// Fewer members than this.
    pub(crate) fewer_than: Option<usize>,
    /// Conditions on names.
    pub(crate) names: Vec<NameCondition>,
    /// How long ago it was created.
    pub(crate) created: Ages,
    /// How long ago its topic was set.
    pub(crate) topic: Ages,
    /// The moment from which ages are counted.
    asked: Moment,
}

/// A condition on the name of a room.
#[derive(Debug)]
pub(crate) enum NameCondition {
    /// It matches this mask, which is folded, or another of those that are wanted.
    Matches(Box<str>),
    /// It does not match this one.
    MatchesNot(Box<str>),
}

impl NameCondition {
    fn mask(&self) -> &str {
        match self {
            Self::Matches(mask) | Self::MatchesNot(mask) => mask,
        }
    }
}

/// Bounds of an age.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ages {
    /// It is no longer ago than this.
    pub(crate) at_most: Option<Duration>,
    /// It is longer ago than this.
    pub(crate) more_than: Option<Duration>,
}

impl Ages {
    fn hold(self, age: Option<Duration>) -> bool {
        self.at_most
            .is_none_or(|span| age.is_some_and(|age| age <= span))
            && self
                .more_than
                .is_none_or(|span| age.is_some_and(|age| age > span))
    }
}

impl ListFilter {
    /// All rooms, as they are at this moment.
    pub(crate) fn new(asked: Moment) -> Self {
        Self {
            asked,
            ..Self::default()
        }
    }

    fn matches(&self, room: &Room) -> bool {
        let count = room.member_count();
        let age = |then: Now| self.asked.since(then.moment);
        self.more_than.is_none_or(|than| count > than)
            && self.fewer_than.is_none_or(|than| count < than)
            && self.created.hold(Some(age(room.created())))
            && self.topic.hold(room.topic().map(|topic| age(topic.at)))
            && self.matches_name(room.name().as_str())
    }

    fn matches_name(&self, name: &str) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let name = fold(name);
        let (mut is_wanted, mut is_found) = (false, false);
        for condition in &self.names {
            let matches = glob(condition.mask(), &name);
            match condition {
                NameCondition::Matches(_) => {
                    is_wanted = true;
                    is_found |= matches;
                }
                NameCondition::MatchesNot(_) if matches => return false,
                NameCondition::MatchesNot(_) => {}
            }
        }
        is_found || !is_wanted
    }
}

impl Page<'_> {
    pub(super) fn list(&self, filter: &ListFilter, slot: &mut u32, out: &mut Vec<u8>) -> bool {
        let costs = filter.names.iter().map(|name| cost_of(name.mask()));
        let cost = LOOKED_AT + costs.sum::<u32>();
        for (id, room) in self.hub.rooms_from(*slot) {
            if self.is_full(out) {
                *slot = id.slot;
                return false;
            }
            self.hub.charge(cost);
            if !self.hub.is_visible(id, self.me()) || !filter.matches(room) {
                continue;
            }
            self.hub.charge(LISTED);
            let topic = room.topic().map_or("", |topic| &topic.text);
            let line = self.prefix.numeric(RPL_LIST, out).param(room.name());
            line.param(room.member_count()).text(topic).end();
        }
        let line = self.prefix.numeric(RPL_LISTEND, out);
        line.text(RPL_LISTEND.words).end();
        true
    }
}
