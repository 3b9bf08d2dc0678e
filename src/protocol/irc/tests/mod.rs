//! IRC's answers, line by line, with a real hub and fake connections.
//!
//! A script is lines of `who> what they send` and `who< what they then receive`; every line received must be in the
//! script, in its order.

mod bounds;
mod clocks;
mod operators;
mod privacy;
mod random;
mod register_account;
mod sasl;

use super::session::state::Irc;
use crate::protocol::{
    account::{AccountError, AccountOutcome},
    flavour::Flavour,
    testing::World,
};

/// Some clients in one world.
struct Stage {
    world: World,
    clients: Vec<(char, usize, Irc)>,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let clients = Vec::new();
        Self { world, clients }
    }

    /// A new connection under a letter.
    fn connect(&mut self, letter: char) {
        let irc = Irc::default();
        let seat = self.world.connect(irc.flavour());
        self.clients.push((letter, seat, irc));
    }

    /// A client that has registered, as the nick that is its letter, with these capabilities; what it was told is
    /// forgotten.
    fn register(&mut self, letter: char, caps: &str) {
        self.connect(letter);
        for line in [
            &format!("CAP REQ :{caps}"),
            &format!("NICK {letter}"),
            &format!("USER {letter} 0 * :Real {letter}"),
            "CAP END",
        ] {
            self.send(letter, line);
        }
        self.received(letter);
    }

    fn send(&mut self, letter: char, line: &str) {
        let client = self.clients.iter_mut().find(|(l, _, _)| *l == letter);
        let (_, seat, irc) = client.expect("a connected client");
        irc.handle_line(line.as_bytes(), &mut self.world.at(*seat));
        while irc.is_busy()
            && self.world.checks.is_empty()
            && self.world.account_requests.is_empty()
        {
            if self.world.is_history_due() {
                let answer = self.world.finish_history();
                irc.history_done(answer, &mut self.world.at(*seat));
            }
            irc.go_on(&mut self.world.at(*seat));
        }
    }

    /// The result of what a client waits for.
    fn finish(&mut self, letter: char, outcome: Result<AccountOutcome, AccountError>) {
        let client = self.clients.iter_mut().find(|(l, _, _)| *l == letter);
        let (_, seat, irc) = client.expect("a connected client");
        irc.account_done(outcome, &mut self.world.at(*seat));
    }

    fn received(&mut self, letter: char) -> Vec<String> {
        let client = self.clients.iter().find(|(l, _, _)| *l == letter);
        let (_, seat, _) = client.expect("a connected client");
        let bytes = self.world.received(*seat);
        let text = String::from_utf8(bytes).expect("only UTF-8 is sent");
        assert!(text.is_empty() || text.ends_with("\r\n"));
        text.lines().map(str::to_owned).collect()
    }

    /// Plays a script.
    #[track_caller]
    fn play(&mut self, script: &str) {
        let mut steps = script
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .peekable();
        while let Some(step) = steps.next() {
            let letter = step.chars().next().expect("not empty");
            let line = step[2..].strip_prefix(' ').unwrap_or(&step[2..]);
            assert_eq!(&step[1..2], ">", "unasked for: {step}");
            self.send(letter, line);
            let mut expected: Vec<(char, &str)> = Vec::new();
            while let Some(answer) = steps.next_if(|step| step[1..].starts_with('<')) {
                let letter = answer.chars().next().expect("not empty");
                expected.push((letter, answer[2..].trim_start()));
            }
            let letters: Vec<char> = self.clients.iter().map(|(letter, _, _)| *letter).collect();
            for letter in letters {
                let wanted: Vec<_> = expected.iter().filter(|(l, _)| *l == letter).collect();
                let wanted: Vec<_> = wanted.iter().map(|(_, line)| line.to_string()).collect();
                assert_eq!(self.received(letter), wanted, "to {letter} after {step}");
            }
        }
    }
}

#[test]
fn registration_in_any_order() {
    for order in [
        ["NICK a", "USER u 0 * :R"],
        ["USER u 0 * :R", "NICK a"],
        ["nick a", "user u 0 * :R"],
    ] {
        let mut stage = Stage::new();
        stage.connect('a');
        stage.send('a', order[0]);
        assert!(stage.received('a').is_empty());
        stage.send('a', order[1]);
        let told = stage.received('a');
        let codes: Vec<_> = told
            .iter()
            .map(|line| line.split(' ').nth(1).unwrap())
            .collect();
        assert_eq!(
            codes,
            [
                "001", "002", "003", "004", "005", "005", "005", "251", "252", "253", "254", "255",
                "265", "266", "422"
            ]
        );
        assert_eq!(told[0], ":srv 001 a :Welcome to the net Network, a!~u@home");
    }
}

