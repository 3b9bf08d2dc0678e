//! An ending: the reason, the last bytes for the client, and the quit message for the other users.
//!
//! Made wherever an end is decided; `close.rs` alone carries it out.

use super::close_reason::CloseReason;
use crate::protocol::web::http::Status;
use std::borrow::Cow;

/// How a connection ends, as far as its own client is concerned.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) reason: CloseReason,
    pub(crate) farewell: Farewell,
    /// The text for the other users, where it is not the reason's own.
    pub(crate) quit: Option<String>,
    /// The text of the system or a library, for the log.
    pub(crate) detail: Option<String>,
}

/// The last that is sent to the client.
#[derive(Debug)]
pub(crate) enum Farewell {
    /// Nothing: the client left by itself, or has been sent the reason already.
    Silent,
    /// Nothing, for the connection is lost: the loop ends it, and nothing can be sent.
    Lost,
    /// The text of the reason, in the connection's protocol.
    Text,
    /// An answer of HTTP.
    Status(Status),
    /// These bytes, as they are.
    Bytes(Cow<'static, [u8]>),
}

impl Ending {
    pub(crate) fn new(reason: CloseReason, farewell: Farewell) -> Self {
        Self {
            reason,
            farewell,
            quit: None,
            detail: None,
        }
    }

    /// An end without a farewell.
    pub(crate) fn silent(reason: CloseReason) -> Self {
        Self::new(reason, Farewell::Silent)
    }

    /// The end of a connection that broke, or that the loop gives up.
    pub(crate) fn lost(reason: CloseReason) -> Self {
        Self::new(reason, Farewell::Lost)
    }

    /// An end with the reason's own text.
    pub(crate) fn text(reason: CloseReason) -> Self {
        Self::new(reason, Farewell::Text)
    }

    /// With another text for the other users, and for the client where it is sent one.
    pub(crate) fn with_quit(self, quit: String) -> Self {
        Self {
            quit: Some(quit),
            ..self
        }
    }

    /// With something for the log.
    pub(crate) fn with_detail(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }
}

/// The input to a protocol's last bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastText<'a> {
    pub(crate) reason: CloseReason,
    /// The text for the other users.
    pub(crate) quit: &'a str,
    /// Whether the client is to be sent the reason as text; else only the bytes that the protocol needs for its end.
    pub(crate) says_why: bool,
}
