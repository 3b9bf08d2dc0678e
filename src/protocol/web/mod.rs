//! What browsers speak: HTTP as far as a page and an upgrade need it, and WebSocket (RFC 6455).
//!
//! Like every codec of this layer it sees bytes and makes bytes. What it does not know: sockets, what time it is, and who
//! sits behind the browser.

pub mod websocket;
