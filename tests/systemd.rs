//! madang under a service manager, seen from the manager's side: what it is told (sd_notify(3)), and sockets that it passes
//! (sd_listen_fds(3)).

#![cfg(unix)]

mod common;

use common::{Client, Irc, Outcome, PATIENCE, Setup, wait_for};
use rustix::process::Signal;
use std::{
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// The manager's ear.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("madang-notify-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = UnixDatagram::bind(&path).expect("a writable directory for temporary files");
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, path }
    }

    /// The next thing it is told.
    #[track_caller]
    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("it is told something");
        String::from_utf8(bytes[..length].to_vec()).expect("UTF-8")
    }

    /// Waits until it is told something that begins so.
    #[track_caller]
    fn find(&self, words: &str) -> String {
        loop {
            let told = self.next();
            if told.starts_with(words) {
                return told;
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn the_manager_is_told_of_the_start_a_reload_and_the_end() {
    let manager = Manager::new();
    let mut server = Setup::new()
        .config("[limits]\nburst = 9\n")
        .variable("NOTIFY_SOCKET", manager.path.to_str().unwrap())
        .start();
    // It is ready when callers can come in, and says so first.
    assert_eq!(manager.next(), "READY=1");
    let mut ann = Client::enter(server.address(), "ann");
    server.signal(Signal::HUP);
    let reloading = manager.find("RELOADING=1");
    let (_, since) = reloading.split_once("\nMONOTONIC_USEC=").expect(&reloading);
    assert!(since.parse::<u64>().expect("a number") > 0, "{reloading}");
    assert_eq!(manager.find("READY=1"), "READY=1");
    // A broken file changes nothing, and the manager does not wait in vain.
    std::fs::write(server.config_file(), "nonsense").unwrap();
    server.signal(Signal::HUP);
    manager.find("RELOADING=1");
    manager.find("READY=1");
    ann.send("hello");
    server.signal(Signal::TERM);
    manager.find("STOPPING=1");
    drop(ann);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn the_manager_is_told_how_many_are_here() {
    let manager = Manager::new();
    let server = Setup::new()
        .variable("NOTIFY_SOCKET", manager.path.to_str().unwrap())
        .start();
    let mut ann = Client::enter(server.address(), "ann");
    let first = manager.find("STATUS=people: ");
    // The first turn may have been before she gave her name. From then on it is told with the turns that happen.
    if first != "STATUS=people: 1, rooms: 1" {
        manager.socket.set_nonblocking(true).unwrap();
        wait_for("a status", || {
            ann.send("/who");
            let mut bytes = [0; 4096];
            let length = manager.socket.recv(&mut bytes).ok()?;
            (&bytes[..length] == b"STATUS=people: 1, rooms: 1").then_some(())
        });
    }
    server.stop();
}

#[test]
fn the_watchdog_is_told_again_and_again() {
    let manager = Manager::new();
    let server = Setup::new()
        .variable("NOTIFY_SOCKET", manager.path.to_str().unwrap())
        .variable("WATCHDOG_USEC", "400000")
        .start();
    // Nobody calls; the loop wakes up for this alone.
    for _ in 0..3 {
        manager.find("WATCHDOG=1");
    }
    server.stop();
}

#[test]
fn the_watchdog_of_another_process_is_not_ours() {
    let manager = Manager::new();
    let server = Setup::new()
        .variable("NOTIFY_SOCKET", manager.path.to_str().unwrap())
        .variable("WATCHDOG_USEC", "1000")
        .variable("WATCHDOG_PID", "1")
        .start();
    manager.find("READY=1");
    let mut ann = Client::enter(server.address(), "ann");
    ann.send("/quit");
    ann.rest();
    server.signal(Signal::TERM);
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "STOPPING=1") {
        told.push(manager.next());
    }
    assert!(told.iter().all(|told| told != "WATCHDOG=1"), "{told:?}");
}

#[test]
fn a_manager_that_is_gone_or_deaf_costs_nothing() {
    let manager = Manager::new();
    let path = manager.path.to_str().unwrap().to_owned();
    // Nobody takes what it is told: the socket's queue fills up, and the server goes on.
    let server = Setup::new()
        .variable("NOTIFY_SOCKET", &path)
        .variable("WATCHDOG_USEC", "4000")
        .start();
    let mut ann = Client::enter(server.address(), "ann");
    for _ in 0..100 {
        ann.skip_all();
    }
    drop(manager);
    ann.skip_all();
    server.stop();
    let server = Setup::new().variable("NOTIFY_SOCKET", &path).start();
    Client::enter(server.address(), "ann");
    server
        .log
        .expect("the service manager cannot be told anything");
    server.stop();
}

/// A server that was passed this socket under this name, by way of a shell that puts it where the protocol wants it.
fn start_with(socket: impl Into<OwnedFd>, name: &str) -> Setup {
    Setup::new().passing(socket.into(), name)
}

#[test]
fn a_passed_socket_stands_in_for_the_default_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Someone called before the server was there.
    let mut early = Client::connect(address);
    let server = start_with(listener, "madang.socket").start();
    assert_eq!(server.urls(), [format!("any://{address}")]);
    early.give_name("early");
    let mut irc = Irc::enter(address, "late");
    irc.send("JOIN #lobby");
    early.find("late joined #lobby");
    server.stop();
}

#[test]
fn a_passed_socket_stands_beside_listeners_that_were_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = start_with(listener, "irc?nodelay=false")
        .listen("telnet://127.0.0.1:0")
        .start();
    assert_eq!(server.urls()[0], format!("irc://{address}"));
    assert!(server.urls()[1].starts_with("telnet://127.0.0.1:"));
    let mut irc = Irc::enter(address, "ann");
    Client::enter(server.address_of(1), "bob");
    irc.send("JOIN #lobby");
    irc.until("366 ann #lobby <any>");
    server.stop();
}

#[test]
fn a_passed_datagram_socket_echoes() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = socket.local_addr().unwrap();
    let server = start_with(socket, "echo+udp").start();
    assert_eq!(server.urls(), [format!("echo+udp://{address}")]);
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    caller.set_read_timeout(Some(PATIENCE)).unwrap();
    caller.send_to(b"hello", address).unwrap();
    let mut bytes = [0; 16];
    let (length, _) = caller.recv_from(&mut bytes).unwrap();
    assert_eq!(&bytes[..length], b"hello");
    server.stop();
}

