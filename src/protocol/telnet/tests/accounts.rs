//! Accounts at a telnet prompt: registered nicks, logging in and out, and that no password is shown or taken for text.

use super::*;
use crate::chat::{AccountId, Nick};
use crate::protocol::{
    account::{AccountError, AccountOutcome, AccountRules, PASSWORD_BYTES_MAX, Registration},
    telnet::negotiation::{HIDE_INPUT, SHOW_INPUT},
};

const RULES: AccountRules = AccountRules {
    registration: Registration::Open,
    plain_text_login: false,
    password_bytes_min: 8,
    before_connect: false,
    custom_names: false,
};

/// Where these stand for the bytes that hide and show what is typed.
const HIDE: &str = "<hide>";
const SHOW: &str = "<show>";

/// Users who come by encrypted connections to a server with accounts, among them one that is named carol.
fn scene(names: &[&str]) -> (Scene, AccountId) {
    let mut scene = Scene::of(names);
    (scene.world.account_rules, scene.world.secure) = (Some(RULES), true);
    let carol = Nick::parse("carol", scene.world.hub.rules()).unwrap();
    let account = scene.world.hub.add_account(carol).unwrap();
    (scene, account)
}

impl Scene {
    /// What one was sent since the last look is just this, with the bytes of the prompt made visible.
    #[track_caller]
    fn is_shown(&mut self, who: usize, expected: &[&str]) {
        let mut bytes = self.world.received(who);
        for (sequence, name) in [(HIDE_INPUT, HIDE), (SHOW_INPUT, SHOW)] {
            while let Some(at) = bytes.windows(3).position(|window| window == sequence) {
                bytes.splice(at..at + 3, name.bytes());
            }
        }
        let text = String::from_utf8(bytes).expect("the rest is UTF-8");
        assert_eq!(text.replace("\r\n", "\n"), expected.concat());
    }

    /// The request that was made last.
    fn requested(&self) -> &str {
        self.world
            .account_requests
            .last()
            .map_or("", String::as_str)
    }

    fn is_answered(&mut self, who: usize, outcome: Result<AccountOutcome, AccountError>) {
        assert!(self.sessions[who].is_busy(), "it waits for the outcome");
        self.sessions[who].account_done(outcome, &mut self.world.at(who));
    }

    fn account_of(&self, nick: &str) -> Option<&str> {
        let hub = &self.world.hub;
        hub.user(hub.find_user(nick)?)?.account()
    }
}

const ASKED: &str = "* password for carol (or another name):\n";
const NAME: &str = "* what is your name?\n";

#[test]
fn a_registered_nick_is_entered_with_its_password() {
    let (mut scene, account) = scene(&["alice"]);
    let carol = scene.connect();
    scene.types(carol, "carol");
    scene.is_shown(carol, &[ASKED, HIDE]);
    assert!(!scene.sessions[carol].is_busy());
    scene.types(carol, "open sesame ");
    scene.is_shown(carol, &[SHOW]);
    assert_eq!(scene.requested(), "log in carol open sesame ");
    scene.is_answered(carol, Ok(AccountOutcome::LoggedIn(account)));
    let arrival = "* carol joined #lobby\n* in #lobby: alice carol\n";
    scene.is_shown(carol, &["* you are logged in as carol\n", arrival]);
    assert_eq!(scene.account_of("carol"), Some("carol"));
    assert_eq!(scene.sessions[carol].memory(), 0, "it is idle");
    scene.types(carol, "hello");
    scene.sees(ALICE, &["* carol joined #lobby", "#lobby <carol> hello"]);
}

