//! rustls' two kinds of connections as one trait, and the one function that moves either of them on.
//!
//! This is rustls' *unbuffered* API: it owns no buffer for what comes in or goes out, so nothing stays allocated while
//! a connection is idle. Invariant, of the API: at each call it is shown the bytes from the first one on that it did not
//! discard yet. Knows no sockets.

use rustls::{
    CommonState, Error,
    client::UnbufferedClientConnection,
    server::UnbufferedServerConnection,
    unbuffered::{
        ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
        WriteTraffic,
    },
};

/// Bytes that TLS may want to send at once: a chain of certificates, and what belongs to it. Past this the peer makes us
/// produce output without end.
const OUTGOING_MAX: usize = 256 * 1024;

/// The server's or the client's side of a TLS connection.
pub(super) trait Engine {
    /// What rustls keeps for this side.
    type Data;

    /// Takes records from the front of `incoming` until there is something to do.
    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data>;

    /// What both sides have in common.
    fn common(&self) -> &CommonState;
}

impl Engine for UnbufferedServerConnection {
    type Data = rustls::server::ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

impl Engine for UnbufferedClientConnection {
    type Data = rustls::client::ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

/// Where decrypted bytes go: as far as there is room to the reader, the rest aside.
pub(super) struct Opened<'a> {
    scratch: &'a mut [u8],
    count: usize,
    aside: &'a mut Vec<u8>,
}

impl<'a> Opened<'a> {
    pub(super) fn new(scratch: &'a mut [u8], aside: &'a mut Vec<u8>) -> Self {
        let count = 0;
        Self {
            scratch,
            count,
            aside,
        }
    }

    /// How many went to the reader.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn put(&mut self, bytes: &[u8]) {
        let scratch = &mut self.scratch[self.count..];
        let fits = bytes.len().min(scratch.len());
        scratch[..fits].copy_from_slice(&bytes[..fits]);
        self.aside.extend_from_slice(&bytes[fits..]);
        self.count += fits;
    }
}

/// What came of moving on.
pub(super) struct Moved {
    /// So many bytes from the front are done with.
    pub(super) used: usize,
    /// The peer sent close_notify: it will send no more.
    pub(super) closed: bool,
    /// What broke the connection, if something did. An alert that names it is among what is to be sent.
    pub(super) error: Option<Error>,
}

/// Opens every whole record of `incoming`. What TLS itself wants to send is appended to `outgoing`.
pub(super) fn advance<S: Engine>(
    engine: &mut S,
    incoming: &mut [u8],
    opened: &mut Opened<'_>,
    outgoing: &mut Vec<u8>,
) -> Moved {
    let mut moved = Moved {
        used: 0,
        closed: false,
        error: None,
    };
    loop {
        let UnbufferedStatus { mut discard, state } = engine.process(&mut incoming[moved.used..]);
        let mut rests = false;
        match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    match record {
                        Ok(record) => {
                            opened.put(record.payload);
                            discard += record.discard;
                        }
                        Err(error) => _ = moved.error.get_or_insert(error),
                    }
                }
            }
            // We never offer to take it, and rustls skips what comes all the same.
            Ok(ConnectionState::ReadEarlyData(_)) => {
                moved.error = Some(Error::General("early data, which is not taken".into()));
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let start = outgoing.len();
                if let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) {
                    outgoing.resize(start + size.required_size, 0);
                    let encoded = data.encode(&mut outgoing[start..]);
                    debug_assert!(encoded.is_ok(), "it has the room that it asked for");
                }
                if outgoing.len() > OUTGOING_MAX {
                    moved.error = Some(Error::General("the peer makes us talk".into()));
                }
            }
            // It is sent as far as TLS is concerned: we hold it, in order.
            Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
            Ok(ConnectionState::PeerClosed) => moved.closed = true,
            Err(error) => moved.error = Some(error),
            Ok(_) => rests = true,
        }
        moved.used += discard;
        // After an error it may only be called for the alert: records that it saw again would be another error.
        let is_over = moved.error.is_some() && !engine.common().wants_write();
        if rests || is_over {
            return moved;
        }
    }
}

/// What came of encrypting.
pub(super) enum Sealed {
    /// So many bytes of `scratch` are the record.
    Record(usize),
    /// TLS has something to send first, or is not ready: [`advance`] is needed.
    NotYet,
}

/// Encrypts a piece as one record. `scratch` grows if it must.
pub(super) fn seal<S: Engine>(
    engine: &mut S,
    incoming: &mut [u8],
    piece: &[u8],
    scratch: &mut Vec<u8>,
) -> Result<Sealed, Error> {
    let UnbufferedStatus { discard, state } = engine.process(incoming);
    debug_assert_eq!(discard, 0, "every whole record was opened before");
    match state? {
        ConnectionState::WriteTraffic(mut traffic) => encrypt(&mut traffic, piece, scratch),
        _ => Ok(Sealed::NotYet),
    }
}

fn encrypt<D>(
    traffic: &mut WriteTraffic<'_, D>,
    piece: &[u8],
    scratch: &mut Vec<u8>,
) -> Result<Sealed, Error> {
    loop {
        match traffic.encrypt(piece, scratch) {
            Ok(count) => return Ok(Sealed::Record(count)),
            Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => {
                debug_assert!(required_size > scratch.len());
                scratch.resize(required_size, 0);
            }
            Err(EncryptError::EncryptExhausted) => return Err(Error::EncryptError),
        }
    }
}

/// Makes close_notify the next thing that TLS wants to send.
pub(super) fn queue_close_notify<S: Engine>(engine: &mut S, incoming: &mut [u8]) {
    let UnbufferedStatus { state, .. } = engine.process(incoming);
    if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
        // Without room it waits among the rest that is to be sent, as it should.
        let _ = traffic.queue_close_notify(&mut []);
    }
}
