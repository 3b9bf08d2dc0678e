//! The begin of TLS on a connection, and the answer to clients that use it, or do not use it, at the wrong place.
//!
//! The first byte decides. Where TLS alone is spoken, a client that sends anything else is answered in the clear; where
//! it is not spoken, a client that begins it is sent an alert. No TLS state exists before that byte, so that a client
//! that only connects costs nothing. Does not know records and handshakes (`net::tls`), nor certificates
//! (`server::certificates`).

use super::{
    charge,
    client::Security,
    close_reason::CloseReason,
    current::Current,
    ending::{Ending, Farewell},
    protocol::TlsInput,
    requests,
};
use crate::{
    net::{
        Notice,
        tls::{ALERT_NO_TLS, HANDSHAKE},
    },
    protocol::web::http::Status,
};

/// Second byte of a TLS connection, the major version in all versions (RFC 8446 section 5.1).
const TLS_MAJOR: u8 = 3;

/// The result of a look at input for TLS.
#[derive(Debug)]
pub(crate) enum Tls {
    /// The input is the protocol's.
    Pass,
    /// A handshake has begun, and has taken all of the input.
    Begun,
    /// The connection ends.
    Close(Ending),
}

/// Whether this input is about TLS and not for any protocol.
pub(crate) fn look(here: TlsInput, at: &mut Current<'_>, input: &[u8]) -> Tls {
    if at.client.user().is_some() || here == TlsInput::Data {
        return Tls::Pass;
    }
    let begins = input.first() == Some(&HANDSHAKE);
    let alert = |reason, bytes: &'static [u8]| {
        Tls::Close(Ending::new(reason, Farewell::Bytes(bytes.into())))
    };
    match (at.client.security, here) {
        (Security::Awaited, _) if begins => begin_handshake(at, input),
        (Security::Awaited, _) => Tls::Close(plain_where_tls_is_spoken(at)),
        (Security::Plain, TlsInput::Offered) if begins && at.shared.tls.is_some() => {
            begin_handshake(at, input)
        }
        (Security::Plain, TlsInput::Offered | TlsInput::TooLate) if begins => {
            alert(CloseReason::TlsOnPlain, &ALERT_NO_TLS)
        }
        // A user might type the first byte, but not both.
        (Security::Plain, TlsInput::NotSpoken) if begins && input.get(1) == Some(&TLS_MAJOR) => {
            alert(CloseReason::TlsOnPlain, &ALERT_NO_TLS)
        }
        (Security::Secure, TlsInput::Offered | TlsInput::TooLate) if begins => {
            Tls::Close(Ending::silent(CloseReason::TlsInTls))
        }
        _ => Tls::Pass,
    }
}

fn begin_handshake(at: &mut Current<'_>, input: &[u8]) -> Tls {
    at.client.security = Security::Handshake;
    if let Some(tls) = &at.shared.tls {
        tls.wrap(at.net, at.id, input, at.client.kind.is_requests());
    }
    charge::charge_handshake(at);
    Tls::Begun
}

fn plain_where_tls_is_spoken(at: &Current<'_>) -> Ending {
    let reason = CloseReason::PlainOnTls;
    match at.client.kind.is_requests() {
        true => requests::refusal(reason, Status::BadRequest),
        false => Ending::text(reason),
    }
}

/// Takes note of a report of the transport.
pub(crate) fn note(at: &mut Current<'_>, notice: &Notice) {
    let peer = at.client.peer;
    match notice {
        Notice::Truncated => {
            tracing::debug!(%peer, "the peer ended its stream without TLS's close_notify");
        }
        Notice::Secured(secured) => {
            tracing::debug!(%peer, version = secured.version, resumed = secured.resumed, "secured");
            at.client.security = Security::Secure;
            if let Some(certificate) = secured.peer {
                at.shared.certificates.insert(at.id, certificate);
            }
            if at.client.user().is_none() {
                // The time to detect the protocol, or to give a name, begins here.
                at.client.last_activity = at.net.now();
            }
        }
    }
}