#[test]
fn before_registration() {
    let mut stage = Stage::new();
    stage.connect('a');
    stage.play(
        "
        a> PRIVMSG b :x
        a< :srv 451 * :You have not registered
        a> BOGUS
        a< :srv 451 * :You have not registered
        a> NICK
        a< :srv 431 * :No nickname given
        a> NICK :
        a< :srv 431 * :No nickname given
        a> NICK *
        a< :srv 432 * * :Erroneous nickname: a name must not contain '*'
        a> USER u 0 *
        a< :srv 461 * USER :Not enough parameters
        a> USER u 0 * :
        a< :srv 461 * USER :Not enough parameters
        a> PING x
        a< :srv PONG srv :x
        a> PING
        a< :srv 461 * PING :Not enough parameters
        a> PING :
        a< :srv 409 * :No origin specified
        a> CAP BOGUS
        a< :srv 410 * BOGUS :Invalid CAP command
        a> CAP LIST
        a< :srv CAP * LIST :
        a> CAP REQ :batch nothing
        a< :srv CAP * NAK :batch nothing
        a> CAP LIST
        a< :srv CAP * LIST :
        a> CAP REQ :batch -multi-prefix
        a< :srv CAP * ACK :batch -multi-prefix
        a> CAP LIST
        a< :srv CAP * LIST :batch
        a> AUTHENTICATE PLAIN
        a< :srv 904 * :SASL authentication failed
        a> QUIT :bye
        a< ERROR :Closing Link: home (Quit: bye)
        ",
    );
}

#[test]
fn a_password_is_asked_of_everyone() {
    for (lines, enters) in [
        (&["PASS right"][..], true),
        (&["PASS wrong", "PASS right"], true),
        (&["PASS wrong"], false),
        (&["PASS righ"], false),
        (&[], false),
    ] {
        let mut stage = Stage::new();
        stage.world.server_info.password = Some("right".into());
        stage.connect('a');
        for line in lines {
            stage.send('a', line);
        }
        stage.send('a', "NICK a");
        stage.send('a', "USER u 0 * :R");
        let told = stage.received('a');
        if enters {
            assert!(told[0].starts_with(":srv 001 a "), "{told:?}");
        } else {
            let expected = [
                ":srv 464 * :Password incorrect",
                "ERROR :Closing Link: home (Bad password)",
            ];
            assert_eq!(told, expected);
        }
    }
}

#[test]
fn nicks_collide_also_while_registering() {
    let mut stage = Stage::new();
    stage.connect('a');
    stage.connect('b');
    stage.play("a> NICK a\nb> NICK A\n");
    stage.send('b', "USER b 0 * :B");
    assert!(stage.received('b')[0].starts_with(":srv 001 A "));
    stage.play(
        "
        a> USER a 0 * :A
        a< :srv 433 * a :Nickname is already in use
        a> NICK a
        a< :srv 433 * a :Nickname is already in use
        ",
    );
    stage.send('a', "NICK c");
    assert!(stage.received('a')[0].starts_with(":srv 001 c "));
    stage.play(
        "
        a> NICK C
        a< :c!~a@home NICK C
        a> NICK C
        a> USER x 0 * :x
        a< :srv 462 C :You may not reregister
        a> PASS x
        a< :srv 462 C :You may not reregister
        ",
    );
}

#[test]
fn messages_in_the_flavours_of_their_readers() {
    let mut stage = Stage::new();
    stage.register('a', "message-tags echo-message");
    stage.register('b', "server-time");
    stage.register('c', "");
    for (letter, name) in [('a', "#r"), ('b', "#r"), ('c', "#r")] {
        stage.send(letter, &format!("JOIN {name}"));
    }
    for letter in ['a', 'b', 'c'] {
        stage.received(letter);
    }
    stage.play(
        "
        a> @+x=y;z PRIVMSG #r :hi
        a< @msgid=4;+x=y :a!~a@home PRIVMSG #r :hi
        b< @time=2023-11-14T22:13:20.000Z :a!~a@home PRIVMSG #r :hi
        c< :a!~a@home PRIVMSG #r :hi

        ",
    );
}

