//! The lines of history that wait to be stored, and the questions that wait for an answer.
//!
//! One request with lines is on its way at a time, and what is said meanwhile goes with the next: so lines are added in order,
//! whatever fails and is tried again, and a message that was taken back does not come again after its redaction. A question
//! is sent when the lines before it are. Past [`BYTES_MAX`] lines are dropped, and counted as a gap, which is stored when
//! there is room again.
//!
//! Owns the queue. Does not know the other writes.

use crate::store::{
    frame::push_frame,
    lines::{Gap, LineChange, Question, Quotas, Reply},
    message::Request,
};
use std::collections::VecDeque;

/// What may wait for the keeper. Past it lines are not stored: chat does not wait for a disk.
const BYTES_MAX: usize = 4 << 20;

/// One request takes no more: the answer to a question behind it does not wait for a long transaction.
const BYTES_PER_REQUEST: usize = 256 * 1024;

/// A question is asked of so many keepers.
const LOSSES_MAX: u8 = 3;

/// Names a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionId(pub(super) u64);

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Lines {
    /// How much is kept.
    pub quotas: Quotas,
    waiting: VecDeque<LineChange>,
    /// Bytes of all that waits.
    bytes: usize,
    /// Changes that were handed in, and those that are in a request that was sent.
    taken: u64,
    sent: u64,
    on_its_way: Option<OnItsWay>,
    questions: VecDeque<Waiting>,
    replies: VecDeque<(QuestionId, Option<Reply>)>,
    gap: Option<Gap>,
    /// The keeper has more to remove.
    is_sweep_due: bool,
    /// Lines that were not stored.
    pub dropped: u64,
}

#[derive(Debug)]
struct OnItsWay {
    id: u64,
    frame: Vec<u8>,
    bytes: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Sent,
    /// It failed, and waits to be tried again.
    Postponed,
}

/// Questions that the keeper has at one time.
const AT_THE_KEEPER: usize = 4;

#[derive(Debug)]
struct Waiting {
    id: u64,
    question: Question,
    /// The changes that come before it.
    after: u64,
    is_sent: bool,
    losses: u8,
}

impl Lines {
    /// Takes a change. The time is that of the line, for the gap if there is no room.
    pub fn add(&mut self, change: LineChange) {
        let bytes = change.bytes();
        if let (true, LineChange::Add(_, line)) = (self.bytes + bytes > BYTES_MAX, &change) {
            self.dropped += 1;
            let gap = self.gap.get_or_insert(Gap {
                from_ms: line.time_ms,
                to_ms: line.time_ms,
                lines: 0,
            });
            (gap.to_ms, gap.lines) = (line.time_ms, gap.lines + 1);
            return;
        }
        // What is to be forgotten is few and short, and must not be left out.
        self.bytes += bytes;
        self.taken += 1;
        self.waiting.push_back(change);
    }

    /// Whether lines are dropped now.
    pub fn has_gap(&self) -> bool {
        self.gap.is_some()
    }

    pub(super) fn ask(&mut self, id: u64, question: Question) {
        self.questions.push_back(Waiting {
            id,
            question,
            after: self.taken,
            is_sent: false,
            losses: 0,
        });
    }

    /// Nobody waits for the answer any more.
    pub fn cancel(&mut self, id: QuestionId) {
        self.questions.retain(|it| it.id != id.0);
    }

    /// Appends what is to be sent now.
    pub(super) fn send(&mut self, last: &mut u64, out: &mut Vec<u8>) {
        if self.on_its_way.is_none() && (!self.waiting.is_empty() || self.has_room_for_gap()) {
            *last += 1;
            self.on_its_way = self.next_request(*last);
        }
        if let Some(it) = &mut self.on_its_way {
            if it.state == State::Queued {
                out.extend_from_slice(&it.frame);
                it.state = State::Sent;
            }
        }
        // A disk that takes nothing is no reason not to read.
        let all = self.is_postponed();
        // A few at a time: each answer may be a mebibyte, and what is to be written must not wait for all of them.
        let mut room =
            AT_THE_KEEPER.saturating_sub(self.questions.iter().filter(|it| it.is_sent).count());
        for it in &mut self.questions {
            if room == 0 {
                break;
            }
            if !it.is_sent && (all || it.after <= self.sent) {
                room -= 1;
                let (id, question) = (it.id, it.question.clone());
                it.is_sent = push_frame(&Request::Ask { id, question }, out).is_ok();
            }
        }
        if std::mem::take(&mut self.is_sweep_due) {
            let quotas = self.quotas;
            let pushed = push_frame(&Request::Sweep { quotas }, out);
            debug_assert!(pushed.is_ok(), "it is short");
        }
    }

