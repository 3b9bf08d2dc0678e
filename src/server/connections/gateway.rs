//! WEBIRC on the server's side: who is a gateway, and whose a connection is from then on.
//!
//! The command is in `protocol::irc`, the passwords that are known in `shared::gateways`.

use super::{client::Security, close_reason::CloseReason, current::Current, proxied};
use crate::{
    auth::Verifier,
    chat::Now,
    protocol::irc::GatewayCheck,
    server::shared::{gateways::Known, password_checks::Guesser},
};
use std::net::SocketAddr;

/// Begins to see whether this is the password of a gateway that connects from the client's address.
pub(super) fn check(at: &mut Current<'_>, password: &str, now: Now) -> GatewayCheck {
    let address = at.client.peer.ip();
    let gateways = at.shared.settings.gateways.iter();
    let here = gateways.filter(|gateway| gateway.is_at(address));
    let here: Vec<_> = here
        .map(|gateway| (Box::from(""), gateway.password.clone()))
        .collect();
    if here.is_empty() {
        return GatewayCheck::NoGateway;
    }
    match at.shared.gateways.look_up(password, at.id, address) {
        Known::Right => return GatewayCheck::Right,
        Known::Waits => return GatewayCheck::Pending,
        Known::Unknown => {}
    }
    let guesser = Guesser {
        id: at.id,
        address,
        certificate: None,
    };
    let checks = &mut at.shared.password_checks;
    match checks.begin_gateway(&Verifier::new(here), password, guesser, now) {
        Ok(()) => {
            at.shared.gateways.begin(password, at.id, address);
            GatewayCheck::Pending
        }
        Err(again) => GatewayCheck::TryAgain(again),
    }
}

/// Gives the connection the address of the client that a gateway has made it for. The way is encrypted only if both parts
/// of it are (IRCv3 WebIRC, "secure"), and the certificate of the gateway is not the client's.
///
/// # Errors
/// There is no place for the client.
pub(super) fn become_client(
    at: &mut Current<'_>,
    address: SocketAddr,
    secure: bool,
) -> Result<(), CloseReason> {
    let gateway = at.client.peer;
    at.shared.certificates.remove(&at.id);
    at.shared.proxied.remove(&at.id);
    if !secure {
        at.client.security = Security::Plain;
    }
    proxied::move_to(at, address)?;
    let peer = at.client.peer;
    tracing::debug!(%peer, %gateway, secure, "forwarded by a gateway");
    Ok(())
}
