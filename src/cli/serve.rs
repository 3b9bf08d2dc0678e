//! `madang serve`, or `madang` alone: loads the configuration, starts the log, runs the server.
//!
//! Owns the flags of serve. Does not know how the server works; it turns its errors into a [`Failure`].

use std::path::PathBuf;

use super::{
    failure::Failure,
    logging::{self, LogLevel},
};
use crate::{
    config::{
        Config, Endpoint, Flags, Host, Limits, ListenUrl, Sandbox, Scheme, ServerName, Sources,
        default_listen_text, listen_options_text, schemes_text,
    },
    os::{log::Log, stream::HostStream},
    server::{self, Server, State},
};

/// Run the server (what madang does without a subcommand)
///
/// Runs the server in the foreground until SIGTERM or SIGINT. When it listens, it says so on standard output: a line
/// `listening URL` for each listener, with the real port. Logs go to standard error. Flags win over the file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file in TOML; every key is optional [default: none]
    ///
    /// Unknown keys are refused. `madang config print` shows every key with its default, which holds without a file,
    /// and `madang config check` checks a file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[arg(long, value_name = "URL", help = listen_help(), long_help = listen_long_help())]
    listen: Vec<ListenUrl>,

    #[arg(long, value_name = "NAME", help = name_help())]
    name: Option<ServerName>,

    /// Text file that greets newcomers, UTF-8, at most 64 KiB [default: none]
    #[arg(long, value_name = "FILE")]
    motd: Option<PathBuf>,

    /// Connections at a time [default: what the limit on open files allows]
    #[arg(long, value_name = "N", value_parser = Limits::parse_clients)]
    max_clients: Option<u32>,

    /// Directory for what outlives the process, created if it does not exist [default: none]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Make a TLS certificate, to try ircs and TLS on any:// with
    ///
    /// Clients will warn about it, because no authority has signed it; its fingerprint is logged, so that you can
    /// compare it. With --data it is kept for the next start, else it lasts as long as the process. It replaces
    /// certificates that the file names.
    #[arg(long)]
    tls_self_signed: bool,

    /// Give up what the server does not need: on, off or strict [default: on]
    ///
    /// Rights to files, TCP and system calls, by Landlock and seccomp of Linux. With strict it does not start without them,
    /// and a system call that it does not need ends it.
    #[arg(long, value_name = "MODE")]
    sandbox: Option<Sandbox>,

    /// How much is logged
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LogLevel,
}

fn listen_help() -> String {
    format!(
        "Where to listen; repeat it for more [default: {}]",
        default_listen_text()
    )
}

fn listen_long_help() -> String {
    format!(
        "Where to listen: SCHEME://HOST[:PORT][?OPTION=VALUE&...]. Repeat it for more listeners; together they \
         replace those of the file.\n\n\
         Schemes: {}. Host names work, [::] is IPv6 and IPv4, and port 0 asks the system for a free \
         one. Each but echo+udp can also be at a Unix socket: unix:///PATH (the first bytes choose), irc+unix:///PATH.\n\n\
         Options and their defaults: {}. Sizes are in bytes, or like 64KiB.\n\n\
         Example: --listen 'any://[::]:7777?backlog=4096'\n\n\
         [default: {}]",
        schemes_text(),
        listen_options_text(),
        default_listen_text(),
    )
}

fn name_help() -> String {
    format!(
        "The server's name, made like a host name, at most 63 characters [default: {}]",
        Config::default().server.name
    )
}

/// Serves until a signal stops it.
///
/// # Errors
/// The configuration is wrong, or the server cannot start or go on.
pub(super) fn run(args: Args) -> Result<(), Failure> {
    let sources = Sources {
        file: args.config,
        flags: Flags {
            data: args.data,
            listen: args.listen,
            max_clients: args.max_clients,
            motd: args.motd,
            name: args.name,
            sandbox: args.sandbox,
            tls_self_signed: args.tls_self_signed,
        },
        ..Sources::default()
    };
    let config = sources.load()?;
    let log = logging::start(args.log);
    let end = serve(config, sources, log.clone());
    log.end();
    end
}

