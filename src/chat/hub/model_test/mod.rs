//! The hub beside a slow, obvious model.
//!
//! Random commands go into both; after each step their answers, their events with the audiences, and all that can be
//! observed must be the same, and the hub's invariants must hold. Users are numbers in order of arrival here: the model
//! has no ids.

use std::collections::{BTreeSet, HashMap};

use proptest::{collection, prelude::*};

use crate::chat::{
    Body, Command, Destination, Event, Hub, Moment, Now, Origin, Profile, Refusal, RoomId,
    ServerBan, Speech, Target, UserId, WallTime,
    mode::{AppliedMode, Letter, ListKind, Rank, RoomFlags, Sign, parse_room_changes},
};

mod model;
mod steps;

use model::{Answer, Model, Told, nick, room};
use steps::{ACCOUNTS, BAN_LASTS, LIMITS, RULES, Step, steps, steps_among_masks};

/// The hub, with the ids of all who ever came in order of arrival.
struct Real {
    hub: Hub,
    ids: Vec<UserId>,
    last_message: u64,
    last_time: WallTime,
    said: HashMap<RoomId, WallTime>,
    messages: HashMap<RoomId, WallTime>,
}

impl Real {
    fn number(&self, id: UserId) -> usize {
        self.ids.iter().position(|&other| other == id).unwrap()
    }

    /// Whatever the wall clock does, no event is shown to be earlier than the one before, in its room if it is about one, and
    /// each message of a room is later than the one before.
    fn check_time(&mut self, event: &Event, now: Now) {
        assert!(event.time >= now.wall, "{event:?}");
        let said = match event.body.destination_of_message() {
            Some(Destination::Room(room) | Destination::Ranked(_, room)) => Some(room),
            _ => None,
        };
        let happened = match event.body {
            Body::Joined { room }
            | Body::Kicked { room, .. }
            | Body::Left { room, .. }
            | Body::ModesChanged { room, .. }
            | Body::RoomRenamed { room, .. }
            | Body::TopicChanged { room } => Some(room),
            _ => None,
        };
        if let Some(room) = said.or(happened) {
            let last = self.said.insert(room, event.time);
            let is_later = |last| event.time >= last;
            assert!(last.is_none_or(is_later), "{event:?}");
            if said.is_some() {
                let last = self.messages.insert(room, event.time);
                assert!(last.is_none_or(|last| event.time > last), "{event:?}");
            }
        } else {
            assert!(event.time >= self.last_time, "{event:?}");
            // Messages between two accounts may run ahead, and no other event waits for them.
            if event.body.destination_of_message().is_none() {
                self.last_time = event.time;
            }
        }
    }

    fn apply(&mut self, who: usize, step: &Step, now: Now) -> Answer {
        let answer = match step {
            Step::Enter(name, username, password) => {
                let profile = Profile {
                    username: (*username).into(),
                    origin: Origin::new("h", "192.0.2.1"),
                    password: *password,
                    ..Profile::default()
                };
                let entered = self.hub.enter(nick(name), profile, now);
                entered.map(|id| self.ids.push(id))
            }
            Step::RequirePassword(is_required) => {
                self.hub.require_password(*is_required);
                Ok(())
            }
            Step::ServerBan(mask) => {
                self.hub.add_server_ban(server_ban(mask, now), now);
                Ok(())
            }
            Step::ServerUnban(mask) => {
                self.hub.remove_server_ban(mask);
                Ok(())
            }
            step => self.apply_command(self.ids[who], step, now),
        };
        match answer {
            Err(refusal) => Err(kind_of(&refusal)),
            Ok(()) => {
                let mut told = Vec::new();
                while let Some(event) = self.hub.next_event() {
                    self.check_time(&event, now);
                    assert!(event.id.0 > self.last_message, "numbers rise");
                    self.last_message = event.id.0;
                    told.push(self.in_words(&event));
                }
                Ok(told)
            }
        }
    }

