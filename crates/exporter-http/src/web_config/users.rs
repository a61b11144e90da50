//! Users, and the hashes of their passwords.

use std::collections::{BTreeMap, BTreeSet};

use exporter_config::Problem;

use super::Reading;
use super::keys::Hidden;

/// What bcrypt knows: a hash of any other cost has no password.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

/// Beyond, a single password takes seconds, during which nobody else can log in for the first time.
const HIGHEST_USUAL: u32 = 14;

/// The hash of each user.
pub(super) fn read(
    users: BTreeMap<String, Hidden>,
    read: &mut Reading<'_>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut costs = BTreeSet::new();
    for (user, Hidden(hash)) in &users {
        // A whole line of htpasswd may stand there, with the hash.
        let name = user.split(':').next().unwrap_or_default();
        let keys = ["basic_auth_users", name];
        let cost = cost(hash).map_err(|message| read.problem(&keys, &message))?;
        if user.contains(':') {
            let message =
                "a name with a colon, at which it ends when it is sent: this user never gets in";
            read.warn(&["basic_auth_users"], message);
        }
        if cost > HIGHEST_USUAL {
            let message = format!(
                "a hash of cost {cost} takes very long to check, and logins wait for each other; write one of cost 10 to \
                 {HIGHEST_USUAL}"
            );
            read.warn(&keys, &message);
        }
        costs.insert(cost);
    }
    if costs.len() > 1 {
        let costs: Vec<String> = costs.iter().map(u32::to_string).collect();
        let message = format!(
            "the hashes have different costs ({}), so the time that a login takes tells which users there are; give all the \
             same",
            costs.join(", ")
        );
        read.warn(&["basic_auth_users"], &message);
    }
    Ok(users.into_iter().map(|(user, Hidden(hash))| (user, hash)).collect())
}

fn cost(hash: &str) -> Result<u32, String> {
    let parts = hash.parse::<bcrypt::HashParts>().map_err(
        |_| "expected a bcrypt hash, such as `htpasswd -nBC 10 \"\"` prints behind the colon",
    )?;
    let cost = parts.get_cost();
    if COSTS.contains(&cost) {
        return Ok(cost);
    }
    Err(format!("bcrypt has no cost {cost}; expected {} to {HIGHEST_USUAL}", COSTS.start()))
}