#[test]
fn a_name_that_cannot_be_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let Outcome { code, stderr, .. } = start_with(listener, "irc?nodelai=true").run();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("irc?nodelai=true"), "{stderr}");
    assert!(stderr.contains("did you mean \"nodelay\""), "{stderr}");
    let file = std::fs::File::open("/dev/null").unwrap();
    let Outcome { code, stderr, .. } = start_with(file, "any").run();
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("neither a TCP, a UDP nor a Unix socket"),
        "{stderr}"
    );
}

#[test]
fn a_connection_in_place_of_a_listener_is_told_with_the_way_out() {
    // What systemd passes for a socket unit with Accept=yes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (connection, _) = listener.accept().unwrap();
    let Outcome { code, stderr, .. } = start_with(connection, "connection").run();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("it is a connection"), "{stderr}");
    assert!(stderr.contains("Accept=no"), "{stderr}");
}

#[test]
fn sockets_that_were_passed_to_another_process_are_left_alone() {
    let server = Setup::new()
        .variable("LISTEN_FDS", "1")
        .variable("LISTEN_PID", "1")
        .listen("any://127.0.0.1:0")
        .start();
    assert_eq!(server.urls().len(), 1);
    Client::enter(server.address(), "ann");
    server.stop();
}

/// Whoever packages it starts from these.
#[test]
fn the_unit_files_are_in_order() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let service = std::fs::read_to_string(folder.join("madang.service")).unwrap();
    for line in [
        "Type=notify",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "WatchdogSec=30",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "SystemCallFilter=@system-service",
        "MemoryDenyWriteExecute=yes",
    ] {
        assert!(service.lines().any(|l| l == line), "{line}");
    }
    let socket = std::fs::read_to_string(folder.join("madang.socket")).unwrap();
    let name = socket
        .lines()
        .find_map(|l| l.strip_prefix("FileDescriptorName="));
    let name = name.expect("the socket has a name");
    assert_eq!(name, "any");
}

