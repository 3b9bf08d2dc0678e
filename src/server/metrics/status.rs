//! A snapshot as JSON, for people and small programs. The names in it are the metrics', without prefix and unit.

use super::{json::Object, snapshot::Snapshot};

impl Snapshot {
    /// As a JSON object.
    pub(super) fn status(self) -> String {
        let mut text = String::new();
        let mut status = Object::begin(&mut text);
        status.text("version", env!("CARGO_PKG_VERSION"));
        status.text("state", if self.stopping { "stopping" } else { "running" });
        status.number("uptime_s", self.uptime_s);
        status.number("people", self.people);
        status.number("people_peak", self.people_peak);
        status.number("rooms", self.rooms);
        status.rounded("messages_per_second", self.messages_per_second, 1);
        status.object("turn_ms", |turn| {
            turn.rounded("recent_longest", self.recent_longest_s * 1e3, 3);
            turn.rounded("recent_mean", self.recent_mean_s * 1e3, 3);
            turn.rounded("longest", self.stats.turn_times.longest_s() * 1e3, 3);
        });
        self.write_connections(&mut status);
        status.object("closed", |closed| {
            for (code, count) in self.closes.iter().filter(|(_, count)| *count > 0) {
                closed.number(code, count);
            }
        });
        status.object("queue_bytes", |queue| {
            queue.number("now", self.queued);
            queue.number("peak", self.queued_peak);
        });
        status.list("largest_queues", self.largest.iter(), |queue, item| {
            item.text("peer", &queue.peer.to_string());
            item.text("protocol", queue.protocol);
            item.number("bytes", queue.bytes);
            item.number("age_s", queue.age_s);
        });
        status.object("memory_bytes", |memory| {
            for (owner, bytes) in &self.memory {
                memory.number(owner, bytes);
            }
            if let Some(bytes) = self.process.resident {
                memory.number("resident", bytes);
            }
        });
        status.object("log", |log| {
            log.number("dropped", self.log.dropped);
            log.number("left_out", self.log.left_out);
        });
        status.rounded("cpu_s", self.process.cpu_s, 3);
        status.end();
        text.push('\n');
        text
    }

    /// Connections by protocol, and in each by state. They come in this order out of the walk.
    fn write_connections(&self, status: &mut Object<'_>) {
        status.object("connections", |connections| {
            let mut rest = self.connections.iter().peekable();
            while let Some(&(&(protocol, _), _)) = rest.peek() {
                connections.object(protocol, |states| {
                    while let Some(((_, state), count)) = rest.next_if(|((p, _), _)| *p == protocol)
                    {
                        states.number(state.name(), count);
                    }
                });
            }
        });
    }
}
