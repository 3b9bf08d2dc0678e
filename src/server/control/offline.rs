//! The host's requests where no server runs: the same server, without listeners, for as long as they take.
//!
//! So there is one set of rules, whoever asks. It has the directory's lock, and a keeper. Waits, for its caller may.

use super::{Greeting, Reply, Request};
use crate::{
    config::Config,
    server::{Error, Server},
    store::DATABASE,
};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::{fs::MetadataExt as _, net::UnixStream},
    path::Path,
    time::Duration,
};

/// Between two looks at an answer, in case nothing else ends the wait.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// See the module's documentation.
#[derive(Debug)]
pub struct Offline {
    server: Server,
    stream: UnixStream,
    input: Vec<u8>,
}

impl Offline {
    /// Locks the directory of a configuration, and reads what is kept there.
    ///
    /// # Errors
    /// There is none, or it cannot be used, with the remedy.
    pub fn open(mut config: Config) -> Result<Self, Error> {
        let directory = config.server.data.clone().unwrap_or_default();
        check_owner(&directory)?;
        // No client comes, so no certificate is needed.
        config.tls.credentials.clear();
        let mut server = Server::new(config)?;
        // Users who stay without a connection do not come back here, and are not forgotten either.
        server.connections.shared.store.leaves_users_out = true;
        server.open_store()?;
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        let theirs = mio::net::UnixStream::from_std(theirs);
        let greeting = server.connections.greeting();
        let net = server.event_loop.net_mut();
        server.connections.control.adopt(theirs, greeting, net)?;
        let mut offline = Self {
            server,
            stream: ours,
            input: Vec::new(),
        };
        offline.line()?;
        Ok(offline)
    }

    /// The rules of the configuration.
    pub fn greeting(&self) -> Greeting {
        self.server.connections.greeting()
    }

    /// Has a request done; each line of a list goes to `take`.
    ///
    /// # Errors
    /// The outer: it could not be asked. The inner: it was refused, in a sentence.
    pub fn ask(
        mut self,
        request: &Request<'_>,
        take: &mut dyn FnMut(&str),
    ) -> Result<Result<String, String>, Error> {
        self.stream.write_all(format!("{request}\n").as_bytes())?;
        let answer = loop {
            let line = self.line()?;
            match Reply::parse(&line) {
                Some(Reply::Item(text)) => take(text),
                Some(Reply::Done(text)) => break Ok(text.to_owned()),
                Some(Reply::Failed(text)) => break Err(text.to_owned()),
                None => return Err(io::Error::from(ErrorKind::InvalidData).into()),
            }
        };
        let net = self.server.event_loop.net_mut();
        self.server.connections.finish_store(net);
        Ok(answer)
    }

    /// The next line, after as many turns as it takes.
    fn line(&mut self) -> Result<String, Error> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.server.turn(Some(LOOK_AGAIN))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.input.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Files that we make here are ours: of a directory of another user, those that the server needs must be there already.
fn check_owner(directory: &Path) -> Result<(), Error> {
    let shown = directory.display();
    let there = directory.metadata().map_err(|error| {
        let remedy = "name the directory that [server] data or --data names";
        Error::Store(format!("cannot use {shown}: {error}; {remedy}"))
    })?;
    let files = [DATABASE, "lock", "keeper.lock"];
    let has_all = files.iter().all(|file| directory.join(file).exists());
    if there.uid() != rustix::process::geteuid().as_raw() && !has_all {
        return Err(Error::Store(format!(
            "{shown} belongs to another user, and what is made here now would not be readable for the server; run this as \
             that user, or start the server once"
        )));
    }
    Ok(())
}
