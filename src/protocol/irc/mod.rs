//! IRC: RFC 1459 and 2812 as today's clients speak them ("Modern IRC", <https://modern.ircdocs.horse>), and IRCv3
//! (<https://ircv3.net/irc/>).
//!
//! [`Irc`] is what is remembered of one connection. The caller cuts frames off its input with [`Irc::next_frame`] and
//! hands lines to [`Irc::handle_line`]; what they do to the world, and say, goes through a [`ServerContext`].
//! [`encode()`] turns what others do into lines.
//!
//! ```text
//! frames.rs     bytes -> lines            message.rs, tags.rs   lines -> messages
//! line.rs       messages -> lines         encode.rs             events -> lines, once for each flavour and view
//! call.rs       one line's answers        label.rs              those of a labelled line, wrapped
//! register.rs   up to the welcome         table.rs, help.rs, commands/   what comes behind it
//! caps.rs       capabilities              numeric.rs            numbers of replies
//! isupport.rs   what we can do            long.rs               replies of any length, in pieces
//! monitor.rs    who waits for whom        backstage.rs          what the server does for us
//! speech.rs     words in lines           multiline.rs          messages of several lines
//! ```
//!
//! Invariants: to wait costs nothing, for what only some connections need is in one box (`Desk`) that goes when it
//! is empty; a reply is bounded however long a list is, for long ones come in pieces as the client reads.
//!
//! Does not know sockets, nor other connections.

mod call;
pub mod caps;
#[cfg(test)]
mod codec_tests;
mod commands;
mod encode;
pub mod frames;
mod help;
pub mod isupport;
pub mod label;
pub mod line;
mod long;
pub mod message;
pub mod monitor;
mod multiline;
pub mod numeric;
mod refusal;
mod register;
pub mod server_context;
mod speech;
mod table;
pub mod tags;
#[cfg(test)]
mod tests;

pub use encode::{encode, encode_personal, is_personal, relevant};
pub use server_context::{DeferredRequest, ServerContext, ServerInfo, Sts, TryAgain};

use super::{Cut, flavour::Flavour, time};
use crate::chat::Nick;
use call::Call;
use caps::{Cap, CapSet};
use frames::Frames;
use line::Line;
use long::Long;
use message::Message;
use multiline::Multiline;
use numeric::{ERR_INPUTTOOLONG, ERR_PASSWDMISMATCH};
use register::Registration;
use std::borrow::Cow;

/// What is remembered of one connection.
#[derive(Debug)]
pub struct Irc {
    desk: Option<Box<Desk>>,
    caps: CapSet,
    last_batch: u16,
    frames: Frames,
    registered: bool,
}

// Tens of thousands of these lie in the server's table.
const _: () = assert!(size_of::<Irc>() <= 16);

/// What only some connections need, and most of those only for a while.
#[derive(Debug, Default)]
struct Desk {
    registration: Option<Registration>,
    busy: Option<Busy>,
    multiline: Option<Multiline>,
    /// Whom this one watches (MONITOR).
    monitored: Vec<Nick>,
}

/// Something that takes more than a moment. Until it is done, no further line is handled.
#[derive(Debug)]
enum Busy {
    /// A reply that is made as the client reads; with the reference of the batch around it, if it was asked for with
    /// a label.
    Long { long: Long, batch: Option<Box<str>> },
    /// A password is being checked.
    Oper { label: Option<Box<str>> },
}

impl Busy {
    /// Bytes of memory outside of the record. A reply remembers conditions and masks out of one line at most.
    fn memory(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        match self {
            Self::Long { batch, .. } => line::BODY_BYTES_MAX + length(batch),
            Self::Oper { label } => length(label),
        }
    }
}

impl Irc {
    /// Bytes of memory outside of the record. Asked after each read, so it walks over nothing that can be long.
    pub fn memory(&self) -> usize {
        let Some(desk) = self.desk.as_deref() else {
            return 0;
        };
        // The long of a watched name counts twice: here, and in the table of all watchers.
        size_of::<Desk>()
            + desk.monitored.capacity() * (size_of::<Nick>() + monitor::ENTRY_BYTES)
            + desk.registration.as_ref().map_or(0, Registration::memory)
            + desk.multiline.as_ref().map_or(0, Multiline::memory)
            + desk.busy.as_ref().map_or(0, Busy::memory)
    }
}

impl Default for Irc {
    fn default() -> Self {
        let desk = Desk {
            registration: Some(Registration::default()),
            ..Desk::default()
        };
        Self {
            desk: Some(Box::new(desk)),
            caps: CapSet::NONE,
            last_batch: 0,
            frames: Frames::default(),
            registered: false,
        }
    }
}

/// Capabilities that change the bytes of events.
const EVENT_CAPS: CapSet = CapSet::of(&[
    Cap::AwayNotify,
    Cap::Batch,
    Cap::ChannelRename,
    Cap::EchoMessage,
    Cap::ExtendedJoin,
    Cap::ExtendedMonitor,
    Cap::InviteNotify,
    Cap::MessageRedaction,
    Cap::MessageTags,
    Cap::Multiline,
    Cap::ServerTime,
    Cap::SetName,
]);

