//! Passwords that wait to be checked: each client has a few, and the one comes next whose last turn was the longest ago.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use crate::logins::{Digest, Login};
use crate::peer::Peer;

/// How many may wait in all, and of one client.
const WAITING: usize = 64;
pub(crate) const WAITING_OF_ONE: usize = 4;

/// How many clients are known to have had a turn.
const KNOWN: usize = 1024;

/// A password to check.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) digest: Digest,
    pub(crate) password: Vec<u8>,
    pub(crate) hash: String,
    /// Whether there is such a user.
    pub(crate) exists: bool,
    pub(crate) answer: oneshot::Sender<Login>,
}

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    jobs: HashMap<Peer, VecDeque<Job>>,
    /// Each client that has a job, in the order in which they came.
    clients: VecDeque<Peer>,
    /// When each client had its last turn: who keeps asking comes behind who never did.
    turns: HashMap<Peer, u64>,
    turn: u64,
}

impl Waiting {
    /// Adds a job. Where there are too many, the newest one makes room of the client that has the most; its `answer` is
    /// dropped, as that of this one is if its client has enough.
    pub(crate) fn push(&mut self, peer: Peer, job: Job) {
        if self.of(peer) >= WAITING_OF_ONE || self.all() >= WAITING {
            self.forget_those_who_left();
        }
        if self.of(peer) >= WAITING_OF_ONE || self.all() >= WAITING && !self.make_room(peer) {
            return;
        }
        let jobs = self.jobs.entry(peer).or_default();
        if jobs.is_empty() {
            self.clients.push_back(peer);
        }
        jobs.push_back(job);
    }

    /// The next one.
    pub(crate) fn pop(&mut self) -> Option<Job> {
        while let Some(job) = self.pop_any() {
            // Who asked may be gone.
            if !job.answer.is_closed() {
                return Some(job);
            }
        }
        None
    }

    fn pop_any(&mut self) -> Option<Job> {
        let last = |peer: &Peer| self.turns.get(peer).copied().unwrap_or(0);
        let peer = *self.clients.iter().min_by_key(|peer| last(peer))?;
        let jobs = self.jobs.get_mut(&peer)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.jobs.remove(&peer);
            self.clients.retain(|other| *other != peer);
        }
        if self.turns.len() >= KNOWN {
            self.turns.clear();
        }
        self.turn += 1;
        self.turns.insert(peer, self.turn);
        job
    }

    fn of(&self, peer: Peer) -> usize {
        self.jobs.get(&peer).map_or(0, VecDeque::len)
    }

    fn all(&self) -> usize {
        self.jobs.values().map(VecDeque::len).sum()
    }

    fn make_room(&mut self, newcomer: Peer) -> bool {
        let own = self.of(newcomer);
        let most = self.jobs.values_mut().max_by_key(|jobs| jobs.len());
        most.filter(|most| most.len() > own + 1).and_then(VecDeque::pop_back).is_some()
    }

    fn forget_those_who_left(&mut self) {
        for jobs in self.jobs.values_mut() {
            jobs.retain(|job| !job.answer.is_closed());
        }
        self.jobs.retain(|_, jobs| !jobs.is_empty());
        self.clients.retain(|peer| self.jobs.contains_key(peer));
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn peer(number: u8) -> Peer {
        IpAddr::from([192, 0, 2, number]).into()
    }

    /// Adds a job that is known by its first byte.
    fn push(waiting: &mut Waiting, number: u8, name: u8) -> oneshot::Receiver<Login> {
        let (answer, receive) = oneshot::channel();
        let job =
            Job { digest: [name; 32], password: vec![], hash: String::new(), exists: true, answer };
        waiting.push(peer(number), job);
        receive
    }

    fn refused(receive: &mut oneshot::Receiver<Login>) -> bool {
        receive.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    fn pop(waiting: &mut Waiting) -> Option<u8> {
        waiting.pop().map(|job| job.digest[0])
    }

    #[test]
    fn clients_take_turns() {
        let mut waiting = Waiting::default();
        let _kept: Vec<_> = [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)]
            .map(|(number, name)| push(&mut waiting, number, name))
            .into();
        let order: Vec<u8> = std::iter::from_fn(|| pop(&mut waiting)).collect();
        assert_eq!(order, [10, 20, 30, 11, 31, 12]);
        let _kept = push(&mut waiting, 1, 13);
        assert_eq!((pop(&mut waiting), pop(&mut waiting)), (Some(13), None));
        // Who was not served yet comes before who was.
        let _kept =
            [(1, 14), (2, 21), (4, 40)].map(|(number, name)| push(&mut waiting, number, name));
        let order: Vec<u8> = std::iter::from_fn(|| pop(&mut waiting)).collect();
        assert_eq!(order, [40, 21, 14]);
    }

    #[test]
    fn a_client_has_few_and_where_all_places_are_taken_the_one_with_most_gives_one_up() {
        let mut waiting = Waiting::default();
        let mut all: Vec<_> = (0..16)
            .flat_map(|number| [number; 4])
            .map(|number| push(&mut waiting, number, number))
            .collect();
        assert!(refused(&mut push(&mut waiting, 0, 0)));
        let mut newcomers: Vec<_> =
            (100..148).map(|number| push(&mut waiting, number, number)).collect();
        assert!(!newcomers.iter_mut().any(refused));
        // Everyone keeps the oldest.
        let kept: Vec<bool> = all.iter_mut().map(|receive| !refused(receive)).collect();
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 16);
        assert!(kept.chunks(4).all(|of_one| of_one[0]));
        // Where everyone has one only, none is given up.
        assert!(refused(&mut push(&mut waiting, 200, 200)));
        // Those who left take no place.
        newcomers.truncate(10);
        assert!(!refused(&mut push(&mut waiting, 200, 200)));
        drop(newcomers);
        assert_eq!(std::iter::from_fn(|| pop(&mut waiting)).count(), 16);
    }
}
