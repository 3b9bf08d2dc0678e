//! The program: its subcommands, and running one of them.

#[cfg(feature = "bench")]
use super::bench;
use super::{completions, config, connect, failure::Failure, man, passwd, serve, usage};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::ffi::OsString;

/// A multi-user chat server in one process, one thread and one readiness loop
///
/// A multi-user chat server in one process, one thread and one readiness loop: every program that can open a socket can take
/// part. Without a subcommand it serves, as `madang serve` does.
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
  madang                                    serve, then: nc 127.0.0.1 7777
  madang --listen 'any://[::]:7777'         let the whole network in, IPv6 and IPv4
  madang serve --config /etc/madang.toml    serve as the file says
  madang config print > madang.toml         a file to start from, every default explained
  madang connect chat.example               chat from a terminal

Exit status: 0 after a clean end, 1 for a failure at run time, 2 for a usage or configuration error.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Connect(connect::Args),
    #[cfg(feature = "bench")]
    Bench(bench::Args),
    #[command(subcommand)]
    Config(config::Command),
    Completions(completions::Args),
    Man(man::Args),
    Passwd(passwd::Args),
}

/// The program as clap describes it, for texts that are made from the description.
pub(super) fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments (the program's name first) ask for.
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
        #[cfg(feature = "bench")]
        Command::Bench(args) => bench::run(args),
        Command::Config(command) => config::run(&command),
        Command::Completions(args) => completions::run(&args, command()),
        Command::Man(args) => man::run(&args, command()),
        Command::Passwd(args) => passwd::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    /// Help as it looks on a terminal of 100 columns, whatever terminal the test runs in.
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
            #[cfg(feature = "bench")]
            &["bench"],
            #[cfg(feature = "bench")]
            &["bench", "idle"],
            #[cfg(feature = "bench")]
            &["bench", "fanout"],
            #[cfg(feature = "bench")]
            &["bench", "churn"],
            #[cfg(feature = "bench")]
            &["bench", "storm"],
            #[cfg(feature = "bench")]
            &["bench", "echo"],
            #[cfg(feature = "bench")]
            &["bench", "slow"],
            #[cfg(feature = "bench")]
            &["bench", "hostile"],
            #[cfg(feature = "bench")]
            &["bench", "compare"],
            &["config"],
            &["config", "print"],
            &["config", "check"],
            &["completions"],
            &["man"],
            &["passwd"],
        ] {
            for (flag, length) in [("-h", "short"), ("--help", "long")] {
                let name = [&["help"], path, &[length]].concat().join("-");
                insta::assert_snapshot!(name, help(path, flag));
            }
        }
    }

    /// The error about a command line; `ok` if there is none.
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
    fn good_command_lines_are_accepted() {
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
            "passwd",
        ] {
            assert_eq!(complaint(args), "ok", "{args:?}");
        }
    }

    #[test]
    fn bad_usage() {
        let commands = [
            "srve",
            "--lisen any://x",
            "--listen",
            "--listen x serve",
            "--listen any://x man",
            "--name a --name b",
            "serve --bogus",
            "connect",
            "connect a b",
            "config",
            "config check",
            "completions csh",
            "--listen 127.0.0.1:7777",
            "--listen telnt://127.0.0.1:7777",
            "--listen any://127.0.0.1:7777?nodelai=true",
            "serve --name my_s%rver",
            "serve --max-clients 0",
            "serve --max-clients many",
            "serve --log loud",
            "connect irc://x",
            "connect x:y",
        ];
        let said = commands.map(|args| format!("$ madang {args}\n{}\n\n", complaint(args)));
        insta::assert_snapshot!(said.concat());
    }
}
