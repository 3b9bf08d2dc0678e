//! Deadlines of sessions: their meanings, the grids on which they fall, and the keep-alive that several protocols share.
//!
//! Invariant: traffic moves a deadline without touching the loop's timer; a due timer looks again. Does not know how
//! the loop keeps time.

use super::{
    client::{Client, Ping},
    close_reason::CloseReason,
    current::Current,
    ending::Ending,
};
use crate::{net::Tick, server::settings::Settings};
use std::time::Duration;

/// Deadlines of users fall on whole seconds, so that those of thousands wake the loop once (milliseconds).
const GRID: u64 = 1000;

/// Deadlines of clients without a name fall on this finer grid, and the short ones of others: a second more would be
/// half as long again for a `registration` of two (milliseconds).
pub(crate) const FINE_GRID: u64 = 250;

/// The meaning of a session's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The client was silent long enough to be greeted as telnet.
    Greet,
    /// No handshake was done in time.
    NoHandshake,
    /// No name was given in time.
    NoName,
    /// The header of a proxy did not come in time.
    NoProxyHeader,
    /// No request came, or no further one.
    NoRequest,
    /// A keep-alive ping is to be sent.
    Ping,
    /// The ping was not answered.
    PingTimeout,
    /// The rest of a request did not come in time.
    SlowRequest,
}

impl Due {
    /// Whether it is the end of the connection.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Self::Greet | Self::Ping)
    }
}

/// The deadline for a client that has to do something in the time of `registration`.
pub(crate) fn registration(client: &Client, settings: &Settings, due: Due) -> (Tick, Due) {
    let at = client.last_activity.after(settings.registration);
    (at.on_grid(FINE_GRID), due)
}

/// The next deadline of the keep-alive: the ping after so long a silence, or the end if one is outstanding.
pub(crate) fn keep_alive(
    client: &Client,
    settings: &Settings,
    silence: Duration,
    grid: u64,
) -> (Tick, Due) {
    match client.ping {
        Ping::Outstanding => {
            let at = client.last_activity.after(settings.ping);
            (at.on_grid(self::grid(settings.ping)), Due::PingTimeout)
        }
        Ping::Idle => (client.last_activity.after(silence).on_grid(grid), Due::Ping),
    }
}

/// Handles the deadlines that all chat protocols have; `ping` sends a keep-alive ping.
pub(crate) fn chat_timer(
    at: &mut Current<'_>,
    due: Due,
    ping: impl FnOnce(&mut Current<'_>),
) -> Option<Ending> {
    match due {
        Due::NoName => Some(Ending::text(CloseReason::RegistrationTimeout)),
        Due::PingTimeout => {
            let silence = at.client.last_activity.until(at.net.now()).as_secs();
            let reason = CloseReason::PingTimeout;
            let quit = format!("{}: {silence} seconds", reason.quit_message());
            Some(Ending::text(reason).with_quit(quit))
        }
        Due::Ping => {
            at.client.ping = Ping::Outstanding;
            at.client.last_activity = at.net.now();
            ping(at);
            None
        }
        Due::Greet | Due::NoHandshake | Due::NoProxyHeader | Due::NoRequest | Due::SlowRequest => {
            None
        }
    }
}

/// The grid for a span, in milliseconds: an eighth of it, and no more than a second.
pub(crate) fn grid(span: Duration) -> u64 {
    let eighth = u64::try_from(span.as_millis() / 8).unwrap_or(GRID);
    eighth.clamp(FINE_GRID, GRID)
}

/// The grid of pings to WebSockets, in milliseconds: a sixth of the silence, 5 s for the default of 30 s. These pings
/// come four times as often as others. Ten thousand idle connections then cost at most one wake-up in 5 s to send
/// them, and no connection is silent for more than 35 s, which a proxy that waits for 60 s does not mind. A host that
/// sets a short silence has a proxy that waits no longer, so the grid has no lower limit of its own.
pub(crate) fn web_grid(settings: &Settings) -> u64 {
    let sixth = settings.web_ping.as_millis() / 6;
    u64::try_from(sixth).unwrap_or(GRID).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_a_small_part_of_the_span() {
        let milliseconds = |span| grid(Duration::from_millis(span));
        assert_eq!(
            [100, 2000, 4000, 120_000].map(milliseconds),
            [250, 250, 500, 1000]
        );
        assert_eq!(grid(Duration::MAX), 1000);
    }
}
