//! All connections: how many there are, and which of them makes room for another one, for a request or for a page.
//!
//! A limit that refuses new ones is what someone wants who takes all there is. So the one that is least likely to be
//! missed is ended instead: one that waits for a request; one whose client does not read; one of a client that has a larger
//! share than the newcomer. They are looked at one by one, but only once there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use exporter_runtime::Refusal;

use crate::connection::{Connection, lock};
use crate::peer::Peer;
use crate::refusals::Refusals;

/// Connections beyond the limit that are kept long enough to be told so.
const SURPLUS: usize = 128;

/// How many connections may have bytes that their clients do not take. Each of them has up to a piece of a page.
const STALLED: usize = 128;

/// A client that has read nothing for so many milliseconds can lose its connection to another one.
const STUCK: u64 = 1000;

/// The connections of an exporter, on every listener and in every worker.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<All>);

#[derive(Debug)]
pub(crate) struct All {
    start: Instant,
    max: usize,
    pub(crate) read_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) refusals: Refusals,
    listed: Mutex<Vec<Weak<Connection>>>,
    /// Held while it is chosen who makes room.
    choosing: Mutex<()>,
    open: AtomicUsize,
    stalled: AtomicUsize,
}

impl Connections {
    /// At most `max` of them; a request has to arrive within `read_timeout`, the next one within `idle_timeout`.
    pub(crate) fn new(
        max: usize,
        read_timeout: Duration,
        idle_timeout: Duration,
        refusals: Refusals,
    ) -> Self {
        let (listed, choosing, open, stalled) = Default::default();
        let start = Instant::now();
        Self(Arc::new(All {
            start,
            max,
            read_timeout,
            idle_timeout,
            refusals,
            listed,
            choosing,
            open,
            stalled,
        }))
    }

    /// Lists a new connection. Where there are too many, another one makes room; where none can, the new one is *surplus*,
    /// and there is none where there are too many of those.
    pub(crate) fn add(&self, peer: Peer) -> Option<Arc<Connection>> {
        let Self(all) = self;
        let open = all.open.fetch_add(1, Ordering::Relaxed) + 1;
        let surplus = open > all.max && !all.make_room_for_connection(peer);
        if surplus && open > all.max + SURPLUS {
            all.open.fetch_sub(1, Ordering::Relaxed);
            all.refusals.add(Refusal::Connections, peer);
            return None;
        }
        let connection = Arc::new(Connection::new(peer, surplus, Arc::clone(all)));
        let mut listed = lock(&all.listed);
        if listed.len() == listed.capacity() {
            listed.retain(|connection| connection.strong_count() > 0);
        }
        listed.push(Arc::downgrade(&connection));
        Some(connection)
    }

    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }
}

impl All {
    pub(crate) fn milliseconds(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A connection has ended.
    pub(crate) fn one_less(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// One connection more, or less, takes no bytes.
    pub(crate) fn stalled(&self, more: bool) {
        if !more {
            self.stalled.fetch_sub(1, Ordering::Relaxed);
        } else if self.stalled.fetch_add(1, Ordering::Relaxed) >= STALLED {
            self.make_room_for_page();
        }
    }

    fn live(&self) -> Vec<Arc<Connection>> {
        let listed = lock(&self.listed);
        let live = listed.iter().filter_map(Weak::upgrade);
        live.filter(|connection| !connection.has_ended()).collect()
    }

    fn make_room_for_connection(&self, newcomer: Peer) -> bool {
        // Two who choose at once would choose the same.
        let _choosing = lock(&self.choosing);
        let live = self.live();
        let shares = shares(&live, |_| 1);
        let of = |connection: &Connection| shares.get(&connection.peer()).copied().unwrap_or(0);
        let own = shares.get(&newcomer).copied().unwrap_or(0) + 1;
        let ended = idle(&live, self.max, own, of).or_else(|| self.stuck(&live)).or_else(|| {
            let greedy = live.iter().filter(|connection| of(connection) > own);
            greedy.max_by_key(|connection| (of(connection), connection.in_flight()))
        });
        make_room(ended)
    }

    /// Ends a connection that has more requests under way than `newcomer`, of a client that has more than others.
    pub(crate) fn make_room_for_request(&self, newcomer: &Connection) -> bool {
        let _choosing = lock(&self.choosing);
        let live = self.live();
        let shares = shares(&live, Connection::in_flight);
        let rank = |connection: &Connection| {
            let share = shares.get(&connection.peer()).copied().unwrap_or(0);
            (share, connection.in_flight())
        };
        let own = rank(newcomer);
        make_room(self.stuck(&live).or_else(|| {
            let greedy = live.iter().filter(|connection| {
                let (share, in_flight) = rank(connection);
                share > own.0 || connection.peer() == newcomer.peer() && in_flight > own.1
            });
            greedy.max_by_key(|connection| rank(connection))
        }))
    }

    /// Ends the connection whose client has read nothing for the longest time.
    pub(crate) fn make_room_for_page(&self) -> bool {
        let _choosing = lock(&self.choosing);
        make_room(self.stuck(&self.live()))
    }

    fn stuck<'a>(&self, live: &'a [Arc<Connection>]) -> Option<&'a Arc<Connection>> {
        let before = self.milliseconds().saturating_sub(STUCK);
        let stuck =
            live.iter().filter_map(|connection| Some((connection.stuck_since()?, connection)));
        let (since, connection) = stuck.min_by_key(|(since, _)| *since)?;
        (since <= before).then_some(connection)
    }
}

