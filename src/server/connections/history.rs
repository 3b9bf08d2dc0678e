//! History, where connections ask for it: whom to call with an answer.
//!
//! What may be read, and from where, is in [`shared::history`](crate::server::shared::history).

use super::Connections;
use crate::net::Net;

impl Connections {
    /// Gives the answers that are there to those who asked. Called in each turn when all lines are done, and when the keeper
    /// has answered.
    pub(super) fn answer_history(&mut self, net: &mut Net) {
        while let Some((id, answer)) = self.shared.history.next_answer() {
            let Some((protocol, mut at)) = self.find(net, id) else {
                continue;
            };
            if at.client.closing.is_some() {
                continue;
            }
            let ending = protocol.as_mut().history_done(&mut at, answer);
            self.finish(net, id, ending);
        }
    }
}
