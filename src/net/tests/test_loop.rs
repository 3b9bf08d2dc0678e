//! A loop under a clock that stands still, with a handler that records its calls. Every test of a rule uses it.

use super::script::{Gate, Script};
use crate::net::{
    BufferKey, ConnId, Consumed, EventLoop, External, Handler, Limits, Loss, Net, Next, Phase,
    Readiness, Standing, Tick,
    source::{half::WriteHalf, marks::Marks},
    state::LoopState,
};
use std::{
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

/// A call to the handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Accepted(ConnId),
    Deadline(ConnId),
    Connected(ConnId),
    Datagram(ConnId, SocketAddr, Vec<u8>),
    Drained(ConnId),
    End(ConnId),
    External(u8),
    Line(ConnId, String),
    Lost(ConnId, String),
    Overflow(ConnId),
    Reaped(ConnId),
}

type Reaction = Box<dyn FnMut(&mut Net, &Call)>;

/// A handler of lines that records every call, then does what the test asks for.
pub(crate) struct Recorder {
    pub(crate) calls: Vec<Call>,
    /// How many lines it takes at once, like a session with a budget of commands.
    pub(crate) lines_at_once: usize,
    /// How long it pauses after that many lines (flood control); without it the rest is carried over.
    pub(crate) rest: Option<Duration>,
    /// Whether the end of input is the end of the connection, and an overflow too.
    pub(crate) closes: bool,
    pub(crate) reaction: Reaction,
    /// The connections that go first when too much is held.
    pub(crate) strangers: Vec<ConnId>,
    /// What is left after that of what it keeps elsewhere.
    pub(crate) kept_under_pressure: Option<usize>,
    /// Bytes that transports read for themselves.
    pub(crate) overhead: usize,
    /// Whether it pauses a connection for a second for such bytes.
    pub(crate) pauses_for_overhead: bool,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            lines_at_once: usize::MAX,
            rest: None,
            closes: true,
            reaction: Box::new(|_, _| {}),
            strangers: Vec::new(),
            kept_under_pressure: None,
            overhead: 0,
            pauses_for_overhead: false,
        }
    }
}

impl Recorder {
    fn note(&mut self, net: &mut Net, call: Call) {
        (self.reaction)(net, &call);
        self.calls.push(call);
    }
}

impl Handler for Recorder {
    fn standing(&self, id: ConnId) -> Standing {
        match self.strangers.contains(&id) {
            true => Standing::Stranger,
            false => Standing::Known,
        }
    }

    fn handle_pressure(&mut self, net: &mut Net) {
        if let Some(bytes) = self.kept_under_pressure {
            net.set_kept_elsewhere(bytes);
        }
    }

    fn handle_accept(&mut self, net: &mut Net, _listener: ConnId, id: ConnId, _: SocketAddr) {
        self.note(net, Call::Accepted(id));
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        assert_eq!(net.phase(id), Phase::Open, "input of one that is not open");
        assert!(*searched <= input.len());
        let (mut bytes, mut lines) = (0, 0);
        while lines < self.lines_at_once && net.phase(id) == Phase::Open {
            let from = bytes + *searched;
            let Some(length) = input[from..].iter().position(|byte| *byte == b'\n') else {
                *searched = input.len() - bytes;
                return Consumed {
                    bytes,
                    next: Next::ReadMore,
                };
            };
            let line = String::from_utf8_lossy(&input[bytes..from + length]).into_owned();
            (bytes, *searched) = (from + length + 1, 0);
            lines += 1;
            self.note(net, Call::Line(id, line));
        }
        let then = match self.rest {
            Some(rest) => Next::PauseUntil(net.now().after(rest)),
            None => Next::Yield,
        };
        Consumed { bytes, next: then }
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::End(id));
        if self.closes {
            net.close(id);
        }
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        self.note(net, Call::Lost(id, loss.to_string()));
    }

    fn handle_overflow(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::Overflow(id));
        if self.closes {
            net.close(id);
        }
    }

    fn handle_drained(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::Drained(id));
    }

    fn handle_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        self.overhead += bytes;
        if self.pauses_for_overhead {
            net.pause(id, net.now().after(Duration::from_secs(1)));
        }
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::Deadline(id));
    }

    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::Connected(id));
    }

    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        self.note(net, Call::Datagram(id, from, bytes.to_vec()));
    }

    fn handle_external(&mut self, net: &mut Net, source: External) {
        self.note(net, Call::External(source.0));
    }

    fn handle_reaped(&mut self, net: &mut Net, id: ConnId) {
        self.note(net, Call::Reaped(id));
    }
}

pub(crate) const READABLE: Readiness = Readiness {
    readable: true,
    writable: false,
};
pub(crate) const WRITABLE: Readiness = Readiness {
    readable: false,
    writable: true,
};

/// A deadline for what the kernel has to bring about, as a number of turns that wait for it.
const PATIENCE: usize = 500;

/// The loop and its handler.
pub(crate) struct TestLoop {
    pub(crate) event_loop: EventLoop,
    pub(crate) handler: Recorder,
}

impl TestLoop {
    pub(crate) fn new() -> Self {
        let mut event_loop = EventLoop::new().expect("a poll");
        event_loop.net_mut().hold_clock(Tick(1000));
        Self {
            event_loop,
            handler: Recorder::default(),
        }
    }

    pub(crate) fn net(&mut self) -> &mut Net {
        self.event_loop.net_mut()
    }

    /// Adds an open connection.
    pub(crate) fn adopt(&mut self, script: &Script) -> ConnId {
        self.net()
            .add_connection(script.stream())
            .expect("registered")
    }

