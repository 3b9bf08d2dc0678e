//! The command line: one file per subcommand. clap's types live here and nowhere else; the rest of the program sees plain, checked values.
//!
//! Owns the words of the help texts, the exit codes, and who may write to stdout and stderr. Invariants: every error is one line on
//! stderr that starts with `madang: ` and names its remedy; a closed stdout is no error. What this module does not know: how the
//! server works, and what the settings' defaults are (help texts ask `config`).

pub mod completions;
pub mod config;
pub mod connect;
mod failure;
mod logging;
pub mod man;
pub mod serve;
mod usage;

use std::{
    ffi::OsString,
    io::{self, Write},
};

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// A multi-user chat server: telnet, IRC and browsers in the same rooms, one process, one thread
///
/// madang is a multi-user chat server in one process, one thread and one readiness loop. Without a subcommand it serves, as
/// `madang serve` does.
#[derive(Debug, Parser)]
#[command(
    name = "madang",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_long_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
}

const EXAMPLES: &str = "\
Examples:
  madang                                        serve at any://127.0.0.1:7777, then: nc 127.0.0.1 7777
  madang --listen 'any://[::]:7777'             let the whole network in, IPv6 and IPv4
  madang serve --config /etc/madang.toml        serve as the file says
  madang config print > madang.toml             a file to start from, with every default explained
  madang connect chat.example                   come in from a terminal

Exit status: 0 after a clean end, 1 for a failure at run time, 2 for a usage or configuration error.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Connect(connect::Args),
    #[command(subcommand)]
    Config(config::Command),
    Completions(completions::Args),
    Man(man::Args),
}

/// Does what the arguments (the program's name first) ask for.
///
/// # Errors
/// See [`Failure`]; nothing has been printed about it yet.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error),
    };
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(args),
        Command::Connect(args) => connect::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Writes all of a text to stdout. A reader that went away (`madang man | head -1`) has what it wanted.
fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_ref());
    accept_closed_pipe(written.and_then(|()| stdout.flush()))
}

