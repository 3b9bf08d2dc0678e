//! Two ends of a wire in memory, TLS over each, and a user of each end that sends and reads.

use super::super::{AcceptAnyCertificate, Certificate, Client, Server};
use crate::{
    net::{Notice, Stream, Transport},
    simulation::network::Random,
};
use mio::event::Source;
use rustls::{
    ClientConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    rc::Rc,
    sync::Arc,
};

pub(super) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// What goes one way.
#[derive(Default)]
pub(super) struct OneWay {
    pub(super) bytes: VecDeque<u8>,
    pub(super) eof: bool,
}

/// Both ways, and how the wire behaves.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) to_server: Rc<RefCell<OneWay>>,
    pub(super) to_client: Rc<RefCell<OneWay>>,
    manners: Rc<Manners>,
}

struct Manners {
    /// Bytes moved by one call at most.
    step: usize,
    /// So many calls of a hundred are interrupted, and as many would block.
    stumbles: usize,
    random: RefCell<Random>,
    /// Bytes in each direction at most.
    scratch: Cell<usize>,
    calls: Cell<usize>,
}

impl Wire {
    fn new(step: usize, stumbles: usize, seed: u64) -> Self {
        Self {
            to_server: Rc::default(),
            to_client: Rc::default(),
            manners: Rc::new(Manners {
                step,
                stumbles,
                random: RefCell::new(Random::new(seed)),
                scratch: Cell::new(usize::MAX),
                calls: Cell::new(0),
            }),
        }
    }

    pub(super) fn stepping(step: usize) -> Self {
        Self::new(step, 0, 0)
    }

    pub(super) fn stumbling(seed: u64) -> Self {
        Self::new(1_000, 20, seed)
    }

    pub(super) fn set_room(&self, bytes: usize) {
        self.manners.scratch.set(bytes);
    }

    /// How often either end was written to.
    pub(super) fn calls(&self) -> usize {
        self.manners.calls.get()
    }

    pub(super) fn take_what_the_client_sent(&self) -> Vec<u8> {
        self.to_server.borrow_mut().bytes.drain(..).collect()
    }

    fn end(&self, from: &Rc<RefCell<OneWay>>, to: &Rc<RefCell<OneWay>>) -> Stream {
        Stream::Other(Box::new(End {
            from: from.clone(),
            to: to.clone(),
            manners: self.manners.clone(),
        }))
    }

    pub(super) fn server_end(&self) -> Stream {
        self.end(&self.to_server, &self.to_client)
    }

    pub(super) fn client_end(&self) -> Stream {
        self.end(&self.to_client, &self.to_server)
    }
}

struct End {
    from: Rc<RefCell<OneWay>>,
    to: Rc<RefCell<OneWay>>,
    manners: Rc<Manners>,
}

impl End {
    fn stumble(&mut self) -> io::Result<()> {
        let random = &mut *self.manners.random.borrow_mut();
        for error in [ErrorKind::WouldBlock, ErrorKind::Interrupted] {
            if random.percent(self.manners.stumbles) {
                return Err(error.into());
            }
        }
        Ok(())
    }
}

impl Transport for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stumble()?;
        let mut from = self.from.borrow_mut();
        let count = from.bytes.len().min(buffer.len()).min(self.manners.step);
        if count == 0 && !from.eof {
            return Err(ErrorKind::WouldBlock.into());
        }
        for (to, byte) in buffer.iter_mut().zip(from.bytes.drain(..count)) {
            *to = byte;
        }
        Ok(count)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.manners.calls.set(self.manners.calls.get() + 1);
        self.stumble()?;
        let mut to = self.to.borrow_mut();
        assert!(!to.eof, "written to after our end of stream");
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let scratch = self.manners.scratch.get() - to.bytes.len().min(self.manners.scratch.get());
        let count = offered.min(scratch).min(self.manners.step);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
        to.bytes.extend(bytes.take(count));
        Ok(count)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let eof = std::mem::replace(&mut self.to.borrow_mut().eof, true);
        assert!(!eof, "our end of stream was sent twice");
        Ok(())
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        None
    }
}

/// The user of one end.
pub(super) struct Someone {
    pub(super) stream: Stream,
    to_say: VecDeque<u8>,
    pub(super) heard: Vec<u8>,
    pub(super) heard_before_news: usize,
    pub(super) notices: Vec<Notice>,
    pub(super) eof: bool,
    pub(super) error: Option<io::Error>,
}

