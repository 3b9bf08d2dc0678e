//! Many people, slow people, people who paste, people who flood: each line once and in order to everyone, and nobody
//! pays for a neighbour (docs/PITFALLS.md, 1, 2 and 5).

mod common;

use common::{Client, Dice, PATIENCE, Server, Setup, connect_with};
use std::{
    collections::HashSet,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const NO_FLOOD_CONTROL: &str = "[limits]\nmessages_per_second = 0\n";

/// Small buffers in the kernel, so that it is the server's queue that fills and not megabytes of the kernel's.
const SMALL_BUFFERS: &str = "any://127.0.0.1:0?sndbuf=8192";

fn without_flood_control() -> Server {
    Setup::new().config(NO_FLOOD_CONTROL).start()
}

/// Names everyone, and waits until all have seen all come in.
#[track_caller]
fn crowd(address: SocketAddr, size: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..size)
        .map(|number| Client::enter(address, &format!("guest{number}")))
        .collect();
    for client in &mut clients {
        client.skip_all();
    }
    clients
}

/// Sees that the next lines of `client` are lines 0 to `lines` of each of these speakers, each once, each speaker's in order.
#[track_caller]
fn check_all_heard(client: &mut Client, speakers: &[usize], lines: usize, text: &str) {
    let mut next = vec![0; speakers.iter().max().map_or(0, |most| most + 1)];
    for _ in 0..speakers.len() * lines {
        let line = client.expect_prefix("#lobby <guest");
        let (number, said) = line["#lobby <guest".len()..]
            .split_once("> ")
            .expect("a line said");
        let number: usize = number.parse().expect("one of the crowd");
        assert_eq!(
            said,
            format!("{} {text}", next[number]),
            "from guest{number}"
        );
        next[number] += 1;
    }
    assert!(speakers.iter().all(|&speaker| next[speaker] == lines));
}

#[test]
fn a_hundred_and_twenty_hear_each_line_once_and_in_order() {
    const CROWD: usize = 120;
    const LINES: usize = 20;
    let mut server = without_flood_control();
    let mut clients = crowd(server.address(), CROWD);
    // All speak at once, without listening: what they hear fits in the kernel's buffers.
    for line in 0..LINES {
        for client in &mut clients {
            client.send(&format!("{line} hello"));
        }
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let others: Vec<usize> = (0..CROWD).filter(|&other| other != number).collect();
        check_all_heard(client, &others, LINES, "hello");
        client.expect_nothing_more();
    }
    server.expect_unharmed();
}

#[test]
fn one_who_never_reads_is_let_go_and_nobody_else_is_hurt() {
    const CROWD: usize = 120;
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"64 KiB\"\n";
    let mut server = Setup::new().listen(SMALL_BUFFERS).config(config).start();
    let mut stuck = Client::over(connect_with(server.address(), 4096));
    stuck.give_name("stuck");
    let mut clients = crowd(server.address(), CROWD);
    let text = "x".repeat(1000);
    let mut let_go = false;
    let mut lines = 0;
    // Everyone reads along, so only one falls behind.
    while !let_go {
        clients[0].send(&format!("{lines} {text}"));
        lines += 1;
        assert!(lines < 10_000, "10 MB are queued for one who does not read");
        for client in &mut clients[1..] {
            let line = client.line();
            let is_news = line == "* stuck quit (SendQ exceeded)";
            let_go |= is_news;
            let line = if is_news { client.line() } else { line };
            assert_eq!(line, format!("#lobby <guest0> {} {text}", lines - 1));
        }
    }
    for client in &mut clients {
        client.skip_all();
    }
    // What was queued before is still there for them, then a word, then the end.
    let seen = String::from_utf8_lossy(&stuck.rest_bytes()).into_owned();
    assert!(
        seen.ends_with("! you read too slowly; good-bye (SendQ exceeded)\r\n"),
        "{}",
        &seen[seen.len().saturating_sub(200)..]
    );
    // The name is free, the others talk on.
    let mut again = Client::enter(server.address(), "stuck");
    clients[3].send("well");
    again.expect("#lobby <guest3> well");
    server.expect_unharmed();
}

