//! A precise timer: deadlines of run time, kept to about a tenth of a millisecond.
//!
//! Tokio's own timer has a granularity of a millisecond, which is a fault of its own when 10 ms are asked for. On Linux
//! this one is a `timerfd` in tokio's reactor, armed for the earliest of all deadlines; elsewhere it falls back to tokio's.
//! Deadlines live in an ordered map: adding, moving and removing one costs a logarithm.
//!
//! A [`Sleep`] belongs to one task and is polled by it; dropping it removes its deadline.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::clock::RunClock;
use crate::base::SimTime;

/// A timer. Cheap to clone; it ends with its last clone.
#[derive(Clone, Debug)]
pub struct Timer {
    inner: Arc<Inner>,
}

/// A task's deadline on a [`Timer`].
#[derive(Debug)]
pub struct Sleep {
    timer: Timer,
    id: u64,
    /// The deadline in the queue, and who it wakes.
    registered: Option<(SimTime, Waker)>,
}

#[derive(Debug)]
struct Inner {
    clock: RunClock,
    queue: Mutex<Queue>,
    alarm: Arc<alarm::Alarm>,
    /// Ends the driver with the timer.
    _driver: DropGuard,
}

#[derive(Debug, Default)]
struct Queue {
    /// By instant, then by sleeper.
    deadlines: BTreeMap<(SimTime, u64), Waker>,
    armed: Option<SimTime>,
    next_id: u64,
}

// === impl Timer ===

impl Timer {
    /// Starts a timer; its driver runs on the current tokio runtime.
    pub fn start(clock: RunClock) -> io::Result<Self> {
        let alarm = Arc::new(alarm::Alarm::new()?);
        let ended = CancellationToken::new();
        let inner = Arc::new(Inner {
            clock,
            queue: Mutex::default(),
            alarm: Arc::clone(&alarm),
            _driver: ended.clone().drop_guard(),
        });
        let timer = Arc::downgrade(&inner);
        tokio::spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = drive(timer, alarm) => {}
            }
        });
        Ok(Self { inner })
    }

    /// A deadline of its own for a task.
    pub fn sleeper(&self) -> Sleep {
        let mut queue = self.inner.lock();
        queue.next_id += 1;
        Sleep { timer: self.clone(), id: queue.next_id, registered: None }
    }

    /// Waits until `deadline`.
    pub async fn sleep_until(&self, deadline: SimTime) {
        let mut sleep = self.sleeper();
        std::future::poll_fn(|cx| sleep.poll_until(cx, Some(deadline))).await;
    }
}

/// Rings the alarm and wakes who is due, until the timer is gone.
async fn drive(timer: Weak<Inner>, alarm: Arc<alarm::Alarm>) {
    while alarm.rung().await.is_ok() {
        let Some(inner) = timer.upgrade() else { return };
        inner.wake_due();
    }
}

// === impl Inner ===

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_due(&self) {
        let mut queue = self.lock();
        let now = self.clock.now();
        let later = queue.deadlines.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut queue.deadlines, later);
        queue.armed = None;
        self.arm(&mut queue, now);
        drop(queue);
        due.into_values().for_each(Waker::wake);
    }

    fn arm(&self, queue: &mut Queue, now: SimTime) {
        let Some((earliest, _)) = queue.deadlines.first_key_value().map(|(key, _)| *key) else { return };
        if queue.armed.is_none_or(|armed| earliest < armed) {
            queue.armed = Some(earliest);
            self.alarm.set(earliest.since(now));
        }
    }
}

// === impl Sleep ===

