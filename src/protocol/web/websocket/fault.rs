//! How a peer can break the protocol: one value for each rule, with the code and the text that go into the Close.

/// A rule of RFC 6455 that the peer broke, or a limit that it passed. It ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A Close carries a code that is reserved or unknown (section 7.4).
    #[error("this close code may not be sent")]
    CloseCode,
    /// A Close carries one byte: half a code (section 5.5.1).
    #[error("a close frame of one byte")]
    CloseLength,
    /// A control frame is not in one piece (section 5.5).
    #[error("a control frame may not be fragmented")]
    ControlFragmented,
    /// A control frame has more than 125 bytes (section 5.5).
    #[error("a control frame has 125 bytes at most")]
    ControlLength,
    /// A message begins while another is unfinished (section 5.4).
    #[error("a new message inside a fragmented one")]
    Interleaved,
    /// A length has its highest bit set (section 5.2).
    #[error("a length beyond 63 bits")]
    Length,
    /// A client did not mask, or a server did (section 5.1).
    #[error("a client masks its frames, a server does not")]
    Mask,
    /// A text or a reason is not UTF-8 (section 8.1).
    #[error("not UTF-8")]
    NotUtf8,
    /// A continuation without a beginning (section 5.4).
    #[error("nothing to continue")]
    NothingToContinue,
    /// An opcode that means nothing (section 5.2).
    #[error("an unknown opcode")]
    Opcode,
    /// A bit of an extension, such as compression, that was not negotiated (section 5.2).
    #[error("a reserved bit is set, but no extension was agreed on")]
    ReservedBits,
    /// A message is longer than the limit.
    #[error("the message is too long")]
    TooLong,
}

impl Fault {
    /// The code of the Close for it (section 7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::NotUtf8 => 1007,
            Self::TooLong => 1009,
            _ => 1002,
        }
    }
}
