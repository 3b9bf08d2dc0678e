//! Several connections of one user, from outside: they come and go, and each is sent what the others say.

mod common;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{Client, Irc, Messages, Server, Setup};
use rustix::process::Signal;
use std::{fs, path::PathBuf};

const CONFIG: &str = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";

const PASSWORD: &str = "c0rrect-h0rse";

/// A server with a directory for its data, which is removed in the end.
struct House {
    server: Option<Server>,
    data: PathBuf,
}

impl House {
    fn new(name: &str) -> Self {
        let name = format!("madang-sessions-{}-{name}", std::process::id());
        let data = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&data);
        let mut house = Self { server: None, data };
        house.start();
        house
    }

    fn start(&mut self) {
        let setup = Setup::new().config(CONFIG);
        let setup = setup.flag("--data").flag(self.data.to_str().unwrap());
        let setup = setup
            .listen("irc://127.0.0.1:0")
            .listen("telnet://127.0.0.1:0");
        self.server = Some(setup.start());
    }

    /// Stops the server as a host does, and starts it again.
    fn restart(&mut self) {
        self.server.take().expect("it runs").stop();
        self.start();
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it was started")
    }

    /// A new account and its first connection.
    fn register(&self, nick: &str) -> Irc {
        let mut irc = Irc::enter(self.server().address(), nick);
        irc.send(&format!("NS REGISTER {PASSWORD}"));
        let done = "your account is made, and you are logged in";
        while !irc
            .next()
            .params
            .last()
            .is_some_and(|text| text.starts_with(done))
        {}
        irc.drain();
        irc
    }

    /// Another user of alice's account, by another nick.
    fn other_nick(&self) -> Irc {
        let mut other = Irc::enter(self.server().address(), "other");
        other.send(&format!("NS IDENTIFY alice {PASSWORD}"));
        other.until(":NickServ!<any> NOTICE other <any>");
        other
    }

    /// One more connection, up to the end of its welcome, which it returns.
    fn attach(&self, nick: &str, account: &str, caps: &str) -> (Irc, Messages) {
        let mut irc = Irc::connect(self.server().address());
        let caps = [&["sasl"][..], &caps.split_whitespace().collect::<Vec<_>>()].concat();
        irc.request(&caps);
        irc.send(&format!("NICK {nick}"));
        irc.send("USER u 0 * :r");
        irc.send("AUTHENTICATE PLAIN");
        let plain = BASE64_STANDARD.encode(format!("\0{account}\0{PASSWORD}"));
        irc.send(&format!("AUTHENTICATE {plain}"));
        irc.until("903 <any> <any>");
        irc.send("CAP END");
        irc.until("001 <any> <any>");
        let welcome = irc.drain();
        (irc, welcome)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server = None;
        let _ = fs::remove_dir_all(&self.data);
    }
}

#[test]
fn a_second_connection_is_the_same_user_in_the_same_rooms() {
    let house = House::new("attach");
    let mut first = house.register("alice");
    let mut bob = Irc::enter(house.server().address(), "bob");
    for irc in [&mut first, &mut bob] {
        irc.ask("JOIN #a");
        irc.ask("TOPIC #a :of two");
    }
    first.drain();
    bob.drain();
    let (mut second, welcome) = house.attach("Alice", "alice", "");
    welcome.one(":alice JOIN #a");
    welcome.one("332 alice #a :of two");
    welcome.one("353 alice = #a <any>");
    welcome.one("366 alice #a <any>");
    // Nobody is sent anything of it.
    bob.sees_nothing();
    first.sees_nothing();

    // What is said comes to both, and what one of the two says comes to the other, once.
    bob.send("PRIVMSG #a :to both");
    bob.send("PRIVMSG alice :to her alone");
    bob.drain();
    for irc in [&mut first, &mut second] {
        irc.sees(&[
            ":bob PRIVMSG #a :to both",
            ":bob PRIVMSG alice :to her alone",
        ]);
    }
    first.check("PRIVMSG #a :by the first", &[]);
    second.sees(&[":alice PRIVMSG #a :by the first"]);
    second.check("PRIVMSG bob :by the second", &[]);
    first.sees(&[":alice PRIVMSG bob :by the second"]);
    bob.sees(&[
        ":alice PRIVMSG #a :by the first",
        ":alice PRIVMSG bob :by the second",
    ]);
    first.check("PRIVMSG alice :note", &[":alice PRIVMSG alice :note"]);
    second.sees(&[":alice PRIVMSG alice :note"]);
    // An error is for the one who made it.
    first.check("PRIVMSG #none :x", &["403 alice #none <any>"]);
    second.sees_nothing();
}