impl Sleep {
    /// Ready once `deadline` has come; never, without one. A later call with another deadline moves it.
    pub fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Option<SimTime>) -> Poll<()> {
        let Some(deadline) = deadline else {
            self.forget();
            return Poll::Pending;
        };
        let inner = &self.timer.inner;
        let now = inner.clock.now();
        if deadline <= now {
            self.forget();
            return Poll::Ready(());
        }
        // Most polls come from a socket and find their deadline in place: they need no lock.
        let in_place = |(at, waker): &(SimTime, Waker)| *at == deadline && waker.will_wake(cx.waker());
        if self.registered.as_ref().is_some_and(in_place) {
            return Poll::Pending;
        }
        let mut queue = inner.lock();
        if let Some((before, _)) = self.registered.take() {
            queue.deadlines.remove(&(before, self.id));
        }
        queue.deadlines.insert((deadline, self.id), cx.waker().clone());
        inner.arm(&mut queue, now);
        drop(queue);
        self.registered = Some((deadline, cx.waker().clone()));
        Poll::Pending
    }

    fn forget(&mut self) {
        if let Some((deadline, _)) = self.registered.take() {
            self.timer.inner.lock().deadlines.remove(&(deadline, self.id));
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(target_os = "linux")]
mod alarm {
    //! One `timerfd`.

    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        #[expect(
            deprecated,
            reason = "unsound for types that may change their fd; an OwnedFd never does, and its \
            successor is unsafe to call, which this crate forbids"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let fd =
                timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            AsyncFd::with_interest(fd, Interest::READABLE).map(Self)
        }

        /// Rings after `after`; an alarm set before is forgotten.
        pub(super) fn set(&self, after: Duration) {
            let after = after.max(Duration::from_nanos(1));
            let value = Timespec {
                tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: after.subsec_nanos().into(),
            };
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)
                .expect("a timerfd takes any time above zero");
        }

        /// Waits until it rings.
        pub(super) async fn rung(&self) -> io::Result<()> {
            loop {
                let mut ready = self.0.readable().await?;
                let mut expirations = [0; 8];
                match ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut expirations)?)) {
                    Ok(Ok(_)) => return Ok(()),
                    Ok(Err(error)) => return Err(error),
                    Err(_not_ready) => {}
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod alarm {
    //! Tokio's own timer: a millisecond is as fine as it gets.

    use std::io;
    use std::time::Duration;

    use tokio::sync::watch;
    use tokio::time::Instant;

    #[derive(Debug)]
    pub(super) struct Alarm(watch::Sender<Option<Instant>>);

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(watch::Sender::new(None)))
        }

        pub(super) fn set(&self, after: Duration) {
            self.0.send_replace(Some(Instant::now() + after));
        }

        pub(super) async fn rung(&self) -> io::Result<()> {
            let mut alarms = self.0.subscribe();
            loop {
                let at = *alarms.borrow_and_update();
                tokio::select! {
                    changed = alarms.changed() => changed.map_err(io::Error::other)?,
                    () = async { tokio::time::sleep_until(at.expect("checked by the guard")).await }, if at.is_some() => {
                        self.0.send_replace(None);
                        return Ok(());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Thousands of sleepers, in any order, wake not before their time and in its order.
    #[tokio::test]
    async fn nobody_wakes_early() {
        let clock = RunClock::start();
        let timer = Timer::start(clock).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..2_000u64 {
            let timer = timer.clone();
            let deadline = SimTime::from_nanos((n * 7_919 % 2_000) * 50_000);
            tasks.spawn(async move {
                timer.sleep_until(deadline).await;
                (deadline, clock.now())
            });
        }
        while let Some(woken) = tasks.join_next().await {
            let (deadline, now) = woken.unwrap();
            assert!(now >= deadline, "woke {:?} early", deadline.since(now));
        }
        assert!(timer.inner.lock().deadlines.is_empty());
    }

    /// A moved deadline leaves none behind, an earlier one rings earlier, and a dropped sleeper is forgotten.
    #[tokio::test]
    async fn deadlines_move() {
        let clock = RunClock::start();
        let timer = Timer::start(clock).unwrap();
        let mut sleep = timer.sleeper();
        let far = SimTime::from_secs(3_600);
        assert!(is_pending_until(&mut sleep, Some(far)).await);
        let near = clock.now().plus(Duration::from_millis(5));
        std::future::poll_fn(|cx| sleep.poll_until(cx, Some(near))).await;
        assert!(clock.now() >= near);
        assert!(is_pending_until(&mut sleep, Some(far)).await);
        assert!(is_pending_until(&mut sleep, None).await);
        assert!(timer.inner.lock().deadlines.is_empty());
        assert!(is_pending_until(&mut sleep, Some(far)).await);
        drop(sleep);
        assert!(timer.inner.lock().deadlines.is_empty());
    }

    async fn is_pending_until(sleep: &mut Sleep, deadline: Option<SimTime>) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(sleep.poll_until(cx, deadline).is_pending())).await
    }
}
