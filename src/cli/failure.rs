//! How a command fails: the message and the exit code.
//!
//! Owns the exit codes and the form of messages on stderr. Knows no causes.

use std::{fmt, process::ExitCode};

use crate::os::stream::{HostStream, LAST_WORDS};

/// Why a command failed. `Display` is the text for stderr: lines that each start with `madang: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command was right, but could not be carried out (`cannot listen on 127.0.0.1:7777: address already in use`).
    /// Exit code 1.
    Runtime(String),
    /// A run of the load tool crossed a threshold of `--fail-if`; one a line. Exit code 3.
    Threshold(String),
    /// The command line or the configuration is wrong; one message a line. Exit code 2.
    Usage(String),
}

impl Failure {
    /// Writes the message to stderr. If stderr takes nothing, the program ends all the same.
    pub fn report(&self) {
        let mut stderr = HostStream::stderr();
        stderr.push(format!("{self}\n").as_bytes());
        stderr.drain(LAST_WORDS);
    }

    /// The exit code of the program.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Runtime(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Threshold(_) => ExitCode::from(3),
        }
    }
}

impl From<crate::config::Errors> for Failure {
    fn from(errors: crate::config::Errors) -> Self {
        Self::Usage(errors.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Runtime(message) | Self::Threshold(message) | Self::Usage(message)) = self;
        for (index, line) in message.lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "madang: {line}")?;
        }
        Ok(())
    }
}
