//! TLS from the server's side: who begins it and where, with which certificates, and what is said to those who are wrong.
//!
//! A caller's first byte tells. Where TLS alone is spoken, whoever says anything else is told so in the clear; where it is not
//! spoken, a caller who begins it is sent an alert. No TLS state exists before that byte, so that a caller who only
//! connects costs nothing. Does not know records and handshakes (`net::tls`), nor files (`config`).

use super::{
    Error, Server,
    connections::Connections,
    connections::close_reason::CloseReason,
    connections::session::{Protocol, Security},
};
use crate::{
    chat::Now,
    config::{Config, Credential, ListenUrl, Scheme},
    net::{
        ConnId, Loss, Net, Notice, Tick,
        tls::{self, ALERT_NO_TLS, Certificate, Fingerprint, HANDSHAKE, Incompatible},
    },
    protocol::{
        irc::{self, Sts},
        web::http::Status,
    },
};
use std::time::Duration;

/// Second byte of a TLS connection, the major version in all versions (RFC 8446 section 5.1).
const TLS_MAJOR: u8 = 3;

/// An end of a certificate is warned of when it is nearer than this.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// And that often.
const WARN_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Certificates in use.
#[derive(Debug)]
pub(super) struct TlsContext {
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

impl TlsContext {
    /// `None` for no certificates.
    pub(super) fn new(credentials: &[Credential]) -> Result<Option<Self>, Error> {
        let server = tls::Server::new(certificates(credentials));
        let server = server.map_err(|e| Error::Tls(e.to_string()))?;
        Ok(server.map(|server| Self::with(server, credentials)))
    }

    /// The same, in place of these.
    fn renew(&self, credentials: &[Credential]) -> Result<Self, Error> {
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

impl Server {
    /// Tells what a self-signed certificate is known by, and keeps it for the next start if there is a place for it.
    pub(super) fn keep_certificate(&self) -> Result<(), Error> {
        if !self.config.tls.self_signed {
            return Ok(());
        }
        for credential in &self.config.tls.credentials {
            let sha256 = Fingerprint::of(credential.certificate());
            tracing::info!(%sha256, "the certificate is self-signed; this is its fingerprint");
        }
        let unusable = self
            .sources
            .as_ref()
            .and_then(|sources| sources.self_signed.unusable());
        if let Some(why) = unusable {
            tracing::warn!(
                "the certificate of our own making was made anew, for {why}; clients will ask again"
            );
        }
        let kept = self
            .sources
            .as_ref()
            .map(|sources| sources.self_signed.keep());
        match kept {
            Some(Ok(Some(path))) => {
                tracing::info!(path = %path.display(), "kept for the next start")
            }
            Some(Err(e)) => return Err(Error::Tls(e.to_string())),
            _ => {}
        }
        Ok(())
    }

    /// Takes over certificates that were read again. Who is here keeps what they have.
    pub(super) fn renew_certificates(&mut self, config: &Config) {
        let credentials = &config.tls.credentials;
        let renewed = match &self.connections.secrets {
            Some(_) if credentials.is_empty() => {
                return tracing::warn!("[tls] names no certificate any more; that takes a restart");
            }
            Some(secrets) => secrets.renew(credentials).map(Some),
            None => TlsContext::new(credentials),
        };
        match renewed {
            Ok(secrets) => self.connections.secrets = secrets,
            Err(error) => tracing::error!("{error}; certificates stay as they were"),
        }
    }
}

impl Connections {
    /// When the first of the certificates in use ends, in seconds since 1970; `None` without TLS.
    pub(super) fn certificate_expires(&self) -> Option<i64> {
        let end = self.secrets.as_ref()?.first_end()?;
        i64::try_from(end).ok()
    }

    /// Once a day.
    pub(super) fn look_after_certificates(&mut self, net: &Net) {
        if let Some(secrets) = &mut self.secrets {
            secrets.look(net.now(), self.wall_clock.at(net.now()));
        }
    }

    /// Notes that a connection was lost, with a remedy if there is one.
    pub(super) fn note_loss(&mut self, net: &Net, id: ConnId, reason: CloseReason, loss: &Loss) {
        match self.remedy(loss) {
            Some(detail) => self.note_end(net, id, reason, Some(&detail)),
            None => self.note_end(net, id, reason, Some(loss)),
        }
    }

    /// What the log says of a lost connection beside the error itself: what the host can do about callers that cannot use
    /// any certificate here.
    fn remedy(&self, loss: &Loss) -> Option<String> {
        let Loss::Io(error) = loss else {
            return None;
        };
        Incompatible::of(error).filter(|what| what.is_about_keys())?;
        let kinds = &self.secrets.as_ref()?.kinds;
        Some(format!(
            "{loss}; the keys of the certificates here are {kinds}: one with another kind of key, \
             beside them in [tls] certificate, may fit it"
        ))
    }

    /// Puts TLS around a connection, of which `first` was read already.
    pub(super) fn wrap(&self, net: &mut Net, id: ConnId, first: &[u8], is_web: bool) {
        if let Some(secrets) = &self.secrets {
            let server = match is_web {
                true => &secrets.for_browsers,
                false => &secrets.server,
            };
            net.wrap(id, |stream| server.over(stream, first));
        }
    }

    /// Whether this input is about TLS and not for any protocol: then it is dealt with, and all of it is taken.
    pub(super) fn meets_tls(&mut self, net: &mut Net, id: ConnId, input: &[u8]) -> bool {
        let Some(session) = self.sessions.get_mut(id) else {
            return false;
        };
        if session.user.is_some() {
            return false;
        }
        let begins = input.first() == Some(&HANDSHAKE);
        let undecided = match session.protocol {
            Protocol::Undecided { greeted, .. } => Some(greeted),
            Protocol::Irc(_) | Protocol::Telnet(_) | Protocol::Http(_) => None,
            Protocol::Echo | Protocol::Web(_) | Protocol::TurnedAway => return false,
        };
        match (session.security, undecided) {
            (Security::Awaited, _) if begins => self.begin_handshake(net, id, input),
            (Security::Awaited, _) => self.refuse_plain(net, id),
            (Security::Plain, Some(false)) if begins && self.secrets.is_some() => {
                self.begin_handshake(net, id, input);
            }
            (Security::Plain, Some(_)) if begins => {
                self.turn_out(net, id, CloseReason::TlsOnPlain, &ALERT_NO_TLS);
            }
            // A person might type the first byte; nobody types both.
            (Security::Plain, None) if begins && input.get(1) == Some(&TLS_MAJOR) => {
                self.turn_out(net, id, CloseReason::TlsOnPlain, &ALERT_NO_TLS);
            }
            (Security::Secure, Some(_)) if begins => {
                self.turn_out(net, id, CloseReason::TlsInTls, &[]);
            }
            _ => return false,
        }
        true
    }

    fn begin_handshake(&mut self, net: &mut Net, id: ConnId, input: &[u8]) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.security = Security::Handshake;
            let is_web = matches!(session.protocol, Protocol::Http(_));
            self.wrap(net, id, input, is_web);
            self.charge_handshake(net, id);
            self.set_deadline(net, id);
        }
    }