#[test]
fn a_wrong_password_is_never_a_name() {
    let (mut scene, _) = scene(&["alice"]);
    let carol = scene.connect();
    scene.types(carol, "carol");
    scene.types(carol, "open-sesame");
    scene.world.received(carol);
    scene.is_answered(carol, Err(AccountError::Wrong));
    scene.is_shown(carol, &["! wrong name or password\n", ASKED, HIDE]);
    scene.types(carol, "carol");
    scene.is_shown(carol, &[SHOW, ASKED, HIDE]);
    scene.types(carol, b"open-sesam\xE9");
    let refused = "! that line is not UTF-8; nothing was sent\n";
    scene.is_shown(carol, &[SHOW, refused, NAME]);
    scene.types(carol, "carol");
    scene.world.received(carol);
    let Scene { world, sessions } = &mut scene;
    sessions[carol].handle_too_long(LINE_BYTES_MAX, &mut world.at(carol));
    let refused = "! that line is longer than 4096 bytes; nothing was sent\n";
    scene.is_shown(carol, &[SHOW, refused, NAME]);
    scene.sees(ALICE, &[]);
    assert_eq!(scene.world.hub.user_count(), 1);
}

#[test]
fn a_short_line_at_the_password_prompt_is_another_name_or_a_command() {
    let (mut scene, _) = scene(&["alice"]);
    let carol = scene.connect();
    scene.types(carol, "carol");
    scene.types(carol, "");
    scene.is_shown(carol, &[ASKED, HIDE, SHOW, NAME]);
    scene.types(carol, "carol");
    scene.types(carol, "CAROL");
    scene.is_shown(carol, &[ASKED, HIDE, SHOW, ASKED, HIDE]);
    scene.types(carol, "dora");
    let arrival = "* dora joined #lobby\n* in #lobby: alice dora\n";
    scene.is_shown(carol, &[SHOW, arrival]);
    assert_eq!(scene.sessions[carol].memory(), 0);
    let other = scene.connect();
    scene.types(other, "carol");
    scene.types(other, "/quit");
    scene.is_shown(other, &[ASKED, HIDE, SHOW, "* goodbye\n"]);
    assert!(scene.world.account_requests.is_empty());
}

#[test]
fn no_password_is_asked_for_where_none_may_be_sent() {
    let (mut scene, _) = scene(&["alice"]);
    scene.world.secure = false;
    let carol = scene.connect();
    let refused = "! passwords are taken over encrypted connections only; come by TLS\n";
    let owned = "! the name carol belongs to an account; log in to use it\n";
    scene.types(carol, "carol");
    scene.is_shown(carol, &[owned, refused, NAME]);
    scene.types(carol, "/login carol open-sesame");
    scene.is_shown(carol, &[refused, NAME]);
    for line in ["/login", "/register", "/register open-sesame"] {
        scene.types(ALICE, line);
        scene.is_shown(ALICE, &[refused]);
    }
    scene.world.account_rules = None;
    for line in ["/login", "/register", "/logout", "/account info"] {
        scene.types(ALICE, line);
        scene.is_shown(ALICE, &["! this server has no accounts\n"]);
    }
    assert!(scene.world.account_requests.is_empty());
}

#[test]
fn a_client_may_log_in_before_it_has_a_nick() {
    let (mut scene, account) = scene(&["alice"]);
    let carol = scene.connect();
    for (line, refused) in [
        ("/login", "! say your name first\n"),
        ("/register", "! say your name first\n"),
        ("/logout", "! choose a name first\n"),
    ] {
        scene.types(carol, line);
        let shown: &[&str] = match line {
            "/logout" => &[refused],
            _ => &[refused, NAME],
        };
        scene.is_shown(carol, shown);
    }
    scene.types(carol, "/login carol open-sesame");
    scene.is_shown(carol, &[]);
    assert_eq!(scene.requested(), "log in carol open-sesame");
    // Another connection of hers has come in meanwhile: both are hers.
    let other = scene.connect();
    scene.types(other, "/login carol");
    scene.types(other, "open-sesame");
    scene.is_answered(other, Ok(AccountOutcome::LoggedIn(account)));
    scene.is_answered(carol, Ok(AccountOutcome::LoggedIn(account)));
    scene.is_shown(
        carol,
        &[
            "* you are logged in as carol\n",
            "* you are in #lobby, and talk in #lobby\n",
            "* in #lobby: alice carol\n",
        ],
    );
    scene.world.received(other);
    scene.types(carol, "hello");
    scene.is_shown(carol, &[]);
    scene.is_shown(other, &["#lobby <carol> hello\n"]);
    scene.is_shown(
        ALICE,
        &["* carol joined #lobby\n", "#lobby <carol> hello\n"],
    );
}

