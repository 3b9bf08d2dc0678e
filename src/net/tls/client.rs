//! The client's side of TLS: for the load generator and for tests, which call servers.

use super::{ScratchBuffers, Tls};
use crate::net::Stream;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        UnbufferedClientConnection,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, rc::Rc, sync::Arc};

/// How servers are called. Cheap to clone; all clones share their scratch areas.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    scratch: Rc<ScratchBuffers>,
}

impl Client {
    /// Calls as `config` says.
    pub fn new(config: Arc<ClientConfig>) -> Self {
        let scratch = Rc::default();
        Self { config, scratch }
    }

    /// How it calls, for those who do it with another transport.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// TLS over a stream, as its client. What the peer must prove to be called is `server`.
    ///
    /// # Errors
    /// When the configuration does not allow a call at all.
    pub fn over(&self, stream: Stream, server: ServerName<'static>) -> Result<Stream, Error> {
        let engine = UnbufferedClientConnection::new(self.config.clone(), server)?;
        let tls = Tls::new(stream, engine, self.scratch.clone(), &[]);
        Ok(Stream::Other(Box::new(tls)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

/// A client that believes any server to be the right one, and remembers no sessions. For measuring one's own servers,
/// which mostly have certificates of their own making; no secret may be told over such a connection.
pub fn unverified_client() -> Client {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Client::new(Arc::new(config))
}

/// Believes any server to be whoever has the key of the certificate. What it is good for is said at
/// [`unverified_client`].
#[derive(Debug)]
pub struct AcceptAnyCertificate(pub Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.0.signature_verification_algorithms;
        known.supported_schemes()
    }
}