/// How much each client has of something.
fn shares(live: &[Arc<Connection>], of: impl Fn(&Connection) -> usize) -> HashMap<Peer, usize> {
    let mut shares = HashMap::new();
    for connection in live {
        *shares.entry(connection.peer()).or_default() += of(connection);
    }
    shares
}

/// Of those that wait for a request: first those of a client that has a good part of all; of these, the oldest that never
/// had an answer, but not the newest ones, whose requests may be on their way; then the one that was used least recently.
/// A newcomer whose client would have such a part, `own`, takes none from clients that have less.
fn idle(
    live: &[Arc<Connection>],
    max: usize,
    own: usize,
    share: impl Fn(&Connection) -> usize,
) -> Option<&Arc<Connection>> {
    let may_go = |one: &Connection| own <= max / 4 || share(one) + 1 >= own;
    let idle = || live.iter().filter(|one| one.in_flight() == 0 && may_go(one));
    let most = idle().map(|connection| share(connection)).max()?;
    let of_the_largest = idle().filter(|one| most <= max / 4 || share(one) == most);
    let (served, unserved): (Vec<_>, Vec<_>) = of_the_largest.partition(|one| one.was_served());
    let spared = unserved.len() <= max / 8 && !served.is_empty();
    let ended = if spared || unserved.is_empty() { served } else { unserved };
    ended.into_iter().min_by_key(|connection| connection.last_used())
}

fn make_room(ended: Option<&Arc<Connection>>) -> bool {
    ended.inspect(|connection| connection.end_because(Refusal::Evicted)).is_some()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use exporter_runtime::{BuildInfo, Catalog, Registry, RegistryOptions, Settings};

    use super::*;

    fn peer(number: u8) -> Peer {
        Peer::from(IpAddr::from([192, 0, 2, number]))
    }

    fn of_eight() -> Connections {
        let catalog = Catalog::new(Vec::new()).unwrap();
        let build = BuildInfo::new("x", "1");
        let options = RegistryOptions::default();
        let registry = Registry::new(&catalog, &Settings::default(), &build, options).unwrap();
        let refusals = Refusals::new(registry.web_metrics().clone());
        Connections::new(8, Duration::from_secs(10), Duration::from_secs(10), refusals)
    }

    #[test]
    fn who_has_most_of_all_takes_none_from_who_has_less() {
        let all = of_eight();
        let greedy: Vec<_> = (0..7).filter_map(|_| all.add(peer(1))).collect();
        let busy: Vec<_> = greedy.iter().map(Connection::request).collect();
        // Its request was not read yet.
        let other = all.add(peer(2)).unwrap();
        assert!(all.add(peer(1)).unwrap().is_surplus());
        assert!(!other.has_ended());
        // Of the greedy one's own, one that waits makes room.
        drop(busy);
        assert!(!all.add(peer(1)).unwrap().is_surplus());
        assert!(!other.has_ended() && greedy.iter().filter(|one| one.has_ended()).count() == 1);
    }

    #[test]
    fn idle_connections_of_many_clients_make_room_for_anyone() {
        let all = of_eight();
        let idle: Vec<_> = (1..=7).filter_map(|number| all.add(peer(number))).collect();
        let first = all.add(peer(9)).unwrap();
        let _busy = first.request();
        assert!(!all.add(peer(9)).unwrap().is_surplus());
        assert_eq!(idle.iter().filter(|one| one.has_ended()).count(), 1);
    }
}
