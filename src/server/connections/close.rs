//! The one way in which the server ends a connection, and the tables of the bytes that are sent then.
//!
//! ```text
//! server   accepted ──────> closing ─────────────────────────────────────────────> gone
//!             │                │ close(): the first reason counts                     ▲
//!             │                │   1. counted and logged                              │
//!             │                │   2. the farewell is queued                          │ handle_reaped():
//!             │                │   3. its place is free, its user quits               │   steps 1 and 3 for an
//!             │                │   4. the loop is asked to close                      │   end without close()
//! net      Open ───────────> Draining ──────> Lingering ──────> Closed ───────────────┘
//!             └────── lost: reset, error, ceiling (handle_lost() goes through close() too) ──┘
//! ```
//!
//! The client is sent, by farewell and protocol (`Protocol::close` of each):
//!
//! | farewell | telnet, any | IRC | WebSocket | HTTP, metrics | echo |
//! |---|---|---|---|---|---|
//! | `Text` | `* ` and the reason's peer text | `ERROR` with its quit message | `ERROR` in a message, then Close | - | - |
//! | `Text`, shutdown | the settings' last line | the settings' `ERROR` | that in a message, then Close | - | - |
//! | `Silent` | - | - | Close | - | - |
//! | `Lost` | - | - | - | - | - |
//! | `Status` | | | | a response | |
//! | `Bytes` | these | these | these | these | |
//!
//! Close has the code of the reason. No text is sent during a TLS handshake: it would be sent in the clear.
//!
//! The user of the connection:
//!
//! | reason | the user |
//! |---|---|
//! | killed, banned | has quit already: the command that did it has sent the quit to the others |
//! | logged out, resumed | has lost this connection already, and stays if it has another |
//! | shutdown, second signal | quits when the connection is gone; every other connection gets its own farewell |
//! | any other | stays if it has another connection; else quits now, and the others are sent the quit message |
//!
//! Does not know when connections end; that is decided where an [`Ending`] is made.

use super::{
    charge,
    client::Client,
    close_reason::{CloseReason, Weight},
    current::Current,
    ending::{Ending, Farewell, LastText},
    session::ProtocolState,
};
use crate::{
    chat::{Command, SessionId},
    net::{ConnId, Net, Phase},
    protocol::web::http,
    server::{
        limits::{admission::Place, bill::Bill},
        shared::{read_markers::Owner, sessions::Departure},
    },
};

/// Ends a connection: see the module's documentation.
pub(crate) fn close(protocol: &mut ProtocolState, at: &mut Current<'_>, ending: &Ending) {
    let is_first = note(at, ending.reason, ending.detail.as_deref());
    let is_lost = matches!(ending.farewell, Farewell::Lost);
    let is_open = is_first && !is_lost && at.net.phase(at.id) == Phase::Open;
    if is_open {
        send_farewell(protocol, at, ending);
    }
    leave(protocol, at, ending);
    if is_open {
        at.net.close(at.id);
    }
}

/// Counts and logs an end, and why, once for each connection; whether this was the first.
fn note(at: &mut Current<'_>, reason: CloseReason, detail: Option<&str>) -> bool {
    if at.client.closing.is_some() {
        return false;
    }
    at.client.closing = Some(reason);
    at.shared.closes.count(reason);
    log(at.net, at.id, at.client, reason, detail);
    true
}

/// Before the farewell is queued, for the log has the bytes that waited for the peer.
fn log(net: &Net, id: ConnId, client: &Client, reason: CloseReason, detail: Option<&str>) {
    let (peer, protocol) = (client.peer, client.kind.name());
    let (queued, age_s) = (net.queued(id), client.age_s(net.now()));
    let (code, detail) = (reason.code(), detail.map(tracing::field::display));
    match reason.weight() {
        Weight::Ordinary => {
            tracing::debug!(%peer, %protocol, reason = %code, queued, age_s, detail, "closed");
        }
        Weight::Decided => {
            tracing::info!(%peer, %protocol, reason = %code, queued, age_s, detail, "closed");
        }
    }
}

fn send_farewell(protocol: &mut ProtocolState, at: &mut Current<'_>, ending: &Ending) {
    // A client that sent plain text to a TLS listener reads plain text.
    let can_read = at.client.can_read() || ending.reason == CloseReason::PlainOnTls;
    let mut bytes = Vec::new();
    match &ending.farewell {
        Farewell::Silent | Farewell::Lost | Farewell::Text => {}
        Farewell::Bytes(last) => bytes.extend_from_slice(last),
        Farewell::Status(status) => http::respond_early(*status, at.now().wall, &mut bytes),
    }
    let last = LastText {
        reason: ending.reason,
        quit: ending
            .quit
            .as_deref()
            .unwrap_or(ending.reason.quit_message()),
        says_why: matches!(ending.farewell, Farewell::Text) && can_read,
    };
    protocol
        .as_mut()
        .close(&last, &at.shared.settings, &mut bytes);
    if !bytes.is_empty() {
        at.send(&bytes);
    }
}

/// Frees the connection's place, and lets its user quit if this was its last connection.
fn leave(protocol: &mut ProtocolState, at: &mut Current<'_>, ending: &Ending) {
    let reason = ending.reason;
    if matches!(reason, CloseReason::Shutdown | CloseReason::SecondSignal) {
        return;
    }
    free_place(at);
    at.shared.password_checks.forget(at.id);
    at.shared.history.forget(at.id, &mut at.shared.store);
    let own = Owner::Connection(at.id);
    at.shared.read_markers.forget(own);
    at.shared.gateways.forget(at.id);
    if let Some(accounts) = &mut at.shared.accounts {
        accounts.forget(at.id);
    }
    let Some(user) = at.client.take_user() else {
        return;
    };
    let number = at.id.slot;
    let session = SessionId { user, number };
    protocol.as_mut().leave(session, &mut at.shared.watches);
    let now = at.now();
    if at.shared.detach(at.net, user, at.id, reason, now) == Departure::None {
        return;
    }
    let deliveries = at.net.stats().deliveries;
    let quit = ending.quit.as_deref().unwrap_or(reason.quit_message());
    let gone = at
        .shared
        .hub
        .apply(user, Command::Quit { reason: quit }, now);
    debug_assert!(gone.is_ok(), "a user may always quit");
    at.shared.send_events(at.net, None);
    charge::add_work(at.shared, at.net, deliveries, 0);
    match reason {
        CloseReason::ClientQuit | CloseReason::PeerClosed => charge::settle(at),
        // The server has ended it, or it broke: that is not its network's doing.
        _ => at.shared.limits.bill = Bill::default(),
    }
}

/// Frees the place of a client for the next one. A scraper's is free when its connection is gone.
fn free_place(at: &mut Current<'_>) {
    let place = at.client.place;
    if !place.is_client() {
        return;
    }
    at.client.place = Place::None;
    if at.client.kind.is_chat() {
        at.shared.clients -= 1;
    }
    let address = at.client.peer.ip();
    at.shared.limits.admission.free_client(place, address);
}
