//! The connection that a call of the loop is about, with all that its protocol may touch.
//!
//! The dispatch looks a session up once and lends this to everything that the call leads to. Owns nothing, decides
//! nothing.

use super::client::Client;
use crate::{
    chat::Now,
    net::{ConnId, Net},
    server::shared::Shared,
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Current<'a> {
    pub(crate) id: ConnId,
    pub(crate) client: &'a mut Client,
    pub(crate) shared: &'a mut Shared,
    pub(crate) net: &'a mut Net,
}

impl Current<'_> {
    /// Both clocks at the moment of this turn.
    pub(crate) fn now(&mut self) -> Now {
        self.shared.wall_clock.at(self.net.now())
    }

    /// Queues bytes for this client.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.net.send(self.id, bytes);
    }
}
