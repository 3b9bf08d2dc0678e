//! Deadlines of HTTP connections and WebSockets. The network is simulated, and time is data.

use super::super::{http, metrics, requests::REQUESTS_MAX};
use crate::simulation::network::{Network, Peer, Random};
use crate::{
    config::{Config, Scheme},
    net::Tick,
    server::{Server, settings::REQUESTS},
};
use std::time::Duration;

/// A server with one listener for HTTP, and the network in front of it.
struct Fixture {
    network: Network,
    server: Server,
    clients: u16,
}

impl Fixture {
    fn new(config: Config) -> Self {
        Self::with_listener(config, Scheme::Http)
    }

    fn with_listener(config: Config, scheme: Scheme) -> Self {
        let network = Network::new(Random::new(1));
        network.set_room(1 << 20);
        network.calm_down();
        let mut server = Server::new(config).expect("a poll");
        server.event_loop.net_mut().hold_clock(Tick(1000));
        server
            .listen_to(network.gate(0), scheme)
            .expect("registered");
        Self {
            network,
            server,
            clients: 0,
        }
    }

    fn call(&mut self) -> Peer {
        self.clients += 1;
        let peer = self.network.call(0, ([192, 0, 2, 1], self.clients).into());
        self.settle();
        peer
    }

    /// Takes turns until all that is under way has happened.
    fn settle(&mut self) {
        for _ in 0..20 {
            self.network.pass(self.server.event_loop.net_mut());
            self.server.turn(Some(Duration::ZERO)).expect("poll");
        }
    }

    fn say(&mut self, peer: &mut Peer, bytes: &[u8]) -> String {
        peer.sends(bytes);
        self.settle();
        Self::hear(peer)
    }

    /// The bytes that came since the last call.
    fn hear(peer: &mut Peer) -> String {
        let before = peer.heard().len();
        peer.reads(usize::MAX);
        String::from_utf8_lossy(&peer.heard()[before..]).into_owned()
    }

    fn pass_time(&mut self, span: Duration) {
        let until = self.server.event_loop.net().now().after(span);
        // Each deadline on the way falls due by itself.
        loop {
            let next = self.server.event_loop.net().nearest_deadline();
            let Some(next) = next.filter(|at| *at <= until) else {
                break;
            };
            let net = self.server.event_loop.net_mut();
            net.hold_clock(next.max(net.now()));
            self.settle();
        }
        self.server.event_loop.net_mut().hold_clock(until);
        self.settle();
    }
}

const GET: &[u8] = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";

const UPGRADE: &[u8] =
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_connection_may_stay_a_minute_after_each_answer() {
    let mut fixture = Fixture::new(Config::default());
    let mut visitor = fixture.call();
    for _ in 0..3 {
        assert!(fixture.say(&mut visitor, GET).starts_with("HTTP/1.1 404 "));
        fixture.pass_time(59 * SECOND);
        assert!(!visitor.sees_end());
    }
    fixture.say(&mut visitor, GET);
    fixture.pass_time(61 * SECOND);
    assert_eq!(Fixture::hear(&mut visitor), "");
    assert!(visitor.sees_end(), "it stays for ever");
}

#[test]
fn requests_without_end_are_answered_at_the_rate() {
    let mut fixture = Fixture::new(Config::default());
    let mut greedy = fixture.call();
    let answers = |heard: &str| heard.matches("HTTP/1.1 404 ").count();
    let (burst, pace) = (REQUESTS.burst as usize, REQUESTS.per_second as usize);
    let mut heard = fixture.say(&mut greedy, &GET.repeat(burst + 3 * pace));
    fixture.settle();
    heard += &Fixture::hear(&mut greedy);
    assert_eq!(answers(&heard), burst);
    fixture.pass_time(SECOND);
    assert_eq!(answers(&Fixture::hear(&mut greedy)), pace);
    // Another client is not kept waiting by it.
    let mut other = fixture.call();
    assert_eq!(answers(&fixture.say(&mut other, GET)), 1);
    fixture.pass_time(3 * SECOND);
    assert_eq!(answers(&Fixture::hear(&mut greedy)), 2 * pace);
    fixture.pass_time(62 * SECOND);
    assert!(greedy.sees_end() && other.sees_end());
}