#[test]
fn one_who_reads_97_bytes_at_a_time_gets_everything() {
    const LINES: usize = 1500;
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"2 MiB\"\n";
    let mut server = Setup::new().listen(SMALL_BUFFERS).config(config).start();
    let mut slow = Client::over(connect_with(server.address(), 4096));
    slow.give_name("slow");
    let mut ann = Client::enter(server.address(), "ann");
    slow.expect("* ann joined #lobby");
    let text = "y".repeat(200);
    let mut expected = String::new();
    for line in 0..LINES {
        ann.send(&format!("{line} {text}"));
        expected += &format!("#lobby <ann> {line} {text}\r\n");
    }
    ann.skip_all();
    ann.send("/quit done");
    expected += "* ann quit (done)\r\n";
    let mut found = Vec::new();
    let mut piece = [0; 97];
    slow.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    while found.len() < expected.len() {
        let count = slow.stream.read(&mut piece).unwrap();
        assert_ne!(count, 0, "let go after {} bytes", found.len());
        found.extend_from_slice(&piece[..count]);
    }
    assert!(found == expected.as_bytes());
    server.expect_unharmed();
}

#[test]
fn one_who_asks_for_more_than_they_read_waits_and_is_not_let_go() {
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"64 KiB\"\n";
    let mut server = Setup::new().listen(SMALL_BUFFERS).config(config).start();
    let mut greedy = Client::over(connect_with(server.address(), 4096));
    greedy.give_name("greedy");
    // Each of these brings far more back than it is long: some 400 KiB together.
    const ASKED: usize = 600;
    let mut asker = greedy.stream.try_clone().unwrap();
    let asking = thread::spawn(move || {
        for _ in 0..ASKED {
            asker.write_all(b"/help\n").unwrap();
        }
    });
    // Others are served meanwhile.
    let mut ann = Client::enter(server.address(), "ann");
    ann.expect_nothing_more();
    let mut told = 0;
    while told < ASKED {
        told += usize::from(greedy.line().starts_with("* //text "));
    }
    asking.join().unwrap();
    greedy.expect_nothing_more();
    ann.expect_nothing_more();
    server.expect_unharmed();
}

#[test]
fn a_paste_arrives_whole_and_in_order_though_delayed() {
    const LINES: usize = 200;
    let mut server = Setup::new()
        .config("[limits]\nmessages_per_second = 100\nburst = 20\n")
        .start();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Client::enter(server.address(), "ann");
    bob.expect("* ann joined #lobby");
    let paste: String = (0..LINES).map(|line| format!("line {line}\n")).collect();
    let pasted = Instant::now();
    ann.send_bytes(paste.as_bytes());
    ann.end_input();
    // Who sends less is not held up by one who sends much.
    let mut eve = Client::enter(server.address(), "eve");
    eve.send("and me?");
    let mut heard_eve = false;
    let mut line = 0;
    while line < LINES {
        match bob.line().as_str() {
            "* eve joined #lobby" => {}
            "#lobby <eve> and me?" => heard_eve = line < LINES - 1,
            heard => {
                assert_eq!(heard, format!("#lobby <ann> line {line}"));
                line += 1;
            }
        }
    }
    assert!(heard_eve, "eve had to wait for the end of the paste");
    // The end of her input comes behind what she pasted.
    bob.expect("* ann quit (connection closed)");
    // At this rate it takes 1.8 seconds, never less; a little is left for the difference between the clocks.
    assert!(pasted.elapsed() > Duration::from_millis(1500));
    server.expect_unharmed();
}

