//! TLS from outside, with rustls as the caller: every door, and what becomes of those who come to the wrong one.

mod common;

use common::{Client, PATIENCE, Setup, TempFile};
use madang::net::tls::AcceptAnyCertificate;
use rustix::process::Signal;
use rustls::{
    ClientConfig, ClientConnection, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};
use sha2::{Digest, Sha256};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server with a certificate of its own making.
fn self_signed() -> Setup {
    Setup::new()
        .flag("--tls-self-signed")
        .flag("--log")
        .flag("debug")
}

/// A caller over TLS that speaks lines.
struct Secure {
    stream: StreamOwned<ClientConnection, TcpStream>,
    unread: Vec<u8>,
}

impl Secure {
    #[track_caller]
    fn call(address: SocketAddr) -> Self {
        Self::call_as(address, Arc::new(config_of(&TLS13)), "chat.example")
    }

    /// Connects, and has not said anything yet.
    #[track_caller]
    fn call_as(address: SocketAddr, config: Arc<ClientConfig>, name: &'static str) -> Self {
        let socket = TcpStream::connect(address).expect("it listens");
        socket.set_nodelay(true).expect("a TCP socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
        let name = ServerName::try_from(name).expect("a name");
        let tls = ClientConnection::new(config, name).expect("a right configuration");
        Self {
            stream: StreamOwned::new(tls, socket),
            unread: Vec::new(),
        }
    }

    /// An IRC client that has come in, over TLS.
    #[track_caller]
    fn register(mut self, nick: &str) -> Self {
        self.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        self.find(" 422 ");
        self
    }

    #[track_caller]
    fn send(&mut self, line: &str) {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .expect("it reads");
    }

    #[track_caller]
    fn line(&mut self) -> String {
        self.next_line().expect("a line, not the end")
    }

    /// The next line; none at the end of the stream, which must be a good one.
    #[track_caller]
    fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = String::from_utf8(line).expect("UTF-8");
                return Some(line.trim_end().to_owned());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                // Without close_notify this would be an error.
                Ok(0) => return None,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) => panic!("{error}; unread: {:?}", self.unread),
            }
        }
    }

    #[track_caller]
    fn find(&mut self, words: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The fingerprint of the certificate that it was shown.
    fn shown(&self) -> String {
        let shown = self.stream.conn.peer_certificates().expect("a handshake");
        hex(&shown[0])
    }
}

