//! Admission: how many places for connections there are, how many each network has, and how often it connects.
//!
//! Owns the counts of places and the rate of connections ([`ConnectionRate`]). Both limits of a network hold for one
//! address, or one IPv6 network of 64 bits ([`network_of`]), and concern no exempt network: all clients of a proxy on
//! this machine come from loopback.
//!
//! Invariant: while the limit is on, the counts are those of the clients with a place that are not exempt; while it is
//! off there are none.

use super::connection_rate::ConnectionRate;
use crate::{
    chat::hub::network_of,
    net::Tick,
    server::{connections::close_reason::CloseReason, settings::Settings},
};
use rustc_hash::FxHashMap;
use std::{net::IpAddr, time::Duration};

/// The log reports at most so often that a limit of one address was reached: any client can reach it a thousand times a
/// second.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Below this many networks the table is not worth shrinking.
const FEW: usize = 64;

/// Connections to metrics listeners at a time. They come in whatever else is full, so they have places of their own: for a
/// scraper or two, and an operator who looks for the reason of a trouble.
const SCRAPERS_MAX: usize = 16;

/// The place that a connection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// None: it was refused, or is being closed and must not keep another out.
    None,
    /// One of those for clients.
    Client,
    /// One of those for clients, of a proxy's connection whose client is not known yet: it counts for no network.
    Proxied,
    /// One of those for metrics.
    Scraper,
}

impl Place {
    /// Whether it is one of those for clients.
    pub(crate) fn is_client(self) -> bool {
        matches!(self, Self::Client | Self::Proxied)
    }
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Places for clients that are taken.
    clients: usize,
    /// All places for clients.
    clients_max: usize,
    /// Places for metrics that are taken.
    scrapers: usize,
    by_network: FxHashMap<IpAddr, u32>,
    connection_rate: ConnectionRate,
    /// No refusal is logged before this moment.
    log_after: Tick,
}

impl Admission {
    /// Sets how many places for clients there are.
    pub(crate) fn set_clients_max(&mut self, clients_max: usize) {
        self.clients_max = clients_max;
    }

    /// All places for clients.
    pub(crate) fn clients_max(&self) -> usize {
        self.clients_max
    }

    /// Places for metrics that are taken.
    pub(crate) fn scrapers(&self) -> usize {
        self.scrapers
    }