#[test]
fn refusals_by_their_numerics() {
    let mut stage = Stage::new();
    stage.register('a', "");
    stage.register('b', "");
    stage.send('a', "JOIN #r");
    stage.received('a');
    stage.play(
        "
        b> PRIVMSG #r :x
        b< :srv 404 b #r :Cannot send to channel (+n)
        b> NOTICE #r :x
        b> NOTICE nobody :x
        b> PRIVMSG #none :x
        b< :srv 403 b #none :No such channel
        b> PRIVMSG nobody :x
        b< :srv 401 b nobody :No such nick/channel
        b> PRIVMSG
        b< :srv 411 b :No recipient given
        b> PRIVMSG #r
        b< :srv 412 b :No text to send
        b> PART #r
        b< :srv 442 b #r :You're not on that channel
        b> PART #none
        b< :srv 403 b #none :No such channel
        b> KICK #r a
        b< :srv 442 b #r :You're not on that channel
        b> MODE #r +i
        b< :srv 482 b #r :You're not channel operator (+o is needed)
        b> MODE #none
        b< :srv 403 b #none :No such channel
        b> MODE a +i
        b< :srv 502 b :Cant change mode for other users
        b> MODE b +x
        b< :srv 501 b :Unknown MODE flag
        a> MODE #r +x
        a< :srv 472 a x :is unknown mode char to me
        a> MODE #r +k
        a< :srv 696 a #r k * :the mode k needs a parameter
        a> MODE #r +ik secret
        a< :a!~a@home MODE #r +ik secret
        b> JOIN #r
        b< :srv 475 b #r :Cannot join channel (+k)
        b> JOIN #r secret
        b< :srv 473 b #r :Cannot join channel (+i)
        b> MODE #r
        b< :srv 324 b #r +kint *
        b< :srv 329 b #r 1700000000
        a> MODE #r -k *
        a< :a!~a@home MODE #r -k secret
        b> KNOCK #r :please
        b< :srv 711 b #r :Your KNOCK has been delivered.
        a< :srv 710 #r #r b!~b@home :has asked for an invite.
        a> INVITE b #r
        a< :srv 341 a b #r
        b< :a!~a@home INVITE b #r
        b> INVITE
        b< :srv 336 b #r
        b< :srv 337 b :End of /INVITE list
        b> JOIN #r
        a< :b!~b@home JOIN #r
        b< :b!~b@home JOIN #r
        b< :srv 353 b = #r :b @a
        b< :srv 366 b #r :End of /NAMES list
        b> JOIN #r
        b> WHO #none
        b< :srv 315 b #none :End of WHO list
        b> WHOIS nobody
        b< :srv 401 b nobody :No such nick/channel
        b< :srv 318 b nobody :End of /WHOIS list
        b> BOGUS
        b< :srv 421 b BOGUS :Unknown command
        b> JOIN
        b< :srv 461 b JOIN :Not enough parameters
        b> TOPIC #r :x
        b< :srv 482 b #r :You're not channel operator (+h is needed)
        b> TOPIC #r
        b< :srv 331 b #r :No topic is set
        ",
    );
}

#[test]
fn labels() {
    let mut stage = Stage::new();
    stage.register('a', "labeled-response batch echo-message");
    stage.register('b', "");
    stage.play(
        "
        a> @label=1 PING x
        a< @label=1 :srv PONG srv :x
        a> @label=2 PONG x
        a< @label=2 :srv ACK
        a> @label=3 BOGUS
        a< @label=3 :srv 421 a BOGUS :Unknown command
        a> @label=4 JOIN #r
        a< @label=4 :srv BATCH +4 labeled-response
        a< @batch=4 :a!~a@home JOIN #r
        a< @batch=4 :srv 353 a = #r :@a
        a< @batch=4 :srv 366 a #r :End of /NAMES list
        a< :srv BATCH -4
        a> @label=5 NICK A
        a< @label=5 :a!~a@home NICK A
        b> @label=6 PING x
        b< :srv PONG srv :x
        a> @label=7 PRIVMSG #r :x
        a< @label=7 :A!~a@home PRIVMSG #r :x
        ",
    );
}

