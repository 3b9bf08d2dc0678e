//! Certificates: which one a client is shown, what it shows of its own, and sessions that are resumed.

use super::{
    super::{Client, Fingerprint, Secured, Server},
    wire::{
        Pair, VERSIONS, Wire, certificate, certificate_with, client, client_config, mint, server,
    },
};
use crate::net::Notice;
use rustls::{client::Resumption, pki_types::ServerName};
use std::sync::Arc;

/// What a client that asks for this name is shown.
fn shown(server: &Server, client: &Client, name: &str) -> Secured {
    let wire = Wire::stepping(100_000);
    let mut pair = Pair::with(&wire, server, client);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    wire.to_server.borrow_mut().bytes.clear();
    pair.client.stream = client.over(wire.client_end(), name).unwrap();
    pair.shake_hands();
    secured(&pair.client.notices)
}

fn secured(notices: &[Notice]) -> Secured {
    match notices {
        [Notice::Secured(secured)] => secured.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_certificate_is_the_one_for_the_name_that_is_asked_for() {
    let [chat, wild, irc] = [
        &["chat.example"][..],
        &["*.wild.example"],
        &["irc.example", "b.example"],
    ]
    .map(certificate);
    let print = |certificate: &super::Certificate| Some(Fingerprint::of(&certificate.key.cert[0]));
    let all = vec![chat.clone(), wild.clone(), irc.clone()];
    let server = Server::new(all).unwrap().unwrap();
    for version in VERSIONS {
        for (name, expected) in [
            ("chat.example", &chat),
            ("CHAT.example", &chat),
            ("a.wild.example", &wild),
            // One label and no more.
            ("wild.example", &chat),
            ("a.b.wild.example", &chat),
            ("b.example", &irc),
            ("elsewhere.example", &chat),
            ("127.0.0.1", &chat),
        ] {
            let secured = shown(&server, &client(version), name);
            assert_eq!(secured.peer, print(expected), "{name}");
        }
    }
}

#[test]
fn every_kind_of_key_can_be_used_by_both_versions() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let certificate = certificate_with(&["chat.example"], algorithm);
        let server = Server::new(vec![certificate]).unwrap().unwrap();
        for version in VERSIONS {
            shown(&server, &client(version), "chat.example");
        }
    }
}

#[test]
fn a_client_is_known_by_a_certificate_whose_key_it_has() {
    let server = server(&["chat.example"]);
    for version in VERSIONS {
        let (chain, key) = mint(&["whoever"], &rcgen::PKCS_ED25519);
        let print = Fingerprint::of(&chain[0]);
        let config = client_config(version).with_client_auth_cert(chain, key);
        let mut config = config.unwrap();
        // A session that is resumed knows the certificate from before.
        config.resumption = Resumption::disabled();
        let client = Client::new(Arc::new(config));
        let wire = Wire::stepping(100_000);
        let mut pair = Pair::with(&wire, &server, &client);
        pair.shake_hands();
        assert_eq!(secured(&pair.server.notices).peer, Some(print));
        // Those who must not be asked are not.
        let quiet = server.without_client_certificates();
        let mut pair = Pair::with(&Wire::stepping(100_000), &quiet, &client);
        pair.shake_hands();
        assert_eq!(secured(&pair.server.notices).peer, None);
    }
}

#[test]
fn sessions_are_resumed_also_after_certificates_were_renewed() {
    for version in VERSIONS {
        let first = server(&["chat.example"]);
        let renewed = first.renew(vec![certificate(&["chat.example"])]).unwrap();
        let client = client(version);
        for (server, resumed) in [(&first, false), (&first, true), (&renewed, true)] {
            let mut pair = Pair::with(&Wire::stepping(100_000), server, &client);
            pair.shake_hands();
            // The ticket comes with the first bytes.
            pair.server.says(b"hello");
            pair.run();
            assert_eq!(
                secured(&pair.server.notices).resumed,
                resumed,
                "{version:?}"
            );
        }
    }
}

#[test]
fn without_certificates_there_is_no_server() {
    assert!(Server::new(Vec::new()).unwrap().is_none());
}
