//! A certificate that the server makes itself, so that TLS can be tried with one flag.
//!
//! The certificate is made once in the life of a process, or read from the data directory, where it is kept for the
//! next process. No authority has signed it: clients show its fingerprint and ask the user. One file holds the
//! certificate and its key, so that there is never one without the other. A kept certificate that cannot be used any
//! more is replaced: it is our own, and a server that does not start is worse than clients that ask again. Files that
//! the configuration names are never touched.

use super::{Credential, PEM_BYTES_MAX, Wrong, read_chain, read_key};
use crate::config::{
    error::Invalid,
    host::ServerName,
    regular_file::{cannot_read, read_bounded},
    whole_file,
};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    cell::OnceCell,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How long it is valid: long enough for a trial that was forgotten.
const VALID: Duration = Duration::from_secs(365 * 24 * 3_600);

/// With less time left than this, a start of the server makes a new one.
const LEFT_MIN: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The name of the file in the data directory: the certificate, then its key.
const FILE: &str = "tls-self-signed.pem";

/// The certificate that this process has made or found, once there is one.
#[derive(Clone, Debug, Default)]
pub struct SelfSigned(OnceCell<Made>);

#[derive(Clone, Debug)]
struct Made {
    credential: Credential,
    /// The text to write to a file, and its path; `None` if the certificate was found there or there is no data
    /// directory.
    keep: Option<Keep>,
    /// Why the certificate that was found could not be used.
    unusable: Option<String>,
}

#[derive(Clone)]
struct Keep {
    path: PathBuf,
    text: String,
}

impl std::fmt::Debug for Keep {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path.fmt(f)
    }
}

impl SelfSigned {
    /// The certificate: the one in `data`, or a new one. Always the same for one process. Writes nothing.
    pub(in crate::config) fn credential(
        &self,
        name: &ServerName,
        data: Option<&Path>,
    ) -> Result<Credential, Invalid> {
        if let Some(made) = self.0.get() {
            return Ok(made.credential.clone());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let path = data.map(|folder| folder.join(FILE));
        let found = path.as_deref().map(|path| find(path, now)).transpose()?;
        let made = match found.unwrap_or(Found::Nothing) {
            Found::Usable(credential) => Made {
                credential,
                keep: None,
                unusable: None,
            },
            Found::Unusable(why) => Made {
                unusable: Some(why),
                ..mint(name, path, now)?
            },
            Found::Nothing => mint(name, path, now)?,
        };
        Ok(self.0.get_or_init(|| made).credential.clone())
    }

    /// Why a certificate that was kept earlier could not be used, with its path; then a new one was made.
    pub fn unusable(&self) -> Option<&str> {
        self.0.get()?.unusable.as_deref()
    }

    /// Writes a new certificate and its key to the data directory for the next start. Returns the path, if it wrote.
    /// Only the owner can read the file.
    ///
    /// # Errors
    /// The system's error, with the path. Then the old file is still there.
    pub fn keep(&self) -> io::Result<Option<PathBuf>> {
        let Some(keep) = self.0.get().and_then(|made| made.keep.as_ref()) else {
            return Ok(None);
        };
        whole_file::replace(&keep.path, keep.text.as_bytes())?;
        Ok(Some(keep.path.clone()))
    }
}

/// What the data directory holds.
enum Found {
    Nothing,
    Usable(Credential),
    /// The reason.
    Unusable(String),
}

/// Looks for the certificate that was kept.
///
/// # Errors
/// The file exists and cannot be read: that is a matter of the directory or its owner, and a new certificate would
/// not help.
fn find(path: &Path, now: Duration) -> Result<Found, Invalid> {
    let at = |e: &dyn std::fmt::Display| format!("{} {e}", path.display());
    match fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(Invalid::new(at(&cannot_read(path, &e)))),
    }
    let text = read_bounded(path, PEM_BYTES_MAX).map_err(|e| Invalid::new(at(&e)))?;
    if text.is_empty() {
        return Ok(Found::Unusable(at(&"is empty")));
    }
    let parts = read_chain(&text).and_then(|chain| Ok((chain, read_key(&text, path)?)));
    let credential = parts.and_then(|(chain, key)| {
        let origin = path.display().to_string();
        Credential::new(origin, chain, key).map_err(Wrong::into_invalid)
    });
    Ok(match credential {
        Err(e) => Found::Unusable(at(&e)),
        Ok(found) if found.not_after <= now.as_secs() => {
            Found::Unusable(at(&"holds a certificate that has ended"))
        }
        Ok(found) if found.not_after <= (now + LEFT_MIN).as_secs() => {
            Found::Unusable(at(&"holds a certificate that ends soon"))
        }
        Ok(found) => Found::Usable(found),
    })
}

fn mint(name: &ServerName, path: Option<PathBuf>, now: Duration) -> Result<Made, Invalid> {
    let failed =
        |e: &dyn std::fmt::Display| Invalid::new(format!("a certificate could not be made: {e}"));
    let mut names: Vec<String> = vec![name.to_string()];
    names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(|e| failed(&e))?;
    let common_name = &mut params.distinguished_name;
    common_name.push(DnType::CommonName, name.to_string());
    // A day earlier, for clients whose clocks are slow.
    params.not_before = date_time_ymd(1970, 1, 1) + (now - DAY);
    params.not_after = date_time_ymd(1970, 1, 1) + (now + VALID);
    let key = KeyPair::generate().map_err(|e| failed(&e))?;
    let certificate = params.self_signed(&key).map_err(|e| failed(&e))?;
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let credential = Credential::new("the self-signed certificate".into(), chain, secret)
        .map_err(Wrong::into_invalid)?;
    let keep = path.map(|path| Keep {
        path,
        text: certificate.pem() + &key.serialize_pem(),
    });
    Ok(Made {
        credential,
        keep,
        unusable: None,
    })
}
