//! Stage: reading, and handing input over, a bounded amount from each source and from all (invariant 1).
//!
//! A poll that is edge-triggered reports input once. So a connection is read until it would block; if its budget for the turn
//! is spent first, or its handler left whole frames, or its pause ended, it goes on the ready list again, for no event will
//! come. Knows no frames.

use super::{ending, held};
use crate::net::{
    core::Net,
    handler::{Consumed, Handler, Loss, Next},
    source::{
        datagrams::Received,
        marks::Marks,
        outcome::{Connect, Step},
        phase::Phase,
        stream_io::Fill,
        table::Source,
        token::ConnId,
    },
    time::budget::{HANDSHAKE, READ_SLICE, VISIT},
};
use std::io::{Error, ErrorKind};

/// Reads of connections whose handshake (TLS) is going on, in one turn. A signature takes 0.1 ms, with an RSA key one:
/// when a thousand clients connect at once, the others are still served between two handfuls of them.
const HANDSHAKES_PER_TURN: usize = 16;

/// Datagrams read from one socket in one turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// Reads from the ready sources. Those for which there was no time come first in the next turn.
pub(crate) fn read(net: &mut Net, scratch: &mut [u8], handler: &mut impl Handler) {
    let mut handshakes = 0;
    net.begin_slice(READ_SLICE);
    let ready = net.state.work.ready.len();
    net.budget.share_among(ready);
    for _ in 0..ready {
        if net.is_slice_over() || net.is_turn_full() {
            break;
        }
        net.note_effort(VISIT);
        let Some(id) = net.state.work.ready.pop_front() else {
            break;
        };
        match net.table.get_mut(id) {
            Some(Source::Connection(connection)) => {
                let shakes_hands = !connection.stream.takes_output();
                handshakes += usize::from(shakes_hands);
                if handshakes > HANDSHAKES_PER_TURN && shakes_hands {
                    net.state.stats.carried_over += 1;
                    net.state.work.ready.push_back(id);
                    continue;
                }
                read_connection(net, id, scratch, handler);
                held::recount(net, id, handler);
                if shakes_hands {
                    // It may have taken a signature, and with a large RSA key that is most of a slice.
                    net.note_effort(HANDSHAKE);
                }
            }
            Some(Source::Datagrams(_)) => read_datagrams(net, id, scratch, handler),
            Some(Source::Listener(_)) | None => {}
        }
    }
}

/// Hands over what one connection has, within its budget.
fn read_connection(net: &mut Net, id: ConnId, scratch: &mut [u8], handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    connection.marks.remove(Marks::IN_READY_LIST);
    if connection.phase() == Phase::Connecting {
        return finish_connecting(net, id, handler);
    }
    let took_output = connection.stream.takes_output();
    let mut budget = net.budget.bytes_each();
    let mut was_offered = false;
    loop {
        // Looked up again each time: the handler may have ended the connection.
        let Some(connection) = net.table.connection_mut(id) else {
            return;
        };
        if took_output && !connection.stream.takes_output() {
            // TLS was put around it. Handshakes have a budget of their own; it is on the list, and its turn comes.
            return;
        }
        match connection.next_step(&net.state) {
            Step::Wait if connection.is_lost(&net.state) => {
                let error = Error::from(ErrorKind::BrokenPipe);
                return ending::fail(net, id, &error.into(), handler);
            }
            Step::Wait => return,
            // Its budget of frames is spent: each connection is asked once for what it left.
            Step::Offer if was_offered => return carry_over(net, id),
            Step::Offer => {
                was_offered = true;
                offer(net, id, &[], handler);
            }
            Step::ReportEof => {
                connection.note_eof_reported();
                handler.handle_end(net, id);
            }
            Step::Read if budget == 0 || (was_offered && net.budget.is_spent()) => {
                return carry_over(net, id);
            }
            Step::Read => {
                let room = scratch.len().min(budget);
                let filled = connection.fill(&mut scratch[..room], &mut net.state);
                if connection.reports() {
                    hand_over_report(net, id, handler);
                }
                match filled {
                    Fill::Bytes(count) => {
                        budget -= count;
                        net.budget.note_bytes(count);
                        was_offered = true;
                        offer(net, id, &scratch[..count], handler);
                    }
                    Fill::Eof | Fill::Blocked => {
                        if let Some(connection) = net.table.connection_mut(id) {
                            match filled {
                                Fill::Eof => connection.note_eof(id, &mut net.state),
                                _ => connection.note_blocked(),
                            }
                        }
                    }
                    Fill::Interrupted => return carry_over(net, id),
                    Fill::Lost(error) => return ending::fail(net, id, &error.into(), handler),
                }
            }
        }
    }
}

