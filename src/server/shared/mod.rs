//! The hall: everything that is shared by all connections while a line of one is being handled.
//!
//! Owns the hub, the seats, what the server says of itself, who watches whom, and
//! the hosts that are shown. Knows no sessions and no protocols' state.

pub(crate) mod cloak;
pub(crate) mod fanout;
pub(crate) mod password_checks;

use crate::server::{
    connections::close_reason::CloseReason,
    metrics::activity::Counters,
    shared::cloak::{Cloak, shown},
    shared::fanout::{Audience, LastFanOut, Routes},
    shared::password_checks::PasswordChecks,
};
use crate::{
    chat::{Hub, Origin, UserId, watches::Watches},
    net::{ConnId, Net},
    protocol::irc::ServerInfo,
};
use rustc_hash::FxHashMap;
use std::{collections::VecDeque, net::IpAddr, rc::Rc};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) routes: Routes,
    pub(crate) server_info: ServerInfo,
    pub(crate) watches: Watches,
    pub(crate) hosts: Hosts,
    /// Passwords.
    pub(crate) password_checks: PasswordChecks,
    /// Connections on which someone may chat, whether they have a name or not.
    pub(crate) clients: usize,
    /// Connections whose person's stay was ended by others. They are closed when the line at hand is done.
    pub(crate) expelled: Vec<(ConnId, CloseReason)>,
    /// People whose connection was ended together with many others, and what is said of their going. They are in no
    /// seat any more, and are told of in pieces.
    pub(crate) leaving: VecDeque<(UserId, Rc<str>)>,
    pub(crate) last_fan_out: LastFanOut,
    pub(crate) counters: Counters,
    /// DIE was said by an operator.
    pub(crate) die: bool,
    /// REHASH was.
    pub(crate) rehash: bool,
}

impl Shared {
    pub(crate) fn new(mut hub: Hub, server_info: ServerInfo) -> std::io::Result<Self> {
        hub.require_password(server_info.password.is_some());
        Ok(Self {
            hub,
            routes: Routes::default(),
            server_info,
            watches: Watches::default(),
            hosts: Hosts::new()?,
            password_checks: PasswordChecks::default(),
            clients: 0,
            expelled: Vec::new(),
            leaving: VecDeque::new(),
            last_fan_out: LastFanOut::new(),
            counters: Counters::default(),
            die: false,
            rehash: false,
        })
    }

    /// Replaces what the server says of itself, after the configuration was read again.
    pub(crate) fn set_server_info(&mut self, server_info: ServerInfo) {
        self.hub.require_password(server_info.password.is_some());
        self.server_info = server_info;
    }

    /// Those who can be told of what happened.
    pub(crate) fn audience<'a>(&'a mut self, net: &'a mut Net) -> Audience<'a> {
        Audience {
            hub: &mut self.hub,
            routes: &self.routes,
            net,
            watches: &self.watches,
            server: &self.server_info.name,
            expelled: &mut self.expelled,
            last_fan_out: &mut self.last_fan_out,
            counters: &mut self.counters,
        }
    }
}

/// The hosts of those who are here.
#[derive(Debug)]
pub(crate) struct Hosts {
    cloak: Cloak,
    by_address: FxHashMap<IpAddr, Rc<Origin>>,
    /// At so many entries, those that nobody uses are forgotten.
    tidy_at: usize,
}

impl Hosts {
    /// Entries below which it is not worth to look for unused ones.
    const FEW: usize = 64;

    fn new() -> std::io::Result<Self> {
        Ok(Self {
            cloak: Cloak::new()?,
            by_address: FxHashMap::default(),
            tidy_at: Self::FEW,
        })
    }

    /// Bytes of memory, room kept for later included. Two texts of some forty bytes and their record for each address.
    pub(crate) fn memory(&self) -> usize {
        const ORIGIN_BYTES: usize = size_of::<Origin>() + 2 * 40;
        self.by_address.capacity() * size_of::<(IpAddr, Rc<Origin>)>()
            + self.by_address.len() * ORIGIN_BYTES
    }

    /// What is shown of an address, without remembering it.
    pub(crate) fn shown_of(&self, address: IpAddr) -> Box<str> {
        match self.by_address.get(&address) {
            Some(origin) => origin.host.clone(),
            None => self.cloak.of(address).into(),
        }
    }

    /// The origin of those who call from an address.
    pub(crate) fn of(&mut self, address: IpAddr) -> Rc<Origin> {
        if let Some(origin) = self.by_address.get(&address) {
            return origin.clone();
        }
        if self.by_address.len() >= self.tidy_at {
            self.by_address
                .retain(|_, origin| Rc::strong_count(origin) > 1);
            self.tidy_at = Self::FEW.max(self.by_address.len() * 2);
        }
        let origin = Origin::new(&self.cloak.of(address), &shown(address));
        self.by_address.insert(address, origin.clone());
        origin
    }
}
