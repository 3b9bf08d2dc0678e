//! Out of room: more callers than descriptors, than clients allowed, than connections allowed from one address
//! (docs/PITFALLS.md, 4).
//!
//! Whoever is inside notices nothing, whoever is outside is told, the process does not spin, and who leaves makes room at once.

mod common;

use common::{Client, QUESTION, Server, Setup, WELCOME, report, wait_for};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use socket2::{Domain, Socket, Type};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

const FULL: &str = "! the server is full, try again later";
const TOO_MANY: &str =
    "! too many connections from your address ([limits] clients_per_address of this server)";
const TOO_SOON: &str = "! too many connections from your address, try again later \
    ([limits] connections_per_minute of this server)";

const CALLERS: usize = 300;
const DESCRIPTORS: u32 = 64;

/// How long the process is watched while it is full.
const WATCHED: Duration = Duration::from_secs(2);

/// Calls; a caller for whom there is room is greeted, others are told and hung up on, and stay connected on this side.
#[track_caller]
fn is_let_in(caller: &mut Client) -> bool {
    match caller.line().as_str() {
        WELCOME => {
            caller.skip_to(QUESTION);
            true
        }
        FULL => {
            caller.expect_end();
            false
        }
        other => panic!("neither welcome nor refused: {other:?}"),
    }
}

/// Lets three hundred call at once; those inside, in the lobby by name, and those outside.
#[track_caller]
fn rush(server: &Server) -> (Vec<Client>, Vec<Client>) {
    let address = server.address();
    let callers: Vec<Client> = (0..CALLERS).map(|_| Client::connect(address)).collect();
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for mut caller in callers {
        if is_let_in(&mut caller) {
            caller.give_name_again(&format!("guest{}", inside.len()));
            inside.push(caller);
        } else {
            outside.push(caller);
        }
    }
    for client in &mut inside {
        client.skip_all();
    }
    (inside, outside)
}

/// Everyone says a line, and everyone else hears it.
#[track_caller]
fn chat(clients: &mut [Client]) {
    for speaker in 0..clients.len() {
        clients[speaker].send(&format!("line of {speaker}"));
        for (listener, client) in clients.iter_mut().enumerate() {
            if listener != speaker {
                client.find(&format!("> line of {speaker}"));
            }
        }
    }
}

/// The part of real time that the process spends on the CPU while callers keep coming to a full house.
fn busy_part(server: &Server) -> f64 {
    let (before, start) = (server.process().usage(), Instant::now());
    // Callers who wait, not a flood of them: a new one each 20 ms.
    let mut waiting = Vec::new();
    while start.elapsed() < WATCHED {
        waiting.push(Client::connect(server.address()));
        thread::sleep(Duration::from_millis(20));
    }
    let busy = server.process().usage().cpu - before.cpu;
    for mut caller in waiting {
        caller.expect(FULL);
        caller.expect_end();
    }
    busy.as_secs_f64() / WATCHED.as_secs_f64()
}

/// What has to hold of a server with room for fewer than call, whatever the room is bounded by.
#[track_caller]
fn check_full_house(server: &Server, room: std::ops::RangeInclusive<usize>) {
    let (mut inside, outside) = rush(server);
    assert!(room.contains(&inside.len()), "{} inside", inside.len());
    assert_eq!(inside.len() + outside.len(), CALLERS);
    chat(&mut inside);

    let busy = busy_part(server);
    report(&format!("{:.1} % of a CPU while full", busy * 100.0));
    assert!(busy < 0.2, "busy {busy:.2} of the time while full");
    chat(&mut inside);

    // Whoever leaves makes room, at once and for one, though some of those outside still hold on to their connections.
    for round in 0..5 {
        // With news unread, so mostly by a reset.
        drop(inside.remove(0));
        let last = inside.len() - 1;
        inside[last].find(" quit (connection ");
        let mut newcomer = Client::connect(server.address());
        assert!(is_let_in(&mut newcomer), "round {round}");
        newcomer.give_name_again(&format!("newcomer{round}"));
        inside.push(newcomer);
    }
    for client in &mut inside {
        client.skip_all();
    }
    chat(&mut inside);
    drop(outside);
}

#[test]
fn three_hundred_call_where_sixty_four_descriptors_are() {
    let mut server = Setup::new().descriptors(DESCRIPTORS).start();
    check_full_house(&server, 40..=60);
    server.expect_unharmed();
}

#[test]
fn a_wish_for_more_clients_than_descriptors_is_cut_and_logged() {
    let setup = Setup::new().descriptors(DESCRIPTORS);
    let mut server = setup.flag("--max-clients").flag("1000").start();
    server.log.expect("fewer clients than wanted");
    check_full_house(&server, 40..=60);
    server.expect_unharmed();
}

#[test]
fn descriptors_that_run_out_below_the_client_limit_do_no_harm() {
    let mut server = Server::start();
    // Taken away while it runs, so that it counts on thousands.
    let limit = Rlimit {
        current: Some(DESCRIPTORS.into()),
        maximum: Some(DESCRIPTORS.into()),
    };
    let id = i32::try_from(server.process().0)
        .ok()
        .and_then(Pid::from_raw);
    prlimit(id, Resource::Nofile, limit).expect("our own child");
    check_full_house(&server, 40..=60);
    server.expect_unharmed();
}

