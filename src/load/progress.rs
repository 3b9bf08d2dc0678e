//! The progress of a run on stderr: a bar for each phase on a terminal, a line a second elsewhere.

use super::phases::Phase;
use crate::os::stream::HostStream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

/// Shows the progress of a run.
pub(super) trait Progress {
    /// A phase begins; `goal` is how much there is to do, or zero if that is unknown.
    fn begin(&mut self, phase: Phase, goal: u64);

    /// So much of it is done, and so many clients are ready. Called a few times a second.
    fn show(&mut self, done: u64, ready: usize);

    /// The run is over.
    fn end(&mut self);
}

/// The form of progress that suits stderr.
pub(super) fn on_stderr() -> Box<dyn Progress> {
    if io::stderr().is_terminal() {
        Box::new(Bar(None))
    } else {
        Box::new(Lines {
            stderr: HostStream::stderr(),
            phase: None,
            goal: 0,
            last: None,
        })
    }
}

struct Bar(Option<ProgressBar>);

impl Progress for Bar {
    fn begin(&mut self, phase: Phase, goal: u64) {
        self.end();
        let form = match goal {
            0 => "{prefix:>9} {spinner} {elapsed} {msg}",
            _ => "{prefix:>9} {bar:40} {percent:>3}% {elapsed} {msg}",
        };
        let target = ProgressDrawTarget::stderr_with_hz(8);
        let bar = ProgressBar::with_draw_target((goal > 0).then_some(goal), target);
        let style = ProgressStyle::with_template(form);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(phase.to_string());
        self.0 = Some(bar);
    }

    fn show(&mut self, done: u64, ready: usize) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{ready} connected"));
            bar.set_position(done);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

struct Lines {
    stderr: HostStream,
    phase: Option<Phase>,
    goal: u64,
    last: Option<Instant>,
}

impl Progress for Lines {
    fn begin(&mut self, phase: Phase, goal: u64) {
        (self.phase, self.goal) = (Some(phase), goal);
        // Nothing is shown for a phase that takes less than a second.
        self.last = Some(Instant::now());
    }

    fn show(&mut self, done: u64, ready: usize) {
        let is_time = self
            .last
            .is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        let Some(phase) = self.phase.filter(|_| is_time) else {
            return;
        };
        self.last = Some(Instant::now());
        let share = (done.min(self.goal) * 100).checked_div(self.goal);
        let share = share.map_or(String::new(), |percent| format!(" {percent:>3} %,"));
        // A reader that does not keep up does not delay the run. The loop does not watch this stream: each line tries
        // again.
        self.stderr.note_room();
        self.stderr.tend();
        let line = format!("{phase:>9}:{share} {ready} connected\n");
        self.stderr.push(line.as_bytes());
    }

    fn end(&mut self) {
        self.phase = None;
    }
}
