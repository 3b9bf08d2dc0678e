//! The hub beside a slow, obvious model: plain maps of sets, everything searched for by walking.
//!
//! Random commands go into both; after each step what they answer, whom they tell what, and what can be observed must
//! be the same, and the hub's invariants must hold. People are numbers in order of arrival here: the model has no ids.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select};

use super::*;
use crate::chat::{Speech, Target, name::lookalike::keys};

const RULES: NameRules = NameRules { unicode: true };
const LIMITS: Limits = Limits {
    away_bytes: 4,
    users: 6,
    rooms: 4,
    rooms_per_user: 3,
    topic_bytes: 4,
};
const NICKS: [&str; 12] = [
    "alice",
    "ALICE",
    "аlice",
    "ΑLICE",
    "bob",
    "bоb",
    "lan",
    "Ian",
    "Іan",
    "josé",
    "JOSÉ",
    "홍길동",
];
const ROOMS: [&str; 7] = ["#a", "#A", "#а", "#b", "#c", "#마당", "#d"];
const TEXTS: [&str; 4] = ["", "x", "four", "fives"];

#[derive(Clone, Debug)]
enum Step {
    Enter(&'static str),
    Join(&'static str),
    Leave(&'static str),
    Rename(&'static str),
    SayToRoom(&'static str),
    SayToUser(&'static str),
    SetAway(&'static str),
    SetTopic(&'static str, &'static str),
    Quit,
}

/// A step, and (as an index into all who ever came) whose it is.
fn steps() -> impl Strategy<Value = Vec<(prop::sample::Index, Step)>> {
    let step = prop_oneof![
        4 => select(&NICKS[..]).prop_map(Step::Enter),
        6 => select(&ROOMS[..]).prop_map(Step::Join),
        3 => select(&ROOMS[..]).prop_map(Step::Leave),
        2 => select(&NICKS[..]).prop_map(Step::Rename),
        2 => select(&ROOMS[..]).prop_map(Step::SayToRoom),
        2 => select(&NICKS[..]).prop_map(Step::SayToUser),
        1 => select(&TEXTS[..]).prop_map(Step::SetAway),
        2 => (select(&ROOMS[..]), select(&TEXTS[..])).prop_map(|(r, t)| Step::SetTopic(r, t)),
        2 => Just(Step::Quit),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), step), 1..80)
}

/// What was told, in words, and to whom.
type Told = (String, BTreeSet<usize>);
/// The events, or the refusal's name.
type Answer = Result<Vec<Told>, String>;

#[derive(Default)]
struct Model {
    people: BTreeMap<usize, Person>,
    /// Rooms by the name that their founder gave.
    rooms: BTreeMap<String, RoomState>,
    arrivals: usize,
}

struct Person {
    nick: String,
    away: String,
    spoke: Time,
}

#[derive(Default)]
struct RoomState {
    topic: String,
    members: BTreeSet<usize>,
}

fn nick(text: &str) -> Nick {
    Nick::parse(text, RULES).unwrap()
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text, RULES).unwrap()
}

fn look_alike(one: &Name, other: &Name) -> bool {
    !(one.is_ascii() && other.is_ascii()) && keys(one).iter().any(|key| keys(other).contains(key))
}

fn refuse<T>(kind: &str) -> Result<T, String> {
    Err(kind.to_string())
}

impl Model {
    fn check_nick(&self, wanted: &str, but: Option<usize>) -> Result<(), String> {
        let others = || {
            self.people
                .iter()
                .filter(|(number, _)| Some(**number) != but)
        };
        if others().any(|(_, person)| nick(&person.nick) == nick(wanted)) {
            return refuse("NickTaken");
        }
        if others().any(|(_, person)| look_alike(nick(&person.nick).name(), nick(wanted).name())) {
            return refuse("LooksLike");
        }
        Ok(())
    }

    fn find_room(&self, wanted: &str) -> Option<String> {
        let mut names = self.rooms.keys();
        names.find(|name| room(name) == room(wanted)).cloned()
    }

    fn find_own_room(&self, who: usize, wanted: &str) -> Result<String, String> {
        match self.find_room(wanted) {
            None => refuse("NoSuchRoom"),
            Some(name) if !self.rooms[&name].members.contains(&who) => refuse("NotInRoom"),
            Some(name) => Ok(name),
        }
    }

    fn neighbours(&self, who: usize) -> BTreeSet<usize> {
        let rooms = self.rooms.values();
        rooms
            .filter(|room| room.members.contains(&who))
            .flat_map(|room| room.members.iter().copied())
            .collect()
    }

    fn enter(&mut self, name: &str, now: Time) -> Answer {
        if self.people.len() == LIMITS.users {
            return refuse("Full");
        }
        self.check_nick(name, None)?;
        let person = Person {
            nick: name.to_string(),
            away: String::new(),
            spoke: now,
        };
        self.people.insert(self.arrivals, person);
        self.arrivals += 1;
        Ok(vec![])
    }

    fn apply(&mut self, who: usize, step: &Step, now: Time) -> Answer {
        if !self.people.contains_key(&who) {
            return refuse("Gone");
        }
        let (what, told) = match step {
            Step::Enter(_) => unreachable!("has its own method"),
            Step::Join(name) => {
                let existing = self.find_room(name);
                if self.find_own_room(who, name).is_ok() {
                    return Ok(vec![]);
                }
                let stands_in = self.rooms.values().filter(|r| r.members.contains(&who));
                if stands_in.count() == LIMITS.rooms_per_user {
                    return refuse("TooManyRooms");
                }
                if existing.is_none() {
                    let mut names = self.rooms.keys();
                    if names.any(|other| look_alike(room(other).name(), room(name).name())) {
                        return refuse("RoomLooksLike");
                    }
                    if self.rooms.len() == LIMITS.rooms {
                        return refuse("NoMoreRooms");
                    }
                }
                let name = existing.unwrap_or_else(|| (*name).to_string());
                let state = self.rooms.entry(name.clone()).or_default();
                state.members.insert(who);
                (format!("joined {name}"), state.members.clone())
            }
            Step::Leave(name) => {
                let name = self.find_own_room(who, name)?;
                let state = self.rooms.get_mut(&name).unwrap();
                let told = state.members.clone();
                state.members.remove(&who);
                (format!("left {name}: bye"), told)
            }
            Step::Rename(name) => {
                if self.people[&who].nick == *name {
                    return Ok(vec![]);
                }
                self.check_nick(name, Some(who))?;
                let mut told = self.neighbours(who);
                told.insert(who);
                let nick = &mut self.people.get_mut(&who).unwrap().nick;
                let old = std::mem::replace(nick, (*name).to_string());
                (format!("was {old}, is {name}"), told)
            }
            Step::SayToRoom(name) => {
                let name = self.find_own_room(who, name)?;
                self.people.get_mut(&who).unwrap().spoke = now;
                (
                    format!("said to {name}: hi"),
                    self.rooms[&name].members.clone(),
                )
            }
            Step::SayToUser(name) => {
                let mut people = self.people.iter();
                let Some((&to, _)) = people.find(|(_, person)| nick(&person.nick) == nick(name))
                else {
                    return refuse("NoSuchUser");
                };
                self.people.get_mut(&who).unwrap().spoke = now;
                (format!("said to {to}: hi"), BTreeSet::from([who, to]))
            }
            Step::SetAway(text) => {
                if text.len() > LIMITS.away_bytes {
                    return refuse("AwayTooLong");
                }
                self.people.get_mut(&who).unwrap().away = (*text).to_string();
                (format!("away: {text}"), BTreeSet::from([who]))
            }
            Step::SetTopic(name, text) => {
                let name = self.find_own_room(who, name)?;
                if text.len() > LIMITS.topic_bytes {
                    return refuse("TopicTooLong");
                }
                let state = self.rooms.get_mut(&name).unwrap();
                if state.topic == *text {
                    return Ok(vec![]);
                }
                state.topic = (*text).to_string();
                (format!("topic of {name}: {text}"), state.members.clone())
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
        };
        self.rooms.retain(|_, state| !state.members.is_empty());
        Ok(vec![(format!("{who} {what}"), told)])
    }
}

/// The hub, with the ids of all who ever came in order of arrival.
struct Real {
    hub: Hub,
    ids: Vec<UserId>,
    last_message: u64,
}

impl Real {
    fn number(&self, id: UserId) -> usize {
        self.ids.iter().position(|&other| other == id).unwrap()
    }

    fn apply(&mut self, who: usize, step: &Step, now: Time) -> Answer {
        let answer = match step {
            Step::Enter(name) => self.hub.enter(nick(name), now).map(|id| self.ids.push(id)),
            step => self.apply_command(self.ids[who], step, now),
        };
        match answer {
            // The name of the variant is enough.
            Err(refusal) => {
                let debug = format!("{refusal:?}");
                refuse(debug.split(' ').next().unwrap())
            }
            Ok(()) => {
                let mut told = Vec::new();
                while let Some(event) = self.hub.next_event() {
                    assert_eq!(event.time, now);
                    assert!(event.id.0 > self.last_message, "numbers rise");
                    self.last_message = event.id.0;
                    told.push(self.in_words(&event));
                }
                Ok(told)
            }
        }
    }

    fn apply_command(&mut self, who: UserId, step: &Step, now: Time) -> Result<(), Refusal> {
        let target;
        let (speech, text) = (Speech::Message, "hi");
        let command = match *step {
            Step::Enter(_) => unreachable!("is no command"),
            Step::Join(name) => Command::Join { room: room(name) },
            Step::Leave(name) => Command::Leave {
                room: room(name),
                reason: "bye",
            },
            Step::Rename(name) => Command::Rename { nick: nick(name) },
            Step::SayToRoom(name) => {
                target = room(name);
                let to = Target::Room(&target);
                Command::Say { to, speech, text }
            }
            Step::SayToUser(name) => {
                let to = Target::User(name);
                Command::Say { to, speech, text }
            }
            Step::SetAway(text) => Command::SetAway {
                text: Some(text).filter(|text| !text.is_empty()),
            },
            Step::SetTopic(name, text) => Command::SetTopic {
                room: room(name),
                text,
            },
            Step::Quit => Command::Quit { reason: "bye" },
        };
        self.hub.apply(who, command, now)
    }

    /// The event in the model's words. Reads the records, which must all still be there.
    fn in_words(&self, event: &Event) -> Told {
        let author = self.hub.user(event.author).expect("the author is readable");
        let room = |id: &RoomId| self.hub.room(*id).expect("the room is readable").name();
        let what = match &event.body {
            Body::AwayChanged => format!("away: {}", author.away().unwrap_or_default()),
            Body::Joined { room: id } => format!("joined {}", room(id)),
            Body::Left { room: id, reason } => format!("left {}: {reason}", room(id)),
            Body::Quit { reason } => format!("quit: {reason}"),
            Body::Renamed { old } => format!("was {old}, is {}", author.nick()),
            Body::SaidToRoom { room: id, text, .. } => format!("said to {}: {text}", room(id)),
            Body::SaidToUser { to, text, .. } => format!("said to {}: {text}", self.number(*to)),
            Body::TopicChanged { room: id } => {
                let topic = self.hub.room(*id).unwrap().topic();
                let text = topic.map_or("", |topic| &topic.text);
                format!("topic of {}: {text}", room(id))
            }
        };
        let mut told = BTreeSet::new();
        self.hub.for_each_in(&event.audience, |id| {
            assert!(told.insert(self.number(id)), "each person once");
        });
        (format!("{} {what}", self.number(event.author)), told)
    }

    /// Everything that can be observed is as the model says.
    fn check_against(&self, model: &Model) {
        self.hub.check_invariants();
        assert_eq!(self.hub.user_count(), model.people.len());
        for (number, id) in self.ids.iter().enumerate() {
            let Some(person) = model.people.get(&number) else {
                assert!(self.hub.users().all(|(other, _)| other != *id));
                continue;
            };
            let user = self.hub.user(*id).expect("the model has them");
            assert_eq!(user.nick().as_str(), person.nick);
            assert_eq!(user.away().unwrap_or_default(), person.away);
            assert_eq!(user.last_spoke(), person.spoke);
            assert_eq!(self.hub.find_user(&person.nick.to_uppercase()), Some(*id));
            let rooms: BTreeSet<_> = self
                .hub
                .rooms_of(*id)
                .map(|room| self.hub.room(room).unwrap().name().to_string())
                .collect();
            assert_eq!(rooms.len(), user.room_count());
            for (name, state) in &model.rooms {
                assert_eq!(rooms.contains(name), state.members.contains(&number));
            }
        }
        assert_eq!(self.hub.room_count(), model.rooms.len());
        for (id, record) in self.hub.rooms() {
            let state = &model.rooms[record.name().as_str()];
            let members: BTreeSet<_> = self.hub.members(id).map(|id| self.number(id)).collect();
            assert_eq!(members, state.members);
            assert_eq!(record.member_count(), members.len());
            assert_eq!(record.topic().map_or("", |t| &t.text), state.topic);
            assert_eq!(self.hub.find_room(record.name()), Some(id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_hub_does_what_the_model_does(steps in steps()) {
        let mut model = Model::default();
        let mut real = Real {
            hub: Hub::with_limits(RULES, LIMITS),
            ids: Vec::new(),
            last_message: 0,
        };
        for (moment, (who, step)) in steps.iter().enumerate() {
            let now = Time(moment as i64);
            let wanted = match step {
                Step::Enter(name) => model.enter(name, now),
                _ if model.arrivals == 0 => continue,
                step => model.apply(who.index(model.arrivals), step, now),
            };
            let who = who.index(real.ids.len().max(1));
            prop_assert_eq!(real.apply(who, step, now), wanted, "{:?}", step);
            real.check_against(&model);
        }
    }
}
