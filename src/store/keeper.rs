//! The keeper: a process with the database at one hand and a socket to the server at the other.
//!
//! Plain blocking code, for it serves one peer that does not wait: it reads all that is there, makes one transaction of it,
//! and answers when that is on the disk (group commit without timers). While one commit is on its way to the disk, the next
//! requests gather in the socket. It ends when the server's end is closed.

use super::{
    database::{Database, DatabaseError, Work},
    directory::KeeperLock,
    frame::{Frames, push_frame},
    message::{Answer, BufferEnd, PROTOCOL_VERSION, Request},
};
use std::{
    io::{self, Read, Write},
    path::Path,
};

/// What one transaction takes at most: the answer to the first of them waits for all.
const READ_BYTES: usize = 256 * 1024;

/// Serves until the other end is closed.
///
/// # Errors
/// The socket is broken, or what comes from it makes no sense.
pub fn run(directory: &Path, stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut keeper = Keeper {
        frames: Frames::default(),
        buffer: vec![0; READ_BYTES],
    };
    let Some((version, load)) = keeper.opening(stream)? else {
        return Ok(());
    };
    let (mut database, _lock) = match open(directory, version) {
        Ok(opened) => opened,
        Err(why) => return send(&[Answer::Unusable(why)], stream),
    };
    if load && !(send_rows(&database, stream)? && send_ends(&database, stream)?) {
        return Ok(());
    }
    send(&[Answer::Loaded], stream)?;
    while let Some(requests) = keeper.requests(stream)? {
        serve(&mut database, &requests, stream)?;
        let quotas = requests.iter().rev().find_map(Request::quotas);
        if quotas.is_some_and(|quotas| database.sweep(quotas)) {
            send(&[Answer::Unswept], stream)?;
        }
    }
    Ok(())
}

/// Does what is asked: one transaction for all that is to be written, then the questions, so that an answer has what was
/// said before it was asked.
fn serve(database: &mut Database, requests: &[Request], stream: &mut impl Write) -> io::Result<()> {
    let (mut ids, mut work) = (Vec::new(), Vec::new());
    for request in requests {
        match request {
            Request::Write { id, changes } => {
                ids.push(*id);
                work.push(Work::Rows(changes));
            }
            Request::Append {
                id, changes, gap, ..
            } => {
                ids.push(*id);
                work.push(Work::Lines(changes, *gap));
            }
            Request::Ask { .. } | Request::Sweep { .. } => {}
            Request::Open { .. } => return Err(io::Error::other("opened twice")),
        }
    }
    let results = match work.is_empty() {
        true => Vec::new(),
        false => database.commit(&work),
    };
    let ended = ids.into_iter().zip(results);
    let answers: Vec<Answer> = ended.map(|(id, result)| done(id, result)).collect();
    // Who waits for a write does not wait for the questions of others, and one answer at a time is in memory.
    send(&answers, stream)?;
    for request in requests {
        if let Request::Ask { id, question } = request {
            let id = *id;
            let answer = match database.answer(question) {
                Ok(reply) => Answer::Reply { id, reply },
                Err(why) => Answer::Failed { id, why },
            };
            send(&[answer], stream)?;
        }
    }
    Ok(())
}

fn done(id: u64, result: Result<(), String>) -> Answer {
    match result {
        Ok(()) => Answer::Done { id },
        Err(why) => Answer::Failed { id, why },
    }
}

fn open(directory: &Path, version: u32) -> Result<(Database, KeeperLock), String> {
    if version != PROTOCOL_VERSION {
        return Err(format!(
            "the program was replaced while the server runs, and the two differ ({version} and {PROTOCOL_VERSION}); \
             restart madang"
        ));
    }
    let lock = KeeperLock::wait(directory)
        .map_err(|error| format!("cannot lock {}: {error}", directory.display()))?;
    let database = Database::open(directory).map_err(|error: DatabaseError| error.to_string())?;
    Ok((database, lock))
}

/// Sends every row; whether they could be read.
fn send_rows(database: &Database, stream: &mut impl Write) -> io::Result<bool> {
    let mut out = Vec::new();
    let mut sent = Ok(());
    let mut too_long = None;
    let loaded = database.load(&mut |row| {
        let key = row.key();
        if push_frame(&Answer::Row(row), &mut out).is_err() {
            too_long = Some(key);
        } else if out.len() > READ_BYTES && sent.is_ok() {
            sent = stream.write_all(&out);
            out.clear();
        }
    });
    sent?;
    stream.write_all(&out)?;
    match loaded {
        Ok(()) if too_long.is_some() => {
            // Without it the server would go on as if it were not there, and perhaps write over it.
            let key = too_long.map_or(String::new(), |key| format!("{key:?}"));
            let why = format!(
                "a row of the database is too long to be read: {key}; shorten or delete it with sqlite3"
            );
            send(&[Answer::Unusable(why)], stream).map(|()| false)
        }
        Ok(()) => Ok(true),
        Err(error) => send(&[Answer::Unusable(error.to_string())], stream).map(|()| false),
    }
}

/// Sends the last line of each buffer; whether they could be read.
fn send_ends(database: &Database, stream: &mut impl Write) -> io::Result<bool> {
    let mut out = Vec::new();
    let loaded = database.load_ends(&mut |buffer, id, time_ms| {
        let end = BufferEnd {
            buffer,
            id,
            time_ms,
        };
        let pushed = push_frame(&Answer::BufferEnd(end), &mut out);
        debug_assert!(pushed.is_ok(), "it is short");
    });
    stream.write_all(&out)?;
    match loaded {
        Ok(()) => Ok(true),
        Err(error) => send(&[Answer::Unusable(error.to_string())], stream).map(|()| false),
    }
}

fn send(answers: &[Answer], stream: &mut impl Write) -> io::Result<()> {
    let mut out = Vec::new();
    for answer in answers {
        push_frame(answer, &mut out).map_err(io::Error::other)?;
    }
    stream.write_all(&out)
}

/// The requests as they come.
struct Keeper {
    frames: Frames,
    buffer: Vec<u8>,
}

impl Keeper {
    /// The first request; `None`: the server is gone.
    fn opening(&mut self, stream: &mut impl Read) -> io::Result<Option<(u32, bool)>> {
        loop {
            match self.frames.take().map_err(io::Error::other)? {
                Some(Request::Open { version, load }) => return Ok(Some((version, load))),
                Some(_) => return Err(io::Error::other("not opened")),
                None if self.read(stream)? => {}
                None => return Ok(None),
            }
        }
    }

    /// All requests that are there, at least one; `None`: the server is gone.
    fn requests(&mut self, stream: &mut impl Read) -> io::Result<Option<Vec<Request>>> {
        let mut requests = Vec::new();
        loop {
            while let Some(request) = self.frames.take().map_err(io::Error::other)? {
                requests.push(request);
            }
            if !requests.is_empty() {
                return Ok(Some(requests));
            }
            if !self.read(stream)? {
                return Ok(None);
            }
        }
    }

    /// Reads what is there; false at the end.
    fn read(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        loop {
            match stream.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.frames.push(&self.buffer[..count]);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The server's process is gone with a request of ours unread.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}