    /// Plain text where TLS is spoken.
    fn refuse_plain(&mut self, net: &mut Net, id: ConnId) {
        let why = CloseReason::PlainOnTls;
        let protocol = self.sessions.get_mut(id).map(|session| &session.protocol);
        if matches!(protocol, Some(Protocol::Http(_))) {
            return self.turn_down(net, id, Status::BadRequest, why);
        }
        let mut word = Vec::new();
        irc::error(why.quit_message(), &mut word);
        self.turn_out(net, id, why, &word);
    }

    /// Says a last word, as it is, and ends a connection on which nobody is.
    fn turn_out(&mut self, net: &mut Net, id: ConnId, why: CloseReason, word: &[u8]) {
        self.note_end(net, id, why, None);
        if !word.is_empty() {
            net.send(id, word);
        }
        self.record_end(net, id, why);
        net.close(id);
    }

    /// What the transport has to say.
    pub(super) fn heed_notice(&mut self, net: &mut Net, id: ConnId, notice: &Notice) {
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let peer = session.peer;
        match notice {
            Notice::Truncated => {
                tracing::debug!(%peer, "the peer ended its stream without TLS's close_notify");
            }
            Notice::Secured(secured) => {
                tracing::debug!(%peer, version = secured.version, resumed = secured.resumed, "secured");
                session.security = Security::Secure;
                if let Some(peer) = secured.peer {
                    self.certificates.insert(id, peer);
                }
                if session.user.is_none() {
                    // What a caller on `any` speaks is waited for from here on.
                    session.last_activity = now;
                }
                self.set_deadline(net, id);
            }
        }
    }
}
