//! Accounts at a telnet prompt of the program itself: a name is registered, kept over a restart, and entered with its
//! password, whatever is typed ahead.

mod common;

use common::{Client, Server, Setup};
use std::{fs, path::PathBuf};

/// `IAC WILL ECHO`: what is typed is not to be shown.
const HIDE: &[u8] = b"\xFF\xFB\x01";

/// A directory that is removed in the end.
struct Data(PathBuf);

impl Data {
    fn new() -> Self {
        let name = format!("madang-telnet-accounts-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn start(&self) -> Server {
        let setup = Setup::new().flag("--data").flag(self.0.to_str().unwrap());
        setup.start()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_registered_name_is_for_its_owner_alone_and_outlives_the_server() {
    let data = Data::new();
    let server = data.start();
    let mut alice = Client::enter(server.address(), "alice");
    alice.send("/register");
    alice.skip_to_bytes(HIDE);
    // The second answer and two more lines come at once, and wait for their turn.
    alice.send_bytes(b"open-sesame\r\nopen-sesame\r\n/account info\r\n/quit\r\n");
    alice.skip_to_bytes(b"* your account is made");
    alice.skip_to("* alice is here and logged in");
    alice.skip_to("* goodbye");
    drop(alice);
    server.stop();

    let server = data.start();
    let mut stranger = Client::connect(server.address());
    stranger.send("alice");
    stranger.skip_to_bytes(HIDE);
    stranger.send("not-the-password");
    stranger.skip_to_bytes(b"! wrong name or password\r\n");
    // The question again, and the input hidden; an empty line gives it up.
    stranger.skip_to_bytes(HIDE);
    stranger.send("");
    stranger.skip_to_bytes(b"* what is your name?\r\n");
    stranger.give_name_again("stranger");
    let mut alice = Client::connect(server.address());
    alice.send_bytes(b"alice\r\n\xFF\xFD\x01open-sesame\r\nhello\r\n");
    stranger.find("#lobby <alice> hello");
    // ChanServ is at the prompt too.
    stranger.send("/room info #lobby");
    stranger.find("! that room is not registered");
    // A client that sends all it has and ends is answered all the same.
    let mut other = Client::connect(server.address());
    other.send_bytes(b"/login alice open-sesame\r\n");
    other.end_input();
    other.skip_to("* you are in #lobby, and talk in #lobby");
    server.stop();
}
