//! The log for the host: one event a line, on standard error.
//!
//! Between `tracing` and the descriptor are a budget for each kind of line (`repeats`) and a stream that never blocks
//! ([`HostStream`]). Whatever the host does with the stream costs lines of the log and nothing else: no call here
//! blocks, fails or panics. Both losses are counted, and the log itself reports them when it can.
//!
//! Invariants: the writer that `tracing` gets always succeeds (its fallback for errors prints to the same standard
//! error, and panics there); nothing is logged while the lock is held. The log does not escape anything: code that
//! logs what a peer sent makes it harmless first. It does not know the loop; the server calls [`Log::tend`] once a
//! turn.

mod repeats;

use super::stream::{HostStream, LAST_WORDS};
use repeats::{Repeats, Summary};
use rustc_hash::FxHasher;
use signal_hook::consts::SIGXFSZ;
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt::{self, Write as _},
    hash::{Hash as _, Hasher as _},
    io,
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, atomic::AtomicBool},
    time::{Duration, Instant},
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
};

/// What the log reports about itself has no budget: it is bounded by the number of kinds.
const OURSELVES: &str = "madang::log";

/// The target of lines that must not be left out: what operators of the server did. Only they cause such lines, and no
/// faster than flood control lets them.
pub const AUDIT: &str = "madang::audit";

/// How many lines are not in the log, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The stream had no room for them.
    pub dropped: u64,
    /// There were too many of their kind.
    pub left_out: u64,
}

#[derive(Debug)]
struct Inner {
    stream: HostStream,
    repeats: Repeats,
}

/// The log. A clone writes to the same log.
#[derive(Clone, Debug)]
pub struct Log(Arc<Mutex<Inner>>);

impl Log {
    /// Sends what is logged from now on to standard error, and the messages of panics too.
    pub fn start(level: Level, colours: bool) -> Self {
        let log = Self::to(HostStream::stderr());
        // By default, the signal of a file that has reached its size limit (`ulimit -f`) ends the process. With any
        // handler the write fails instead, as on a full disk. No system refuses a handler.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
        let subscriber = log.subscriber(level, colours);
        // Fails only if a subscriber exists already: then its owner (a test) wants that one.
        let _ = tracing::subscriber::set_global_default(subscriber);
        let last_words = log.clone();
        panic::set_hook(Box::new(move |panic| last_words.tell_panic(panic)));
        log
    }

    /// A log that goes to this stream.
    fn to(stream: HostStream) -> Self {
        let repeats = Repeats::default();
        Self(Arc::new(Mutex::new(Inner { stream, repeats })))
    }

