//! `madang bench`: holds thousands of connections, fans messages out to them, and says what it cost.
//!
//! The tool runs on the same loop as the server, from the other side: [`net::Net`](crate::net::Net), calls
//! instead of callers, one thread.
//!
//! ```text
//! plan      the arithmetic, before anything is opened        guard     whom it may be pointed at
//! stage     the loop, phases, samples, signals               timer     waking up on time; pace: when a send is due
//! crew      all connections: call, register, be there, go    dial      one call, with its socket's options
//! speaker   what is said, by protocol                        framing   how lines travel: as they are, or in frames
//! hall      the ear in the rooms: checks every delivery      tag       the stamp in each message
//! ledger    lost, duplicated, reordered, by pair             measure   spans of time and their percentiles
//! scenario  idle, fanout, churn, storm, echo, slow, hostile  probe     what the server used meanwhile
//! account   from marks and counts to the report              report    its values, and its forms
//! ```
//!
//! What is promised: in an open loop every send has its planned moment and latency counts from there; every message
//! carries who sent it, which one it is and when it was planned, and nothing counts as delivered that does not prove to
//! be whole; everything is bounded in time and number. Knows no chat, no configuration and nothing of our server:
//! madang is measured like any other.

mod account;
mod clock;
mod crew;
mod dial;
mod framing;
mod guard;
mod hall;
mod ledger;
mod measure;
mod pace;
mod phases;
mod plan;
mod probe;
mod progress;
pub mod report;
mod scenario;
mod settings;
mod speaker;
mod stage;
mod tag;
mod target;
mod timer;

pub use measure::Percentiles;
pub use pace::Rate;
pub use phases::{Phase, Timed};
pub use plan::Plan;
pub use probe::metrics::MetricsUrl;
pub use report::Report;
pub use scenario::{
    churn::Churn,
    echo::Echo,
    fanout::{Drive, Fanout},
    hostile::{Attack, Hostile, Operator},
    idle::Idle,
    slow::Slow,
    storm::Storm,
};
pub use tag::TEXT_BYTES_MIN;
pub use target::{Protocol, Target};

use crate::os::process::Process;
use clock::Clock;
use plan::{Facts, Need};
use probe::{Probe, metrics::Scrape};
use settings::settings;
use speaker::{Run, Speaker};
use std::{collections::BTreeMap, io, net::IpAddr, time::Duration};

/// A run: whom to measure, how, and what.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whom.
    pub target: Target,
    /// It is the user's own server, wherever it stands.
    pub is_theirs: bool,
    /// Addresses to call from; none: our choice.
    pub sources: Vec<IpAddr>,
    /// Calls a second while everyone comes.
    pub connects_per_second: f64,
    /// Calls and registrations under way at a time, at most.
    pub pending: usize,
    /// How long a call and its registration may take.
    pub patience: Duration,
    /// The server's process, if it runs here.
    pub pid: Option<u32>,
    /// Where the server tells what it uses, if it does.
    pub metrics: Option<MetricsUrl>,
    /// What.
    pub scenario: Scenario,
}

/// What is measured.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// Connections that come, register and go.
    Churn(Churn),
    /// Blocks out and back.
    Echo(Echo),
    /// Messages to many.
    Fanout(Fanout),
    /// Attacks, and those who have to do with them.
    Hostile(Hostile),
    /// Connections that say nothing.
    Idle(Idle),
    /// Messages to many, some of whom do not read.
    Slow(Slow),
    /// Everyone lost at once, and back again.
    Storm(Storm),
}

/// Bytes that may be on their way at a time: less than what all queues of the loop may hold together.
const BYTES_UNDER_WAY_MAX: usize = 128 << 20;

/// The longest datagram over IPv4.
const DATAGRAM_BYTES_MAX: usize = 65_507;

impl Scenario {
    /// Sockets open at the same time.
    fn connections(&self) -> usize {
        match self {
            Self::Churn(churn) => churn.concurrency,
            Self::Echo(echo) => echo.connections,
            Self::Fanout(fanout) => fanout.connections(),
            Self::Hostile(hostile) => hostile.connections(),
            Self::Idle(idle) => idle.connections,
            Self::Slow(slow) => slow.talk.connections(),
            // Those that vanished may not be gone everywhere when they are back.
            Self::Storm(storm) => storm.connections * 2,
        }
    }

    /// Whether it can be done with this protocol; why not, else.
    fn suits(&self, protocol: Protocol) -> Result<(), String> {
        let (talk, is_raw) = match self {
            Self::Echo(echo) => return echo_suits(echo, protocol),
            Self::Hostile(_) if protocol.is_irc() => return Ok(()),
            Self::Hostile(_) => {
                return Err(format!(
                    "the victims speak IRC: name an irc:// or ws:// target, and {protocol}:// with --also"
                ));
            }
            Self::Churn(churn) => (None, churn.raw),
            Self::Fanout(fanout) => (Some(fanout), false),
            Self::Idle(idle) => (None, idle.raw),
            Self::Slow(slow) => (Some(&slow.talk), false),
            Self::Storm(storm) => (None, storm.raw),
        };
        if protocol.is_datagrams() || !(protocol.is_chat() || is_raw) {
            return Err(format!(
                "{protocol}:// has no rooms and no names: it is there for echo"
            ));
        }
        let (longest, payload) = (
            Speaker::longest_text(protocol),
            talk.map_or(0, |talk| talk.payload),
        );
        if payload > longest {
            return Err(format!(
                "a message of {payload} bytes does not fit into a line of {protocol}://: at most {longest}"
            ));
        }
        if talk.is_some_and(|talk| talk.senders * talk.rooms > usize::from(u16::MAX)) {
            return Err(format!(
                "at most {} senders in all rooms together",
                u16::MAX
            ));
        }
        if let Self::Slow(slow) = self {
            let seating = slow.talk.seating(slow.slow);
            if seating.sloths >= seating.receivers_of(0) {
                return Err(
                    "somebody in the first room must read: more --receivers, or fewer --slow"
                        .into(),
                );
            }
        }
        Ok(())
    }
}

