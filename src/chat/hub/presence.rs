//! Users who stay without a connection: a stored one is put back where it was.
//!
//! The hub does not know which users have connections; the caller does, and keeps a user by not letting it quit.

use super::{
    super::{
        Now, Refusal, RoomName, UserId,
        mode::{Rank, RoomFlags, is_valid_key},
    },
    state::Hub,
};

impl Hub {
    /// Puts a user back into a room in which it was when the process ended, whatever bans, key and limits say now. Nobody is
    /// sent anything. A room that is not there any more is opened again with these flags and this key.
    ///
    /// # Errors
    /// The user or the server has no room for more rooms.
    pub fn put_back(
        &mut self,
        who: UserId,
        name: RoomName,
        ranks: impl Iterator<Item = Rank>,
        (flags, key): (RoomFlags, Option<&str>),
        now: Now,
    ) -> Result<(), Refusal> {
        let Some(user) = self.user(who) else {
            return Err(Refusal::Gone);
        };
        let max = self.limits.rooms_per_user;
        if user.rooms.len() >= max {
            return Err(Refusal::TooManyRooms { room: name, max });
        }
        let account = user.account_id();
        let room = match self.find_room(&name) {
            Some(room) if self.is_member(who, room) => return Ok(()),
            Some(room) => room,
            None => {
                let room = self.open_room(name, flags, now)?;
                if let Some(key) = key.filter(|key| is_valid_key(key)) {
                    self.counting(None, Some(room.slot), |hub| {
                        let record = &mut hub.rooms[room.slot as usize];
                        record.rules_mut().key = Some(key.into());
                    });
                }
                room
            }
        };
        // In a registered room, what the account has now counts.
        let ranks = match self.registration(room) {
            Some(_) => self.registered.ranks_for(room.slot, account),
            None => ranks.collect(),
        };
        self.add_member(who, room, ranks);
        Ok(())
    }
}
