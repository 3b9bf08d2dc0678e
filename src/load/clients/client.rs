//! The record of one client: what it is to do, its state, and the protocol it speaks.
//!
//! Plain data. [`Clients`](super::Clients) changes it.

use crate::{
    load::{
        adapter::{Adapter, Identity},
        clock::Moment,
        dial::Manner,
        framing::Framing,
        target::ClientMode,
    },
    net::ConnId,
};

/// Where a client is between its call and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum State {
    /// The call is placed.
    Calling,
    /// Connected, not yet registered or not yet in its room.
    Greeting,
    /// Registered, and in its room if it has one.
    Ready,
    /// It has sent its goodbye, or is being closed.
    Leaving,
}

/// One of the addresses that clients connect to: an index into the list of [`Clients`](super::Clients).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::load) struct Endpoint(pub(super) u8);

/// What a client is to do, decided before it connects.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Role {
    /// Makes its name; no two clients have the same number at a time.
    pub(in crate::load) number: u32,
    /// The number of its room.
    pub(in crate::load) room: Option<u32>,
    /// The observer's number for it.
    pub(in crate::load) index: u32,
    pub(in crate::load) mode: ClientMode,
    /// How its socket behaves.
    pub(in crate::load) manner: Manner,
    pub(in crate::load) endpoint: Endpoint,
}

impl Role {
    /// A client that joins no room.
    pub(in crate::load) fn without_room(number: u32) -> Self {
        Self {
            number,
            room: None,
            index: number,
            mode: ClientMode::Register,
            manner: Manner::Usual,
            endpoint: Endpoint::default(),
        }
    }
}

/// The record of one connection.
#[derive(Debug)]
pub(in crate::load) struct Client {
    pub(in crate::load) id: ConnId,
    pub(in crate::load) identity: Identity,
    /// The observer's number for it.
    pub(in crate::load) index: u32,
    pub(super) endpoint: Endpoint,
    pub(super) state: State,
    /// It became ready, and nothing went wrong since.
    pub(super) in_order: bool,
    pub(super) adapter: Adapter,
    pub(super) framing: Framing,
    /// When the call was placed; once it is answered, when that was.
    pub(super) since: Moment,
}

/// A client became ready or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum ClientEvent {
    /// A client is ready.
    Ready(ConnId),
    /// A client is gone.
    Gone {
        /// The number of its role.
        number: u32,
        /// It was ready, and ended its connection as planned.
        in_order: bool,
    },
}
