//! The model: plain maps, everything searched for by walking, rules written down a second time without looking at the
//! hub's. People are numbers in order of arrival, ranks and flags their letters.

use std::collections::{BTreeMap, BTreeSet};

mod accounts;
mod entry;
mod modes;

use super::steps::{LIMITS, RULES, Step};
use crate::chat::{
    Moment, Nick, Now, RoomName,
    name::{Name, lookalike::keys},
};
use accounts::owner_of;

/// An event as a text, and its audience.
pub(super) type Told = (String, BTreeSet<usize>);
/// The events, or the refusal's name.
pub(super) type Answer = Result<Vec<Told>, String>;

#[derive(Default)]
pub(super) struct Model {
    pub(super) people: BTreeMap<usize, Person>,
    /// Rooms by name, as the creator or the last renaming gave it.
    pub(super) rooms: BTreeMap<String, RoomState>,
    pub(super) arrivals: usize,
    /// How many users and rooms there have been; the hub makes names of guests of it.
    pub(super) generations: u32,
    pub(super) password_required: bool,
    /// Bans from the server, and when each ends.
    pub(super) bans: Vec<(String, Option<Moment>)>,
}

pub(super) struct Person {
    pub(super) nick: String,
    pub(super) account: Option<&'static str>,
    pub(super) away: String,
    pub(super) spoke: Moment,
    /// Rooms to which the user is invited, the oldest first, and whether by a member of rank.
    pub(super) invitations: Vec<(String, bool)>,
}

#[derive(Default)]
pub(super) struct RoomState {
    pub(super) topic: String,
    pub(super) members: BTreeMap<usize, BTreeSet<char>>,
    pub(super) flags: BTreeSet<char>,
    pub(super) key: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) masks: Vec<(char, String)>,
    knocked: bool,
}

pub(super) fn nick(text: &str) -> Nick {
    Nick::parse(text, RULES).unwrap()
}

pub(super) fn room(text: &str) -> RoomName {
    RoomName::parse(text, RULES).unwrap()
}

fn look_alike(one: &Name, other: &Name) -> bool {
    !(one.is_ascii() && other.is_ascii()) && keys(one).iter().any(|key| keys(other).contains(key))
}

fn refuse<T>(kind: &str) -> Result<T, String> {
    Err(kind.to_string())
}

/// The obvious pattern matching, exponential and right.
fn fits(mask: &[char], text: &[char]) -> bool {
    match mask {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
        [first, rest @ ..] => {
            !text.is_empty() && (*first == '?' || *first == text[0]) && fits(rest, &text[1..])
        }
    }
}

/// How high the highest of some ranks is.
fn height(ranks: &BTreeSet<char>) -> usize {
    let height = |rank: &char| "vhoaq".find(*rank).unwrap() + 1;
    ranks.iter().map(height).max().unwrap_or(0)
}

const HALF: usize = 2;
const OPERATOR: usize = 3;

impl RoomState {
    fn numbers(&self) -> BTreeSet<usize> {
        self.members.keys().copied().collect()
    }

    fn height(&self, who: usize) -> usize {
        self.members.get(&who).map_or(0, height)
    }

    fn at_least(&self, least: usize) -> BTreeSet<usize> {
        let members = self.members.iter();
        members
            .filter(|(_, ranks)| height(ranks) >= least)
            .map(|(number, _)| *number)
            .collect()
    }

    /// No mask of a room here depends on the user name.
    fn is_listed(&self, list: char, prefix: &str, person: &Person) -> bool {
        let chars = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
        let names = chars(&format!("{}!~u@h", person.nick));
        self.masks.iter().any(|(kind, mask)| {
            let is_mute = mask.starts_with("~m:");
            let mask = mask.strip_prefix("~m:").unwrap_or(mask);
            let matches = match mask.strip_prefix("~a:") {
                Some(mask) => person
                    .account
                    .is_some_and(|account| fits(&chars(mask), &chars(account))),
                None => fits(&chars(mask), &names),
            };
            *kind == list && is_mute != prefix.is_empty() && matches
        })
    }

    fn silence(&self, person: &Person) -> Option<&'static str> {
        if self.is_listed('e', "", person) {
            None
        } else if self.is_listed('b', "", person) {
            Some("Banned")
        } else if self.is_listed('b', "~m:", person) && !self.is_listed('e', "~m:", person) {
            Some("Muted")
        } else {
            None
        }
    }
}

