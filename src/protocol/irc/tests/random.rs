//! Random scripts of several clients: whatever they send, no client makes the server panic or breaks the hub.

use super::*;
use crate::protocol::Checked;

/// Words that mean something in one place or another.
const WORDS: [&str; 46] = [
    "#r",
    "#s",
    "#r,#s",
    "a",
    "b",
    "a,b",
    "*",
    "+",
    "-",
    "0",
    "1",
    "+ovb",
    "-o+k",
    "+lIe",
    "C",
    "L",
    "S",
    ">1",
    "C<5",
    "!#*",
    "LS",
    "302",
    "REQ",
    "END",
    "%tcuhnfar,7",
    "a!*@*",
    "*@192.0.2.0/24",
    "@#r",
    "+1",
    "-1",
    "draft/multiline",
    "batch echo-message",
    "message-tags draft/multiline labeled-response",
    ":",
    ":two words",
    ":\x01ACTION x\x01",
    "마당",
    "#마당",
    "srv",
    "secret",
    "PLAIN",
    "SCRAM-SHA-256",
    "EXTERNAL",
    // A message of PLAIN for a, and a first one of SCRAM.
    "AGEAc2VjcmV0",
    "biwsbj1hLHI9eA==",
    "sasl draft/account-registration",
];

fn lines() -> impl proptest::strategy::Strategy<Value = (usize, String)> {
    use proptest::prelude::*;
    let commands: Vec<&str> = crate::protocol::irc::commands::table::COMMANDS
        .iter()
        .map(|entry| entry.name)
        .collect();
    let tags = prop_oneof![
        5 => Just(""),
        1 => Just("@label=x "),
        1 => Just("@batch=1;+t=u "),
        1 => Just("@batch=1;draft/multiline-concat "),
    ];
    let params = proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..5);
    let line = (
        tags,
        proptest::sample::select(commands),
        params,
        any::<u8>(),
    );
    (0..3_usize, line).prop_map(|(who, (tags, command, params, noise))| {
        let noise = if noise == 0 { "\u{1}x" } else { "" };
        (who, format!("{tags}{command}{noise} {}", params.join(" ")))
    })
}

proptest::proptest! {
    /// Whatever clients say, in whatever order: nothing breaks, each line sent is a line, and the chat stays in order.
    #[test]
    fn nothing_that_is_said_breaks_anything(script in proptest::collection::vec(lines(), 1..60)) {
        let mut stage = Stage::new();
        stage.world.server_info.operators = Box::new(["a".into()]);
        stage.world.account_rules = Some(World::ACCOUNT_RULES);
        stage.world.add_account("owned", "secret");
        stage.register('a', "message-tags echo-message batch labeled-response draft/multiline");
        stage.register('b', "extended-join away-notify draft/channel-rename multi-prefix");
        stage.connect('c');
        for (who, line) in script {
            let letter = ['a', 'b', 'c'][who];
            let seat = stage.clients[who].1;
            if stage.world.farewell(seat).is_some() {
                continue;
            }
            stage.send(letter, &line);
            stage.world.deferred_requests.clear();
            if !stage.world.checks.is_empty() {
                stage.world.checks.clear();
                let (_, seat, irc) = &mut stage.clients[who];
                irc.password_checked(Checked::Operator { is_right: true }, &mut stage.world.at(*seat));
            }
            if !stage.world.account_requests.is_empty() {
                let outcome = stage.world.finish_account();
                let (_, seat, irc) = &mut stage.clients[who];
                irc.account_done(outcome, &mut stage.world.at(*seat));
            }
            stage.world.hub.check_invariants();
            for letter in ['a', 'b', 'c'] {
                for line in stage.received(letter) {
                    let body = line.strip_prefix('@').map_or(&*line, |l| l.split_once(' ').unwrap().1);
                    proptest::prop_assert!(body.len() <= 510 && !body.contains(['\r', '\0']), "{line}");
                }
            }
        }
    }
}
