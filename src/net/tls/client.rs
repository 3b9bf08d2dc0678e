//! The client's side of TLS: for the load generator and for tests, which connect to servers.

use super::{scratch::ScratchBuffers, stream::Tls, verify::AcceptAnyCertificate};
use crate::net::source::stream::Stream;
use rustls::{
    ClientConfig, Error, client::UnbufferedClientConnection, crypto::ring, pki_types::ServerName,
};
use std::{fmt, rc::Rc, sync::Arc};

/// How to connect to servers. Cheap to clone; all clones share their scratch areas.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    scratch: Rc<ScratchBuffers>,
}

impl Client {
    /// Connects as `config` has it.
    pub fn new(config: Arc<ClientConfig>) -> Self {
        let scratch = Rc::default();
        Self { config, scratch }
    }

    /// Its configuration, for use with another transport.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// TLS over a stream, as its client. The peer must prove that it is `server`.
    ///
    /// # Errors
    /// When the configuration does not allow any connection.
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

/// A client that [accepts any certificate](AcceptAnyCertificate), and resumes no sessions. For measuring one's own servers,
/// which mostly have certificates of their own making; no secret may be sent over such a connection.
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
