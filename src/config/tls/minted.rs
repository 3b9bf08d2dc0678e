//! A certificate of the server's own making, so that TLS can be tried with one flag.
//!
//! Made once in the life of a process, or read from the data directory, where it is kept for the next. Nobody vouches
//! for it: clients show its fingerprint and ask.

use super::{Credential, Wrong};
use crate::config::{Invalid, ServerName, cannot_read};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    cell::OnceCell,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How long it is good for. Long enough for whoever tries things out and forgets them.
const VALID: Duration = Duration::from_secs(365 * 24 * 3_600);

/// With less left than this, a start of the server makes a new one.
const LEFT_MIN: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Names of the files in the data directory.
const CERTIFICATE: &str = "tls-certificate.pem";
const KEY: &str = "tls-key.pem";

/// The certificate that this process made or found, once there is one.
#[derive(Clone, Debug, Default)]
pub struct Minted(OnceCell<Made>);

#[derive(Clone, Debug)]
struct Made {
    credential: Credential,
    /// What to write down, and where; nothing if it was found there or there is no place.
    keep: Option<Keep>,
}

#[derive(Clone)]
struct Keep {
    folder: PathBuf,
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Keep {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.folder.fmt(f)
    }
}

impl Minted {
    /// The certificate: the one that stands in `data`, or a new one. Always the same for one process.
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
        let found = data.map(find).transpose()?.flatten();
        let found = found.filter(|credential| credential.not_after > (now + LEFT_MIN).as_secs());
        let made = match found {
            Some(credential) => Made {
                credential,
                keep: None,
            },
            None => mint(name, data, now)?,
        };
        Ok(self.0.get_or_init(|| made).credential.clone())
    }

    /// Writes a new certificate and its key down for the next start; says where, if it did. Nobody else can read the key.
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn keep(&self) -> io::Result<Option<PathBuf>> {
        let Some(keep) = self.0.get().and_then(|made| made.keep.as_ref()) else {
            return Ok(None);
        };
        let name = |path: &Path, e: io::Error| {
            let text = e.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            io::Error::new(e.kind(), format!("{}: {text}", path.display()))
        };
        fs::create_dir_all(&keep.folder).map_err(|e| name(&keep.folder, e))?;
        // The key first: a certificate without its key would be an error at the next start.
        for (file, text) in [(KEY, &keep.key), (CERTIFICATE, &keep.certificate)] {
            let path = keep.folder.join(file);
            write_secret(&path, text).map_err(|e| name(&path, e))?;
        }
        Ok(Some(keep.folder.join(CERTIFICATE)))
    }
}

/// The one that was kept, if there is one.
fn find(folder: &Path) -> Result<Option<Credential>, Invalid> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    match fs::metadata(&certificate) {
        Ok(_) => Credential::load(&certificate, &key).map(Some),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => {
            let cause = cannot_read(&e);
            Err(Invalid::new(format!("{} {cause}", certificate.display())))
        }
    }
}

fn mint(name: &ServerName, data: Option<&Path>, now: Duration) -> Result<Made, Invalid> {
    let failed =
        |e: &dyn std::fmt::Display| Invalid::new(format!("a certificate could not be made: {e}"));
    let mut names: Vec<String> = vec![name.to_string()];
    names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(|e| failed(&e))?;
    let common_name = &mut params.distinguished_name;
    common_name.push(DnType::CommonName, name.to_string());
    // A day back, for clients whose clocks are slow.
    params.not_before = date_time_ymd(1970, 1, 1) + (now - DAY);
    params.not_after = date_time_ymd(1970, 1, 1) + (now + VALID);
    let key = KeyPair::generate().map_err(|e| failed(&e))?;
    let certificate = params.self_signed(&key).map_err(|e| failed(&e))?;
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let credential = Credential::new("the self-signed certificate".into(), chain, secret)
        .map_err(Wrong::into_invalid)?;
    let keep = data.map(|folder| Keep {
        folder: folder.to_owned(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    });
    Ok(Made { credential, keep })
}

/// Replaces a file by one that only its owner can read.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
