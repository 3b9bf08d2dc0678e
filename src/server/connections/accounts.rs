//! Accounts, where connections ask for them: a hash that is done, and a change that is written.
//!
//! Decides whom to call; what it means is in [`shared::accounts`](crate::server::shared::accounts).

use super::{Connections, charge, close_reason::CloseReason};
use crate::{
    chat::{AccountId, Command, Now, SessionId, UserId},
    net::{ConnId, Net},
    protocol::account::{AccountError, AccountOutcome},
    server::{
        restore,
        shared::{
            Shared,
            accounts::{By, Concerned, Stored},
            read_markers::Owner,
            rooms,
        },
    },
    store::Completion,
};

impl Connections {
    /// Exchanges with the keeper what there is, and informs the clients that wait for a write that came to its end.
    pub(crate) fn tend_store(&mut self, net: &mut Net) {
        self.exchange(net);
        let mut has_more = false;
        while let Some(completion) = self.shared.store.client.next_completion() {
            self.stored(net, &completion);
            has_more = true;
        }
        let Shared {
            history,
            hub,
            store,
            ..
        } = &mut self.shared;
        history.take_replies(hub, store);
        self.answer_history(net);
        if has_more {
            // The end of an account or of a room changes rows, and no other turn may come for long.
            self.exchange(net);
        }
    }

    fn exchange(&mut self, net: &mut Net) {
        if let Some(keeper) = &mut self.keeper {
            let Shared {
                hub,
                history,
                settings,
                store,
                wall_clock,
                ..
            } = &mut self.shared;
            store.client.lines.quotas = settings.quotas(wall_clock.at(net.now()).wall);
            history.hand_over(store);
            rooms::keep_changes(hub, store);
            let now = self.shared.wall_clock.at(net.now());
            keep_overdue(&mut self.shared, now);
            if self.shared.presences.has_changes(net.now()) {
                self.shared.end_expired(now);
                self.shared.keep_presences();
            }
            keeper.tend(&mut self.shared.store.client, net);
            self.shared.store.keeper_restarts = keeper.restarts;
        }
    }

    /// The server ends: hands the last changes over.
    pub(crate) fn finish_store(&mut self, net: &Net) {
        if let Some(keeper) = &mut self.keeper {
            self.shared.history.hand_over(&mut self.shared.store);
            rooms::keep_changes(&mut self.shared.hub, &mut self.shared.store);
            keeper.finish(&mut self.shared.store);
            // If so much waited that not all found room, what did not is a second helping.
            let now = self.shared.wall_clock.at(net.now());
            if keep_overdue(&mut self.shared, now) {
                keeper.finish(&mut self.shared.store);
            }
        }
    }

    fn stored(&mut self, net: &mut Net, completion: &Completion) {
        let Completion { id: write, result } = completion;
        if let Err(why) = result {
            self.shared.store.failures += 1;
            tracing::warn!(%why, "a change was not written, and was refused");
        }
        let Shared {
            accounts,
            hub,
            store,
            ..
        } = &mut self.shared;
        let Some(accounts) = accounts else { return };
        let stored = accounts.stored(*write, result.is_ok(), hub, store);
        let Some(Stored {
            by,
            outcome,
            concerned,
        }) = stored
        else {
            return;
        };
        let asker = match by {
            By::Client(id) => Some(id),
            By::Host(_) => None,
        };
        match concerned {
            Some(Concerned::OfDropped(account)) => self.end_account(net, account),
            Some(Concerned::OfNewPassword(account)) => self.log_out_others(net, account, asker),
            None => {}
        }
        if let Ok(AccountOutcome::RegisteredFor(account)) = outcome {
            self.free_nick(net, account);
        }
        if matches!(outcome, Ok(AccountOutcome::AlwaysOnSet(_))) {
            let session = match by {
                By::Client(id) => self.sessions.get(id),
                By::Host(_) => None,
            };
            if let Some(user) = session.and_then(|session| session.client.user()) {
                self.shared.settle_presence(user);
            }
        }
        match by {
            By::Client(id) => self.answer(net, id, outcome),
            By::Host(request) => self.answer_host(request, outcome),
        }
    }

    /// Ends an account that is not stored any more.
    fn end_account(&mut self, net: &mut Net, account: AccountId) {
        self.log_out_all(net, account);
        // Whether the client that asked is still there or not.
        self.attend_others(net);
        let Shared {
            accounts,
            hub,
            history,
            read_markers,
            ..
        } = &mut self.shared;
        // What was stored went with the row; this is for memory, and for what was on its way to the keeper.
        history.recorder.forget_account(account, hub);
        read_markers.forget(Owner::Account(account));
        if let Some(accounts) = accounts {
            accounts.finish_drop(account, hub);
        }
    }

    /// An account has a new password: whoever came in by the former is logged out, but for the client that set it.
    fn log_out_others(&mut self, net: &mut Net, account: AccountId, but: Option<ConnId>) {
        let session = but.and_then(|id| self.sessions.get(id));
        let own = session.and_then(|session| session.client.user());
        for user in self.shared.hub.users_of(account) {
            if Some(user) != own {
                // One who stays without a connection has not come in by any password.
                if self.shared.routes.of(user).is_some() {
                    self.log_out(net, user);
                }
                continue;
            }
            let others = self.shared.routes.all(user).into_iter();
            let others: Vec<_> = others.filter(|route| Some(route.conn) != but).collect();
            let now = self.shared.wall_clock.at(net.now());
            for route in others {
                let number = route.number();
                self.shared.end_session(
                    net,
                    SessionId { user, number },
                    CloseReason::LoggedOut,
                    now,
                );
            }
        }
        self.attend_others(net);
    }

    /// Logs all users of an account out.
    pub(super) fn log_out_all(&mut self, net: &mut Net, account: AccountId) {
        for user in self.shared.hub.users_of(account) {
            self.log_out(net, user);
        }
    }

    fn log_out(&mut self, net: &mut Net, user: UserId) {
        let now = self.shared.wall_clock.at(net.now());
        let out = self.shared.hub.apply(user, Command::LogOut, now);
        debug_assert!(out.is_ok(), "a user may always log out");
        let deliveries = net.stats().deliveries;
        self.shared.send_events(net, None);
        charge::add_work(&mut self.shared, net, deliveries, 0);
    }

    /// Takes the nick of an account that was made for another person from the users who have it.
    fn free_nick(&mut self, net: &mut Net, account: AccountId) {
        let now = self.shared.wall_clock.at(net.now());
        for user in self.shared.hub.strangers_named(account) {
            self.shared.hub.take_nick_of_another(user, now);
            let deliveries = net.stats().deliveries;
            self.shared.send_events(net, None);
            charge::add_work(&mut self.shared, net, deliveries, 0);
        }
    }

    fn answer(&mut self, net: &mut Net, id: ConnId, outcome: Result<AccountOutcome, AccountError>) {
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        if at.client.closing.is_some() {
            // It was ended while it waited, and its user has quit.
            return;
        }
        let ending = protocol.as_mut().account_done(&mut at, outcome);
        self.finish(net, id, ending);
    }
}

/// Has the rows written that the queue had no room for before; whether there were any.
fn keep_overdue(shared: &mut Shared, now: Now) -> bool {
    let mut any = false;
    while let Some(key) = shared.store.client.next_overdue() {
        if let Some(change) = restore::current(shared, &key, now) {
            shared.store.keep(change);
            any = true;
        }
    }
    any
}
