//! One connection that speaks IRC: its lines go in, what they do to the chat and what is answered comes out through a
//! [`ServerContext`].
//!
//! The caller cuts frames off its input with [`Irc::next_frame`] and hands lines to [`Irc::handle_line`].
//!
//! ```text
//! state.rs      what is remembered of a connection   request.rs         one line's answers
//! register.rs   up to the welcome                    multiline.rs       an open message of several lines
//! label.rs      the answer to a labelled line        server_context.rs  what the server does for IRC
//! ```
//!
//! Invariant: a reply is bounded however long a list is, for long ones come in pages as the client reads. Does not know
//! sockets, nor other connections.

pub mod label;
pub(super) mod multiline;
pub(super) mod register;
pub(super) mod request;
pub(super) mod resume;
pub mod server_context;
pub mod state;

use super::{
    caps::Cap,
    codec::{
        frames,
        message::Message,
        numeric::{ERR_INPUTTOOLONG, ERR_PASSWDMISMATCH},
    },
    commands::{
        accounts, authenticate, chathistory, operators, register_account, replay, rooms, table,
        webirc,
    },
    paged_reply::PagedReply,
};
use crate::chat::RoomId;
use crate::protocol::{
    Checked,
    account::{AccountError, AccountOutcome},
    decoded::{Decoded, Frame},
    history::HistoryDone,
};
use request::Request;
use server_context::ServerContext;
use state::{Asked, Irc, Pending};
use std::borrow::Cow;