/// Binds and runs the server. It uses `sources` to read the configuration again on SIGHUP.
fn serve(config: Config, sources: Sources, log: Log) -> Result<(), Failure> {
    let failed = |error: server::Error| Failure::Runtime(error.to_string());
    let encryption = match config.tls.credentials.is_empty() {
        true => Encryption::None,
        false => Encryption::Tls,
    };
    let mut server = Server::bind(config, Some(sources)).map_err(failed)?;
    server.log_to(log);
    let text = announcement(server.listening(), encryption);
    server.say(HostStream::stdout(), &text);
    server.enter_sandbox().map_err(failed)?;
    match server.run().map_err(failed)? {
        State::Interrupted => Err(Failure::Runtime("stopped at the second signal".into())),
        State::Running | State::Stopping | State::Stopped => Ok(()),
    }
}

/// The address by which this machine can connect to a listener: an unspecified address cannot be connected to.
fn reachable(host: &Host) -> String {
    match host {
        Host::Ip(ip) if ip.is_unspecified() => "localhost".into(),
        host => host.to_string(),
    }
}

/// Whether the server has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    None,
    Tls,
}

/// A line for each listener, then a hint how to connect: from a terminal if possible, else with an IRC client.
fn announcement(listening: &[ListenUrl], encryption: Encryption) -> String {
    let mut text = String::new();
    for url in listening {
        text += &format!("listening {url}\n");
    }
    let first_of = |schemes: &[Scheme]| listening.iter().find(|url| schemes.contains(&url.scheme));
    // At a path there is nothing for an IRC client or a browser.
    let place_of = |schemes: &[Scheme]| {
        let url = first_of(schemes)?;
        Some((url.scheme, reachable(url.host()?), url.port()?))
    };
    match first_of(&[Scheme::Any, Scheme::Telnet]).map(|url| &url.endpoint) {
        Some(Endpoint::Inet { host, port }) => {
            let host = reachable(host);
            // Brackets are for URLs; programs that take host and port as two arguments do not accept them.
            let bare = host.trim_matches(['[', ']']);
            text +=
                &format!("come in with `nc {bare} {port}`, or `madang connect {host}:{port}`\n");
        }
        Some(Endpoint::Unix(path)) => {
            text += &format!("come in with `nc -U {}`\n", path.display());
        }
        None => {
            if let Some((scheme, host, port)) = place_of(&[Scheme::Irc, Scheme::Ircs]) {
                let scheme = scheme.name();
                text += &format!("come in with any IRC client: {scheme}://{host}:{port}\n");
            }
        }
    }
    let for_browsers = [Scheme::Any, Scheme::Http, Scheme::Https];
    if let Some((scheme, host, port)) = place_of(&for_browsers) {
        let scheme = match scheme {
            Scheme::Https => "https",
            // There it is chosen by the first bytes.
            Scheme::Any if encryption == Encryption::Tls => "https",
            _ => "http",
        };
        text += &format!("open {scheme}://{host}:{port}/ in a browser\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(urls: &[&str], how: &str) {
        let urls: Vec<ListenUrl> = urls.iter().map(|url| url.parse().unwrap()).collect();
        let where_to = urls.iter().map(|url| format!("listening {url}\n"));
        assert_eq!(
            announcement(&urls, Encryption::None),
            where_to.collect::<String>() + how
        );
    }

    #[test]
    fn the_output_explains_how_to_connect() {
        let by_terminal = "come in with `nc localhost 7777`, or `madang connect localhost:7777`\n";
        let by_browser = "open http://localhost:7777/ in a browser\n";
        check(&["any://[::]:7777"], &format!("{by_terminal}{by_browser}"));
        check(&["http://0.0.0.0:7777"], by_browser);
        check(
            &["telnet://[::1]:7777"],
            "come in with `nc ::1 7777`, or `madang connect [::1]:7777`\n",
        );
        let by_tls = "open https://localhost:8443/ in a browser\n";
        check(&["https://0.0.0.0:8443"], by_tls);
        check(
            &["irc://127.0.0.1:6667", "telnet://0.0.0.0:7777"],
            by_terminal,
        );
        let by_irc = "come in with any IRC client: irc://127.0.0.1:6667\n";
        check(&["echo://127.0.0.1:7007", "irc://127.0.0.1:6667"], by_irc);
        check(&["echo://127.0.0.1:7007"], "");
        check(
            &["unix:///run/m.sock"],
            "come in with `nc -U /run/m.sock`\n",
        );
        check(&["irc+unix:///run/m.sock"], "");
        let any = ["any://127.0.0.1:7777".parse().unwrap()];
        let text = announcement(&any, Encryption::Tls);
        assert!(
            text.ends_with("open https://127.0.0.1:7777/ in a browser\n"),
            "{text}"
        );
    }
}
