//! What only time shows: how long a visitor may stay, and a socket that nobody hears from. The network is simulated and
//! time is data.

use super::super::{http, metrics, requests::REQUESTS_MAX};
use crate::{
    config::{Config, Scheme},
    net::{
        Tick,
        sim::{Network, Peer, Random},
    },
    server::{Server, settings::REQUESTS},
};
use std::time::Duration;

/// A server with one door for HTTP, and the network that leads there.
struct Stage {
    network: Network,
    server: Server,
    clients: u16,
}

impl Stage {
    fn new(config: Config) -> Self {
        Self::with_door(config, Scheme::Http)
    }

    fn with_door(config: Config, scheme: Scheme) -> Self {
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

    /// Lets everything happen that is under way.
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

    /// What came since it was asked last.
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
fn a_visitor_may_stay_a_minute_after_each_answer() {
    let mut stage = Stage::new(Config::default());
    let mut visitor = stage.call();
    for _ in 0..3 {
        assert!(stage.say(&mut visitor, GET).starts_with("HTTP/1.1 404 "));
        stage.pass_time(59 * SECOND);
        assert!(!visitor.sees_end());
    }
    stage.say(&mut visitor, GET);
    stage.pass_time(61 * SECOND);
    assert_eq!(Stage::hear(&mut visitor), "");
    assert!(visitor.sees_end(), "it stays for ever");
}

#[test]
fn who_asks_without_end_is_answered_at_a_pace() {
    let mut stage = Stage::new(Config::default());
    let mut greedy = stage.call();
    let answers = |heard: &str| heard.matches("HTTP/1.1 404 ").count();
    let (burst, pace) = (REQUESTS.burst as usize, REQUESTS.per_second as usize);
    let mut heard = stage.say(&mut greedy, &GET.repeat(burst + 3 * pace));
    stage.settle();
    heard += &Stage::hear(&mut greedy);
    assert_eq!(answers(&heard), burst);
    stage.pass_time(SECOND);
    assert_eq!(answers(&Stage::hear(&mut greedy)), pace);
    // And a person with another browser tab is not kept waiting by it.
    let mut other = stage.call();
    assert_eq!(answers(&stage.say(&mut other, GET)), 1);
    stage.pass_time(3 * SECOND);
    assert_eq!(answers(&Stage::hear(&mut greedy)), 2 * pace);
    stage.pass_time(62 * SECOND);
    assert!(greedy.sees_end() && other.sees_end());
}

#[test]
fn a_request_that_is_begun_has_to_be_finished() {
    let mut stage = Stage::new(Config::default());
    // Half a minute to come in and say what one wants; a little of it each second does not help.
    let mut slow = stage.call();
    for byte in &GET[..30] {
        assert!(!slow.sees_end());
        assert_eq!(stage.say(&mut slow, &[*byte]), "");
        stage.pass_time(SECOND);
    }
    assert!(Stage::hear(&mut slow).starts_with("HTTP/1.1 408 "));
    assert!(slow.sees_end());
    // The same for a later one, counted from its beginning.
    let mut later = stage.call();
    stage.say(&mut later, GET);
    stage.pass_time(50 * SECOND);
    stage.say(&mut later, &GET[..10]);
    stage.pass_time(29 * SECOND);
    assert_eq!(Stage::hear(&mut later), "");
    stage.pass_time(2 * SECOND);
    assert!(Stage::hear(&mut later).starts_with("HTTP/1.1 408 "));
    // Who said nothing at all is not spoken to.
    let mut silent = stage.call();
    stage.pass_time(31 * SECOND);
    assert_eq!(Stage::hear(&mut silent), "");
    assert!(silent.sees_end());
}

#[test]
fn empty_lines_and_bodies_buy_no_time() {
    let mut stage = Stage::new(Config::default());
    let mut sly = stage.call();
    for _ in 0..31 {
        stage.say(&mut sly, b"\r\n");
        stage.pass_time(SECOND);
    }
    assert!(sly.sees_end());
    let mut sly = stage.call();
    let post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000\r\n\r\n";
    assert!(stage.say(&mut sly, post).starts_with("HTTP/1.1 405 "));
    for _ in 0..61 {
        stage.say(&mut sly, b"x");
        stage.pass_time(SECOND);
    }
    assert!(sly.sees_end());
}

#[test]
fn a_caller_counts_as_one_from_the_upgrade_to_the_end() {
    let mut stage = Stage::new(Config::default());
    let mut peer = stage.call();
    assert_eq!(stage.server.connections.shared.clients, 0);
    assert!(stage.say(&mut peer, UPGRADE).starts_with("HTTP/1.1 101 "));
    assert_eq!(stage.server.connections.shared.clients, 1);
    // It has as long to give a name as anyone, from now on.
    stage.pass_time(29 * SECOND);
    assert_eq!(Stage::hear(&mut peer), "");
    stage.pass_time(2 * SECOND);
    let last = Stage::hear(&mut peer);
    assert!(
        last.contains("ERROR :Closing Link: Registration timeout"),
        "{last}"
    );
    assert_eq!(stage.server.connections.shared.clients, 0);
    assert!(peer.sees_end());
    peer.ends();
    stage.settle();
    assert_eq!(stage.server.event_loop.net().connection_count(), 0);
}

#[test]
fn fragments_are_charged_for_like_messages() {
    let mut stage = Stage::new(Config::default());
    let mut peer = stage.call();
    stage.say(&mut peer, UPGRADE);
    // The beginning of a message and nothing more of it, again and again, and then a ping. By default sixty may come
    // at once, and twenty a second behind them.
    let mut frames = b"\x01\x80mask".to_vec();
    frames.extend(b"\x00\x80mask".repeat(79));
    frames.extend(b"\x89\x80mask");
    assert_eq!(stage.say(&mut peer, &frames), "");
    stage.pass_time(SECOND);
    assert_eq!(Stage::hear(&mut peer), "");
    stage.pass_time(SECOND);
    Stage::hear(&mut peer);
    assert!(peer.heard().ends_with(b"\x8a\x00"), "no pong");
    peer.ends();
    stage.settle();
}

/// A WebSocket on which someone stands in the chat, and how many pings have come in what it has heard.
fn enter(stage: &mut Stage, nick: &str) -> Peer {
    let mut peer = stage.call();
    stage.say(&mut peer, UPGRADE);
    for line in [format!("NICK {nick}"), format!("USER {nick} 0 * :{nick}")] {
        let mut frame = vec![0x81, 0x80 | line.len() as u8, 0, 0, 0, 0];
        frame.extend(line.as_bytes());
        stage.say(&mut peer, &frame);
    }
    peer
}

const PING: &str = "\u{fffd}\0";
const PONG: &[u8] = b"\x8a\x80\0\0\0\0";

#[test]
fn a_websocket_never_stays_silent_for_as_long_as_a_proxy_waits() {
    /// What nginx waits for data from us unless told otherwise (proxy_read_timeout).
    const PROXY: Duration = Duration::from_secs(60);
    let mut stage = Stage::new(Config::default());
    let mut peer = enter(&mut stage, "ann");
    Stage::hear(&mut peer);
    let (mut silent, mut pings) = (Duration::ZERO, 0);
    for _ in 0..600 {
        stage.pass_time(SECOND);
        silent += SECOND;
        let heard = Stage::hear(&mut peer);
        if heard == PING {
            (silent, pings) = (Duration::ZERO, pings + 1);
            peer.sends(PONG);
            stage.settle();
        } else {
            assert_eq!(heard, "");
        }
        assert!(silent < PROXY / 2 + 6 * SECOND, "{silent:?}");
        assert!(!peer.sees_end());
    }
    assert!((600 / 36..=600 / 30).contains(&pings), "{pings}");
}

#[test]
fn a_websocket_that_does_not_answer_is_pinged_until_its_time_is_up() {
    let mut stage = Stage::new(Config::default());
    let mut peer = enter(&mut stage, "ann");
    Stage::hear(&mut peer);
    let (mut pings, mut seconds) = (Vec::new(), 0);
    let last = loop {
        stage.pass_time(SECOND);
        seconds += 1;
        match Stage::hear(&mut peer) {
            heard if heard == PING => pings.push(seconds),
            heard if heard.is_empty() => {}
            heard => break heard,
        }
        assert!(seconds < 1000, "it stays for ever");
    };
    assert!(last.contains("Ping timeout"), "{last}");
    // It had the whole of `[limits] ping` from the first question on, and the proxy saw traffic all the while.
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
    let mut stage = Stage::new(Config::default());
    let mut peers = Vec::new();
    for number in 0..100 {
        peers.push(enter(&mut stage, &format!("ann{number}")));
        stage.pass_time(Duration::from_millis(150));
    }
    let start = stage.server.event_loop.net().now();
    let (mut wakes, mut pings) = (0, 0);
    while start.until(stage.server.event_loop.net().now()) < 120 * SECOND {
        let next = stage
            .server
            .event_loop
            .net()
            .nearest_deadline()
            .expect("pings");
        stage.server.event_loop.net_mut().hold_clock(next);
        stage.settle();
        if start.until(next) < 60 * SECOND {
            // Alarms from before they gave a name still come up.
            (wakes, pings) = (0, 0);
        }
        wakes += 1;
        for peer in &mut peers {
            let heard = Stage::hear(peer);
            if heard.ends_with(PING) {
                pings += 1;
                peer.sends(PONG);
            }
        }
        stage.settle();
    }
    assert!(pings >= 100, "{pings}");
    assert!(wakes <= 60 / 5 + 1, "{wakes} for {pings} pings");
    for peer in &mut peers {
        peer.ends();
    }
    stage.settle();
}

/// Asks as often as this until the server says that it was the last answer; says how long that took.
fn ask_to_the_end(stage: &mut Stage, every: Duration) -> Duration {
    let mut caller = stage.call();
    let began = stage.server.event_loop.net().now();
    loop {
        let answer = stage.say(&mut caller, GET);
        let took = began.until(stage.server.event_loop.net().now());
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
        if answer.contains("\r\nConnection: close\r\n") {
            assert!(caller.sees_end());
            caller.ends();
            stage.settle();
            return took;
        }
        assert!(!caller.sees_end());
        assert!(took < 24 * metrics::PATIENCE.lifetime, "it stays for ever");
        stage.pass_time(every);
    }
}

#[test]
fn a_visitor_that_asks_now_and_then_does_not_keep_its_place_for_ever() {
    let mut stage = Stage::new(Config::default());
    for every in [10, 59] {
        let took = ask_to_the_end(&mut stage, every * SECOND);
        assert!(
            (http::PATIENCE.lifetime..http::PATIENCE.lifetime + 60 * SECOND).contains(&took),
            "{took:?}"
        );
    }
    // Whoever asks faster has as many answers as anyone needs.
    let took = ask_to_the_end(&mut stage, Duration::from_millis(100));
    assert_eq!(took.as_millis(), 100 * u128::from(REQUESTS_MAX - 1));
}

#[test]
fn a_scraper_is_let_go_between_two_scrapes_and_comes_back() {
    let mut stage = Stage::with_door(Config::default(), Scheme::Metrics);
    for every in [15, 60, 300] {
        let took = ask_to_the_end(&mut stage, every * SECOND);
        let expected = metrics::PATIENCE.lifetime..metrics::PATIENCE.lifetime + every * SECOND;
        assert!(expected.contains(&took), "{took:?}");
        assert_eq!(
            stage.server.connections.shared.limits.admission.scrapers(),
            0
        );
    }
}

#[test]
fn an_upgrade_is_not_kept_from_a_visitor_that_has_stayed_long() {
    let mut stage = Stage::new(Config::default());
    let mut visitor = stage.call();
    for _ in 0..http::PATIENCE.lifetime.as_secs() / 50 {
        stage.say(&mut visitor, GET);
        stage.pass_time(50 * SECOND);
    }
    let answer = stage.say(&mut visitor, UPGRADE);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    visitor.ends();
    stage.settle();
}
