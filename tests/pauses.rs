//! A server that was stopped and goes on (SIGSTOP here; a virtual machine that was moved is the same) lets nobody go who
//! was not asked and given the full time to answer, in any protocol.

mod common;

use common::{Client, Heard, Setup, Socket, Visitor, fetch};
use rustix::process::Signal;
use std::{thread, time::Duration};

/// No less than this is a fair time to answer for a test on a machine that is busy.
const CONFIG: &str = "[limits]\nping = \"4s\"\nregistration = \"4s\"\n[web]\nping = \"4s\"\n";

/// More than twice of it.
const PAUSE: Duration = Duration::from_secs(9);

const IAC: u8 = 255;
const WILL: u8 = 251;
const DO: u8 = 253;
const WONT: u8 = 252;
const TIMING_MARK: u8 = 6;

#[test]
fn whoever_was_silent_while_the_server_was_stopped_is_asked_first_and_stays() {
    let server = Setup::new()
        .config(CONFIG)
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .start();
    let address = server.address_of(0);
    let mut irc = Client::connect(address);
    irc.send("NICK irc\r\nUSER irc 0 * :irc\r");
    irc.find(" 422 ");
    let mut telnet = Client::enter(address, "telnet");
    telnet.send_bytes(&[IAC, DO, 1, b'\n']);
    telnet.skip_to_bytes(&[IAC, WONT, 1]);
    let mut web = Socket::enter(address, "web");
    // These are in the middle of something that has to be done in time.
    let mut nameless = Client::connect(address);
    nameless.send("NICK nameless\r\nPING x\r");
    nameless.find("PONG");
    let mut visitor = Visitor::connect(address);
    visitor.send("GET / HTTP/1.1\r\nHost: localhost\r\n");

    server.signal(Signal::STOP);
    thread::sleep(PAUSE);
    server.signal(Signal::CONT);

    visitor.send("\r\n");
    assert_eq!(visitor.answer().status, 200);
    nameless.send("USER nameless 0 * :nameless\r");
    nameless.find(" 422 ");
    // Each is asked, answers, and is there to be asked again.
    let irc = thread::spawn(move || {
        for _ in 0..2 {
            irc.find("PING :madang.local");
            irc.send("PONG :madang.local\r");
        }
        irc.send("PING still-here\r");
        irc.find("still-here");
    });
    let telnet = thread::spawn(move || {
        for _ in 0..2 {
            telnet.skip_to_bytes(&[IAC, DO, TIMING_MARK]);
            telnet.send_bytes(&[IAC, WILL, TIMING_MARK]);
        }
        telnet.send("/who");
        telnet.find("telnet");
    });
    let web = thread::spawn(move || {
        let mut pings = 0;
        while pings < 2 {
            // It answers by itself, as browsers do.
            pings += usize::from(web.next() == Heard::Ping);
        }
        web.send("PING still-here");
        web.find("still-here");
    });
    for client in [irc, telnet, web] {
        client.join().expect("nobody was let go");
    }
    let metrics = server.address_of(1);
    let text = fetch(metrics, "/metrics").body;
    assert!(text.contains("\nmadang_pauses_total "), "{text}");
    assert!(!text.contains("\nmadang_pauses_total 0\n"), "{text}");
    server.log.expect("did not run for a while");
    server.stop();
}
