//! SASL EXTERNAL: a certificate is added to an account, logs in to it, and is removed.

use super::{ACCOUNTS, DataDir, PASSWORD, with_accounts};
use crate::common::PATIENCE;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use madang::net::tls::AcceptAnyCertificate;
use rustls::{
    ClientConfig, ClientConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use sha2::{Digest, Sha256};
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

/// A certificate with its key.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("randomness");
        let params = rcgen::CertificateParams::new(vec!["client".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a key");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Self {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::Pkcs8(key),
        }
    }

    fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A client over TLS.
struct Secure(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Secure {
    #[track_caller]
    fn connect(address: SocketAddr, identity: Option<&Identity>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)));
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => config
                .with_client_auth_cert(vec![identity.certificate.clone()], identity.key.clone_key())
                .expect("a right key"),
        };
        let socket = TcpStream::connect(address).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
        let name = ServerName::try_from("chat.example").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("a right configuration");
        Self(BufReader::new(StreamOwned::new(tls, socket)))
    }

    #[track_caller]
    fn send(&mut self, line: &str) {
        let stream = self.0.get_mut();
        let written = stream.write_all(format!("{line}\r\n").as_bytes());
        written.expect("it reads");
    }

    #[track_caller]
    fn find(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.0.read_line(&mut line).expect("a line");
            assert!(count > 0, "the end, and not {words:?}");
            if line.contains(words) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Begins EXTERNAL and sends this message; the answer.
    #[track_caller]
    fn external(&mut self, message: &str) -> String {
        self.send("AUTHENTICATE EXTERNAL");
        self.find("AUTHENTICATE +");
        self.send(&format!("AUTHENTICATE {message}"));
        self.find(" :SASL authentication ")
    }

    /// Logs in by password, and becomes a user.
    #[track_caller]
    fn log_in_as(&mut self, name: &str) {
        self.send("AUTHENTICATE PLAIN");
        self.find("AUTHENTICATE +");
        let message = BASE64_STANDARD.encode(format!("\0{name}\0{PASSWORD}"));
        self.send(&format!("AUTHENTICATE {message}"));
        self.find(" 903 ");
        self.send(&format!("NICK {name}"));
        self.send(&format!("USER {name} 0 * :{name}"));
        self.find(" 001 ");
    }
}

#[test]
fn a_certificate_logs_in_once_it_was_added_and_until_it_is_removed() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let address = server.address_of(2);
    let (own, others) = (Identity::new(), Identity::new());
    let mut plain = Secure::connect(address, None);
    plain.send("CAP LS 302");
    let listed = plain.find(" sasl=");
    assert!(listed.contains(" sasl=SCRAM-SHA-256,PLAIN ") || listed.ends_with("PLAIN"));
    plain.send("CAP END");
    plain.log_in_as("bob");
    plain.send("NS CERT ADD");
    plain.find("your connection has no certificate");

    let mut alice = Secure::connect(address, Some(&own));
    alice.send("CAP LS 302");
    alice.find(" sasl=SCRAM-SHA-256,PLAIN,EXTERNAL");
    alice.send("CAP END");
    assert!(alice.external("+").contains(" 904 "), "not added yet");
    alice.log_in_as("alice");
    alice.send("NS CERT ADD");
    alice.find("the certificates of your account are stored");
    alice.send("NS CERT ADD");
    alice.find("that certificate belongs to an account already");
    alice.send("NS CERT LIST");
    alice.find(&own.fingerprint());
    alice.send("QUIT");
    alice.find("ERROR ");
    server.stop();

    let server = data.start(ACCOUNTS);
    let address = server.address_of(2);
    let named = |name: &str| BASE64_STANDARD.encode(name);
    let mut alice = Secure::connect(address, Some(&own));
    assert!(alice.external(&named("bob")).contains(" 904 "));
    assert!(alice.external(&named("ALICE")).contains(" 903 "));
    let mut alice = Secure::connect(address, Some(&own));
    assert!(alice.external("+").contains(" 903 "), "after a restart");
    alice.send("NICK alice");
    alice.send("USER alice 0 * :alice");
    alice.find(" 001 alice ");
    let mut stranger = Secure::connect(address, Some(&others));
    assert!(stranger.external("+").contains(" 904 "));

    let fingerprint = own.fingerprint().to_uppercase();
    alice.send(&format!("NS CERT DEL {}", others.fingerprint()));
    alice.find("the account has no such certificate");
    alice.send(&format!("NS CERT DEL {fingerprint}"));
    alice.find("the certificates of your account are stored");
    let mut late = Secure::connect(address, Some(&own));
    assert!(late.external("+").contains(" 904 "));
}
