//! An IRC client that reads messages apart and compares them with patterns.
//!
//! A pattern is written like a line of IRC. `<any>` stands for any text, and at the end of a pattern `<...>` for any parameters
//! that may follow. A pattern without a source wants the server's name or none; the source `:ann` wants `ann!<any>@<any>`. Tags
//! count only where a pattern begins with some: then there must be these and no others.
//!
//! Nothing waits by sleeping: a PING with a marker is sent behind each question, and what comes before its PONG is the answer.

use super::{Client, Server, Setup};
use std::{net::SocketAddr, ops::Deref};

/// The name that every server in these tests has.
pub(crate) const SERVER: &str = "madang.local";

/// Stands for any text in a pattern.
const ANY: &str = "<any>";

/// One message, read apart ("Modern IRC", section Client-to-Server Protocol Structure).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The line as it came.
    pub(crate) line: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) source: Option<String>,
    pub(crate) command: String,
    pub(crate) params: Vec<String>,
}

impl Message {
    pub(crate) fn parse(line: &str) -> Self {
        let mut rest = line;
        let mut tags = Vec::new();
        if let Some(tagged) = rest.strip_prefix('@') {
            let (text, behind) = tagged.split_once(' ').expect("a command behind the tags");
            tags.extend(text.split(';').map(|tag| {
                let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
                (key.to_owned(), unescape(value))
            }));
            rest = behind.trim_start_matches(' ');
        }
        let mut source = None;
        if let Some(sourced) = rest.strip_prefix(':') {
            let (text, behind) = sourced
                .split_once(' ')
                .expect("a command behind the source");
            source = Some(text.to_owned());
            rest = behind.trim_start_matches(' ');
        }
        let (middle, last) = match rest.split_once(" :") {
            Some((middle, last)) => (middle, Some(last)),
            None => (rest, None),
        };
        let mut words = middle.split(' ').filter(|word| !word.is_empty());
        let command = words.next().expect("a command").to_owned();
        let params = words.chain(last).map(str::to_owned).collect();
        let line = line.to_owned();
        Self {
            line,
            tags,
            source,
            command,
            params,
        }
    }

    /// The value of a tag.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        let mut tags = self.tags.iter().filter(|(known, _)| known == key);
        let value = tags.next().map(|(_, value)| value.as_str());
        assert!(tags.next().is_none(), "a tag twice: {}", self.line);
        value
    }

    /// The value of a tag that has to be there.
    #[track_caller]
    pub(crate) fn tagged(&self, key: &str) -> &str {
        let value = self.tag(key);
        value.unwrap_or_else(|| panic!("no tag {key:?} in {:?}", self.line))
    }

    /// A parameter, counted from 0; empty if it is not there.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The last parameter.
    #[track_caller]
    pub(crate) fn last(&self) -> &str {
        self.params.last().expect("a parameter")
    }

    /// Whether it is what a pattern describes.
    pub(crate) fn is(&self, pattern: &str) -> bool {
        let wanted = Self::parse(pattern);
        let source = self.source.as_deref();
        let has_source = match wanted.source.as_deref() {
            None => source.is_none_or(|source| source == SERVER),
            Some(nick) if nick.contains(['!', '.', '<']) => source.is_some_and(|s| fits(s, nick)),
            Some(nick) => source.is_some_and(|s| fits(s, &format!("{nick}!<any>@<any>"))),
        };
        let has_tags = wanted.tags.is_empty()
            || wanted.tags.len() == self.tags.len()
                && wanted
                    .tags
                    .iter()
                    .all(|(key, value)| self.tag(key).is_some_and(|found| fits(found, value)));
        let (params, is_open) = match wanted.params.split_last() {
            Some((last, params)) if last == "<...>" => (params, true),
            _ => (&wanted.params[..], false),
        };
        let has_number =
            self.params.len() == params.len() || is_open && self.params.len() > params.len();
        let mut pairs = self.params.iter().zip(params);
        has_source
            && has_tags
            && self.command == wanted.command
            && has_number
            && pairs.all(|(found, wanted)| fits(found, wanted))
    }
}

/// Whether a text is what a pattern with `<any>` in it describes.
fn fits(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once(ANY) else {
        return text == pattern;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.any(|at| fits(&rest[at..], after))
}

/// IRCv3 message-tags, section Escaping values.
fn unescape(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|escaped| match escaped {
                ':' => ';',
                's' => ' ',
                'r' => '\r',
                'n' => '\n',
                other => other,
            })),
            other => text.push(other),
        }
    }
    text
}

