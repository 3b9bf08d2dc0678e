//! Accounts, in the model: whose a nick is, and what a login changes.

use super::{
    super::steps::{ACCOUNTS, RULES},
    Model, Told, look_alike, nick,
};
use crate::chat::Nick;

/// The account that owns a nick.
pub(super) fn owner_of(wanted: &str) -> Option<&'static str> {
    let mut same = ACCOUNTS.into_iter();
    let same = same.find(|name| nick(name) == nick(wanted));
    let mut alike = ACCOUNTS.into_iter();
    same.or_else(|| alike.find(|name| look_alike(nick(name).name(), nick(wanted).name())))
}

impl Model {
    pub(super) fn log_in(&mut self, who: usize, account: &'static str) -> Vec<Told> {
        if self.people[&who].account == Some(account) {
            return vec![];
        }
        self.set_account(who, Some(account))
    }

    pub(super) fn log_out(&mut self, who: usize) -> Vec<Told> {
        match self.people[&who].account {
            Some(_) => self.set_account(who, None),
            None => vec![],
        }
    }

    fn set_account(&mut self, who: usize, account: Option<&'static str>) -> Vec<Told> {
        let mut told = self.neighbours(who);
        told.insert(who);
        let mut events = Vec::new();
        let old = self.people[&who].nick.clone();
        if owner_of(&old).is_some_and(|owner| Some(owner) != account) {
            let free = (self.generations..).map(|number| format!("guest{number}"));
            let is_free = |name: &String| {
                debug_assert!(Nick::parse(name, RULES).is_ok());
                self.check_nick(name, None, None).is_ok()
            };
            let name = free.into_iter().find(is_free).expect("few are in use");
            events.push((format!("was {old}, is {name}"), told.clone()));
            self.people.get_mut(&who).expect("is here").nick = name;
        }
        self.people.get_mut(&who).expect("is here").account = account;
        events.push((format!("account: {}", account.unwrap_or_default()), told));
        events
    }
}
