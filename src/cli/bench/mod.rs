//! `madang bench`: the options of the load tool and their defaults. What they do is `load`'s.

mod common;
mod hostile;
mod login;
mod output;
mod values;

use super::{failure::Failure, stdout::print};
use crate::{
    load::{
        self, Churn, ClientMode, Drive, Echo, Fanout, Idle, Rate, Report, Scenario, Slow, Storm,
    },
    os::{
        io_error::plain,
        stream::{HostStream, LAST_WORDS},
    },
};
use common::Common;
use output::Output;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use values::{at_least_one, duration, payload, rate, size};

/// Measure a server: hold connections, fan messages out, say what it cost
///
/// Measures a server of chat or echo: holds many connections, sends messages through them, checks every delivery, and
/// reports what that cost, if --pid names the server's process. It is madang's own tool, and works against any server that
/// speaks the protocol.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Targets: irc://HOST:PORT, ircs:// (TLS), ws:// and wss:// (IRC over WebSocket, at /ws), telnet://,
echo://, echo+udp://. Servers that are neither on this machine nor in a private network are refused,
unless you say that they are yours.

Examples:
  madang bench idle irc://127.0.0.1:6667 --connections 15000 --pid $(pgrep -x ngircd)
  madang bench fanout irc://127.0.0.1:6667 --receivers 1000 --rate 50/s --html report.html
  madang bench fanout irc://127.0.0.1:6667 --receivers 1000 --window 8
  madang bench churn irc://127.0.0.1:6667 --concurrency 50 --json before.json
  madang bench compare before.json after.json

Exit status: 0 if all went well; 1 if a connection failed, or a delivery was lost, duplicated,
reordered or corrupted; 2 for what cannot or may not be done; 3 if only a --fail-if was met.";

/// Calls a second if no option sets another number.
const CONNECT_RATE: u32 = 1000;