#[test]
fn a_request_that_is_begun_has_to_be_finished_in_time() {
    let mut fixture = Fixture::new(Config::default());
    // Half a minute for the first request; a little of it each second does not help.
    let mut slow = fixture.call();
    for byte in &GET[..30] {
        assert!(!slow.sees_end());
        assert_eq!(fixture.say(&mut slow, &[*byte]), "");
        fixture.pass_time(SECOND);
    }
    assert!(Fixture::hear(&mut slow).starts_with("HTTP/1.1 408 "));
    assert!(slow.sees_end());
    // The same for a later one, counted from its beginning.
    let mut later = fixture.call();
    fixture.say(&mut later, GET);
    fixture.pass_time(50 * SECOND);
    fixture.say(&mut later, &GET[..10]);
    fixture.pass_time(29 * SECOND);
    assert_eq!(Fixture::hear(&mut later), "");
    fixture.pass_time(2 * SECOND);
    assert!(Fixture::hear(&mut later).starts_with("HTTP/1.1 408 "));
    // A client that sent nothing gets no response.
    let mut silent = fixture.call();
    fixture.pass_time(31 * SECOND);
    assert_eq!(Fixture::hear(&mut silent), "");
    assert!(silent.sees_end());
}

#[test]
fn empty_lines_and_bodies_buy_no_time() {
    let mut fixture = Fixture::new(Config::default());
    let mut sly = fixture.call();
    for _ in 0..31 {
        fixture.say(&mut sly, b"\r\n");
        fixture.pass_time(SECOND);
    }
    assert!(sly.sees_end());
    let mut sly = fixture.call();
    let post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000\r\n\r\n";
    assert!(fixture.say(&mut sly, post).starts_with("HTTP/1.1 405 "));
    for _ in 0..61 {
        fixture.say(&mut sly, b"x");
        fixture.pass_time(SECOND);
    }
    assert!(sly.sees_end());
}

#[test]
fn a_websocket_counts_as_a_chat_client_from_the_upgrade_on() {
    let mut fixture = Fixture::new(Config::default());
    let mut peer = fixture.call();
    assert_eq!(fixture.server.connections.shared.clients, 0);
    assert!(fixture.say(&mut peer, UPGRADE).starts_with("HTTP/1.1 101 "));
    assert_eq!(fixture.server.connections.shared.clients, 1);
    // It has as long to give a name as any client, from now on.
    fixture.pass_time(29 * SECOND);
    assert_eq!(Fixture::hear(&mut peer), "");
    fixture.pass_time(2 * SECOND);
    let last = Fixture::hear(&mut peer);
    assert!(
        last.contains("ERROR :Closing Link: Registration timeout"),
        "{last}"
    );
    assert_eq!(fixture.server.connections.shared.clients, 0);
    assert!(peer.sees_end());
    peer.ends();
    fixture.settle();
    assert_eq!(fixture.server.event_loop.net().connection_count(), 0);
}

#[test]
fn fragments_are_charged_like_messages() {
    let mut fixture = Fixture::new(Config::default());
    let mut peer = fixture.call();
    fixture.say(&mut peer, UPGRADE);
    // The beginning of a message and nothing more of it, again and again, and then a ping. By default sixty may come
    // at once, and then twenty a second.
    let mut frames = b"\x01\x80mask".to_vec();
    frames.extend(b"\x00\x80mask".repeat(79));
    frames.extend(b"\x89\x80mask");
    assert_eq!(fixture.say(&mut peer, &frames), "");
    fixture.pass_time(SECOND);
    assert_eq!(Fixture::hear(&mut peer), "");
    fixture.pass_time(SECOND);
    Fixture::hear(&mut peer);
    assert!(peer.heard().ends_with(b"\x8a\x00"), "no pong");
    peer.ends();
    fixture.settle();
}

