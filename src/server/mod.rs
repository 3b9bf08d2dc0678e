//! The server: wires the loop, the chat and the protocols together, and is the only place that knows all three.
//!
//! [`Server::bind`] makes the listeners, [`Server::turn`] is one step, [`Server::run`] takes steps until a signal ends it.
//! Owns sessions, fan-out, limits, shutdown and reload. Readiness is `net`'s, rules of chat are `chat`'s, wire
//! formats are `protocol`'s.

mod connections;
mod limits;
mod listeners;
mod metrics;
mod settings;
mod shared;
mod streams;
#[cfg(test)]
mod swarm;
mod tls;
mod wall_clock;

use crate::{
    chat::{Hub, MessageId, NameRules},
    config::{Config, ListenUrl, Scheme, Sources},
    net::{Acceptor, ConnId, EventLoop, External, Readiness, Stats, Tick},
    os::{
        descriptors, log::Log, service_manager::ServiceNotifier, signals::Signals,
        stream::HostStream,
    },
    protocol::flavour::Flavour,
};
use connections::{Connections, close_reason::CloseReason, session::Session};
use limits::memory;
use listeners::{bind, passed};
use settings::{Settings, server_info};
use shared::{Shared, fanout::Routes};
use std::{io, mem, time::Duration};
use tls::TlsContext;
use wall_clock::WallClock;

/// How long the peers may take to read what is owed to them when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Of all that peers can make us hold, rooms (members, topics, lists) and people (names, away texts) may take one part
/// in so many. Past it, nothing is added to lists, topics and rooms; nobody is sent away for them.
const KEPT_PART: usize = 4;

/// Never less than this, or a small ceiling would leave no room for a room.
const KEPT_LEAST: usize = 64 * 1024;

/// The name under which the signal pipe is registered with the loop.
const SIGNALS: External = External(0);

/// Why a server could not be started, or could not go on. Nothing that a peer does is among it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listener's address cannot be bound.
    #[error("cannot listen on {place}: {reason}")]
    Listen {
        /// Host and port as they were asked for.
        place: String,
        /// What the system said, in plain words.
        reason: String,
    },
    /// Certificates cannot be used, or one that was made cannot be kept.
    #[error("TLS: {0}")]
    Tls(String),
    /// The system has no poll or no signal pipe for us, or the poll failed.
    #[error("the readiness loop failed: {0}")]
    Loop(#[from] io::Error),
}

/// Whether the server goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Running,
    /// A signal asked it to stop; peers are still being served what is owed to them.
    Stopping,
    /// All connections have ended, or their time is up.
    Stopped,
    /// A second signal came before everyone was served.
    Interrupted,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    event_loop: EventLoop,
    connections: Connections,
    config: Config,
    listening: Vec<ListenUrl>,
    /// What the host has memory for, of what peers may make us hold.
    memory_fits: usize,
    /// Where the configuration came from, to be read again.
    sources: Option<Sources>,
    /// Who wants to be told how we are.
    notifier: Option<ServiceNotifier>,
    /// When the patience with the last peers ends, once the server is stopping.
    stop_by: Option<Tick>,
}

impl Server {
    /// A server without listeners: what [`bind`](Self::bind) starts with, and what tests feed by hand.
    ///
    /// # Errors
    /// When the system has no poll for us.
    pub fn new(config: Config) -> Result<Self, Error> {
        let mut event_loop = EventLoop::new()?;
        event_loop.net_mut().leave_out_pauses();
        let mut hub = Hub::new(NameRules {
            unicode: config.server.unicode_names,
        });
        hub.reserve(&[config.server.name.as_str(), &config.server.network]);
        let clients_max = config.limits.clients.map_or(usize::MAX, |n| n as usize);
        let started = WallClock::default().at(Tick(0));
        // A million messages in each millisecond since: so many that no number comes again when the process starts anew.
        hub.number_messages_from(MessageId((started.wall.unix_ms().max(0) as u64) << 20));
        let shared = Shared::new(hub, server_info(&config, started))?;
        let mut connections = Connections::new(shared, Settings::new(&config), clients_max);
        connections.secrets = TlsContext::new(&config.tls.credentials)?;
        let mut server = Self {
            event_loop,
            connections,
            config,
            listening: Vec::new(),
            memory_fits: usize::MAX,
            sources: None,
            notifier: None,
            stop_by: None,
        };
        server.set_ceiling(server.config.limits.queued_total);
        Ok(server)
    }

