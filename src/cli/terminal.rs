//! The terminal client: standard input and one connection in one readiness loop, the same that the server runs on.
//!
//! Input is sent unchanged; what comes is shown, made safe for a terminal, with lines that mention the user in bold. At the
//! end of the input our half of the connection is closed, and the rest is shown until the server closes its own. Does not
//! know what the lines mean; the protocol does.

use crate::{
    net::{ConnId, Consumed, EventLoop, External, Handler, Loss, Net, Next, Phase, Tick},
    os::io_error::plain,
    protocol::{sanitize::Cleaner, telnet::Marker},
};
use mio::unix::SourceFd;
use std::{
    collections::VecDeque,
    io::{self, IsTerminal as _, Read, Write},
    net::SocketAddr,
    os::fd::AsRawFd,
    time::Duration,
};

/// How long one address may take to answer before the next is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// The name under which standard input is registered with the loop.
const INPUT: External = External(0);

/// Why the client ended with an error.
#[derive(Debug)]
pub(super) enum End {
    /// No address answered; why, for each of them.
    Unreachable(Vec<String>),
    /// The connection broke.
    Broken(String),
    /// The server closed the connection, and the user had not asked for that.
    Closed,
    /// Standard output took nothing.
    Unwritten(io::Error),
}

/// Tries the addresses in turn and connects standard input and output to the first that answers, until the server
/// closes the connection.
///
/// # Errors
/// No address answered, or the connection broke.
pub(super) fn talk(addresses: VecDeque<SocketAddr>) -> Result<(), End> {
    let broken = |error: io::Error| End::Broken(plain(&error));
    let mut event_loop = EventLoop::new().map_err(broken)?;
    let mut client = Client {
        addresses,
        calling: None,
        reasons: Vec::new(),
        input: Input::Waiting,
        last_line: LastLine::default(),
        cleaner: Cleaner::default(),
        marker: io::stdout().is_terminal().then(Marker::default),
        end: None,
    };
    client.call_next(event_loop.net_mut());
    loop {
        if let Some(end) = client.end.take() {
            return end;
        }
        // A file is always ready and makes no event. So it is read whenever the connection has room, without waiting.
        let can_read_file =
            client.input == Input::File && client.open_for_input(event_loop.net()).is_some();
        let timeout = can_read_file.then_some(Duration::ZERO);
        event_loop.turn(&mut client, timeout).map_err(broken)?;
        client.pump(event_loop.net_mut()).map_err(broken)?;
    }
}

/// The state of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// Not read before there is a connection.
    Waiting,
    /// Registered with the loop, and waiting for an event.
    Watched,
    /// An event has come: one read will not block.
    Readable,
    /// A regular file, which cannot be registered with a poll and never blocks for long.
    File,
    /// At its end.
    Ended,
}

/// The beginning of the last line that was sent: whether it is the command to quit, after which the server closes the
/// connection. Everything else in the lines is the server's business.
#[derive(Debug, Default)]
struct LastLine {
    start: Vec<u8>,
    is_complete: bool,
}

impl LastLine {
    const QUIT: &[u8] = b"/quit";

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if std::mem::take(&mut self.is_complete) {
                self.start.clear();
            }
            match byte {
                b'\n' => self.is_complete = true,
                // One byte more shows where the command ends.
                byte if self.start.len() <= Self::QUIT.len() => self.start.push(*byte),
                _ => {}
            }
        }
    }

    fn is_quit(&self) -> bool {
        let after = self.start.get(Self::QUIT.len()).copied();
        self.is_complete
            && self.start.len() >= Self::QUIT.len()
            && self.start[..Self::QUIT.len()].eq_ignore_ascii_case(Self::QUIT)
            && after.is_none_or(|byte| byte.is_ascii_whitespace())
    }
}

struct Client {
    addresses: VecDeque<SocketAddr>,
    calling: Option<(ConnId, SocketAddr)>,
    reasons: Vec<String>,
    input: Input,
    last_line: LastLine,
    /// Removes control characters that could change the terminal: the server may be a stranger's.
    cleaner: Cleaner,
    /// Marks lines that mention the user, if a person reads them: programs get the text alone.
    marker: Option<Marker>,
    end: Option<Result<(), End>>,
}

impl Client {
    fn call_next(&mut self, net: &mut Net) {
        while let Some(address) = self.addresses.pop_front() {
            match net.connect(address) {
                Ok(id) => {
                    self.calling = Some((id, address));
                    return net.set_deadline(id, net.now().after(PATIENCE));
                }
                Err(error) => self.reasons.push(format!("{address}: {}", plain(&error))),
            }
        }
        let reasons = std::mem::take(&mut self.reasons);
        self.end = Some(Err(End::Unreachable(reasons)));
    }

    fn gave_up(&mut self, net: &mut Net, reason: &str) {
        if let Some((_, address)) = self.calling.take() {
            self.reasons.push(format!("{address}: {reason}"));
        }
        self.call_next(net);
    }

