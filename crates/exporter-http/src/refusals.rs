//! What is refused is counted; it is told once, when it begins, so that nobody writes the log who is not let in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use exporter_runtime::{Refusal, WebMetrics};

use crate::peer::Peer;

/// What has not happened for so long begins again.
const QUIET: Duration = Duration::from_mins(5);

/// How many of one client each are told apart; more of them are counted only.
const TOLD: usize = 64;

/// Counts refusals, and tells of those that are news.
#[derive(Debug)]
pub(crate) struct Refusals {
    metrics: WebMetrics,
    news: News,
}

impl Refusals {
    pub(crate) fn new(metrics: WebMetrics) -> Self {
        Self { metrics, news: News::default() }
    }

    /// Something was refused; a line in the log says so if it begins.
    pub(crate) fn add(&self, refusal: Refusal, peer: Peer) {
        if self.is_news(refusal, peer) {
            let reason = refusal.as_str();
            tracing::info!(reason, %peer, "Refused; from now on it is counted only");
        }
    }

    /// Counts it. Whether it begins with this: it did not happen for some time.
    pub(crate) fn is_news(&self, refusal: Refusal, peer: Peer) -> bool {
        self.metrics.refused(refusal);
        self.news.is_it(refusal, peer, Instant::now())
    }
}

/// When each kind of refusal happened last, of each client.
#[derive(Debug, Default)]
struct News(Mutex<HashMap<(Refusal, Peer), Instant>>);

impl News {
    fn is_it(&self, refusal: Refusal, peer: Peer, now: Instant) -> bool {
        let recent = |last: &Instant| now.saturating_duration_since(*last) < QUIET;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = all.get_mut(&(refusal, peer)) {
            let news = !recent(last);
            *last = now;
            return news;
        }
        if all.len() >= TOLD {
            all.retain(|_, last| recent(last));
        }
        let news = all.len() < TOLD;
        if news {
            all.insert((refusal, peer), now);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn what_is_refused_is_told_when_it_begins_and_of_so_many_clients_only() {
        let news = News::default();
        let peer = |number: u8| Peer::from(IpAddr::from([192, 0, 2, number]));
        let start = Instant::now();
        let told = |refusal, number, minutes| {
            news.is_it(refusal, peer(number), start + Duration::from_mins(minutes))
        };
        assert!(told(Refusal::Malformed, 1, 0) && !told(Refusal::Malformed, 1, 1));
        assert!(told(Refusal::Handshake, 1, 1) && told(Refusal::Malformed, 2, 1));
        // It went on, so it does not begin.
        assert!(!told(Refusal::Malformed, 1, 5) && told(Refusal::Malformed, 1, 10));
        let more = (0..=255).filter(|number| told(Refusal::Evicted, *number, 10)).count();
        assert_eq!(more, TOLD - 1);
    }
}