    /// Raises the descriptor limit, listens to signals, and binds all listeners.
    ///
    /// # Errors
    /// When one of them cannot be bound; then none stays.
    pub fn bind(config: Config, sources: Option<Sources>) -> Result<Self, Error> {
        let limit = descriptors::raise_limit();
        let mut server = Self::new(config)?;
        server.sources = sources;
        server.memory_fits = memory::fits();
        server.set_ceiling(server.config.limits.queued_total);
        let possible = settings::clients_for(limit);
        let wanted = server.connections.clients_max;
        if wanted != usize::MAX && wanted > possible {
            tracing::warn!(
                wanted,
                possible,
                descriptors = limit,
                "fewer clients than wanted: raise the limit of open descriptors"
            );
        }
        server.connections.clients_max = wanted.min(possible);
        server.keep_certificate()?;
        let mut signals = Signals::new()?;
        let net = server.event_loop.net_mut();
        net.register_external(&mut signals.source, SIGNALS)?;
        server.connections.signals = Some(signals);
        let passed = passed::take_passed(net, &mut server.connections, &server.config)?;
        let mut wanted = server.config.listen.clone();
        if !passed.is_empty() && wanted == Config::default().listen {
            tracing::info!("the sockets that were passed stand in for the default listener");
            wanted.clear();
        }
        server.listening = passed;
        for url in wanted {
            let (net, connections) = (server.event_loop.net_mut(), &mut server.connections);
            let bound = bind::bind(net, connections, &url, &server.config, &server.listening)?;
            server.listening.extend(bound);
        }
        server.notifier = ServiceNotifier::from_env();
        server.connections.shared.server_info.sts = tls::sts(&server.config, &server.listening);
        tracing::info!(
            clients = server.connections.clients_max,
            descriptors = limit,
            "ready"
        );
        Ok(server)
    }

    /// Bounds what peers can make us hold: as configured, if the host has memory for that.
    fn set_ceiling(&mut self, queued_total: usize) {
        let ceiling = memory::ceiling(queued_total, self.memory_fits);
        self.event_loop.net_mut().set_ceiling(ceiling);
        let share = (ceiling / KEPT_PART).max(KEPT_LEAST);
        self.connections.shared.hub.set_kept_bytes_max(share);
    }

    /// The listeners with their real ports: sockets that were passed to us, then the others in the order of the configuration.
    pub fn listening(&self) -> &[ListenUrl] {
        &self.listening
    }

    /// What the loop has done so far.
    pub fn stats(&self) -> &Stats {
        self.event_loop.net().stats()
    }

    /// Takes care of the log from now on: writes what its stream had no room for as soon as it has.
    pub fn log_to(&mut self, log: Log) {
        self.connections.streams.take_log(log);
    }

    /// Says something to the host on standard output, now or as soon as it is taken. Nobody waits for that.
    pub fn say(&mut self, stdout: HostStream, words: &str) {
        self.connections.streams.say(stdout, words);
        self.connections.streams.tend(self.event_loop.net_mut());
    }

    /// Takes in callers from anywhere: a listening socket that someone else opened, or connections that no kernel knows
    /// (tests and measurements at a scale beyond descriptors). Readiness of those is told by [`inject`](Self::inject).
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn listen_to(&mut self, acceptor: Box<dyn Acceptor>, scheme: Scheme) -> io::Result<ConnId> {
        let farewell = self.connections.settings.farewell_at(scheme);
        let id = self.event_loop.net_mut().add_listener(acceptor, farewell)?;
        self.connections.listeners.insert(id, scheme);
        Ok(id)
    }

    /// Reports readiness of a source that no kernel watches.
    pub fn inject(&mut self, id: ConnId, readiness: Readiness) {
        self.event_loop.net_mut().inject(id, readiness);
    }