#[derive(Debug, clap::Subcommand)]
// To be called without its own subcommand is an error like any other, not a call for help.
#[command(arg_required_else_help = false)]
#[expect(clippy::large_enum_variant, reason = "there is one of them in a run")]
enum Command {
    #[command(flatten)]
    Measure(Measure),
    /// Print two reports side by side, with ratios
    ///
    /// Reads two files that --json has written and prints their numbers side by side, with the ratio of the second to the
    /// first. Says what makes them hard to compare.
    Compare {
        /// The first report
        #[arg(value_name = "A.json")]
        a: PathBuf,
        /// The second report
        #[arg(value_name = "B.json")]
        b: PathBuf,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Measure {
    /// Hold connections that say nothing: memory for each, wake-ups
    Idle {
        /// How many connections
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
        connections: u32,
        /// Calls a second while they come
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
        rate: u32,
        /// How long they are held when all are there
        #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
        hold: Duration,
        /// Only connect: no registration, nothing said
        #[arg(long)]
        raw: bool,
        /// People in a room with each other [default: they join none]
        #[arg(long, value_name = "N", value_parser = at_least_one(), conflicts_with = "raw")]
        per_room: Option<u32>,
        #[command(flatten)]
        common: Common,
    },
    /// Send messages to rooms full of receivers: latency, CPU for each delivery
    Fanout {
        #[command(flatten)]
        talk: Talk,
        /// Further connections that say and hear nothing
        #[arg(long, value_name = "N", default_value_t = 0)]
        idle: u32,
        /// Calls a second while everyone comes
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
        connect_rate: u32,
        #[command(flatten)]
        common: Common,
    },
    /// Connect, register and go, over and over: CPU for each session
    Churn {
        /// Sessions at a time
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_least_one())]
        concurrency: u32,
        /// How long
        #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
        time: Duration,
        /// Only connect and hang up: no registration
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Lose all connections at once and come back: how long until all are there
    Storm {
        /// How many connections
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
        connections: u32,
        /// Calls a second while they come for the first time
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
        rate: u32,
        /// Only connect: no registration
        #[arg(long)]
        raw: bool,
        /// People in a room with each other [default: they join none]
        #[arg(long, value_name = "N", value_parser = at_least_one(), conflicts_with = "raw")]
        per_room: Option<u32>,
        #[command(flatten)]
        common: Common,
    },
    /// Log in from all connections at once: do clients that only send PINGs have to wait
    ///
    /// The clients log in with a password (SASL PLAIN). Each of them tries an account that does not exist, which must cost a
    /// server as much as one that does; or all of them the one in the variable MADANG_BENCH_ACCOUNT, as NAME:PASSWORD. A server
    /// that is busy is asked again.
    Login(login::Args),
    /// Send blocks out and compare what comes back
    Echo {
        /// How many connections
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
        connections: u32,
        /// Bytes of each block, or of each datagram
        #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = size)]
        size: usize,
        /// How long
        #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
        time: Duration,
        /// How long a block may take to come back in the end; a datagram that takes longer is lost
        #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
        drain: Duration,
        #[command(flatten)]
        common: Common,
    },
    /// Send messages to rooms where some never read: are the others disturbed
    ///
    /// There are two halves: in the first everyone reads, in the second the slow ones have stopped. The readers are compared
    /// with themselves, and the report says whether the server has closed the slow ones' connections.
    Slow {
        /// Receivers who stop reading
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
        slow: u32,
        /// Receivers, the slow ones among them
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
        receivers: u32,
        /// Messages a second
        #[arg(long, value_name = "RATE", default_value = "2000/s", value_parser = rate)]
        rate: Rate,
        /// Bytes of each message's text
        #[arg(long, value_name = "SIZE", default_value = "300", value_parser = payload)]
        payload: usize,
        /// How long each half is
        #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
        time: Duration,
        #[command(flatten)]
        common: Common,
    },
    /// Attack a server of your own in many ways: do clients that do no harm have to wait
    ///
    /// Attacks follow each other: bursts of commands that are dear to a server, from many clients at once, within its own
    /// limits. Meanwhile a few victims at another address send PINGs at a steady pace, and the report says how long those took.
    /// What the server does not have is skipped. Only this machine is attacked, unless you say that the server is yours.
    Hostile(Box<hostile::Args>),
}

/// The options of traffic in rooms.
#[derive(Debug, clap::Args)]
struct Talk {
    /// Receivers in all rooms together
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
    receivers: u32,
    /// Senders in each room
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
    senders: u32,
    /// Rooms; the receivers are spread over them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
    rooms: u32,
    /// Open loop: messages a second from each sender (50/s; 30/m is one in two seconds) [default: 10/s]
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "window")]
    rate: Option<Rate>,
    /// Closed loop: messages in flight from each sender; the next leaves when one has reached everyone
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    window: Option<u32>,
    /// Bytes of each message's text
    #[arg(long, value_name = "SIZE", default_value = "64", value_parser = payload)]
    payload: usize,
    /// How long they talk
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
    time: Duration,
    /// How long the last deliveries may take after that; later ones are late, and lost if nothing comes for so long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    drain: Duration,
}

/// Does a run and prints its report.
///
/// # Errors
/// The run cannot or may not be done, or it had faults: then the report is printed all the same.
pub(super) fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Compare { a, b } => compare(&a, &b),
        Command::Measure(measure) => {
            let (scenario, connect_rate, common) = measure.into_parts()?;
            // Files that cannot be written are found before the run, not after it.
            let outputs = [&common.json, &common.html, &common.histogram];
            let [json, html, histogram] =
                outputs.map(|path| path.clone().map(Output::create).transpose());
            let (json, html, histogram) = (json?, html?, histogram?);
            let fail_if = common.fail_if.clone();
            let job = common.into_job(scenario, connect_rate)?;
            let ready = job.prepare().map_err(failure)?;
            // Only the report goes to stdout.
            let mut stderr = HostStream::stderr();
            stderr.push(format!("{}\n", ready.plan()).as_bytes());
            stderr.drain(LAST_WORDS);
            let report = ready.run().map_err(failure)?;
            let printed = print(report.to_table());
            for (output, text) in [
                (json, Report::to_json as fn(&Report) -> String),
                (html, Report::to_html),
                (histogram, Report::to_histogram_log),
            ] {
                output.map_or(Ok(()), |output| output.write(&text(&report)))?;
            }
            // An error of stdout is returned only after the files are written, which are needed all the more then.
            printed?;
            if !report.verdict.faults.is_empty() {
                return Err(Failure::Runtime(report.verdict.faults.join(", ")));
            }
            let crossed: Vec<String> = fail_if.iter().filter_map(|t| report.crosses(t)).collect();
            match crossed.is_empty() {
                true => Ok(()),
                false => Err(Failure::Threshold(crossed.join("\n"))),
            }
        }
    }
}

