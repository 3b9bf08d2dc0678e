//! Certificate files that are right and wrong, and the messages about them.

use super::*;
use std::fs;

/// A directory that is removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("madang-tls-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate and its key, as PEM.
fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let names = [
        "Chat.example".to_owned(),
        "*.wild.example".into(),
        "127.0.0.1".into(),
    ];
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// The message about two files with these texts, without the directory's name.
fn complaint(certificate: &str, key: &str) -> String {
    let folder = Folder::new("complaint");
    let (certificate, key) = (
        folder.write("c.pem", certificate),
        folder.write("k.pem", key),
    );
    let said = match Credential::load(&certificate, &key) {
        Ok(_) => "ok".into(),
        Err(error) => error.to_string(),
    };
    said.replace(&format!("{}/", folder.0.display()), "")
}

#[test]
fn a_certificate_is_read_with_its_names_and_expiry() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let folder = Folder::new("good");
        let (certificate, key) = pair(algorithm);
        let both = folder.write("both.pem", &(key + &certificate));
        let read = Credential::load(&both, &both).unwrap();
        assert_eq!(read.names, ["chat.example", "*.wild.example"]);
        assert_eq!(read.not_after, 1_893_456_000);
        assert_eq!(read.origin, both.display().to_string());
        assert!(!read.certificate().is_empty());
    }
}

#[test]
fn messages_name_the_file_and_the_remedy() {
    let (certificate, key) = pair(&rcgen::PKCS_ED25519);
    let (other, _) = pair(&rcgen::PKCS_ED25519);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let open = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let said = [
        ("nothing", "", key.as_str()),
        ("no key", &certificate, ""),
        ("a key in the certificate's place", &key, &key),
        (
            "a certificate in the key's place",
            &certificate,
            &certificate,
        ),
        ("another's key", &other, &key),
        ("an encrypted key", &certificate, encrypted),
        ("no certificate inside", broken, &key),
        ("no end", open, &key),
        (
            "no key inside",
            &certificate,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ),
    ]
    .map(|(title, certificate, key)| format!("# {title}\n{}\n", complaint(certificate, key)));
    insta::assert_snapshot!(said.concat());
}

#[test]
fn missing_files_are_named() {
    let folder = Folder::new("missing");
    let missing = folder.0.join("x.pem");
    let said = Credential::load(&missing, &missing)
        .unwrap_err()
        .to_string();
    assert!(
        said.ends_with("x.pem cannot be read: No such file or directory"),
        "{said}"
    );
    let said = Credential::load(&folder.0, &missing)
        .unwrap_err()
        .to_string();
    assert!(said.ends_with("is not a regular file"), "{said}");
}

#[test]
fn each_certificate_has_its_key() {
    let tls = Tls {
        certificate: vec!["a.pem".into(), "b.pem".into()],
        key: vec!["a.key".into()],
        ..Tls::default()
    };
    let said = tls.load().unwrap_err().to_string();
    assert_eq!(
        said,
        "1 key files for 2 certificate files; each certificate has its own key"
    );
}

#[test]
fn a_self_signed_certificate_is_made_once_and_kept() {
    let folder = Folder::new("minted");
    let data = folder.0.join("data");
    let name = "chat.example".parse().unwrap();
    let first = SelfSigned::default();
    let made = first.credential(&name, Some(&data)).unwrap();
    assert_eq!(made.names, ["chat.example", "localhost"]);
    assert_eq!(first.credential(&name, Some(&data)).unwrap(), made);
    assert!(!data.exists(), "to read a configuration writes nothing");
    let path = first.keep().unwrap().unwrap();
    assert!(path.is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let next = SelfSigned::default();
    assert_eq!(next.credential(&name, Some(&data)).unwrap(), made);
    assert_eq!(next.keep().unwrap(), None, "it is there");
    assert_ne!(SelfSigned::default().credential(&name, None).unwrap(), made);
}

/// A certificate that expires then, and its key, as PEM.
fn pair_until(not_after: std::time::SystemTime) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["chat.example".to_owned()]).unwrap();
    let since_1970 = not_after.duration_since(std::time::UNIX_EPOCH).unwrap();
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970;
    params.self_signed(&key).unwrap().pem() + &key.serialize_pem()
}

#[test]
fn an_unusable_kept_certificate_is_replaced() {
    let folder = Folder::new("unusable");
    let name = "chat.example".parse().unwrap();
    let day = Duration::from_secs(24 * 3_600);
    let now = std::time::SystemTime::now();
    let whole = pair_until(now + 60 * day);
    let (other, _) = pair(&rcgen::PKCS_ED25519);
    let (certificate, key) = whole.split_once("-----BEGIN PRIVATE").unwrap();
    let mut unusable = vec![
        (String::new(), "is empty"),
        (certificate.to_owned(), "holds no private key"),
        (format!("-----BEGIN PRIVATE{key}"), "holds no certificate"),
        (
            format!("{other}-----BEGIN PRIVATE{key}"),
            "does not belong to the certificate",
        ),
        (pair_until(now - day), "has ended"),
        (pair_until(now + day), "ends soon"),
        ("\0".repeat(whole.len()), "holds no certificate"),
    ];
    // As left by a disk that filled up, before all files were written as a whole.
    let cuts = (1..whole.len() - 30).step_by(37);
    unusable.extend(cuts.map(|cut| (whole[..cut].to_owned(), "")));
    for (text, why) in unusable {
        let path = folder.write("tls-self-signed.pem", &text);
        let self_signed = SelfSigned::default();
        let made = self_signed.credential(&name, Some(&folder.0)).unwrap();
        let said = self_signed.unusable().expect("it says so");
        assert!(
            said.contains("tls-self-signed.pem ") && said.contains(why),
            "{said}"
        );
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            text,
            "to read writes nothing"
        );
        self_signed.keep().unwrap().unwrap();
        let next = SelfSigned::default();
        assert_eq!(next.credential(&name, Some(&folder.0)).unwrap(), made);
        assert_eq!((next.unusable(), next.keep().unwrap()), (None, None));
    }
    folder.write("tls-self-signed.pem", &whole);
    let self_signed = SelfSigned::default();
    self_signed.credential(&name, Some(&folder.0)).unwrap();
    assert_eq!(self_signed.unusable(), None);
}

#[test]
fn an_unreadable_kept_certificate_is_reported_and_not_touched() {
    let folder = Folder::new("unreadable");
    let path = folder.0.join("tls-self-signed.pem");
    fs::create_dir(&path).unwrap();
    let name = "chat.example".parse().unwrap();
    let said = SelfSigned::default().credential(&name, Some(&folder.0));
    let said = said.unwrap_err().to_string();
    assert!(
        said.ends_with("tls-self-signed.pem is not a regular file"),
        "{said}"
    );
    assert!(path.is_dir());
}
