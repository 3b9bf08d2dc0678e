//! The commands of moderation in a room: kicks, bans, modes, invitations.
//!
//! They all act on the current room, and obey the same rules as IRC's: the hub knows them. Letters of modes are read
//! by [`parse_room_changes`]. Owns nothing.

use super::{
    command_error::CommandError,
    commands::{Outcome, Request, first_word},
    encode::{news, refusal},
    listings,
};
use crate::chat::{
    Command, Hub, Refusal, RoomId, UserId, effort,
    mask::{Mask, networks_of_cloak},
    mode::{ListKind, ModeChange, Rank, Sign, parse_room_changes},
};

impl Request<'_> {
    pub(super) fn invite(&mut self, text: &str) -> Outcome {
        let (room, (nick, _)) = (self.current()?, first_word(text));
        let room = self.room_name_of(room)?;
        self.ctx.apply(Command::Invite { room, nick })?;
        Ok(())
    }

    pub(super) fn kick(&mut self, text: &str) -> Outcome {
        let (room, (nick, reason)) = (self.current()?, first_word(text));
        let room = self.room_name_of(room)?;
        self.ctx.apply(Command::Kick { room, nick, reason })?;
        Ok(())
    }

    /// Gives or takes a rank; `letters` say which.
    pub(super) fn rank(&mut self, letters: &str, text: &str) -> Outcome {
        let (nick, _) = first_word(text);
        self.change(&parse_room_changes(letters, [nick]).changes)
    }

    pub(super) fn ban(&mut self, text: &str) -> Outcome {
        let me = self.person()?;
        let (typed, _) = first_word(text);
        let mask = ban_mask(typed, me, self.ctx.hub());
        self.change(&[ModeChange::List {
            sign: Sign::Plus,
            kind: ListKind::Ban,
            mask: &mask,
        }])?;
        let cloak = mask.strip_prefix("*!*@").filter(|_| mask != typed);
        if let Some([network, wider]) = cloak.and_then(networks_of_cloak) {
            let hint = format!(
                "to keep out the whole network: /ban *!*@{network}, or a wider one: /ban *!*@{wider}"
            );
            news(self.ctx.answer(), &hint);
        }
        Ok(())
    }

    pub(super) fn unban(&mut self, text: &str) -> Outcome {
        let (room, (typed, _)) = (self.current()?, first_word(text));
        let masks = bans_on(typed, room, self.ctx.hub());
        if masks.is_empty() {
            return Err(CommandError::NoBan(listings::shortened(typed, 40).0.into()));
        }
        let lift = masks.iter().map(|mask| ModeChange::List {
            sign: Sign::Minus,
            kind: ListKind::Ban,
            mask,
        });
        let changes: Vec<_> = lift.collect();
        self.change(&changes)
    }

    /// Shows the room's modes or one of its lists, or changes modes.
    pub(super) fn mode(&mut self, text: &str) -> Outcome {
        let room = self.current()?;
        if text.is_empty() {
            self.tell(|hub, out| listings::modes(room, hub, out));
            return Ok(());
        }
        let (letters, rest) = first_word(text);
        let request = parse_room_changes(letters, rest.split_whitespace());
        for error in &request.errors {
            refusal(self.ctx.answer(), &error.to_string());
        }
        for kind in request.lists {
            self.show_list(room, kind)?;
        }
        if request.changes.is_empty() {
            return Ok(());
        }
        self.change(&request.changes)
    }

    fn show_list(&mut self, room: RoomId, kind: ListKind) -> Outcome {
        let me = self.person()?;
        if !self.ctx.hub().may_read_list(me, room, kind) {
            let room = self.room_name_of(room)?;
            let needed = Rank::HalfOperator;
            return Err(Refusal::NotOperator { room, needed }.into());
        }
        self.tell(|hub, out| listings::masks(room, kind, hub, out));
        Ok(())
    }

    /// Changes modes of the current room.
    fn change(&mut self, changes: &[ModeChange<'_>]) -> Outcome {
        let room = self.current()?;
        let room = self.room_name_of(room)?;
        let before = self.ctx.answer().len();
        self.ctx.apply(Command::SetRoomModes { room, changes })?;
        if self.ctx.answer().len() == before {
            // No event comes of it, and silence would look like a failure.
            news(self.ctx.answer(), "that is so already");
        }
        Ok(())
    }
}

/// The mask for what was typed: for a user's nick its host, so that another nick is no way around the ban. But not if
/// `me` has the same host: users do not want to ban themselves.
fn ban_mask(typed: &str, me: UserId, hub: &Hub) -> String {
    let host = |id| hub.user(id).map(|user| user.host());
    match hub.find_user(typed).and_then(host) {
        Some(theirs) if !theirs.is_empty() && Some(theirs) != host(me) => format!("*!*@{theirs}"),
        _ => typed.to_owned(),
    }
}

/// The bans that are the one typed, or match the user of that nick.
fn bans_on(typed: &str, room: RoomId, hub: &Hub) -> Vec<String> {
    let wanted = Mask::parse(typed);
    let person = hub.find_user(typed).and_then(|id| hub.user(id));
    let subject = person.map(|user| user.subject());
    let bans = hub
        .room(room)
        .map_or(&[][..], |room| room.list(ListKind::Ban));
    hub.charge_each(bans.len(), effort::MASK);
    let concerns = |mask: &Mask| {
        wanted.as_ref().is_some_and(|wanted| wanted.is_same(mask))
            || subject
                .as_ref()
                .is_some_and(|subject| mask.matches(subject))
    };
    bans.iter()
        .filter(|ban| concerns(&ban.mask))
        .map(|ban| ban.mask.as_str().to_owned())
        .collect()
}
