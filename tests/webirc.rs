//! WEBIRC: a gateway of the configuration says for whom it has connected (IRCv3 WebIRC).

mod common;

use common::{Client, Irc, Server, Setup};

/// What `madang passwd` prints for `secret`, with few rounds.
const HASH: &str = "pbkdf2-sha256$1000$00112233445566778899aabbccddeeff$\
                    588372775fb38b5711b6f36b465e293dc7b793e008550ee8a10bb26a8e7f85b8";

fn start(more: &str) -> Server {
    let config = format!(
        "{more}\n[[webirc]]\npassword = '{HASH}'\nnetworks = ['127.0.0.1']\n\
         [[operator]]\nname = 'boss'\npassword = '{HASH}'\n"
    );
    let setup = Setup::new().config(&config).listen("any://127.0.0.1:0");
    setup.flag("--log").flag("debug").start()
}

fn enter(server: &Server, webirc: &str, nick: &str) -> Client {
    let mut client = Client::connect(server.address());
    client.send(&format!(
        "{webirc}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}\r"
    ));
    client.find(" 001 ");
    client
}

#[test]
fn the_connection_is_the_client_s_from_then_on() {
    let server = start("[limits]\nclients_per_address = 2\nexempt = []\n");
    let _ann = enter(&server, "WEBIRC secret web ann.example 192.0.2.1", "ann");
    let _eve = enter(
        &server,
        "WEBIRC secret web 192.0.2.1 192.0.2.1 :secure remote-port=4711",
        "eve",
    );
    let mut third = Client::connect(server.address());
    third.send("WEBIRC secret web x 192.0.2.1\r");
    third.find("ERROR :Closing Link: Too many connections from your address");
    let _bob = enter(&server, "WEBIRC secret web x 0::2", "bob");
    server
        .log
        .expect("forwarded by a gateway peer=192.0.2.1:4711 gateway=127.0.0.1:");
    let mut boss = Irc::enter(server.address(), "boss");
    boss.send("OPER boss secret");
    boss.until("381 boss <any>");
    boss.send("WHOIS eve");
    let shown = format!("{:?}", boss.drain());
    assert!(shown.contains("192.0.2.1"), "{shown}");
    // From the gateway to the server there was no TLS, so the client is not secure, whatever the gateway says.
    assert!(!shown.contains(" 671 "), "{shown}");
    boss.send("KLINE *@192.0.2.1 :away");
    boss.drain();
    let mut again = Client::connect(server.address());
    again.send("WEBIRC secret web x 192.0.2.1\r\nNICK new\r\nUSER n 0 * :n\r");
    again.find("ERROR ");
    boss.send("WHOIS bob");
    let shown = format!("{:?}", boss.drain());
    assert!(shown.contains(" 311 "), "others stay: {shown}");
    server.stop();
}

#[test]
fn many_who_connect_at_once_wait_for_one_check() {
    // A second or more of hashing in a debug build, if each were checked by itself.
    let server = start("");
    let mut all: Vec<Client> = (0..30)
        .map(|number| {
            let mut client = Client::connect(server.address());
            let line = format!(
                "WEBIRC secret web x 192.0.2.{number}\r\nNICK n{number}\r\nUSER n 0 * :n\r"
            );
            client.send(&line);
            client
        })
        .collect();
    for client in &mut all {
        client.find(" 001 ");
    }
    let rights = server.log.text().matches("reason=gateway_right").count();
    assert_eq!(rights, 1, "one check for all");
    server.stop();
}

#[test]
fn what_is_wrong_ends_with_error() {
    let server = start("");
    for (lines, expected) in [
        ("WEBIRC wrong web x 192.0.2.1", "(Invalid WebIRC password)"),
        ("WEBIRC secret web x host", "(Invalid address in WEBIRC)"),
        ("WEBIRC secret web x 0.0.0.0", "(Invalid address in WEBIRC)"),
        (
            "CAP LS\r\nWEBIRC secret web x 192.0.2.1",
            "(WEBIRC has to be the first command)",
        ),
        (
            "NICK ann\r\nWEBIRC secret web x 192.0.2.1",
            "(WEBIRC has to be the first command)",
        ),
        (
            "WEBIRC secret web x 192.0.2.1\r\nWEBIRC secret web x 192.0.2.2",
            "(WEBIRC has to be the first command)",
        ),
    ] {
        let mut client = Client::connect(server.address());
        client.send(&format!("{lines}\r"));
        let line = client.find("ERROR ");
        assert!(line.contains(expected), "{lines:?}: {line}");
        client.rest();
    }
    // A registered user is refused in the ordinary way.
    let mut ann = enter(&server, "WEBIRC secret web x 192.0.2.1", "ann");
    ann.send("WEBIRC secret web x 192.0.2.2\r");
    ann.find(" 462 ann ");
    assert!(
        !server.log.text().contains("secret"),
        "no password is logged"
    );
    server.stop();
}

#[test]
fn nobody_but_a_gateway_may_use_it() {
    let config = format!("[[webirc]]\npassword = '{HASH}'\nnetworks = ['192.0.2.0/24']\n");
    for config in ["", &config] {
        let server = Setup::new().config(config).start();
        let mut client = Client::connect(server.address());
        client.send("WEBIRC secret web x 192.0.2.1\r");
        client.find("(WEBIRC is not for you)");
        client.rest();
        server.stop();
    }
}

#[test]
fn a_new_password_counts_after_a_reload() {
    let config =
        |hash: &str| format!("[[webirc]]\npassword = '{hash}'\nnetworks = ['127.0.0.1']\n");
    let server = Setup::new().config(&config(HASH)).start();
    let _ann = enter(&server, "WEBIRC secret web x 192.0.2.1", "ann");
    let other = HASH.replace(
        "00112233445566778899aabbccddeeff",
        "ff112233445566778899aabbccddeeff",
    );
    std::fs::write(server.config_file(), config(&other)).unwrap();
    server.signal(rustix::process::Signal::HUP);
    server.log.expect("configuration read again");
    let mut eve = Client::connect(server.address());
    eve.send("WEBIRC secret web x 192.0.2.1\r");
    eve.find("(Invalid WebIRC password)");
    server.stop();
}