#[test]
fn rooms_and_names_are_the_users_whichever_connection_changes_them() {
    let house = House::new("rooms");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    first.ask("JOIN #a,#b");
    let seen = second.drain();
    for room in ["#a", "#b"] {
        seen.one(&format!(":alice JOIN {room}"));
        seen.one(&format!("353 alice = {room} :@alice"));
        seen.one(&format!("366 alice {room} <any>"));
    }
    second.check("PART #a", &[":alice PART #a"]);
    first.sees(&[":alice PART #a"]);
    first.check("NICK alicia", &[":alice NICK alicia"]);
    second.sees(&[":alice NICK alicia"]);
    second.check("PRIVMSG #b :hi", &[]);
    first.sees(&[":alicia PRIVMSG #b :hi"]);
}

#[test]
fn a_user_stays_until_its_last_connection_goes() {
    let house = House::new("quit");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let (third, _) = house.attach("alice", "alice", "");
    let mut bob = Irc::enter(house.server().address(), "bob");
    first.ask("JOIN #a");
    bob.ask("JOIN #a");
    second.drain();
    first.drain();
    first.check_end("QUIT :bye", &["ERROR <any>"]);
    third.client.reset();
    second.check("WHOIS nobody", &["401 <...>", "318 <...>"]);
    bob.sees_nothing();
    second.check("PRIVMSG #a :still here", &[]);
    bob.sees(&[":alice PRIVMSG #a :still here"]);
    second.check_end("QUIT :now", &["ERROR <any>"]);
    assert!(bob.next().is(":alice QUIT :Quit: now"));
}

#[test]
fn the_first_of_several_may_go_while_all_talk_at_once() {
    let house = House::new("first");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut bob = Irc::enter(house.server().address(), "bob");
    bob.ask("JOIN #a");
    first.ask("JOIN #a");
    bob.drain();
    second.drain();
    // The same audience line after line, and then not.
    for n in 0..50 {
        bob.send(&format!("PRIVMSG #a :{n}"));
        if n == 25 {
            first.send("QUIT");
        }
    }
    bob.drain();
    let seen = second.drain();
    assert_eq!(seen.all("PRIVMSG").len(), 50, "{}", seen.text());
    let (third, _) = house.attach("alice", "alice", "");
    drop(second);
    let mut third = third;
    third.drain();
    for n in 0..10 {
        bob.send(&format!("PRIVMSG #a :{n}"));
    }
    bob.drain();
    assert_eq!(third.drain().all("PRIVMSG").len(), 10);
}

#[test]
fn a_user_is_away_when_all_of_its_connections_are() {
    let house = House::new("away");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut bob = Irc::enter_with(house.server().address(), "bob", &["away-notify"]);
    for irc in [&mut first, &mut bob] {
        irc.ask("JOIN #a");
    }
    second.drain();
    first.drain();
    first.check("AWAY :gone", &["306 alice <any>"]);
    bob.sees_nothing();
    second.check("AWAY :lunch", &["306 alice <any>"]);
    bob.sees(&[":alice AWAY :lunch"]);
    first.check("AWAY", &["305 alice <any>"]);
    bob.sees(&[":alice AWAY"]);
    first.check_end("QUIT", &["ERROR <any>"]);
    bob.until(":alice AWAY :lunch");
    let (_third, _) = house.attach("alice", "alice", "");
    bob.until(":alice AWAY");
}

#[test]
fn watched_names_belong_to_the_connection() {
    let house = House::new("monitor");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    first.check("MONITOR + bob", &["731 alice bob"]);
    second.check("MONITOR + carol", &["731 alice carol"]);
    let mut bob = Irc::enter(house.server().address(), "bob");
    first.sees(&["730 alice bob!<any>"]);
    second.sees_nothing();
    first.check_end("QUIT", &["ERROR <any>"]);
    bob.check_end("QUIT", &["ERROR <any>"]);
    let _carol = Irc::enter(house.server().address(), "carol");
    second.sees(&["730 alice carol!<any>"]);
}

