//! What the loop tells its owner: the [`Handler`] trait. The owner answers through the [`Net`] it is given.

use super::{
    core::Net,
    source::{
        token::{ConnId, External},
        transport::Notice,
    },
    time::clock::Tick,
};
use std::{io, net::SocketAddr};

/// The layer above the loop. Every call happens inside [`turn`](super::EventLoop::turn), in the order of its stages.
///
/// Whatever is done through the [`Net`] here only appends, marks and arms; writing and closing happen at the end of
/// the turn. So no call made here can end or free a connection that a caller further up still holds.
pub trait Handler {
    /// Someone called at `listener`. The connection is open and has the default [`Limits`](super::Limits).
    fn handle_accept(&mut self, net: &mut Net, listener: ConnId, id: ConnId, peer: SocketAddr);

    /// Input arrived, or waited for us. `input` begins where the last call stopped taking; `searched`, zero at the
    /// start of a frame, is for the handler to note how far it looked in vain, from the first byte it does not take.
    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed;

    /// The peer ended its speech and all of it was taken that made whole frames. We may still speak;
    /// [`Net::close`] delivers what is owed and then ends our side too.
    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        net.close(id);
    }

    /// The connection broke, or was given up by the loop. It is over: nothing can be sent any more.
    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        let _ = (net, id, loss);
    }

    /// After a flush more is left than the connection's hard limit allows: the peer does not read. The default gives
    /// it up.
    fn handle_overflow(&mut self, net: &mut Net, id: ConnId) {
        net.close(id);
    }

    /// The flush that [`Net::notify_drained`] asked to be told of is done, and no more is left of the queue than the
    /// soft limit allows: the handler may go on with what it has to say. Called once for each time that was asked; when
    /// many ask, it is a later turn's.
    fn handle_drained(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// The transport has something to say: a handshake is done, a stream was cut. What it read behind that comes next.
    fn handle_notice(&mut self, net: &mut Net, id: ConnId, notice: &Notice) {
        let _ = (net, id, notice);
    }

    /// The transport read so many bytes that are nothing to the handler: handshakes, empty records. They are not free;
    /// the handler may [pause](Net::pause) or close the connection. What was read behind them comes next.
    fn handle_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        let _ = (net, id, bytes);
    }

    /// The alarm that was set for this connection is due.
    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// Work of the handler's own that may take several turns. Asked once in each turn, behind the due deadlines: the
    /// handler does a piece, goes on while [`Net::is_turn_full`] does not hold, and says whether some is left. Then
    /// the next turn does not wait.
    fn handle_pending(&mut self, net: &mut Net) -> bool {
        let _ = net;
        false
    }

    /// A call of ours was answered: the connection is open.
    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// Bytes of memory that the owner holds for a connection and that its peer can make grow. Asked after each read
    /// and flush, so it must cost next to nothing.
    fn held_for(&self, id: ConnId) -> usize {
        let _ = id;
        0
    }

    /// Who goes first when too much is held. Asked of those who hold much, when the ceiling is passed.
    fn standing(&self, id: ConnId) -> Standing {
        let _ = id;
        Standing::Known
    }

    /// More is held than the ceiling allows: what is kept only to be shown or used again should go. What the owner then
    /// tells by [`Net::set_kept_elsewhere`] counts.
    fn handle_pressure(&mut self, net: &mut Net) {
        let _ = net;
    }

    /// A datagram came in at the socket `id`. Its bytes are whole, and may be none.
    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        let _ = (net, id, from, bytes);
    }

    /// A source that was registered by [`Net::register_external`] has something.
    fn handle_external(&mut self, net: &mut Net, source: External) {
        let _ = (net, source);
    }

    /// A connection is over and its id names nothing from now on. Every connection ends with this call, the last one
    /// about it.
    fn handle_reaped(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }
}

/// Who goes first when peers make the process hold too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Someone who has not said who they are.
    Stranger,
    /// Anyone else.
    Known,
}

/// How much of its input a handler took, and when it wants to be offered the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// So many bytes from the front; they are forgotten.
    pub bytes: usize,
    /// When to go on.
    pub next: Next,
}

/// When a handler wants more input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// In the next turn: its budget of frames is spent, and what is left may hold more of them.
    Yield,
    /// When more has arrived: what is left is no whole frame.
    ReadMore,
    /// Not before this moment: flood control. Until then nothing is read, and TCP slows the sender.
    PauseUntil(Tick),
}

/// Why a connection was lost.
#[derive(Debug, thiserror::Error)]
pub enum Loss {
    /// The system reported an error: a reset, a time-out, no route.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It kept more than it may of input that makes no frame: a mistake of the protocol above, held in bounds here.
    #[error("too much unfinished input")]
    InputTooLong,
    /// The process held too much for its peers, and this connection was among those for whom most was held.
    #[error("the server holds too much for its clients")]
    OverCeiling,
}
