//! The state of accounts: a record for each, and the requests under way.
//!
//! Owns both. Does not know how a request goes on.

use super::{
    invitations::{Invitation, Invitations},
    record::Record,
};
use crate::{
    auth::{Credentials, FalseSalts, InvitationHash, InvitationToken},
    chat::{AccountId, Hub, Moment, Nick, RoomId},
    net::{ConnId, tls::Fingerprint},
    store::{AccountRecord, InvitationRecord, WriteId},
};
use rustc_hash::FxHashMap;
use std::{net::IpAddr, time::Duration};

/// New accounts of one address in an hour.
const OF_ADDRESS_PER_HOUR: u32 = 5;

/// Addresses whose new accounts are counted. When all are in use, those that asked first are forgotten.
const ADDRESSES_MAX: usize = 4096;

/// A login by password that is being checked.
#[derive(Debug)]
pub(super) struct LoginByPassword {
    pub(super) account: AccountId,
    /// Of the password that is compared: another one may be set meanwhile.
    stored_key: [u8; 32],
}

/// A request whose password is being hashed.
#[derive(Debug)]
pub(super) enum UnderWay {
    Drop(AccountId),
    /// `None`: there is no such account, and the answer comes as late as for one that exists.
    LogIn(Option<LoginByPassword>),
    Register(New),
    SetPassword(AccountId),
}

/// Whose account is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of the client that asks, who is logged in to it.
    Own,
    /// Of another person; an operator of the server asks.
    Another,
}

/// The network to which a new account is counted; `None`: to none. A request that comes to nothing is not counted.
pub(super) type Counted = Option<IpAddr>;

/// An account that is to be made.
#[derive(Debug)]
pub(super) struct New {
    pub(super) name: Nick,
    pub(super) whose: Whose,
    /// The invitation that it needs.
    pub(super) invitation: Option<InvitationHash>,
    pub(super) counted: Counted,
}

/// Who asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Client(ConnId),
    /// The host, by this request.
    Host(HostRequest),
}

/// Names a request of the host. A number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostRequest(pub(crate) u64);

/// A change that is being written.
#[derive(Debug)]
pub(super) enum Storing {
    /// All certificates of the account from then on.
    Certificates(By, AccountId, Vec<Fingerprint>),
    Drop(By, AccountId),
    DropRoom(By, RoomId),
    Invite(By, InvitationToken),
    /// With the invitation that it uses up.
    Register(By, AccountId, Whose, Option<Box<Invitation>>, Counted),
    RegisterRoom(By, RoomId),
    SetPassword(By, AccountId, Credentials),
    /// That it is suspended, or is not any more. It holds already.
    Suspension(By, AccountId),
    /// Whether the account's user stays from then on.
    AlwaysOn(By, AccountId, bool),
}

impl Storing {
    pub(super) fn asker(&self) -> By {
        self.parts().0
    }

    fn account(&self) -> Option<AccountId> {
        self.parts().1
    }

