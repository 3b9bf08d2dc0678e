//! Streams of every kind against readers that are slow, stopped, gone, or a full disk.

use super::*;
use proptest::prelude::*;
use rustix::{
    fs::{Mode, OFlags, fcntl_setfl},
    pipe::pipe,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Action, tcflow},
};
use std::{os::fd::OwnedFd, os::unix::net::UnixStream, path::PathBuf};

/// Reads all that is available.
fn read(reader: &OwnedFd, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let count = rustix::io::read(reader, &mut bytes).unwrap_or(0);
    bytes.truncate(count);
    bytes
}

fn never_waiting(reader: OwnedFd) -> OwnedFd {
    fcntl_setfl(&reader, OFlags::NONBLOCK).unwrap();
    reader
}

/// A stream and its reader, one for each of the ways in which a stream is written to.
fn streams() -> Vec<(&'static str, HostStream, OwnedFd)> {
    let (pipe_reader, pipe_writer) = pipe().unwrap();
    let (polled_reader, polled_writer) = pipe().unwrap();
    let (socket_reader, socket_writer) = UnixStream::pair().unwrap();
    let polled = HostStream::on(Descriptor::polled(polled_writer));
    vec![
        (
            "a pipe of our own",
            HostStream::over(pipe_writer),
            pipe_reader,
        ),
        ("an inherited pipe", polled, polled_reader),
        (
            "a socket",
            HostStream::over(socket_writer.into()),
            socket_reader.into(),
        ),
    ]
    .into_iter()
    .map(|(name, stream, reader)| (name, stream, never_waiting(reader)))
    .collect()
}

/// One of the things that happen to a log's stream.
#[derive(Clone, Debug)]
enum Step {
    /// A line of this length.
    Push(usize),
    /// The reader reads this much.
    Read(usize),
    /// The end of a turn, with an event if there was room.
    Turn,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (10..9000usize).prop_map(Step::Push),
        2 => (1..70_000usize).prop_map(Step::Read),
        3 => Just(Step::Turn),
    ];
    proptest::collection::vec(step, 1..200)
}

