//! `madang account`: look after accounts, while the server runs or not.
//!
//! Owns the questions for passwords. Does not know the rules of accounts; the server has them.

use super::{
    failure::Failure,
    host::{Place, Session},
    password,
    stdout::print,
};
use crate::server::control::{Request, check, keys_of};
use std::io::Write as _;

/// Bytes that are read of a password: one that is too long is refused by the server's rules.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Look after a server's accounts
///
/// Works on a server that runs, through the socket `control` in its data directory, and otherwise on the directory itself. Run
/// it as the user that runs the server, or as root.
///
/// Example: madang account list --data /var/lib/madang
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show all accounts: when each was made, its last login, and whether it is suspended
    List,

    /// Make an account
    ///
    /// The password is asked for on a terminal, without showing it; otherwise it is one line of standard input. It does not
    /// leave this program: the server gets the keys that are made of it. A user who has that name gets another one.
    ///
    /// Example: madang account add alice --data /var/lib/madang
    Add {
        /// Its name
        name: String,
    },

    /// Give an account another password
    ///
    /// The password is asked for on a terminal, without showing it; otherwise it is one line of standard input. Who is logged
    /// in is logged out.
    Passwd {
        /// Its name
        name: String,
    },

    /// End an account, with its registered rooms
    Drop {
        /// Its name
        name: String,
    },

    /// Log an account out, and let nobody log in to it; its name stays its own
    ///
    /// Example: madang account suspend bob too much spam --data /var/lib/madang
    Suspend {
        /// Its name
        name: String,
        /// Why; its owner reads it
        reason: Vec<String>,
    },

    /// Let the owner of a suspended account log in again
    Unsuspend {
        /// Its name
        name: String,
    },

    /// Make an invitation and print its token, which is shown only once
    ///
    /// For servers with [accounts] registration = "invite". Within seven days one account can be made with it: by NickServ
    /// REGISTER PASSWORD TOKEN in IRC, /register PASSWORD TOKEN in telnet.
    Invite {
        /// The only name that the account may have [default: any]
        name: Option<String>,
    },
}

/// Does what was asked for.
///
/// # Errors
/// It was refused, or there is no such server or directory.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let config = args.place.load()?;
    let ask = |request: &Request<'_>| {
        let mut items = String::new();
        let sentence = Session::open(&config)?.ask(request, &mut |item| {
            items += &item.replace('\t', "  ");
            items.push('\n');
        })?;
        let end = if sentence.is_empty() { "" } else { "\n" };
        print(items + &sentence + end)
    };
    let keys = |name: &str| {
        // Not kept open while somebody types: the server has few places.
        let greeting = Session::open(&config)?.greeting();
        let failure = |why: &dyn std::fmt::Display| Failure::Runtime(why.to_string());
        let is_good =
            |password: &str| check(name, password, greeting).map_err(|error| failure(&error));
        let password = password::read(PASSWORD_BYTES_MAX, is_good)?;
        keys_of(name, &password, greeting).map_err(|error| failure(&error))
    };
    match &args.command {
        Command::List => ask(&Request::List),
        Command::Add { name } => {
            let (name, credentials) = (one_word(name)?, keys(name)?);
            ask(&Request::Add { name, credentials })
        }
        Command::Passwd { name } => {
            let (name, credentials) = (one_word(name)?, keys(name)?);
            ask(&Request::Passwd { name, credentials })
        }
        Command::Drop { name } => ask(&Request::Drop {
            name: one_word(name)?,
        }),
        Command::Suspend { name, reason } => {
            let reason = reason.join(" ");
            if reason.chars().any(char::is_control) {
                return Err(Failure::Usage("a reason is one line of text".into()));
            }
            ask(&Request::Suspend {
                name: one_word(name)?,
                reason: &reason,
            })
        }
        Command::Unsuspend { name } => ask(&Request::Unsuspend {
            name: one_word(name)?,
        }),
        Command::Invite { name } => {
            let name = name.as_deref().map(one_word).transpose()?;
            ask(&Request::Invite { name })?;
            // Beside the token, so that a script can take standard output as it is.
            let _ = writeln!(
                std::io::stderr(),
                "valid for seven days and one account: NickServ REGISTER PASSWORD TOKEN"
            );
            Ok(())
        }
    }
}

/// A name, as far as it fits into a request.
fn one_word(name: &str) -> Result<&str, Failure> {
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Failure::Usage(format!(
            "{name:?} is no name for an account: a name is one word"
        )));
    }
    Ok(name)
}