    /// How many connections ended for each reason, by its code (docs/METRICS.md). They are counted when the end
    /// is decided, which may be seconds before the last byte is delivered.
    pub fn closes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.connections.closes_by_code(self.event_loop.net())
    }

    /// One turn of the loop, and what signals asked for since the last.
    ///
    /// # Errors
    /// When the poll itself fails.
    pub fn turn(&mut self, timeout: Option<Duration>) -> Result<State, Error> {
        let now = self.event_loop.net().now();
        let timeout = match self.stop_by {
            Some(by) => {
                let left = now.until(by);
                Some(timeout.map_or(left, |timeout| timeout.min(left)))
            }
            None => timeout,
        };
        let due = self.notifier.as_ref().and_then(ServiceNotifier::due);
        let due = due.map(|at| at.saturating_sub(Tick(0).until(now)));
        let secrets = self.connections.secrets.as_ref();
        let rest = secrets.map(|secrets| secrets.rest(now));
        let told = self.connections.streams.due_in();
        // A password is being checked, a slice each turn.
        let checking =
            (self.connections.shared.password_checks.waiting() > 0).then_some(Duration::ZERO);
        let timeouts = [timeout, due, rest, told, checking];
        let timeout = timeouts.into_iter().flatten().min();
        let net = self.event_loop.net_mut();
        let paused_ns = net.stats().paused_ns;
        net.set_kept_elsewhere(self.connections.kept());
        self.event_loop.turn(&mut self.connections, timeout)?;
        self.note_pause(paused_ns);
        let net = self.event_loop.net_mut();
        self.connections.go_on_checking(net);
        let (now, took) = (net.now(), net.stats().last_turn_ns);
        let messages = self.connections.shared.counters.messages;
        self.connections.activity.note_turn(now, messages, took);
        if let Some(notifier) = &mut self.notifier {
            let hub = &self.connections.shared.hub;
            let took = Duration::from_nanos(took);
            let now = Tick(0).until(now);
            notifier.note_turn(now, took, hub.user_count(), hub.room_count());
        }
        self.connections.look_after_certificates(net);
        let state = self.heed_signals();
        self.connections.streams.tend(self.event_loop.net_mut());
        Ok(state)
    }

    /// Says so if the process was stopped since the last turn.
    fn note_pause(&mut self, paused_ns_before: u64) {
        let pause = self.event_loop.net().stats().paused_ns - paused_ns_before;
        if pause == 0 {
            return;
        }
        let seconds = Duration::from_nanos(pause).as_secs_f32();
        tracing::warn!(
            seconds,
            "the server did not run for a while; no deadline counts that time"
        );
        if let Some(notifier) = &mut self.notifier {
            notifier.note_pause();
        }
    }

    /// Takes turns until a signal ends it.
    ///
    /// # Errors
    /// When the poll itself fails.
    pub fn run(&mut self) -> Result<State, Error> {
        if let Some(notifier) = &self.notifier {
            notifier.tell_ready();
        }
        loop {
            match self.turn(None)? {
                State::Running | State::Stopping => {}
                ended => return Ok(ended),
            }
        }
    }

    fn heed_signals(&mut self) -> State {
        if let Some(signals) = &mut self.connections.signals {
            let (stops, reload) = (signals.stops, std::mem::take(&mut signals.reload));
            if stops > 1 {
                let (net, connections) = (self.event_loop.net(), &mut self.connections);
                let cut_off = net.connection_count();
                for id in connections.sessions.ids() {
                    connections.note_end(net, id, CloseReason::SecondSignal, None);
                }
                tracing::warn!(cut_off, "stopped at the second signal");
                return State::Interrupted;
            }
            if stops == 1 && self.stop_by.is_none() {
                self.stop();
            }
            if reload && self.stop_by.is_none() {
                self.reload();
            }
        }
        if mem::take(&mut self.connections.shared.die) && self.stop_by.is_none() {
            tracing::warn!("an operator said DIE");
            self.stop();
        }
        if mem::take(&mut self.connections.shared.rehash) && self.stop_by.is_none() {
            tracing::info!("an operator said REHASH");
            self.reload();
        }
        match self.stop_by {
            None => State::Running,
            Some(by) if self.client_count() == 0 || self.event_loop.net().now() >= by => {
                let cut_off = self.client_count();
                tracing::info!(cut_off, "stopped");
                State::Stopped
            }
            Some(_) => State::Stopping,
        }
    }

    /// Connections that a stop waits for.
    fn client_count(&self) -> usize {
        self.event_loop.net().connection_count() - self.connections.scrapers
    }

    /// Starts the end: no more callers, a last word to everyone, then an orderly end of each connection.
    pub fn stop(&mut self) {
        tracing::info!(connections = self.client_count(), "stopping");
        if let Some(notifier) = &self.notifier {
            notifier.tell_stopping();
        }
        self.stop_by = Some(self.event_loop.net().now().after(STOP_WITHIN));
        self.connections.stopping = true;
        self.event_loop.net_mut().shorten_linger();
        let all = self.connections.listeners.iter();
        let listeners = all.filter(|(_, scheme)| **scheme != Scheme::Metrics); // in reach to the end
        let listeners: Vec<_> = listeners.map(|(id, _)| *id).collect();
        // Those in the doorway are guests already, as far as they know.
        let connections = &mut self.connections;
        self.event_loop.accept_waiting(&listeners, connections);
        let net = self.event_loop.net_mut();
        for listener in listeners {
            self.connections.listeners.remove(&listener);
            net.close(listener);
        }
        let sessions = self.connections.sessions.iter();
        let sessions: Vec<_> = sessions
            .filter(|(_, session)| !session.is_scraper())
            .map(|(id, session)| {
                let hearing = Some(session).filter(|session| session.hears());
                let words = hearing.and_then(Session::flavour).map(|flavour| {
                    let settings = &self.connections.settings;
                    let mut words = match flavour {
                        Flavour::Telnet => settings.last_words.to_vec(),
                        _ => settings.irc_last_words.to_vec(),
                    };
                    flavour.frame(0, &mut words);
                    words
                });
                (id, words)
            })
            .collect();
        for (id, words) in sessions {
            let connections = &mut self.connections;
            connections.note_end(net, id, CloseReason::Shutdown, None);
            if let Some(words) = words {
                net.send(id, &words);
            }
            connections.hang_up(net, id);
        }
        // Everyone has heard it: who goes first need not be told to the others, each to each.
        self.connections.shared.routes = Routes::default();
    }

    /// Reads the configuration again, and tells the service manager, who waits for it, when that is done.
    fn reload(&mut self) {
        if let Some(notifier) = &self.notifier {
            notifier.tell_reloading();
        }
        self.read_again();
        if let Some(notifier) = &self.notifier {
            notifier.tell_ready();
        }
    }

    /// Reads the configuration again. What cannot change while running stays and is named; a broken file changes nothing.
    fn read_again(&mut self) {
        let Some(sources) = &self.sources else {
            return;
        };
        let config = match sources.load() {
            Ok(config) => config,
            Err(errors) => {
                for error in errors.iter() {
                    tracing::error!("{error}");
                }
                tracing::error!("the configuration stays as it was");
                return;
            }
        };
        if config.listen != self.config.listen {
            tracing::warn!("the listeners changed; that takes a restart");
        }
        if config.server.unicode_names != self.config.server.unicode_names {
            tracing::warn!("[server] unicode_names changed; that takes a restart");
        }
        if config.limits.clients != self.config.limits.clients {
            tracing::warn!("[limits] clients changed; that takes a restart");
        }
        let settings = Settings::new(&config);
        self.renew_certificates(&config);
        self.set_ceiling(settings.queued_total);
        let net = self.event_loop.net_mut();
        self.connections.apply_settings(net, settings);
        let started = self.connections.shared.server_info.started;
        let info = server_info(&config, started);
        self.connections.shared.set_server_info(info);
        let own = [config.server.name.as_str(), &config.server.network];
        self.connections.shared.hub.reserve(&own);
        self.connections.shared.server_info.sts = tls::sts(&config, &self.listening);
        self.config = Config {
            listen: self.config.listen.clone(),
            ..config
        };
        tracing::info!("configuration read again");
    }
}

/// What the system says, without its numbers, in the middle of a sentence.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        // Not of abbreviations.
        Some(first) if !letters.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_become_plain_words() {
        let in_use = io::Error::from_raw_os_error(98);
        assert_eq!(plain(&in_use), "address already in use");
        assert_eq!(plain(&io::Error::other("IPv6 is off")), "IPv6 is off");
    }
}