    fn apply_command(&mut self, who: UserId, step: &Step, now: Now) -> Result<(), Refusal> {
        let target;
        let request;
        let say = |to| Command::Say {
            to,
            speech: Speech::Message,
            text: "hi",
            tags: "",
        };
        let command = match step {
            Step::Enter(..)
            | Step::RequirePassword(_)
            | Step::ServerBan(_)
            | Step::ServerUnban(_) => unreachable!("is no command"),
            Step::Invite(name, nick) => Command::Invite {
                room: room(name),
                nick,
            },
            Step::Join(name, key) => Command::Join {
                room: room(name),
                key: Some(*key).filter(|key| !key.is_empty()),
                flags: RoomFlags::usual(),
            },
            Step::Kick(name, nick) => Command::Kick {
                room: room(name),
                nick,
                reason: "",
            },
            Step::Knock(name) => Command::Knock {
                room: room(name),
                text: "",
            },
            Step::Leave(name) => Command::Leave {
                room: room(name),
                reason: "bye",
            },
            Step::LogIn(name) => Command::LogIn {
                account: self.hub.accounts().find(&nick(name)).expect("it is there"),
            },
            Step::LogOut => Command::LogOut,
            Step::Mode(name, letters, parameters) => {
                request = parse_room_changes(letters, parameters.iter().copied());
                assert!(request.errors.is_empty() && request.lists.is_empty());
                Command::SetRoomModes {
                    room: room(name),
                    changes: &request.changes,
                }
            }
            Step::Rename(name) => Command::Rename { nick: nick(name) },
            Step::RenameRoom(name, to) => Command::RenameRoom {
                room: room(name),
                to: room(to),
                reason: "",
            },
            Step::SayToOperators(name) => {
                target = room(name);
                say(Target::Ranked(Rank::Operator, &target))
            }
            Step::SayToRoom(name) => {
                target = room(name);
                say(Target::Room(&target))
            }
            Step::SayToUser(name) => say(Target::User(name)),
            Step::SetAway(text) => Command::SetAway {
                text: Some(*text).filter(|text| !text.is_empty()),
            },
            Step::SetTopic(name, text) => Command::SetTopic {
                room: room(name),
                text,
            },
            Step::Quit => Command::Quit { reason: "bye" },
        };
        self.hub.apply(who, command, now)
    }

    /// The event as the model writes it. Reads the records, which must all still be there.
    fn in_words(&self, event: &Event) -> Told {
        let author = self.hub.user(event.author).expect("the author is readable");
        let room = |id: &RoomId| self.hub.room(*id).expect("the room is readable").name();
        let what = match &event.body {
            Body::AccountChanged => format!("account: {}", author.account().unwrap_or_default()),
            Body::AwayChanged => format!("away: {}", author.away().unwrap_or_default()),
            Body::Invited { room: id, user } => {
                format!("invited {} to {}", self.number(*user), room(id))
            }
            Body::InviteSeen { room: id, user } => {
                format!("was seen to invite {} to {}", self.number(*user), room(id))
            }
            Body::Joined { room: id } => format!("joined {}", room(id)),
            Body::Kicked {
                room: id,
                user,
                reason,
            } => format!(
                "kicked {} out of {}: {reason}",
                self.number(*user),
                room(id)
            ),
            Body::Knocked { room: id, .. } => format!("knocked at {}", room(id)),
            Body::Left { room: id, reason } => format!("left {}: {reason}", room(id)),
            Body::ModesChanged { room: id, changes } => {
                let changes: Vec<_> = changes.iter().map(|change| self.spell(change)).collect();
                format!("modes of {}: {}", room(id), changes.join(" "))
            }
            Body::Quit { reason, .. } => format!("quit: {reason}"),
            Body::Refused(refusals) => {
                let kinds: Vec<_> = refusals.iter().map(kind_of).collect();
                format!("refused: {}", kinds.join(" "))
            }
            Body::Renamed { old } => format!("was {old}, is {}", author.nick()),
            Body::RoomRenamed { room: id, old, .. } => format!("renamed {old} to {}", room(id)),
            Body::Said {
                destination, text, ..
            } => {
                let destination = match destination {
                    Destination::Ranked(rank, id) => format!("{}{}", rank.prefix(), room(id)),
                    Destination::Room(id) => room(id).to_string(),
                    Destination::User(id) => self.number(*id).to_string(),
                };
                format!("said to {destination}: {text}")
            }
            Body::TopicChanged { room: id } => {
                let topic = self.hub.room(*id).unwrap().topic();
                let text = topic.map_or("", |topic| &topic.text);
                format!("topic of {}: {text}", room(id))
            }
            body => unreachable!("no step brings about {body:?}"),
        };
        let mut told = BTreeSet::new();
        self.hub.for_each_in(&event.audience, |id| {
            assert!(told.insert(self.number(id)), "each person once");
        });
        (format!("{} {what}", self.number(event.author)), told)
    }

    fn spell(&self, change: &AppliedMode) -> String {
        let (sign, letter, parameter) = match change {
            AppliedMode::Flag { sign, flag } => (*sign, flag.letter(), String::new()),
            AppliedMode::Key { sign, key } => (*sign, 'k', key.to_string()),
            AppliedMode::Limit(None) => (Sign::Minus, 'l', String::new()),
            AppliedMode::Limit(Some(max)) => (Sign::Plus, 'l', max.to_string()),
            AppliedMode::List { sign, kind, mask } => (*sign, kind.letter(), mask.to_string()),
            AppliedMode::Rank { sign, rank, user } => {
                (*sign, rank.letter(), self.number(*user).to_string())
            }
        };
        let text = format!("{}{letter} {parameter}", sign.symbol());
        text.trim_end().to_string()
    }