fn echo_suits(echo: &Echo, protocol: Protocol) -> Result<(), String> {
    let under_way = echo.size.saturating_mul(echo.connections);
    match protocol {
        Protocol::Echo | Protocol::EchoUdp if under_way > BYTES_UNDER_WAY_MAX => Err(format!(
            "{} connections with {} bytes on their way each are more than the {BYTES_UNDER_WAY_MAX} this tool holds",
            echo.connections, echo.size
        )),
        Protocol::EchoUdp if echo.size > DATAGRAM_BYTES_MAX => {
            Err(format!("a datagram has at most {DATAGRAM_BYTES_MAX} bytes"))
        }
        Protocol::Echo | Protocol::EchoUdp => Ok(()),
        _ => Err(format!(
            "{protocol}:// does not send everything back: use echo:// or echo+udp://"
        )),
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot or may not be done; nothing was opened.
    #[error("{0}")]
    Refused(String),
    /// The system has no poll, no timer or no signals for us, or the poll failed.
    #[error("the readiness loop failed: {0}")]
    Loop(#[from] io::Error),
}

/// What all scenarios need to know.
struct Setup {
    target: Target,
    run: Run,
    clock: Clock,
    patience: Duration,
    connects_per_second: f64,
    pending: usize,
    settings: BTreeMap<String, String>,
}

/// A run that is checked and planned, and may begin. `Display` of its plan is for the user.
#[derive(Debug)]
pub struct Ready {
    job: Job,
    plan: Plan,
}

impl Job {
    /// Checks whether it may and can be done. Opens nothing.
    ///
    /// # Errors
    /// Says why not.
    pub fn prepare(self) -> Result<Ready, Error> {
        let refused = |why: String| Err(Error::Refused(why));
        let metrics = self.metrics.as_ref().map(|url| url.address);
        let (permit, also): (fn(_, _) -> _, &[Target]) = match &self.scenario {
            Scenario::Hostile(hostile) => (guard::permit_attack, &hostile.also),
            _ => (guard::permit, &[]),
        };
        let others = also.iter().map(|target| target.address);
        for address in [self.target.address]
            .into_iter()
            .chain(metrics)
            .chain(others)
        {
            if let Err(why) = permit(address, self.is_theirs) {
                return refused(why);
            }
        }
        let protocol = self.target.protocol;
        self.scenario.suits(protocol).map_err(Error::Refused)?;
        if let Some(pid) = self.pid {
            if Process::with_id(pid).usage().resident.is_none() {
                return refused(format!(
                    "there is no process {pid} to look at on this machine"
                ));
            }
        }
        let need = Need {
            connections: self.scenario.connections(),
            target: self.target.address,
            sources: self.sources.clone(),
        };
        let plan = Plan::make(need, Facts::of_this_machine()).map_err(Error::Refused)?;
        Ok(Ready { job: self, plan })
    }
}

impl Ready {
    /// The arithmetic, for the user.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Does it. Ctrl-C ends it early, with a report of what was measured.
    ///
    /// # Errors
    /// Only when the loop itself fails; what the server does is in the report.
    pub fn run(self) -> Result<Report, Error> {
        let Self { job, plan } = self;
        let probe = match (job.pid, job.metrics) {
            (Some(id), _) => Probe::Process(Process::with_id(id), id),
            (None, Some(url)) => Probe::Metrics(Box::new(Scrape::new(url))),
            (None, None) => Probe::None,
        };
        let setup = Setup {
            target: job.target,
            // Two runs at a time have other names and rooms.
            run: Run((std::process::id() % 1296) as u16),
            clock: Clock::start(),
            patience: job.patience,
            connects_per_second: job.connects_per_second,
            pending: job.pending,
            settings: settings(&job.scenario),
        };
        let (tools, progress) = ((plan, probe), progress::on_stderr());
        let mut report = match job.scenario {
            Scenario::Churn(churn) => churn.run(&setup, tools, progress),
            Scenario::Echo(echo) => echo.run(&setup, tools, progress),
            Scenario::Fanout(fanout) => fanout.run(&setup, tools, progress),
            Scenario::Hostile(hostile) => hostile.run(&setup, tools, progress),
            Scenario::Idle(idle) => idle.run(&setup, tools, progress),
            Scenario::Slow(slow) => slow.run(&setup, tools, progress),
            Scenario::Storm(storm) => storm.run(&setup, tools, progress),
        }?;
        account::warn_of_a_silent_server(&mut report);
        account::warn_of_a_busy_tool(&mut report);
        Ok(report)
    }
}

impl Report {
    /// The report as a table for people.
    pub fn to_table(&self) -> String {
        report::table::table(self)
    }
}
