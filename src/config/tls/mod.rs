//! `[tls]`: certificates and keys, read from their files and checked before they are used.
//!
//! Invariants: the key of a [`Credential`] belongs to its certificate and is of a kind that can be used. Whether the
//! certificate has expired is not checked, because a server with an expired certificate is better than none. Owns the
//! messages about such files. Does not know how TLS works.

mod schema;
mod self_signed;

pub(super) use schema::TLS;
pub use self_signed::SelfSigned;

use super::{error::Invalid, regular_file::read_bounded};
use rustls::{
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    sign::CertifiedKey,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use x509_cert::{
    Certificate,
    der::{Decode as _, SliceReader},
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// Longest file in bytes. A chain takes some 5 KiB.
const PEM_BYTES_MAX: usize = 1 << 20;

/// `[tls]`: how the server proves its identity to clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Files with a certificate and its chain each.
    pub certificate: Vec<PathBuf>,
    /// The files with their keys, in the same order; empty if the keys are in the same files.
    pub key: Vec<PathBuf>,
    /// Whether the server makes its own certificate, instead of reading those.
    pub self_signed: bool,
    /// For how long IRC clients that connected without TLS must use TLS from then on (IRCv3 sts).
    pub sts: Option<Duration>,
    /// The certificates that were read or made; empty: there is no TLS.
    pub credentials: Vec<Credential>,
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(&self) -> Result<Vec<Credential>, Invalid> {
        if !self.key.is_empty() && self.key.len() != self.certificate.len() {
            let (certificates, keys) = (self.certificate.len(), self.key.len());
            return Err(Invalid::new(format!(
                "{keys} key files for {certificates} certificate files; each certificate has its own key"
            )));
        }
        let keys = self.key.iter().map(Some).chain(std::iter::repeat(None));
        let pairs = self.certificate.iter().zip(keys);
        let load = |(certificate, key): (&PathBuf, Option<&PathBuf>)| {
            Credential::load(certificate, key.unwrap_or(certificate))
        };
        pairs.map(load).collect()
    }
}

/// A certificate with its chain and its key.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Where it came from, for messages: a path, or that it is self-signed.
    pub origin: String,
    /// The host names of the certificate, in lower case.
    pub names: Vec<String>,
    /// When it expires, in seconds since 1970.
    pub not_after: u64,
    /// Chain and key.
    pub key: Arc<CertifiedKey>,
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

impl Eq for Credential {}

impl Credential {
    /// The certificate itself, in DER.
    pub fn certificate(&self) -> &[u8] {
        self.key.cert.first().map_or(&[], |first| first)
    }

    /// Reads two files, which may be the same.
    fn load(certificate: &Path, key: &Path) -> Result<Self, Invalid> {
        let at = |path: &Path, e: Invalid| Invalid::new(format!("{} {e}", path.display()));
        let chain = read(certificate).and_then(|text| read_chain(&text));
        let chain = chain.map_err(|e| at(certificate, e))?;
        let secret = read(key).and_then(|text| read_key(&text, key));
        let secret = secret.map_err(|e| at(key, e))?;
        let origin = certificate.display().to_string();
        Self::new(origin, chain, secret).map_err(|wrong| match wrong {
            Wrong::Certificate(e) => at(certificate, e),
            Wrong::Key(e) => at(key, e),
        })
    }

    fn new(
        origin: String,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Wrong> {
        let first = chain.first().map_or(&[][..], |first| first);
        let Ok(certificate) = read_certificate(first) else {
            let message = "holds a certificate that cannot be understood";
            return Err(Wrong::Certificate(Invalid::new(message)));
        };
        let certificate = certificate.tbs_certificate();
        let not_after = certificate
            .validity()
            .not_after
            .to_unix_duration()
            .as_secs();
        let names = match certificate.get_extension::<SubjectAltName>() {
            Ok(Some((_, SubjectAltName(names)))) => names.iter().filter_map(host_name).collect(),
            _ => Vec::new(),
        };
        let provider = ring::default_provider();
        let key = CertifiedKey::from_der(chain, key, &provider).map_err(|e| match e {
            rustls::Error::InconsistentKeys(_) => {
                Wrong::Key(Invalid::new("holds a key that does not belong to the certificate"))
            }
            rustls::Error::InvalidCertificate(_) => Wrong::Certificate(Invalid::new(
                "holds a certificate of a kind that cannot be used",
            )),
            _ => Wrong::Key(Invalid::new(
                "holds a key of a kind that cannot be used; EC (P-256, P-384), RSA (2048 to 8192 bits) and Ed25519 can",
            )),
        })?;
        Ok(Self {
            origin,
            names,
            not_after,
            key: Arc::new(key),
        })
    }
}

/// Which of the two files the error is about.
enum Wrong {
    Certificate(Invalid),
    Key(Invalid),
}

impl Wrong {
    fn into_invalid(self) -> Invalid {
        match self {
            Self::Certificate(e) | Self::Key(e) => e,
        }
    }
}

fn read_certificate(der: &[u8]) -> Result<Certificate, x509_cert::der::Error> {
    Certificate::decode(&mut SliceReader::new(der)?)
}

fn host_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Invalid> {
    read_bounded(path, PEM_BYTES_MAX)
}

/// All certificates of a PEM file, in their order.
fn read_chain(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(Invalid::new(
            "holds no certificate; in PEM one stands between BEGIN CERTIFICATE and END CERTIFICATE",
        )),
        Err(e) => Err(no_pem(&e)),
    }
}

/// The first private key of a PEM file.
fn read_key(text: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, Invalid> {
    let has = |words: &[u8]| memchr::memmem::find(text, words).is_some();
    if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Err(Invalid::new(format!(
            "holds a key that is encrypted; take the encryption off: openssl pkey -in {} -out KEY.pem",
            path.display()
        )));
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|e| match e {
        pem::Error::NoItemsFound => Invalid::new(
            "holds no private key; in PEM one stands between BEGIN PRIVATE KEY and END PRIVATE KEY",
        ),
        e => no_pem(&e),
    })
}

fn no_pem(error: &pem::Error) -> Invalid {
    let wrong = match error {
        pem::Error::MissingSectionEnd { .. } => "a section in it has no END",
        pem::Error::IllegalSectionStart { .. } => "a section in it has a broken BEGIN",
        pem::Error::Base64Decode(_) => "a section in it is not base64",
        _ => "it cannot be understood",
    };
    Invalid::new(format!("is no right PEM file: {wrong}"))
}

#[cfg(test)]
mod tests;
