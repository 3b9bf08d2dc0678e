//! Messages to the service manager (sd_notify(3)): the server is ready, reloads, stops; how many users are connected;
//! and, for its watchdog, that turns of the loop are short.
//!
//! Without a service manager none of this costs anything. With one, a status is sent along with turns that happen
//! anyway, and only the watchdog needs wake-ups of its own. Invariant: no message is waited for; a message that the
//! manager has no room for is lost, and a later one repeats it. Moments are durations since the program's own clock
//! began: this module reads no clock, except for the one message that must carry the system's.

use sd_notify::NotifyState;
use std::{env, ffi::OsStr, io, os::unix::net::UnixDatagram, time::Duration};

/// The status is sent at most this often: it is for users to read.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// A turn is short if it takes less than this, which is a hundred times longer than the turns of a busy server...
const SHORT: Duration = Duration::from_secs(1);

/// ...and less than this fraction of the time that the watchdog allows.
const SHORT_PART: u32 = 4;

/// The service manager that started us.
#[derive(Debug)]
pub struct ServiceNotifier {
    socket: UnixDatagram,
    watchdog: Option<Watchdog>,
    /// Users and rooms in the last status.
    told: Option<(usize, usize)>,
    /// The next status is sent at this moment or later.
    status_after: Duration,
}

impl ServiceNotifier {
    /// The service manager that the environment names, if any.
    pub fn from_env() -> Option<Self> {
        let path = env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty())?;
        let socket = match connect(&path) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, ?path, "the service manager cannot be told anything");
                return None;
            }
        };
        Some(Self {
            socket,
            watchdog: sd_notify::watchdog_enabled().and_then(Watchdog::new),
            told: None,
            status_after: Duration::ZERO,
        })
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
        if let Err(error) = self.socket.send(lines.join("\n").as_bytes()) {
            tracing::debug!(%error, "the service manager was not told");
        }
    }

    /// Connections are accepted now, or the configuration was read again.
    pub fn tell_ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// The configuration is being read again. The manager needs to know since when, so that an earlier "ready" does
    /// not end its wait.
    pub fn tell_reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// The server has begun to stop.
    pub fn tell_stopping(&self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// The process was stopped for a while, and so was the loop's clock; the manager's was not. The next turn reports
    /// at once.
    pub fn note_pause(&mut self) {
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.next = Duration::ZERO;
        }
    }

    /// Counts a turn that is over, and sends what is due.
    pub fn note_turn(&mut self, now: Duration, took: Duration, people: usize, rooms: usize) {
        if let Some(watchdog) = &mut self.watchdog {
            match watchdog.note_turn(now, took) {
                None => {}
                Some(Ok(())) => self.tell(&[NotifyState::Watchdog]),
                Some(Err(longest)) => {
                    tracing::warn!(
                        ?longest,
                        "turns are too long; the watchdog is not told to wait"
                    );
                }
            }
        }
        if now >= self.status_after && self.told != Some((people, rooms)) {
            self.told = Some((people, rooms));
            self.status_after = now + STATUS_EVERY;
            let status = format!("people: {people}, rooms: {rooms}");
            self.tell(&[NotifyState::Status(&status)]);
        }
    }

    /// The moment by which a turn must take place, for the watchdog.
    pub fn due(&self) -> Option<Duration> {
        self.watchdog.as_ref().map(|watchdog| watchdog.next)
    }
}

/// Connects without waiting. A path that begins with `@` names a socket outside the file system (unix(7)).
fn connect(path: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(name) = path.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::{linux::net::SocketAddrExt as _, unix::net::SocketAddr};
        socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
        return Ok(socket);
    }
    socket.connect(path)?;
    Ok(socket)
}

/// When the watchdog is notified: twice in the time that it allows, if no turn in between took too long.
#[derive(Debug)]
struct Watchdog {
    every: Duration,
    short: Duration,
    next: Duration,
    /// The longest turn since the last notification.
    longest: Duration,
}

impl Watchdog {
    /// `None` if no time is allowed at all.
    fn new(allowed: Duration) -> Option<Self> {
        // The loop counts in milliseconds.
        let every = allowed / 2;
        (every >= Duration::from_millis(1)).then_some(Self {
            every,
            short: SHORT.min(allowed / SHORT_PART),
            next: Duration::ZERO,
            longest: Duration::ZERO,
        })
    }

    /// If a notification is due: `Ok`, or how long the longest turn took if that was too long.
    fn note_turn(&mut self, now: Duration, took: Duration) -> Option<Result<(), Duration>> {
        self.longest = self.longest.max(took);
        if now < self.next {
            return None;
        }
        self.next = now + self.every;
        let longest = std::mem::take(&mut self.longest);
        Some(if longest <= self.short {
            Ok(())
        } else {
            Err(longest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_watchdog_is_notified_while_turns_are_short() {
        let mut watchdog = Watchdog::new(1000 * MS).unwrap();
        assert_eq!(watchdog.note_turn(7 * MS, MS), Some(Ok(())));
        assert_eq!(watchdog.next, 507 * MS);
        assert_eq!(watchdog.note_turn(100 * MS, 249 * MS), None);
        assert_eq!(watchdog.note_turn(507 * MS, MS), Some(Ok(())));
        // A turn that took too long, though the current one did not.
        assert_eq!(watchdog.note_turn(600 * MS, 251 * MS), None);
        assert_eq!(watchdog.note_turn(1100 * MS, MS), Some(Err(251 * MS)));
        // The next one is fine again.
        assert_eq!(watchdog.note_turn(1600 * MS, MS), Some(Ok(())));
    }

    #[test]
    fn a_turn_of_a_second_is_too_long_whatever_is_allowed() {
        let mut watchdog = Watchdog::new(60_000 * MS).unwrap();
        assert_eq!(watchdog.note_turn(Duration::ZERO, 1000 * MS), Some(Ok(())));
        let long = watchdog.note_turn(30_000 * MS, 1001 * MS);
        assert_eq!(long, Some(Err(1001 * MS)));
        assert!(Watchdog::new(Duration::ZERO).is_none());
    }
}