fn hex(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn config(
    version: &'static SupportedProtocolVersion,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .expect("it is spoken")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
}

fn config_of(version: &'static SupportedProtocolVersion) -> ClientConfig {
    config(version).with_no_client_auth()
}

/// A certificate for a name and its key, as PEM; and its fingerprint.
fn mint(name: &str) -> (String, String, String) {
    let key = rcgen::KeyPair::generate().expect("randomness");
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a key");
    (
        certificate.pem(),
        key.serialize_pem(),
        hex(certificate.der()),
    )
}

#[test]
fn irc_over_tls_in_both_versions_meets_those_who_come_in_the_clear() {
    let server = self_signed()
        .listen("ircs://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .start();
    let mut plain = Client::enter(server.address_of(1), "ann");
    for version in VERSIONS {
        let config = Arc::new(config_of(version));
        let mut irc = Secure::call_as(server.address_of(0), config, "chat.example").register("bob");
        irc.send("JOIN #lobby");
        irc.find(" 366 ");
        plain.find("* bob joined #lobby");
        irc.send("PRIVMSG #lobby :over TLS");
        plain.expect("#lobby <bob> over TLS");
        plain.send("heard");
        assert!(irc.line().ends_with("PRIVMSG #lobby :heard"));
        irc.send("WHOIS bob");
        assert!(
            irc.find(" 671 ")
                .ends_with("bob bob :is using a secure connection")
        );
        irc.send("QUIT :bye");
        irc.find("ERROR :");
        assert_eq!(irc.next_line(), None, "close_notify came");
        plain.find("* bob quit");
    }
    server.stop();
}

#[test]
fn on_any_the_first_byte_begins_tls_and_then_all_is_detected_again() {
    let server = self_signed().start();
    let address = server.address();
    // IRC begins by itself.
    let mut irc = Secure::call(address).register("bob");
    irc.send("JOIN #lobby");
    irc.find(" 366 ");
    // Telnet waits to be greeted, over TLS too.
    let mut telnet = Secure::call(address);
    telnet.stream.flush().expect("a handshake");
    telnet.find("* what is your name?");
    telnet.send("carol");
    telnet.find("* carol joined #lobby");
    irc.find("carol");
    telnet.send("hello");
    assert!(irc.line().ends_with("PRIVMSG #lobby :hello"));
    server.stop();
}

#[test]
fn plain_text_where_tls_is_spoken_is_told_so() {
    let mut server = self_signed().listen("ircs://127.0.0.1:0").start();
    let mut client = Client::connect(server.address());
    client.send("NICK bob");
    assert_eq!(
        client.rest(),
        "ERROR :Closing Link: This port is for TLS (encrypted connections) only\r\n"
    );
    server.log.expect("plain_on_tls");
    server.expect_unharmed();
}

#[test]
fn tls_where_it_is_not_spoken_is_sent_an_alert() {
    let mut server = Setup::new()
        .listen("any://127.0.0.1:0")
        .listen("irc://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .start();
    for address in [0, 1, 2].map(|door| server.address_of(door)) {
        let mut caller = Secure::call(address);
        let error = caller
            .stream
            .flush()
            .and_then(|()| caller.stream.read(&mut [0]));
        let error = error.expect_err("it is not spoken there");
        // What a telnet caller is greeted with is no TLS either.
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        server.log.expect("tls_on_plain");
    }
    server.expect_unharmed();
}

#[test]
fn a_stalled_handshake_blocks_nobody_and_ends_with_the_registration_deadline() {
    let mut server = self_signed()
        .config("[limits]\nregistration = \"1s\"")
        .listen("ircs://127.0.0.1:0")
        .start();
    // One has said nothing, one the first half of a hello.
    let mut silent = Client::connect(server.address());
    let mut stalled = Client::connect(server.address());
    stalled.send_bytes(&[22, 3, 1, 0, 200, 1, 0, 0]);
    let mut irc = Secure::call(server.address()).register("bob");
    irc.send("PING x");
    irc.find("PONG");
    assert_eq!(stalled.rest_bytes(), b"");
    assert_eq!(silent.rest_bytes(), b"");
    server.log.expect("tls_timeout");
    irc.send("PING y");
    irc.find("PONG");
    server.expect_unharmed();
}

#[test]
fn handshakes_of_many_callers_interleave() {
    let mut server = self_signed().listen("ircs://127.0.0.1:0").start();
    let mut callers: Vec<Secure> = (0..50).map(|_| Secure::call(server.address())).collect();
    // All say hello before anyone reads the answer.
    for caller in &mut callers {
        let Secure { stream, .. } = caller;
        while stream.conn.wants_write() {
            stream
                .conn
                .write_tls(&mut stream.sock)
                .expect("room for a hello");
        }
    }
    for (n, caller) in callers.into_iter().enumerate().rev() {
        let _ = caller.register(&format!("caller{n}"));
    }
    server.expect_unharmed();
}

#[test]
fn hostile_records_end_one_connection_with_a_reason_in_the_log() {
    let mut server = self_signed().listen("ircs://127.0.0.1:0").start();
    let mut irc = Secure::call(server.address()).register("bob");
    for junk in [
        &b"\x16\x03\x01\xff\xff"[..],
        b"\x16\x03\x01\x00\x01\x00",
        b"\x16junk junk junk",
    ] {
        let mut client = Client::connect(server.address());
        client.send_bytes(junk);
        client.end_input();
        let _ = client.try_rest();
    }
    server.log.expect("tls_failed");
    // A registered one that goes mad goes alone.
    let mut mad = Secure::call(server.address()).register("mad");
    mad.stream
        .sock
        .write_all(b"no record at all")
        .expect("it reads");
    server.log.expect("tls_failed");
    irc.send("PING x");
    irc.find("PONG");
    server.expect_unharmed();
}

#[test]
fn who_can_use_no_certificate_of_ours_is_told_so_and_the_log_says_what_would_help() {
    let server = self_signed().listen("ircs://127.0.0.1:0").start();
    for version in VERSIONS {
        // Whoever makes a certificate with one flag gets an EC key; this caller knows RSA alone.
        let mut provider = ring::default_provider();
        let known = &mut provider.signature_verification_algorithms;
        let mapping = known.mapping.iter();
        let rsa = mapping.filter(|(scheme, _)| format!("{scheme:?}").starts_with("RSA"));
        known.mapping = Box::leak(rsa.copied().collect());
        let provider = Arc::new(provider);
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .expect("it is spoken")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
            .with_no_client_auth();
        let mut caller = Secure::call_as(server.address(), Arc::new(config), "chat.example");
        let error = caller.stream.read(&mut [0]).expect_err("an alert");
        let told = error.get_ref().expect("what TLS said").to_string();
        assert_eq!(told, "received fatal alert: HandshakeFailure");
    }
    for words in [
        "no cipher suite in common",
        "no signature algorithm in common",
    ] {
        let line = server.log.expect(words);
        assert!(line.contains("reason=tls_failed"), "{line}");
        assert!(line.contains("the certificates here are EC"), "{line}");
        assert!(line.contains("[tls] certificate"), "{line}");
    }
    let mut other = Secure::call(server.address()).register("bob");
    other.send("PING x");
    other.find("PONG");
    server.stop();
}

#[test]
fn the_end_of_a_stream_is_told_and_taken() {
    let server = self_signed().listen("ircs://127.0.0.1:0").start();
    // With close_notify: what is owed still comes, then close_notify of ours.
    let mut irc = Secure::call(server.address()).register("bob");
    irc.send("PING last");
    irc.stream.conn.send_close_notify();
    irc.stream.flush().expect("it reads");
    irc.find("PONG");
    assert_eq!(irc.next_line(), None);
    // Without it: the same, and the log knows.
    let mut irc = Secure::call(server.address()).register("carol");
    irc.send("PING last");
    irc.stream
        .sock
        .shutdown(Shutdown::Write)
        .expect("a TCP socket");
    irc.find("PONG");
    assert_eq!(irc.next_line(), None);
    server.log.expect("without TLS's close_notify");
    server.stop();
}

#[test]
fn a_client_certificate_is_shown_to_its_owner() {
    let server = self_signed().listen("ircs://127.0.0.1:0").start();
    let key = rcgen::KeyPair::generate().expect("randomness");
    let params = rcgen::CertificateParams::new(vec!["bob".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a key");
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let print = hex(certificate.der());
    for version in VERSIONS {
        let chain = vec![certificate.der().clone()];
        let config = config(version).with_client_auth_cert(chain, secret.clone_key());
        let config = Arc::new(config.expect("a right key"));
        let mut bob = Secure::call_as(server.address(), config, "chat.example").register("bob");
        bob.send("WHOIS bob");
        let line = bob.find(" 276 ");
        assert!(line.ends_with(&format!(
            "bob bob :has client certificate fingerprint {print}"
        )));
        let mut ann = Secure::call(server.address()).register("ann");
        ann.send("WHOIS bob");
        loop {
            let line = ann.line();
            assert!(!line.contains(" 276 "), "only for its owner: {line}");
            if line.contains(" 318 ") {
                break;
            }
        }
        for mut one in [ann, bob] {
            one.send("QUIT");
            while one.next_line().is_some() {}
        }
    }
    server.stop();
}

#[test]
fn certificates_are_read_again_and_a_broken_file_keeps_the_old() {
    let (certificate, key, first) = mint("chat.example");
    let file = TempFile::new("pem", &(certificate + &key));
    let config = format!("[tls]\ncertificate = {:?}", file.path());
    let server = Setup::new()
        .config(&config)
        .listen("ircs://127.0.0.1:0")
        .start();
    let mut bob = Secure::call(server.address()).register("bob");
    assert_eq!(bob.shown(), first);

    file.write("nothing");
    server.signal(Signal::HUP);
    server.log.expect("holds no certificate");
    server.log.expect("the configuration stays as it was");
    let carol = Secure::call(server.address()).register("carol");
    assert_eq!(carol.shown(), first);

    let (certificate, key, second) = mint("chat.example");
    file.write(&(certificate + &key));
    server.signal(Signal::HUP);
    server.log.expect("configuration read again");
    let dave = Secure::call(server.address()).register("dave");
    assert_eq!(dave.shown(), second);
    bob.send("PING x");
    bob.find("PONG");
    server.stop();
}

#[test]
fn a_certificate_that_ends_soon_is_warned_of() {
    let key = rcgen::KeyPair::generate().expect("randomness");
    let mut params = rcgen::CertificateParams::new(vec!["chat.example".into()]).expect("a name");
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let certificate = params.self_signed(&key).expect("a key");
    let file = TempFile::new("pem", &(certificate.pem() + &key.serialize_pem()));
    let config = format!("[tls]\ncertificate = {:?}", file.path());
    let server = Setup::new()
        .config(&config)
        .listen("ircs://127.0.0.1:0")
        .start();
    server.log.expect("has ended");
    server.stop();
}

#[test]
fn a_door_for_tls_without_a_certificate_is_a_usage_error() {
    let outcome = Setup::new().listen("ircs://127.0.0.1:0").run();
    assert_eq!(outcome.code, Some(2));
    assert_eq!(
        outcome.stderr,
        "madang: --listen: ircs://127.0.0.1:0 needs a certificate; name one in [tls], or try it with --tls-self-signed\n"
    );
}

/// The last line of a list of capabilities: a long one comes in several lines, all but the last marked.
fn last_of_list(mut line: impl FnMut() -> String) -> String {
    loop {
        let listed = line();
        if !listed.contains(" LS * :") {
            return listed;
        }
    }
}

#[test]
fn strict_transport_security_is_announced_in_the_form_for_the_connection() {
    let server = self_signed()
        .config("[tls]\nsts = \"1h\"")
        .listen("irc://127.0.0.1:0")
        .listen("ircs://127.0.0.1:0")
        .start();
    let port = server.address_of(1).port();
    let mut plain = Client::connect(server.address_of(0));
    plain.send("CAP LS 302");
    let listed = last_of_list(|| plain.line());
    assert!(listed.ends_with(&format!("sts=port={port}")), "{listed}");
    plain.send("CAP LS");
    assert!(
        !plain.line().contains("sts"),
        "old clients could not read it"
    );
    plain.send("CAP REQ sts");
    assert!(plain.line().contains("CAP * NAK"));
    let mut secure = Secure::call(server.address_of(1));
    secure.send("CAP LS 302");
    let listed = last_of_list(|| secure.line());
    assert!(listed.ends_with("sts=duration=3600"), "{listed}");
    server.stop();
}

#[test]
fn the_page_and_its_websocket_come_over_tls_too() {
    let server = self_signed()
        .listen("https://127.0.0.1:0")
        .listen("any://127.0.0.1:0")
        .start();
    for door in [0, 1] {
        let address = server.address_of(door);
        let mut web = Secure::call(address);
        web.send("GET / HTTP/1.1\r\nHost: madang.local\r\n");
        assert_eq!(web.line(), "HTTP/1.1 200 OK");
        // The origin is ours, whatever carries it.
        let mut socket = Secure::call(address);
        socket.send(
            "GET /ws HTTP/1.1\r\nHost: madang.local\r\nOrigin: https://madang.local\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        );
        assert_eq!(socket.line(), "HTTP/1.1 101 Switching Protocols");
    }
    // A plain request is answered in plain text.
    let mut plain = Client::connect(server.address_of(0));
    plain.send_bytes(b"GET / HTTP/1.1\r\nHost: madang.local\r\n\r\n");
    assert!(plain.rest().starts_with("HTTP/1.1 400 "));
    server.log.expect("plain_on_tls");
    server.stop();
}

#[test]
fn who_is_turned_away_or_sent_home_is_told_so_over_tls() {
    let server = self_signed()
        .flag("--max-clients")
        .flag("1")
        .listen("ircs://127.0.0.1:0")
        .start();
    let mut inside = Secure::call(server.address()).register("bob");
    let mut outside = Secure::call(server.address());
    outside.stream.flush().expect("a handshake");
    assert!(
        outside
            .find("ERROR")
            .contains("No more connections allowed")
    );
    assert_eq!(outside.next_line(), None, "a good end");
    server.signal(Signal::TERM);
    assert!(inside.find("ERROR").contains("shutting down"));
    assert_eq!(inside.next_line(), None, "a good end");
}

#[test]
fn a_certificate_of_our_own_is_kept_in_the_data_directory() {
    let folder = std::env::temp_dir().join(format!("madang-tls-data-{}", std::process::id()));
    let start = || {
        let data = folder.to_str().expect("UTF-8");
        let setup = self_signed().flag("--data").flag(data);
        setup.listen("ircs://127.0.0.1:0").start()
    };
    let shown = [(); 2].map(|()| {
        let server = start();
        let caller = Secure::call(server.address()).register("bob");
        let shown = caller.shown();
        server.log.expect(&shown);
        server.stop();
        shown
    });
    assert_eq!(shown[0], shown[1]);
    std::fs::remove_dir_all(&folder).expect("it was made");
}

#[test]
fn callers_are_shown_the_certificate_for_the_name_they_ask_for() {
    let [(chat, chat_key, chat_print), (irc, irc_key, irc_print)] =
        ["chat.example", "irc.example"].map(mint);
    let files = [chat + &chat_key, irc, irc_key].map(|text| TempFile::new("pem", &text));
    let [both, certificate, key] = files.each_ref().map(TempFile::path);
    let config =
        format!("[tls]\ncertificate = [{both:?}, {certificate:?}]\nkey = [{both:?}, {key:?}]\n");
    let server = Setup::new()
        .config(&config)
        .listen("ircs://127.0.0.1:0")
        .start();
    for (name, print) in [
        ("irc.example", &irc_print),
        ("chat.example", &chat_print),
        ("127.0.0.1", &chat_print),
    ] {
        let config = Arc::new(config_of(&TLS13));
        let caller = Secure::call_as(server.address(), config, name).register("bob");
        assert_eq!(caller.shown(), *print, "{name}");
        let mut caller = caller;
        caller.send("QUIT");
        while caller.next_line().is_some() {}
    }
    server.stop();
}

#[test]
fn a_megabyte_goes_both_ways_and_one_who_does_not_read_is_let_go() {
    let mut server = self_signed()
        .config("[limits]\nmessages_per_second = 0\nsend_queue = \"256 KiB\"")
        .listen("ircs://127.0.0.1:0")
        .start();
    let mut bob = Secure::call(server.address()).register("bob");
    let mut deaf = Secure::call(server.address()).register("deaf");
    let words = "x".repeat(400);
    // What it is told stays in the kernel's buffers, then in its queue, then it goes.
    let mut is_here = true;
    for n in 0..400 {
        if !is_here {
            break;
        }
        for _ in 0..100 {
            bob.send(&format!("PRIVMSG deaf :{words}"));
        }
        bob.send(&format!("PING {n}"));
        loop {
            let line = bob.line();
            is_here &= !line.contains(" 401 ");
            if line.contains(" PONG ") {
                break;
            }
        }
    }
    assert!(!is_here, "it is never let go");
    server.log.expect("sendq_exceeded");
    // And what had been sent is right to the end.
    let mut heard = 0;
    while let Ok(count @ 1..) = deaf.stream.read(&mut [0; 65536]) {
        heard += count;
    }
    assert!(heard > 100_000, "{heard}");
    server.expect_unharmed();
}
