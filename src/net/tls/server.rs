//! The server's side of TLS: certificates, and which of them a client is shown.
//!
//! A client's own certificate is asked for and never required. Its chain is not looked at: what counts is that the client has
//! its key, so that the fingerprint names the client. Sessions are resumed by tickets that the clients keep; nothing is
//! remembered here. Does not know where certificates come from, nor when they end.

use super::{scratch::ScratchBuffers, stream::Tls, verify::AcceptAnyCertificate};
use crate::net::source::stream::Stream;
use rustls::{
    Error, ServerConfig, SignatureAlgorithm, SignatureScheme,
    crypto::ring,
    server::{
        ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert,
        UnbufferedServerConnection,
    },
    sign::{CertifiedKey, Signer, SigningKey},
};
use std::{fmt, rc::Rc, sync::Arc};

/// A certificate with its key, and the names that it is for.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Host names in lower case; `*.` at the start matches any one label.
    pub names: Vec<String>,
    /// Chain and key.
    pub key: Arc<CertifiedKey>,
}

impl Certificate {
    /// The kind of its key, for the log.
    pub fn kind(&self) -> &'static str {
        match self.key.key.algorithm() {
            SignatureAlgorithm::RSA => "RSA",
            SignatureAlgorithm::ECDSA => "EC",
            SignatureAlgorithm::ED25519 => "Ed25519",
            _ => "another kind",
        }
    }

    fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => name == host,
        })
    }
}

/// The server's side, for any number of connections. Cheap to clone; all clones share their scratch areas.
#[derive(Clone)]
pub struct Server {
    config: Arc<ServerConfig>,
    scratch: Rc<ScratchBuffers>,
}

impl Server {
    /// TLS 1.2 and 1.3 with these certificates. A client is shown the first that is for the name it asks for and that
    /// it can check, else the first that it can check. `None` for no certificates.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(certificates: Vec<Certificate>) -> Result<Option<Self>, Error> {
        if certificates.is_empty() {
            return Ok(None);
        }
        let tickets = ring::Ticketer::new()?;
        Self::build(certificates, tickets, Rc::default()).map(Some)
    }

    /// The same with other certificates; earlier sessions can still be resumed. Present connections keep what
    /// they have.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn renew(&self, certificates: Vec<Certificate>) -> Result<Self, Error> {
        Self::build(
            certificates,
            self.config.ticketer.clone(),
            self.scratch.clone(),
        )
    }

    fn build(
        certificates: Vec<Certificate>,
        tickets: Arc<dyn ProducesTickets>,
        scratch: Rc<ScratchBuffers>,
    ) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let clients = Arc::new(AcceptAnyCertificate(provider.clone()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::new(Choice(certificates)));
        keep_no_sessions(&mut config, tickets);
        let config = Arc::new(config);
        Ok(Self { config, scratch })
    }

    /// The same without asking clients for a certificate: browsers would bother their users with it.
    #[must_use]
    pub fn without_client_certificates(&self) -> Self {
        let asks = &self.config;
        let mut config = ServerConfig::builder_with_provider(asks.crypto_provider().clone())
            .with_safe_default_protocol_versions()
            .expect("the provider speaks them")
            .with_no_client_auth()
            .with_cert_resolver(asks.cert_resolver.clone());
        keep_no_sessions(&mut config, asks.ticketer.clone());
        Self {
            config: Arc::new(config),
            scratch: self.scratch.clone(),
        }
    }

    /// TLS over a stream, as its server. `first` is what was read from it already.
    pub fn over(&self, stream: Stream, first: &[u8]) -> Stream {
        let engine = UnbufferedServerConnection::new(self.config.clone())
            .expect("it fails for a wrong fragment size alone, and we set none");
        let tls = Tls::new(stream, engine, self.scratch.clone(), first);
        Stream::Other(Box::new(tls))
    }
}

/// Sessions are kept by the clients, as tickets, never here.
fn keep_no_sessions(config: &mut ServerConfig, tickets: Arc<dyn ProducesTickets>) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = tickets;
    // One is enough to resume once; each takes 250 bytes on the wire.
    config.send_tls13_tickets = 1;
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(..)")
    }
}

/// Which certificate a client is shown.
#[derive(Debug)]
struct Choice(Vec<Certificate>);

impl Choice {
    /// The first that is for this name and that a client with these schemes can check, else the first that it can check.
    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Certificate> {
        let can_check = |certificate: &&Certificate| {
            let key = &certificate.key.key;
            key.choose_scheme(schemes).is_some()
        };
        let is_for = |certificate: &&Certificate| name.is_some_and(|name| certificate.is_for(name));
        let named = self.0.iter().filter(is_for).find(can_check);
        named.or_else(|| self.0.iter().find(can_check))
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let name = name.as_deref();
        let mut schemes = hello.signature_schemes().to_vec();
        let chosen = self.find(name, &schemes);
        let chosen = match speaks_tls13(&hello) {
            true => {
                schemes.retain(|scheme| !is_pkcs1(*scheme));
                self.find(name, &schemes).or(chosen)
            }
            false => chosen,
        };
        match (chosen, self.0.first()) {
            (Some(certificate), _) => Some(certificate.key.clone()),
            (None, Some(first)) => Some(unfit(&first.key)),
            (None, None) => None,
        }
    }
}

/// The certificate for a client that can check none of ours: one with a key that never signs.
///
/// For no certificate at all rustls would send the alert access_denied, at which scanners of TLS give up. With this one
/// it finds out by itself that the two sides have nothing in common, and sends handshake_failure (RFC 8446 section
/// 4.2.3, RFC 5246 section 7.4.1.3): in TLS 1.2 because no cipher suite is for such a key, in TLS 1.3 because there is
/// no signature. The key itself would not do: rustls sends no alert at all if the two sides share a kind of signature
/// in TLS 1.2, but not the curve.
fn unfit(key: &CertifiedKey) -> Arc<CertifiedKey> {
    Arc::new(CertifiedKey::new(key.cert.clone(), Arc::new(NeverSigns)))
}

#[derive(Debug)]
struct NeverSigns;

impl SigningKey for NeverSigns {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        None
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Anonymous
    }
}

/// Whether the client offers a cipher suite of TLS 1.3 (RFC 8446 appendix B.4); then that version is used.
fn speaks_tls13(hello: &ClientHello<'_>) -> bool {
    let mut suites = hello.cipher_suites().iter();
    suites.any(|suite| u16::from(*suite) >> 8 == 0x13)
}

/// Whether a scheme is for the signatures in certificates alone once TLS 1.3 is used (RFC 8446 section 4.2.3).
fn is_pkcs1(scheme: SignatureScheme) -> bool {
    use SignatureScheme::{RSA_PKCS1_SHA1, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
    matches!(
        scheme,
        RSA_PKCS1_SHA1 | RSA_PKCS1_SHA256 | RSA_PKCS1_SHA384 | RSA_PKCS1_SHA512
    )
}