#[test]
fn without_flood_control_a_paste_is_not_delayed() {
    const LINES: usize = 20_000;
    let mut server = without_flood_control();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Client::enter(server.address(), "ann");
    bob.expect("* ann joined #lobby");
    let paste: String = (0..LINES).map(|line| format!("line {line}\n")).collect();
    // At the default rate this would take a quarter of an hour.
    let mut sender = ann.stream.try_clone().unwrap();
    let sending = thread::spawn(move || sender.write_all(paste.as_bytes()).unwrap());
    for line in 0..LINES {
        bob.expect(&format!("#lobby <ann> line {line}"));
    }
    sending.join().unwrap();
    ann.expect_nothing_more();
    server.expect_unharmed();
}

/// Writes a block over and over until told to stop.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<usize>>,
}

impl Flood {
    fn start(mut stream: TcpStream, block: Vec<u8>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        stream
            .set_write_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let thread = thread::spawn(move || {
            let (mut blocks, mut at) = (0, 0);
            while !stopped.load(Ordering::Relaxed) {
                match stream.write(&block[at..]) {
                    Ok(count) => {
                        at = (at + count) % block.len();
                        blocks += usize::from(at == 0);
                    }
                    // The server does not read: as it should be.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("{error}"),
                }
            }
            blocks
        });
        let thread = Some(thread);
        Self { stop, thread }
    }

    fn stop(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is joined once");
        thread
            .join()
            .expect("a flood that the server takes or leaves")
    }
}

/// Two people chat; the longest that a line took.
#[track_caller]
fn slowest_line(ann: &mut Client, bob: &mut Client, lines: usize) -> Duration {
    let times = (0..lines).map(|line| {
        let said = Instant::now();
        ann.send(&format!("chat {line}"));
        bob.find(&format!("<ann> chat {line}"));
        said.elapsed()
    });
    times.max().expect("at least one")
}

#[test]
fn an_endless_line_delays_nobody() {
    let mut server = without_flood_control();
    let mut ann = Client::enter(server.address(), "ann");
    let mut bob = Client::enter(server.address(), "bob");
    let endless = Client::enter(server.address(), "endless");
    let before = server.process().usage().resident;
    let flood = Flood::start(endless.stream.try_clone().unwrap(), vec![b'x'; 64 * 1024]);
    let slowest = slowest_line(&mut ann, &mut bob, 200);
    let blocks = flood.stop();
    common::report(&format!(
        "slowest line beside an endless one: {slowest:?}, {blocks} blocks taken"
    ));
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    let grown = server.process().usage().resident.saturating_sub(before);
    assert!(grown < 4 << 20, "grown by {grown}");
    // It was told once.
    let mut endless = endless;
    endless.send("\n/quit");
    let seen = endless.rest();
    assert_eq!(seen.matches("! that line is longer").count(), 1, "{seen}");
    server.expect_unharmed();
}

#[test]
fn endless_lines_delay_nobody() {
    // In a room of their own, for what they say there has to be read by nobody.
    let mut server = without_flood_control();
    let mut ann = Client::enter(server.address(), "ann");
    let mut bob = Client::enter(server.address(), "bob");
    let mut floods = Vec::new();
    for number in 0..3 {
        let mut endless = Client::enter(server.address(), &format!("endless{number}"));
        endless.send(&format!("/join room{number}"));
        endless.send("/leave lobby");
        endless.skip_all();
        let lines = b"again and again\n".repeat(4096);
        floods.push(Flood::start(endless.stream.try_clone().unwrap(), lines));
    }
    let slowest = slowest_line(&mut ann, &mut bob, 200);
    let blocks: usize = floods.into_iter().map(Flood::stop).sum();
    common::report(&format!(
        "slowest line beside endless ones: {slowest:?}, {blocks} blocks taken"
    ));
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    server.expect_unharmed();
}

