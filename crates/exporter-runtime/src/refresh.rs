//! Runs in the background: one after another, whether anybody scrapes or not.

use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::pool::Pool;
use crate::run::Gathering;
use crate::services::Services;
use crate::slot::Slot;

/// Intervals differ by up to a tenth, so that collectors which began together do not go on together.
const JITTER: std::ops::RangeInclusive<f64> = 0.9..=1.1;

/// The first look at a run that goes on comes after this long; each later one after twice as long as the one before, up
/// to [`LAST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_secs(1);

/// The task that starts the runs of a collector. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Refresher(AbortHandle);

impl Refresher {
    /// Starts the runs of `slot`: the first one at once, if it has not run yet.
    pub(crate) fn start(slot: &Arc<Slot>, services: &Services) -> io::Result<Self> {
        let refresh = refresh(Arc::downgrade(slot), services.pool.clone());
        Ok(Self(services.reactor()?.spawn(refresh).abort_handle()))
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The task holds no collector while it waits, so one that was replaced ends without it.
async fn refresh(slot: Weak<Slot>, pool: Pool) {
    let pause = |slot: &Arc<Slot>| slot.next_refresh(Instant::now(), rand::random_range(JITTER));
    while let Some(pause) = slot.upgrade().as_ref().map(pause) {
        tokio::time::sleep(pause).await;
        let gathering = Arc::new(Gathering::default());
        let Some(jobs) = slot.upgrade().map(|slot| slot.begin(Instant::now(), &gathering)) else {
            return;
        };
        pool.submit(jobs);
        let mut look = FIRST_LOOK;
        while tokio::time::timeout(look, std::future::poll_fn(|it| gathering.poll(it)))
            .await
            .is_err()
        {
            pool.look();
            slot.upgrade().iter().for_each(|slot| slot.look(Instant::now()));
            look = (look * 2).min(LAST_LOOK);
        }
    }
}