impl Irc {
    /// Takes the first line off the input; the contract is that of [`Frames::next`].
    pub fn next_frame<'a>(&mut self, input: &'a [u8], searched: &mut usize) -> Cut<'a> {
        self.frames.next(input, searched)
    }

    /// How events are told to this connection.
    pub fn flavour(&self) -> Flavour {
        Flavour::Irc(self.caps.and(EVENT_CAPS))
    }

    /// Whether something is still being done; until then no line is to be handed in, and [`go_on`](Self::go_on)
    /// called in each turn in which the client has read enough.
    pub fn is_busy(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.busy.is_some())
    }

    /// Does what a line says.
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
        let mut call = Call::new(self, ctx, label);
        table::dispatch(&mut call, &message);
        call.flush();
        let label = call.label.take().map(Cow::into_owned);
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
        let mut aside = std::mem::take(ctx.aside());
        ctx.answer().append(&mut aside);
    }

    /// Does what a message says that came without line ends, as WebSocket carries them (IRCv3 websocket): one line, whose
    /// end may be missing. Nothing in it is a second line.
    pub fn handle_message(&mut self, message: &[u8], ctx: &mut dyn ServerContext) {
        let line = message.strip_suffix(b"\n").unwrap_or(message);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if frames::is_too_long(line) {
            self.handle_too_long(ctx);
        } else {
            self.handle_line(line, ctx);
        }
    }

    /// Says that a line was longer than lines may be.
    pub fn handle_too_long(&mut self, ctx: &mut dyn ServerContext) {
        let mut call = Call::new(self, ctx, None);
        call.reply(ERR_INPUTTOOLONG, &[]);
        call.flush();
    }

    /// A line that is no text. Its command and label may be legible all the same.
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
        let mut call = Call::new(self, ctx, None);
        call.fail(&command, code, &[], words);
        call.flush();
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
        match self.desk.as_mut().and_then(|desk| desk.busy.as_mut()) {
            // The rest of the answer is still to come.
            Some(Busy::Oper { label: kept }) => {
                *kept = Some(label.into());
                out.extend(plain);
            }
            Some(Busy::Long { batch: kept, .. }) => {
                label::open(label, &name, &batch, out);
                label::put_in_batch(&plain, &batch, out);
                *kept = Some(batch.into());
            }
            None => label::wrap(&plain, label, &name, &batch, out),
        }
    }

    /// Goes on with what is being done, for one slice. The answer has bounded length, and the work is bounded too.
    pub fn go_on(&mut self, ctx: &mut dyn ServerContext) {
        let Some(desk) = &mut self.desk else { return };
        let Some(Busy::Long { mut long, batch }) =
            desk.busy.take_if(|busy| matches!(busy, Busy::Long { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let caps = self.caps;
        let mut call = Call::new(self, ctx, None);
        let done = long.write(&mut call, caps);
        call.flush();
        if let Some(batch) = &batch {
            let name = ctx.server_info().name.clone();
            let plain = ctx.answer().split_off(start);
            label::put_in_batch(&plain, batch, ctx.answer());
            if done {
                label::close(&name, batch, ctx.answer());
            }
        }
        if !done {
            self.desk().busy = Some(Busy::Long { long, batch });
        }
        self.tidy();
    }

    /// The password of OPER was checked.
    pub fn operator_checked(&mut self, is_right: bool, ctx: &mut dyn ServerContext) {
        let Some(desk) = &mut self.desk else { return };
        let Some(Busy::Oper { label }) =
            desk.busy.take_if(|busy| matches!(busy, Busy::Oper { .. }))
        else {
            return;
        };
        let start = ctx.answer().len();
        let mut call = Call::new(self, ctx, None);
        if is_right {
            commands::become_operator(&mut call);
        } else {
            call.reply(ERR_PASSWDMISMATCH, &[]);
        }
        call.flush();
        if let Some(label) = label {
            self.wrap(&label, start, ctx);
        }
        self.tidy();
    }

    fn next_batch(&mut self) -> String {
        // 65,536 batches of one client are never open at once.
        self.last_batch = self.last_batch.wrapping_add(1);
        self.last_batch.to_string()
    }

    fn desk(&mut self) -> &mut Desk {
        self.desk.get_or_insert_default()
    }

    fn registration(&mut self) -> Option<&mut Registration> {
        self.desk.as_mut()?.registration.as_mut()
    }

    fn finish_registration(&mut self) -> Option<Registration> {
        self.registered = true;
        self.desk.as_mut()?.registration.take()
    }

    /// Gives the desk back when there is nothing on it.
    fn tidy(&mut self) {
        let is_empty = |desk: &Desk| {
            desk.registration.is_none()
                && desk.busy.is_none()
                && desk.multiline.is_none()
                && desk.monitored.is_empty()
        };
        if self.desk.as_deref().is_some_and(is_empty) {
            self.desk = None;
        }
    }

    /// The person at this connection has quit: whom they watched is told to nobody any more.
    pub fn forget_monitored(
        &mut self,
        user: crate::chat::UserId,
        monitors: &mut monitor::Monitors,
    ) {
        if let Some(desk) = &mut self.desk {
            for target in desk.monitored.drain(..) {
                monitors.forget(user, &target);
            }
        }
    }
}

/// The last line of a connection that the server ends ("Modern IRC", ERROR message).
pub fn error(reason: &str, out: &mut Vec<u8>) {
    Line::new(out)
        .command("ERROR")
        .text(format_args!("Closing Link: {reason}"))
        .end();
}

/// What a silent client is asked.
pub fn ping(server: &str, out: &mut Vec<u8>) {
    Line::new(out).command("PING").text(server).end();
}