impl Model {
    fn check_nick(
        &self,
        wanted: &str,
        but: Option<usize>,
        account: Option<&str>,
    ) -> Result<(), String> {
        let others = || {
            let people = self.people.iter();
            people.filter(|(number, _)| Some(**number) != but)
        };
        if others().any(|(_, person)| nick(&person.nick) == nick(wanted)) {
            return refuse("NickTaken");
        }
        if others().any(|(_, person)| look_alike(nick(&person.nick).name(), nick(wanted).name())) {
            return refuse("LooksLike");
        }
        if owner_of(wanted).is_some_and(|owner| Some(owner) != account) {
            return refuse("NickOwned");
        }
        Ok(())
    }

    fn find_room(&self, wanted: &str) -> Option<String> {
        let mut names = self.rooms.keys();
        names.find(|name| room(name) == room(wanted)).cloned()
    }

    fn find_person(&self, wanted: &str) -> Result<usize, String> {
        let mut people = self.people.iter();
        let found = people.find(|(_, person)| nick(&person.nick) == nick(wanted));
        found.map_or_else(|| refuse("NoSuchUser"), |(number, _)| Ok(*number))
    }

    fn find_own_room(&self, who: usize, wanted: &str) -> Result<String, String> {
        match self.find_room(wanted) {
            None => refuse("NoSuchRoom"),
            Some(name) if !self.rooms[&name].members.contains_key(&who) => refuse("NotInRoom"),
            Some(name) => Ok(name),
        }
    }

    fn neighbours(&self, who: usize) -> BTreeSet<usize> {
        let rooms = self.rooms.values();
        rooms
            .filter(|room| room.members.contains_key(&who))
            .flat_map(RoomState::numbers)
            .collect()
    }

    pub(super) fn apply(&mut self, who: usize, step: &Step, now: Now) -> Answer {
        if !self.people.contains_key(&who) {
            return refuse("Gone");
        }
        let told = self.take(who, step, now)?;
        self.rooms.retain(|_, state| !state.members.is_empty());
        let rooms = &self.rooms;
        for person in self.people.values_mut() {
            let invitations = &mut person.invitations;
            invitations.retain(|(name, _)| rooms.contains_key(name));
        }
        let with_author = |(what, told)| (format!("{who} {what}"), told);
        Ok(told.into_iter().map(with_author).collect())
    }

