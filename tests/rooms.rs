//! Registered rooms, through ChanServ, and after the server was killed.

mod common;

use common::{Irc, Server, Setup};
use rustix::process::Signal;
use std::{fs, path::PathBuf};

/// A data directory that is gone with its test.
struct Data(PathBuf);

impl Data {
    fn new(name: &str) -> Self {
        let name = format!("madang-rooms-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn start(&self) -> Server {
        let data = self.0.to_str().expect("UTF-8");
        let config = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";
        Setup::new()
            .config(config)
            .flag("--data")
            .flag(data)
            .start()
    }

    /// Ends the server without any warning, and starts the next one.
    fn restart(&self, mut server: Server) -> Server {
        server.signal(Signal::KILL);
        server.wait();
        self.start()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn chanserv(irc: &mut Irc, command: &str, answer: &str) {
    irc.send(&format!("PRIVMSG ChanServ :{command}"));
    irc.until(&format!(":ChanServ NOTICE <any> :{answer}<any>"));
}

#[test]
fn a_registered_room_comes_back_after_a_crash() {
    let data = Data::new("crash");
    let server = data.start();
    let mut ann = Irc::enter(server.address(), "ann");
    ann.send("NS REGISTER open-sesame");
    ann.until(":NickServ NOTICE <any> :your account is made<any>");
    ann.send("JOIN #den");
    chanserv(&mut ann, "REGISTER #den", "the room is yours");
    ann.send("TOPIC #den :mind the step");
    ann.send("MODE #den +kb sesame *!*@bad");
    ann.until(":ann MODE #den +kb sesame *!*@bad");
    // What follows was not written before what came first: an answer to it means that both are on the disk.
    ann.send("JOIN #other");
    chanserv(&mut ann, "REGISTER #other", "the room is yours");

    let server = data.restart(server);
    let mut bob = Irc::enter(server.address(), "bob");
    bob.send("JOIN #den");
    bob.until("475 bob #den <any>");
    bob.send("JOIN #den sesame");
    bob.until("332 bob #den :mind the step");
    bob.send("MODE #den");
    bob.until("324 bob #den <any>k<any> sesame");
    bob.send("MODE #den +b");
    bob.until("367 bob #den *!*@bad <any> <any>");
    chanserv(&mut bob, "INFO #den", "#den belongs to ann");
    chanserv(&mut bob, "DROP #den", "log in to your account first");

    let mut ann = Irc::connect(server.address());
    ann.register("guest");
    ann.send("NS IDENTIFY ann open-sesame");
    ann.until(":NickServ NOTICE <any> :you are logged in<any>");
    ann.send("JOIN #den");
    bob.until(":guest MODE #den +q guest");
    chanserv(
        &mut ann,
        "DROP #other",
        "the room is not registered any more",
    );
    chanserv(&mut ann, "DROP #den", "the room is not registered any more");
    drop((ann, bob));

    let server = data.restart(server);
    let mut bob = Irc::enter(server.address(), "bob");
    bob.send("JOIN #den");
    bob.until("353 bob = #den :@bob");
    bob.send("CS INFO #den");
    bob.until(":ChanServ NOTICE <any> :that room is not registered<any>");
    server.stop();
}

#[test]
fn a_dropped_account_takes_its_rooms_along() {
    let data = Data::new("account");
    let server = data.start();
    let mut ann = Irc::enter(server.address(), "ann");
    ann.send("NS REGISTER open-sesame");
    ann.until(":NickServ NOTICE <any> :your account is made<any>");
    ann.send("JOIN #den");
    chanserv(&mut ann, "REGISTER #den", "the room is yours");
    ann.send("NS DROP open-sesame");
    ann.until(":NickServ NOTICE <any> :the account is gone<any>");
    let server = data.restart(server);
    // A later account of that name has nothing of the former.
    let mut ann = Irc::enter(server.address(), "ann");
    ann.send("NS REGISTER other-sesame");
    ann.until(":NickServ NOTICE <any> :your account is made<any>");
    chanserv(&mut ann, "INFO #den", "there is no such room");
    server.stop();
}

#[test]
fn a_ban_of_an_account_finds_its_user_under_any_nick_and_after_a_restart() {
    let data = Data::new("extban");
    let server = data.start();
    let mut ann = Irc::enter(server.address(), "ann");
    ann.send("NS REGISTER open-sesame");
    ann.until(":NickServ NOTICE <any> :your account is made<any>");
    let mut bob = Irc::enter(server.address(), "bob");
    bob.send("NS REGISTER open-sesame-too");
    bob.until(":NickServ NOTICE <any> :your account is made<any>");
    ann.send("JOIN #den");
    ann.send("MODE #den +b ~a:BOB");
    ann.until(":ann MODE #den +b ~a:BOB");
    chanserv(&mut ann, "REGISTER #den", "the room is yours");

    let server = data.restart(server);
    let mut bob = Irc::connect(server.address());
    bob.register("stranger");
    bob.send("JOIN #den");
    bob.until(":stranger JOIN #den");
    bob.send("PRIVMSG #den :nobody knows me");
    bob.send("NS IDENTIFY bob open-sesame-too");
    bob.until("900 stranger <any> bob <any>");
    bob.send("PRIVMSG #den :and now");
    bob.until("404 stranger #den <any>");
    bob.send("PART #den");
    bob.send("JOIN #den");
    bob.until("474 stranger #den <any>");
}
