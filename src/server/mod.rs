//! The server: wires the loop, the chat and the protocols together, and is the only place that knows all three.
//!
//! [`Server::bind`] makes the listeners, [`Server::turn`] is one step, [`Server::run`] takes steps until a signal ends it.
//! Owns sessions, fan-out, limits, shutdown and reload. Readiness is `net`'s, rules of chat are `chat`'s, wire
//! formats are `protocol`'s.

mod certificates;
mod connections;
pub mod control;
mod error;
pub(crate) mod keeper_link;
mod lifecycle;
pub(crate) mod limits;
mod listeners;
mod metrics;
mod restore;
mod settings;
mod shared;
mod streams;
mod wall_clock;

pub use error::Error;

use crate::{
    chat::{Hub, MessageId, NameRules},
    config::{self, Config, Endpoint, ListenUrl, Scheme, Sources},
    net::{Acceptor, ConnId, EventLoop, Readiness, Stats, Tick},
    os::{
        descriptors, log::Log, sandbox, service_manager::ServiceNotifier, signals::Signals,
        stream::HostStream,
    },
};
use certificates::Certificates;
use connections::Connections;
use keeper_link::KeeperLink;
use limits::memory;
use listeners::{bind, listener::Listener, passed};
use metrics::census;
use settings::{Settings, server_info};
use shared::{Shared, lifecycle::Lifecycle};
use std::{io, time::Duration};
use streams::SIGNALS;
use wall_clock::WallClock;

/// Rooms (members, topics, lists) and users (names, away texts) may take one part in so many of the ceiling. Past it,
/// nothing is added to lists, topics and rooms; no connection is closed for them.
const KEPT_PART: usize = 4;

/// Never less than this, or a small ceiling would allow no room at all.
const KEPT_LEAST: usize = 64 * 1024;

/// Whether the server goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Connections are accepted.
    Running,
    /// It was asked to stop; queued output is still being sent.
    Stopping,
    /// All connections have ended, or their time is up.
    Stopped,
    /// A second signal came before all output was sent.
    Interrupted,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub(crate) event_loop: EventLoop,
    pub(crate) connections: Connections,
    pub(crate) config: Config,
    listening: Vec<ListenUrl>,
    /// Bytes that the host has memory for.
    memory_fits: usize,
    /// The origin of the configuration, to be read again.
    sources: Option<Sources>,
    /// The service manager, if one wants to know the server's state.
    notifier: Option<ServiceNotifier>,
}

