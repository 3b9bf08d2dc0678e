//! The trace of operators of the server: a line in the log for each of their actions, and a notice to the other operators.
//!
//! Texts that operators or their targets chose are escaped in the log. Does not know the commands.

use super::{Shared, routes::Route};
use crate::{
    chat::{User, UserId, effort},
    net::Net,
    os::log::AUDIT,
    protocol::{OperatorAction, irc},
};

impl Shared {
    /// Notes the action of an operator of the server.
    pub(crate) fn note_operator(
        &mut self,
        net: &mut Net,
        actor: UserId,
        action: &OperatorAction<'_>,
    ) {
        let Some(operator) = self.hub.user(actor) else {
            return;
        };
        let OperatorAction {
            command,
            target,
            text,
        } = *action;
        let (nick, account) = (
            operator.nick().as_str(),
            operator.account().unwrap_or("none"),
        );
        tracing::info!(target: AUDIT, command, ?nick, ?account, ?target, ?text, "an operator acted");
        let others = self
            .hub
            .counts()
            .operators
            .saturating_sub(usize::from(operator.is_operator()));
        if others == 0 {
            return;
        }
        // A walk over all users: only operators of the server cause it.
        self.hub
            .charge_each(self.hub.user_count(), effort::LOOKED_AT);
        let mut notice = format!("*** {command} by {nick}");
        for (before, part, after) in [(": ", target, ""), (" (", text, ")")] {
            if !part.is_empty() {
                notice.extend([before, part, after]);
            }
        }
        let is_other = |&(id, user): &(UserId, &User)| id != actor && user.is_operator();
        for (id, user) in self.hub.users().filter(is_other).take(others) {
            self.routes.each(id, |Route { conn, flavour }| {
                net.write(conn, |out| {
                    let start = out.len();
                    irc::notice(&self.server_info.name, user.nick().as_str(), &notice, out);
                    flavour.frame(start, out);
                });
            });
        }
    }
}
