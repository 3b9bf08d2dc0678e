//! The handling of one line: what handlers answer with.
//!
//! A [`Call`] collects lines and hands them to the answer before anything is applied, so that they keep their order
//! with the events that follow. Owns those lines. Does not know commands.

use super::{
    Irc,
    line::{BODY_BYTES_MAX, Line},
    numeric::*,
    server_context::ServerContext,
};
use crate::{
    chat::{Command, Hub, Nick, Refusal, RoomId, RoomName, User, UserId},
    protocol::TurnedAway,
};
use std::{borrow::Cow, fmt::Display, mem};

/// See the module's documentation.
pub(super) struct Call<'a> {
    pub(super) irc: &'a mut Irc,
    pub(super) ctx: &'a mut dyn ServerContext,
    /// The label of the line, until someone takes it.
    pub(super) label: Option<Cow<'a, str>>,
    /// Lines that are not in the answer yet.
    out: Vec<u8>,
}

/// Who speaks to whom in a reply.
#[derive(Clone, Copy)]
pub(super) struct Heading<'c> {
    pub(super) server: &'c str,
    /// The client's name; `*` while it has none.
    pub(super) client: &'c str,
}

impl<'c> Heading<'c> {
    /// Begins a numeric reply: its source, number and first parameter.
    pub(super) fn numeric<'o>(self, numeric: Numeric, out: &'o mut Vec<u8>) -> Line<'o> {
        Line::new(out)
            .server(self.server)
            .command(numeric.code)
            .word(self.client)
    }

    /// Appends a notice from the server for this client alone.
    pub(super) fn notice(self, text: impl Display, out: &mut Vec<u8>) {
        Line::new(out)
            .source(self.server)
            .command("NOTICE")
            .param(self.client)
            .text(text)
            .end();
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(
        irc: &'a mut Irc,
        ctx: &'a mut dyn ServerContext,
        label: Option<Cow<'a, str>>,
    ) -> Self {
        let out = Vec::new();
        Self {
            irc,
            ctx,
            label,
            out,
        }
    }

    /// Puts what was collected into the answer.
    pub(super) fn flush(&mut self) {
        if !self.out.is_empty() {
            self.ctx.answer().append(&mut self.out);
        }
    }

    /// The hub to read from and a place to write to, at once.
    pub(super) fn parts(&mut self) -> (Heading<'_>, &Hub, &mut Vec<u8>) {
        if self.out.capacity() == 0 {
            // Room for a few lines: it would grow to it byte by byte otherwise.
            self.out.reserve(BODY_BYTES_MAX);
        }
        let ctx = &*self.ctx;
        let user = ctx.user().and_then(|id| ctx.hub().user(id));
        let heading = Heading {
            server: &ctx.server_info().name,
            client: user.map_or("*", |user| user.nick().as_str()),
        };
        (heading, ctx.hub(), &mut self.out)
    }

    /// The same, with the caller's own record. `None` before registration.
    pub(super) fn parts_with_me(
        &mut self,
    ) -> Option<(Heading<'_>, &Hub, &mut Vec<u8>, UserId, &User)> {
        let ctx = &*self.ctx;
        let me = ctx.user()?;
        let user = ctx.hub().user(me)?;
        let heading = Heading {
            server: &ctx.server_info().name,
            client: user.nick().as_str(),
        };
        Some((heading, ctx.hub(), &mut self.out, me, user))
    }

    /// A numeric reply with its usual words.
    pub(super) fn reply(&mut self, numeric: Numeric, params: &[&str]) {
        self.reply_words(numeric, params, numeric.words);
    }

    /// A numeric reply with words that are at hand.
    pub(super) fn reply_words(&mut self, numeric: Numeric, params: &[&str], words: &str) {
        let (heading, _, out) = self.parts();
        let line = heading.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.words(words).end();
    }

    /// Makes room for a long answer: it would grow to it step by step otherwise.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// A numeric reply with words of its own.
    pub(super) fn reply_with(&mut self, numeric: Numeric, params: &[&str], words: impl Display) {
        let (heading, _, out) = self.parts();
        let line = heading.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.text(words).end();
    }

    /// A text is no nick, and why.
    pub(super) fn refuse_nick(&mut self, text: &str, why: impl Display) {
        let words = ERR_ERRONEUSNICKNAME.words;
        self.reply_with(
            ERR_ERRONEUSNICKNAME,
            &[text],
            format_args!("{words}: {why}"),
        );
    }

    /// A numeric reply whose last parameter is not words.
    pub(super) fn reply_params(&mut self, numeric: Numeric, params: &[&str]) {
        let (heading, _, out) = self.parts();
        let line = heading.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.end();
    }

    /// A line of another kind from the server.
    pub(super) fn line(&mut self, write: impl FnOnce(Line<'_>) -> Line<'_>) {
        let (heading, _, out) = self.parts();
        write(Line::new(out).source(heading.server)).end();
    }

    /// `FAIL` (IRCv3 standard-replies). Also to clients that did not ask for it: they would not learn why otherwise.
    pub(super) fn fail(&mut self, command: &str, code: &str, context: &[&str], words: &str) {
        let (heading, _, out) = self.parts();
        let mut line = Line::new(out)
            .source(heading.server)
            .command("FAIL")
            .param(command)
            .param(code);
        for param in context {
            line = line.param(param);
        }
        line.text(words).end();
    }

    /// Words from the server for this client alone.
    pub(super) fn notice(&mut self, words: impl Display) {
        let (heading, _, out) = self.parts();
        heading.notice(words, out);
    }

    /// Applies a command; what it brings about stands behind what was answered so far.
    pub(super) fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        self.flush();
        self.ctx.apply(command)
    }

    /// The same, and answers a refusal with its numeric.
    pub(super) fn apply_or_refuse(&mut self, command: Command<'_>) {
        if let Err(refusal) = self.apply(command) {
            self.refuse(&refusal);
        }
    }

    /// Ends the connection, with ERROR as its last line.
    pub(super) fn end(&mut self, reason: &str, quit: &str) {
        self.flush();
        self.ctx.quit(quit);
        self.close_link(reason);
    }

    /// The same for someone who did not ask for it.
    pub(super) fn turn_away(&mut self, why: TurnedAway, reason: &str) {
        self.flush();
        self.ctx.turn_away(why);
        self.close_link(reason);
    }

    fn close_link(&mut self, reason: &str) {
        let host = self.ctx.host();
        Line::new(&mut self.out)
            .command("ERROR")
            .text(format_args!("Closing Link: {host} ({reason})"))
            .end();
    }

    /// Who calls, once registered.
    pub(super) fn me(&self) -> Option<UserId> {
        self.ctx.user()
    }

    /// Whether the caller is an operator of the server.
    pub(super) fn is_operator(&self) -> bool {
        let user = self.me().and_then(|me| self.ctx.hub().user(me));
        user.is_some_and(User::is_operator)
    }

    /// A room's name as IRC has it: with its `#`.
    pub(super) fn room_name(&self, text: &str) -> Option<RoomName> {
        let rules = self.ctx.hub().rules();
        text.starts_with('#')
            .then(|| RoomName::parse(text, rules).ok())
            .flatten()
    }

    /// A room that exists and that the caller may know of.
    pub(super) fn find_room(&self, text: &str) -> Option<RoomId> {
        let name = self.room_name(text)?;
        self.ctx.hub().find_room(&name)
    }

    /// A nick, if the text is one.
    pub(super) fn nick(&self, text: &str) -> Option<Nick> {
        Nick::parse(text, self.ctx.hub().rules()).ok()
    }

    /// A reference for a new batch.
    pub(super) fn next_batch(&mut self) -> String {
        self.irc.next_batch()
    }

    /// Takes the collected lines, to put something before them.
    pub(super) fn take_out(&mut self) -> Vec<u8> {
        mem::take(&mut self.out)
    }
}
