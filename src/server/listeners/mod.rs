//! Listeners: from the configured URLs and from sockets that a service manager passed, to listening sockets in the loop.

pub(super) mod bind;
pub(super) mod listener;
pub(super) mod passed;
pub(super) mod proxies;
mod socket_file;