#[test]
fn the_client_limit_holds_and_who_leaves_makes_room_at_once() {
    let server = Setup::new().flag("--max-clients").flag("2").start();
    let mut ann = Client::enter(server.address(), "ann");
    let bob = Client::enter(server.address(), "bob");
    ann.expect("* bob joined #lobby");
    // They do not hang up.
    let refused: Vec<Client> = (0..5)
        .map(|_| {
            let mut caller = Client::connect(server.address());
            assert!(!is_let_in(&mut caller));
            caller
        })
        .collect();
    drop(bob);
    ann.expect("* bob quit (connection closed)");
    let mut eve = Client::enter(server.address(), "eve");
    ann.expect("* eve joined #lobby");
    // Nor does one who says goodbye and stays on the line.
    eve.send("/quit");
    ann.expect("* eve quit");
    let _dan = Client::enter(server.address(), "dan");
    drop(refused);
}

/// Calls from an address of this machine's own network.
#[track_caller]
fn call_from(last: u8, server: &Server) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(&source.into()).unwrap();
    socket.connect(&server.address().into()).unwrap();
    Client::over(socket.into())
}

#[test]
fn one_address_may_have_so_many_connections_and_no_more() {
    let config = "[limits]\nclients_per_address = 2\nexempt = []\n";
    let server = Setup::new().config(config).start();
    let mut ann = call_from(2, &server);
    ann.give_name("ann");
    let mut bob = call_from(2, &server);
    bob.give_name("bob");
    let refused: Vec<Client> = (0..3)
        .map(|_| {
            let mut caller = call_from(2, &server);
            caller.expect(TOO_MANY);
            caller.expect_end();
            caller
        })
        .collect();
    call_from(3, &server).give_name("elsewhere");
    // Room is made by who leaves, not by who was refused.
    drop(bob);
    ann.find("* bob quit");
    call_from(2, &server).give_name("eve");
    drop(refused);
}

/// Where this machine is on a network, if it is: what is sent there stays on this machine, and is not from loopback.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: the system only looks for a way to there (an address of RFC 5737 that nobody has).
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn by_default_this_machine_is_not_limited_and_another_address_is() {
    let server = Setup::new().listen("telnet://0.0.0.0:0").start();
    let mut crowd: Vec<Client> = (0..200).map(|_| call_from(2, &server)).collect();
    for caller in &mut crowd {
        caller.expect(WELCOME);
    }
    let Some(address) = own_address() else {
        // No address but loopback: the rest has no caller. The unit tests of src/server/limits/admission.rs hold it.
        return;
    };
    let call = || {
        let address = SocketAddr::from((address, server.address().port()));
        Client::over(TcpStream::connect(address).unwrap())
    };
    let mut inside: Vec<Client> = (0..128).map(|_| call()).collect();
    for caller in &mut inside {
        caller.expect(WELCOME);
    }
    let mut refused = call();
    refused.expect(TOO_MANY);
    refused.expect_end();
    let line = server.log.expect("clients_per_address raises the limit");
    assert!(line.contains("[limits] exempt"), "{line}");
    assert_eq!(line.matches("WARN").count(), 1, "{line}");
    // Nobody else is concerned.
    call_from(2, &server).expect(WELCOME);
}

#[test]
fn a_reload_switches_the_limit_for_one_address_on_and_off() {
    let limit = |limit| format!("[limits]\nclients_per_address = {limit}\nexempt = []\n");
    let server = Setup::new().config(&limit(0)).start();
    let reload = |limit_now| {
        std::fs::write(server.config_file(), limit(limit_now)).unwrap();
        server.signal(Signal::HUP);
    };
    let mut ann = call_from(2, &server);
    ann.give_name("ann");
    let mut bob = call_from(2, &server);
    bob.give_name("bob");
    // Those who came before are counted too.
    reload(2);
    let mut refused = Vec::new();
    wait_for("the new limit", || {
        let mut caller = call_from(2, &server);
        let is_refused = caller.line() == TOO_MANY;
        refused.push(caller);
        is_refused.then_some(())
    });
    reload(0);
    wait_for("no limit", || {
        (call_from(2, &server).line() == WELCOME).then_some(())
    });
    ann.send("/quit");
    ann.rest();
}

#[test]
fn callers_refused_for_another_reason_do_not_loosen_the_limit_of_their_address() {
    let config = "[limits]\nclients = 2\nclients_per_address = 1\nexempt = []\n";
    let server = Setup::new().config(config).start();
    let mut ann = call_from(2, &server);
    ann.give_name("ann");
    let mut bob = call_from(3, &server);
    bob.give_name("bob");
    ann.expect("* bob joined #lobby");
    for _ in 0..3 {
        let mut caller = call_from(2, &server);
        caller.expect_prefix("! ");
        caller.expect_end();
    }
    bob.send("/quit");
    ann.expect("* bob quit");
    drop(bob);
    let mut second = call_from(2, &server);
    second.expect(TOO_MANY);
}

#[test]
fn one_address_may_call_so_often_and_no_more() {
    let config = "[limits]\nconnections_per_minute = 3\nexempt = []\n";
    let server = Setup::new().config(config).start();
    for number in 0..3 {
        let mut caller = call_from(2, &server);
        caller.give_name(&format!("guest{number}"));
        caller.send("/quit");
    }
    // That they have left makes no difference.
    for _ in 0..2 {
        let mut caller = call_from(2, &server);
        caller.expect(TOO_SOON);
        caller.expect_end();
    }
    call_from(3, &server).give_name("elsewhere");
}
