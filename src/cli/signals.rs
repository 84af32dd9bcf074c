//! SIGINT, SIGTERM and SIGHUP ask for the end: the first drains and reports, a second of any kind ends at once.

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit;
use crate::engine::Descendants;

/// Watches for the rest of the process.
pub(super) fn watch_all() -> std::io::Result<watch::Receiver<Option<Signal>>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(None);
    let before = Descendants::now();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => Signal::INT,
                _ = terminate.recv() => Signal::TERM,
                _ = hang_up.recv() => Signal::HUP,
            }
        };
        sender.send_replace(Some(next().await));
        next().await;
        // A command in a process group of its own would hear nothing of our end.
        before.kill_newer();
        quit();
    });
    Ok(receiver)
}

#[expect(clippy::exit, reason = "the second request to end does not wait for anything")]
fn quit() {
    super::live::leave();
    std::process::exit(exit::INTERRUPTED.into())
}
