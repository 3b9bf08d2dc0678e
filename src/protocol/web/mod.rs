//! The web: HTTP/1.1 for the page, WebSocket for the talk.
//!
//! ```text
//! http.rs            bytes -> requests, within limits
//! http/request.rs    one request: its target, the header fields that we ask for
//! http/response.rs   status, pages and their header fields -> bytes
//! ```
//!
//! Codecs without sockets, like all of this layer: they borrow their input and append to a buffer of the caller's.

pub mod http;
