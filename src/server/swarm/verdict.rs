//! What must hold: within the server after each turn, among all accounts when everything is said, and of each guest at its end.

use super::{
    Swarm,
    ear::View,
    guest::{Guest, Manners},
    words::private,
};
use crate::{
    net::{Phase, sim},
    server::limits::admission::Place,
};
use std::collections::{BTreeMap, BTreeSet};

/// A walk through the whole hub is not for every step.
const HUB_CHECK_EVERY: usize = 16;

/// What the last dismissals of a turn may add to a queue beyond its limit: a line for each guest.
const SLACK: usize = 500;

impl Swarm {
    /// After each turn: the loop's lists, sessions, seats, people and counts agree, and what is queued is bounded.
    pub(super) fn check(&self) {
        let (net, connections) = (self.server.event_loop.net(), &self.server.connections);
        sim::check_invariants(net);
        sim::check_held_by_walk(net, connections);
        if self.cue.step % HUB_CHECK_EVERY == 0 {
            connections.shared.hub.check_invariants();
        }
        let (mut sessions, mut inside, mut clients, mut people) = (0, 0, 0, 0);
        let mut by_address = BTreeMap::new();
        for (id, session) in connections.sessions.iter() {
            sessions += 1;
            if session.client.place == Place::Client {
                inside += 1;
                clients += usize::from(session.client.kind.is_chat());
                *by_address.entry(session.client.peer.ip()).or_default() += 1;
            }
            let open = net.phase(id) == Phase::Open;
            let bounded = net.queued(id) <= connections.shared.settings.chat.limit as usize + SLACK;
            assert!(
                bounded || !open || !session.client.kind.is_chat(),
                "a queue passed its limit"
            );
            if let Some(user) = session.client.user() {
                people += 1;
                assert!(
                    connections.shared.hub.user(user).is_some(),
                    "nobody sits here"
                );
                let route = connections.shared.routes.of(user).map(|route| route.conn);
                // When the server stops, all leave their seats at once.
                let expected = (!self.cue.stopped).then_some(id);
                assert_eq!(route, expected, "a seat is where the person is");
                assert!(open || self.cue.stopped, "in the hub, on the way out");
            }
        }
        assert_eq!(sessions, net.connection_count(), "one session each");
        assert_eq!(
            people,
            connections.shared.hub.user_count(),
            "one person for each name"
        );
        let routes = if self.cue.stopped { 0 } else { people };
        assert_eq!(
            routes,
            connections.shared.routes.count(),
            "one seat for each person"
        );
        assert_eq!(
            inside,
            connections.shared.limits.admission.clients(),
            "room is taken by those inside"
        );
        assert_eq!(
            clients, connections.shared.clients,
            "callers at the chat doors"
        );
        if connections.shared.settings.clients_per_address > 0 {
            let counted: BTreeMap<_, _> = connections.shared.limits.admission.counts().collect();
            assert_eq!(counted, by_address, "connections by address");
        }
        let queued = net.buffers().bytes();
        let all = connections.shared.settings.queued_total + SLACK * sessions;
        assert!(queued <= all, "{queued} bytes queued in all");
    }

    /// All is said and read: those who stayed know who is where, and missed nothing.
    pub(super) fn check_agreement(&self) {
        let stayed = self.client_count.iter().filter(|guest| guest.stays());
        for guest in stayed.clone() {
            self.check_company(guest);
            for speaker in &self.client_count {
                self.check_heard(guest, speaker);
            }
        }
        for one in stayed.clone() {
            for other in stayed.clone().filter(|other| other.number != one.number) {
                compare(one, other);
            }
        }
    }

    /// A guest's rooms, and who stands there, are what the hub says.
    fn check_company(&self, guest: &Guest) {
        let hub = &self.server.connections.shared.hub;
        let name = guest.ear.name.as_deref().expect("it has a name by now");
        let me = hub.find_user(name).expect("it is here");
        let name_of = |user| hub.user(user).expect("a member").nick().to_string();
        let rooms: BTreeMap<String, BTreeSet<String>> = hub
            .rooms_of(me)
            .map(|room| {
                let record = hub.room(room).expect("a room");
                (
                    record.name().to_string(),
                    hub.members(room).map(name_of).collect(),
                )
            })
            .collect();
        assert_eq!(guest.ear.rooms, rooms, "{guest:#?}");
    }