/// Some messages, in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Messages(pub(crate) Vec<Message>);

impl Deref for Messages {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.0
    }
}

impl Messages {
    /// Sees that they are what these patterns describe: no more, no less, in this order.
    #[track_caller]
    pub(crate) fn are(&self, patterns: &[&str]) {
        let fit = self.len() == patterns.len()
            && self
                .iter()
                .zip(patterns)
                .all(|(message, pattern)| message.is(pattern));
        assert!(
            fit,
            "wanted:\n{}\ngot:\n{}",
            patterns.join("\n"),
            self.text()
        );
    }

    /// Sees that there is exactly one that a pattern describes; that one.
    #[track_caller]
    pub(crate) fn one(&self, pattern: &str) -> &Message {
        let found: Vec<_> = self.iter().filter(|message| message.is(pattern)).collect();
        assert!(
            found.len() == 1,
            "wanted one:\n{pattern}\ngot:\n{}",
            self.text()
        );
        found[0]
    }

    /// Those with a command or numeric.
    pub(crate) fn all(&self, command: &str) -> Vec<&Message> {
        self.iter()
            .filter(|message| message.command == command)
            .collect()
    }

    /// Sees that there is none with these commands or numerics.
    #[track_caller]
    pub(crate) fn have_no(&self, commands: &[&str]) {
        for command in commands {
            assert!(
                self.all(command).is_empty(),
                "a {command} in:\n{}",
                self.text()
            );
        }
    }

    /// The commands and numerics.
    pub(crate) fn commands(&self) -> Vec<&str> {
        self.iter()
            .map(|message| message.command.as_str())
            .collect()
    }

    /// The words of the last parameters of those with a command, sorted.
    pub(crate) fn words_of(&self, command: &str) -> Vec<String> {
        let lines = self.all(command);
        let words = lines.iter().flat_map(|message| message.last().split(' '));
        let words = words.filter(|word| !word.is_empty());
        let mut words: Vec<_> = words.map(str::to_owned).collect();
        words.sort();
        words
    }

    /// The parameters at a place of those with a command, sorted.
    pub(crate) fn column(&self, command: &str, index: usize) -> Vec<String> {
        let lines = self.all(command);
        let mut column: Vec<_> = lines
            .iter()
            .map(|line| line.param(index).to_owned())
            .collect();
        column.sort();
        column
    }

    pub(crate) fn text(&self) -> String {
        let lines: Vec<_> = self.iter().map(|message| message.line.as_str()).collect();
        lines.join("\n")
    }
}

/// An IRC client.
#[derive(Debug)]
pub(crate) struct Irc {
    pub(crate) client: Client,
    markers: u32,
    /// Whether it asked for anything that comes with tags.
    tagged: bool,
}

