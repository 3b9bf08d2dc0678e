//! The log from an event to the bytes on a pipe.

use super::*;
use rustix::{fs::OFlags, pipe::pipe};
use std::os::fd::OwnedFd;

/// A log, and the pipe that it goes to.
fn log() -> (Log, OwnedFd) {
    let (reader, writer) = pipe().unwrap();
    rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK).unwrap();
    (Log::to(HostStream::over(writer)), reader)
}

fn read(reader: &OwnedFd) -> String {
    let mut bytes = vec![0; 1 << 20];
    let count = rustix::io::read(reader, &mut bytes).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..count]).into()
}

#[test]
fn each_kind_has_its_budget_and_the_rest_is_reported_at_the_end() {
    let (log, reader) = log();
    tracing::subscriber::with_default(log.subscriber(Level::DEBUG, false), || {
        for number in 0..200 {
            let reason = if number % 4 == 0 { "one" } else { "other" };
            tracing::info!(number, %reason, "closed");
        }
        tracing::info!("something else");
        log.end();
    });
    let text = read(&reader);
    let count = |words: &str| text.matches(words).count();
    assert_eq!(count("closed number="), 100, "{text}");
    assert_eq!(count("something else"), 1, "{text}");
    let told = " INFO left out, more of: closed reason=other lines=100 within_s=";
    assert_eq!(count("left out"), 1, "{text}");
    assert_eq!(count(told), 1, "{text}");
    assert_eq!(log.missing().left_out, 100);
    assert_eq!(log.due_in(), None, "nothing is left to tell");
}

#[test]
fn lines_without_room_are_dropped_counted_and_reported() {
    let (log, reader) = log();
    let line = "x".repeat(8000);
    tracing::subscriber::with_default(log.subscriber(Level::DEBUG, false), || {
        (0..100).for_each(|_| tracing::debug!("{line}"));
        let dropped = log.missing().dropped;
        assert!((50..100).contains(&dropped), "{dropped}");
        let mut heard = read(&reader);
        while !heard.contains("missing here") {
            log.with_stream(HostStream::note_room);
            log.tend();
            heard += &read(&reader);
        }
        assert_eq!(log.missing().dropped, dropped);
        assert_eq!(heard.matches(&line).count() as u64, 100 - dropped);
        let told = format!(
            "WARN lines of the log are missing here, for nobody took them lines={dropped}\n"
        );
        assert!(heard.ends_with(&told), "{}", &heard[heard.len() - 200..]);
    });
}

#[test]
fn the_last_lines_wait_a_bounded_time() {
    let (log, reader) = log();
    let line = [&[b'x'; 1000][..], b"\n"].concat();
    (0..300).for_each(|_| log.with_stream(|stream| stream.push(&line)));
    let before = Instant::now();
    log.say_last("the end\n");
    log.end();
    assert!(before.elapsed() < Duration::from_secs(10), "waited in vain");
    // They are not lost for want of room: a reader that reads in time has them.
    let mut heard = read(&reader);
    while !heard.ends_with("the end\n") {
        log.with_stream(|stream| {
            stream.note_room();
            stream.tend();
        });
        heard += &read(&reader);
    }
}