fn accept_closed_pipe(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Runtime(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    /// Help as a terminal of 100 columns shows it, whatever terminal the test runs in.
    fn help(path: &[&str], flag: &str) -> String {
        let args = ["madang"].iter().chain(path).chain([&flag]);
        let matches = Cli::command().term_width(100).try_get_matches_from(args);
        matches.unwrap_err().to_string()
    }

    #[test]
    fn help_texts() {
        for path in [
            &[][..],
            &["serve"],
            &["connect"],
            &["config"],
            &["config", "print"],
            &["config", "check"],
            &["completions"],
            &["man"],
        ] {
            for (flag, length) in [("-h", "short"), ("--help", "long")] {
                let name = [&["help"], path, &[length]].concat().join("-");
                insta::assert_snapshot!(name, help(path, flag));
            }
        }
    }

    /// What is said about a command line; `ok` if nothing is.
    fn complaint(args: &str) -> String {
        let args = ["madang"]
            .into_iter()
            .chain(args.split(' ').filter(|a| !a.is_empty()));
        match Cli::try_parse_from(args) {
            Ok(_) => "ok".into(),
            Err(error) => match usage::answer(&error) {
                Err(failure) => failure.to_string(),
                Ok(()) => "printed".into(),
            },
        }
    }

    #[test]
    fn good_usage() {
        for args in [
            "",
            "serve",
            "--listen any://[::]:0 --listen telnet://localhost:23?nodelay=false",
            "serve --listen any://127.0.0.1 --name irc.example --max-clients 10 --log debug",
            "--config x.toml --motd y.txt",
            "connect localhost",
            "config print",
            "config check x.toml",
            "completions bash",
            "man",
        ] {
            assert_eq!(complaint(args), "ok", "{args:?}");
        }
    }

    #[test]
    fn bad_usage() {
        insta::assert_snapshot!(complaint("srve"), @"madang: unrecognized subcommand 'srve'; a similar subcommand exists: 'serve' (more: --help)");
        insta::assert_snapshot!(complaint("--lisen any://x"), @"madang: unexpected argument '--lisen' found; a similar argument exists: '--listen' (more: --help)");
        insta::assert_snapshot!(complaint("--listen"), @"madang: a value is required for '--listen <URL>' but none was supplied (more: --help)");
        insta::assert_snapshot!(complaint("--listen x serve"), @"madang: the subcommand 'serve' cannot be used with '--listen <URL>'; usage: madang [OPTIONS] (more: --help)");
        insta::assert_snapshot!(complaint("--listen any://x man"), @"madang: the subcommand 'man' cannot be used with '--listen <URL>'; usage: madang [OPTIONS] (more: --help)");
        insta::assert_snapshot!(complaint("--name a --name b"), @"madang: the argument '--name <NAME>' cannot be used multiple times; usage: madang [OPTIONS] (more: --help)");
        insta::assert_snapshot!(complaint("serve --bogus"), @"madang: unexpected argument '--bogus' found; usage: madang serve [OPTIONS] (more: --help)");
        insta::assert_snapshot!(complaint("connect"), @"madang: the following required arguments were not provided: <TARGET>; usage: madang connect <TARGET> (more: --help)");
        insta::assert_snapshot!(complaint("connect a b"), @"madang: unexpected argument 'b' found; usage: madang connect <TARGET> (more: --help)");
        insta::assert_snapshot!(complaint("config"), @"madang: Print the default configuration, or check a file; usage: madang config <COMMAND> (more: --help)");
        insta::assert_snapshot!(complaint("config check"), @"madang: the following required arguments were not provided: <FILE>; usage: madang config check <FILE> (more: --help)");
        insta::assert_snapshot!(complaint("completions csh"), @"madang: invalid value 'csh' for '<SHELL>' [possible values: bash, elvish, fish, powershell, zsh]; a similar value exists: 'zsh' (more: --help)");
    }

    #[test]
    fn bad_values() {
        insta::assert_snapshot!(complaint("--listen 127.0.0.1:7777"), @"madang: invalid value '127.0.0.1:7777' for '--listen <URL>': not a URL; write it like any://127.0.0.1:7777 (more: --help)");
        insta::assert_snapshot!(complaint("--listen telnt://127.0.0.1:7777"), @r#"madang: invalid value 'telnt://127.0.0.1:7777' for '--listen <URL>': unknown scheme "telnt"; did you mean "telnet"? known are any, telnet, echo, echo+udp (more: --help)"#);
        insta::assert_snapshot!(complaint("--listen any://127.0.0.1:7777?nodelai=true"), @r#"madang: invalid value 'any://127.0.0.1:7777?nodelai=true' for '--listen <URL>': unknown option "nodelai"; did you mean "nodelay"? known are backlog, nodelay, keepalive, reuseaddr, reuseport, sndbuf, rcvbuf (more: --help)"#);
        insta::assert_snapshot!(complaint("serve --name my_s%rver"), @"madang: invalid value 'my_s%rver' for '--name <NAME>': not a server name; it is made like a host name: ASCII letters, digits, dots and hyphens, at most 63 (more: --help)");
        insta::assert_snapshot!(complaint("serve --max-clients 0"), @"madang: invalid value '0' for '--max-clients <N>': 0 is not in 1..=1048576 (more: --help)");
        insta::assert_snapshot!(complaint("serve --max-clients many"), @"madang: invalid value 'many' for '--max-clients <N>': invalid digit found in string (more: --help)");
        insta::assert_snapshot!(complaint("serve --log loud"), @"madang: invalid value 'loud' for '--log <LEVEL>' [possible values: error, warn, info, debug, trace] (more: --help)");
        insta::assert_snapshot!(complaint("connect irc://x"), @r#"madang: invalid value 'irc://x' for '<TARGET>': no client for "irc" here; it speaks any:// and telnet:// (more: --help)"#);
        insta::assert_snapshot!(complaint("connect x:y"), @r#"madang: invalid value 'x:y' for '<TARGET>': "y" is not a port; ports are 0 to 65535 (more: --help)"#);
    }
}
