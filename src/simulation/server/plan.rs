//! The plan of a run of the swarm: the clients, the limits, the faults. All of it is drawn from the seed.

use crate::{
    config::{Config, Motd, Scheme},
    net::Limits,
    simulation::network::Random,
};
use std::time::Duration;

/// The schemes of the gates, by number; chat comes first.
pub(super) const GATES: [Scheme; 4] = [Scheme::Any, Scheme::Telnet, Scheme::Echo, Scheme::Http];

/// The number of the echo gate.
pub(super) const ECHO_GATE: usize = 2;

/// The number of the gate for browsers.
pub(super) const WEB_GATE: usize = 3;

/// The family of a run: what may happen in it, and so what must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The queues have room, and time moves only when all clients are silent: a client that reads receives everything.
    Calm,
    /// Small queues, a low ceiling: connections are closed at any moment.
    Tight,
    /// The server stops in the middle, and in some runs time moves fast.
    Rough,
}

/// One run, drawn.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) config: Config,
    /// Limits of a chat connection if they are not to follow from the configuration.
    pub(super) limits: Option<Limits>,
    /// Bytes that a wire holds in each direction.
    pub(super) room: usize,
    pub(super) clients: usize,
    pub(super) echo_clients: usize,
    pub(super) ws_clients: usize,
    /// Lines that a client sends.
    pub(super) lines: usize,
    /// The step at which the server is stopped.
    pub(super) stop_at: Option<usize>,
    /// In so many of a thousand steps time jumps to the next deadline, even while bytes are under way.
    pub(super) hurry: usize,
    /// Whether a client that reads may be closed.
    pub(super) tight: bool,
}

impl Family {
    /// The ends that some run must have, or the runs test less than they seem to.
    pub(super) fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Calm => &[
                "agreement",
                "goodbye",
                "you gave no name in time",
                "no sign of life",
                "rest",
                "shed",
                "too many connections",
                "try again later",
                "by websocket: 1000 Quit",
            ],
            Self::Tight => &[
                "agreement",
                "over the ceiling",
                "SendQ exceeded",
                "by websocket: 1008 SendQ exceeded",
            ],
            Self::Rough => &[
                "shutting down",
                "over the ceiling",
                "by websocket: 1001 shutting down",
            ],
        }
    }
}

/// The defaults without a room at the start, for the oracle knows who joined, and without a message of the day, which
/// takes steps.
fn quiet_config() -> Config {
    let mut config = Config::default();
    // What is counted is what is sent to all; the last lines for a newcomer would come on top of that.
    config.history.replay = 0;
    config.server.join.clear();
    config.server.motd = Some(Motd::none());
    config
}

impl Plan {
    pub(super) fn draw(family: Family, random: &mut Random) -> Self {
        let room = [1, 7, 7, 100, 100, 100, 5000, 5000, 5000, 5000][random.below(10)];
        let mut plan = Self {
            config: quiet_config(),
            limits: None,
            room,
            clients: 2 + random.below(6),
            echo_clients: random.below(3),
            // The welcome of IRC is long: byte by byte it would take more steps than a run has.
            ws_clients: if room == 1 { 0 } else { random.below(4) },
            // A byte takes some steps where there is room for one.
            lines: match room {
                1 => 2,
                7 => 4,
                _ => 4 + random.below(12),
            },
            stop_at: None,
            hurry: 0,
            tight: false,
        };
        plan.draw_limits(random);
        match family {
            // A mark that holds input back while anything waits, and a limit that no queue reaches.
            Family::Calm if random.percent(30) => {
                let high_water = [0, 60][random.below(2)];
                let limit = 1 << 20;
                plan.limits = Some(Limits { high_water, limit });
            }
            Family::Calm => {}
            Family::Tight => plan.tighten(random),
            Family::Rough => {
                plan.stop_at = Some(random.below(900));
                plan.hurry = [0, 0, 5][random.below(3)];
                if random.percent(25) {
                    plan.tighten(random);
                }
            }
        }
        plan
    }

    fn draw_limits(&mut self, random: &mut Random) {
        let limits = &mut self.config.limits;
        limits.line = [100, 300][random.below(2)];
        limits.registration = Duration::from_secs([2, 30][random.below(2)]);
        limits.ping = Duration::from_secs([3, 120][random.below(2)]);
        limits.messages_per_second = [0, 0, 2, 20][random.below(4)];
        limits.burst = [1, 3][random.below(2)];
        limits.clients_per_address = [0, 0, 1, 2][random.below(4)];
        limits.connections_per_minute = [0, 0, 0, 2][random.below(4)];
        limits.clients = [None, None, None, Some(3)][random.below(4)];
    }

    fn tighten(&mut self, random: &mut Random) {
        self.tight = true;
        let limits = &mut self.config.limits;
        limits.send_queue = [120, 400, 1000, 1 << 20][random.below(4)];
        limits.queued_total = [300, 1500, 1 << 20][random.below(3)];
    }
}