impl Irc {
    /// Takes the first line off the input; the contract is that of `Frames::next`.
    pub fn next_frame<'a>(&mut self, input: &'a [u8], searched: &mut usize) -> Decoded<Frame<'a>> {
        self.frames.next(input, searched)
    }

    /// Handles one line.
    pub fn handle_line(&mut self, line: &[u8], ctx: &mut dyn ServerContext) {
        let text = match std::str::from_utf8(line) {
            Ok(text) if !text.contains(['\0', '\r', '\n']) => text,
            _ => return self.refuse_bytes(line, ctx),
        };
        let Some(message) = Message::parse(text) else {
            return;
        };
        let start = ctx.answer().len();
        let label = self.label_of(&message);
        let mut request = Request::new(self, ctx, label);
        table::dispatch(&mut request, &message);
        if let Some(reply) = request.reply.take() {
            write_page(&mut request, reply, None);
        }
        request.flush();
        let label = request.label.take().map(Cow::into_owned);
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
        let mut deferred = std::mem::take(ctx.deferred());
        ctx.answer().append(&mut deferred);
    }

    /// Handles a message that came without line ends, as WebSocket carries them (IRCv3 websocket): one line, whose end may
    /// be missing. Nothing in it is a second line.
    pub fn handle_message(&mut self, message: &[u8], ctx: &mut dyn ServerContext) {
        let line = message.strip_suffix(b"\n").unwrap_or(message);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if frames::is_too_long(line) {
            self.handle_too_long(ctx);
        } else {
            self.handle_line(line, ctx);
        }
    }

    /// Answers that a line was too long.
    pub fn handle_too_long(&mut self, ctx: &mut dyn ServerContext) {
        let mut request = Request::new(self, ctx, None);
        request.reply(ERR_INPUTTOOLONG, &[]);
        request.flush();
    }

    /// Refuses a line that is no text. Its command and label may be legible all the same.
    fn refuse_bytes(&mut self, line: &[u8], ctx: &mut dyn ServerContext) {
        let text: String = String::from_utf8_lossy(line)
            .chars()
            .filter(|c| !matches!(c, '\0' | '\r' | '\n'))
            .collect();
        let message = Message::parse(&text);
        let start = ctx.answer().len();
        let label = message.as_ref().and_then(|message| self.label_of(message));
        let command = message.map(|message| message.command.to_ascii_uppercase());
        let is_word = |word: &String| word.bytes().all(|b| b.is_ascii_alphanumeric());
        let command = command.filter(is_word).unwrap_or("*".into());
        let (code, words) = if std::str::from_utf8(line).is_err() {
            (
                "INVALID_UTF8",
                "Message rejected: this server speaks UTF-8 only",
            )
        } else {
            (
                "INVALID_CHARACTER",
                "Message rejected: no line may hold NUL, CR or LF",
            )
        };
        let mut request = Request::new(self, ctx, None);
        request.fail(&command, code, &[], words);
        request.flush();
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
    }

    /// The label of a message, if this client may use them: an answer may be a batch, so it has to know these.
    fn label_of<'m>(&self, message: &Message<'m>) -> Option<Cow<'m, str>> {
        if !self.caps.has(Cap::LabeledResponse) || !self.caps.has(Cap::Batch) {
            return None;
        }
        let label = message.tags.get("label")?;
        (!label.is_empty() && label.len() <= label::LABEL_BYTES_MAX).then_some(label)
    }

    /// Wraps what was answered since `start` as the answer to a labelled line.
    fn wrap(&mut self, label: &str, start: usize, ctx: &mut dyn ServerContext) {
        let name = ctx.server_info().name.clone();
        let batch = self.next_batch();
        let plain = ctx.answer().split_off(start);
        let out = ctx.answer();
        match self.cold.as_mut().and_then(|cold| cold.pending.as_mut()) {
            // The rest of the answer is still to come. (Before registration nothing is labelled.)
            Some(
                Pending::Oper { label: kept }
                | Pending::Account { label: kept, .. }
                | Pending::History { label: kept, .. },
            ) => {
                *kept = Some(label.into());
                out.extend(plain);
            }
            Some(Pending::Paged { batch: kept, .. }) => {
                label::open(label, &name, &batch, out);
                label::put_in_batch(&plain, &batch, out);
                *kept = Some(batch.into());
            }
            None | Some(Pending::Gateway(_)) => label::wrap(&plain, label, &name, &batch, out),
        }
    }

    /// Another connection of the user has joined a room, and this client was sent JOIN: it is to be shown topic and members
    /// by `show_joined`.
    pub fn note_joined(&mut self, room: RoomId) {
        let unshown = &mut self.cold().unshown;
        if !unshown.contains(&room) {
            unshown.push(room);
        }
    }

    /// Shows what the client did not ask for, unless a reply is still being made: rooms that other connections have joined,
    /// then the last lines of rooms.
    pub fn show_unasked(&mut self, ctx: &mut dyn ServerContext) {
        self.show_joined(ctx);
        let cold = self.cold.as_deref();
        if cold.is_some_and(|cold| cold.pending.is_none() && !cold.replays.is_empty()) {
            let mut request = Request::new(self, ctx, None);
            replay::begin(&mut request);
            request.flush();
            self.tidy();
        }
    }

    fn show_joined(&mut self, ctx: &mut dyn ServerContext) {
        let Some(cold) = &mut self.cold else { return };
        if cold.pending.is_some() || cold.unshown.is_empty() {
            return;
        }
        let (rooms, me, hub) = (std::mem::take(&mut cold.unshown), ctx.user(), ctx.hub());
        let is_in = |room: &RoomId| me.is_some_and(|me| hub.is_member(me, *room));
        let rooms: Vec<RoomId> = rooms.into_iter().filter(is_in).collect();
        let mut request = Request::new(self, ctx, None);
        rooms::show(&mut request, rooms);
        if let Some(reply) = request.reply.take() {
            write_page(&mut request, reply, None);
        }
        request.flush();
        self.tidy();
    }

    /// Writes the next page of a pending reply. The answer has bounded length, and the work is bounded too.
    pub fn go_on(&mut self, ctx: &mut dyn ServerContext) {
        let Some(cold) = &mut self.cold else { return };
        let Some(Pending::Paged { reply, batch }) = cold
            .pending
            .take_if(|pending| matches!(pending, Pending::Paged { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let mut request = Request::new(self, ctx, None);
        let progress = write_page(&mut request, reply, batch.clone());
        request.flush();
        if let Some(batch) = &batch {
            let name = ctx.server_info().name.clone();
            let plain = ctx.answer().split_off(start);
            label::put_in_batch(&plain, batch, ctx.answer());
            if progress == Progress::Done {
                label::close(&name, batch, ctx.answer());
            }
        }
        self.tidy();
    }

    /// The password that the client gave was checked, or credentials were made from it.
    pub fn password_checked(&mut self, checked: Checked, ctx: &mut dyn ServerContext) {
        match checked {
            Checked::Operator { is_right } => self.operator_checked(is_right, ctx),
            Checked::Gateway { is_right } => self.gateway_checked(is_right, ctx),
            Checked::Account { .. } | Checked::NewCredentials(_) => {}
        }
    }

    /// The password of WEBIRC was checked.
    fn gateway_checked(&mut self, is_right: Option<bool>, ctx: &mut dyn ServerContext) {
        let Some(cold) = &mut self.cold else { return };
        let Some(Pending::Gateway(client)) = cold
            .pending
            .take_if(|pending| matches!(pending, Pending::Gateway(_)))
        else {
            return;
        };
        let mut request = Request::new(self, ctx, None);
        webirc::checked(&mut request, client, is_right);
        request.flush();
    }

    /// The password of OPER was checked.
    fn operator_checked(&mut self, is_right: bool, ctx: &mut dyn ServerContext) {
        let Some(cold) = &mut self.cold else { return };
        let Some(Pending::Oper { label }) = cold
            .pending
            .take_if(|pending| matches!(pending, Pending::Oper { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let mut request = Request::new(self, ctx, None);
        if is_right {
            operators::become_operator(&mut request);
        } else {
            request.reply(ERR_PASSWDMISMATCH, &[]);
        }
        request.flush();
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
    }
}

/// The account's side of a session.
impl Irc {
    /// A request about an account has come to its end.
    pub fn account_done(
        &mut self,
        outcome: Result<AccountOutcome, AccountError>,
        ctx: &mut dyn ServerContext,
    ) {
        let Some(cold) = &mut self.cold else { return };
        let Some(Pending::Account { asked, label }) = cold
            .pending
            .take_if(|pending| matches!(pending, Pending::Account { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let mut request = Request::new(self, ctx, None);
        match asked {
            Asked::Register(name) => register_account::done(&mut request, &name, outcome),
            Asked::Sasl => authenticate::done(&mut request, outcome),
            Asked::Service => accounts::service_done(&mut request, outcome),
        }
        // The welcome may have waited for this.
        if let Some(reply) = request.reply.take() {
            write_page(&mut request, reply, None);
        }
        request.flush();
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
    }
}

/// History's side of a session.
impl Irc {
    /// A request for history has come to its end.
    pub fn history_done(&mut self, done: HistoryDone, ctx: &mut dyn ServerContext) {
        let Some(cold) = &mut self.cold else { return };
        let Some(Pending::History { asked, label }) = cold
            .pending
            .take_if(|pending| matches!(pending, Pending::History { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let mut request = Request::new(self, ctx, label.map(|label| String::from(label).into()));
        chathistory::done(&mut request, asked, done);
        if let Some(reply) = request.reply.take() {
            write_page(&mut request, reply, None);
        }
        request.flush();
        // A batch has it already.
        let label = request.label.take().map(Cow::into_owned);
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
    }
}

/// How far a reply in pages came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Done,
    /// The rest is pending.
    MorePages,
}

/// Writes the next page of a reply, and keeps the reply if there is more; `batch` is the reference of the batch around
/// it.
fn write_page(
    request: &mut Request<'_>,
    mut reply: PagedReply,
    batch: Option<Box<str>>,
) -> Progress {
    if request.write_page(&mut reply) {
        return Progress::Done;
    }
    request.irc.cold().pending = Some(Pending::Paged { reply, batch });
    Progress::MorePages
}
