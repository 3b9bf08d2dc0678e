//! The program: its subcommands, and running one of them.

#[cfg(feature = "bench")]
use super::bench;
use super::{
    account, backup, completions, config, connect, failure::Failure, keeper, man, passwd, serve,
    store, usage,
};
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
#[cfg_attr(
    feature = "bench",
    expect(clippy::large_enum_variant, reason = "there is one of them in a run")
)]
enum Command {
    Serve(serve::Args),
    Connect(connect::Args),
    #[cfg(feature = "bench")]
    Bench(bench::Args),
    #[command(subcommand)]
    Config(config::Command),
    Account(account::Args),
    Completions(completions::Args),
    Backup(backup::Args),
    #[command(subcommand)]
    Store(store::Command),
    #[command(hide = true)]
    Keeper(keeper::Args),
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
        Command::Account(args) => account::run(&args),
        Command::Completions(args) => completions::run(&args, command()),
        Command::Backup(args) => backup::run(&args),
        Command::Store(command) => store::run(&command),
        Command::Keeper(args) => keeper::run(&args),
        Command::Man(args) => man::run(&args, command()),
        Command::Passwd(args) => passwd::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
            &["bench", "login"],
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
            &["account"],
            &["account", "add"],
            &["account", "invite"],
            &["account", "suspend"],
            &["store", "repair"],
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
            "account list --data x",
            "account --config x.toml add ann",
            "account suspend ann --data x too much spam",
            "account invite --data x",
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
            "account",
            "account add",
            "account list x",
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

    /// A command line as a shell would split it, without redirections and with a number for what stands for one.
    fn words(line: &str) -> Vec<String> {
        let line = line
            .replace("$(pgrep -x ngircd)", "1")
            .replace(" PID", " 1");
        let (mut words, mut is_quoted, mut is_word) = (Vec::<String>::new(), false, false);
        for c in line.chars() {
            match c {
                '\'' => is_quoted = !is_quoted,
                '<' | '>' | '|' if !is_quoted => break,
                c if c.is_whitespace() && !is_quoted => is_word = false,
                c => {
                    if !std::mem::replace(&mut is_word, true) {
                        words.push(String::new());
                    }
                    if let Some(word) = words.last_mut() {
                        word.push(c);
                    }
                }
            }
        }
        words
    }

    /// Checks a line of a document or a help text that begins with `madang`. Text after two spaces may be a remark.
    fn check_example(line: &str) -> Result<(), String> {
        let parse = |line: &str| Cli::try_parse_from(words(line)).map(|_| ());
        let Err(error) = parse(line) else {
            return Ok(());
        };
        let remark = line.rfind("  ").map(|at| parse(&line[..at]));
        match remark {
            Some(Ok(())) => Ok(()),
            _ => Err(format!("{line}\n{error}")),
        }
    }

    /// The lines of a text that are commands: indented, and `madang` with one space after it.
    fn examples(text: &str) -> Vec<String> {
        let text = text.replace("\\\n", " ");
        let lines = text.lines().filter(|line| line.starts_with("  "));
        let lines = lines.map(|line| line.trim().replace("cargo run --release -- ", "madang "));
        let is_command = |line: &String| {
            let rest = line.strip_prefix("madang ");
            line == "madang" || rest.is_some_and(|rest| !rest.starts_with(' '))
        };
        lines.filter(is_command).collect()
    }

    #[test]
    fn every_command_line_of_the_documents_is_valid() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = Vec::new();
        for folder in [".", "docs", "benches"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "md") {
                    texts.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for path in [&[][..], &["serve"], &["connect"], &["bench"]] {
            if path != ["bench"] || cfg!(feature = "bench") {
                texts.push(help(path, "--help"));
            }
        }
        let all: Vec<String> = texts.iter().flat_map(|text| examples(text)).collect();
        assert!(all.len() > 25, "too few are found: {all:#?}");
        let wrong: Vec<String> = all
            .iter()
            .filter(|line| cfg!(feature = "bench") || !line.starts_with("madang bench"))
            .filter_map(|line| check_example(line).err())
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_example_that_is_wrong_is_found() {
        assert!(check_example("madang bench fanout irc://h --bogus 1  a remark").is_err());
        assert!(check_example("madang --config madang.toml           starts it").is_ok());
        assert!(check_example("madang --config  madang.toml extra  starts it").is_err());
    }
}
