//! Which certificates log in to an account.
//!
//! A client adds the certificate that its own connection has proved to have, and no other: nobody can claim another user's.
//! Invariant: a certificate logs in to one account.

use super::{
    requests::Asker,
    state::{Accounts, By, Storing},
};
use crate::{
    chat::{AccountId, Hub},
    net::tls::Fingerprint,
    protocol::account::AccountError,
    server::shared::store::Store,
    store::{Change, Row},
};

/// Certificates of one account: a few devices.
const CERTIFICATES_MAX: usize = 8;

impl Accounts {
    /// Begins to let the certificate of a connection log in to an account.
    ///
    /// # Errors
    /// There is none, it belongs to an account already, or there are too many.
    pub(super) fn add_certificate(
        &mut self,
        account: AccountId,
        asker: Asker<'_>,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let text = asker.guesser.certificate;
        let certificate = text.and_then(|text| text.parse().ok());
        let certificate = certificate.ok_or(AccountError::NoCertificate)?;
        let mut certificates = self.certificates(account).to_vec();
        if self.is_claimed(certificate) {
            return Err(AccountError::CertificateTaken);
        }
        if certificates.len() >= CERTIFICATES_MAX {
            return Err(AccountError::TooManyCertificates {
                max: CERTIFICATES_MAX,
            });
        }
        certificates.push(certificate);
        self.store_certificates(account, certificates, asker, hub, store)
    }

    /// Begins to remove a certificate from an account.
    ///
    /// # Errors
    /// The account has no such certificate.
    pub(super) fn remove_certificate(
        &mut self,
        account: AccountId,
        fingerprint: &str,
        asker: Asker<'_>,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let mut certificates = self.certificates(account).to_vec();
        let before = certificates.len();
        let fingerprint = fingerprint.to_ascii_lowercase();
        certificates.retain(|certificate| certificate.to_string() != fingerprint);
        if certificates.len() == before {
            return Err(AccountError::NoSuchCertificate);
        }
        self.store_certificates(account, certificates, asker, hub, store)
    }

    /// The certificates of an account.
    pub(crate) fn certificates(&self, account: AccountId) -> &[Fingerprint] {
        let record = self.get(account);
        record.map_or(&[], |record| &record.fingerprints)
    }

    /// Whether a certificate logs in to an account, or is about to.
    fn is_claimed(&self, certificate: Fingerprint) -> bool {
        let is_stored = self.of_certificate(certificate).is_some();
        let mut storing = self.storing.values();
        is_stored
            || storing.any(|it| match it {
                Storing::Certificates(_, _, all) => all.contains(&certificate),
                _ => false,
            })
    }

    fn store_certificates(
        &mut self,
        account: AccountId,
        certificates: Vec<Fingerprint>,
        asker: Asker<'_>,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        if self.is_being_written(account) {
            return Err(AccountError::Busy);
        }
        let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
        let mut changed = self.get(account).ok_or(AccountError::Wrong)?.clone();
        changed.fingerprints.clone_from(&certificates);
        let put = Change::Put(Row::Account(changed.row(name.as_str())));
        let write = store.write(vec![put]);
        let storing = Storing::Certificates(By::Client(asker.guesser.id), account, certificates);
        self.storing.insert(write, storing);
        Ok(())
    }
}