    /// The end of a gap is known when there is room again.
    fn has_room_for_gap(&self) -> bool {
        self.gap.is_some() && self.bytes < BYTES_MAX / 2
    }

    fn next_request(&mut self, id: u64) -> Option<OnItsWay> {
        let (mut changes, mut bytes) = (Vec::new(), 0);
        while bytes < BYTES_PER_REQUEST {
            let Some(change) = self.waiting.pop_front() else {
                break;
            };
            bytes += change.bytes();
            changes.push(change);
        }
        self.sent += changes.len() as u64;
        let gap = self.has_room_for_gap().then(|| self.gap.take()).flatten();
        let (mut frame, quotas) = (Vec::new(), self.quotas);
        let request = Request::Append {
            id,
            changes,
            gap,
            quotas,
        };
        if push_frame(&request, &mut frame).is_err() {
            // No line is nearly as long as a frame may be.
            self.bytes -= bytes;
            return None;
        }
        Some(OnItsWay {
            id,
            frame,
            bytes,
            state: State::Queued,
        })
    }

    /// The lines of a request are stored; whether this is one.
    pub(super) fn done(&mut self, id: u64) -> bool {
        match self.on_its_way.take_if(|it| it.id == id) {
            Some(it) => {
                self.bytes -= it.bytes;
                true
            }
            None => false,
        }
    }

    /// A request failed; whether this is one, and whether it is tried again.
    pub(super) fn failed(&mut self, id: u64) -> Option<bool> {
        if let Some(it) = self.on_its_way.as_mut().filter(|it| it.id == id) {
            it.state = State::Postponed;
            return Some(true);
        }
        let position = self.questions.iter().position(|it| it.id == id)?;
        self.questions.remove(position);
        self.replies.push_back((QuestionId(id), None));
        Some(false)
    }

    pub(super) fn reply(&mut self, id: u64, reply: Reply) {
        let position = self.questions.iter().position(|it| it.id == id);
        if let Some(position) = position {
            self.questions.remove(position);
            self.replies.push_back((QuestionId(id), Some(reply)));
        }
    }

    pub(super) fn note_unswept(&mut self) {
        self.is_sweep_due = true;
    }

    pub(super) fn lost(&mut self) {
        if let Some(it) = self
            .on_its_way
            .as_mut()
            .filter(|it| it.state == State::Sent)
        {
            it.state = State::Queued;
        }
        self.is_sweep_due = false;
        for it in &mut self.questions {
            (it.is_sent, it.losses) = (false, it.losses + 1);
        }
        let is_given_up = |it: &Waiting| it.losses >= LOSSES_MAX;
        while let Some(position) = self.questions.iter().position(is_given_up) {
            self.give_up(position);
        }
    }

    fn give_up(&mut self, position: usize) {
        if let Some(it) = self.questions.remove(position) {
            self.replies.push_back((QuestionId(it.id), None));
        }
    }

    pub(super) fn try_again(&mut self) {
        if let Some(it) = self
            .on_its_way
            .as_mut()
            .filter(|it| it.state == State::Postponed)
        {
            it.state = State::Queued;
        }
    }

    /// Whether someone waits for an answer.
    pub(super) fn has_askers(&self) -> bool {
        !self.questions.is_empty()
    }

    pub(super) fn fail_askers(&mut self) {
        while !self.questions.is_empty() {
            self.give_up(0);
        }
    }

    pub(super) fn is_postponed(&self) -> bool {
        let request = self.on_its_way.as_ref();
        request.is_some_and(|it| it.state == State::Postponed)
    }

    /// The next answer; `None` in it: the keeper has none.
    pub fn next_reply(&mut self) -> Option<(QuestionId, Option<Reply>)> {
        self.replies.pop_front()
    }

    /// Whether there are answers.
    pub fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Whether no line waits. A question that waits does not count: who asked is gone when the server ends.
    pub(super) fn is_idle(&self) -> bool {
        self.on_its_way.is_none() && self.waiting.is_empty() && self.gap.is_none()
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        client::Client,
        frame::Frames,
        lines::{BufferKey, LineRecord},
        message::Answer,
    };

    fn line(id: u64, bytes: usize) -> LineChange {
        let text = "x".repeat(bytes);
        let record = LineRecord {
            id,
            text,
            ..LineRecord::default()
        };
        LineChange::Add(BufferKey::Room(1), Box::new(record))
    }

