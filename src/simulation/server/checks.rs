//! The checks of the swarm: of the server after each turn, between the clients when all is sent, and of each client at its
//! end.

use super::{
    Swarm,
    client::{Client, Manners},
    oracle::View,
    texts::private,
};
use crate::{net::Phase, server::limits::admission::Place, simulation::network};
use std::collections::{BTreeMap, BTreeSet};

/// A walk through the whole hub in every step would take too long.
const HUB_CHECK_EVERY: usize = 16;

/// Bytes that the last closes of a turn may add to a queue beyond its limit: a line for each client.
const SLACK: usize = 500;

impl Swarm {
    /// After each turn: the loop's lists, sessions, routes, users and counts agree, and queues are bounded.
    pub(super) fn check(&self) {
        let (net, connections) = (self.server.event_loop.net(), &self.server.connections);
        network::check_invariants(net);
        network::check_held_by_walk(net, connections);
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
                    "a session's user is in the hub"
                );
                let route = connections.shared.routes.of(user).map(|route| route.conn);
                // When the server stops, all routes are removed at once.
                let expected = (!self.cue.stopped).then_some(id);
                assert_eq!(route, expected, "a route leads to the user's connection");
                assert!(open || self.cue.stopped, "in the hub while closing");
            }
        }
        assert_eq!(sessions, net.connection_count(), "one session each");
        assert_eq!(
            people,
            connections.shared.hub.user_count(),
            "one session for each user"
        );
        let routes = if self.cue.stopped { 0 } else { people };
        assert_eq!(
            routes,
            connections.shared.routes.count(),
            "one route for each user"
        );
        assert_eq!(
            inside,
            connections.shared.limits.admission.clients(),
            "places are taken by clients"
        );
        assert_eq!(
            clients, connections.shared.clients,
            "connections of chat protocols"
        );
        if connections.shared.settings.clients_per_address > 0 {
            let counted: BTreeMap<_, _> = connections.shared.limits.admission.counts().collect();
            assert_eq!(counted, by_address, "connections by address");
        }
        let queued = net.buffers().bytes();
        let all = connections.shared.settings.queued_total + SLACK * sessions;
        assert!(queued <= all, "{queued} bytes queued in all");
    }

    /// All is sent and read: the clients that stayed know the members of their rooms, and missed nothing.
    pub(super) fn check_agreement(&self) {
        let stayed = self.clients.iter().filter(|client| client.stays());
        for client in stayed.clone() {
            self.check_company(client);
            for speaker in &self.clients {
                self.check_heard(client, speaker);
            }
        }
        for one in stayed.clone() {
            for other in stayed.clone().filter(|other| other.number != one.number) {
                compare(one, other);
            }
        }
    }

    /// A client's rooms and their members are those of the hub.
    fn check_company(&self, client: &Client) {
        let hub = &self.server.connections.shared.hub;
        let name = client.oracle.name.as_deref().expect("it has a name by now");
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
        assert_eq!(client.oracle.rooms, rooms, "{client:#?}");
    }

    /// The last text received from a speaker is the last one that it sent, if all its lines were taken.
    fn check_heard(&self, client: &Client, speaker: &Client) {
        let stays = speaker.stays();
        let left = matches!(speaker.manners, Manners::Quitter | Manners::HalfCloser)
            && speaker.gone
            && !self.plan.tight
            && self.plan.hurry == 0;
        if !(stays || left) || speaker.number == client.number {
            return;
        }
        for (place, said) in &speaker.script.said {
            let heard = client.oracle.last.get(&(speaker.number, place.clone()));
            // A client that came later has received none.
            let complete = heard.is_none_or(|heard| heard == said);
            let ours = client.oracle.rooms.contains_key(place) || *place == private(client.number);
            // Texts to a client that changed its name may not arrive.
            let reachable = client.script.steady || place.starts_with('#');
            assert!(
                complete || !ours || !reachable,
                "{} heard {heard:?} of {said} texts to {place} of {speaker:#?}",
                client.number
            );
        }
        if let (true, Some(room)) = (stays, speaker.script.current) {
            let there = client.oracle.rooms.contains_key(room);
            let heard = client.oracle.last.get(&(speaker.number, room.to_owned()));
            assert!(!there || heard.is_some(), "a last text was not received");
        }
    }

    /// The lines of each client are whole, and consistent with those of all others.
    pub(super) fn check_ends(&self) {
        for client in &self.clients {
            self.check_end(client);
            for other in self.clients.iter().filter(|o| o.number != client.number) {
                compare(client, other);
            }
        }
        let limits = &self.server.config.limits;
        let limited = limits.clients.is_some()
            || limits.clients_per_address > 0
            || limits.connections_per_minute > 0;
        let given_up = self.plan.tight || self.plan.hurry > 0 || self.cue.stopped;
        for echo in &self.echo_clients {
            echo.check_end(given_up, limited);
        }
        let forced = self.plan.tight || self.plan.hurry > 0;
        for ws_client in &self.ws_clients {
            ws_client.check_end(forced);
        }
    }

    fn check_end(&self, client: &Client) {
        let Some(peer) = &client.peer else { return };
        let (oracle, why) = (&client.oracle, client.oracle.farewell.as_deref());
        let went =
            matches!(client.manners, Manners::Resetter | Manners::Deaf) || client.dropped_out;
        let forced = self.plan.tight || self.plan.hurry > 0;
        if went || peer.was_shed() || peer.is_waiting() {
            return;
        }
        let slow = why.is_some_and(|why| why.contains("SendQ exceeded"));
        assert!(!slow || self.plan.tight, "closed for nothing");
        if forced {
            return;
        }
        assert!(!peer.was_reset(), "its last lines may be lost: {client:#?}");
        assert!(oracle.rest.is_empty(), "cut in the middle: {client:#?}");
        let refused = why.is_some_and(|why| why.contains("again later") || why.contains("address"));
        let last_words = why.is_some_and(|why| why.contains("shutting down"));
        if client.owed_farewell {
            assert!(last_words, "no farewell: {client:#?}");
        } else if !refused && !self.cue.stopped {
            let known = match client.manners {
                Manners::Mute => why.is_some_and(|why| why.starts_with("you gave no name in time")),
                Manners::Ghost => why == Some("no sign of life; good-bye"),
                _ if client.quitting => why == Some("goodbye"),
                _ => why.is_none(),
            };
            assert!(known, "an unknown end: {client:#?}");
        }
    }
}

/// Two clients receive the same lines of one room while both are there, but for those about themselves.
fn compare(one: &Client, other: &Client) {
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

fn pairs<'a>(one: &'a Client, other: &'a Client) -> impl Iterator<Item = (&'a View, &'a View)> {
    one.oracle.views.iter().flat_map(move |mine| {
        let there = other
            .oracle
            .views
            .iter()
            .filter(|theirs| theirs.room == mine.room);
        there.map(move |theirs| (mine, theirs))
    })
}
