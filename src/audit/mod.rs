//! Layer 6: audits. How long does a client wait, really?
//!
//! ```text
//!  command ─▶ stage ─▶ service        first without a fault: how many connections, how many turns on each
//!             gate                    then once for each phase: what the client does when the network goes quiet in it
//! ```
//!
//! A client has many timeouts, and they are rarely those that somebody has configured: of the name, of the kernel's SYNs, of a
//! pool, of a library's default. So nothing is read or asked here. The command is run against a phase, again and again, and what
//! it does to its sockets is the answer: when it gave up, how, and whether it came back.
//!
//! What is measured is one run of each phase. What a client decides at random (a jittered retry) is another the next time.
//! Commands run as long as their phase; a patience ends those that would wait for ever.

mod expect;
mod gate;
mod stage;
mod table;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;

pub use self::expect::{Expected, ExpectedError};
use self::gate::Aim;
use self::stage::{Act, Maker, Met, Stage};
use self::table::Watched;
use crate::base::SimTime;
use crate::engine::{Command, CommandError, Grouping, Output, Running};
use crate::event::{Attempt, AttemptEnd, AuditBaseline, AuditPhase, AuditReport, CommandEnd, PhaseReport};
use crate::proxy::RunClock;
use crate::scenario::Upstream;

/// What to audit.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// The program and its arguments; `{host}` and `{port}` in them become those of the stage.
    pub words: Vec<OsString>,
    /// The service.
    pub upstream: Upstream,
    /// How long each phase is given.
    pub patience: Duration,
    /// The phases to play.
    pub phases: Vec<AuditPhase>,
    /// What is expected of them.
    pub expected: Vec<Expected>,
    /// Where the command writes.
    pub output: Output,
    /// Signals that ask for the end.
    pub signals: watch::Receiver<Option<Signal>>,
}

/// An audit can't be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The stage can't be opened.
    #[error("can't listen on 127.0.0.1: {0}")]
    Stage(io::Error),
    /// The command can't be started.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It can't be waited for.
    #[error("can't wait for the command: {0}")]
    Wait(io::Error),
    /// It went elsewhere, or nowhere.
    #[error(
        "the command ended without a connection to brownout ({0}): write `{{host}}` and `{{port}}` where it is told where to connect, \
         as in `-- curl http://{{host}}:{{port}}/`"
    )]
    NoConnection(String),
    /// Without a fault it does not end, so nothing can be told of it.
    #[error(
        "without any fault the command still ran after {0}: an audit needs a command that ends, or a longer `--patience`"
    )]
    Endless(String),
    /// The service is not there.
    #[error("can't reach the service at {upstream}: {why}")]
    Unreachable {
        /// Where it should be.
        upstream: String,
        /// What the kernel says.
        why: Arc<str>,
    },
    /// Somebody asked for the end.
    #[error("interrupted")]
    Interrupted,
}

/// What was seen of one run of the command.
#[derive(Debug)]
struct Played {
    met: Vec<Met>,
    watched: Watched,
    /// What left SYNs unanswered.
    unanswered: Option<Maker>,
    /// None: patience ended it.
    ended: Option<(SimTime, CommandEnd)>,
}

/// After the end of a command, the time in which its kernel says so on its connections.
const SETTLE: Duration = Duration::from_millis(100);

/// A handshake may have one turn more in one run than in the next: so often a phase that was missed is tried a turn earlier.
const EARLIER_TURNS: usize = 2;

/// Runs the command without a fault, then once for each phase. `progress` hears what is played next.
pub async fn audit(
    options: &AuditOptions,
    mut progress: impl FnMut(&str),
) -> Result<AuditReport, AuditError> {
    progress("without a fault");
    let played = play(options, None, Vec::new()).await?;
    let baseline = baseline(options, &played)?;
    let turns: Vec<Vec<u64>> = played.met.into_iter().map(|met| met.turns).collect();
    let mut phases = Vec::new();
    for phase in &options.phases {
        progress(&format!("{}: {}", phase.name(), phase.about()));
        phases.push(play_phase(options, *phase, &turns).await?);
    }
    let judge = |expected: &Expected| expected.judge(&phases, options.patience);
    let verdicts = options.expected.iter().map(judge).collect();
    let command = options.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let upstream = options.upstream.to_string();
    Ok(AuditReport { command, upstream, patience: options.patience, baseline, phases, verdicts })
}

