//! What may happen in the model test: random steps, out of few names, so that they meet.

use crate::chat::{Limits, NameRules, ServerPassword};
use proptest::{collection, prelude::*, sample::select};
use std::time::Duration;

pub(super) const RULES: NameRules = NameRules { unicode: true };
pub(super) const LIMITS: Limits = Limits {
    away_bytes: 4,
    invitations: 2,
    masks: 2,
    masks_per_network: 1000,
    masks_on_any_list: 0,
    masks_total: 1000,
    kept_bytes: usize::MAX,
    realname_bytes: 4,
    reason_bytes: 40,
    users: 6,
    rooms: 4,
    registered_rooms: 10,
    registered_rooms_per_account: 3,
    room_ranks: 2,
    rooms_per_user: 3,
    topic_bytes: 4,
};
const NICKS: [&str; 12] = [
    "alice",
    "ALICE",
    "copa",
    "сора",
    "СОРА",
    "bob",
    "lac",
    "Iac",
    "Іас",
    "josé",
    "JOSÉ",
    "홍길동",
];
const ROOMS: [&str; 7] = ["#a", "#A", "#а", "#b", "#c", "#마당", "#d"];
const TEXTS: [&str; 4] = ["", "x", "four", "fives"];
/// Ten steps.
pub(super) const BAN_LASTS: Duration = Duration::from_millis(10);
const KEYS: [&str; 3] = ["", "sesame", "wrong"];
const FLAGS: [&str; 12] = [
    "+i", "-i", "+m", "-m", "-n", "+n", "-t", "+s-n+i", "+R", "-R", "+M", "-M",
];
/// They are there from the beginning. The first two own nicks, the second by its looks.
pub(super) const ACCOUNTS: [&str; 3] = ["alice", "сора", "mina"];
const MASKS: [&str; 15] = [
    "*!*@*",
    "alice!*@*",
    "ALICE!*@*",
    "bob!~*@*",
    "*o*!*@h",
    "m:*!*@*",
    "m:?ac!*@*",
    "*é!*@*",
    "no mask",
    "~a:alice",
    "~A",
    "~a",
    "~a:M?n*",
    "~m:~a:СОРА",
    "~x:alice",
];
/// Empty: the client was not asked for one.
const USERNAMES: [&str; 4] = ["~u", "~u", "~w", ""];
const SERVER_MASKS: [&str; 6] = [
    "~w@*",
    "~W@H",
    "~telnet@*",
    "*@192.0.2.9",
    "~w@192.*",
    "a b",
];
const LISTS: [&str; 7] = ["+b", "+b", "-b", "+e", "-e", "+I", "-I"];
const RANKS: [&str; 8] = ["+q", "+a", "+o", "+h", "+v", "-o", "-h", "-v"];

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A nick, a user name, and whether the server's password was given.
    Enter(&'static str, &'static str, ServerPassword),
    Invite(&'static str, &'static str),
    Join(&'static str, &'static str),
    Kick(&'static str, &'static str),
    Knock(&'static str),
    Leave(&'static str),
    /// The name of an account.
    LogIn(&'static str),
    LogOut,
    Mode(&'static str, &'static str, Vec<&'static str>),
    Quit,
    Rename(&'static str),
    RenameRoom(&'static str, &'static str),
    RequirePassword(bool),
    ServerBan(&'static str),
    ServerUnban(&'static str),
    SayToOperators(&'static str),
    SayToRoom(&'static str),
    SayToUser(&'static str),
    SetAway(&'static str),
    SetTopic(&'static str, &'static str),
}

fn mode_steps() -> impl Strategy<Value = Step> {
    let rooms = || select(&ROOMS[..4]);
    prop_oneof![
        2 => (rooms(), select(&FLAGS[..])).prop_map(|(r, l)| Step::Mode(r, l, vec![])),
        4 => (rooms(), select(&RANKS[..]), select(&NICKS[..]))
            .prop_map(|(r, l, n)| Step::Mode(r, l, vec![n])),
        3 => (rooms(), select(&LISTS[..]), select(&MASKS[..]))
            .prop_map(|(r, l, m)| Step::Mode(r, l, vec![m])),
        1 => (rooms(), select(&["+l", "+k", "-k"][..])).prop_map(|(r, l)| {
            let parameter = if l == "+l" { "2" } else { "sesame" };
            Step::Mode(r, l, vec![parameter])
        }),
        1 => rooms().prop_map(|r| Step::Mode(r, "-l", vec![])),
        1 => (rooms(), select(&NICKS[..]), select(&MASKS[..])).prop_map(|(r, n, m)| {
            Step::Mode(r, "+vb-ov+it", vec![n, m, n, n])
        }),
    ]
}

/// A step, and whose it is: a number that is taken modulo all who ever came.
pub(super) fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let (nicks, rooms) = (|| select(&NICKS[..]), || select(&ROOMS[..]));
    // Mostly right, or no client would enter.
    let passwords = || {
        let all = [
            ServerPassword::Correct,
            ServerPassword::Correct,
            ServerPassword::Missing,
        ];
        select(all.to_vec())
    };
    let step = prop_oneof![
        4 => (nicks(), select(&USERNAMES[..]), passwords()).prop_map(|(n, u, p)| Step::Enter(n, u, p)),
        1 => select(&SERVER_MASKS[..]).prop_map(Step::ServerBan),
        1 => select(&SERVER_MASKS[..]).prop_map(Step::ServerUnban),
        1 => any::<bool>().prop_map(Step::RequirePassword),
        6 => (rooms(), select(&KEYS[..])).prop_map(|(r, k)| Step::Join(r, k)),
        3 => rooms().prop_map(Step::Leave),
        3 => select(&ACCOUNTS[..]).prop_map(Step::LogIn),
        2 => Just(Step::LogOut),
        2 => nicks().prop_map(Step::Rename),
        3 => rooms().prop_map(Step::SayToRoom),
        1 => rooms().prop_map(Step::SayToOperators),
        2 => nicks().prop_map(Step::SayToUser),
        1 => select(&TEXTS[..]).prop_map(Step::SetAway),
        2 => (rooms(), select(&TEXTS[..])).prop_map(|(r, t)| Step::SetTopic(r, t)),
        2 => (rooms(), nicks()).prop_map(|(r, n)| Step::Kick(r, n)),
        3 => (rooms(), nicks()).prop_map(|(r, n)| Step::Invite(r, n)),
        1 => rooms().prop_map(Step::Knock),
        1 => (rooms(), rooms()).prop_map(|(r, to)| Step::RenameRoom(r, to)),
        10 => mode_steps(),
        1 => Just(Step::Quit),
    ];
    collection::vec((0..1000_usize, step), 1..100)
}

/// Three users in one room, of which the first keeps order by masks while the others speak, log in and change names: what
/// is remembered of their right to speak must stay true.
pub(super) fn steps_among_masks() -> impl Strategy<Value = Vec<(usize, Step)>> {
    const ROOM: &str = "#a";
    let enter = |name| (0, Step::Enter(name, "~u", ServerPassword::Correct));
    let join = |who| (who, Step::Join(ROOM, ""));
    let mut before = vec![enter("bob"), enter("lac"), enter("josé")];
    before.extend((0..3).map(join));
    let lists = (select(&LISTS[..]), select(&MASKS[..]));
    let by_first = lists.prop_map(|(l, m)| (0, Step::Mode(ROOM, l, vec![m])));
    let by_others = prop_oneof![
        4 => Just(Step::SayToRoom(ROOM)),
        2 => select(&ACCOUNTS[..]).prop_map(Step::LogIn),
        1 => Just(Step::LogOut),
        1 => select(&NICKS[..]).prop_map(Step::Rename),
        1 => Just(Step::Leave(ROOM)),
        2 => Just(Step::Join(ROOM, "")),
    ];
    let step = prop_oneof![1 => by_first, 3 => (1..3_usize, by_others)];
    collection::vec(step, 1..60).prop_map(move |steps| [before.clone(), steps].concat())
}