/// A WebSocket with a user on it, and the pings that it has received.
fn enter(fixture: &mut Fixture, nick: &str) -> Peer {
    let mut peer = fixture.call();
    fixture.say(&mut peer, UPGRADE);
    for line in [format!("NICK {nick}"), format!("USER {nick} 0 * :{nick}")] {
        let mut frame = vec![0x81, 0x80 | line.len() as u8, 0, 0, 0, 0];
        frame.extend(line.as_bytes());
        fixture.say(&mut peer, &frame);
    }
    peer
}

const PING: &str = "\u{fffd}\0";
const PONG: &[u8] = b"\x8a\x80\0\0\0\0";

#[test]
fn a_websocket_is_never_silent_as_long_as_a_proxy_waits() {
    /// The time that nginx waits for data from the server by default (proxy_read_timeout).
    const PROXY: Duration = Duration::from_secs(60);
    let mut fixture = Fixture::new(Config::default());
    let mut peer = enter(&mut fixture, "ann");
    Fixture::hear(&mut peer);
    let (mut silent, mut pings) = (Duration::ZERO, 0);
    for _ in 0..600 {
        fixture.pass_time(SECOND);
        silent += SECOND;
        let heard = Fixture::hear(&mut peer);
        if heard == PING {
            (silent, pings) = (Duration::ZERO, pings + 1);
            peer.sends(PONG);
            fixture.settle();
        } else {
            assert_eq!(heard, "");
        }
        assert!(silent < PROXY / 2 + 6 * SECOND, "{silent:?}");
        assert!(!peer.sees_end());
    }
    assert!((600 / 36..=600 / 30).contains(&pings), "{pings}");
}

#[test]
fn a_silent_websocket_is_pinged_until_its_timeout() {
    let mut fixture = Fixture::new(Config::default());
    let mut peer = enter(&mut fixture, "ann");
    Fixture::hear(&mut peer);
    let (mut pings, mut seconds) = (Vec::new(), 0);
    let last = loop {
        fixture.pass_time(SECOND);
        seconds += 1;
        match Fixture::hear(&mut peer) {
            heard if heard == PING => pings.push(seconds),
            heard if heard.is_empty() => {}
            heard => break heard,
        }
        assert!(seconds < 1000, "it stays for ever");
    };
    assert!(last.contains("Ping timeout"), "{last}");
    // It had all of `[limits] ping` from the first ping on, and the proxy saw traffic all the while.
    let asked = pings[0];
    assert!(seconds - asked >= 120, "{asked} {seconds}");
    assert!(seconds - asked <= 126, "{asked} {seconds}");
    pings.push(seconds);
    assert!(
        pings.windows(2).all(|pair| pair[1] - pair[0] <= 36),
        "{pings:?}"
    );
}

#[test]
fn pings_of_many_websockets_fall_due_together() {
    let mut fixture = Fixture::new(Config::default());
    let mut peers = Vec::new();
    for number in 0..100 {
        peers.push(enter(&mut fixture, &format!("ann{number}")));
        fixture.pass_time(Duration::from_millis(150));
    }
    let start = fixture.server.event_loop.net().now();
    let (mut wakes, mut pings) = (0, 0);
    while start.until(fixture.server.event_loop.net().now()) < 120 * SECOND {
        let next = fixture
            .server
            .event_loop
            .net()
            .nearest_deadline()
            .expect("pings");
        fixture.server.event_loop.net_mut().hold_clock(next);
        fixture.settle();
        if start.until(next) < 60 * SECOND {
            // Timers from before they gave a name still fire.
            (wakes, pings) = (0, 0);
        }
        wakes += 1;
        for peer in &mut peers {
            let heard = Fixture::hear(peer);
            if heard.ends_with(PING) {
                pings += 1;
                peer.sends(PONG);
            }
        }
        fixture.settle();
    }
    assert!(pings >= 100, "{pings}");
    assert!(wakes <= 60 / 5 + 1, "{wakes} for {pings} pings");
    for peer in &mut peers {
        peer.ends();
    }
    fixture.settle();
}

