//! What becomes of accounts and rooms whose change could not be written: it may be on the disk all the same.

use super::{
    Accounts,
    state::{By, Storing},
};
use crate::{
    auth::FalseSalts,
    chat::{Hub, NameRules, Nick, Now, Refusal, RoomId, RoomName},
    net::ConnId,
    server::shared::{rooms, store::Store},
    store::{
        AccountRecord, Answer, Change, Frames, Key, RankRecord, Request, RoomRecord, Row,
        push_frame,
    },
};

const RULES: NameRules = NameRules { unicode: true };

/// A server's accounts and what they need, with the accounts alice and bob, and alice's room `#den` where bob has a rank.
struct World {
    hub: Hub,
    accounts: Accounts,
    store: Store,
}

impl World {
    fn new() -> Self {
        let mut hub = Hub::new(RULES);
        let row = |name: &str| AccountRecord {
            name: name.into(),
            rounds: 4096,
            ..AccountRecord::default()
        };
        let stored = vec![row("alice"), row("bob")];
        let (accounts, left_out) = Accounts::new(&mut hub, stored, FalseSalts::new([0; 32]));
        assert!(left_out.is_empty(), "{left_out:?}");
        let rank = RankRecord {
            account: "bob".into(),
            letter: 'o',
        };
        let room = RoomRecord {
            name: "#den".into(),
            serial: 1,
            founder: "alice".into(),
            ranks: vec![rank],
            ..RoomRecord::default()
        };
        assert!(rooms::restore(&mut hub, room, Now::default()));
        let store = Store {
            is_open: true,
            ..Store::default()
        };
        Self {
            hub,
            accounts,
            store,
        }
    }

    fn room(&self) -> RoomId {
        let name = RoomName::parse("#den", RULES).expect("a name");
        self.hub.find_room(&name).expect("it is there")
    }

    /// The changes that go to the keeper now.
    fn sent(&mut self) -> Vec<Change> {
        rooms::keep_changes(&mut self.hub, &mut self.store);
        let (mut bytes, mut frames, mut sent) = (Vec::new(), Frames::default(), Vec::new());
        self.store.client.send(&mut bytes);
        frames.push(&bytes);
        while let Some(Request::Write { changes, .. }) = frames.take().expect("requests") {
            sent.extend(changes);
        }
        sent
    }

    /// The keeper answers that it could not make the first write.
    fn fail(&mut self) {
        let mut bytes = Vec::new();
        let why = "disk full".into();
        push_frame(&Answer::Failed { id: 1, why }, &mut bytes).expect("it is short");
        self.store.client.receive(&bytes).expect("frames");
        let end = self.store.client.next_completion().expect("an end");
        let Self {
            hub,
            accounts,
            store,
        } = self;
        let stored = accounts.stored(end.id, end.result.is_ok(), hub, store);
        assert!(stored.is_some_and(|it| it.outcome.is_err()));
    }
}

fn puts_room(changes: &[Change]) -> bool {
    let den = Key::Room("#den".into());
    changes
        .iter()
        .any(|change| matches!(change, Change::Put(row) if row.key() == den))
}

const ASKER: ConnId = ConnId {
    slot: 0,
    generation: 1,
};

#[test]
fn a_room_whose_end_could_not_be_written_is_written_as_it_is() {
    let mut world = World::new();
    let room = world.room();
    let (hub, store) = (&world.hub, &mut world.store);
    rooms::begin_drop(Some(&mut world.accounts), (hub, store), ASKER, room).expect("asked");
    assert_eq!(world.sent(), [Change::Drop(Key::Room("#den".into()))]);
    world.fail();
    assert!(puts_room(&world.sent()));
    assert!(world.hub.registration(room).is_some());
}

#[test]
fn an_account_whose_end_could_not_be_written_keeps_its_rooms_and_ranks() {
    for name in ["alice", "bob"] {
        let mut world = World::new();
        let nick = Nick::parse(name, RULES).expect("a name");
        let account = world.hub.accounts().find(&nick).expect("it is there");
        let mut changes = vec![
            Change::Drop(Key::PairsOf(name.into())),
            Change::Drop(Key::Account(name.into())),
        ];
        changes.extend(rooms::changes_with_account(&world.hub, account));
        let write = world.store.write(changes);
        world
            .accounts
            .storing
            .insert(write, Storing::Drop(By::Client(ASKER), account));
        world.sent();
        world.fail();
        let sent = world.sent();
        let own =
            |change: &Change| matches!(change, Change::Put(Row::Account(row)) if row.name == name);
        assert!(sent.iter().any(own) && puts_room(&sent), "{name}: {sent:?}");
    }
}

#[test]
fn a_stored_account_that_cannot_be_used_is_not_made_anew() {
    let mut hub = Hub::new(RULES);
    let row = |name: &str, rounds| AccountRecord {
        name: name.into(),
        rounds,
        ..AccountRecord::default()
    };
    // The first makes no sense, the third looks like the second.
    let stored = vec![row("carol", 0), row("copa", 4096), row("сора", 4096)];
    let (_, left_out) = Accounts::new(&mut hub, stored, FalseSalts::new([0; 32]));
    assert_eq!(left_out, ["carol", "сора"]);
    let nick = |name| Nick::parse(name, RULES).expect("a name");
    for name in ["carol", "CAROL"] {
        let refused = hub.may_register_for(&nick(name));
        assert!(
            matches!(refused, Err(Refusal::NickReserved { .. })),
            "{name}"
        );
    }
    let copa = hub.accounts().find(&nick("copa")).expect("it is there");
    hub.remove_account(copa);
    assert!(hub.may_register(&nick("copa"), None).is_ok());
    assert!(hub.may_register(&nick("сора"), None).is_err());
}

#[test]
fn a_registration_that_comes_to_nothing_costs_no_allowance() {
    let mut world = World::new();
    let network = "192.0.2.0".parse().expect("an address");
    let now = Now::default().moment;
    for _ in 0..100 {
        assert!(world.accounts.may_make_one(network, now));
        world.accounts.uncount(Some(network));
    }
    let made = (0..100).filter(|_| world.accounts.may_make_one(network, now));
    assert_eq!(made.count(), 5);
    // Nor does one that is refused for it.
    world.accounts.uncount(Some(network));
    assert!(world.accounts.may_make_one(network, now));
}