    /// What is sent now: numbers of the requests with those of their lines; questions have none.
    fn sent(client: &mut Client) -> Vec<(u64, Vec<u64>)> {
        let (mut out, mut frames, mut seen) = (Vec::new(), Frames::default(), Vec::new());
        client.send(&mut out);
        frames.push(&out);
        while let Some(request) = frames.take().unwrap() {
            match request {
                Request::Append { id, changes, .. } => {
                    let number = |change| match change {
                        LineChange::Add(_, line) => line.id,
                        _ => 0,
                    };
                    seen.push((id, changes.into_iter().map(number).collect()));
                }
                Request::Ask { id, .. } => seen.push((id, Vec::new())),
                other => panic!("{other:?}"),
            }
        }
        seen
    }

    fn answer(client: &mut Client, answer: &Answer) {
        let mut bytes = Vec::new();
        push_frame(answer, &mut bytes).unwrap();
        client.receive(&bytes).unwrap();
    }

    fn question() -> Question {
        Question::Targets {
            rooms: Vec::new(),
            account: None,
        }
    }

    #[test]
    fn lines_go_in_order_one_request_at_a_time_and_again_to_the_next_keeper() {
        let mut client = Client::default();
        client.lines.add(line(1, 1));
        client.lines.add(line(2, 1));
        assert_eq!(sent(&mut client), [(1, vec![1, 2])]);
        client.lines.add(line(3, 1));
        let asked = client.ask(question());
        assert_eq!(sent(&mut client), []);
        client.lost();
        assert_eq!(sent(&mut client), [(1, vec![1, 2])]);
        let why = "disk full".to_owned();
        answer(&mut client, &Answer::Failed { id: 1, why });
        // It is tried again later; who reads does not wait for that.
        assert!(client.has_postponed() && client.trouble.is_some());
        assert_eq!(sent(&mut client), [(asked.0, vec![])]);
        let reply = Reply::Lines(Vec::new());
        answer(
            &mut client,
            &Answer::Reply {
                id: asked.0,
                reply: reply.clone(),
            },
        );
        assert_eq!(client.lines.next_reply(), Some((asked, Some(reply))));
        client.try_again();
        assert_eq!(sent(&mut client), [(1, vec![1, 2])]);
        answer(&mut client, &Answer::Done { id: 1 });
        assert_eq!(client.trouble, None);
        let next = sent(&mut client);
        assert_eq!(next[0].1, [3]);
        answer(&mut client, &Answer::Done { id: next[0].0 });
        assert!(client.is_idle() && client.bytes() == 0);
    }

    #[test]
    fn a_question_comes_after_what_was_said_before_it_and_is_given_up_in_the_end() {
        let mut client = Client::default();
        client.lines.add(line(1, 1));
        sent(&mut client);
        client.lines.add(line(2, 1));
        let asked = client.ask(question());
        answer(&mut client, &Answer::Done { id: 1 });
        let now = sent(&mut client);
        assert_eq!(now.iter().map(|it| it.0).collect::<Vec<_>>(), [3, asked.0]);
        for _ in 0..LOSSES_MAX {
            client.lost();
            sent(&mut client);
        }
        assert_eq!(client.lines.next_reply(), Some((asked, None)));
        let asked = client.ask(question());
        assert!(client.has_askers());
        client.fail_askers("hangs");
        assert_eq!(client.lines.next_reply(), Some((asked, None)));
    }

    #[test]
    fn past_the_bound_lines_are_dropped_and_the_gap_is_stored() {
        let mut client = Client::default();
        for id in 1..=100 {
            client.lines.add(line(id, 100_000));
        }
        assert!(client.lines.bytes() <= BYTES_MAX && client.lines.has_gap());
        let kept = 100 - client.lines.dropped;
        let (mut seen, mut gaps) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            let (mut out, mut frames) = (Vec::new(), Frames::default());
            client.send(&mut out);
            frames.push(&out);
            let Some(Request::Append {
                id, changes, gap, ..
            }) = frames.take().unwrap()
            else {
                break;
            };
            seen.extend(changes);
            gaps.extend(gap);
            answer(&mut client, &Answer::Done { id });
        }
        assert_eq!(seen.len() as u64, kept);
        assert_eq!(
            gaps.iter().map(|gap| gap.lines).sum::<u64>(),
            client.lines.dropped
        );
        assert!(client.is_idle() && client.bytes() == 0 && !client.lines.has_gap());
    }
}
