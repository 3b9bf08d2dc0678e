//! The link to the keeper: the child process, its socket in the loop, and when it is started again.
//!
//! The socket is an external source of the loop; what goes over it is the store's client's
//! ([`Client`]). Nothing here waits: a keeper that is gone is started again after a pause, and
//! a process that has ended is reaped when it is looked at next. Only the start and the end of the server wait for the
//! keeper, for nothing is served then.
//!
//! Owns the lock on the directory. Does not know what is stored.

mod timetable;

use super::{Error, shared::store::Store, streams::KEEPER};
use crate::{
    config::Sandbox,
    net::{Net, Tick},
    store::{Answer, Client, Frames, Loaded, Lock, PROTOCOL_VERSION, Request, push_frame},
};
use mio::net::UnixStream;
use std::{
    fmt::Display,
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream as BlockingStream, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

pub(crate) use timetable::Timetable;

/// How long the end of the server waits for the keeper to take the last changes.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// How long the start waits for the keeper before it says so in the log.
const SAY_SO: Duration = Duration::from_secs(5);

/// What is read at once.
const READ_BYTES: usize = 64 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct KeeperLink {
    directory: PathBuf,
    /// The keeper has one of its own of this kind.
    sandbox: Sandbox,
    child: Option<Child>,
    stream: Option<UnixStream>,
    /// Bytes that are on their way to the keeper, from `written` on.
    out: Vec<u8>,
    written: usize,
    /// The socket may have something to read, or room.
    is_ready: bool,
    timetable: Timetable,
    /// The trouble that was logged last.
    logged: Option<String>,
    /// How often a keeper was started again.
    pub(crate) restarts: u64,
    _lock: Lock,
}

impl KeeperLink {
    /// Locks the directory, starts the keeper, and waits for all rows.
    ///
    /// # Errors
    /// The directory or the database cannot be used, in words that name the remedy.
    pub(crate) fn start(
        directory: &Path,
        sandbox: Sandbox,
        net: &mut Net,
    ) -> Result<(Self, Loaded), Error> {
        let store = |error: &dyn Display| Error::Store(error.to_string());
        let lock = Lock::take(directory).map_err(|error| store(&error))?;
        let (child, mut stream) = spawn(directory, sandbox)
            .map_err(|error| store(&format_args!("cannot start the keeper: {error}")))?;
        let loaded = load(&mut stream)?;
        let stream = into_loop(stream, net)?;
        let link = Self {
            directory: directory.to_owned(),
            sandbox,
            child: Some(child),
            stream: Some(stream),
            out: Vec::new(),
            written: 0,
            is_ready: true,
            timetable: Timetable::new(),
            logged: None,
            restarts: 0,
            _lock: lock,
        };
        Ok((link, loaded))
    }

    /// The loop has seen the socket ready.
    pub(crate) fn note_ready(&mut self) {
        self.is_ready = true;
    }

    /// When to look again, if nothing happens before.
    pub(crate) fn due_in(&self, now: Tick) -> Option<Duration> {
        self.timetable.due_in(now)
    }

    /// Moves what there is in both directions. Called once a turn; costs nothing when nothing is to be done.
    pub(crate) fn tend(&mut self, client: &mut Client, net: &mut Net) {
        let now = net.now();
        if self.timetable.take_start(now) {
            self.start_again(client, net);
        }
        self.timetable.try_again(client, now);
        if std::mem::take(&mut self.is_ready) {
            if let Err(why) = self.receive(client) {
                return self.lose(&why, client, net);
            }
        }
        if self.stream.is_some() {
            client.send(&mut self.out);
            if let Err(error) = self.flush() {
                return self.lose(&error, client, net);
            }
        }
        self.timetable.note_sent(client, now);
        self.log_trouble(client);
    }

    fn receive(&mut self, client: &mut Client) -> Result<(), io::Error> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let mut buffer = [0; READ_BYTES];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let waited = client.bytes();
                    client.receive(&buffer[..count]).map_err(io::Error::other)?;
                    if client.bytes() < waited || client.lines.has_replies() {
                        self.timetable.note_progress();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        while self.written < self.out.len() {
            match stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                // The next event of the socket goes on here.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out = Vec::new();
        self.written = 0;
        Ok(())
    }

    /// The keeper is gone, or makes no sense: the next one is started after a pause.
    fn lose(&mut self, why: &dyn Display, client: &mut Client, net: &mut Net) {
        if let Some(mut stream) = self.stream.take() {
            // It is closed below in any case.
            let _ = net.deregister_external(&mut stream);
        }
        if let Some(child) = &mut self.child {
            // It may have ended already; a keeper without its socket has nothing to do.
            let _ = child.kill();
        }
        (self.out, self.written) = (Vec::new(), 0);
        client.lost();
        let pause_ms = self.timetable.note_lost(net.now()).as_millis();
        let waiting = client.bytes();
        let why = client.trouble.clone().unwrap_or_else(|| why.to_string());
        tracing::error!(
            why,
            pause_ms,
            waiting,
            "the keeper ended; nothing is stored until it is back"
        );
    }

    fn start_again(&mut self, client: &mut Client, net: &mut Net) {
        if let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(None) => {
                    // It was killed, and still is in a system call of its own: never two keepers at one file.
                    self.timetable.put_off_start(net.now());
                    return;
                }
                Ok(Some(status)) => {
                    tracing::info!(%status, "the former keeper's process has ended");
                    self.child = None;
                }
                Err(_) => self.child = None,
            }
        }
        self.restarts += 1;
        let started = spawn(&self.directory, self.sandbox).and_then(|(child, stream)| {
            self.child = Some(child);
            into_loop(stream, net)
        });
        match started {
            Ok(stream) => {
                self.stream = Some(stream);
                self.is_ready = true;
                push_open(false, &mut self.out);
            }
            Err(error) => self.lose(&error, client, net),
        }
    }

    fn log_trouble(&mut self, client: &Client) {
        if client.trouble == self.logged {
            return;
        }
        match &client.trouble {
            Some(why) => tracing::error!(
                why,
                "the keeper cannot write; what changed is kept in memory and tried again"
            ),
            None => tracing::info!("the keeper writes again"),
        }
        self.logged.clone_from(&client.trouble);
    }

    /// The server ends: hands over what is left, and waits for the keeper to write it, but not for ever.
    pub(crate) fn finish(&mut self, store: &mut Store) {
        let client = &mut store.client;
        client.try_again();
        if client.is_idle() {
            return;
        }
        let stream = match self.stream.take() {
            Some(stream) => Ok(BlockingStream::from(OwnedFd::from(stream))),
            None => self.start_for_the_end(),
        };
        client.send(&mut self.out);
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(why) => {
                let waiting = client.bytes();
                tracing::error!(%why, waiting, "no keeper writes the last changes; they are lost");
                return;
            }
        };
        let rest = self.out.split_off(self.written);
        let written = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_write_timeout(Some(LAST_WAIT)))
            .and_then(|()| stream.set_read_timeout(Some(LAST_WAIT)))
            .and_then(|()| stream.write_all(&rest));
        let (mut buffer, mut more) = (vec![0; READ_BYTES], Vec::new());
        let mut result = written;
        while result.is_ok() && !client.is_idle() && !client.has_postponed() {
            result = match stream.read(&mut buffer) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => client.receive(&buffer[..count]).map_err(io::Error::other),
                Err(error) => Err(error),
            };
            // Lines go in one request after the other.
            client.send(&mut more);
            result = result.and_then(|()| stream.write_all(&more));
            more.clear();
        }
        let why = result.err().map(|error| error.to_string());
        if let Some(why) = why.or_else(|| client.trouble.clone()) {
            let waiting = client.bytes();
            tracing::error!(why, waiting, "the keeper did not write the last changes");
        }
    }

    /// The server ends while no keeper runs: one more, for what is left.
    fn start_for_the_end(&mut self) -> io::Result<BlockingStream> {
        (self.out, self.written) = (Vec::new(), 0);
        if let Some(mut child) = self.child.take() {
            // It was killed. The next one waits for its lock in any case.
            let _ = child.try_wait();
        }
        let (child, stream) = spawn(&self.directory, self.sandbox)?;
        self.child = Some(child);
        push_open(false, &mut self.out);
        Ok(stream)
    }
}