    pub(crate) fn adopt_gate(&mut self, gate: &Gate) -> ConnId {
        let farewell = chunk("full, try later\n");
        let id = self.net().add_listener(gate.acceptor(), farewell);
        id.expect("registered")
    }

    /// One turn that does not wait.
    pub(crate) fn turn(&mut self) {
        let handler = &mut self.handler;
        self.event_loop
            .turn(handler, Some(Duration::ZERO))
            .expect("poll");
        check_invariants(self.net());
    }

    /// One turn that must not wait, although it may.
    pub(crate) fn turn_without_wait(&mut self) {
        let long = Duration::from_secs(10);
        let began = Instant::now();
        self.event_loop
            .turn(&mut self.handler, Some(long))
            .expect("poll");
        assert!(began.elapsed() < long, "the turn waited");
    }

    pub(crate) fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn();
        }
    }

    /// A turn in which the kernel reports that this one is readable.
    pub(crate) fn readable(&mut self, id: ConnId) {
        self.net().inject(id, READABLE);
        self.turn();
    }

    pub(crate) fn writable(&mut self, id: ConnId) {
        self.net().inject(id, WRITABLE);
        self.turn();
    }

    /// Turns until the loop would sleep; how many it took.
    pub(crate) fn settle(&mut self) -> usize {
        for turns in 0..PATIENCE {
            if !self.net().has_work() {
                return turns;
            }
            self.turn();
        }
        panic!("the loop does not come to rest");
    }

    /// Turns that wait for a real kernel, until this holds.
    #[track_caller]
    pub(crate) fn turn_until(&mut self, mut holds: impl FnMut(&mut Self) -> bool) {
        for _ in 0..PATIENCE {
            if holds(self) {
                return;
            }
            let wait = Some(Duration::from_millis(10));
            self.event_loop.turn(&mut self.handler, wait).expect("poll");
            check_invariants(self.net());
        }
        panic!("it did not come to pass; calls: {:?}", self.handler.calls);
    }

    pub(crate) fn send(&mut self, id: ConnId, text: &str) {
        self.net().send(id, text.as_bytes());
    }

    pub(crate) fn send_in_lane(&mut self, id: ConnId, lane: u32, text: &str) {
        let chunk = self.net().make_chunk(BufferKey(lane), |out| {
            out.extend_from_slice(text.as_bytes());
            true
        });
        self.net().share(id, chunk.expect("the text is not empty"));
    }

    pub(crate) fn limit(&mut self, id: ConnId, high_water: u32, limit: u32) {
        self.net().set_limits(id, Limits { high_water, limit });
    }

    /// Moves the clock to a later moment.
    pub(crate) fn at(&mut self, milliseconds: u64) {
        assert!(
            self.net().now() <= Tick(milliseconds),
            "time does not go back"
        );
        self.net().hold_clock(Tick(milliseconds));
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.handler.calls)
    }

    /// The lines of one connection since the calls were last asked for.
    pub(crate) fn lines(&mut self, id: ConnId) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls
            .filter_map(|call| match call {
                Call::Line(from, line) if from == id => Some(line),
                _ => None,
            })
            .collect()
    }

    /// Sets what is done inside each call to the handler.
    pub(crate) fn react(&mut self, reaction: impl FnMut(&mut Net, &Call) + 'static) {
        self.handler.reaction = Box::new(reaction);
    }
}

pub(crate) fn chunk(text: &str) -> Rc<[u8]> {
    text.as_bytes().into()
}

/// Panics with the name of what does not hold between two turns.
pub(crate) fn check_invariants(net: &Net) {
    let LoopState { work, output, .. } = &net.state;
    let mut queued = 0;
    for (id, connection) in net.table.connections() {
        connection.output.check_invariants(&output.buffers);
        queued += connection.output.bytes();
        let marks = connection.marks;
        let once = |mark: Marks, times: usize, what| {
            let is_marked = usize::from(marks.has(mark));
            assert_eq!(is_marked, times, "{id:?} and the list `{what}`");
        };
        let ready = work.ready.iter().filter(|on| **on == id).count();
        once(Marks::IN_READY_LIST, ready, "ready");
        let dirty = work.dirty.iter().filter(|on| **on == id).count();
        once(Marks::DIRTY, dirty, "dirty");
        if connection.phase() != Phase::Connecting {
            let stream = &connection.stream;
            let waits = !connection.output.is_empty() && stream.takes_output();
            let unsent = waits || stream.holds_unsent();
            let is_excused = marks.has(Marks::DIRTY) || connection.write_half == WriteHalf::Failed;
            assert!(
                marks.has(Marks::WRITABLE_INTEREST) == unsent || is_excused,
                "{id:?}: writable interest exactly while something is unsent"
            );
        }
        let forgotten = connection.has_input()
            && !connection.is_held(&net.state)
            && matches!(connection.phase(), Phase::Open | Phase::Lingering)
            && !marks.has(Marks::IN_READY_LIST);
        assert!(!forgotten, "{id:?} has work and is on no list");
    }
    assert_eq!(queued, output.buffers.bytes(), "bytes of all queues");
    check_held(net);
}

/// Panics if the count is not the sum of what is remembered of each connection.
pub(crate) fn check_held(net: &Net) {
    let ids = net.table.connections().map(|(id, _)| id);
    let counted: usize = ids.map(|id| net.ceiling.of(id)).sum();
    assert_eq!(net.ceiling.held(), counted, "held in all");
}