#[test]
fn a_user_logs_in_and_out() {
    let (mut scene, account) = scene(&["alice", "bob"]);
    scene.types(ALICE, "/nick carol");
    let owned = "! the name carol belongs to an account; log in to use it\n";
    scene.is_shown(ALICE, &[owned]);
    scene.types(ALICE, "/login carol");
    scene.is_shown(ALICE, &["* password for carol:\n", HIDE]);
    scene.types(BOB, "hello");
    scene.is_shown(ALICE, &["#lobby <bob> hello\n"]);
    scene.types(ALICE, "short");
    assert_eq!(scene.requested(), "log in carol short");
    scene.is_answered(ALICE, Err(AccountError::Wrong));
    scene.is_shown(ALICE, &[SHOW, "! wrong name or password\n"]);
    scene.types(ALICE, "/login carol");
    scene.types(ALICE, "");
    scene.is_shown(
        ALICE,
        &[
            "* password for carol:\n",
            HIDE,
            SHOW,
            "* nothing has changed\n",
        ],
    );
    scene.types(ALICE, "/login carol open sesame");
    assert_eq!(scene.requested(), "log in carol open sesame");
    scene.is_answered(ALICE, Ok(AccountOutcome::LoggedIn(account)));
    scene.is_shown(ALICE, &["* you are logged in as carol\n"]);
    scene.types(ALICE, "/login carol open-sesame");
    scene.is_answered(ALICE, Ok(AccountOutcome::LoggedIn(account)));
    scene.is_shown(ALICE, &["* you are logged in\n"]);
    scene.types(ALICE, "/logout");
    scene.is_shown(ALICE, &["* you are logged out\n"]);
    scene.types(ALICE, "/logout");
    scene.is_shown(ALICE, &["! you are not logged in to an account\n"]);
    assert_eq!(scene.sessions[ALICE].memory(), 0);
    scene.sees(BOB, &[]);
}

#[test]
fn a_name_is_registered_with_a_password_that_was_typed_twice() {
    let (mut scene, _) = scene(&["alice", "bob"]);
    let choose = ["* choose a password:\n", HIDE];
    let again = [SHOW, "* the same again:\n", HIDE];
    scene.types(ALICE, "/register");
    scene.is_shown(ALICE, &choose);
    scene.types(ALICE, "short");
    let refused = "! a password has at least 8 characters\n";
    scene.is_shown(ALICE, &[SHOW, refused]);
    scene.types(ALICE, "/register");
    scene.types(ALICE, "x".repeat(PASSWORD_BYTES_MAX + 1));
    let refused = "! a password has at most 600 bytes\n";
    scene.is_shown(ALICE, &[&choose[..], &[SHOW, refused]].concat());
    scene.types(ALICE, "/register");
    scene.types(ALICE, "open-sesame");
    scene.types(ALICE, "open-sesami");
    let refused = "! that was not the same; nothing has changed\n";
    scene.is_shown(ALICE, &[&choose[..], &again, &[SHOW, refused]].concat());
    scene.types(ALICE, "/register");
    scene.types(ALICE, "open-sesame");
    assert!(scene.sessions[ALICE].memory() >= "open-sesame".len());
    scene.types(ALICE, "open-sesame");
    scene.is_shown(ALICE, &[&choose[..], &again, &[SHOW]].concat());
    assert_eq!(scene.requested(), "register alice open-sesame");
    let alice = Nick::parse("alice", scene.world.hub.rules()).unwrap();
    let account = scene.world.hub.add_account(alice).unwrap();
    scene.is_answered(ALICE, Ok(AccountOutcome::Registered(account)));
    let made =
        "* your account is made, and you are logged in; only you can use its name from now on\n";
    scene.is_shown(ALICE, &["* you are logged in as alice\n", made]);
    // In one line, as on other servers.
    scene.types(BOB, "/register bobs-sesame");
    assert_eq!(scene.requested(), "register bob bobs-sesame");
    scene.is_answered(BOB, Err(AccountError::Closed));
    let refused = AccountError::Closed;
    scene.is_shown(BOB, &[&format!("! {refused}\n")]);
}

