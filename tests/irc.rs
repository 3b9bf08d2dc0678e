//! IRC from outside: the real binary, real sockets. The byte level of each command is tested beside its code; here are the
//! things that need the whole server: one port for all, deadlines, operators, lists that are longer than a queue, cut-off input.

mod common;

use common::{Client, Server, Setup};

/// An IRC client that has registered.
fn enter(server: &Server, nick: &str) -> Client {
    let mut client = Client::connect(server.address());
    client.send(&format!("NICK {nick}\r"));
    client.send(&format!("USER {nick} 0 * :Real {nick}\r"));
    client.find(" 422 ");
    client
}

#[test]
fn one_port_for_irc_and_telnet() {
    let server = Server::start();
    let mut alice = enter(&server, "alice");
    alice.send("JOIN #lobby\r");
    alice.find(" 366 ");
    let mut bob = Client::enter(server.address(), "bob");
    alice.expect(":bob!~telnet@127.0.0.1 JOIN #lobby");
    alice.send("PRIVMSG #lobby :hello\r");
    bob.find("#lobby <alice> hello");
    bob.send("hi");
    alice.expect(":bob!~telnet@127.0.0.1 PRIVMSG #lobby :hi");
    alice.send("QUIT :bye\r");
    alice.expect("ERROR :Closing Link: 127.0.0.1 (Quit: bye)");
    alice.expect_end();
    bob.find("* alice quit (Quit: bye)");
    server.stop();
}

#[test]
fn a_caller_greeted_as_telnet_may_be_irc() {
    let server = Server::start();
    let mut late = Client::connect(server.address());
    late.find("what is your name?");
    late.send("NICK late\r");
    late.send("USER late 0 * :Late\r");
    late.find(" 001 late ");
    server.stop();
}

#[test]
fn any_cut_of_the_input_is_the_same() {
    let server = Setup::new().listen("irc://127.0.0.1:0").start();
    let mut client = Client::connect(server.address());
    for byte in b"NICK a\nUSER a 0 * :A\r\n" {
        client.send_bytes(&[*byte]);
    }
    client.find(" 422 ");
    client.send_bytes(&[b'x'; 5_000]);
    client.send_bytes(b"\r\nPING after\r\n");
    client.expect(":madang.local 417 a :Input line was too long");
    client.expect(":madang.local PONG madang.local :after");
    client.send_bytes(b"PRIVMSG a :\xff\r\n");
    client.expect_prefix(":madang.local FAIL PRIVMSG INVALID_UTF8 :");
    client.send_bytes(b"QUIT");
    client.end_input();
    client.expect_end();
    server.stop();
}

#[test]
fn a_long_list_comes_whole_also_when_nothing_more_is_said() {
    let server = Setup::new()
        .config("[limits]\nmessages_per_second = 0\nsend_queue = \"64 KiB\"\n")
        .start();
    let mut rooms: Vec<Client> = Vec::new();
    for person in 0..10 {
        let mut client = enter(&server, &format!("p{person}"));
        for room in 0..90 {
            client.send(&format!("JOIN #{person}-{room}-{}\r", "x".repeat(40)));
            client.find(" 366 ");
            client.send(&format!(
                "TOPIC #{person}-{room}-{} :{}\r",
                "x".repeat(40),
                "t".repeat(300)
            ));
            client.find(" TOPIC ");
        }
        rooms.push(client);
    }
    let mut reader = enter(&server, "reader");
    reader.send("LIST\r");
    reader.end_input();
    let text = reader.rest();
    assert_eq!(text.matches(" 322 reader #").count(), 900);
    assert!(text.contains(" 323 reader :End of /LIST"));
    server.stop();
}

#[test]
fn operators_end_the_stay_of_others() {
    // `madang passwd` makes such a line; this one has few rounds, for the sake of the test's time.
    let hash = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";
    let config = format!("[[operator]]\nname = \"root\"\npassword = \"{hash}\"\n");
    let mut server = Setup::new().config(&config).start();
    let mut root = enter(&server, "ruth");
    root.send("OPER root wrong\r");
    root.expect(":madang.local 464 ruth :Password incorrect");
    root.send("OPER nobody secret\r");
    root.expect(":madang.local 464 ruth :Password incorrect");
    let mut bob = enter(&server, "bob");
    root.send("KILL bob :x\r");
    root.expect(":madang.local 481 ruth :Permission Denied- You're not an IRC operator");
    // What is said while the password is being checked is done afterwards.
    root.send_bytes(b"OPER root secret\r\nKILL bob :enough\r\n");
    root.expect(":ruth!~ruth@127.0.0.1 MODE ruth +o");
    root.expect(":madang.local 381 ruth :You are now an IRC operator");
    bob.expect_prefix(":ruth!~ruth@127.0.0.1 KILL bob :Killed (ruth (enough))");
    bob.expect_prefix("ERROR :Closing Link: Killed");
    bob.expect_end();
    let mut eve = enter(&server, "eve");
    root.send("KLINE 10 *@127.0.0.0/8 :go away\r");
    eve.expect("ERROR :Closing Link: Banned from the server: go away");
    eve.expect_end();
    let mut again = Client::connect(server.address());
    again.send("NICK eve\r");
    again.send("USER eve 0 * :Eve\r");
    again.expect(":madang.local 465 * :You are banned from this server: go away");
    let mut terminal = Client::connect(server.address());
    terminal.send("eve");
    terminal.find("! you are banned from this server: go away");
    terminal.expect_end();
    root.send("UNKLINE *@127.0.0.0/8\r");
    root.find("Lifted the ban of");
    enter(&server, "eve");
    root.send("DIE\r");
    root.find("shutting down");
    root.expect_end();
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn silence_is_asked_about_and_then_ended() {
    let config = "[limits]\nping = \"500ms\"\nregistration = \"500ms\"\n";
    let server = Setup::new()
        .config(config)
        .listen("irc://127.0.0.1:0")
        .start();
    let mut silent = enter(&server, "silent");
    silent.expect("PING :madang.local");
    silent.send("PONG :madang.local\r");
    silent.expect("PING :madang.local");
    silent.expect_prefix("ERROR :Closing Link: Ping timeout: ");
    silent.expect_end();
    let mut nobody = Client::connect(server.address());
    nobody.send("NICK x\r");
    nobody.expect("ERROR :Closing Link: Registration timeout");
    nobody.expect_end();
    server.stop();
}

#[test]
fn a_password_is_asked_of_everyone() {
    let server = Setup::new()
        .config("[server]\npassword = \"open sesame\"\n")
        .start();
    let mut right = Client::connect(server.address());
    right.send("PASS :open sesame\r");
    right.send("NICK right\r");
    right.send("USER r 0 * :R\r");
    right.find(" 001 right ");
    let mut wrong = Client::connect(server.address());
    wrong.send("NICK wrong\r");
    wrong.send("USER w 0 * :W\r");
    wrong.expect(":madang.local 464 * :Password incorrect");
    wrong.expect_prefix("ERROR :");
    wrong.expect_end();
    let mut telnet = Client::connect(server.address());
    telnet.find("what is the password?");
    for _ in 0..2 {
        telnet.send("mallory");
        telnet.expect("! that is not the password; try again");
    }
    telnet.send("mallory");
    telnet.expect("! that is not the password; good-bye");
    telnet.expect_end();
    let mut telnet = Client::connect(server.address());
    telnet.find("what is the password?");
    telnet.send("open sesame");
    telnet.expect("* what is your name?");
    telnet.send("tom");
    telnet.expect("* tom joined #lobby");
    server.stop();
}
