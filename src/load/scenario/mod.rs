//! What can be measured: one file for each scenario, written as straight text on the [`Runner`](super::runner::Runner).
//!
//! A new scenario is a file with a type that implements [`Scenario`]; nothing else here names it.

pub(super) mod churn;
pub(super) mod echo;
pub(super) mod fanout;
pub(super) mod hostile;
pub(super) mod idle;
pub(super) mod login;
pub(super) mod slow;
pub(super) mod storm;

use super::{
    adapter::Adapter,
    report::Report,
    settings::Settings,
    setup::Setup,
    target::{ClientMode, Protocol, Target},
};
use std::{fmt::Debug, io};

/// What is measured.
pub trait Scenario: Debug {
    /// Sockets open at the same time, at most.
    fn connections(&self) -> usize;

    /// Checks that the scenario can be run with this protocol.
    ///
    /// # Errors
    /// Why not, and what would help.
    fn check(&self, protocol: Protocol) -> Result<(), String>;

    /// What was asked for, for the report.
    fn settings(&self) -> Settings;

    /// Further targets of a scenario that attacks; `None` for one that does not.
    fn attacks(&self) -> Option<&[Target]> {
        None
    }

    /// Runs it.
    ///
    /// # Errors
    /// Only when the loop itself fails; what the server does is in the report.
    fn run(&self, setup: Setup) -> io::Result<Report>;
}

/// Checks that clients in this mode can do anything with a protocol that may have no rooms and no names.
fn check_chat(protocol: Protocol, mode: ClientMode) -> Result<(), String> {
    let is_raw = mode == ClientMode::ConnectOnly;
    if protocol.is_datagrams() || !(protocol.is_chat() || is_raw) {
        return Err(format!(
            "{protocol}:// has no rooms and no names: it is there for echo"
        ));
    }
    Ok(())
}

/// Checks that a text of so many bytes fits into one message.
fn check_payload(protocol: Protocol, payload: usize) -> Result<(), String> {
    let longest = Adapter::longest_text(protocol);
    if payload > longest {
        return Err(format!(
            "a message of {payload} bytes does not fit into a line of {protocol}://: at most {longest}"
        ));
    }
    Ok(())
}

/// The option `--per-room` as the report shows it.
fn per_room_text(per_room: Option<usize>) -> String {
    per_room.map_or("none".into(), |clients| clients.to_string())
}
