//! The options that all scenarios share: the target, how to connect to it, and where the report goes.

use super::values::{at_least_one, duration, metrics, target, target_help};
use crate::{
    cli::failure::Failure,
    config::Host,
    load::{Job, MetricsUrl, Ownership, Protocol, Scenario, Target, report::Threshold},
    os::io_error::plain,
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The options of every scenario.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    #[arg(value_name = "TARGET", help = target_help(), value_parser = target)]
    target: (Protocol, Host, u16),
    /// Calls and registrations under way at a time, at most
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = at_least_one())]
    pending: u32,
    /// How long a call and its registration may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// The server's process on this machine: what it uses is measured too (Linux)
    #[arg(long, value_name = "PID", value_parser = at_least_one())]
    pid: Option<u32>,
    /// Where the server publishes its metrics: http://HOST:PORT/metrics, or metrics://HOST:PORT for madang
    #[arg(long, value_name = "URL", value_parser = metrics, conflicts_with = "pid")]
    metrics: Option<(Host, u16, String)>,
    /// An address to call from; repeat for more [default: 127.0.0.0/8 for servers on it, else the system's choice]
    #[arg(long, value_name = "IP")]
    source: Vec<IpAddr>,
    /// Fail with status 3 if this is so: p99>50ms, max>1s, rate<1000; repeat for more. Times are the scenario's own: of
    /// deliveries, sessions, returns or PINGs
    #[arg(long, value_name = "CONDITION")]
    pub(super) fail_if: Vec<Threshold>,
    /// Measure so many times, one after the other: the report is of the run in the middle, with the spread of all
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one())]
    repeat: u32,
    /// The server is yours, wherever it is
    #[arg(long)]
    i_own_this_server: bool,
    /// Keep the whole report as JSON in this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Keep the report as a page with plots in this file: one file that needs no other
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Keep the histograms as an HDR log in this file
    #[arg(long, value_name = "FILE")]
    pub(super) histogram: Option<PathBuf>,
}

impl Common {
    /// Looks up the target and makes the job.
    pub(super) fn into_job(
        self,
        scenario: Box<dyn Scenario>,
        connect_rate: u32,
    ) -> Result<Job, Failure> {
        let (protocol, host, port) = self.target;
        let authority = format!("{}:{port}", host.without_zone());
        let address = look_up(&host, port)?;
        let metrics = self.metrics.map(|(host, port, path)| {
            Ok::<_, Failure>(MetricsUrl {
                authority: format!("{}:{port}", host.without_zone()),
                address: look_up(&host, port)?,
                path,
            })
        });
        Ok(Job {
            target: Target {
                protocol,
                authority,
                address,
            },
            ownership: match self.i_own_this_server {
                true => Ownership::Own,
                false => Ownership::Unknown,
            },
            sources: self.source,
            connects_per_second: connect_rate.into(),
            pending: self.pending as usize,
            timeout: self.timeout,
            pid: self.pid,
            metrics: metrics.transpose()?,
            repeat: self.repeat,
            scenario,
        })
    }
}

pub(super) fn look_up(host: &Host, port: u16) -> Result<SocketAddr, Failure> {
    let unknown = |why: String| Failure::Runtime(format!("cannot look up {host}: {why}"));
    let addresses = host.resolve(port).map_err(|error| unknown(plain(&error)))?;
    let first = addresses.first().copied();
    first.ok_or_else(|| unknown("it has no address".into()))
}