    fn parts(&self) -> (By, Option<AccountId>) {
        match *self {
            Self::Drop(id, account)
            | Self::Register(id, account, ..)
            | Self::AlwaysOn(id, account, _)
            | Self::Suspension(id, account) => (id, Some(account)),
            Self::Certificates(id, account, _) | Self::SetPassword(id, account, _) => {
                (id, Some(account))
            }
            Self::DropRoom(id, _) | Self::Invite(id, _) | Self::RegisterRoom(id, _) => (id, None),
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Accounts {
    records: Vec<Option<Box<Record>>>,
    /// How many of them there are.
    count: usize,
    /// Requests whose password is being hashed.
    pub(super) under_way: FxHashMap<ConnId, UnderWay>,
    /// Changes that are being written.
    pub(super) storing: FxHashMap<WriteId, Storing>,
    made: FxHashMap<IpAddr, (Moment, u32)>,
    pub(super) invitations: Invitations,
    /// Which account a certificate logs in to.
    by_certificate: FxHashMap<Fingerprint, AccountId>,
    pub(crate) false_salts: FalseSalts,
}

impl Accounts {
    /// With the accounts that were stored; a name that collides with another under today's rules is left out, and
    /// returned.
    pub(crate) fn new(
        hub: &mut Hub,
        stored: Vec<AccountRecord>,
        false_salts: FalseSalts,
    ) -> (Self, Vec<String>) {
        let mut accounts = Self {
            records: Vec::new(),
            count: 0,
            under_way: FxHashMap::default(),
            storing: FxHashMap::default(),
            made: FxHashMap::default(),
            invitations: Invitations::default(),
            by_certificate: FxHashMap::default(),
            false_salts,
        };
        let mut left_out = Vec::new();
        for row in stored {
            let name = Nick::parse(&row.name, hub.rules()).ok();
            let record = Record::of_row(&row);
            let id = record.is_some().then(|| hub.add_account(name.clone()?));
            match (id.flatten(), record) {
                (Some(id), Some(record)) => accounts.insert(id, record),
                _ => {
                    if let Some(name) = name {
                        hub.withhold_account(&name);
                    }
                    left_out.push(row.name);
                }
            }
        }
        (accounts, left_out)
    }

    /// Takes over the invitations that were stored.
    pub(crate) fn restore_invitations(&mut self, stored: Vec<InvitationRecord>, hub: &Hub) {
        self.invitations.restore(stored, hub);
    }

    /// Bytes of memory, but for the few certificates and reasons of single accounts. A few additions.
    pub(crate) fn memory(&self) -> usize {
        let record = size_of::<Record>();
        self.records.capacity() * size_of::<Option<Box<Record>>>()
            + self.count * record
            + self.by_certificate.capacity() * size_of::<(Fingerprint, AccountId)>()
            + self.made.capacity() * size_of::<(IpAddr, (Moment, u32))>()
            + self.under_way.capacity() * size_of::<(ConnId, UnderWay)>()
            + self.storing.capacity() * size_of::<(WriteId, Storing)>()
            + self.invitations.memory()
    }

    /// The record of an account.
    pub(crate) fn get(&self, id: AccountId) -> Option<&Record> {
        self.records.get(id.slot as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: AccountId) -> Option<&mut Record> {
        self.records.get_mut(id.slot as usize)?.as_deref_mut()
    }

    pub(super) fn insert(&mut self, id: AccountId, record: Record) {
        for fingerprint in &record.fingerprints {
            self.by_certificate.insert(*fingerprint, id);
        }
        let slot = id.slot as usize;
        if self.records.len() <= slot {
            self.records.resize_with(slot + 1, || None);
        }
        self.count += usize::from(self.records[slot].is_none());
        self.records[slot] = Some(Box::new(record));
    }

    pub(super) fn remove(&mut self, id: AccountId) {
        let slot = self.records.get_mut(id.slot as usize);
        if let Some(record) = slot.and_then(Option::take) {
            self.count -= 1;
            for fingerprint in &record.fingerprints {
                self.by_certificate.remove(fingerprint);
            }
        }
    }

    /// The account that a certificate logs in to.
    pub(super) fn of_certificate(&self, certificate: Fingerprint) -> Option<AccountId> {
        self.by_certificate.get(&certificate).copied()
    }

    /// Replaces the certificates of an account.
    pub(super) fn set_certificates(&mut self, id: AccountId, certificates: Vec<Fingerprint>) {
        self.by_certificate.retain(|_, account| *account != id);
        for certificate in &certificates {
            self.by_certificate.insert(*certificate, id);
        }
        if let Some(record) = self.get_mut(id) {
            record.fingerprints = certificates;
        }
    }

    /// Whether a change of this account is being written. A second one would be made from what was before the first, and
    /// undo it in the store.
    pub(super) fn is_being_written(&self, account: AccountId) -> bool {
        self.storing
            .values()
            .any(|it| it.account() == Some(account))
    }

    /// A registered room is being written.
    pub(crate) fn wait_to_register_room(&mut self, write: WriteId, asker: By, room: RoomId) {
        self.storing
            .insert(write, Storing::RegisterRoom(asker, room));
    }

    /// The row of a room is being removed.
    pub(crate) fn wait_to_drop_room(&mut self, write: WriteId, asker: By, room: RoomId) {
        self.storing.insert(write, Storing::DropRoom(asker, room));
    }

    pub(super) fn login_by_password(&self, account: AccountId) -> Option<LoginByPassword> {
        let stored_key = *self.get(account)?.credentials.stored_key();
        Some(LoginByPassword {
            account,
            stored_key,
        })
    }

    /// Whether the account's password is still the one that a login is compared with.
    pub(super) fn is_current(&self, login: &LoginByPassword) -> bool {
        let record = self.get(login.account);
        record.is_some_and(|record| *record.credentials.stored_key() == login.stored_key)
    }

    /// Whether a request of this connection is under way: its lines wait.
    pub(crate) fn is_waiting(&self, id: ConnId) -> bool {
        self.under_way.contains_key(&id) || self.is_storing(id)
    }

    /// Whether a change that this connection asked for is being written.
    pub(crate) fn is_storing(&self, id: ConnId) -> bool {
        self.storing.values().any(|it| it.asker() == By::Client(id))
    }

    /// Forgets what a connection that is gone has asked for and is not being written yet.
    pub(crate) fn forget(&mut self, id: ConnId) {
        if let Some(UnderWay::Register(new)) = self.under_way.remove(&id) {
            self.uncount(new.counted);
        }
    }

    /// A new account came to nothing: its network may make another.
    pub(super) fn uncount(&mut self, counted: Counted) {
        if let Some((_, count)) = counted.and_then(|network| self.made.get_mut(&network)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether this address may make one more account now; counts it then.
    pub(super) fn may_make_one(&mut self, network: IpAddr, now: Moment) -> bool {
        let hour = Duration::from_secs(3600);
        if self.made.len() >= ADDRESSES_MAX && !self.made.contains_key(&network) {
            self.made.retain(|_, (since, _)| now.since(*since) < hour);
            if self.made.len() >= ADDRESSES_MAX {
                self.made.clear();
            }
        }
        let (since, count) = self.made.entry(network).or_insert((now, 0));
        if now.since(*since) >= hour {
            (*since, *count) = (now, 0);
        }
        let may = *count < OF_ADDRESS_PER_HOUR;
        *count += u32::from(may);
        may
    }
}