    /// The connection, if it is made and input may be sent now.
    fn open_for_input(&self, net: &Net) -> Option<ConnId> {
        let (id, _) = self.calling?;
        (net.phase(id) == Phase::Open && !net.is_backlogged(id)).then_some(id)
    }

    /// Reads input and sends it, unless so much is queued already that reading should wait.
    fn pump(&mut self, net: &mut Net) -> io::Result<()> {
        let Some(id) = self.open_for_input(net) else {
            return Ok(());
        };
        match self.input {
            Input::Waiting => self.watch(net),
            Input::Readable => {
                self.read_input(net, id)?;
                if self.input == Input::Readable {
                    // The poll reports changes, and one read may leave more. Registering again makes the poll check
                    // again; so the terminal, which is shared with others, need not be made non-blocking.
                    net.deregister_external(&mut SourceFd(&io::stdin().as_raw_fd()))?;
                    self.watch(net)
                } else {
                    Ok(())
                }
            }
            Input::File => self.read_input(net, id),
            Input::Watched | Input::Ended => Ok(()),
        }
    }

    /// Shows what was held back in case more followed. The connection is over.
    fn show_rest(&mut self) -> Result<(), End> {
        let mut shown = Vec::new();
        self.cleaner.finish(&mut shown);
        let mut shown = self.mark(shown);
        if let Some(marker) = &mut self.marker {
            marker.finish(&mut shown);
        }
        show(&shown).unwrap_or(Ok(()))
    }

    /// Adds the marks, on a terminal.
    fn mark(&mut self, text: Vec<u8>) -> Vec<u8> {
        let Some(marker) = &mut self.marker else {
            return text;
        };
        let mut marked = Vec::with_capacity(text.len());
        marker.push(&text, &mut marked);
        marked
    }

    fn watch(&mut self, net: &mut Net) -> io::Result<()> {
        let descriptor = io::stdin().as_raw_fd();
        self.input = match net.register_external(&mut SourceFd(&descriptor), INPUT) {
            Ok(()) => Input::Watched,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Input::File,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    fn read_input(&mut self, net: &mut Net, id: ConnId) -> io::Result<()> {
        let mut typed = [0; 16 * 1024];
        match io::stdin().lock().read(&mut typed) {
            Ok(0) => {
                if self.input == Input::Readable {
                    net.deregister_external(&mut SourceFd(&io::stdin().as_raw_fd()))?;
                }
                self.input = Input::Ended;
                net.half_close(id);
            }
            Ok(count) => {
                self.last_line.push(&typed[..count]);
                net.send(id, &typed[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Handler for Client {
    fn handle_accept(&mut self, _: &mut Net, _: ConnId, _: ConnId, _: SocketAddr) {}

    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        net.set_deadline(id, Tick::NEVER);
    }

    fn handle_input(&mut self, net: &mut Net, id: ConnId, input: &[u8], _: &mut usize) -> Consumed {
        let mut shown = Vec::with_capacity(input.len());
        self.cleaner.push(input, &mut shown);
        let shown = self.mark(shown);
        if let Some(end) = show(&shown) {
            net.abort(id);
            self.end = Some(end);
        }
        Consumed {
            bytes: input.len(),
            next: Next::ReadMore,
        }
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        net.abort(id);
        let shown = self.show_rest();
        let is_expected = self.input == Input::Ended || self.last_line.is_quit();
        self.end = Some(match is_expected {
            true => shown,
            false => shown.and(Err(End::Closed)),
        });
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        let reason = match loss {
            Loss::Io(error) => plain(error),
            other => other.to_string(),
        };
        if net.phase(id) == Phase::Connecting {
            self.gave_up(net, &reason);
        } else {
            let shown = self.show_rest();
            self.end = Some(shown.and(Err(End::Broken(reason))));
        }
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        net.abort(id);
        let reason = format!("no answer within {} seconds", PATIENCE.as_secs());
        self.gave_up(net, &reason);
    }

    fn handle_external(&mut self, _: &mut Net, _: External) {
        if self.input == Input::Watched {
            self.input = Input::Readable;
        }
    }
}

/// Writes to standard output; returns how the client ends if that fails.
fn show(text: &[u8]) -> Option<Result<(), End>> {
    let mut stdout = io::stdout().lock();
    let shown = stdout.write_all(text).and_then(|()| stdout.flush());
    match shown {
        Ok(()) => None,
        // A reader that has gone has seen enough; a full disk is an error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Ok(())),
        Err(error) => Some(Err(End::Unwritten(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_quit_is_recognized_in_the_last_line() {
        for (sent, expected) in [
            (&["/quit\n"][..], true),
            (&["hello\n/QUIT bye\r\n"], true),
            (&["/qu", "it", "\n"], true),
            (&["/quit\r\n"], true),
            (&["/quit"], false),
            (&["/quit\n", "hello\n"], false),
            (&["/quitter\n"], false),
            (&["say /quit\n"], false),
            (&["\n"], false),
            (&[], false),
        ] {
            let mut last_line = LastLine::default();
            sent.iter()
                .for_each(|bytes| last_line.push(bytes.as_bytes()));
            assert_eq!(last_line.is_quit(), expected, "{sent:?}");
        }
    }
}