/// Puts a connection back on the list, for the next turn.
fn carry_over(net: &mut Net, id: ConnId) {
    net.state.stats.carried_over += 1;
    if let Some(connection) = net.table.connection_mut(id) {
        net.state.work.push_ready(id, &mut connection.marks);
    }
}

/// Offers input to the handler: what was kept, followed by what was just read.
fn offer(net: &mut Net, id: ConnId, fresh: &[u8], handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    let Some(mut input) = connection.lend_input(id, &mut net.state) else {
        return;
    };
    let mut next = Next::ReadMore;
    input.offer(fresh, |bytes, searched| {
        let consumed: Consumed = handler.handle_input(net, id, bytes, searched);
        next = consumed.next;
        consumed.bytes
    });
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    let pause_until = match next {
        Next::PauseUntil(at) => Some(at),
        Next::ReadMore | Next::Yield => None,
    };
    let left_frames = next != Next::ReadMore;
    if connection.take_back(id, input, left_frames, pause_until, &mut net.state) {
        ending::fail(net, id, &Loss::InputTooLong, handler);
    }
}

/// Hands over what a transport has to report. The handler gets it before the bytes that were read with it.
fn hand_over_report(net: &mut Net, id: ConnId, handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    let report = connection.take_report(id, &mut net.state);
    if let Some(notice) = report.notice.filter(|_| report.is_open) {
        handler.handle_notice(net, id, &notice);
    }
    if report.overhead > 0 {
        net.budget.note_bytes(report.overhead);
        if report.is_open {
            handler.handle_overhead(net, id, report.overhead);
        }
    }
}

/// Asks whether an attempt to connect was answered.
fn finish_connecting(net: &mut Net, id: ConnId, handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    match connection.poll_connect() {
        Connect::Pending => {}
        Connect::Failed(error) => ending::fail(net, id, &error.into(), handler),
        Connect::Connected => {
            handler.handle_connected(net, id);
            if let Some(connection) = net.table.connection_mut(id) {
                // Flushing it, even of nothing, puts its interest right; and the peer may have sent something first.
                net.state.work.push_dirty(id, &mut connection.marks);
                net.state.work.push_ready(id, &mut connection.marks);
            }
        }
    }
}

/// Sends the datagram that was kept, then reads on. Datagrams are charged to the turn alone: their source can be forged, so
/// that a charge could be aimed at anyone.
fn read_datagrams(net: &mut Net, id: ConnId, scratch: &mut [u8], handler: &mut impl Handler) {
    if let Some(datagrams) = net.table.datagrams_mut(id) {
        datagrams.marks.remove(Marks::IN_READY_LIST);
        datagrams.send_unsent(id, &mut net.state);
    }
    for _ in 0..DATAGRAMS_PER_TURN {
        let Some(datagrams) = net.table.datagrams_mut(id) else {
            return;
        };
        match datagrams.receive(scratch, &mut net.state.stats) {
            Received::Datagram(length, from) => {
                net.note_effort(VISIT);
                net.budget.note_bytes(length);
                handler.handle_datagram(net, id, from, &scratch[..length]);
            }
            Received::Nothing => {}
            Received::Blocked => return,
        }
    }
    if let Some(datagrams) = net.table.datagrams_mut(id) {
        net.state.work.push_ready(id, &mut datagrams.marks);
    }
}