fn turn(stream: &mut HostStream) {
    stream.note_room();
    stream.tend();
    if let Some(lines) = stream.close_gap() {
        stream.push(format!("gap {lines}\n").as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the reader does, lines come whole and in order, and each gap is reported at its place and counted
    /// right.
    #[test]
    fn lines_are_whole_and_in_order_and_gaps_are_told(steps in steps()) {
        for (name, mut stream, reader) in streams() {
            let (mut heard, mut sent) = (Vec::new(), 0u64);
            for step in &steps {
                match step {
                    Step::Push(length) => {
                        sent += 1;
                        let line = format!("{sent} {}\n", "x".repeat(*length));
                        stream.push(line.as_bytes());
                        prop_assert!(stream.waiting.len() <= WAITING_BYTES_MAX);
                    }
                    Step::Read(most) => heard.extend(read(&reader, *most)),
                    Step::Turn => turn(&mut stream),
                }
            }
            loop {
                let bytes = read(&reader, 1 << 20);
                turn(&mut stream);
                if bytes.is_empty() && stream.waiting.is_empty() {
                    break;
                }
                heard.extend(bytes);
            }
            heard.extend(read(&reader, 1 << 20));
            let text = String::from_utf8(heard).unwrap();
            let (mut last, mut missing) = (0, 0);
            for line in text.lines() {
                let (first, rest) = line.split_once(' ').unwrap();
                if first == "gap" {
                    let lines: u64 = rest.parse().unwrap();
                    (last, missing) = (last + lines, missing + lines);
                } else {
                    last += 1;
                    prop_assert_eq!(first.parse::<u64>().unwrap(), last, "{}", name);
                }
            }
            prop_assert_eq!(last, sent, "{}", name);
            prop_assert_eq!(missing, stream.dropped(), "{}", name);
            prop_assert_eq!(stream.waiting.capacity(), 0, "{}: memory is held for nothing", name);
        }
    }
}

#[test]
fn a_stream_without_room_is_watched_until_all_is_written() {
    for (name, mut stream, reader) in streams() {
        while !stream.waits_for_room() {
            stream.push(b"a line of the log\n");
        }
        // There is no reader: tending the stream does not change that, and costs no system call.
        stream.tend();
        assert!(stream.waits_for_room(), "{name}");
        while !read(&reader, 1 << 20).is_empty() {}
        turn(&mut stream);
        assert!(
            !stream.waits_for_room() && stream.waiting.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn a_disk_that_is_full_is_tried_again_once_in_a_while() {
    let full = rustix::fs::open("/dev/full", OFlags::WRONLY, Mode::empty()).unwrap();
    let mut stream = HostStream::over(full);
    stream.push(b"one\n");
    let State::Failing(since) = stream.state else {
        panic!("{:?}", stream.state);
    };
    stream.push(b"two\n");
    stream.retry(since, since + RETRY_AFTER / 2);
    assert_eq!(stream.state, State::Failing(since), "too soon");
    stream.retry(since, since + RETRY_AFTER);
    assert!(matches!(stream.state, State::Failing(at) if at > since));
    assert_eq!((stream.waiting.len(), stream.dropped()), (8, 0));
    let line = [b'x'; 1000];
    (0..200).for_each(|_| stream.push(&[&line[..], b"\n"].concat()));
    assert!(stream.waiting.len() <= WAITING_BYTES_MAX);
    assert!(stream.dropped() > 50 && stream.close_gap().is_none());
    let before = Instant::now();
    stream.drain(Duration::from_secs(30));
    assert!(before.elapsed() < Duration::from_secs(10), "waited in vain");
}

#[test]
fn a_line_that_was_cut_is_not_glued_to_the_next() {
    let name = format!("madang-{}-half.fifo", std::process::id());
    let path: PathBuf = std::env::temp_dir().join(name);
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let reader = || {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        rustix::fs::open(&path, flags, Mode::empty()).unwrap()
    };
    let first = reader();
    let writer = rustix::fs::open(&path, OFlags::WRONLY, Mode::empty()).unwrap();
    let mut stream = HostStream::over(writer);
    stream.push(&[&[b'x'; 100_000][..], b"\n"].concat());
    stream.push(b"next\n");
    assert!(stream.waits_for_room());
    drop(first);
    turn(&mut stream);
    let State::Failing(since) = stream.state else {
        panic!("{:?}", stream.state);
    };
    let second = reader();
    stream.retry(since, since + RETRY_AFTER);
    std::fs::remove_file(&path).unwrap();
    // What the first one left is still in the pipe.
    let mut heard = read(&second, 1 << 20);
    turn(&mut stream);
    heard.extend(read(&second, 1 << 20));
    let heard = String::from_utf8(heard).unwrap();
    let (cut, rest) = heard.split_once('\n').unwrap();
    assert!(cut.len() < 100_000 && cut.bytes().all(|byte| byte == b'x'));
    assert_eq!((rest, stream.dropped()), ("next\ngap 1\n", 1));
}

#[test]
fn a_stopped_terminal_is_written_to_later() {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).and_then(|()| unlockpt(&master)).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let shared = terminal.try_clone().unwrap();
    let mut stream = HostStream::over(terminal);
    tcflow(&shared, Action::OOff).unwrap();
    stream.push(b"stopped\n");
    assert!(stream.waits_for_room());
    let before = Instant::now();
    stream.drain(Duration::from_millis(20));
    assert!(before.elapsed() < Duration::from_secs(10) && stream.waits_for_room());
    tcflow(&shared, Action::OOn).unwrap();
    turn(&mut stream);
    assert_eq!(read(&never_waiting(master), 100), b"stopped\r\n");
    // The description that others hold is unchanged.
    let flags = rustix::fs::fcntl_getfl(&shared).unwrap();
    assert!(!flags.contains(OFlags::NONBLOCK));
}
