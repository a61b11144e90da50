//! Passwords and tokens of clients.
//!
//! A bcrypt hash takes tens of milliseconds to check, on purpose. So it is done on a thread of its own, at a low
//! priority and one at a time, and what came out is remembered; a flood of wrong passwords takes neither the processor
//! from scrapes nor their place: clients are served in turns, and what is known already does not wait at all.
//!
//! Nothing is kept that a password could be read from: known ones are found by a digest under a key that is made anew at
//! each start.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::{io, thread};

use actix_web::http::header::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use tokio::sync::oneshot;

use crate::connection::lock;
use crate::peer::Peer;
use crate::waiting::{Job, Waiting};
use crate::web_config::WebConfig;

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Right,
    Wrong,
    /// Too many are waiting to be looked at.
    Busy,
}

/// How many answers are remembered, of right and of wrong passwords each.
const REMEMBERED: usize = 256;

/// Scrapes get ten times as much of a processor that both want. The lowest priority, 19, gets so little on a busy machine
/// that a login outlasts its scrape.
const PRIORITY: i32 = 10;

/// The cost of a hash that stands in for those of users that do not exist, where no user exists.
const USUAL_COST: u32 = 10;

pub(crate) type Digest = [u8; 32];

/// Checks logins, and remembers them.
#[derive(Debug)]
pub(crate) struct Logins {
    key: hmac::Key,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something happened that the thread should know.
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    right: HashSet<Digest>,
    wrong: HashSet<Digest>,
    waiting: Waiting,
    /// Whether nobody asks any more.
    over: bool,
}

impl State {
    fn known(&self, digest: &Digest) -> Option<Login> {
        if self.right.contains(digest) {
            return Some(Login::Right);
        }
        self.wrong.contains(digest).then_some(Login::Wrong)
    }

    fn remember(&mut self, digest: Digest, login: Login) {
        let remembered = if login == Login::Right { &mut self.right } else { &mut self.wrong };
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest);
    }
}

impl Shared {
    /// The next password to check, when there is one, or `None` when it is over.
    fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if state.over {
                return None;
            }
            if let Some(job) = state.waiting.pop() {
                return Some(job);
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn check(&self, job: Job) {
        // Who asked twice at once waits for the first answer only.
        let known = lock(&self.state).known(&job.digest);
        let login = known.unwrap_or_else(|| {
            let equal = bcrypt::verify(&job.password, &job.hash).unwrap_or(false);
            if equal && job.exists { Login::Right } else { Login::Wrong }
        });
        lock(&self.state).remember(job.digest, login);
        // Who asked may be gone.
        let _ = job.answer.send(login);
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        lock(&self.shared.state).over = true;
        self.shared.news.notify_one();
    }
}

impl Logins {
    pub(crate) fn new() -> io::Result<Self> {
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random)
            .map_err(|_| io::Error::other("the system has no random numbers"))?;
        let shared: Arc<Shared> = Arc::default();
        let ours = Arc::clone(&shared);
        thread::Builder::new().name("logins".to_owned()).spawn(move || {
            // Where this is not permitted, logins compete with scrapes.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), PRIORITY);
            while let Some(job) = ours.next() {
                ours.check(job);
            }
        })?;
        Ok(Self { key, shared })
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            // With its length, so that no two lists of parts read the same.
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().unwrap_or_default()
    }

    /// Checks what a request has in its `Authorization` header, of users with passwords and of `tokens`.
    pub(crate) async fn check(
        &self,
        authorization: Option<&HeaderValue>,
        config: &WebConfig,
        tokens: &[exporter_sdk::Secret],
        peer: Peer,
    ) -> Login {
        let Some((scheme, credentials)) = authorization.and_then(split) else {
            return Login::Wrong;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.token(credentials, tokens);
        }
        if !scheme.eq_ignore_ascii_case("basic") || config.users.is_empty() {
            return Login::Wrong;
        }
        let decoded = STANDARD.decode(credentials).unwrap_or_default();
        let Some(colon) = decoded.iter().position(|byte| *byte == b':') else {
            return Login::Wrong;
        };
        let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
        self.password(user, password, config, peer).await
    }

    fn token(&self, given: &str, tokens: &[exporter_sdk::Secret]) -> Login {
        let given = self.digest(&[given.as_bytes()]);
        // Digests under a key that nobody knows tell nothing by how long it takes to compare them.
        let right = tokens.iter().any(|token| self.digest(&[token.expose().as_bytes()]) == given);
        if right { Login::Right } else { Login::Wrong }
    }

    async fn password(
        &self,
        user: &[u8],
        password: &[u8],
        config: &WebConfig,
        peer: Peer,
    ) -> Login {
        let hash = str::from_utf8(user).ok().and_then(|user| config.users.get(user));
        let exists = hash.is_some();
        // A user that does not exist takes as long as one that does.
        let hash = hash.cloned().unwrap_or_else(|| fake(config));
        let digest = self.digest(&[user, hash.as_bytes(), password]);
        let receive = {
            let mut state = lock(&self.shared.state);
            if let Some(known) = state.known(&digest) {
                return known;
            }
            let (answer, receive) = oneshot::channel();
            let password = password.to_owned();
            state.waiting.push(peer, Job { digest, password, hash, exists, answer });
            receive
        };
        self.shared.news.notify_one();
        receive.await.unwrap_or(Login::Busy)
    }
}

/// `Basic dXNlcjpwYXNz` in its two parts.
fn split(header: &HeaderValue) -> Option<(&str, &str)> {
    let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
    Some((scheme, credentials.trim()))
}

