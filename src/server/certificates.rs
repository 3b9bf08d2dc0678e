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

/// An end of a certificate is warned of when it is nearer than this.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// And that often.
const WARN_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Certificates in use.
#[derive(Debug)]
pub(super) struct Certificates {
    server: tls::Server,
    /// The same without asking for a certificate: browsers would ask the people before them.
    for_browsers: tls::Server,
    /// Where each came from, and when it ends.
    ends: Vec<(String, u64)>,
    /// The kinds of their keys, for the log: `EC, RSA`.
    kinds: String,
    /// When they are looked at again, at the latest, and the day of the last look: after the clock was set it is another,
    /// and what was far away may have ended.
    look_again: Tick,
    looked_on: Option<u64>,
}

impl Certificates {
    /// `None` for no certificates.
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
            look_again: Tick(0),
            looked_on: None,
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

    /// What the log says of a lost connection beside the error itself: what the host can do about clients that cannot use
    /// any certificate here.
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

    /// How long nobody need look at them.
    pub(super) fn rest(&self, now: Tick) -> Duration {
        now.until(self.look_again)
    }

    /// Warns of those that end soon, once a day. Their ends are dates, so this goes by the wall clock.
    pub(super) fn look(&mut self, tick: Tick, now: Now) {
        let now = u64::try_from(now.wall.unix_ms() / 1000).unwrap_or(0);
        let today = Some(now / WARN_EVERY.as_secs());
        if self.looked_on == today && !self.rest(tick).is_zero() {
            return;
        }
        self.look_again = tick.after(WARN_EVERY);
        self.looked_on = today;
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

/// The policy for IRC clients that come in the clear, if there is one and a place to send them to.
pub(super) fn sts(config: &Config, listening: &[ListenUrl]) -> Option<Sts> {
    let duration = config.tls.sts?.as_secs();
    let listener = listening.iter().find(|url| url.scheme == Scheme::Ircs);
    if listener.is_none() {
        tracing::warn!("[tls] sts is not announced: there is no ircs listener");
    }
    let port = listener?.port;
    Some(Sts { port, duration })
}
