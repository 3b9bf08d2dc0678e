//! Connections that a proxy forwards: from the proxy's address to that of the client.
//!
//! The place of such a connection counts for no network until its client is known: by the header of the PROXY protocol,
//! which comes before everything else, by a request of HTTP, or by WEBIRC. From then on every limit is that of the client's
//! own address. The proxy's connection may carry requests of several clients one after the other, so each request counts.
//!
//! Owns the state until the header is there. Who is a proxy is decided in `listeners::proxies`; the bytes are in
//! `protocol::proxy_header` and `protocol::web::forwarded`.

use super::{
    charge,
    client::{Client, Security},
    close_reason::CloseReason,
    current::Current,
    ending::{Ending, Farewell},
    protocol::{Outcome, Protocol},
    timers::{self, Due},
};
use crate::{
    net::Tick,
    protocol::{
        proxy_header::{self, Step},
        web::{
            forwarded::{self, Forwarded},
            http::{Request, Status},
        },
    },
    server::{
        limits::admission::Place,
        listeners::listener::Listener,
        settings::{RefusalForm, Settings},
    },
};
use std::net::SocketAddr;

/// A connection of a proxy of which the header has not come.
#[derive(Debug)]
pub(crate) struct ProxyHeader;

/// The header is read and taken off the input.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The listener whose protocol follows.
    pub(crate) listener: Listener,
    /// Bytes of the header.
    pub(crate) consumed: usize,
}

impl Protocol for ProxyHeader {
    fn input(&mut self, _: &mut Current<'_>, _: &[u8], _: &mut usize) -> Outcome {
        // `open` has taken the header, or waits for the rest of it.
        Outcome::NeedMore(0)
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        Some(timers::registration(client, settings, Due::NoProxyHeader))
    }

    fn timer(&mut self, at: &mut Current<'_>, _: Due) -> Option<Ending> {
        Some(refuse_header(at, "none came in time"))
    }
}

/// Reads the header at the beginning of a connection; `None` if it is not whole.
///
/// # Errors
/// The connection ends: the header is wrong, or there is no place for the client.
pub(crate) fn open(at: &mut Current<'_>, input: &[u8]) -> Result<Option<Opened>, Ending> {
    let (client, consumed) = match proxy_header::read(input) {
        Step::Incomplete => return Ok(None),
        Step::Wrong(fault) => return Err(refuse_header(at, &fault.to_string())),
        Step::Whole(client, consumed) => (client, consumed),
    };
    let Some(listener) = at.shared.proxied.get(&at.id).cloned() else {
        debug_assert!(false, "a proxy's connection has its listener");
        return Err(Ending::silent(CloseReason::ProxyHeader));
    };
    let proxy = at.client.peer;
    let (address, secure) = match client {
        proxy_header::Client::At { address, secure } => (address, secure),
        // A health check: the proxy is the client.
        proxy_header::Client::Unnamed => (at.client.peer.into(), false),
    };
    move_to(at, address).map_err(|reason| {
        let text = at.shared.settings.refusal(reason, listener.refusal);
        match listener.security {
            // Text in the clear would be taken for a broken server.
            Security::Awaited => Ending::silent(reason),
            _ => Ending::new(reason, Farewell::Bytes(text.to_vec().into())),
        }
    })?;
    if secure && at.client.security == Security::Plain {
        at.client.security = Security::Secure;
    }
    let peer = at.client.peer;
    tracing::debug!(%peer, %proxy, secure, "forwarded");
    if !is_known_proxy(at) {
        // Nobody else may say that the client is another one.
        at.shared.proxied.remove(&at.id);
    }
    charge::charge_accept(at);
    Ok(Some(Opened { listener, consumed }))
}

/// Whether the client, as far as it is known, is a proxy of its listener, which may name another one.
fn is_known_proxy(at: &Current<'_>) -> bool {
    let listener = at.shared.proxied.get(&at.id);
    let proxies = listener.and_then(|listener| listener.proxies.as_ref());
    proxies.is_some_and(|proxies| proxies.contain(at.client.peer.ip()))
}

fn refuse_header(at: &Current<'_>, fault: &str) -> Ending {
    let listener = at.shared.proxied.get(&at.id);
    let proxies = listener.and_then(|listener| listener.proxies.as_ref());
    let listener = proxies.map_or("", |proxies| &proxies.listener);
    let detail = format!("the header of the PROXY protocol at {listener}: {fault}");
    Ending::silent(CloseReason::ProxyHeader).with_detail(detail)
}

/// Takes note of the client of a request, if a proxy has sent it and names the client.
///
/// # Errors
/// The connection ends: it is not clear who the client is, or there is no place for it.
pub(crate) fn note_client(at: &mut Current<'_>, request: &Request<'_>) -> Result<(), Ending> {
    let Some(listener) = at.shared.proxied.get(&at.id) else {
        return Ok(());
    };
    let comes_plain = listener.security == Security::Plain;
    let Some(proxies) = listener.proxies.clone() else {
        return Ok(());
    };
    let named = forwarded::client_of(request, |address| proxies.contain(address));
    let Forwarded { address, secure } = match named {
        Ok(Some(client)) => client,
        Ok(None) => return Ok(()),
        Err(forwarded::Ambiguous) => {
            let detail = "its proxies' header fields contradict each other";
            let farewell = Farewell::Status(Status::BadRequest);
            let ending = Ending::new(CloseReason::HttpRefused, farewell);
            return Err(ending.with_detail(detail.to_owned()));
        }
    };
    if address.ip().to_canonical() != at.client.peer.ip() {
        move_to(at, address).map_err(|reason| {
            let text = at.shared.settings.refusal(reason, RefusalForm::Http);
            Ending::new(reason, Farewell::Bytes(text.to_vec().into()))
        })?;
        charge::charge_accept(at);
    }
    // The request before may have been another client's.
    if comes_plain {
        at.client.security = match secure {
            true => Security::Secure,
            false => Security::Plain,
        };
    }
    Ok(())
}

/// Gives the connection its client's address, with a place among that address's own.
///
/// # Errors
/// There is none; the place is free again.
pub(crate) fn move_to(at: &mut Current<'_>, address: SocketAddr) -> Result<(), CloseReason> {
    let now = at.net.now();
    let (place, from) = (at.client.place, at.client.peer.ip());
    at.client.peer = address.into();
    let to = at.client.peer.ip();
    let admission = &mut at.shared.limits.admission;
    match admission.move_to((place, from), to, &at.shared.settings, now) {
        Ok(place) => at.client.place = place,
        Err(reason) => {
            // It was counted among the clients if it chats; see `close::leave`.
            at.shared.clients -= usize::from(place.is_client() && at.client.kind.is_chat());
            at.client.place = Place::None;
            return Err(reason);
        }
    }
    Ok(())
}
