//! The server as a process: started with flags and a file, asked where it listens, ended with its test.

use super::{PATIENCE, Process, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, ToSocketAddrs},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

/// What a server is started with.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    listen: Vec<String>,
    flags: Vec<String>,
    config: Option<String>,
    descriptors: Option<u32>,
    address_space_kib: Option<u32>,
    variables: Vec<(String, String)>,
    passed: Option<OwnedFd>,
    before: Option<String>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    has_defaults: bool,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more listener. Without any, it is `any://127.0.0.1:0`.
    pub(crate) fn listen(mut self, url: &str) -> Self {
        self.listen.push(url.to_owned());
        self
    }

    /// One more word on the command line.
    pub(crate) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// The text of the configuration file.
    pub(crate) fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// No setting is added to the configuration. Without this, newcomers are in no room and see no message of the day, so
    /// that a test sees what it is about.
    pub(crate) fn with_defaults(mut self) -> Self {
        self.has_defaults = true;
        self
    }

    /// How many descriptors the process may have.
    pub(crate) fn descriptors(mut self, limit: u32) -> Self {
        self.descriptors = Some(limit);
        self
    }

    /// How much address space the process may have (`ulimit -v`).
    pub(crate) fn address_space_kib(mut self, limit: u32) -> Self {
        self.address_space_kib = Some(limit);
        self
    }

    /// One more variable in its environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Passes a socket, as a service manager does. It is told nothing of listeners unless there are some beside it.
    pub(crate) fn passing(mut self, socket: OwnedFd, name: &str) -> Self {
        self.passed = Some(socket);
        self.variable("LISTEN_FDNAMES", name)
    }

    /// What a shell does before it becomes the server.
    pub(crate) fn before(mut self, script: &str) -> Self {
        self.before = Some(script.to_owned());
        self
    }

    /// Where its standard output goes, if it is not looked at; it is to be [started mute](Self::start_mute) then.
    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Where its log goes; without this it is followed.
    pub(crate) fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Starts it without waiting for what it says.
    #[track_caller]
    pub(crate) fn start_mute(self) -> Server {
        let (mut child, file) = self.spawn();
        let log = child.stderr.take().map(Log::follow).unwrap_or_default();
        Server {
            child,
            urls: Vec::new(),
            log,
            file,
        }
    }

    /// Starts it and waits until it listens.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        let passed = usize::from(self.passed.is_some());
        // A name with two addresses is told as two.
        let has_two = |url: &&String| url.contains("://localhost") && is_ipv6_there();
        let named = self.listen.iter().filter(has_two).count();
        let listeners = (self.listen.len() + named + passed).max(1);
        let (mut child, file) = self.spawn();
        let log = child.stderr.take().map(Log::follow).unwrap_or_default();
        let (tell, told) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut server = Server {
            child,
            urls: Vec::new(),
            log,
            file,
        };
        for _ in 0..listeners {
            let line = told.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it does not listen: {}", server.log.text()));
            let url = line.strip_prefix("listening ").expect("where it listens");
            server.urls.push(url.to_owned());
        }
        server
    }

    /// Starts it and waits until it ends by itself.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        let (mut child, _file) = self.spawn();
        let [stdout, stderr] = [
            read_aside(child.stdout.take().expect("a pipe")),
            read_aside(child.stderr.take().expect("a pipe")),
        ];
        let mut guard = Guard(child);
        let code = wait_for("its end", || guard.0.try_wait().expect("a child")).code();
        let [stdout, stderr] = [stdout, stderr].map(|text| text.join().expect("UTF-8"));
        Outcome {
            code,
            stdout,
            stderr,
        }
    }

    fn spawn(self) -> (Child, Option<TempFile>) {
        let binary = env!("CARGO_BIN_EXE_madang");
        // Neither can a descriptor be given a number from here, nor a limit to a child, nor can a variable hold the
        // child's process; a shell can do all of it, and `exec` keeps the process.
        let mut script: Vec<String> = self.before.into_iter().collect();
        script.extend(self.descriptors.map(|limit| format!("ulimit -n {limit}")));
        let address_space = self.address_space_kib;
        script.extend(address_space.map(|limit| format!("ulimit -v {limit}")));
        let passes = self.passed.is_some();
        if passes {
            script.push("exec 3<&0 </dev/null".to_owned());
        }
        let mut command = Command::new(if script.is_empty() { binary } else { "sh" });
        if !script.is_empty() {
            let variables = if passes {
                "LISTEN_FDS=1 LISTEN_PID=$$"
            } else {
                ""
            };
            let script = format!("{} && {variables} exec \"$0\" \"$@\"", script.join(" && "));
            command.args(["-c", &script, binary]);
        }
        command.arg("serve");
        if self.listen.is_empty() && self.passed.is_none() {
            command.args(["--listen", "any://127.0.0.1:0"]);
        }
        for url in &self.listen {
            command.args(["--listen", url]);
        }
        let is_quiet = !self.has_defaults && !self.flags.iter().any(|flag| flag == "--config");
        let config = match is_quiet {
            true => Some(quiet(&self.config.unwrap_or_default())),
            false => self.config,
        };
        let file = config.map(|text| TempFile::new("toml", &text));
        if let Some(file) = &file {
            command.arg("--config").arg(file.path());
        }
        // A whole suite may run in the stricter sandbox. A test that chooses one itself keeps it.
        if let Ok(mode) = std::env::var("MADANG_TEST_SANDBOX") {
            if !self.flags.iter().any(|flag| flag == "--sandbox") {
                command.args(["--sandbox", &mode]);
            }
        }
        command.args(&self.flags).envs(self.variables);
        command.stdin(self.passed.map_or_else(Stdio::null, Stdio::from));
        command.stdout(self.stdout.unwrap_or_else(Stdio::piped));
        command.stderr(self.stderr.unwrap_or_else(Stdio::piped));
        (command.spawn().expect("the binary starts"), file)
    }
}

