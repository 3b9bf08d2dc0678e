//! The command line: one file per subcommand. clap's types are used here and nowhere else; the rest of the program
//! gets plain values.
//!
//! Owns the help texts, the exit codes, and what is written to stdout and stderr. Invariants: every error is a line
//! on stderr that starts with `madang: ` and names its remedy; a closed stdout is not an error. Does not know how the
//! server works, or the defaults of settings (help texts ask `config`).

mod account;
mod backup;
#[cfg(feature = "bench")]
mod bench;
mod completions;
mod config;
mod connect;
mod failure;
mod host;
mod keeper;
mod logging;
mod man;
mod passwd;
mod password;
mod program;
mod serve;
mod stdout;
mod store;
mod terminal;
mod usage;

pub use failure::Failure;
pub use program::run;
