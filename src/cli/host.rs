//! Requests of the host: to the server that runs, by its control socket, or else on the data directory itself.
//!
//! Plain blocking code, with a limit on each wait. Does not know what the requests are.

use super::failure::Failure;
use crate::{
    config::{Config, Flags, Sources},
    server::control::{CONTROL, Greeting, Offline, Reply, Request},
};
use std::{
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

/// A server answers within a turn, or when its disk has written.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the server keeps its data.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The server's data directory
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    /// The server's configuration file, which names the directory and the rules for accounts
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Place {
    /// The configuration, with the directory.
    ///
    /// # Errors
    /// It is wrong, or there is no directory.
    pub(super) fn load(&self) -> Result<Config, Failure> {
        if self.data.is_none() && self.config.is_none() {
            let message = "name the server's data directory by --data DIR, or its configuration by --config FILE";
            return Err(Failure::Usage(message.into()));
        }
        let sources = Sources {
            file: self.config.clone(),
            flags: Flags {
                data: self.data.clone(),
                ..Flags::default()
            },
            ..Sources::default()
        };
        let config = sources.load_beside()?;
        if config.server.data.is_none() {
            let message = "the configuration has no [server] data: that server has no accounts; name the directory by --data";
            return Err(Failure::Usage(message.into()));
        }
        Ok(config)
    }
}

/// A way to ask, for one request.
pub(super) enum Session {
    /// The server that runs.
    Online(BufReader<UnixStream>, Greeting),
    /// No server runs.
    Offline(Box<Offline>),
}

impl Session {
    /// Connects to the server, or locks the directory if none runs.
    ///
    /// # Errors
    /// Neither can be done.
    pub(super) fn open(config: &Config) -> Result<Self, Failure> {
        let directory = config.server.data.clone().unwrap_or_default();
        match connect(&directory)? {
            Some(stream) => greet(stream, &directory),
            None => {
                let offline = Offline::open(config.clone());
                let offline = offline.map_err(|error| Failure::Runtime(error.to_string()))?;
                Ok(Self::Offline(Box::new(offline)))
            }
        }
    }

    /// The rules that hold there.
    pub(super) fn greeting(&self) -> Greeting {
        match self {
            Self::Online(_, greeting) => *greeting,
            Self::Offline(offline) => offline.greeting(),
        }
    }

    /// Has a request done; each line of a list goes to `take`. The sentence of the answer.
    ///
    /// # Errors
    /// It was refused, or there is no answer.
    pub(super) fn ask(
        self,
        request: &Request<'_>,
        take: &mut dyn FnMut(&str),
    ) -> Result<String, Failure> {
        let answer = match self {
            Self::Online(stream, _) => ask(stream, request, take),
            Self::Offline(offline) => offline
                .ask(request, take)
                .map_err(|error| Failure::Runtime(error.to_string()))?,
        };
        answer.map_err(Failure::Runtime)
    }
}

/// Connects to the control socket; `None`: no server listens there.
fn connect(directory: &Path) -> Result<Option<UnixStream>, Failure> {
    let path = directory.join(CONTROL);
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            // What stands in the way of the directory itself is said better when it is locked.
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput => {
                Ok(None)
            }
            ErrorKind::PermissionDenied => Err(Failure::Runtime(format!(
                "may not use {}; run this as the user that runs the server, or as root",
                path.display()
            ))),
            _ => Err(Failure::Runtime(format!(
                "cannot connect to {}: {error}",
                path.display()
            ))),
        },
    }
}

fn greet(stream: UnixStream, directory: &Path) -> Result<Session, Failure> {
    let limits = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    let silent = || {
        Failure::Runtime(format!(
            "the server in {} does not answer; look at its log",
            directory.display()
        ))
    };
    limits.map_err(|_| silent())?;
    let mut stream = BufReader::new(stream);
    let line = line(&mut stream).ok_or_else(silent)?;
    let greeting = Greeting::parse(&line).map_err(Failure::Runtime)?;
    Ok(Session::Online(stream, greeting))
}

fn ask(
    mut stream: BufReader<UnixStream>,
    request: &Request<'_>,
    take: &mut dyn FnMut(&str),
) -> Result<String, String> {
    let lost =
        || "the server did not answer; whether it was done, `madang account list` shows".to_owned();
    let line_out = format!("{request}\n");
    let written = stream.get_mut().write_all(line_out.as_bytes());
    written.map_err(|_| lost())?;
    loop {
        let line = line(&mut stream).ok_or_else(lost)?;
        match Reply::parse(&line) {
            Some(Reply::Item(text)) => take(text),
            Some(Reply::Done(text)) => return Ok(text.to_owned()),
            Some(Reply::Failed(text)) => return Err(text.to_owned()),
            None => return Err(lost()),
        }
    }
}

fn line(stream: &mut BufReader<UnixStream>) -> Option<String> {
    let mut line = String::new();
    let count = stream.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end_matches('\n').to_owned())
}
