//! Files that the server opens by name and that are no regular files: a FIFO that nobody writes to, a directory, a device.
//! Each is refused at once with a clear word, at start and when the configuration is read again; none is waited for.

mod common;

use common::{Client, Server, Setup, TempFile};
use rcgen::{CertificateParams, KeyPair};
use rustix::process::Signal;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A directory with one of each, gone with its test.
struct Irregular(PathBuf);

impl Irregular {
    fn new(name: &str) -> Self {
        let folder = format!("madang-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir(&folder).unwrap();
        fs::create_dir(folder.join("directory")).unwrap();
        let made = Command::new("mkfifo").arg(folder.join("fifo")).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", folder.join("device")).unwrap();
        Self(folder)
    }

    fn paths(&self) -> impl Iterator<Item = PathBuf> {
        ["fifo", "directory", "device"]
            .map(|name| self.0.join(name))
            .into_iter()
    }
}

impl Drop for Irregular {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate, so that what stands for its key is looked at.
fn certificate() -> TempFile {
    let params = CertificateParams::new(["chat.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&KeyPair::generate().unwrap());
    TempFile::new("pem", &certificate.unwrap().pem())
}

/// Configurations that name this file, one for each key that takes a path.
fn naming(path: &Path, certificate: &TempFile) -> Vec<String> {
    let certificate = certificate.path();
    vec![
        format!("[server]\nmotd = {path:?}\n"),
        format!("[tls]\ncertificate = {path:?}\n"),
        format!("[tls]\ncertificate = {certificate:?}\nkey = {path:?}\n"),
    ]
}

#[test]
fn none_of_them_is_a_configuration_at_start() {
    let irregular = Irregular::new("start");
    for path in irregular.paths() {
        let shown = path.display().to_string();
        let outcome = Setup::new().flag("--config").flag(&shown).run();
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(
            outcome.stderr.contains("is not a regular file"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains(&shown), "{outcome:?}");
        let outcome = Setup::new().flag("--motd").flag(&shown).run();
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(
            outcome.stderr.contains("is not a regular file"),
            "{outcome:?}"
        );
    }
}

#[test]
fn none_of_them_is_what_a_configuration_names() {
    let (irregular, certificate) = (Irregular::new("named"), certificate());
    for path in irregular.paths() {
        for text in naming(&path, &certificate) {
            let outcome = Setup::new().config(&text).run();
            assert_eq!(outcome.code, Some(2), "{text}: {outcome:?}");
            let fault = format!("{} is not a regular file", path.display());
            assert!(outcome.stderr.contains(&fault), "{text}: {outcome:?}");
        }
    }
}

#[track_caller]
fn expect_still_serving(server: &mut Server) {
    let mut irc = Client::connect(server.address());
    irc.send_bytes(b"NICK ann\r\nUSER a 0 * :a\r\nPING here\r\nQUIT\r\n");
    irc.find("PONG madang.local");
    server.expect_unharmed();
}

#[test]
fn a_reload_waits_for_none_of_them() {
    let (irregular, certificate) = (Irregular::new("reload"), certificate());
    for path in irregular.paths() {
        let mut server = Setup::new().config("").start();
        for (count, text) in naming(&path, &certificate).iter().enumerate() {
            fs::write(server.config_file(), text).unwrap();
            server.signal(Signal::HUP);
            server
                .log
                .expect_times("the configuration stays as it was", count + 1);
            expect_still_serving(&mut server);
        }
        let told = server.log.text().matches("is not a regular file").count();
        assert_eq!(told, 3, "{}", server.log.text());
        // The configuration itself.
        fs::remove_file(server.config_file()).unwrap();
        std::os::unix::fs::symlink(&path, server.config_file()).unwrap();
        server.signal(Signal::HUP);
        server
            .log
            .expect_times("the configuration stays as it was", 4);
        expect_still_serving(&mut server);
        server.stop();
    }
}