fn baseline(options: &AuditOptions, played: &Played) -> Result<AuditBaseline, AuditError> {
    if let Some(why) = played.met.iter().find_map(|met| met.unreachable.clone()) {
        return Err(AuditError::Unreachable { upstream: options.upstream.to_string(), why });
    }
    let Some((took, ended)) = played.ended else {
        return Err(AuditError::Endless(crate::base::format_duration(options.patience)));
    };
    if played.met.is_empty() {
        let how = match (ended.status, ended.signal) {
            (Some(status), _) => format!("it exited with {status}"),
            (None, signal) => format!("signal {} ended it", signal.unwrap_or_default()),
        };
        return Err(AuditError::NoConnection(how));
    }
    let answers = |met: &Met| met.turns.iter().filter(|bytes| **bytes > 0).count();
    let turns = played.met.iter().map(answers).max().unwrap_or_default();
    Ok(AuditBaseline { connections: played.met.len(), turns, took: took.since_start(), ended })
}

/// Plays a phase; a turn earlier, where the command ended before it came so far.
async fn play_phase(
    options: &AuditOptions,
    phase: AuditPhase,
    turns: &[Vec<u64>],
) -> Result<PhaseReport, AuditError> {
    let missed = |why: &str| PhaseReport {
        phase,
        made_by: String::new(),
        missed: Some(why.to_owned()),
        attempts: Vec::new(),
        took: None,
        ended: None,
    };
    let needs_answer = !matches!(phase, AuditPhase::Connect | AuditPhase::Silence);
    let pooled = phase == AuditPhase::Pooled;
    for earlier in 0..=EARLIER_TURNS {
        let aims: Vec<Aim> = turns.iter().filter_map(|turns| Aim::of(turns, earlier)).collect();
        // The first answer on a connection comes in turn 1, or as a greeting in turn 0.
        let reused = |turns: &Vec<u64>| {
            Aim::of(turns, earlier).is_some_and(|aim| turns[..aim.turn].iter().any(|bytes| *bytes > 0))
        };
        if needs_answer && aims.is_empty() {
            let why = if earlier == 0 { "the service never answered" } else { "the command ended before it" };
            return Ok(missed(why));
        }
        if pooled && !turns.iter().any(reused) {
            let why = if earlier == 0 {
                "no connection carried a second request"
            } else {
                "the command ended before it"
            };
            return Ok(missed(why));
        }
        let played = play(options, Some(phase), aims).await?;
        if let Some(report) = report(phase, &played) {
            return Ok(report);
        }
        if !needs_answer {
            break;
        }
    }
    Ok(missed("the command ended before it"))
}

/// What a client did in a phase; none, if it never met it.
fn report(phase: AuditPhase, played: &Played) -> Option<PhaseReport> {
    let mut attempts: Vec<Attempt> = match phase {
        AuditPhase::Connect => {
            let sockets = played.watched.sockets().values().filter(|seen| seen.connecting);
            let attempt = |seen: &table::Seen| Attempt {
                began: seen.first.since_start(),
                waited: seen.gone.map(|gone| gone.since(seen.first)),
                how: if seen.gone.is_some() { AttemptEnd::Vanished } else { AttemptEnd::Open },
            };
            sockets.map(attempt).collect()
        }
        _ => played.met.iter().filter_map(|met| attempt(met, &played.watched)).collect(),
    };
    attempts.sort_by_key(|attempt| attempt.began);
    // Where no SYN can be seen the command's own end still tells something.
    if attempts.is_empty() && phase != AuditPhase::Connect {
        return None;
    }
    let died = played.met.iter().any(|met| met.died);
    let maker = played.unanswered.unwrap_or(if died { Maker::Filter } else { Maker::UserSpace });
    Some(PhaseReport {
        phase,
        made_by: maker.as_str().to_owned(),
        missed: None,
        attempts,
        took: played.ended.map(|(took, _)| took.since_start()),
        ended: played.ended.map(|(_, ended)| ended),
    })
}

