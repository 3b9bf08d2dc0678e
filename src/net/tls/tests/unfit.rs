//! Clients that can use no certificate of ours: the alert they get, the text for the log, and that others are served.

use super::{
    super::{Certificate, Client, Incompatible, Server},
    wire::{Pair, VERSIONS, Wire, certificate_with},
};
use crate::net::tls::AcceptAnyCertificate;
use rustls::{
    AlertDescription, ClientConfig, Error, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use std::sync::Arc;

/// rcgen over ring makes no RSA keys. This one was made for this test by `openssl genpkey` and is used nowhere else.
const RSA_KEY: &str = include_str!("rsa-2048.pem");

fn rsa_certificate() -> Certificate {
    let key = rcgen::KeyPair::from_pem(RSA_KEY).unwrap();
    let params = rcgen::CertificateParams::new(vec!["chat.example".to_owned()]).unwrap();
    let chain = vec![params.self_signed(&key).unwrap().der().clone()];
    let key = PrivatePkcs8KeyDer::from_pem_slice(RSA_KEY.as_bytes()).unwrap();
    let key = PrivateKeyDer::Pkcs8(key);
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).unwrap();
    Certificate {
        names: vec!["chat.example".into()],
        key: Arc::new(key),
    }
}

/// A certificate for each kind of key.
fn each_kind() -> [(&'static str, Certificate); 4] {
    let made = |algorithm| certificate_with(&["chat.example"], algorithm);
    [
        ("RSA", rsa_certificate()),
        ("EC", made(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("EC", made(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("Ed25519", made(&rcgen::PKCS_ED25519)),
    ]
}

fn server(certificates: &[Certificate]) -> Server {
    Server::new(certificates.to_vec()).unwrap().unwrap()
}

/// A client that can check these signatures alone, or offers these suites alone.
fn client_with(
    version: &'static SupportedProtocolVersion,
    knows: impl Fn(SignatureScheme) -> bool,
    offers: impl Fn(&str) -> bool,
) -> Client {
    let mut provider: CryptoProvider = ring::default_provider();
    let known = &mut provider.signature_verification_algorithms;
    let mapping = known.mapping.iter().filter(|(scheme, _)| knows(*scheme));
    known.mapping = Box::leak(mapping.copied().collect());
    let suites = &mut provider.cipher_suites;
    // rustls would offer those of other versions too.
    suites.retain(|suite| suite.version().version == version.version);
    suites.retain(|suite| offers(&format!("{:?}", suite.suite())));
    let provider = Arc::new(provider);
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)));
    Client::new(Arc::new(config.with_no_client_auth()))
}

/// How a handshake with this server ends: the client got the right alert, or all is well.
#[track_caller]
fn outcome(server: &Server, client: &Client) -> Result<Vec<u8>, Incompatible> {
    let mut pair = Pair::with(&Wire::stepping(100_000), server, client);
    pair.run();
    let Some(error) = pair.server.error else {
        pair.shake_hands();
        let secured = pair.client.notices.pop();
        return match secured {
            Some(super::Notice::Secured(secured)) => Ok(secured.peer.unwrap().0.to_vec()),
            other => panic!("{other:?}"),
        };
    };
    let heard = pair.client.error.expect("an alert came");
    let told: Option<&Error> = heard.get_ref().and_then(|e| e.downcast_ref());
    let told = told.unwrap_or_else(|| panic!("{heard:?} {error}"));
    assert_eq!(
        *told,
        Error::AlertReceived(AlertDescription::HandshakeFailure)
    );
    Err(Incompatible::of(&error).unwrap_or_else(|| panic!("{error}")))
}

fn print(certificate: &Certificate) -> Vec<u8> {
    super::Fingerprint::of(&certificate.key.cert[0]).0.to_vec()
}

fn can_sign(certificate: &Certificate, scheme: SignatureScheme) -> bool {
    certificate.key.key.choose_scheme(&[scheme]).is_some()
}

#[test]
fn no_common_signature_is_answered_by_handshake_failure() {
    for version in VERSIONS {
        for (kind, certificate) in each_kind() {
            let server = server(std::slice::from_ref(&certificate));
            let knows_others = |scheme| !can_sign(&certificate, scheme);
            let unfit = client_with(version, knows_others, |_| true);
            let eof = outcome(&server, &unfit);
            let expected = match version.version {
                ProtocolVersion::TLSv1_3 => Incompatible::Signatures,
                _ => Incompatible::CipherSuites,
            };
            assert_eq!(eof, Err(expected), "{kind} {version:?}");
            // And a client that knows them alone is served.
            let fit = client_with(version, |scheme| can_sign(&certificate, scheme), |_| true);
            assert_eq!(outcome(&server, &fit), Ok(print(&certificate)), "{kind}");
            assert_eq!(certificate.kind(), kind);
        }
    }
}

#[test]
fn suites_for_other_keys_are_answered_by_handshake_failure() {
    let version = VERSIONS
        .iter()
        .find(|v| v.version == ProtocolVersion::TLSv1_2);
    let version = version.unwrap();
    for (kind, certificate) in each_kind() {
        let server = server(std::slice::from_ref(&certificate));
        let (right, wrong) = match kind {
            "RSA" => ("_RSA_", "_ECDSA_"),
            _ => ("_ECDSA_", "_RSA_"),
        };
        let unfit = client_with(version, |_| true, |suite| suite.contains(wrong));
        let eof = outcome(&server, &unfit);
        assert_eq!(eof, Err(Incompatible::CipherSuites), "{kind}");
        let fit = client_with(version, |_| true, |suite| suite.contains(right));
        assert_eq!(outcome(&server, &fit), Ok(print(&certificate)), "{kind}");
    }
}

#[test]
fn a_client_is_shown_a_certificate_that_it_can_check() {
    use SignatureScheme::{ECDSA_NISTP256_SHA256, RSA_PKCS1_SHA256, RSA_PSS_SHA256};
    let [(_, rsa), (_, ec), ..] = each_kind();
    let server = server(&[rsa.clone(), ec.clone()]);
    for version in VERSIONS {
        let shown = |knows: &[SignatureScheme]| {
            outcome(
                &server,
                &client_with(version, |scheme| knows.contains(&scheme), |_| true),
            )
        };
        assert_eq!(shown(&[ECDSA_NISTP256_SHA256]), Ok(print(&ec)));
        assert_eq!(shown(&[RSA_PSS_SHA256]), Ok(print(&rsa)));
        // In TLS 1.3 this is for certificates alone; the handshake cannot be signed by it.
        let expected = match version.version {
            ProtocolVersion::TLSv1_3 => &ec,
            _ => &rsa,
        };
        let knows = [RSA_PKCS1_SHA256, ECDSA_NISTP256_SHA256];
        assert_eq!(shown(&knows), Ok(print(expected)), "{version:?}");
    }
}