#[test]
fn flood_control_slows_an_endless_sender_by_not_reading() {
    let mut server = Setup::new()
        .config("[limits]\nmessages_per_second = 50\nburst = 10\n")
        .start();
    let mut ann = Client::enter(server.address(), "ann");
    let mut bob = Client::enter(server.address(), "bob");
    let mut endless = Client::enter(server.address(), "endless");
    endless.skip_all();
    let before = server.process().usage();
    let start = Instant::now();
    let lines = format!("{}\n", "z".repeat(100)).repeat(1000).into_bytes();
    let flood = Flood::start(endless.stream.try_clone().unwrap(), lines);
    let slowest = slowest_line(&mut ann, &mut bob, 100);
    flood.stop();
    let (after, took) = (server.process().usage(), start.elapsed());
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown < 4 << 20, "grown by {grown}");
    let busy = after.cpu - before.cpu;
    assert!(busy < took / 2, "busy for {busy:?} of {took:?}");
    server.expect_unharmed();
}

#[test]
fn those_who_come_and_go_are_told_of_once_each() {
    const THREADS: usize = 4;
    const GUESTS: usize = 150;
    let mut server = without_flood_control();
    let address = server.address();
    let mut ann = Client::enter(address, "ann");
    let guests: Vec<thread::JoinHandle<()>> = (0..THREADS)
        .map(|thread| {
            thread::spawn(move || {
                let mut dice = Dice(thread as u64);
                for number in 0..GUESTS {
                    let mut guest = Client::enter(address, &format!("guest{thread}-{number}"));
                    guest.send("hello");
                    match dice.below(4) {
                        0 => guest.send("/quit"),
                        1 => guest.end_input(),
                        2 => guest.reset(),
                        _ => {}
                    }
                }
            })
        })
        .collect();
    // Each joins, speaks (unless a reset was faster), and quits, in this order.
    let mut present = HashSet::new();
    let mut gone = HashSet::new();
    while gone.len() < THREADS * GUESTS {
        let line = ann.expect_prefix("");
        let name = line.split([' ', '>']).find(|word| word.contains("guest"));
        let name = name
            .expect("only guests come and go")
            .trim_start_matches('<')
            .to_owned();
        if line.ends_with(" joined #lobby") {
            assert!(present.insert(name), "{line}");
        } else if line.contains(" quit") {
            assert!(present.remove(&name), "{line}");
            assert!(gone.insert(name), "{line}");
        } else {
            assert!(
                line.ends_with("> hello") && present.contains(&name),
                "{line}"
            );
        }
    }
    for guest in guests {
        guest.join().unwrap();
    }
    ann.send("/who");
    ann.expect("* in #lobby: ann");
    server.expect_unharmed();
}

#[test]
fn random_cuts_and_random_pauses_lose_nothing() {
    const LINES: usize = 300;
    let mut server = without_flood_control();
    let mut clients = crowd(server.address(), 6);
    let seed = 0x6d61_6461_6e67;
    let speakers: Vec<thread::JoinHandle<()>> = clients[..4]
        .iter()
        .enumerate()
        .map(|(number, client)| {
            let mut stream = client.stream.try_clone().unwrap();
            thread::spawn(move || {
                let mut dice = Dice(seed + number as u64);
                let ends = ["\n", "\r\n", "\r\0"];
                let text: String = (0..LINES)
                    .map(|line| format!("{line} 안녕{}", ends[dice.below(3)]))
                    .collect();
                let mut rest = text.as_bytes();
                while !rest.is_empty() {
                    let size = (1 + dice.below(60)).min(rest.len());
                    stream.write_all(&rest[..size]).unwrap();
                    rest = &rest[size..];
                    if dice.below(10) == 0 {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    for speaker in speakers {
        speaker.join().unwrap();
    }
    for client in &mut clients[4..] {
        check_all_heard(client, &[0, 1, 2, 3], LINES, "안녕");
        client.stream.shutdown(Shutdown::Write).unwrap();
    }
    server.expect_unharmed();
}