    fn take(&mut self, who: usize, step: &Step, now: Now) -> Answer {
        let own_nick = self.people[&who].nick.clone();
        let (what, told) = match step {
            Step::Enter(..)
            | Step::RequirePassword(_)
            | Step::ServerBan(_)
            | Step::ServerUnban(_) => unreachable!("has its own method"),
            Step::LogIn(name) => return Ok(self.log_in(who, name)),
            Step::LogOut => return Ok(self.log_out(who)),
            Step::Join(name, key) => return self.join(who, name, key),
            Step::Leave(name) => {
                let name = self.find_own_room(who, name)?;
                let state = self.rooms.get_mut(&name).unwrap();
                let told = state.numbers();
                state.members.remove(&who);
                (format!("left {name}: bye"), told)
            }
            Step::Rename(name) => {
                if own_nick == *name {
                    return Ok(vec![]);
                }
                let person = &self.people[&who];
                self.check_nick(name, Some(who), person.account)?;
                let is_silent = |room: &RoomState| {
                    room.members.get(&who).is_some_and(BTreeSet::is_empty)
                        && room.silence(person).is_some()
                };
                if self.rooms.values().any(is_silent) {
                    return refuse("BannedFromRenaming");
                }
                let mut told = self.neighbours(who);
                told.insert(who);
                self.people.get_mut(&who).unwrap().nick = (*name).to_string();
                (format!("was {own_nick}, is {name}"), told)
            }
            Step::SayToRoom(name) => {
                let name = self.check_speech(who, name)?;
                self.people.get_mut(&who).unwrap().spoke = now.moment;
                let mut told = self.rooms[&name].numbers();
                told.insert(who);
                (format!("said to {name}: hi"), told)
            }
            Step::SayToOperators(name) => {
                let name = self.check_speech(who, name)?;
                self.people.get_mut(&who).unwrap().spoke = now.moment;
                let mut told = self.rooms[&name].at_least(OPERATOR);
                told.insert(who);
                (format!("said to @{name}: hi"), told)
            }
            Step::SayToUser(name) => {
                let to = self.find_person(name)?;
                self.people.get_mut(&who).unwrap().spoke = now.moment;
                (format!("said to {to}: hi"), BTreeSet::from([who, to]))
            }
            Step::SetAway(text) => {
                if text.len() > LIMITS.away_bytes {
                    return refuse("AwayTooLong");
                }
                let person = self.people.get_mut(&who).unwrap();
                let is_news = person.away != *text;
                person.away = (*text).to_string();
                let mut told = if is_news {
                    self.neighbours(who)
                } else {
                    BTreeSet::new()
                };
                told.insert(who);
                (format!("away: {text}"), told)
            }
            Step::SetTopic(name, text) => {
                let name = self.find_own_room(who, name)?;
                let state = self.rooms.get_mut(&name).unwrap();
                if state.flags.contains(&'t') && state.height(who) < HALF {
                    return refuse("NotOperator");
                }
                if text.len() > LIMITS.topic_bytes {
                    return refuse("TopicTooLong");
                }
                if state.topic == *text {
                    return Ok(vec![]);
                }
                state.topic = (*text).to_string();
                (format!("topic of {name}: {text}"), state.numbers())
            }
            Step::Quit => {
                let mut told = self.neighbours(who);
                told.remove(&who);
                self.people.remove(&who);
                for state in self.rooms.values_mut() {
                    state.members.remove(&who);
                }
                ("quit: bye".to_string(), told)
            }
            Step::Kick(name, whom) => {
                let name = self.find_own_room(who, name)?;
                let height = self.rooms[&name].height(who);
                if height < HALF {
                    return refuse("NotOperator");
                }
                let user = self.find_person(whom)?;
                let state = self.rooms.get_mut(&name).unwrap();
                if !state.members.contains_key(&user) {
                    return refuse("TargetNotInRoom");
                }
                let reach = if height == HALF { HALF - 1 } else { height };
                if user != who && state.height(user) > reach {
                    return refuse("NotOperator");
                }
                let told = state.numbers();
                state.members.remove(&user);
                (format!("kicked {user} out of {name}: {own_nick}"), told)
            }
            Step::Invite(name, whom) => return self.invite(who, name, whom),
            Step::Knock(name) => {
                let Some(found) = self.find_room(name) else {
                    return refuse("NoSuchRoom");
                };
                if self.rooms[&found].members.contains_key(&who) {
                    return refuse("AlreadyInRoom");
                }
                let key = self.rooms[&found].key.clone();
                let state = &self.rooms[&found];
                let may_enter = self.check_join(who, &found, key.as_deref().unwrap_or(""));
                if !state.flags.contains(&'i') || may_enter.is_ok() {
                    return refuse("RoomOpen");
                }
                let is_listed = |list| state.is_listed(list, "", &self.people[&who]);
                if is_listed('b') && !is_listed('e') && !is_listed('I') {
                    return refuse("Banned");
                }
                let state = self.rooms.get_mut(&found).unwrap();
                if std::mem::replace(&mut state.knocked, true) {
                    return refuse("TooManyKnocks");
                }
                let mut told = state.at_least(OPERATOR);
                told.insert(who);
                (format!("knocked at {found}"), told)
            }
            Step::RenameRoom(name, to) => {
                let name = self.find_own_room(who, name)?;
                if self.rooms[&name].height(who) < OPERATOR {
                    return refuse("NotOperator");
                }
                if name == *to {
                    return Ok(vec![]);
                }
                let mut others = self.rooms.keys().filter(|other| **other != name);
                if others.clone().any(|other| room(other) == room(to)) {
                    return refuse("RoomExists");
                }
                if others.any(|other| look_alike(room(other).name(), room(to).name())) {
                    return refuse("RoomLooksLike");
                }
                let state = self.rooms.remove(&name).unwrap();
                let told = state.numbers();
                self.rooms.insert((*to).to_string(), state);
                let invitations = self.people.values_mut().flat_map(|p| &mut p.invitations);
                for (invited, _) in invitations.filter(|(invited, _)| *invited == name) {
                    *invited = (*to).to_string();
                }
                (format!("renamed {name} to {to}"), told)
            }
            Step::Mode(name, letters, parameters) => {
                return self.mode(who, name, letters, parameters);
            }
        };
        Ok(vec![(what, told)])
    }

