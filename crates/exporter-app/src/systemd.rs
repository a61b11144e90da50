//! What systemd is told, where it asks (`Type=notify` and `Type=notify-reload`).

use sd_notify::NotifyState;

/// The exporter answers.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is being loaded again; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd cannot be told of the reload"),
    }
}

/// The exporter was told to stop.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be notified");
    }
}