#[test]
fn several_lines_as_one_message() {
    let mut stage = Stage::new();
    let caps = "draft/multiline batch message-tags echo-message labeled-response";
    stage.register('a', caps);
    stage.register('b', "message-tags");
    for letter in ['a', 'b'] {
        stage.send(letter, "JOIN #r");
    }
    stage.received('a');
    stage.received('b');
    stage.play(
        "
        a> @label=l;+t BATCH +1 draft/multiline #r
        a> @batch=1 PRIVMSG #r :one
        a> @batch=1 PRIVMSG #r :
        a> @batch=1;draft/multiline-concat PRIVMSG #r :two
        a> BATCH -1
        a< @label=l;msgid=3;+t :a!~a@home BATCH +m3 draft/multiline #r
        a< @batch=m3 :a!~a@home PRIVMSG #r :one
        a< @batch=m3 :a!~a@home PRIVMSG #r :
        a< @batch=m3;draft/multiline-concat :a!~a@home PRIVMSG #r :two
        a< :a!~a@home BATCH -m3
        b< @msgid=3;+t :a!~a@home PRIVMSG #r :one
        b< @+t :a!~a@home PRIVMSG #r :two
        a> BATCH +1 draft/multiline #r
        a> @batch=2 PRIVMSG #r :x
        a< :srv FAIL BATCH MULTILINE_INVALID :that is not the open batch
        a> BATCH -1
        ",
    );
}

#[test]
fn a_line_that_is_no_text_is_refused_with_its_label() {
    let mut stage = Stage::new();
    stage.register('a', "labeled-response batch");
    let (_, seat, irc) = &mut stage.clients[0];
    for line in [
        b"@label=x PRIVMSG a :\xff".as_slice(),
        b"PRIVMSG a :\0",
        b"\xff",
    ] {
        irc.handle_line(line, &mut stage.world.at(*seat));
    }
    assert_eq!(
        stage.received('a'),
        [
            "@label=x :srv FAIL PRIVMSG INVALID_UTF8 :Message rejected: this server speaks UTF-8 only",
            ":srv FAIL PRIVMSG INVALID_CHARACTER :Message rejected: no line may hold NUL, CR or LF",
            ":srv FAIL * INVALID_UTF8 :Message rejected: this server speaks UTF-8 only",
        ]
    );
}

#[test]
fn telnet_and_irc_meet() {
    let mut stage = Stage::new();
    stage.register('a', "");
    stage.send('a', "JOIN #lobby");
    stage.received('a');
    let seat = stage.world.connect(Flavour::Telnet);
    let mut telnet = crate::protocol::telnet::Telnet::default();
    for line in [b"bob".as_slice(), b"hello", b"/me waves"] {
        telnet.handle_line(line, &mut stage.world.at(seat));
    }
    assert_eq!(
        stage.received('a'),
        [
            ":bob!~telnet@home JOIN #lobby",
            ":bob!~telnet@home PRIVMSG #lobby :hello",
            ":bob!~telnet@home PRIVMSG #lobby :\u{1}ACTION waves\u{1}",
        ]
    );
}

#[test]
fn a_long_list_comes_in_pieces() {
    let mut stage = Stage::new();
    stage.register('a', "labeled-response batch");
    stage.register('b', "");
    for room in 0..90 {
        stage.send('b', &format!("JOIN #{room}{}", "x".repeat(50)));
        stage.send(
            'b',
            &format!("TOPIC #{room}{} :{}", "x".repeat(50), "t".repeat(350)),
        );
    }
    stage.received('b');
    let (_, seat, irc) = &mut stage.clients[0];
    irc.handle_line(b"@label=x LIST", &mut stage.world.at(*seat));
    assert!(irc.is_busy(), "90 rooms are more than one piece");
    let mut lines = Vec::new();
    loop {
        let piece = stage.received('a');
        let bytes: usize = piece.iter().map(|line| line.len() + 2).sum();
        assert!(bytes < 20_000, "{bytes}");
        lines.extend(piece);
        let (_, seat, irc) = &mut stage.clients[0];
        if !irc.is_busy() {
            break;
        }
        irc.go_on(&mut stage.world.at(*seat));
    }
    assert_eq!(lines.len(), 90 + 4);
    assert!(lines[0].starts_with("@label=x :srv BATCH +"));
    assert!(lines[1..93].iter().all(|line| line.starts_with("@batch=")));
    assert!(lines[93].starts_with(":srv BATCH -"));
}