impl Server {
    /// A server without listeners. [`bind`](Self::bind) starts with it, and tests add connections by hand.
    ///
    /// # Errors
    /// When the system has no poll, or a certificate cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        let mut event_loop = EventLoop::new()?;
        event_loop.net_mut().leave_out_pauses();
        let mut hub = Hub::new(NameRules {
            unicode: config.server.unicode_names,
        });
        hub.reserve(&[config.server.name.as_str(), &config.server.network]);
        let clients_max = config.limits.clients.map_or(usize::MAX, |n| n as usize);
        let started = WallClock::default().at(Tick(0));
        // A million numbers for each millisecond: no number comes again when the process starts again.
        hub.number_messages_from(MessageId((started.wall.unix_ms().max(0) as u64) << 20));
        let mut shared = Shared::new(hub, server_info(&config, started), Settings::new(&config))?;
        shared.limits.admission.set_clients_max(clients_max);
        shared.tls = Certificates::new(&config.tls.credentials)?;
        let connections = Connections::new(shared);
        let mut server = Self {
            event_loop,
            connections,
            config,
            listening: Vec::new(),
            memory_fits: usize::MAX,
            sources: None,
            notifier: None,
        };
        server.set_ceiling(server.config.limits.queued_total);
        Ok(server)
    }

    /// Raises the descriptor limit, registers the signals, and binds all listeners.
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
        let admission = &mut server.connections.shared.limits.admission;
        let wanted = admission.clients_max();
        if wanted != usize::MAX && wanted > possible {
            tracing::warn!(
                wanted,
                possible,
                descriptors = limit,
                "fewer clients than wanted: raise the limit of open descriptors"
            );
        }
        admission.set_clients_max(wanted.min(possible));
        server.keep_certificate()?;
        server.open_store()?;
        server.open_control();
        let mut signals = Signals::new()?;
        let net = server.event_loop.net_mut();
        net.register_external(&mut signals.source, SIGNALS)?;
        server.connections.signals = Some(signals);
        let passed = passed::take_passed(&mut server.connections.adopter(net), &server.config)?;
        let mut wanted = server.config.listen.clone();
        if !passed.is_empty() && wanted == Config::default().listen {
            tracing::info!("the sockets that were passed stand in for the default listener");
            wanted.clear();
        }
        server.listening = passed;
        for url in wanted {
            let (net, connections) = (server.event_loop.net_mut(), &mut server.connections);
            let bound = bind::bind(
                &mut connections.adopter(net),
                &url,
                &server.config,
                &server.listening,
            )?;
            server.listening.extend(bound);
        }
        server.notifier = ServiceNotifier::from_env();
        server.connections.shared.server_info.sts =
            certificates::sts(&server.config, &server.listening);
        let listeners: Vec<String> = server.listening.iter().map(ToString::to_string).collect();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            listeners = listeners.join(" "),
            clients = server.connections.shared.limits.admission.clients_max(),
            descriptors = limit,
            "ready"
        );
        Ok(server)
    }

    /// Starts the keeper, if there is a directory for it, and takes over what was kept.
    fn open_store(&mut self) -> Result<(), Error> {
        let Some(directory) = &self.config.server.data else {
            return Ok(());
        };
        let net = self.event_loop.net_mut();
        let (link, loaded) = KeeperLink::start(directory, self.config.server.sandbox, net)?;
        let shared = &mut self.connections.shared;
        let now = shared.wall_clock.at(net.now());
        restore::restore(shared, loaded, now)?;
        self.connections.keeper = Some(link);
        Ok(())
    }

    /// Makes the socket by which the host looks after the server, where there is a data directory. Chat does not depend on it.
    fn open_control(&mut self) {
        let Some(directory) = &self.config.server.data else {
            return;
        };
        let net = self.event_loop.net_mut();
        if let Err(error) = self.connections.control.listen(directory, net) {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "no control socket; `madang account` works only while the server is stopped");
        }
    }

    /// Bounds the memory that peers can make the server hold: as configured, if the host has memory for that.
    fn set_ceiling(&mut self, queued_total: usize) {
        let ceiling = memory::ceiling(queued_total, self.memory_fits);
        self.event_loop.net_mut().set_ceiling(ceiling);
        let share = (ceiling / KEPT_PART).max(KEPT_LEAST);
        self.connections.shared.hub.set_kept_bytes_max(share);
    }

    /// Gives up what the server does not need from here on. To be called when it listens, and before it accepts.
    ///
    /// # Errors
    /// The kernel cannot do what the configuration insists on.
    pub fn enter_sandbox(&mut self) -> Result<(), Error> {
        let mode = match self.config.server.sandbox {
            config::Sandbox::Off => return Ok(()),
            config::Sandbox::On => sandbox::Mode::On,
            config::Sandbox::Strict => sandbox::Mode::Strict,
        };
        let sources = self.sources.as_ref();
        let sockets = self.listening.iter().filter_map(|url| match &url.endpoint {
            Endpoint::Unix(path) => Some(path.clone()),
            Endpoint::Inet { .. } => None,
        });
        let role = sandbox::Role::Server {
            configured: sources.map_or(vec![], |sources| sources.files(&self.config)),
            data: self.config.server.data.clone(),
            sockets: sockets.collect(),
        };
        let granted = sandbox::enter(&role, mode).map_err(Error::Sandbox)?;
        tracing::info!(%granted, "sandboxed");
        self.connections.shared.sandbox = granted;
        Ok(())
    }

    /// The listeners with their real ports: passed sockets first, then the others in the order of the configuration.
    pub fn listening(&self) -> &[ListenUrl] {
        &self.listening
    }

    /// What the loop has done so far.
    pub fn stats(&self) -> &Stats {
        self.event_loop.net().stats()
    }

    /// Takes over the log: writes lines that its stream had no room for as soon as it has.
    pub fn log_to(&mut self, log: Log) {
        self.connections.streams.take_log(log);
    }

    /// Writes a text to standard output, now or as soon as there is room. Nothing waits for that.
    pub fn say(&mut self, stdout: HostStream, text: &str) {
        self.connections.streams.say(stdout, text);
        self.connections.streams.tend(self.event_loop.net_mut());
    }

    /// Accepts connections from anything: a listening socket that was opened elsewhere, or connections that no kernel knows
    /// (tests, and measurements at a scale beyond descriptors), whose readiness is reported by [`inject`](Self::inject).
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn listen_to(&mut self, acceptor: Box<dyn Acceptor>, scheme: Scheme) -> io::Result<ConnId> {
        let net = self.event_loop.net_mut();
        let listener = Listener::new(scheme);
        self.connections.adopter(net).adopt(acceptor, listener)
    }

    /// Reports readiness of a source that no kernel watches.
    pub fn inject(&mut self, id: ConnId, readiness: Readiness) {
        self.event_loop.net_mut().inject(id, readiness);
    }

    /// How many connections ended for each reason, by its code (docs/METRICS.md). They are counted when the end
    /// is decided, which may be seconds before the last byte is delivered.
    pub fn closes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        census::closes_by_code(&self.connections.shared, self.event_loop.net())
    }

    /// Takes one turn of the loop, and follows signals and operators' requests.
    ///
    /// # Errors
    /// When the poll itself fails.
    pub fn turn(&mut self, timeout: Option<Duration>) -> Result<State, Error> {
        let now = self.event_loop.net().now();
        let stop_in = match self.connections.shared.lifecycle {
            Lifecycle::Stopping { until } => Some(now.until(until)),
            Lifecycle::Running => None,
        };
        let due = self.notifier.as_ref().and_then(ServiceNotifier::due);
        let due = due.map(|at| at.saturating_sub(Tick(0).until(now)));
        let certificates = self.connections.shared.tls.as_ref();
        let rest = certificates.map(|certificates| certificates.next_check_in(now));
        let log_due = self.connections.streams.due_in();
        // A password is checked in slices, one in each turn.
        let checking = self
            .connections
            .shared
            .has_checks()
            .then_some(Duration::ZERO);
        // They may have been given up after the loop's own look at them.
        let shared = &self.connections.shared;
        let leaving = !shared.leaving.is_empty() || shared.presences.has_more();
        let leaving = leaving.then_some(Duration::ZERO);
        let keeper = self.connections.keeper.as_ref();
        let keeper_due = keeper.and_then(|keeper| keeper.due_in(now));
        let control_due = self.connections.control.due_in(now);
        let timeouts = [
            timeout,
            stop_in,
            due,
            rest,
            log_due,
            checking,
            leaving,
            keeper_due,
            control_due,
        ];
        let timeout = timeouts.into_iter().flatten().min();
        let net = self.event_loop.net_mut();
        let paused_ns = net.stats().paused_ns;
        net.set_kept_elsewhere(self.connections.kept());
        self.event_loop.turn(&mut self.connections, timeout)?;
        self.note_pause(paused_ns);
        let net = self.event_loop.net_mut();
        self.connections.check_passwords(net);
        self.connections.tend_control(net);
        self.connections.tend_store(net);
        self.connections.answer_control(net);
        let (now, took) = (net.now(), net.stats().last_turn_ns);
        let shared = &mut self.connections.shared;
        shared
            .activity
            .note_turn(now, shared.counters.messages, took);
        if let Some(notifier) = &mut self.notifier {
            let hub = &shared.hub;
            let took = Duration::from_nanos(took);
            let now = Tick(0).until(now);
            notifier.note_turn(now, took, hub.user_count(), hub.room_count());
        }
        if let Some(certificates) = &mut shared.tls {
            certificates.check_expiry(now, shared.wall_clock.at(now));
        }
        let state = self.follow_requests();
        self.connections.streams.tend(self.event_loop.net_mut());
        Ok(state)
    }

    /// Logs it if the process was stopped since the last turn.
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
                ended => {
                    self.connections.finish_store(self.event_loop.net());
                    return Ok(ended);
                }
            }
        }
    }
}