    /// Takes a place of this kind for a connection from this address.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn admit(
        &mut self,
        kind: Place,
        address: IpAddr,
        settings: &Settings,
        now: Tick,
    ) -> Result<Place, CloseReason> {
        match kind {
            Place::None => {}
            Place::Client => {
                // A connection that is refused for another reason counts too.
                self.note_connect(address, settings, now)?;
                if self.clients >= self.clients_max {
                    return Err(CloseReason::ServerFull);
                }
                self.take(address, settings, now)?;
                self.clients += 1;
            }
            Place::Proxied if self.clients >= self.clients_max => {
                return Err(CloseReason::ServerFull);
            }
            Place::Proxied => self.clients += 1,
            Place::Scraper if self.scrapers >= SCRAPERS_MAX => return Err(CloseReason::ServerFull),
            Place::Scraper => self.scrapers += 1,
        }
        Ok(kind)
    }

    /// Gives a client's place to an address, instead of the one for which it counts so far. Others than clients' places
    /// count for no address.
    ///
    /// # Errors
    /// Why that address gets none; the place is free.
    pub(crate) fn move_to(
        &mut self,
        (place, from): (Place, IpAddr),
        to: IpAddr,
        settings: &Settings,
        now: Tick,
    ) -> Result<Place, CloseReason> {
        if !place.is_client() {
            return Ok(place);
        }
        self.free_client(place, from);
        self.admit(Place::Client, to, settings, now)
    }

    /// Frees a client's place, which counts for this address.
    pub(crate) fn free_client(&mut self, place: Place, address: IpAddr) {
        match place {
            Place::Client => self.free(address),
            Place::Proxied => {}
            Place::None | Place::Scraper => return,
        }
        self.clients -= 1;
    }

    /// Frees the place of a scraper.
    pub(crate) fn free_scraper(&mut self) {
        self.scrapers -= 1;
    }

    /// Places for clients that are taken.
    #[cfg(test)]
    pub(crate) fn clients(&self) -> usize {
        self.clients
    }

    /// Counts a connection from this address.
    ///
    /// # Errors
    /// The address connects too often.
    fn note_connect(
        &mut self,
        address: IpAddr,
        settings: &Settings,
        now: Tick,
    ) -> Result<(), CloseReason> {
        let per_minute = settings.connections_per_minute;
        let admitted = settings.is_exempt(address)
            || self
                .connection_rate
                .admits(network_of(address), per_minute, now);
        if admitted {
            return Ok(());
        }
        if self.may_log(now) {
            tracing::warn!(
                %address,
                connections_per_minute = per_minute,
                "an address calls too often and is refused; [limits] connections_per_minute raises the limit, \
                 and [limits] exempt lifts it for a network"
            );
        }
        Err(CloseReason::TooSoon)
    }

    /// Takes a place for a client from this address.
    ///
    /// # Errors
    /// The address has all the places it may have.
    fn take(&mut self, address: IpAddr, settings: &Settings, now: Tick) -> Result<(), CloseReason> {
        let limit = settings.clients_per_address;
        if limit == 0 || settings.is_exempt(address) {
            return Ok(());
        }
        let count = self.by_network.entry(network_of(address)).or_default();
        if *count < limit {
            *count += 1;
            return Ok(());
        }
        if self.may_log(now) {
            tracing::warn!(
                %address,
                clients_per_address = limit,
                "an address has all the connections it may have; [limits] clients_per_address raises the limit, \
                 and [limits] exempt lifts it for a network"
            );
        }
        Err(CloseReason::TooManyFromAddress)
    }

    /// Frees a place that was taken from this address.
    fn free(&mut self, address: IpAddr) {
        let network = network_of(address);
        let Some(count) = self.by_network.get_mut(&network) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.by_network.remove(&network);
            if self.by_network.capacity() > FEW.max(8 * self.by_network.len()) {
                self.by_network.shrink_to(2 * self.by_network.len());
            }
        }
    }

    /// Counts again after the settings changed: `inside` are the addresses of all clients that have a place.
    pub(crate) fn recount(&mut self, inside: impl Iterator<Item = IpAddr>, settings: &Settings) {
        self.by_network = FxHashMap::default();
        if settings.clients_per_address == 0 {
            return;
        }
        for address in inside.filter(|address| !settings.is_exempt(*address)) {
            *self.by_network.entry(network_of(address)).or_default() += 1;
        }
    }

    /// Bytes of memory, room kept for later included.
    pub(crate) fn memory(&self) -> usize {
        self.by_network.capacity() * size_of::<(IpAddr, u32)>() + self.connection_rate.memory()
    }

    /// How many places each network has.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> impl Iterator<Item = (IpAddr, u32)> {
        self.by_network
            .iter()
            .map(|(&network, &count)| (network, count))
    }

    fn may_log(&mut self, now: Tick) -> bool {
        let may = now >= self.log_after;
        if may {
            self.log_after = now.after(LOG_EVERY);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn settings(per_address: u32, exempt: &[&str]) -> Settings {
        let mut config = Config::default();
        config.limits.clients_per_address = per_address;
        config.limits.exempt = exempt.iter().map(|text| text.parse().unwrap()).collect();
        Settings::new(&config)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of a thousand clients from one address get a place.
    fn taken(admission: &mut Admission, address: &str, settings: &Settings) -> usize {
        let calls = (0..1000).filter(|_| admission.take(ip(address), settings, Tick(0)).is_ok());
        calls.count()
    }

    #[test]
    fn an_address_has_a_part_of_the_places_and_loopback_has_all() {
        let settings = Settings::new(&Config::default());
        let mut admission = Admission::default();
        assert_eq!(taken(&mut admission, "192.0.2.1", &settings), 128);
        assert_eq!(taken(&mut admission, "192.0.2.2", &settings), 128);
        assert_eq!(taken(&mut admission, "2001:db8::1", &settings), 128);
        assert_eq!(
            taken(&mut admission, "2001:db8::2", &settings),
            0,
            "one /64"
        );
        for own in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(taken(&mut admission, own, &settings), 1000, "{own}");
        }
    }

    #[test]
    fn a_place_moves_from_the_proxy_to_its_client() {
        let settings = settings(1, &[]);
        let mut admission = Admission::default();
        admission.set_clients_max(3);
        let [proxy, ann, bob] = ["192.0.2.9", "192.0.2.1", "192.0.2.2"].map(ip);
        let now = Tick(0);
        let mut places = [Place::None; 3];
        for place in &mut places {
            *place = admission
                .admit(Place::Proxied, proxy, &settings, now)
                .unwrap();
        }
        let full = admission.admit(Place::Proxied, proxy, &settings, now);
        assert_eq!(full, Err(CloseReason::ServerFull));
        assert_eq!(admission.counts().count(), 0, "nobody is known");
        let moved = admission.move_to((places[0], proxy), ann, &settings, now);
        assert_eq!(moved, Ok(Place::Client));
        let moved = admission.move_to((places[1], proxy), ann, &settings, now);
        assert_eq!(moved, Err(CloseReason::TooManyFromAddress));
        assert_eq!(admission.clients(), 2, "the place is free");
        let moved = admission.move_to((Place::Client, ann), bob, &settings, now);
        assert_eq!(moved, Ok(Place::Client));
        assert_eq!(admission.counts().collect::<Vec<_>>(), [(bob, 1)]);
        admission.free_client(Place::Client, bob);
        admission.free_client(places[2], proxy);
        assert_eq!((admission.clients(), admission.counts().count()), (0, 0));
    }

    #[test]
    fn loopback_may_connect_at_any_rate_and_others_may_not() {
        let settings = Settings::new(&Config::default());
        let mut admission = Admission::default();
        let mut admitted = |address: &str| {
            let calls = (0..5000).filter(|_| {
                let called = admission.note_connect(ip(address), &settings, Tick(0));
                called.is_ok()
            });
            calls.count()
        };
        assert_eq!(admitted("192.0.2.1"), 600);
        assert_eq!(admitted("::1"), 5000);
    }

    #[test]
    fn exempt_networks_are_those_of_the_configuration() {
        let settings = settings(2, &["192.0.2.0/24"]);
        let mut admission = Admission::default();
        assert_eq!(taken(&mut admission, "192.0.2.200", &settings), 1000);
        assert_eq!(taken(&mut admission, "127.0.0.1", &settings), 2);
    }

    #[test]
    fn new_settings_count_the_clients_that_are_there() {
        let mut admission = Admission::default();
        let off = settings(0, &[]);
        let inside = [ip("192.0.2.1"), ip("192.0.2.1"), ip("192.0.2.2")];
        assert_eq!(taken(&mut admission, "192.0.2.1", &off), 1000);
        assert_eq!(admission.counts().count(), 0, "nothing is counted");
        let on = settings(3, &[]);
        admission.recount(inside.into_iter(), &on);
        assert_eq!(taken(&mut admission, "192.0.2.1", &on), 1);
        admission.free(inside[0]);
        assert_eq!(taken(&mut admission, "192.0.2.1", &on), 1);
        admission.recount(inside.into_iter(), &off);
        assert_eq!(admission.counts().count(), 0);
        // Clients that came while nothing was counted leave no trace.
        admission.free(inside[0]);
        assert_eq!(admission.counts().count(), 0);
    }

    #[test]
    fn the_memory_of_many_networks_is_freed() {
        let (mut admission, settings) = (Admission::default(), settings(1, &[]));
        let address = |n: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(n));
        for n in 0..10_000 {
            assert!(admission.take(address(n), &settings, Tick(0)).is_ok());
        }
        for n in 0..10_000 {
            admission.free(address(n));
        }
        assert!(admission.by_network.capacity() <= 2 * FEW);
    }
}
