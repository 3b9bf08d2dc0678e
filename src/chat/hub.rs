//! The hub (to be written).
use super::{
    Audience, Command, Event, NameError, NameRules, Nick, Room, RoomId, RoomName, Time, User,
    UserId,
};
/// Why a command was refused; `Display` is a sentence for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Placeholder; the real list is hub's own.
    #[error(transparent)]
    Name(#[from] NameError),
}
/// Everything that is known about people and rooms.
#[derive(Debug)]
pub struct Hub {}
impl Hub {
    /// An empty courtyard.
    pub fn new(_rules: NameRules) -> Self {
        todo!()
    }
    /// The rules for names.
    pub fn rules(&self) -> NameRules {
        todo!()
    }
    /// A newcomer.
    pub fn enter(&mut self, _nick: Nick, _now: Time) -> Result<UserId, Refusal> {
        todo!()
    }
    /// The only other way to change anything.
    pub fn apply(
        &mut self,
        _who: UserId,
        _command: Command<'_>,
        _now: Time,
    ) -> Result<(), Refusal> {
        todo!()
    }
    /// Takes the oldest event that was not taken yet.
    pub fn next_event(&mut self) -> Option<Event> {
        todo!()
    }
    /// A person's record.
    pub fn user(&self, _id: UserId) -> Option<&User> {
        todo!()
    }
    /// A person by name, under the casemapping.
    pub fn find_user(&self, _nick: &str) -> Option<UserId> {
        todo!()
    }
    /// How many people are in.
    pub fn user_count(&self) -> usize {
        todo!()
    }
    /// A room's record.
    pub fn room(&self, _id: RoomId) -> Option<&Room> {
        todo!()
    }
    /// A room by name.
    pub fn find_room(&self, _name: &RoomName) -> Option<RoomId> {
        todo!()
    }
    /// All rooms.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        std::iter::empty()
    }
    /// The rooms one person stands in, in the order they entered.
    pub fn rooms_of(&self, _who: UserId) -> impl Iterator<Item = RoomId> {
        std::iter::empty()
    }
    /// Those who stand in a room.
    pub fn members(&self, _room: RoomId) -> impl Iterator<Item = UserId> {
        std::iter::empty()
    }
    /// Whether one stands in a room.
    pub fn is_member(&self, _who: UserId, _room: RoomId) -> bool {
        todo!()
    }
    /// Calls `tell` once for each person of an audience.
    pub fn for_each_in(&self, _audience: &Audience, _tell: impl FnMut(UserId)) {
        todo!()
    }
    /// Panics with the name of the broken invariant.
    pub fn check_invariants(&self) {
        todo!()
    }
}