impl Someone {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            to_say: VecDeque::new(),
            heard: Vec::new(),
            heard_before_news: 0,
            notices: Vec::new(),
            eof: false,
            error: None,
        }
    }

    pub(super) fn says(&mut self, bytes: &[u8]) {
        self.to_say.extend(bytes);
    }

    /// Reads and writes until both would block. Says whether anything moved.
    pub(super) fn work(&mut self) -> bool {
        let mut moved = false;
        while self.error.is_none() && (self.read() || self.write()) {
            moved = true;
        }
        moved
    }

    fn read(&mut self) -> bool {
        if self.eof {
            return false;
        }
        let mut buffer = [0; 3_000];
        let stream = self.stream.transport();
        let read = stream.read(&mut buffer);
        if let Some(notice) = stream.take_notice() {
            self.heard_before_news = self.heard.len();
            self.notices.push(notice);
        }
        match read {
            Ok(0) => self.eof = true,
            Ok(count) => self.heard.extend(&buffer[..count]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return false,
                ErrorKind::Interrupted => {}
                _ => self.error = Some(error),
            },
        }
        true
    }

    fn write(&mut self) -> bool {
        let stream = self.stream.transport();
        let (result, said) = if self.to_say.is_empty() || !stream.takes_output() {
            if stream.unsent() == 0 {
                return false;
            }
            (stream.flush(), 0)
        } else {
            let (front, back) = self.to_say.as_slices();
            let slices = [IoSlice::new(front), IoSlice::new(back)];
            match stream.write_vectored(&slices) {
                Ok(count) => (Ok(()), count),
                Err(error) => (Err(error), 0),
            }
        };
        self.to_say.drain(..said);
        match result {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => {
                self.error = Some(error);
                true
            }
        }
    }

    /// Panics if it still holds anything.
    #[track_caller]
    pub(super) fn is_at_rest(&mut self) {
        assert!(self.to_say.is_empty() && self.error.is_none());
        assert!(!self.stream.holds_unsent());
    }
}

/// A server and a client on one wire.
pub(super) struct Pair {
    pub(super) wire: Wire,
    pub(super) server: Someone,
    pub(super) client: Someone,
}

impl Pair {
    pub(super) fn new(wire: &Wire, version: &'static SupportedProtocolVersion) -> Self {
        Self::with(wire, &server(&["chat.example"]), &client(version))
    }

    pub(super) fn with(wire: &Wire, server: &Server, client: &Client) -> Self {
        let name = "chat.example".try_into().unwrap();
        Self {
            wire: wire.clone(),
            server: Someone::new(server.over(wire.server_end(), &[])),
            client: Someone::new(client.over(wire.client_end(), name).unwrap()),
        }
    }

    /// The server's side begins after `count` bytes were read elsewhere (a detection of protocols).
    pub(super) fn with_first_bytes(
        wire: &Wire,
        version: &'static SupportedProtocolVersion,
        count: usize,
    ) -> Self {
        let mut pair = Self::new(wire, version);
        pair.client.work();
        let mut first = wire.to_server.borrow_mut();
        let count = count.min(first.bytes.len());
        let first: Vec<u8> = first.bytes.drain(..count).collect();
        pair.server.stream = server(&["chat.example"]).over(wire.server_end(), &first);
        pair
    }

    /// Lets both work until nothing moves any more.
    pub(super) fn run(&mut self) {
        for _ in 0..1_000_000 {
            let moved = [self.server.work(), self.client.work()];
            // A wire that stumbles may say at any time that it would block: it is asked again then.
            let waiting = self.wire.manners.stumbles > 0 && self.is_under_way();
            if moved == [false, false] && !waiting {
                return;
            }
        }
        panic!("it goes on for ever");
    }

    fn is_under_way(&self) -> bool {
        let lanes = [&self.wire.to_server, &self.wire.to_client];
        let both = [&self.server, &self.client];
        lanes.iter().any(|lane| !lane.borrow().bytes.is_empty())
            || both
                .iter()
                .any(|one| !one.to_say.is_empty() || one.stream.holds_unsent())
    }

    #[track_caller]
    pub(super) fn shake_hands(&mut self) {
        self.run();
        for one in [&self.server, &self.client] {
            let secured = matches!(one.notices[..], [Notice::Secured(_)]);
            assert!(secured, "{:?} {:?}", one.notices, one.error);
            assert!(one.stream.takes_output());
        }
    }
}

/// A certificate of its own making for these names.
pub(super) fn certificate(names: &[&str]) -> Certificate {
    certificate_with(names, &rcgen::PKCS_ECDSA_P256_SHA256)
}

pub(super) fn certificate_with(
    names: &[&str],
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> Certificate {
    let (chain, key) = mint(names, algorithm);
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).unwrap();
    Certificate {
        names: names.iter().map(ToString::to_string).collect(),
        key: Arc::new(key),
    }
}

pub(super) fn mint(
    names: &[&str],
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let params = rcgen::CertificateParams::new(names).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key))
}

pub(super) fn server(names: &[&str]) -> Server {
    Server::new(vec![certificate(names)]).unwrap().unwrap()
}

/// A configuration that lacks only the client's own certificate.
pub(super) fn client_config(
    version: &'static SupportedProtocolVersion,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
}

pub(super) fn client(version: &'static SupportedProtocolVersion) -> Client {
    Client::new(Arc::new(client_config(version).with_no_client_auth()))
}