#[test]
fn nickserv_is_reached_by_a_command() {
    let (mut scene, _) = scene(&["alice"]);
    for word in ["account", "ns", "NickServ"] {
        scene.types(ALICE, format!("/{word} info carol"));
        let lines = [
            "* the account is carol\n",
            "* carol is not here under that name\n",
        ];
        scene.is_shown(ALICE, &lines);
    }
    scene.types(ALICE, "/account dance");
    let unknown = "! there is no such command; HELP lists those that there are\n";
    scene.is_shown(ALICE, &[unknown]);
    scene.types(ALICE, "/account");
    let listed = scene.reads(ALICE);
    scene.types(ALICE, "/account help");
    assert_eq!(scene.reads(ALICE), listed);
    assert!(
        listed.starts_with("* REGISTER PASSWORD [INVITATION] - "),
        "{listed}"
    );
}

#[test]
fn a_name_that_looks_like_an_account_asks_for_the_password_of_that_account() {
    let (mut scene, _) = scene(&["alice"]);
    let copa = Nick::parse("copa", scene.world.hub.rules()).unwrap();
    let account = scene.world.hub.add_account(copa).unwrap();
    let client = scene.connect();
    // All of its letters are Cyrillic.
    scene.types(client, "сора");
    scene.is_shown(client, &["* password for copa (or another name):\n", HIDE]);
    scene.types(client, "open-sesame");
    assert_eq!(scene.requested(), "log in copa open-sesame");
    scene.is_answered(client, Ok(AccountOutcome::LoggedIn(account)));
    assert_eq!(scene.account_of("сора"), Some("copa"));
}

/// The whole way of a program that answers the offer of ECHO, cut everywhere.
#[test]
fn any_cut_of_a_login_gives_the_same() {
    let input = b"carol\r\n\xFF\xFD\x01open-sesame\r\n\xFF\xFE\x01hello\r\n";
    for cut in 0..=input.len() {
        let (mut scene, account) = scene(&["alice"]);
        let carol = scene.connect();
        let (mut kept, mut searched) = (Vec::new(), 0);
        for piece in [&input[..cut], &input[cut..]] {
            kept.extend_from_slice(piece);
            loop {
                let mut replies = Vec::new();
                let session = &mut scene.sessions[carol];
                let frame = session.next_frame(&kept, &mut searched, LINE_BYTES_MAX, &mut replies);
                assert!(
                    replies.is_empty(),
                    "the answers to the offer are no requests"
                );
                let consumed = frame.consumed;
                let line = match frame.item {
                    Frame::Line(line) => Some(line.into_owned()),
                    Frame::TooLong | Frame::Incomplete => None,
                };
                kept.drain(..consumed);
                let Some(line) = line else { break };
                scene.types(carol, line);
                if scene.sessions[carol].is_busy() {
                    scene.is_answered(carol, Ok(AccountOutcome::LoggedIn(account)));
                }
            }
        }
        assert_eq!(scene.requested(), "log in carol open-sesame");
        scene.sees(ALICE, &["* carol joined #lobby", "#lobby <carol> hello"]);
    }
}
