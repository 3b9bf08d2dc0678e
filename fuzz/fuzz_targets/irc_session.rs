//! Three IRC clients with a real hub: whatever they send, in whatever pieces, nothing breaks, what they receive is
//! lines that clients understand, and how the bytes were cut makes no difference.
//!
//! The input: a byte for the length of the pieces, then lines, each with a letter in front that names its client
//! (`a`, `b`, `c`). `a` and `b` have come in already.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::{
    Checked, Frame,
    irc::{
        Irc,
        codec::{
            line::BODY_BYTES_MAX,
            message::{Message, Source},
        },
    },
    testing::World,
};

/// The clients and rooms that exist when a script begins.
const PRELUDE: &[u8] = b"\
aCAP REQ :message-tags echo-message batch labeled-response draft/multiline server-time
aNICK a
aUSER a 0 * :A
aCAP END
aJOIN #r
bCAP REQ :extended-join away-notify draft/channel-rename multi-prefix cap-notify setname
bNICK b
bUSER b 0 * :B
bCAP END
bJOIN #r
";

/// The longest script: a longer one finds nothing that a shorter one does not.
const SCRIPT_BYTES_MAX: usize = 16 * 1024;

fuzz_target!(|input: &[u8]| {
    let Some((&piece, script)) = input.split_first() else {
        return;
    };
    if script.len() > SCRIPT_BYTES_MAX {
        return;
    }
    let in_pieces = play(script, usize::from(piece).max(1));
    let whole = play(script, usize::MAX);
    assert!(in_pieces == whole, "the cut makes a difference");
});

/// One connection, as the server keeps it.
struct Client {
    seat: usize,
    irc: Irc,
    kept: Vec<u8>,
    searched: usize,
    received: Vec<u8>,
}

/// Plays a script; returns what each client received.
fn play(script: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut world = World::new();
    world.server_info.operators = Box::new(["oper".into()]);
    world.account_rules = Some(World::ACCOUNT_RULES);
    world.add_account("owned", "secret");
    // Small, so that few rooms make a long reply.
    world.server_info.page_bytes = 600;
    let mut clients: Vec<_> = (0..3).map(|_| connect(&mut world)).collect();
    for line in PRELUDE
        .split_inclusive(|&b| b == b'\n')
        .chain(script.split_inclusive(|&b| b == b'\n'))
    {
        let who = usize::from(line[0].wrapping_sub(b'a')) % clients.len();
        for piece in line[1..].chunks(piece) {
            clients[who].feed(&mut world, piece);
            world.hub.check_invariants();
        }
        for client in &mut clients {
            let bytes = world.received(client.seat);
            check(&bytes);
            client.received.extend(bytes);
        }
    }
    clients.into_iter().map(|client| client.received).collect()
}

fn connect(world: &mut World) -> Client {
    let irc = Irc::default();
    let seat = world.connect(irc.flavour());
    Client {
        seat,
        irc,
        kept: Vec::new(),
        searched: 0,
        received: Vec::new(),
    }
}

impl Client {
    fn feed(&mut self, world: &mut World, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        while world.farewell(self.seat).is_none() {
            let kept = std::mem::take(&mut self.kept);
            let cut = self.irc.next_frame(&kept, &mut self.searched);
            let consumed = cut.consumed;
            let mut at = world.at(self.seat);
            let is_incomplete = cut.item == Frame::Incomplete;
            match cut.item {
                Frame::Line(line) => self.irc.handle_line(&line, &mut at),
                Frame::TooLong => self.irc.handle_too_long(&mut at),
                Frame::Incomplete => {}
            }
            self.kept = kept[consumed..].to_vec();
            self.do_what_takes_long(world);
            if is_incomplete {
                return;
            }
        }
        self.kept.clear();
    }

    fn do_what_takes_long(&mut self, world: &mut World) {
        world.deferred_requests.clear();
        for name in std::mem::take(&mut world.checks) {
            let is_right = name.len() % 2 == 1;
            let checked = Checked::Operator { is_right };
            self.irc.password_checked(checked, &mut world.at(self.seat));
        }
        while !world.account_requests.is_empty() {
            let outcome = world.finish_account();
            self.irc.account_done(outcome, &mut world.at(self.seat));
        }
        while self.irc.is_busy() {
            self.irc.go_on(&mut world.at(self.seat));
        }
    }
}

/// Numerics that name what they are about before they say what is wrong with it: a client looks for both.
const WITH_SUBJECT: [&str; 14] = [
    "401", "402", "403", "404", "405", "421", "432", "433", "442", "461", "472", "473", "475",
    "482",
];

/// The output is lines, none too long, each with a command and a source that clients can read.
fn check(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("only UTF-8 is sent");
    assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
    for line in text.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        let body = line
            .strip_prefix('@')
            .map_or(line, |l| l.split_once(' ').expect("a body").1);
        assert!(body.len() <= BODY_BYTES_MAX - 2, "{line:?}");
        let message = Message::parse(line).unwrap_or_else(|| panic!("no message: {line:?}"));
        let is_command = message
            .command
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        assert!(is_command, "{line:?}");
        if let Some(source) = message.source {
            let parts = Source::parse(source);
            assert!(!parts.nick.is_empty(), "{line:?}");
        }
        if WITH_SUBJECT.contains(&message.command) {
            assert!(message.params.len() >= 3, "{line:?}");
        }
    }
}
