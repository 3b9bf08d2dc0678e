//! Changes of modes: of rooms, of members, of users (Modern IRC, "MODE message").
//!
//! Each change of a room is tried by itself, in order: those that change anything go to the room in one event,
//! those that cannot be made go to the author in another. Does not know letters.

use std::mem;

use super::{
    super::{
        Audience, Body, ListEntry, Now, Refusal, RoomId, RoomName, UserId, effort,
        mask::Mask,
        mode::{
            AppliedMode, ListKind, ModeChange, Rank, Sign, UserMode, UserModeChange, is_valid_key,
        },
        refusal::Fullness,
        room::SpeechStatus,
    },
    state::Hub,
};

/// So many masks are compared with a new one in the time of one look at a record.
const SAME_PER_LOOK: usize = 8;

/// What came of one change: nothing new, something, or a refusal.
type Outcome = Result<Option<AppliedMode>, Refusal>;

impl Hub {
    pub(super) fn set_room_modes(
        &mut self,
        who: UserId,
        name: &RoomName,
        changes: &[ModeChange<'_>],
        now: Now,
    ) -> Result<(), Refusal> {
        let room = self.find_room_or_refuse(name)?;
        let (mut applied, mut refused) = (Vec::new(), Vec::new());
        self.counting(None, Some(room.slot), |hub| {
            for change in changes {
                match hub.change_room_mode(who, room, change, now) {
                    Ok(change) => applied.extend(change),
                    Err(refusal) if refused.iter().any(|other| is_repetition(other, &refusal)) => {}
                    Err(refusal) => refused.push(refusal),
                }
            }
            hub.rooms[room.slot as usize].tidy();
        });
        let record = &mut self.rooms[room.slot as usize];
        let concerns_speech = |change: &AppliedMode| match change {
            AppliedMode::List { kind, .. } => *kind != ListKind::Invitation,
            _ => false,
        };
        if applied.iter().any(concerns_speech) {
            if let Some(rules) = &mut record.rules {
                rules.note_lists_changed();
            }
            for member in &mut record.members {
                member.speech_status = SpeechStatus::Unknown;
            }
            self.charge_each(
                self.rooms[room.slot as usize].members.len(),
                effort::LOOKED_AT,
            );
        }
        if !applied.is_empty() {
            self.registered.touch(room.slot);
            let changes = applied;
            let body = Body::ModesChanged { room, changes };
            self.emit(who, Audience::Room(room), body, now);
        }
        if !refused.is_empty() {
            let body = Body::Refused(refused);
            self.emit(who, Audience::Users(vec![who]), body, now);
        }
        Ok(())
    }

    fn change_room_mode(
        &mut self,
        who: UserId,
        room: RoomId,
        change: &ModeChange<'_>,
        now: Now,
    ) -> Outcome {
        match *change {
            ModeChange::Rank { sign, rank, nick } => {
                self.change_rank(who, room, (sign, rank, nick))
            }
            ModeChange::List { sign, kind, mask } => {
                self.need_rank(who, room, Rank::HalfOperator)?;
                self.change_list(who, room, (sign, kind, mask), now)
            }
            ModeChange::Flag { sign, flag } => {
                self.need_rank(who, room, Rank::Operator)?;
                let flags = &mut self.rooms[room.slot as usize].flags;
                let changed = flags.set(flag, sign);
                Ok(changed.then_some(AppliedMode::Flag { sign, flag }))
            }
            ModeChange::Key(key) => {
                self.need_rank(who, room, Rank::Operator)?;
                Ok(self.change_key(room, key))
            }
            ModeChange::Limit(limit) => {
                self.need_rank(who, room, Rank::Operator)?;
                let record = &mut self.rooms[room.slot as usize];
                if record.limit() == limit {
                    return Ok(None);
                }
                record.rules_mut().limit = limit;
                Ok(Some(AppliedMode::Limit(limit)))
            }
        }
    }

    /// A new key takes the place of the old one without further ado, as Ergo has it.
    fn change_key(&mut self, room: RoomId, key: Option<&str>) -> Option<AppliedMode> {
        debug_assert!(key.is_none_or(is_valid_key), "parse_room_changes looks");
        let record = &mut self.rooms[room.slot as usize];
        if record.key() == key {
            return None;
        }
        let old = mem::replace(&mut record.rules_mut().key, key.map(Into::into));
        let (sign, key) = match key {
            Some(key) => (Sign::Plus, key.into()),
            None => (Sign::Minus, old?),
        };
        Some(AppliedMode::Key { sign, key })
    }

    fn change_list(
        &mut self,
        who: UserId,
        room: RoomId,
        (sign, kind, typed): (Sign, ListKind, &str),
        now: Now,
    ) -> Outcome {
        let Some(mask) = Mask::parse(typed) else {
            return Err(Refusal::InvalidMask {
                room: self.room_name(room),
                kind,
                mask: typed.into(),
            });
        };
        if sign == Sign::Plus && mask.asks_for_hidden() {
            let (room, mask) = (self.room_name(room), mask.as_str().into());
            return Err(Refusal::HiddenAddress { room, kind, mask });
        }
        let list = self.rooms[room.slot as usize].list(kind);
        self.charge_each(1 + list.len() / SAME_PER_LOOK, effort::LOOKED_AT);
        let position = list.iter().position(|entry| entry.mask.is_same(&mask));
        match (sign, position) {
            (Sign::Plus, Some(_)) | (Sign::Minus, None) => Ok(None),
            (Sign::Plus, None) => {
                let listed = list.len();
                let room_for_it = if listed >= self.limits.masks {
                    Err(Fullness::List)
                } else {
                    self.setter_of(who, listed)
                };
                let by = room_for_it.map_err(|of| Refusal::ListFull {
                    room: self.room_name(room),
                    kind,
                    mask: mask.as_str().into(),
                    of,
                })?;
                let shown = mask.as_str().into();
                self.note_mask(&by);
                let at = now.wall;
                let entry = ListEntry { mask, by, at };
                let record = &mut self.rooms[room.slot as usize];
                record.rules_mut().push(kind, entry);
                Ok(Some(AppliedMode::List {
                    sign,
                    kind,
                    mask: shown,
                }))
            }
            (Sign::Minus, Some(position)) => {
                let record = &mut self.rooms[room.slot as usize];
                let entry = record.rules_mut().remove(kind, position);
                self.note_mask_gone(&entry);
                let mask = entry.mask.as_str().into();
                Ok(Some(AppliedMode::List { sign, kind, mask }))
            }
        }
    }

    /// Gives or takes a rank. A member may always give up its own.
    fn change_rank(
        &mut self,
        who: UserId,
        room: RoomId,
        (sign, rank, nick): (Sign, Rank, &str),
    ) -> Outcome {
        let gives_up = sign == Sign::Minus
            && self.find_user(nick) == Some(who)
            && self.ranks(who, room).contains(rank);
        if !gives_up {
            self.need_rank(who, room, rank.set_by())?;
        }
        let user = self.find_user_or_refuse(nick)?;
        let record = &self.rooms[room.slot as usize];
        let Some(index) = self.index_of(user, record) else {
            return Err(Refusal::TargetNotInRoom {
                nick: self.users[user.slot as usize].nick.clone(),
                room: self.room_name(room),
            });
        };
        if sign == Sign::Minus && record.members[index].ranks.contains(rank) {
            self.need_reach(who, user, room)?;
        }
        let ranks = &mut self.rooms[room.slot as usize].members[index].ranks;
        let changed = ranks.set(rank, sign);
        Ok(changed.then_some(AppliedMode::Rank { sign, rank, user }))
    }

    pub(super) fn set_user_modes(&mut self, who: UserId, changes: &[UserModeChange], now: Now) {
        let is_own_to_set = |change: &&UserModeChange| {
            change.mode != UserMode::Operator || change.sign == Sign::Minus
        };
        self.change_user_modes(who, changes.iter().filter(is_own_to_set).copied(), now);
    }

    pub(super) fn make_operator(&mut self, who: UserId, now: Now) {
        let change = UserModeChange {
            sign: Sign::Plus,
            mode: UserMode::Operator,
        };
        self.change_user_modes(who, [change], now);
    }

    fn change_user_modes(
        &mut self,
        who: UserId,
        changes: impl IntoIterator<Item = UserModeChange>,
        now: Now,
    ) {
        let user = &mut self.users[who.slot as usize];
        let old = user.modes;
        let changes: Vec<_> = changes
            .into_iter()
            .filter(|change| user.modes.set(change.mode, change.sign))
            .collect();
        let new = user.modes;
        self.count_modes(old, new);
        if !changes.is_empty() {
            let body = Body::UserModesChanged { changes };
            self.emit(who, Audience::Users(vec![who]), body, now);
        }
    }
}

/// Whether one refusal has the same reason as the other: the author gets each reason once.
fn is_repetition(one: &Refusal, other: &Refusal) -> bool {
    match (one, other) {
        (Refusal::NotOperator { .. }, Refusal::NotOperator { .. }) => true,
        (Refusal::ListFull { kind, .. }, Refusal::ListFull { kind: other, .. }) => kind == other,
        _ => one == other,
    }
}