/// The configuration with no rooms at the start, no message of the day and no replay, unless it has its own: so a test sees
/// what it is about, and no more.
fn quiet(config: &str) -> String {
    let mut lines = String::new();
    for (key, line) in [("join", "join = []\n"), ("motd", "motd = \"\"\n")] {
        if !config
            .lines()
            .any(|line| line.trim_start().starts_with(key))
        {
            lines += line;
        }
    }
    let history = "[history]\n";
    let config = &match config.contains("replay") {
        true => config.to_owned(),
        false if config.contains(history) => config.replacen(history, "[history]\nreplay = 0\n", 1),
        false => format!("{config}\n{history}replay = 0\n"),
    };
    let head = "[server]\n";
    match config.find(head) {
        Some(at) => format!(
            "{}{lines}{}",
            &config[..at + head.len()],
            &config[at + head.len()..]
        ),
        None => format!("{config}\n{head}{lines}"),
    }
}

fn is_ipv6_there() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok()
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running server; it is killed with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    urls: Vec<String>,
    pub(crate) log: Log,
    file: Option<TempFile>,
}

impl Server {
    /// A chat server with the defaults on a port of its own.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    /// Where its first listener is.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address_of(0)
    }

    /// Where a listener is, by its place on the command line.
    #[track_caller]
    pub(crate) fn address_of(&self, index: usize) -> SocketAddr {
        let (_, rest) = self.urls[index].split_once("://").expect("a URL");
        let authority = rest.split(['?', '/']).next().unwrap_or_default();
        let mut addresses = authority.to_socket_addrs().expect("host and port");
        addresses.next().expect("an address")
    }

    /// The URLs it says it listens at.
    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Its configuration file.
    pub(crate) fn config_file(&self) -> &Path {
        self.file.as_ref().expect("it was started with one").path()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), signal).expect("it runs");
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits until it ends; its exit code.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let child = &mut self.child;
        wait_for("the server's end", || child.try_wait().expect("a child")).code()
    }

    /// Sees that it has taken no harm: it runs, and nothing in it has panicked.
    #[track_caller]
    pub(crate) fn expect_unharmed(&mut self) {
        let log = self.log.text();
        assert!(self.is_running(), "it has ended: {log}");
        assert!(!log.contains("panicked"), "{log}");
    }

    /// Ends it as an operator does, and sees that it ends well.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        assert_eq!(self.wait(), Some(0), "{}", self.log.text());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the server has logged so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    fn follow(pipe: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let text = log.0.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut text = text.lock().expect("no writer panics");
                text.push_str(&line);
                text.push('\n');
            }
        });
        log
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().expect("no writer panics").clone()
    }

    /// Waits for a line with these words in it.
    #[track_caller]
    pub(crate) fn expect(&self, words: &str) -> String {
        wait_for(&format!("{words:?} in the log"), || {
            let text = self.text();
            let mut lines = text.lines();
            lines.find(|line| line.contains(words)).map(str::to_owned)
        })
    }

    /// Waits until so many lines have these words in them.
    #[track_caller]
    pub(crate) fn expect_times(&self, words: &str, count: usize) {
        wait_for(&format!("{words:?} in the log, {count} times"), || {
            let text = self.text();
            let found = text.lines().filter(|line| line.contains(words)).count();
            (found >= count).then_some(())
        });
    }
}

/// A file that is gone with its test.
#[derive(Debug)]
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new(extension: &str, text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("madang-{}-{number}.{extension}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).expect("a writable directory for temporary files");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(&self.0, text).expect("it could be written before");
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn read_aside(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}