    /// Everything that can be observed is as in the model.
    fn check_against(&self, model: &Model) {
        self.hub.check_invariants();
        let bans = self.hub.server_bans().iter();
        let bans = bans.map(|ban| (&*ban.mask, ban.until));
        assert!(bans.eq(model.bans.iter().map(|(mask, until)| (&**mask, *until))));
        assert_eq!(self.hub.user_count(), model.people.len());
        for (number, id) in self.ids.iter().enumerate() {
            let Some(person) = model.people.get(&number) else {
                assert!(self.hub.users().all(|(other, _)| other != *id));
                continue;
            };
            let user = self.hub.user(*id).expect("the model has them");
            assert_eq!(user.nick().as_str(), person.nick);
            assert_eq!(user.account(), person.account);
            assert_eq!(user.away().unwrap_or_default(), person.away);
            assert_eq!(user.last_spoke(), person.spoke);
            assert_eq!(self.hub.find_user(&person.nick.to_uppercase()), Some(*id));
            let name_of = |room| self.hub.room(room).unwrap().name().to_string();
            let rooms: BTreeSet<_> = self.hub.rooms_of(*id).map(name_of).collect();
            assert_eq!(rooms.len(), user.room_count());
            for (name, state) in &model.rooms {
                assert_eq!(rooms.contains(name), state.members.contains_key(&number));
            }
            let invitations: Vec<_> = self.hub.invitations(*id).map(name_of).collect();
            let expected = person.invitations.iter().map(|(name, _)| name);
            assert!(invitations.iter().eq(expected));
        }
        assert_eq!(self.hub.room_count(), model.rooms.len());
        for (id, record) in self.hub.rooms() {
            let state = &model.rooms[record.name().as_str()];
            let members = self.hub.members_with_ranks(id).map(|(user, ranks)| {
                assert_eq!(self.hub.ranks(user, id), ranks);
                let ranks: BTreeSet<_> = ranks.iter().map(Letter::letter).collect();
                (self.number(user), ranks)
            });
            assert_eq!(
                members.collect::<std::collections::BTreeMap<_, _>>(),
                state.members
            );
            assert_eq!(record.member_count(), state.members.len());
            assert_eq!(record.topic().map_or("", |t| &t.text), state.topic);
            assert_eq!(self.hub.find_room(record.name()), Some(id));
            let flags: BTreeSet<_> = record.flags().iter().map(Letter::letter).collect();
            assert_eq!(flags, state.flags);
            assert_eq!(record.key(), state.key.as_deref());
            assert_eq!(record.limit().map(|max| max as usize), state.limit);
            for kind in ListKind::ALL {
                let masks = record.list(kind).iter().map(|entry| entry.mask.as_str());
                let expected = state.masks.iter().filter(|(k, _)| *k == kind.letter());
                assert!(masks.eq(expected.map(|(_, mask)| mask.as_str())));
            }
        }
    }
}

/// A ban that ends ten steps later.
fn server_ban(mask: &str, now: Now) -> ServerBan {
    ServerBan {
        mask: mask.into(),
        reason: "".into(),
        by: "".into(),
        until: Some(now.moment.after(BAN_LASTS)),
    }
}

/// The name of the variant is enough; of silence, why.
fn kind_of(refusal: &Refusal) -> String {
    if let Refusal::CannotSpeak { why, .. } = refusal {
        return format!("{why:?}");
    }
    let debug = format!("{refusal:?}");
    debug.split(' ').next().unwrap().to_string()
}

/// Has the hub and the model do the same.
fn compare(steps: &[(usize, Step)], walls: &[i64]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut real = Real {
        hub: Hub::with_limits(RULES, LIMITS),
        ids: Vec::new(),
        last_message: 0,
        last_time: WallTime::default(),
        said: HashMap::new(),
        messages: HashMap::new(),
    };
    for name in ACCOUNTS {
        real.hub.add_account(nick(name)).expect("the names differ");
    }
    // One clock goes on, the other jumps both ways.
    let mut walls = walls.iter().cycle();
    for (moment, (who, step)) in steps.iter().enumerate() {
        let wall = walls.next().copied().unwrap_or_default();
        let now = Now {
            wall: WallTime::from_unix_ms(wall),
            moment: Moment::from_ms(moment as u64),
        };
        let wanted = match step {
            Step::Enter(name, username, password) => model.enter((name, username), *password, now),
            Step::RequirePassword(is_required) => {
                model.password_required = *is_required;
                Ok(vec![])
            }
            Step::ServerBan(mask) => model.ban(mask, now),
            Step::ServerUnban(mask) => model.unban(mask),
            _ if model.arrivals == 0 => continue,
            step => model.apply(who % model.arrivals, step, now),
        };
        let who = who % real.ids.len().max(1);
        prop_assert_eq!(real.apply(who, step, now), wanted, "{:?}", step);
        real.check_against(&model);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_hub_does_what_the_model_does(
        steps in steps(),
        walls in collection::vec(-500_i64..500, 1..30),
    ) {
        compare(&steps, &walls)?;
    }

    #[test]
    fn the_hub_judges_by_masks_as_the_model_does(steps in steps_among_masks()) {
        compare(&steps, &[])?;
    }
}