#[test]
fn a_kill_ends_all_and_a_logout_the_others() {
    let house = House::new("kill");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    first.send("NS LOGOUT");
    first.until(":alice NICK <any>");
    first.drain();
    second.until("ERROR <any>");
    assert!(second.try_next().is_none());
    first.check_end("QUIT", &["ERROR <any>"]);
    let (mut first, _) = house.attach("alice", "alice", "");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut other = house.other_nick();
    let list = other.ask("NS SESSIONS");
    assert_eq!(list.len(), 3, "{}", list.text());
    other.ask("NS GHOST alice");
    for irc in [&mut first, &mut second] {
        irc.until("ERROR <any>");
        assert!(irc.try_next().is_none());
    }
}

#[test]
fn a_new_password_logs_out_whoever_came_in_by_the_former() {
    let house = House::new("password");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut other = Irc::enter(house.server().address(), "other");
    other.send(&format!("NS IDENTIFY alice {PASSWORD}"));
    other.until("900 other <any> alice <any>");
    first.send("NS SET PASSWORD an0ther-h0rse");
    first.until(":NickServ!<any> NOTICE alice :your new password is stored");
    second.until("ERROR <any>");
    other.until("901 other <any> :You are now logged out");
    // The client that set it is as it was.
    first
        .ask("NS INFO")
        .one(":NickServ!<any> NOTICE alice :the account is alice");
    first.send("NS LOGOUT");
    first.until("901 <any> <any> :You are now logged out");
    first.send(&format!("NS IDENTIFY alice {PASSWORD}"));
    first.until(":NickServ!<any> NOTICE <any> :wrong name or password<any>");
}

#[test]
fn sessions_are_listed_and_ended_one_by_one() {
    let house = House::new("list");
    let mut first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut third = Client::connect(house.server().address_of(1));
    third.send("/login alice c0rrect-h0rse");
    third.find("#lobby");
    first.drain();
    let list = first.ask("NS SESSIONS");
    let text: Vec<&str> = list.iter().map(|message| message.last()).collect();
    assert_eq!(text.len(), 3, "{text:?}");
    assert!(
        text[0].starts_with("1. alice by irc from 127.0.0.1, for ")
            && text[0].ends_with(", this one")
    );
    assert!(
        text[2].starts_with("3. alice by telnet from 127.0.0.1, for "),
        "{text:?}"
    );
    first.ask("NS SESSIONS END 2");
    second.until("ERROR <any>");
    first.ask("NS SESSIONS END OTHERS");
    third.find("logged out");
    assert_eq!(first.ask("NS SESSIONS").len(), 1);
    first
        .ask("NS SESSIONS END 9")
        .one(":NickServ!<any> NOTICE alice :there is no such connection");
}

#[test]
fn telnet_and_irc_are_one_user() {
    let house = House::new("telnet");
    let mut irc = house.register("alice");
    irc.ask("JOIN #a");
    let mut telnet = Client::connect(house.server().address_of(1));
    telnet.send("/login alice c0rrect-h0rse");
    telnet.skip_to("* you are in #a, and talk in #a");
    telnet.send("hello");
    irc.until(":alice PRIVMSG #a :hello");
    irc.send("PRIVMSG #a :from afar");
    telnet.skip_to("#a <alice> from afar");
    irc.send("PRIVMSG alice :note");
    telnet.skip_to("*alice* note");
}

#[test]
fn a_stranger_with_the_name_or_a_wrong_password_does_not_come_in() {
    let house = House::new("stranger");
    let _first = house.register("alice");
    let mut stranger = Irc::connect(house.server().address());
    stranger.send("USER u 0 * :r");
    stranger.check("NICK alice", &["433 * alice <any>"]);
    let mut negotiating = Irc::connect(house.server().address());
    negotiating.send("CAP LS 302");
    negotiating.send("USER u 0 * :r");
    negotiating.send("NICK alice");
    negotiating.drain();
    negotiating.send("CAP END");
    negotiating.until("433 * alice <any>");
    // Another account does not come to her either.
    let mut bob = house.register("bob");
    bob.check("NICK alice", &["433 bob alice <any>"]);
}

#[test]
fn connections_of_one_user_are_bounded() {
    let house = House::new("many");
    let _first = house.register("alice");
    let mut others: Vec<Irc> = (1..16)
        .map(|_| house.attach("alice", "alice", "").0)
        .collect();
    let mut irc = Irc::connect(house.server().address());
    irc.request(&["sasl"]);
    irc.send("NICK alice");
    irc.send("USER u 0 * :r");
    irc.send("AUTHENTICATE PLAIN");
    irc.send(&format!(
        "AUTHENTICATE {}",
        BASE64_STANDARD.encode(format!("\0alice\0{PASSWORD}"))
    ));
    irc.until("903 <any> <any>");
    irc.send("CAP END");
    irc.until("ERROR <any>");
    others[3].check_end("QUIT", &["ERROR <any>"]);
    house.attach("alice", "alice", "");
}

