//! A client that speaks lines, with a deadline on every read.

use super::{PATIENCE, QUESTION};
use socket2::{Domain, SockRef, Socket, Type};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// One connection to the server.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// Read, and not looked at yet.
    unread: Vec<u8>,
    markers: u32,
}

/// Connects with a receive buffer of that size, so that the kernel does not read megabytes on behalf of one who does not.
#[track_caller]
pub(crate) fn connect_with(address: SocketAddr, receive_buffer: usize) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    socket
        .set_recv_buffer_size(receive_buffer)
        .expect("a size within the system's limits");
    socket.connect(&address.into()).expect("it listens");
    socket.into()
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("it listens"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("not a zero timeout");
        Self {
            stream,
            unread: Vec::new(),
            markers: 0,
        }
    }

    /// Connects, gives a name, and has read everything up to being in the lobby.
    #[track_caller]
    pub(crate) fn enter(address: SocketAddr, name: &str) -> Self {
        let mut client = Self::connect(address);
        client.give_name(name);
        client
    }

    /// Gives a name, and reads everything up to being in the lobby.
    #[track_caller]
    pub(crate) fn give_name(&mut self, name: &str) {
        self.send(name);
        self.skip_to(QUESTION);
        self.expect(&format!("* {name} joined #lobby"));
        self.skip_all();
    }

    /// The same for one who has been greeted already.
    #[track_caller]
    pub(crate) fn give_name_again(&mut self, name: &str) {
        self.send(name);
        self.expect(&format!("* {name} joined #lobby"));
        self.skip_all();
    }

    /// Sends a line.
    #[track_caller]
    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it reads");
    }

    /// No more from us; what comes is still read.
    pub(crate) fn end_input(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the connection at once, and badly: the server sees a reset.
    pub(crate) fn reset(self) {
        let socket = SockRef::from(&self.stream);
        socket
            .set_linger(Some(Duration::ZERO))
            .expect("a TCP socket");
    }

    /// The next line, without its CR LF; none at the end of the stream.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = line.strip_suffix(b"\r\n");
                let line = line.expect("a line ends with CR LF").to_vec();
                return Some(String::from_utf8(line).expect("what the server says is UTF-8"));
            }
            if self.read_more(deadline) == 0 {
                assert!(self.unread.is_empty(), "half a line: {:?}", self.unread);
                return None;
            }
        }
    }

    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        self.next_line().expect("a line, not the end")
    }

    /// Sees that this is the next line.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Sees that these are the next lines.
    #[track_caller]
    pub(crate) fn expect_all(&mut self, lines: &[&str]) {
        for line in lines {
            self.expect(line);
        }
    }

    /// Sees that the next line begins like this; the whole line.
    #[track_caller]
    pub(crate) fn expect_prefix(&mut self, prefix: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(prefix), "{line:?}, not {prefix:?}...");
        line
    }

    /// Reads on up to this line.
    #[track_caller]
    pub(crate) fn skip_to(&mut self, line: &str) {
        while self.line() != line {}
    }

    /// Reads on up to a line with these words; that line.
    #[track_caller]
    pub(crate) fn find(&mut self, words: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Reads all that came before the answer to what was sent last.
    #[track_caller]
    pub(crate) fn skip_all(&mut self) {
        let marker = self.send_marker();
        self.skip_to(&marker);
    }

    /// Sees that nothing has come that was not looked at, nor comes of what was sent: the answer to a marker is the next line.
    #[track_caller]
    pub(crate) fn expect_nothing_more(&mut self) {
        let marker = self.send_marker();
        assert_eq!(self.line(), marker, "more than was expected");
    }

    /// A command that is none is answered to its sender alone, even to one without a name.
    #[track_caller]
    fn send_marker(&mut self) -> String {
        self.markers += 1;
        let marker = format!("marker-{}", self.markers);
        self.send(&format!("/{marker}"));
        format!("! unknown command /{marker}; try /help")
    }

    /// Sees that the stream ends here, and well.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let line = self.next_line();
        assert_eq!(line, None, "a line instead of the end");
    }

    /// Everything up to the end of the stream, which has to be a good one.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        String::from_utf8(self.rest_bytes()).expect("what the server says is UTF-8")
    }

    #[track_caller]
    pub(crate) fn rest_bytes(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        while self.read_more(deadline) > 0 {}
        std::mem::take(&mut self.unread)
    }

    /// Everything up to the end of the stream, or what the kernel says if it is not a good one.
    #[track_caller]
    pub(crate) fn try_rest(&mut self) -> io::Result<String> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = Vec::new();
        match self.stream.read_to_end(&mut text) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                panic!("nothing came for {PATIENCE:?}")
            }
            result => result.map(|_| String::from_utf8_lossy(&text).into_owned()),
        }
    }

    /// The next `count` bytes.
    #[track_caller]
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        while self.unread.len() < count {
            assert_ne!(self.read_more(deadline), 0, "only {:?}", self.unread);
        }
        self.unread.drain(..count).collect()
    }

    /// Reads on up to these bytes and behind them.
    #[track_caller]
    pub(crate) fn skip_to_bytes(&mut self, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut windows = self.unread.windows(bytes.len());
            if let Some(at) = windows.position(|window| window == bytes) {
                self.unread.drain(..at + bytes.len());
                return;
            }
            assert_ne!(self.read_more(deadline), 0, "only {:?}", self.unread);
        }
    }

    /// Reads once; how many bytes, none at the end.
    #[track_caller]
    fn read_more(&mut self, deadline: Instant) -> usize {
        let mut buffer = [0; 64 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "nothing came for {PATIENCE:?}; unread: {:?}",
                String::from_utf8_lossy(&self.unread)
            );
            self.stream
                .set_read_timeout(Some(left))
                .expect("not a zero timeout");
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    return count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("{error}; unread: {:?}", self.unread),
            }
        }
    }
}