    /// The last text that was heard from a speaker is the last one said, if all it said was taken.
    fn check_heard(&self, guest: &Guest, speaker: &Guest) {
        let stays = speaker.stays();
        let left = matches!(speaker.manners, Manners::Quitter | Manners::HalfCloser)
            && speaker.gone
            && !self.plan.tight
            && self.plan.hurry == 0;
        if !(stays || left) || speaker.number == guest.number {
            return;
        }
        for (place, said) in &speaker.mouth.said {
            let heard = guest.ear.last.get(&(speaker.number, place.clone()));
            // Whoever came after it was said has heard nothing.
            let complete = heard.is_none_or(|heard| heard == said);
            let ours = guest.ear.rooms.contains_key(place) || *place == private(guest.number);
            // To one who changed names there are texts that did not arrive.
            let reachable = guest.mouth.steady || place.starts_with('#');
            assert!(
                complete || !ours || !reachable,
                "{} heard {heard:?} of {said} texts to {place} of {speaker:#?}",
                guest.number
            );
        }
        if let (true, Some(room)) = (stays, speaker.mouth.current) {
            let there = guest.ear.rooms.contains_key(room);
            let heard = guest.ear.last.get(&(speaker.number, room.to_owned()));
            assert!(!there || heard.is_some(), "a roll call went unheard");
        }
    }

    /// Each guest's account is whole, and consistent with those of all others.
    pub(super) fn check_ends(&self) {
        for guest in &self.client_count {
            self.check_end(guest);
            for other in self
                .client_count
                .iter()
                .filter(|o| o.number != guest.number)
            {
                compare(guest, other);
            }
        }
        let limits = &self.server.config.limits;
        let limited = limits.clients.is_some()
            || limits.clients_per_address > 0
            || limits.connections_per_minute > 0;
        let given_up = self.plan.tight || self.plan.hurry > 0 || self.cue.stopped;
        for echo in &self.echoes {
            echo.check_end(given_up, limited);
        }
        let forced = self.plan.tight || self.plan.hurry > 0;
        for webber in &self.webbers {
            webber.check_end(forced);
        }
    }

    fn check_end(&self, guest: &Guest) {
        let Some(peer) = &guest.peer else { return };
        let (ear, why) = (&guest.ear, guest.ear.farewell.as_deref());
        let went = matches!(guest.manners, Manners::Resetter | Manners::Deaf) || guest.dropped_out;
        let forced = self.plan.tight || self.plan.hurry > 0;
        if went || peer.was_shed() || peer.is_waiting() {
            return;
        }
        let slow = why.is_some_and(|why| why.contains("SendQ exceeded"));
        assert!(!slow || self.plan.tight, "let go for nothing");
        if forced {
            return;
        }
        assert!(!peer.was_reset(), "its last lines may be lost: {guest:#?}");
        assert!(ear.rest.is_empty(), "cut in the middle: {guest:#?}");
        let refused = why.is_some_and(|why| why.contains("again later") || why.contains("address"));
        let last_words = why.is_some_and(|why| why.contains("shutting down"));
        if guest.owed_last_words {
            assert!(last_words, "no last words: {guest:#?}");
        } else if !refused && !self.cue.stopped {
            let known = match guest.manners {
                Manners::Mute => why.is_some_and(|why| why.starts_with("you gave no name in time")),
                Manners::Ghost => why == Some("no sign of life; good-bye"),
                _ if guest.quitting => why == Some("goodbye"),
                _ => why.is_none(),
            };
            assert!(known, "an unknown reason to go: {guest:#?}");
        }
    }
}

/// What two guests were told of one room while both were there is the same, but for their own doings.
fn compare(one: &Guest, other: &Guest) {
    for (mine, theirs) in pairs(one, other) {
        let from_here = |view: &View| {
            let arrival = view
                .told
                .iter()
                .position(|(_, line)| Some(line) == mine.arrival.as_ref());
            arrival.map(|at| at + 1)
        };
        let Some(from) = from_here(theirs) else {
            continue;
        };
        let of_both = |told: &[(Option<usize>, String)]| -> Vec<String> {
            let others = told.iter().filter(|(author, _)| {
                author.is_some_and(|author| author != one.number && author != other.number)
            });
            others.map(|(_, line)| line.clone()).collect()
        };
        let (mine_told, theirs_told) = (of_both(&mine.told), of_both(&theirs.told[from..]));
        let common = mine_told.len().min(theirs_told.len());
        assert_eq!(
            mine_told[..common],
            theirs_told[..common],
            "in {}",
            mine.room
        );
        if one.stays() && other.stays() && mine.open && theirs.open {
            assert_eq!(mine_told, theirs_told, "in {}", mine.room);
        }
    }
}

fn pairs<'a>(one: &'a Guest, other: &'a Guest) -> impl Iterator<Item = (&'a View, &'a View)> {
    one.ear.views.iter().flat_map(move |mine| {
        let there = other
            .ear
            .views
            .iter()
            .filter(|theirs| theirs.room == mine.room);
        there.map(move |theirs| (mine, theirs))
    })
}
