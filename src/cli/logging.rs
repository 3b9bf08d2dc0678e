//! How much is logged, and whether in colours. The log itself is [`crate::os::log`]'s.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing::Level;

use crate::os::log::Log;

/// How much is logged; each level contains those before it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogLevel {
    /// What keeps the server from doing its work
    Error,
    /// What may need care soon
    Warn,
    /// Start, end, and limits
    Info,
    /// Each connection
    Debug,
    /// Each turn of the loop
    Trace,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Sends what is logged from now on to stderr. With colours only on a terminal, and not if `NO_COLOR` is set.
pub(super) fn start(level: LogLevel) -> Log {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = io::stderr().is_terminal() && !no_color;
    Log::start(Level::from(level), colours)
}