/// Turns always-on for the account of this connection.
fn always_on(irc: &mut Irc) {
    irc.send("NS SET ALWAYS-ON ON");
    while !irc.next().last().starts_with("you stay in your rooms") {}
}

#[test]
fn an_always_on_user_stays_and_is_come_back_to() {
    let house = House::new("stay");
    let mut alice = house.register("alice");
    let mut bob = Irc::enter_with(house.server().address(), "bob", &["away-notify"]);
    always_on(&mut alice);
    alice.ask("JOIN #a");
    bob.ask("JOIN #a");
    alice.drain();
    alice.check_end("QUIT :bye", &["ERROR <any>"]);
    assert!(bob.next().is(":alice AWAY :Not connected"));
    bob.check("PRIVMSG alice :there?", &["301 bob alice :Not connected"]);
    bob.check(
        "NAMES #a",
        &["353 bob = #a :bob @alice", "366 bob #a <any>"],
    );
    let (mut alice, welcome) = house.attach("alice", "alice", "");
    welcome.one(":alice JOIN #a");
    bob.sees(&[":alice AWAY"]);
    // Switched off, she leaves with her last connection.
    alice.send("NS SET ALWAYS-ON OFF");
    while !alice.next().last().starts_with("you leave when") {}
    alice.client.reset();
    bob.until(":alice QUIT <any>");
}

#[test]
fn a_reset_is_no_way_out_and_a_kill_is() {
    let house = House::new("killed");
    let mut alice = house.register("alice");
    always_on(&mut alice);
    let mut bob = Irc::enter_with(house.server().address(), "bob", &["away-notify"]);
    alice.ask("JOIN #a");
    bob.ask("JOIN #a");
    alice.client.reset();
    bob.until(":alice AWAY :Not connected");
    // One who is here by another nick may end her.
    let mut other = house.other_nick();
    other.drain();
    other.ask("NS GHOST alice");
    bob.until(":alice QUIT <any>");
    // She is gone, also for a server that starts again; but who comes anew stays anew.
    let (mut alice, _) = house.attach("alice", "alice", "");
    alice.ask("JOIN #a");
    bob.drain();
    alice.check_end("QUIT", &["ERROR <any>"]);
    assert!(bob.next().is(":alice AWAY :Not connected"));
    other.ask("NS GHOST alice");
    let mut house = house;
    house.restart();
    let mut bob = Irc::enter(house.server().address(), "bob");
    bob.ask("WHOIS alice").one("401 bob alice <any>");
}

#[test]
fn one_who_stays_is_not_ended_with_her_connection() {
    let house = House::new("kept");
    let (mut alice, welcome) = {
        let mut alice = house.register("alice");
        always_on(&mut alice);
        alice.check_end("QUIT", &["ERROR <any>"]);
        house.attach("alice", "alice", "madang.chat/resume")
    };
    let token = welcome.one("RESUME <any>").param(0).to_owned();
    let mut bob = Irc::enter_with(house.server().address(), "bob", &["away-notify"]);
    alice.ask("JOIN #r");
    bob.ask("JOIN #r");
    // Another nick of the account ends the connection, not the user.
    let mut other = house.other_nick();
    other.ask("NS SESSIONS END OTHERS");
    alice.until("ERROR <any>");
    assert!(bob.next().is(":alice AWAY :Not connected"));
    // A connection that is resumed ends as quietly.
    let (_alice, welcome) = house.attach("alice", "alice", "madang.chat/resume");
    assert!(bob.next().is(":alice AWAY"));
    let next = welcome.one("RESUME <any>").param(0).to_owned();
    assert_ne!(token, next);
    let mut irc = Irc::connect(house.server().address());
    irc.request(&["sasl", "madang.chat/resume"]);
    irc.send(&format!("RESUME {next}"));
    irc.send("NICK alice");
    irc.send("USER u 0 * :r");
    irc.send("CAP END");
    irc.until(":alice JOIN #r");
    let seen = bob.drain();
    seen.have_no(&["QUIT", "JOIN"]);
}