impl Irc {
    /// Connects, and says nothing yet.
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let client = Client::connect(address);
        Self {
            client,
            markers: 0,
            tagged: false,
        }
    }

    /// Connects and registers; everything of the welcome is read.
    #[track_caller]
    pub(crate) fn enter(address: SocketAddr, nick: &str) -> Self {
        let mut irc = Self::connect(address);
        irc.register(nick);
        irc
    }

    /// The same with capabilities, which have to be granted.
    #[track_caller]
    pub(crate) fn enter_with(address: SocketAddr, nick: &str, caps: &[&str]) -> Self {
        let mut irc = Self::connect(address);
        irc.request(caps);
        irc.send("CAP END");
        irc.register(nick);
        irc
    }

    /// Asks for capabilities, which have to be granted.
    #[track_caller]
    pub(crate) fn request(&mut self, caps: &[&str]) {
        self.tagged = true;
        self.send(&format!("CAP REQ :{}", caps.join(" ")));
        let answer = self.next();
        assert_eq!((answer.param(1), answer.last()), ("ACK", &*caps.join(" ")));
    }

    /// Registers; the whole welcome.
    #[track_caller]
    pub(crate) fn register(&mut self, nick: &str) -> Messages {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick} the tester"));
        let welcome = self.drain();
        assert!(
            welcome.len() > 5 && welcome[0].command == "001",
            "{}",
            welcome.text()
        );
        welcome
    }

    #[track_caller]
    pub(crate) fn send(&mut self, line: &str) {
        self.client.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// The next message; none at the end of the stream.
    #[track_caller]
    pub(crate) fn try_next(&mut self) -> Option<Message> {
        let line = self.client.next_line()?;
        let tags = line
            .starts_with('@')
            .then(|| line.find(' '))
            .flatten()
            .map_or(0, |at| at + 1);
        assert!(tags <= 8191, "{tags} bytes of tags: {line:?}");
        assert!(
            tags == 0 || self.tagged,
            "tags for one who knows of none: {line:?}"
        );
        assert!(
            line.len() - tags <= 510,
            "{} bytes: {line:?}",
            line.len() - tags
        );
        Some(Message::parse(&line))
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> Message {
        self.try_next().expect("a message, not the end")
    }

    /// Reads on up to a message that a pattern describes; that message.
    #[track_caller]
    pub(crate) fn until(&mut self, pattern: &str) -> Message {
        loop {
            let message = self.next();
            if message.is(pattern) {
                return message;
            }
        }
    }

    /// What has come, and what came of all that was sent.
    #[track_caller]
    pub(crate) fn drain(&mut self) -> Messages {
        self.markers += 1;
        let marker = format!("marker-{}", self.markers);
        self.send(&format!("PING :{marker}"));
        let mut messages = Vec::new();
        loop {
            let message = self.next();
            if message.command == "PONG" && message.last() == marker {
                return Messages(messages);
            }
            messages.push(message);
        }
    }

    /// Sends a line; what comes of it.
    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> Messages {
        self.send(line);
        self.drain()
    }

    /// Sends a line and sees that these come of it, and nothing else.
    #[track_caller]
    pub(crate) fn check(&mut self, line: &str, patterns: &[&str]) {
        self.ask(line).are(patterns);
    }

    /// Sees that these have come, and nothing else.
    #[track_caller]
    pub(crate) fn sees(&mut self, patterns: &[&str]) {
        self.drain().are(patterns);
    }

    #[track_caller]
    pub(crate) fn sees_nothing(&mut self) {
        self.sees(&[]);
    }

    /// Everything up to the end of the stream, which has to be a good one.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Messages {
        Messages(std::iter::from_fn(|| self.try_next()).collect())
    }

    /// Sends a line and sees that it ends the connection: these come of it, and nothing else.
    #[track_caller]
    pub(crate) fn check_end(&mut self, line: &str, patterns: &[&str]) {
        self.send(line);
        self.rest().are(patterns);
    }
}

/// A server without flood control, and those who come to it.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) server: Server,
}

impl Net {
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With more lines in the configuration file.
    #[track_caller]
    pub(crate) fn with(config: &str) -> Self {
        let config = format!("[limits]\nmessages_per_second = 0\n{config}");
        let setup = Setup::new()
            .listen("irc://127.0.0.1:0")
            .listen("telnet://127.0.0.1:0");
        let setup = setup.config(&config);
        Self {
            server: setup.start(),
        }
    }

    /// Someone who has connected and said nothing.
    #[track_caller]
    pub(crate) fn newcomer(&self) -> Irc {
        Irc::connect(self.server.address())
    }

    /// Someone without capabilities.
    #[track_caller]
    pub(crate) fn enter(&self, nick: &str) -> Irc {
        Irc::enter(self.server.address(), nick)
    }

    /// Someone with capabilities.
    #[track_caller]
    pub(crate) fn enter_with(&self, nick: &str, caps: &[&str]) -> Irc {
        Irc::enter_with(self.server.address(), nick, caps)
    }

    /// People without capabilities in a room; the first is its operator. All have read everything.
    #[track_caller]
    pub(crate) fn room<const N: usize>(&self, room: &str, nicks: [&str; N]) -> [Irc; N] {
        let mut people = nicks.map(|nick| {
            let mut irc = self.enter(nick);
            irc.ask(&format!("JOIN {room}"));
            irc
        });
        for irc in &mut people {
            irc.drain();
        }
        people
    }

    /// A telnet user in the lobby.
    #[track_caller]
    pub(crate) fn telnet(&self, name: &str) -> Client {
        Client::enter(self.server.address_of(1), name)
    }
}

/// One server, Ann who is operator of `#a`, and Bob beside her.
#[track_caller]
pub(crate) fn ann_and_bob() -> (Net, Irc, Irc) {
    let net = Net::start();
    let [ann, bob] = net.room("#a", ["ann", "bob"]);
    (net, ann, bob)
}
