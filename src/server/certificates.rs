//! The certificates in use, and when the first of them ends.
//!
//! Does not know records and handshakes (`net::tls`), files (`config`), nor connections.

use super::error::Error;
use crate::{
    chat::Now,
    config::{Config, Credential, ListenUrl, Scheme},
    net::{
        ConnId, Loss, Net, Tick,
        tls::{self, Certificate, Incompatible},
    },
    protocol::irc::Sts,
};
use std::time::Duration;

/// The log warns of a certificate that ends within this time.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// And so often.
const WARN_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// The certificates in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    server: tls::Server,
    /// The same without asking for a client certificate: browsers would show a prompt to their users.
    for_browsers: tls::Server,
    /// The origin of each, and its end in seconds since 1970.
    ends: Vec<(String, u64)>,
    /// The kinds of their keys, for the log: `EC, RSA`.
    kinds: String,
    /// When they are checked again, at the latest, and the day of the last check: after the clock was set the day is another,
    /// and a certificate may have ended.
    check_at: Tick,
    checked_on: Option<u64>,
}

impl Certificates {
    /// `None` if there are none.
    pub(super) fn new(credentials: &[Credential]) -> Result<Option<Self>, Error> {
        let server = tls::Server::new(certificates(credentials));
        let server = server.map_err(|e| Error::Tls(e.to_string()))?;
        Ok(server.map(|server| Self::with(server, credentials)))
    }

    /// The same, in place of these.
    pub(super) fn renew(&self, credentials: &[Credential]) -> Result<Self, Error> {
        let server = self.server.renew(certificates(credentials));
        let server = server.map_err(|e| Error::Tls(e.to_string()))?;
        Ok(Self::with(server, credentials))
    }

    fn with(server: tls::Server, credentials: &[Credential]) -> Self {
        Self {
            for_browsers: server.without_client_certificates(),
            server,
            ends: ends(credentials),
            kinds: kinds(&certificates(credentials)),
            check_at: Tick(0),
            checked_on: None,
        }
    }

    /// When the first of them ends, in seconds since 1970.
    fn first_end(&self) -> Option<u64> {
        self.ends.iter().map(|(_, end)| *end).min()
    }

    /// When the first of them ends, in seconds since 1970, as a metric.
    pub(super) fn expires_s(&self) -> Option<i64> {
        i64::try_from(self.first_end()?).ok()
    }

    /// The text for the log if a connection was lost because its client cannot use any certificate here: the error, and what
    /// the operator can do.
    pub(super) fn remedy(&self, loss: &Loss) -> Option<String> {
        let Loss::Io(error) = loss else {
            return None;
        };
        Incompatible::of(error).filter(|what| what.is_about_keys())?;
        let kinds = &self.kinds;
        Some(format!(
            "{loss}; the keys of the certificates here are {kinds}: one with another kind of key, \
             beside them in [tls] certificate, may fit it"
        ))
    }

    /// Puts TLS around a connection, of which `first` was read already.
    pub(super) fn wrap(&self, net: &mut Net, id: ConnId, first: &[u8], is_for_browsers: bool) {
        let server = match is_for_browsers {
            true => &self.for_browsers,
            false => &self.server,
        };
        net.wrap(id, |stream| server.over(stream, first));
    }

    /// The time until the next check for expiry.
    pub(super) fn next_check_in(&self, now: Tick) -> Duration {
        now.until(self.check_at)
    }

    /// Warns of certificates that end soon, once a day. Their ends are dates, so this goes by the wall clock.
    pub(super) fn check_expiry(&mut self, tick: Tick, now: Now) {
        let now = u64::try_from(now.wall.unix_ms() / 1000).unwrap_or(0);
        let today = Some(now / WARN_EVERY.as_secs());
        if self.checked_on == today && !self.next_check_in(tick).is_zero() {
            return;
        }
        self.check_at = tick.after(WARN_EVERY);
        self.checked_on = today;
        for (origin, end) in &self.ends {
            let days = end.saturating_sub(now) / (24 * 3_600);
            if *end <= now {
                tracing::warn!("the certificate in {origin} has ended; clients will refuse it");
            } else if end - now < EXPIRES_SOON.as_secs() {
                tracing::warn!("the certificate in {origin} ends in {days} days");
            }
        }
    }
}

fn certificates(credentials: &[Credential]) -> Vec<Certificate> {
    let certificates = credentials.iter().map(|credential| Certificate {
        names: credential.names.clone(),
        key: credential.key.clone(),
    });
    certificates.collect()
}

fn kinds(certificates: &[Certificate]) -> String {
    let mut kinds: Vec<&str> = certificates.iter().map(Certificate::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(", ")
}

fn ends(credentials: &[Credential]) -> Vec<(String, u64)> {
    let ends = credentials.iter().map(|c| (c.origin.clone(), c.not_after));
    ends.collect()
}

/// The policy for IRC clients that connect without TLS, if there is one and a TLS listener.
pub(crate) fn sts(config: &Config, listening: &[ListenUrl]) -> Option<Sts> {
    let duration = config.tls.sts?.as_secs();
    let mut secure = listening.iter().filter(|url| url.scheme == Scheme::Ircs);
    // Not one at a path, which clients of other machines cannot reach.
    let port = secure.find_map(ListenUrl::port);
    if port.is_none() {
        tracing::warn!("[tls] sts is not announced: there is no ircs listener");
    }
    Some(Sts {
        port: port?,
        duration,
    })
}
