//! One room (to be written).
use super::{Nick, RoomName, Time};
/// Names one room for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomId {
    /// Place in the hub's table.
    pub slot: u32,
    /// Tells apart those who had the slot.
    pub generation: u32,
}
/// One room.
#[derive(Debug)]
pub struct Room {
    name: RoomName,
}
/// A room's topic: what it says, who set it, when.
#[derive(Debug)]
pub struct Topic {
    /// What it says; never empty.
    pub text: Box<str>,
    /// Who set it.
    pub by: Nick,
    /// When.
    pub at: Time,
}
impl Room {
    /// Name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }
    /// Topic.
    pub fn topic(&self) -> Option<&Topic> {
        todo!()
    }
    /// How many stand in it.
    pub fn member_count(&self) -> usize {
        todo!()
    }
}