#[test]
fn a_private_room_comes_back_as_private_as_it_was() {
    let mut house = House::new("private");
    let mut alice = house.register("alice");
    always_on(&mut alice);
    alice.ask("JOIN #priv");
    alice.ask("MODE #priv +isk sesame");
    alice.check_end("QUIT", &["ERROR <any>"]);
    house.restart();
    let mut eve = Irc::enter(house.server().address(), "eve");
    eve.ask("JOIN #priv").have_no(&["JOIN"]);
    eve.ask("JOIN #priv sesame").have_no(&["JOIN"]);
    let (mut alice, welcome) = house.attach("alice", "alice", "");
    welcome.one(":alice JOIN #priv");
    let modes = alice.ask("MODE #priv");
    let modes = modes.one("324 alice #priv <...>");
    assert_eq!(modes.params.last().map(String::as_str), Some("sesame"));
}

#[test]
fn telnet_asks_the_owner_of_a_name_that_is_in_use() {
    let house = House::new("asked");
    let mut alice = house.register("alice");
    alice.ask("JOIN #a");
    let mut telnet = Client::connect(house.server().address_of(1));
    telnet.send("alice");
    telnet.find("password for alice");
    telnet.send(PASSWORD);
    telnet.skip_to_bytes(b"* you are in #a, and talk in #a");
}

#[test]
fn whoever_is_left_decides_whether_the_user_is_away() {
    let house = House::new("left");
    let _first = house.register("alice");
    let (mut second, _) = house.attach("alice", "alice", "");
    let mut bob = Irc::enter(house.server().address(), "bob");
    second.check("AWAY :lunch", &["306 alice <any>"]);
    bob.check("PRIVMSG alice :x", &[]);
    second.ask("NS SESSIONS END OTHERS");
    bob.check("PRIVMSG alice :x", &["301 bob alice :lunch"]);
}

#[test]
fn those_who_stay_come_back_after_a_restart() {
    let mut house = House::new("restart");
    let mut alice = house.register("alice");
    let mut carol = house.register("carol");
    always_on(&mut alice);
    always_on(&mut carol);
    alice.ask("JOIN #a,#gone");
    alice.ask("PART #gone");
    alice.send("CS REGISTER #a");
    alice.until(":ChanServ!<any> NOTICE alice :the room is yours<any>");
    carol.ask("JOIN #b,#a");
    carol.ask("NICK caroline");
    carol.ask("MODE caroline +iw");
    carol.check_end("QUIT", &["ERROR <any>"]);
    let house_server = house.server.take().expect("it runs");
    house_server.stop();
    house.start();
    let mut bob = Irc::enter(house.server().address(), "bob");
    bob.ask("JOIN #a").one("353 bob = #a :bob caroline ~alice");
    let names = bob.ask("NAMES #a").text();
    assert!(
        names.contains("~alice") && names.contains("caroline"),
        "{names}"
    );
    bob.ask("JOIN #b").one("353 bob = #b <any>");
    bob.check(
        "PRIVMSG caroline :there?",
        &["301 bob caroline :Not connected"],
    );
    let gone = bob.ask("JOIN #gone").text();
    assert!(!gone.contains("alice"), "{gone}");
    let (mut carol, welcome) = house.attach("caroline", "carol", "");
    welcome.one(":caroline JOIN #b");
    welcome.one("MODE caroline +iw");
    carol.check("MODE caroline", &["221 caroline +iw"]);
    // A server that is killed has no time to write anything more.
    let (_alice, _) = house.attach("alice", "alice", "");
    house.server().signal(Signal::KILL);
    let mut server = house.server.take().expect("it runs");
    server.wait();
    drop(server);
    house.start();
    let mut bob = Irc::enter(house.server().address(), "bob");
    let names = bob.ask("JOIN #a").text();
    assert!(
        names.contains("~alice") && names.contains("caroline"),
        "{names}"
    );
}

#[test]
fn an_account_that_ends_takes_its_user_with_it() {
    let house = House::new("drop");
    let mut alice = house.register("alice");
    always_on(&mut alice);
    let mut bob = Irc::enter_with(house.server().address(), "bob", &["away-notify"]);
    alice.ask("JOIN #a");
    bob.ask("JOIN #a");
    alice.client.reset();
    bob.until(":alice AWAY <any>");
    let mut other = house.other_nick();
    other.send(&format!("NS DROP {PASSWORD}"));
    bob.until(":<any> QUIT <any>");
}