/// What a client did on a connection that met the phase.
fn attempt(met: &Met, watched: &Watched) -> Option<Attempt> {
    let shut = met.shut?;
    let began = met.accepted.since_start();
    if !met.died {
        let ended = met.ended.filter(|(at, _)| *at >= shut);
        let (waited, how) = ended.map_or((None, AttemptEnd::Open), |(at, how)| (Some(at.since(shut)), how));
        return Some(Attempt { began, waited, how });
    }
    let seen = watched.sockets().get(&met.client)?;
    // Whoever closes a dead connection without having sent anything has not noticed.
    let from = seen.unheard.filter(|from| seen.fin.is_none_or(|fin| fin > *from))?;
    let end = seen.fin.map(|at| (at, AttemptEnd::Fin));
    let end = end.or(seen.gone.map(|at| (at, AttemptEnd::Vanished)));
    let (waited, how) = end.map_or((None, AttemptEnd::Open), |(at, how)| (Some(at.since(from)), how));
    Some(Attempt { began, waited, how })
}

/// Runs the command once on a stage of its own.
async fn play(
    options: &AuditOptions,
    phase: Option<AuditPhase>,
    aims: Vec<Aim>,
) -> Result<Played, AuditError> {
    let clock = RunClock::start();
    let act = Act { phase, upstream: options.upstream.clone(), aims, patience: options.patience };
    let stage = Stage::open(act, clock).await.map_err(AuditError::Stage)?;
    let watched = Arc::new(Mutex::new(Watched::new(stage.address)));
    // Where its packets tell what a client does, the kernel's table is not asked.
    let unheard = matches!(phase, Some(AuditPhase::Connect | AuditPhase::Pooled));
    let watching = unheard.then(|| tokio::spawn(watch(Arc::clone(&watched), clock)));
    let command = Command {
        words: options.words.iter().map(|word| placed(word, stage.address)).collect(),
        grouping: Grouping::Own,
        output: options.output,
    };
    let mut running = command.start(&[])?;
    let mut signals = options.signals.clone();
    let ended = tokio::select! {
        ended = running.ended() => Ok(Some(ended.map_err(AuditError::Wait)?)),
        () = tokio::time::sleep(options.patience) => Ok(None),
        _ = signals.wait_for(Option::is_some) => Err(AuditError::Interrupted),
    };
    let at = clock.now();
    if matches!(ended, Ok(Some(_))) {
        tokio::time::sleep(SETTLE).await;
    }
    let met = stage.met();
    if let Some(watching) = watching {
        watching.abort();
        watched.lock().unwrap_or_else(PoisonError::into_inner).look(clock.now());
    }
    if !matches!(ended, Ok(Some(_))) {
        end(&mut running).await?;
    }
    running.end_descendants().await;
    // Nobody looks any more: it is what was seen before the end.
    let empty = Watched::new(stage.address);
    let watched = std::mem::replace(&mut *watched.lock().unwrap_or_else(PoisonError::into_inner), empty);
    Ok(Played {
        met,
        watched,
        unanswered: stage.unanswered,
        ended: ended?.map(|status| (at, command_end(status))),
    })
}

async fn end(running: &mut Running) -> Result<(), AuditError> {
    running.signal(Signal::TERM);
    running.end().await.map(|_| ()).map_err(AuditError::Wait)
}

/// Reads the TCP table until it is told to stop, or there is none.
async fn watch(watched: Arc<Mutex<Watched>>, clock: RunClock) {
    let mut ticks = tokio::time::interval(table::EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while watched.lock().unwrap_or_else(PoisonError::into_inner).look(clock.now()) {
        ticks.tick().await;
    }
}

fn command_end(status: ExitStatus) -> CommandEnd {
    CommandEnd { status: status.code(), signal: status.signal() }
}

/// The word with the stage's address in the places of `{host}` and `{port}`.
fn placed(word: &OsString, stage: SocketAddr) -> OsString {
    // What is not UTF-8 has no placeholder that anybody could have meant.
    let text = word.to_str().map(|text| {
        text.replace("{host}", &stage.ip().to_string()).replace("{port}", &stage.port().to_string())
    });
    text.map_or_else(|| word.clone(), OsString::from)
}