/// The shell command by which root copies certificates for the service, as the shell gets it.
fn copy_command() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/madang.service");
    let service = std::fs::read_to_string(path).unwrap();
    let commands: Vec<_> = ["ExecStartPre=+/bin/sh -euc '", "ExecReload=+/bin/sh -euc '"]
        .map(|start| service.split_once(start).expect("it copies").1)
        .map(|rest| rest.split_once('\'').expect("the command ends").0)
        .into();
    assert_eq!(commands[0], commands[1], "a reload copies as a start does");
    commands[0]
        .replace("\\\n", "")
        .replace("$$", "$")
        .replace("%%", "%")
}

/// With certbot's layout, by the user who runs the test in root's place.
#[test]
fn root_copies_certificates_for_the_service() {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };
    let place = std::env::temp_dir().join(format!("madang-copies-{}", std::process::id()));
    let _ = fs::remove_dir_all(&place);
    let place = Place(place);
    let [from, archive, live, to] =
        ["tls", "archive", "live", "run/tls"].map(|name| place.0.join(name));
    let command = copy_command()
        .replace("/etc/madang/tls", from.to_str().unwrap())
        .replace("/run/madang/tls", to.to_str().unwrap());
    let copy = || {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-euc", &command])
            .env("STATE_DIRECTORY", &place.0);
        shell.output().unwrap()
    };
    fs::create_dir_all(&place.0).unwrap();
    assert!(copy().status.success(), "without certificates");
    assert!(!to.exists());
    for folder in [&from, &archive, &live] {
        fs::create_dir(folder).unwrap();
    }
    assert!(copy().status.success(), "without certificates yet");
    symlink(&live, from.join("chat.example")).unwrap();
    let key = live.join("privkey.pem");
    for number in ["1", "2"] {
        let renewed = archive.join(number);
        fs::write(&renewed, number).unwrap();
        fs::set_permissions(&renewed, fs::Permissions::from_mode(0o600)).unwrap();
        let _ = fs::remove_file(&key);
        symlink(Path::new("../archive").join(number), &key).unwrap();
        let output = copy();
        assert!(output.status.success(), "{output:?}");
        let copied = to.join("chat.example/privkey.pem");
        assert_eq!(fs::read_to_string(&copied).unwrap(), number);
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&copied), 0o100_640, "a file, that the group may read");
        assert_eq!(mode(&to), 0o040_750);
    }
    fs::remove_file(archive.join("2")).unwrap();
    assert!(
        !copy().status.success(),
        "a link to nothing fails the reload"
    );
}

/// A directory that goes with the test.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// As far as the systemd of this machine is concerned, if it has one. Debian 12 has 252.
#[test]
fn the_unit_files_say_nothing_that_systemd_does_not_know() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let place = std::env::temp_dir().join(format!("madang-units-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let place = Place(place);
    for name in ["madang.service", "madang.socket"] {
        let unit = std::fs::read_to_string(folder.join(name)).unwrap();
        // Neither the binary nor the manual page is installed where the tests run.
        let unit = unit.replace("/usr/bin/madang serve", "/bin/true");
        let unit = unit.replace("Documentation=", "#");
        std::fs::write(place.0.join(name), unit).unwrap();
    }
    let mut command = Command::new("timeout");
    command.args(["60", "systemd-analyze", "verify"]);
    command.args(["madang.service", "madang.socket"].map(|name| place.0.join(name)));
    let Ok(output) = command.output() else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<_> = said
        .lines()
        .filter(|line| line.contains("madang."))
        .collect();
    assert_eq!(complaints, Vec::<&str>::new());
}
