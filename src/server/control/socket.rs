//! The control socket in the loop: who connects, what is ready, what is over.
//!
//! Invariants: at most [`LINKS_MAX`] connections; the file is there while the directory is locked, with mode 0600. Does not
//! know what a request does.

use super::{
    link::{Answer, Link, State},
    request::{CONTROL, Greeting, Reply},
};
use crate::{
    net::{External, Net, Tick},
    server::{
        shared::accounts::HostRequest,
        streams::{CONTROL_LINKS, CONTROL_SOCKET},
    },
};
use mio::net::{UnixListener, UnixStream};
use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind},
    os::unix::{fs::PermissionsExt as _, net::UnixListener as BlockingListener},
    path::{Path, PathBuf},
    time::Duration,
};

/// More hosts do not look after one server at the same moment. Each is one external source of the loop.
const LINKS_MAX: usize = 4;

/// Beside its final name while it gets its rights.
const NEW: &str = "control.new";

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct ControlSocket {
    listener: Option<(UnixListener, PathBuf)>,
    is_listener_ready: bool,
    /// The next turn must not wait.
    has_more: bool,
    links: [Option<Link<UnixStream>>; LINKS_MAX],
    last_request: u64,
}

impl ControlSocket {
    /// Makes the socket in a directory that is locked, so that what is there of that name was left behind.
    ///
    /// # Errors
    /// The system's; a path of more than some hundred bytes is too long for a socket.
    pub(crate) fn listen(&mut self, directory: &Path, net: &mut Net) -> io::Result<()> {
        let (new, path) = (directory.join(NEW), directory.join(CONTROL));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = BlockingListener::bind(&new)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(&new, Permissions::from_mode(0o600))?;
        fs::rename(&new, &path)?;
        let mut listener = UnixListener::from_std(listener);
        net.register_external(&mut listener, CONTROL_SOCKET)?;
        self.listener = Some((listener, path));
        self.is_listener_ready = true;
        Ok(())
    }

    /// Takes over one end of a socket pair as a connection.
    ///
    /// # Errors
    /// The poll cannot register it, or there are too many.
    pub(super) fn adopt(
        &mut self,
        stream: UnixStream,
        greeting: Greeting,
        net: &mut Net,
    ) -> io::Result<()> {
        self.add(stream, &greeting.to_string(), net)
    }

    fn add(&mut self, mut stream: UnixStream, first: &str, net: &mut Net) -> io::Result<()> {
        let Some(place) = self.links.iter().position(Option::is_none) else {
            let busy = "error other requests are being answered; try again in a moment\n";
            // A new socket has room for a line.
            let _ = io::Write::write(&mut stream, busy.as_bytes());
            return Err(ErrorKind::ResourceBusy.into());
        };
        net.register_external_duplex(&mut stream, CONTROL_LINKS[place])?;
        self.links[place] = Some(Link::new(stream, net.now(), first));
        Ok(())
    }

    /// The loop has seen a source ready; whether it is one of these.
    pub(crate) fn note_ready(&mut self, source: External) -> bool {
        if source == CONTROL_SOCKET {
            self.is_listener_ready = true;
            return true;
        }
        let place = CONTROL_LINKS.iter().position(|it| *it == source);
        if let Some(link) = place.and_then(|place| self.links[place].as_mut()) {
            link.is_ready = true;
        }
        place.is_some()
    }

    /// When to look again, if nothing happens before.
    pub(crate) fn due_in(&self, now: Tick) -> Option<Duration> {
        let links = self.links.iter().flatten();
        let deadline = links.map(|link| now.until(link.deadline)).min();
        match self.has_more {
            true => Some(Duration::ZERO),
            false => deadline,
        }
    }

    /// Whether nobody is connected and nobody waits to be.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.is_listener_ready && self.links.iter().all(Option::is_none)
    }

    /// Takes new connections.
    pub(crate) fn accept(&mut self, greeting: Greeting, net: &mut Net) {
        // A few in a turn: whoever can connect is the host.
        while self.is_listener_ready {
            let Some((listener, _)) = &self.listener else {
                self.is_listener_ready = false;
                return;
            };
            match listener.accept() {
                // A failure ends that connection alone.
                Ok((stream, _)) => drop(self.add(stream, &greeting.to_string(), net)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // No room for a descriptor: the next one who connects is an event again.
                Err(_) => self.is_listener_ready = false,
            }
        }
    }

    /// The next request, with its name.
    pub(crate) fn next_request(&mut self, net: &mut Net) -> Option<(HostRequest, String)> {
        let now = net.now();
        for place in 0..LINKS_MAX {
            let Some(link) = &mut self.links[place] else {
                continue;
            };
            match link.next_line(now) {
                Ok(None) => {}
                Ok(Some(line)) => {
                    self.last_request += 1;
                    let request = HostRequest(self.last_request);
                    link.state = State::Waiting(request);
                    return Some((request, line));
                }
                Err(_) => self.remove(place, net),
            }
        }
        None
    }

    /// Answers a request. Of one whose connection is gone nothing is said; it was done all the same.
    pub(crate) fn answer(&mut self, request: HostRequest, answer: &Answer) {
        let mut links = self.links.iter_mut().flatten();
        let Some(link) = links.find(|link| link.state == State::Waiting(request)) else {
            return;
        };
        link.state = match answer {
            Answer::Done(text) => {
                link.push(&Reply::Done(text));
                State::Idle
            }
            Answer::Failed(text) => {
                link.push(&Reply::Failed(text));
                State::Idle
            }
            Answer::List => State::Listing(0),
            Answer::Later => link.state,
        };
    }

    /// Goes on with lists, and writes what there is. `item` is the line of the account in a slot, `slots` how many there are.
    pub(crate) fn flush(
        &mut self,
        net: &mut Net,
        slots: u32,
        item: impl Fn(u32) -> Option<String>,
    ) {
        let now = net.now();
        self.has_more = false;
        for place in 0..LINKS_MAX {
            let Some(link) = &mut self.links[place] else {
                continue;
            };
            let flushed = loop {
                if let State::Listing(slot) = link.state {
                    link.state = list(link, slot, slots, &item);
                }
                let flushed = link.flush(now);
                let goes_on = matches!(link.state, State::Listing(_)) && link.has_room();
                if flushed.is_err() || !goes_on || net.is_turn_full() {
                    break flushed;
                }
            };
            // The turn was full, or a request came while another was answered; there may be no event.
            let is_listing = matches!(link.state, State::Listing(_)) && link.has_room();
            self.has_more |= is_listing || link.may_have_line();
            if flushed.unwrap_or(true) || link.deadline <= now {
                self.remove(place, net);
            }
        }
    }

    fn remove(&mut self, place: usize, net: &mut Net) {
        if let Some(mut link) = self.links[place].take() {
            // It is closed in any case.
            let _ = net.deregister_external(&mut link.stream);
        }
    }
}

/// A part of the list of accounts; the state after it.
fn list(
    link: &mut Link<UnixStream>,
    from: u32,
    slots: u32,
    item: &impl Fn(u32) -> Option<String>,
) -> State {
    for slot in from..slots {
        if !link.has_room() {
            return State::Listing(slot);
        }
        if let Some(line) = item(slot) {
            link.push(&Reply::Item(&line));
        }
    }
    link.push(&Reply::Done(""));
    State::Idle
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.listener {
            // The lock on the directory is held until after this: it is ours.
            let _ = fs::remove_file(path);
        }
    }
}