    fn check_join(&self, who: usize, name: &str, key: &str) -> Result<(), String> {
        let person = &self.people[&who];
        if person.invitations.contains(&(name.to_string(), true)) {
            return Ok(());
        }
        let state = &self.rooms[name];
        let is_expected = state.is_listed('I', "", person);
        if state.limit.is_some_and(|max| state.members.len() >= max) {
            return refuse("RoomFull");
        }
        if state.key.as_ref().is_some_and(|wanted| wanted != key) {
            return refuse("BadKey");
        }
        if state.flags.contains(&'i') && !is_expected {
            return refuse("InviteOnly");
        }
        let is_banned = state.is_listed('b', "", person);
        if is_banned && !is_expected && !state.is_listed('e', "", person) {
            return refuse("Banned");
        }
        if state.flags.contains(&'R') && person.account.is_none() {
            return refuse("RegisteredOnly");
        }
        Ok(())
    }

    fn join(&mut self, who: usize, name: &str, key: &str) -> Answer {
        let existing = self.find_room(name);
        if self.find_own_room(who, name).is_ok() {
            return Ok(vec![]);
        }
        let mut rooms = self.rooms.values();
        if rooms
            .by_ref()
            .filter(|r| r.members.contains_key(&who))
            .count()
            == LIMITS.rooms_per_user
        {
            return refuse("TooManyRooms");
        }
        if let Some(name) = &existing {
            self.check_join(who, name, key)?;
        } else {
            let mut names = self.rooms.keys();
            if names.any(|other| look_alike(room(other).name(), room(name).name())) {
                return refuse("RoomLooksLike");
            }
            if self.rooms.len() == LIMITS.rooms {
                return refuse("NoMoreRooms");
            }
            let state = RoomState {
                flags: BTreeSet::from(['n', 't']),
                ..RoomState::default()
            };
            self.rooms.insert(name.to_string(), state);
            self.generations += 1;
        }
        let ranks = if existing.is_none() { "o" } else { "" };
        let name = existing.unwrap_or_else(|| name.to_string());
        let state = self.rooms.get_mut(&name).unwrap();
        state.members.insert(who, ranks.chars().collect());
        let person = self.people.get_mut(&who).unwrap();
        person.invitations.retain(|(invited, _)| *invited != name);
        Ok(vec![(format!("joined {name}"), state.numbers())])
    }

    fn check_speech(&self, who: usize, name: &str) -> Result<String, String> {
        let Some(name) = self.find_room(name) else {
            return refuse("NoSuchRoom");
        };
        let state = &self.rooms[&name];
        if state.flags.contains(&'n') && !state.members.contains_key(&who) {
            return refuse("Outside");
        }
        if state.height(who) > 0 {
            return Ok(name);
        }
        if state.flags.contains(&'m') {
            return refuse("Moderated");
        }
        let person = &self.people[&who];
        if state.flags.contains(&'M') && person.account.is_none() {
            return refuse("Unregistered");
        }
        match state.silence(person) {
            Some(why) => refuse(why),
            None => Ok(name),
        }
    }

    fn invite(&mut self, who: usize, name: &str, whom: &str) -> Answer {
        let user = self.find_person(whom)?;
        let name = self.find_own_room(who, name)?;
        let state = &self.rooms[&name];
        if state.members.contains_key(&user) {
            return refuse("AlreadyInRoom");
        }
        let opens = state.height(who) >= OPERATOR;
        let is_closed = state.flags.contains(&'i');
        if is_closed && !opens {
            return refuse("NotOperator");
        }
        let invitations = &mut self.people.get_mut(&user).unwrap().invitations;
        invitations.retain(|(invited, _)| *invited != name);
        if invitations.len() == LIMITS.invitations {
            invitations.remove(0);
        }
        invitations.push((name.clone(), opens));
        let mut seen = state.at_least(if is_closed { OPERATOR } else { 0 });
        seen.remove(&who);
        Ok(vec![
            (
                format!("invited {user} to {name}"),
                BTreeSet::from([who, user]),
            ),
            (format!("was seen to invite {user} to {name}"), seen),
        ])
    }
}
