//! The meaning of a listener, decided once when it is bound: the protocol, the places that its connections take, the
//! refusal.
//!
//! Owns the table of all listeners, and adds them to the loop. Does not know how sockets are bound.

use super::{proxies::Proxies, socket_file::SocketFile};
use crate::{
    config::{ListenUrl, Scheme},
    net::{Acceptor, ConnId, Net, tls::ALERT_NO_ROOM},
    server::{
        connections::{client::Security, kind::ProtocolKind},
        limits::admission::Place,
        settings::{RefusalForm, Settings},
    },
};
use mio::net::{TcpListener, UdpSocket, UnixListener};
use rustc_hash::FxHashMap;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};

/// What a connection gets that is accepted here.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) scheme: Scheme,
    /// The protocol, which brings its own limits and its greeting.
    pub(crate) kind: ProtocolKind,
    /// Whether the client has to begin TLS.
    pub(crate) security: Security,
    /// Which places its connections take.
    pub(crate) admission: Place,
    /// The form of the refusal when there is no place.
    pub(crate) refusal: RefusalForm,
    /// The proxies whose word counts here, if there are any.
    pub(crate) proxies: Option<Rc<Proxies>>,
}

impl Listener {
    /// The meaning of a scheme.
    pub(crate) fn new(scheme: Scheme) -> Self {
        let (kind, refusal) = match scheme {
            Scheme::Any => (ProtocolKind::Any, RefusalForm::Plain),
            Scheme::Telnet => (ProtocolKind::Telnet, RefusalForm::Plain),
            Scheme::Irc | Scheme::Ircs => (ProtocolKind::Irc, RefusalForm::Irc),
            Scheme::Http | Scheme::Https => (ProtocolKind::Http, RefusalForm::Http),
            Scheme::Metrics => (ProtocolKind::Metrics, RefusalForm::Http),
            Scheme::Echo | Scheme::EchoUdp => (ProtocolKind::Echo, RefusalForm::None),
        };
        Self {
            scheme,
            kind,
            security: match scheme.is_secure() {
                true => Security::Awaited,
                false => Security::Plain,
            },
            admission: match scheme {
                Scheme::Metrics => Place::Scraper,
                _ => Place::Client,
            },
            refusal,
            proxies: None,
        }
    }

    /// The same with the proxies of a URL.
    fn of(url: &ListenUrl) -> Self {
        Self {
            proxies: Proxies::of(url),
            ..Self::new(url.scheme)
        }
    }

    /// The proxies of this listener, if this peer is one of them.
    pub(crate) fn proxies_with(&self, peer: IpAddr) -> Option<&Proxies> {
        let proxies = self.proxies.as_deref()?;
        proxies.contain(peer).then_some(proxies)
    }

    /// The bytes for connections for which there is no descriptor. No handshake is done for those.
    pub(crate) fn shed_text(&self, settings: &Settings) -> Rc<[u8]> {
        match self.security {
            Security::Awaited => ALERT_NO_ROOM.into(),
            _ => settings.full.in_form(self.refusal),
        }
    }
}

/// All listeners and datagram sockets.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    by_id: FxHashMap<ConnId, Listener>,
    /// The files of those at Unix sockets that we have made; removed with their listeners.
    files: FxHashMap<ConnId, SocketFile>,
}

impl Listeners {
    pub(crate) fn insert(&mut self, id: ConnId, listener: Listener) {
        self.by_id.insert(id, listener);
    }

    pub(crate) fn remove(&mut self, id: ConnId) {
        self.by_id.remove(&id);
        self.files.remove(&id);
    }

    /// The listener at which a connection was accepted.
    pub(crate) fn at(&self, id: ConnId) -> Listener {
        let listener = self.by_id.get(&id).cloned();
        listener.unwrap_or_else(|| Listener::new(Scheme::Any))
    }

    /// Those that accept clients. Metrics listeners are in reach until the server is gone.
    pub(crate) fn for_clients(&self) -> Vec<ConnId> {
        let all = self.by_id.iter();
        let clients = all.filter(|(_, listener)| listener.scheme != Scheme::Metrics);
        clients.map(|(id, _)| *id).collect()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// Adds listeners to the loop and to the table.
#[derive(Debug)]
pub(crate) struct Adopter<'a> {
    pub(crate) net: &'a mut Net,
    pub(crate) listeners: &'a mut Listeners,
    pub(crate) settings: &'a Settings,
}

impl Adopter<'_> {
    /// Adds anything that accepts connections.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub(crate) fn adopt(
        &mut self,
        acceptor: Box<dyn Acceptor>,
        listener: Listener,
    ) -> io::Result<ConnId> {
        let shed_text = listener.shed_text(self.settings);
        let id = self.net.add_listener(acceptor, shed_text)?;
        self.listeners.insert(id, listener);
        Ok(id)
    }

    /// Adds a listening socket; where it is bound.
    pub(super) fn adopt_tcp(
        &mut self,
        url: &ListenUrl,
        listener: TcpListener,
    ) -> io::Result<SocketAddr> {
        let local = listener.local_addr()?;
        self.adopt(Box::new(listener), Listener::of(&url.at(local)))?;
        if url.scheme == Scheme::Metrics && !local.ip().is_loopback() {
            let advice =
                "the metrics listener can be reached from other hosts: whoever asks sees inside";
            tracing::warn!(%local, "{advice}");
        }
        Ok(local)
    }

    /// Adds a listening Unix socket; with its file, if it is ours.
    pub(super) fn adopt_unix(
        &mut self,
        url: &ListenUrl,
        listener: UnixListener,
        file: Option<SocketFile>,
    ) -> io::Result<()> {
        let id = self.adopt(Box::new(listener), Listener::of(url))?;
        self.listeners.files.extend(file.map(|file| (id, file)));
        Ok(())
    }

    /// Adds a socket for datagrams; where it is bound.
    pub(super) fn adopt_udp(
        &mut self,
        url: &ListenUrl,
        socket: UdpSocket,
    ) -> io::Result<SocketAddr> {
        let local = socket.local_addr()?;
        let id = self.net.add_datagrams(socket)?;
        self.listeners.insert(id, Listener::of(url));
        Ok(local)
    }
}
