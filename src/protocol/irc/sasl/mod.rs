//! SASL: how a client of IRC logs in to an account (IRCv3 sasl-3.1, sasl-3.2).
//!
//! ```text
//! mechanism.rs  SCRAM-SHA-256, PLAIN, EXTERNAL, and which of them a client can use
//! message.rs    base64 in pieces, and what the messages hold
//! exchange.rs   one exchange, from `AUTHENTICATE PLAIN` to its end
//! logins.rs     what it needs of the server
//! ```
//!
//! The command is in `commands/authenticate.rs`. Invariant: a client that is not logging in keeps nothing for it.

pub(crate) mod exchange;
pub mod logins;
pub(crate) mod mechanism;
pub(crate) mod message;