    fn subscriber(&self, level: Level, colours: bool) -> impl Subscriber + use<> {
        tracing_subscriber::fmt()
            .compact()
            .with_target(false)
            .with_max_level(level)
            .with_ansi(colours)
            .log_internal_errors(false)
            .map_event_format(|inner| Budgeted {
                inner,
                log: self.clone(),
            })
            .with_writer(self.clone())
            .finish()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a function with the stream; the owner of the loop watches the stream for room.
    pub fn with_stream<T>(&self, act: impl FnOnce(&mut HostStream) -> T) -> T {
        act(&mut self.lock().stream)
    }

    /// How soon [`tend`](Self::tend) must be called, whatever happens. `None` while there is nothing to report.
    pub fn due_in(&self) -> Option<Duration> {
        let due = self.lock().repeats.due()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Writes what waits, if the stream may take it, and reports which lines are missing. Call it once a turn.
    pub fn tend(&self) {
        let (gap, summaries) = {
            let mut inner = self.lock();
            inner.stream.tend();
            let due = inner.repeats.due().is_some();
            let summaries = due.then(|| inner.repeats.take_due(Instant::now()));
            (inner.stream.close_gap(), summaries.unwrap_or_default())
        };
        tell(gap, &summaries);
    }

    /// How many lines are not in the log so far.
    pub fn missing(&self) -> Missing {
        let inner = self.lock();
        Missing {
            dropped: inner.stream.dropped(),
            left_out: inner.repeats.left_out(),
        }
    }

    /// At the end of the program: gives the stream a bounded time to take what waits, reports what is still to be
    /// reported, and waits for that as long again.
    pub fn end(&self) {
        let (gap, summaries) = {
            let mut inner = self.lock();
            inner.stream.drain(LAST_WORDS);
            let summaries = inner.repeats.take(Instant::now(), Duration::ZERO);
            (inner.stream.close_gap(), summaries)
        };
        tell(gap, &summaries);
        self.with_stream(|stream| stream.drain(LAST_WORDS));
    }

    /// Prints what the standard library's hook prints, without its waiting.
    fn tell_panic(&self, panic: &PanicHookInfo<'_>) {
        let mut words = format!("{panic}\n");
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = writeln!(words, "{backtrace}");
        }
        self.say_last(&words);
    }

    /// Writes a line that must not be lost, and gives the stream a bounded time to take it.
    fn say_last(&self, words: &str) {
        let say = |stream: &mut HostStream| {
            stream.push_urgent(words.as_bytes());
            stream.drain(LAST_WORDS);
        };
        match self.0.try_lock() {
            Ok(mut inner) => say(&mut inner.stream),
            Err(TryLockError::Poisoned(inner)) => say(&mut inner.into_inner().stream),
            // The panic came from the log itself.
            Err(TryLockError::WouldBlock) => say(&mut HostStream::stderr()),
        }
    }

    /// Whether an event is within the budget of its kind.
    fn admits(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        if matches!(metadata.target(), OURSELVES | AUDIT) {
            return true;
        }
        let mut kind = KindOf(FxHasher::default());
        metadata.callsite().hash(&mut kind.0);
        event.record(&mut kind);
        let mut inner = self.lock();
        let label = || Label::of(event);
        inner
            .repeats
            .admit(kind.0.finish(), *metadata.level(), label, Instant::now())
    }
}

/// Logs how many lines are missing here, and how many were left out of which kinds.
fn tell(gap: Option<u64>, summaries: &[Summary]) {
    if let Some(lines) = gap {
        let why = "lines of the log are missing here, for nobody took them";
        tracing::warn!(target: OURSELVES, lines, "{why}");
    }
    for summary in summaries {
        let Summary { label, lines, .. } = summary;
        let within_s = summary.within.as_secs_f32();
        macro_rules! tell {
            ($level:expr) => {
                tracing::event!(target: OURSELVES, $level, lines, within_s, "left out, more of: {label}")
            };
        }
        match summary.level {
            Level::ERROR => tell!(Level::ERROR),
            Level::WARN => tell!(Level::WARN),
            Level::INFO => tell!(Level::INFO),
            Level::DEBUG => tell!(Level::DEBUG),
            Level::TRACE => tell!(Level::TRACE),
        }
    }
}

/// A line of the log is one write: `tracing` formats it first and passes it on whole.
impl io::Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.with_stream(|stream| stream.push(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// Formats events that are within their budget, and drops the others.
struct Budgeted<F> {
    inner: F,
    log: Log,
}

impl<S, N, F> FormatEvent<S, N> for Budgeted<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.log.admits(event) {
            self.inner.format_event(context, writer, event)
        } else {
            // An empty text, which `tracing` does not pass to the writer.
            Ok(())
        }
    }
}

/// Adds the reason of an event, if it has one, to the hash of its kind.
struct KindOf(FxHasher);

impl Visit for KindOf {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "reason" {
            let _ = write!(self, "{value:?}");
        }
    }
}

impl fmt::Write for KindOf {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// The name of a kind of line: its message, and the reason if there is one.
#[derive(Default)]
struct Label {
    message: String,
    reason: String,
}

impl Label {
    /// A longer message is identified by its beginning.
    const CHARS_MAX: usize = 100;

    fn of(event: &Event<'_>) -> String {
        let mut label = Self::default();
        event.record(&mut label);
        let text = label.message + &label.reason;
        text.chars().take(Self::CHARS_MAX).collect()
    }
}

impl Visit for Label {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "reason" => write!(self.reason, " reason={value:?}"),
            _ => Ok(()),
        };
    }
}

#[cfg(test)]
mod tests;