/// Sends a request at this interval until the server marks an answer as the last; how long that took.
fn ask_to_the_end(fixture: &mut Fixture, every: Duration) -> Duration {
    let mut caller = fixture.call();
    let began = fixture.server.event_loop.net().now();
    loop {
        let answer = fixture.say(&mut caller, GET);
        let took = began.until(fixture.server.event_loop.net().now());
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
        if answer.contains("\r\nConnection: close\r\n") {
            assert!(caller.sees_end());
            caller.ends();
            fixture.settle();
            return took;
        }
        assert!(!caller.sees_end());
        assert!(took < 24 * metrics::PATIENCE.lifetime, "it stays for ever");
        fixture.pass_time(every);
    }
}

#[test]
fn occasional_requests_do_not_keep_a_place_for_ever() {
    let mut fixture = Fixture::new(Config::default());
    for every in [10, 59] {
        let took = ask_to_the_end(&mut fixture, every * SECOND);
        assert!(
            (http::PATIENCE.lifetime..http::PATIENCE.lifetime + 60 * SECOND).contains(&took),
            "{took:?}"
        );
    }
    // A faster client has all its answers sooner.
    let took = ask_to_the_end(&mut fixture, Duration::from_millis(100));
    assert_eq!(took.as_millis(), 100 * u128::from(REQUESTS_MAX - 1));
}

#[test]
fn a_scraper_is_closed_between_two_scrapes_and_comes_back() {
    let mut fixture = Fixture::with_listener(Config::default(), Scheme::Metrics);
    for every in [15, 60, 300] {
        let took = ask_to_the_end(&mut fixture, every * SECOND);
        let expected = metrics::PATIENCE.lifetime..metrics::PATIENCE.lifetime + every * SECOND;
        assert!(expected.contains(&took), "{took:?}");
        assert_eq!(
            fixture
                .server
                .connections
                .shared
                .limits
                .admission
                .scrapers(),
            0
        );
    }
}

#[test]
fn an_old_connection_can_still_be_upgraded() {
    let mut fixture = Fixture::new(Config::default());
    let mut visitor = fixture.call();
    for _ in 0..http::PATIENCE.lifetime.as_secs() / 50 {
        fixture.say(&mut visitor, GET);
        fixture.pass_time(50 * SECOND);
    }
    let answer = fixture.say(&mut visitor, UPGRADE);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    visitor.ends();
    fixture.settle();
}

#[test]
fn a_report_is_for_the_request_that_asked_for_it() {
    let mut fixture = Fixture::with_listener(Config::default(), Scheme::Metrics);
    let mut peers = [fixture.call(), fixture.call(), fixture.call()];
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The last of these requests comes when the lines of the turn are spent, and the others ask in the same turn.
    let many = get("/healthz").repeat(31) + &get("/metrics");
    peers[0].sends(get("/status").as_bytes());
    peers[1].sends(many.as_bytes());
    peers[2].sends(get("/status").as_bytes());
    while fixture.network.pass(fixture.server.event_loop.net_mut()) {}
    fixture.settle();
    let [first, many, last] = &mut peers;
    for peer in [first, last] {
        let status = Fixture::hear(peer);
        assert!(status.contains("application/json"), "{status}");
    }
    let answers = Fixture::hear(many);
    assert_eq!(answers.matches("200 OK").count(), 32);
    assert!(answers.contains("madang_turns"), "{answers}");
    peers.iter_mut().for_each(Peer::ends);
    fixture.settle();
}
