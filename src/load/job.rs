//! A run from its options to its report: checks, plans, and runs the scenario.

use super::{
    adapter::Run,
    clock::Clock,
    plan::{Facts, Need, Plan},
    probe::{
        Probe,
        metrics::{MetricsUrl, Scrape},
    },
    progress,
    report::{self, Report},
    scenario::Scenario,
    setup::Setup,
    summary,
    target::Target,
    target_policy::{self, Ownership},
};
use crate::os::process::Process;
use std::{io, net::IpAddr, time::Duration};

/// The options of a run.
#[derive(Debug)]
pub struct Job {
    /// The server to measure.
    pub target: Target,
    /// Whether the user says that the server is theirs.
    pub ownership: Ownership,
    /// Addresses to connect from; none: our choice.
    pub sources: Vec<IpAddr>,
    /// Calls a second while the clients connect.
    pub connects_per_second: f64,
    /// Calls and registrations under way at a time, at most.
    pub pending: usize,
    /// How long a call and its registration may take together.
    pub timeout: Duration,
    /// The server's process, if it runs on this machine.
    pub pid: Option<u32>,
    /// Where the server publishes its metrics, if it does.
    pub metrics: Option<MetricsUrl>,
    /// How often it is measured.
    pub repeat: u32,
    /// What is measured.
    pub scenario: Box<dyn Scenario>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run cannot or may not be done; nothing was opened.
    #[error("{0}")]
    Refused(String),
    /// The system has no poll, no timer or no signals for us, or the poll failed.
    #[error("the readiness loop failed: {0}")]
    Loop(#[from] io::Error),
}

/// A run that has been checked and planned, and may begin.
#[derive(Debug)]
pub struct Ready {
    job: Job,
    plan: Plan,
}

impl Job {
    /// Checks that the run may and can be done. Opens nothing.
    ///
    /// # Errors
    /// The reason against it.
    pub fn prepare(self) -> Result<Ready, Error> {
        self.check_targets().map_err(Error::Refused)?;
        self.scenario
            .check(self.target.protocol)
            .map_err(Error::Refused)?;
        if let Some(pid) = self.pid {
            if Process::with_id(pid).usage().resident.is_none() {
                return Err(Error::Refused(format!(
                    "there is no process {pid} to look at on this machine"
                )));
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

    /// Checks that the tool may connect to every server that the run involves.
    fn check_targets(&self) -> Result<(), String> {
        let attacked = self.scenario.attacks();
        let permit = match attacked {
            Some(_) => target_policy::permit_attack,
            None => target_policy::permit,
        };
        let metrics = self.metrics.as_ref().map(|url| url.address);
        let others = attacked.unwrap_or_default().iter();
        [self.target.address]
            .into_iter()
            .chain(metrics)
            .chain(others.map(|target| target.address))
            .try_for_each(|address| permit(address, self.ownership))
    }
}

impl Ready {
    /// The arithmetic, for the user.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs the scenario, as often as was asked for. Ctrl-C ends it early, with a report of what was measured.
    ///
    /// # Errors
    /// Only when the loop itself fails; what the server does is in the report.
    pub fn run(self) -> Result<Report, Error> {
        let mut reports = Vec::new();
        for number in 0..self.job.repeat.max(1) {
            let report = self.run_once(number)?;
            let is_last = report.verdict.interrupted;
            reports.push(report);
            if is_last {
                break;
            }
        }
        Ok(report::combine(reports).unwrap_or_default())
    }

    fn run_once(&self, number: u32) -> Result<Report, Error> {
        let Self { job, plan } = self;
        let probe = match (job.pid, &job.metrics) {
            (Some(id), _) => Probe::Process(Process::with_id(id), id),
            (None, Some(url)) => Probe::Metrics(Box::new(Scrape::new(url.clone()))),
            (None, None) => Probe::None,
        };
        let setup = Setup {
            target: job.target.clone(),
            // Two runs at a time have different names and rooms, and so have two that follow each other: the server may not
            // have noticed the end of the first.
            run: Run(((std::process::id() + number) % 1296) as u16),
            clock: Clock::start(),
            timeout: job.timeout,
            connects_per_second: job.connects_per_second,
            pending: job.pending,
            settings: job.scenario.settings(),
            sources: plan.sources.clone(),
            probe,
            progress: progress::on_stderr(),
        };
        let mut report = job.scenario.run(setup)?;
        summary::warn_of_a_silent_server(&mut report);
        summary::warn_of_a_busy_tool(&mut report);
        Ok(report)
    }
}
