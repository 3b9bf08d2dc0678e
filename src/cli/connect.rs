//! `madang connect`: the terminal client.
//!
//! Owns the form of a TARGET. Looks up names only when it connects.

use std::{fmt, str::FromStr};

use super::{
    failure::Failure,
    stdout::unwritten,
    terminal::{self, End},
};
use crate::{
    config::{DEFAULT_PORT, Host, Invalid, Scheme, is_bare_ipv6, parse_host_port, split_url},
    os::io_error::plain,
};

/// Chat from a terminal
///
/// Connects to a server and speaks telnet with it: sends what you type line by line, and shows what comes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[arg(value_name = "TARGET", help = target_help())]
    target: Target,
}

const EXAMPLES: &str = "\
Examples:
  madang connect chat.example
  madang connect '[::1]:7777'
  madang connect fe80::1%eth0
  madang connect telnet://192.0.2.1:23";

fn target_help() -> String {
    format!("HOST[:PORT], [IPV6]:PORT, or a URL (any://, telnet://) [default port: {DEFAULT_PORT}]")
}

/// The server to connect to. `Display` is `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The machine; a name is looked up on connecting.
    pub host: Host,
    /// TCP port, at least 1.
    pub port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_bare_ipv6(text) {
            let host = format!("[{text}]").parse();
            return Ok(Self {
                host: host.map_err(|error: Invalid| error.to_string())?,
                port: DEFAULT_PORT,
            });
        }
        let authority = match split_url(text) {
            Some((scheme, rest)) => match scheme.parse() {
                Ok(Scheme::Any | Scheme::Telnet) => rest.strip_suffix('/').unwrap_or(rest),
                _ => return Err("the client speaks telnet only: any:// or telnet://".into()),
            },
            None => text,
        };
        match parse_host_port(authority, DEFAULT_PORT) {
            Ok((_, 0)) => Err("port 0 cannot be called; ports are 1 to 65535".into()),
            Ok((host, port)) => Ok(Self { host, port }),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Runs the client until either side ends the connection.
///
/// # Errors
/// The target cannot be reached, or the connection breaks.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let target = &args.target;
    let failed = |reason: String| Failure::Runtime(format!("cannot connect to {target}: {reason}"));
    let addresses = target
        .host
        .resolve(target.port)
        .map_err(|error| failed(plain(&error)))?;
    terminal::talk(addresses.into()).map_err(|end| match end {
        End::Unreachable(reasons) => failed(reasons.join("; ")),
        End::Unwritten(error) => unwritten(&error),
        End::Broken(reason) => {
            Failure::Runtime(format!("the connection to {target} broke: {reason}"))
        }
        End::Closed => Failure::Runtime(format!("{target} closed the connection")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = text.parse::<Target>().map(|target| target.to_string());
        assert_eq!(
            found.as_deref().map_err(String::as_str),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn targets_are_parsed() {
        check("localhost", Ok("localhost:7777"));
        check("chat.example:23", Ok("chat.example:23"));
        check("192.0.2.1", Ok("192.0.2.1:7777"));
        check("192.0.2.1:1", Ok("192.0.2.1:1"));
        check("::1", Ok("[::1]:7777"));
        check("2001:db8::1", Ok("[2001:db8::1]:7777"));
        check("[::1]", Ok("[::1]:7777"));
        check("[::1]:65535", Ok("[::1]:65535"));
        check("fe80::1%eth0", Ok("[fe80::1%eth0]:7777"));
        check("any://[fe80::1%25eth0]:23", Ok("[fe80::1%eth0]:23"));
        check("fe80::1%", Err("\"\" is not a network interface"));
        check("telnet://localhost:23", Ok("localhost:23"));
        check("any://[::1]/", Ok("[::1]:7777"));
        check("TELNET://localhost", Ok("localhost:7777"));
        check("", Err("the host is missing"));
        check("any://", Err("the host is missing"));
        check(":23", Err("the host is missing"));
        check(
            "localhost:0",
            Err("port 0 cannot be called; ports are 1 to 65535"),
        );
        check(
            "localhost:x",
            Err("\"x\" is not a port; ports are 0 to 65535"),
        );
        check(
            "irc://x",
            Err("the client speaks telnet only: any:// or telnet://"),
        );
        check(
            "telnet://::1",
            Err("write an IPv6 address in brackets: [::1]"),
        );
    }
}
