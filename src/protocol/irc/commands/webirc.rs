//! WEBIRC: a gateway of the configuration says for which client it has connected (IRCv3 WebIRC).
//!
//! It comes before all other lines, and from then on the connection is the client's: its limits, bans and cloak. The host
//! name that the gateway gives is not shown, for nobody's is. A gateway that is not let through gets ERROR. Who is a
//! gateway is the server's.

use crate::protocol::{
    TurnedAway,
    irc::{
        codec::message::Params,
        session::{
            request::Request,
            server_context::{GatewayCheck, TryAgain},
            state::{ForwardedClient, Pending},
        },
    },
    seconds_to_wait,
};
use core::net::{IpAddr, SocketAddr};

/// `WEBIRC password gateway hostname ip [:options]`.
pub(crate) fn webirc(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.is_untouched() {
        return refuse(request, "WEBIRC has to be the first command");
    }
    let Some(address) = address(params.at(3)) else {
        return refuse(request, "Invalid address in WEBIRC");
    };
    let options = Options::read(params.get(4).unwrap_or_default());
    let client = ForwardedClient {
        address: SocketAddr::new(address, options.port),
        secure: options.secure,
    };
    match request.ctx.check_gateway(params.at(0)) {
        GatewayCheck::Right => accept(request, client),
        GatewayCheck::Pending => request.irc.cold().pending = Some(Pending::Gateway(client)),
        GatewayCheck::NoGateway => refuse(request, "WEBIRC is not for you"),
        GatewayCheck::TryAgain(TryAgain::Busy) => refuse(request, "Try again"),
        GatewayCheck::TryAgain(TryAgain::After(wait)) => {
            let seconds = seconds_to_wait(wait);
            refuse(request, &format!("Try again in {seconds} seconds"));
        }
    }
}

/// The gateway's password was checked; `None`: it could not be, after all.
pub(crate) fn checked(request: &mut Request<'_>, client: ForwardedClient, is_right: Option<bool>) {
    match is_right {
        Some(true) => accept(request, client),
        Some(false) => refuse(request, "Invalid WebIRC password"),
        None => refuse(request, "Try again"),
    }
}

fn accept(request: &mut Request<'_>, client: ForwardedClient) {
    request.flush();
    request.irc.note_gateway();
    request.ctx.become_client(client.address, client.secure);
}

fn refuse(request: &mut Request<'_>, reason: &str) {
    request.turn_away(TurnedAway::BadGateway, reason);
}

/// An address of a client. IPv6 addresses come with a zero before a leading colon, which reads the same.
fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    Some(address.to_canonical()).filter(|address| !address.is_unspecified())
}

/// The options: words, each with a value or without, of which those that are unknown are skipped.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    secure: bool,
    port: u16,
}

impl Options {
    fn read(text: &str) -> Self {
        let mut options = Self::default();
        for word in text.split(' ') {
            match word.split_once('=').unwrap_or((word, "")) {
                // It counts with any value.
                ("secure", _) => options.secure = true,
                ("remote-port", port) => options.port = port.parse().unwrap_or(0),
                _ => {}
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_words_with_values_or_without() {
        let read = |text| {
            let Options { secure, port } = Options::read(text);
            (secure, port)
        };
        assert_eq!(read(""), (false, 0));
        assert_eq!(read("secure"), (true, 0));
        assert_eq!(
            read("secure=example local-port=6697 remote-port=21726"),
            (true, 21726)
        );
        assert_eq!(read("insecure remote-port=x  y=z"), (false, 0));
        assert_eq!(read("Secure"), (false, 0));
    }

    #[test]
    fn addresses_are_those_of_clients() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("0::1", Some("::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("0.0.0.0", None),
            ("0::", None),
            ("::ffff:0.0.0.0", None),
            ("host.example", None),
            ("192.0.2.1:80", None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(address(text), expected, "{text}");
        }
    }
}