/// Starts a keeper, with one end of a socket pair as its standard input.
fn spawn(directory: &Path, sandbox: Sandbox) -> io::Result<(Child, BlockingStream)> {
    let (ours, theirs) = BlockingStream::pair()?;
    // Not the file of that name: it may have been replaced, and the two must be of one version.
    let program = match Path::new("/proc/self/exe") {
        path if path.exists() => path.to_owned(),
        _ => std::env::current_exe()?,
    };
    let child = Command::new(program)
        .arg("keeper")
        .arg(directory)
        .args(["--sandbox", sandbox.name()])
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        // Its troubles come as answers. A pipe here would be one more stream that can block.
        .stderr(Stdio::null())
        // Ctrl+C at a terminal is for the server, which ends the keeper by closing the socket.
        .process_group(0)
        .spawn()?;
    Ok((child, ours))
}

fn into_loop(stream: BlockingStream, net: &mut Net) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream);
    net.register_external_duplex(&mut stream, KEEPER)?;
    Ok(stream)
}

fn push_open(load: bool, out: &mut Vec<u8>) {
    let version = PROTOCOL_VERSION;
    let pushed = push_frame(&Request::Open { version, load }, out);
    debug_assert!(pushed.is_ok(), "it is short");
}

/// Asks for all rows, and waits for them.
fn load(stream: &mut BlockingStream) -> Result<Loaded, Error> {
    let broken = |why: &dyn Display| Error::Store(format!("the keeper did not start: {why}"));
    let mut request = Vec::new();
    push_open(true, &mut request);
    stream.write_all(&request).map_err(|error| broken(&error))?;
    stream
        .set_read_timeout(Some(SAY_SO))
        .map_err(|error| broken(&error))?;
    let (mut frames, mut loaded) = (Frames::default(), Loaded::default());
    let mut buffer = vec![0; READ_BYTES];
    loop {
        while let Some(answer) = frames.take().map_err(|error| broken(&error))? {
            match answer {
                Answer::Row(row) => loaded.rows.push(row),
                Answer::BufferEnd(end) => loaded.ends.push(end),
                Answer::Loaded => return Ok(loaded),
                Answer::Unusable(why) => return Err(Error::Store(why)),
                Answer::Done { .. }
                | Answer::Failed { .. }
                | Answer::Reply { .. }
                | Answer::Unswept => {
                    return Err(broken(&"it answered what was not asked"));
                }
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err(broken(&"it ended at once")),
            Ok(count) => frames.push(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => tracing::warn!(
                "the keeper has not answered yet: the disk is slow, or the keeper of an earlier server still writes \
                 (a process `madang keeper`)"
            ),
            Err(error) => return Err(broken(&error)),
        }
    }
}
