//! One line being handled: what a command reads, and how it answers.
//!
//! A [`Request`] appends to the connection's answer and gives it back before anything is applied, so that replies keep
//! their order with the events that follow. Does not know commands.

use super::{
    server_context::{ServerContext, ServerInfo},
    state::Irc,
};
use crate::{
    chat::{Command, Hub, Nick, Refusal, RoomId, RoomName, User, UserId},
    protocol::{
        TurnedAway,
        irc::{
            codec::{line::Line, numeric::*, ready::ReadyReplies, reply::ReplyPrefix},
            paged_reply::{Page, PagedReply},
            refusal,
        },
    },
};
use std::{borrow::Cow, fmt::Display, mem};

/// See the module's documentation.
pub(crate) struct Request<'a> {
    pub(crate) irc: &'a mut Irc,
    pub(crate) ctx: &'a mut dyn ServerContext,
    /// The label of the line, until it is taken.
    pub(crate) label: Option<Cow<'a, str>>,
    /// A reply in pages that the command began: its first page follows what is answered so far.
    pub(super) reply: Option<PagedReply>,
    /// The connection's answer, while lines are appended to it here: lent by the context, so that no line needs memory of
    /// its own. `None`: the context has it.
    answer: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        irc: &'a mut Irc,
        ctx: &'a mut dyn ServerContext,
        label: Option<Cow<'a, str>>,
    ) -> Self {
        Self {
            irc,
            ctx,
            label,
            reply: None,
            answer: None,
        }
    }

    /// Gives the answer back, before something else appends to it: an event, or the next request.
    pub(crate) fn flush(&mut self) {
        if let Some(answer) = self.answer.take() {
            *self.ctx.answer() = answer;
        }
    }

    /// How long the answer is.
    pub(crate) fn answer_len(&mut self) -> usize {
        match &self.answer {
            Some(answer) => answer.len(),
            None => self.ctx.answer().len(),
        }
    }

    /// The parts of a reply at once: how it begins, the hub to read from, and the answer to append to.
    pub(crate) fn split(&mut self) -> (ReplyPrefix<'_>, &Hub, &mut Vec<u8>) {
        let out = self
            .answer
            .get_or_insert_with(|| mem::take(self.ctx.answer()));
        let ctx = &*self.ctx;
        let user = ctx.user().and_then(|id| ctx.hub().user(id));
        let prefix = ReplyPrefix {
            server: &ctx.server_info().name,
            client: user.map_or("*", |user| user.nick().as_str()),
        };
        (prefix, ctx.hub(), out)
    }

    /// Replies that were encoded before: those that `choose` takes from the server's description.
    pub(crate) fn ready(&mut self, choose: impl FnOnce(&ServerInfo) -> &ReadyReplies) {
        let out = self
            .answer
            .get_or_insert_with(|| mem::take(self.ctx.answer()));
        let ctx = &*self.ctx;
        let user = ctx.user().and_then(|id| ctx.hub().user(id));
        let nick = user.map_or("*", |user| user.nick().as_str());
        choose(ctx.server_info()).write(nick, out);
    }

    /// The same, with the client's own record. `None` before registration.
    pub(crate) fn split_with_user(
        &mut self,
    ) -> Option<(ReplyPrefix<'_>, &Hub, &mut Vec<u8>, UserId, &User)> {
        let out = self
            .answer
            .get_or_insert_with(|| mem::take(self.ctx.answer()));
        let ctx = &*self.ctx;
        let me = ctx.user()?;
        let user = ctx.hub().user(me)?;
        let prefix = ReplyPrefix {
            server: &ctx.server_info().name,
            client: user.nick().as_str(),
        };
        Some((prefix, ctx.hub(), out, me, user))
    }

    /// A numeric reply with its usual text.
    pub(crate) fn reply(&mut self, numeric: Numeric, params: &[&str]) {
        self.reply_words(numeric, params, numeric.words);
    }

    /// A numeric reply with a text that needs no formatting.
    pub(crate) fn reply_words(&mut self, numeric: Numeric, params: &[&str], words: &str) {
        let (prefix, _, out) = self.split();
        let line = prefix.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.words(words).end();
    }

    /// Makes room for a long answer: it would grow to it step by step otherwise.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        let (_, _, out) = self.split();
        out.reserve(bytes);
    }

    /// A numeric reply with a text of its own.
    pub(crate) fn reply_with(&mut self, numeric: Numeric, params: &[&str], words: impl Display) {
        let (prefix, _, out) = self.split();
        let line = prefix.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.text(words).end();
    }

    /// A text is no nick, and why.
    pub(crate) fn refuse_nick(&mut self, text: &str, why: impl Display) {
        let words = ERR_ERRONEUSNICKNAME.words;
        self.reply_with(
            ERR_ERRONEUSNICKNAME,
            &[text],
            format_args!("{words}: {why}"),
        );
    }

    /// A numeric reply whose last parameter is no text.
    pub(crate) fn reply_params(&mut self, numeric: Numeric, params: &[&str]) {
        let (prefix, _, out) = self.split();
        let line = prefix.numeric(numeric, out);
        let line = params.iter().fold(line, |line, param| line.word(param));
        line.end();
    }

    /// A line of another kind from the server.
    pub(crate) fn line(&mut self, write: impl FnOnce(Line<'_>) -> Line<'_>) {
        let (prefix, _, out) = self.split();
        write(Line::new(out).source(prefix.server)).end();
    }

    /// `FAIL` (IRCv3 standard-replies). Also to clients that did not ask for it: they would not learn why otherwise.
    pub(crate) fn fail(&mut self, command: &str, code: &str, context: &[&str], words: &str) {
        let (prefix, _, out) = self.split();
        let mut line = Line::new(out)
            .source(prefix.server)
            .command("FAIL")
            .param(command)
            .param(code);
        for param in context {
            line = line.param(param);
        }
        line.text(words).end();
    }

    /// A notice from the server for this client alone.
    pub(crate) fn notice(&mut self, words: impl Display) {
        let (prefix, _, out) = self.split();
        prefix.notice(words, out);
    }

    /// Applies a command; its events come after the answer so far.
    pub(crate) fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        self.flush();
        self.ctx.apply(command)
    }

    /// The same, and answers a refusal with its numeric.
    pub(crate) fn apply_or_refuse(&mut self, command: Command<'_>) {
        if let Err(refusal) = self.apply(command) {
            self.refuse(&refusal);
        }
    }

    /// Ends the connection, with ERROR as its last line.
    pub(crate) fn end(&mut self, reason: &str, quit: &str) {
        self.flush();
        self.ctx.quit(quit);
        self.close_link(reason);
    }

    /// The same for a client that did not ask for it.
    pub(crate) fn turn_away(&mut self, why: TurnedAway, reason: &str) {
        self.flush();
        self.ctx.turn_away(why);
        self.close_link(reason);
    }

    fn close_link(&mut self, reason: &str) {
        let host = self.ctx.host();
        let (_, _, out) = self.split();
        Line::new(out)
            .command("ERROR")
            .text(format_args!("Closing Link: {host} ({reason})"))
            .end();
    }

    /// The user, once registered.
    pub(crate) fn me(&self) -> Option<UserId> {
        self.ctx.user()
    }

    /// Whether the user is an operator of the server.
    pub(crate) fn is_operator(&self) -> bool {
        let user = self.me().and_then(|me| self.ctx.hub().user(me));
        user.is_some_and(User::is_operator)
    }

    /// A room's name as IRC has it: with its `#`.
    pub(crate) fn room_name(&self, text: &str) -> Option<RoomName> {
        let rules = self.ctx.hub().rules();
        text.starts_with('#')
            .then(|| RoomName::parse(text, rules).ok())
            .flatten()
    }

    /// A room that exists, by name.
    pub(crate) fn find_room(&self, text: &str) -> Option<RoomId> {
        let name = self.room_name(text)?;
        self.ctx.hub().find_room(&name)
    }

    /// A nick, if the text is one.
    pub(crate) fn nick(&self, text: &str) -> Option<Nick> {
        Nick::parse(text, self.ctx.hub().rules()).ok()
    }

    /// Writes the next page of a reply; returns whether it was the last.
    pub(crate) fn write_page(&mut self, reply: &mut PagedReply) -> bool {
        let caps = self.irc.caps;
        let bytes_max = self.ctx.server_info().page_bytes;
        let Some((prefix, hub, out, _, user)) = self.split_with_user() else {
            return true;
        };
        let full = out.len() + bytes_max;
        reply.write(&Page::new(prefix, (hub, user), caps, full), out)
    }

    /// Begins a reply in pages, of which most have one. It is the last thing that a command answers.
    pub(crate) fn start_pages(&mut self, reply: PagedReply) {
        debug_assert!(!self.irc.is_busy(), "one reply in pages at a time");
        self.reply = Some(reply);
    }

    /// Answers a refusal.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) {
        let (prefix, _, out) = self.split();
        refusal::write(refusal, prefix, out);
    }
}