fn compare(a: &Path, b: &Path) -> Result<(), Failure> {
    let read = |path: &Path| {
        let wrong = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| wrong(plain(&error)))?;
        Report::from_json(&text).map_err(wrong)
    };
    let (left, right) = (read(a)?, read(b)?);
    let names = [a, b].map(|path| path.display().to_string());
    print(load::report::compare(
        (&names[0], &left),
        (&names[1], &right),
    ))
}

fn failure(error: load::Error) -> Failure {
    match error {
        load::Error::Refused(why) => Failure::Usage(why),
        load::Error::Loop(_) => Failure::Runtime(error.to_string()),
    }
}

impl Measure {
    /// The scenario, the calls a second, and the common options.
    fn into_parts(self) -> Result<(Box<dyn Scenario>, u32, Common), Failure> {
        Ok(match self {
            Self::Hostile(args) => {
                let (scenario, common) = args.into_parts()?;
                (scenario, CONNECT_RATE, common)
            }
            Self::Idle {
                connections,
                rate,
                hold,
                raw,
                per_room,
                common,
            } => {
                let idle = Idle {
                    connections: connections as usize,
                    hold,
                    mode: mode(raw),
                    per_room: per_room.map(|people| people as usize),
                };
                (Box::new(idle), rate, common)
            }
            Self::Echo {
                connections,
                size,
                time,
                drain,
                common,
            } => {
                let echo = Echo {
                    connections: connections as usize,
                    size,
                    time,
                    drain,
                };
                (Box::new(echo), CONNECT_RATE, common)
            }
            Self::Storm {
                connections,
                rate,
                raw,
                per_room,
                common,
            } => {
                let storm = Storm {
                    connections: connections as usize,
                    mode: mode(raw),
                    per_room: per_room.map(|people| people as usize),
                };
                (Box::new(storm), rate, common)
            }
            Self::Login(args) => {
                let (scenario, common) = args.into_parts()?;
                (scenario, CONNECT_RATE, common)
            }
            Self::Slow {
                slow,
                receivers,
                rate,
                payload,
                time,
                common,
            } => {
                let traffic = Fanout {
                    receivers: receivers as usize,
                    senders: 1,
                    rooms: 1,
                    drive: Drive::Rate(rate),
                    payload,
                    time,
                    drain: Duration::from_secs(5),
                    idle: 0,
                };
                let slow = Slow {
                    traffic,
                    slow: slow as usize,
                };
                (Box::new(slow), CONNECT_RATE, common)
            }
            Self::Fanout {
                talk,
                idle,
                connect_rate,
                common,
            } => (Box::new(talk.into_fanout(idle)), connect_rate, common),
            Self::Churn {
                concurrency,
                time,
                raw,
                common,
            } => {
                let churn = Churn {
                    concurrency: concurrency as usize,
                    time,
                    mode: mode(raw),
                };
                (Box::new(churn), CONNECT_RATE, common)
            }
        })
    }
}

/// The mode of clients with or without `--raw`.
fn mode(raw: bool) -> ClientMode {
    match raw {
        true => ClientMode::ConnectOnly,
        false => ClientMode::Register,
    }
}

impl Talk {
    fn into_fanout(self, idle: u32) -> Fanout {
        let usual = Rate::from_thousandths(10_000).expect("more than nothing");
        let drive = match self.window {
            Some(window) => Drive::Window(window),
            None => Drive::Rate(self.rate.unwrap_or(usual)),
        };
        Fanout {
            receivers: self.receivers as usize,
            senders: self.senders as usize,
            rooms: self.rooms as usize,
            drive,
            payload: self.payload,
            time: self.time,
            drain: self.drain,
            idle: idle as usize,
        }
    }
}
