//! The host's requests: what each does, and what is answered.
//!
//! The socket and its lines are in [`control`](crate::server::control); what accounts make of a request is in
//! [`shared::accounts`](crate::server::shared::accounts). Each that was done is a line of the log.

use super::Connections;
use crate::{
    chat::{AccountId, Hub},
    net::Net,
    os::log::AUDIT,
    protocol::{
        Iso,
        account::{AccountError, AccountOutcome},
    },
    server::{
        control::{Answer, Greeting, Request},
        shared::{
            Shared,
            accounts::{Accounts, HostAsker, HostRequest},
        },
    },
};
use std::mem;

/// What the owner of a suspended account reads if the host gave no reason.
const NO_REASON: &str = "ask the host of this server";

impl Connections {
    /// Takes the host's requests that are there. Costs nothing when there are none.
    pub(crate) fn tend_control(&mut self, net: &mut Net) {
        if self.control.is_quiet() {
            return;
        }
        self.control.accept(self.greeting(), net);
        while let Some((request, line)) = self.control.next_request(net) {
            let answer = match Request::parse(&line) {
                Ok(asked) => self.execute(net, request, &asked),
                Err(why) => Answer::Failed(why.to_owned()),
            };
            self.control.answer(request, &answer);
        }
    }

    /// Sends what there is to be answered.
    pub(crate) fn answer_control(&mut self, net: &mut Net) {
        if self.control.is_quiet() {
            return;
        }
        let mut control = mem::take(&mut self.control);
        let Shared { accounts, hub, .. } = &self.shared;
        let item = |slot| {
            let account = hub.accounts().in_slot(slot)?;
            listed(account, accounts.as_ref()?, hub)
        };
        control.flush(net, hub.accounts().slots(), item);
        self.control = control;
    }

    /// What a program of the host has to know first.
    pub(crate) fn greeting(&self) -> Greeting {
        let rules = &self.shared.settings.accounts;
        Greeting {
            rounds: rules.rounds,
            password_bytes_min: rules.known.password_bytes_min,
        }
    }

    fn execute(&mut self, net: &mut Net, request: HostRequest, asked: &Request<'_>) -> Answer {
        match self.begin(net, request, asked) {
            Ok(answer) => {
                note(asked);
                answer
            }
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn begin(
        &mut self,
        net: &mut Net,
        request: HostRequest,
        asked: &Request<'_>,
    ) -> Result<Answer, AccountError> {
        let Shared {
            accounts,
            hub,
            settings,
            store,
            wall_clock,
            ..
        } = &mut self.shared;
        let accounts = accounts.as_mut().ok_or(AccountError::NoAccounts)?;
        let asker = HostAsker {
            request,
            rules: &settings.accounts,
            now: wall_clock.at(net.now()),
            store,
        };
        match asked {
            Request::Add { name, credentials } => {
                accounts.host_add(name, credentials.clone(), asker, hub)?;
            }
            Request::Drop { name } => accounts.host_drop(name, asker, hub)?,
            Request::Invite { name } => accounts.host_invite(*name, asker, hub)?,
            Request::List => return Ok(Answer::List),
            Request::Passwd { name, credentials } => {
                accounts.host_passwd(name, credentials.clone(), asker, hub)?;
            }
            Request::Suspend { name, reason } => {
                let reason = if reason.is_empty() { NO_REASON } else { reason };
                let account = accounts.host_suspend((name, reason), asker, hub)?;
                self.log_out_all(net, account);
            }
            Request::Unsuspend { name } => accounts.host_unsuspend(name, asker, hub)?,
        }
        Ok(Answer::Later)
    }

    /// A request of the host has come to its end.
    pub(super) fn answer_host(
        &mut self,
        request: HostRequest,
        outcome: Result<AccountOutcome, AccountError>,
    ) {
        let name = |account| {
            let name = self.shared.hub.accounts().name(account);
            name.map(ToString::to_string).unwrap_or_default()
        };
        let answer = match outcome {
            Ok(outcome) => Answer::Done(match outcome {
                AccountOutcome::RegisteredFor(account) => {
                    format!("the account {} is made", name(account))
                }
                AccountOutcome::PasswordSet => "the new password is stored".to_owned(),
                AccountOutcome::Dropped => "the account is gone, and its name is free".to_owned(),
                AccountOutcome::Suspended(account) => {
                    format!(
                        "{} is suspended, and nobody is logged in to it",
                        name(account)
                    )
                }
                AccountOutcome::Unsuspended(account) => {
                    format!("{} can be used again", name(account))
                }
                AccountOutcome::Invited(token) => token.to_string(),
                other => {
                    debug_assert!(false, "the host asks for no such thing: {other:?}");
                    "done".to_owned()
                }
            }),
            Err(error) => Answer::Failed(error.to_string()),
        };
        self.control.answer(request, &answer);
    }
}

/// The trace of what the host did, beside those of operators.
fn note(asked: &Request<'_>) {
    let (command, name, text) = match asked {
        Request::Add { name, .. } => ("add", *name, ""),
        Request::Drop { name } => ("drop", *name, ""),
        Request::Invite { name } => ("invite", name.unwrap_or_default(), ""),
        Request::List => return,
        Request::Passwd { name, .. } => ("passwd", *name, ""),
        Request::Suspend { name, reason } => ("suspend", *name, *reason),
        Request::Unsuspend { name } => ("unsuspend", *name, ""),
    };
    tracing::info!(target: AUDIT, command, account = ?name, ?text, "the host acted");
}

/// The line of an account in a list.
fn listed(id: AccountId, accounts: &Accounts, hub: &Hub) -> Option<String> {
    let (name, info) = (hub.accounts().name(id)?, accounts.info(id)?);
    let (made, last) = (Iso(info.registered), Iso(info.last_login));
    let mut line = format!("{name}\tmade {made}\tlast login {last}");
    if let Some(it) = info.suspension {
        let since = Iso(it.since);
        line += &format!("\tsuspended by {} since {since}: {}", it.by, it.reason);
    }
    Some(line)
}