/// A hash that no password has, as expensive as the most expensive one.
fn fake(config: &WebConfig) -> String {
    let cost = |hash: &String| Some(hash.parse::<bcrypt::HashParts>().ok()?.get_cost());
    let cost = config.users.values().filter_map(cost).max().unwrap_or(USUAL_COST);
    format!("$2y${cost:02}${}", ".".repeat(53))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix_web::rt::System;
    use exporter_sdk::Secret;

    use super::*;
    use crate::waiting::WAITING_OF_ONE;

    const HOME: Peer = Peer::V4(std::net::Ipv4Addr::LOCALHOST);

    fn users(cost: u32) -> WebConfig {
        let users = [("alice", "secret"), ("bob", "other:secret")];
        let hash = |password: &str| bcrypt::hash(password, cost).unwrap();
        let users = users.map(|(user, password)| (user.to_owned(), hash(password)));
        WebConfig { users: users.into(), ..WebConfig::default() }
    }

    fn basic(user: &str, password: &str) -> HeaderValue {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        HeaderValue::try_from(format!("Basic {credentials}")).unwrap()
    }

    async fn login(logins: &Logins, config: &WebConfig, user: &str, password: &str) -> Login {
        logins.check(Some(&basic(user, password)), config, &[], HOME).await
    }

    #[test]
    fn users_get_in_with_their_own_password() {
        System::new().block_on(async {
            let (logins, config) = (Logins::new().unwrap(), users(4));
            // Twice, because the second answer is remembered.
            for _ in 0..2 {
                for (user, password, expected) in [
                    ("alice", "secret", Login::Right),
                    ("bob", "other:secret", Login::Right),
                    ("alice", "other:secret", Login::Wrong),
                    ("alice", "", Login::Wrong),
                    ("", "secret", Login::Wrong),
                    ("carol", "secret", Login::Wrong),
                    ("alice:secret", "", Login::Wrong),
                ] {
                    assert_eq!(login(&logins, &config, user, password).await, expected, "{user}");
                }
            }
            for odd in ["", "Basic", "Basic !", "Basic YWxpY2U=", "Digest x", "Bearer secret"] {
                let header = HeaderValue::try_from(odd).unwrap();
                assert_eq!(logins.check(Some(&header), &config, &[], HOME).await, Login::Wrong);
            }
            assert_eq!(logins.check(None, &config, &[], HOME).await, Login::Wrong);
            // What was right for one hash is not for another.
            assert_eq!(login(&logins, &users(5), "alice", "secret").await, Login::Right);
            let removed = WebConfig::default();
            assert_eq!(login(&logins, &removed, "alice", "secret").await, Login::Wrong);
        });
    }

    #[test]
    fn tokens_open_as_they_are() {
        System::new().block_on(async {
            let (logins, config) = (Logins::new().unwrap(), WebConfig::default());
            let tokens = [Secret::new("one"), Secret::new("two")];
            for (header, expected) in [
                ("Bearer one", Login::Right),
                ("bearer two", Login::Right),
                ("Bearer onetwo", Login::Wrong),
                ("Bearer ", Login::Wrong),
                ("Basic one", Login::Wrong),
            ] {
                let value = HeaderValue::try_from(header).unwrap();
                let login = logins.check(Some(&value), &config, &tokens, HOME).await;
                assert_eq!(login, expected, "{header}");
            }
        });
    }

    #[test]
    fn many_wrong_passwords_of_one_address_are_refused_and_known_ones_do_not_wait() {
        System::new().block_on(async {
            let (logins, config) = (Arc::new(Logins::new().unwrap()), Arc::new(users(11)));
            assert_eq!(login(&logins, &config, "alice", "secret").await, Login::Right);
            let flood: Vec<_> = (0..50)
                .map(|i| {
                    let (logins, config) = (Arc::clone(&logins), Arc::clone(&config));
                    actix_web::rt::spawn(async move {
                        login(&logins, &config, "alice", &format!("guess {i}")).await
                    })
                })
                .collect();
            actix_web::rt::task::yield_now().await;
            assert_eq!(login(&logins, &config, "alice", "secret").await, Login::Right);
            assert!(flood.iter().any(|login| !login.is_finished()), "the known login waited");
            // Another address has a place of its own.
            let elsewhere = Peer::V4([10, 0, 0, 1].into());
            let bob = basic("bob", "other:secret");
            assert_eq!(logins.check(Some(&bob), &config, &[], elsewhere).await, Login::Right);
            let mut busy = 0;
            for login in flood {
                match login.await.unwrap() {
                    Login::Busy => busy += 1,
                    login => assert_eq!(login, Login::Wrong),
                }
            }
            // A guess that is checked before the last one arrives makes room for another.
            assert!((40..=50 - WAITING_OF_ONE).contains(&busy), "{busy}");
        });
    }

    #[test]
    fn who_does_not_exist_takes_as_long_as_who_does() {
        System::new().block_on(async {
            let (logins, config) = (Logins::new().unwrap(), users(10));
            let mut times = [Vec::new(), Vec::new()];
            for i in 0..5 {
                for (times, user) in times.iter_mut().zip(["alice", "nobody"]) {
                    let start = Instant::now();
                    let password = format!("guess {i}");
                    assert_eq!(login(&logins, &config, user, &password).await, Login::Wrong);
                    times.push(start.elapsed());
                }
            }
            let [known, unknown] =
                times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
            assert!((0.5..2.0).contains(&(unknown / known)), "{known} {unknown}");
        });
    }
}
