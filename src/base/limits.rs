//! Every hard limit, with its reason. The network, the disk and the clients are hostile: no queue, buffer, table or wait
//! is without one, and what reaches a limit is told by the limit's name.

use std::time::Duration;

/// Longest duration that a file or a flag may name: a leap year. Beyond it a unit was mistaken.
pub const DURATION_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Most changes in one timeline. A six-hour scenario with a change every 100 ms has 216,000; a schedule that needs more
/// was meant otherwise, and a million entries of path state are about 100 MiB.
pub const TIMELINE_CHANGES_MAX: usize = 250_000;

/// Largest scenario file. The largest that we have written has 8 KiB.
pub const SCENARIO_BYTES_MAX: u64 = 4 << 20;

/// Most items of one sort (services, faults, monitors, detectors, expectations) in a scenario.
pub const SCENARIO_ITEMS_MAX: usize = 1_000;

/// Largest trace file that a scenario names, and all of them together: a minute of packets at 100 Mbit/s is 3 MiB.
pub const TRACE_BYTES_MAX: u64 = 16 << 20;
/// See [`TRACE_BYTES_MAX`]. A file counts as often as it is named.
pub const TRACES_BYTES_MAX: u64 = 64 << 20;

/// Most entries of one trace: packets of two minutes at 100 Mbit/s, or eleven days of pings.
pub const TRACE_ENTRIES_MAX: usize = 1_000_000;

/// Most connections that a service holds at once, unless its file says otherwise; more wait in the kernel's backlog.
pub const CONNECTIONS_MAX: usize = 10_000;

/// Bytes that one direction of one connection holds back at most (for delay, rate or darkness); beyond them it stops
/// reading, and the sender's kernel feels back-pressure. 64 MiB carry 640 MB/s through 100 ms.
pub const LANE_HELD_BYTES_MAX: usize = 64 << 20;

/// Bytes that a dark direction takes in at most before it stops reading: about what a receiving kernel's default window
/// (`tcp_rmem`) would have taken in. So does each side of an abandoned connection, which throws it away, and a client whose
/// service is not dialled yet.
pub const DARK_HELD_BYTES_MAX: usize = 128 << 10;

/// Bytes that all connections of one service hold back at most; a connection beyond it keeps [`LANE_HELD_BYTES_MIN`].
pub const SERVICE_HELD_BYTES_MAX: usize = 512 << 20;

/// What a direction may always hold, however full the service: enough for a request, so that nobody starves.
pub const LANE_HELD_BYTES_MIN: usize = 16 << 10;

/// Bytes of one read from a socket.
pub const READ_BYTES_MAX: usize = 256 << 10;

/// How long a dial to an upstream may take: curl gives a whole connect 300 s, Envoy 5 s; Go 30 s.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection whose client is gone is kept on a dark path, before brownout gives it up: Linux gives an
/// orphaned socket up to `tcp_orphan_retries` (8) retransmissions, about 100 s.
pub const DARK_ORPHAN_MAX: Duration = Duration::from_secs(100);

/// How long a drain waits for open connections to end by themselves.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// The same, in a test that has seen what it wanted: enough for an end that is already on its way.
pub const TESTBED_DRAIN_MAX: Duration = Duration::from_millis(250);

/// Events that a testbed keeps for its test to look at: about 300 MB.
pub const TESTBED_EVENTS_MAX: usize = 1_000_000;

/// First and longest pause of an acceptor that ran out of file descriptors.
pub const ACCEPT_BACKOFF_MIN: Duration = Duration::from_millis(10);
/// See [`ACCEPT_BACKOFF_MIN`].
pub const ACCEPT_BACKOFF_MAX: Duration = Duration::from_secs(1);

/// The kernel's accept queue of a listener (it caps this at `net.core.somaxconn`, 4096 by default).
pub const LISTEN_BACKLOG: u32 = 4_096;

/// Events that may wait for the recorder. More are counted as lost, and a run that lost events says so and fails: a
/// slow disk must never slow the data plane.
pub const EVENTS_WAITING_MAX: usize = 65_536;

/// How often the journal is flushed at least, so that a crash loses little.
pub const JOURNAL_FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Largest journal: some five million events. A run that reaches it says so and fails; the disk is not the run's alone.
pub const JOURNAL_BYTES_MAX: u64 = 1 << 30;

/// Largest line of a journal that is read back: a header with 1,000 faults has about 1 MiB.
pub const JOURNAL_LINE_BYTES_MAX: usize = 16 << 20;

/// Most windows of one fault that a journal's header lists; beyond them only their number is told.
pub const HEADER_WINDOWS_MAX: usize = 200;

/// Bytes of an answer's body that an HTTP probe reads at most.
pub const PROBE_BODY_BYTES_MAX: usize = 4 << 20;

/// Probes of one monitor that may be under way at once: a monitor whose timeout is longer than its interval overlaps.
pub const PROBES_UNDER_WAY_MAX: usize = 64;

/// How far from both ends of a window a probe must lie for its connect to be judged against what the window says: on a busy
/// machine a listener may be shut, and a probe made, so much later than they are stamped.
pub const REFUSAL_MARGIN: Duration = Duration::from_secs(1);

/// How long a wrapped command and its descendants get between SIGTERM and SIGKILL.
pub const COMMAND_GRACE: Duration = Duration::from_secs(5);

/// How often a group of rules without an `interval` is evaluated: Prometheus' own default.
pub const RULE_INTERVAL_DEFAULT: Duration = Duration::from_secs(60);

/// How many connections of a command one phase of an audit takes; more wait in the kernel's backlog. Clients that retry without
/// a pause make thousands.
pub const AUDIT_CONNECTIONS_MAX: usize = 1_000;

/// Connections that fill an accept queue of one place, at most: Linux lets one more in than it was told.
pub const AUDIT_FILLERS_MAX: usize = 16;

/// Bytes of an answer that a drip holds back: at a byte a second nobody lives to see the last of them.
pub const AUDIT_HELD_BYTES_MAX: usize = 64 << 10;

/// The longest patience of an audit: Linux gives a connection up after some 15 min (`tcp_retries2`), and tells so after more.
pub const AUDIT_PATIENCE_MAX: Duration = Duration::from_secs(3_600);

/// How often the level of a ramp changes at most: a step of it is a hundredth, or lasts this long.
pub const RAMP_STEP_MIN: Duration = Duration::from_millis(50);

/// Places of flipped bits that one fault's hit on one connection lists; beyond them only their number is told. Enough to
/// find each in a capture, little enough for a journal of thousands of connections.
pub const CORRUPT_PLACES_MAX: usize = 64;

/// How long brownout keeps the sockets of a connection that a fault has abandoned: longer than the keepalives of a peer
/// need by Linux's defaults (2 h, and 9 probes 75 s apart). It ends earlier with its peers, or with the run.
pub const ABANDONED_MAX: Duration = Duration::from_secs(3 * 3_600);

/// Shares of SYNs to drop that a listener's filter tells apart, about 40 steps each; Linux takes programs of 4,096 steps.
/// Beyond it shares are rounded.
pub const SYN_SHARES_MAX: usize = 64;

/// How often the kernel is asked how many SYNs it has dropped, while it drops any: a live view should not lag by more.
pub const SYN_COUNT_EVERY: Duration = Duration::from_secs(1);

/// Path timelines that a service remembers, one per set of faults a connection may meet. Beyond it they are made anew.
pub const PATHS_REMEMBERED_MAX: usize = 1_024;

/// How long a connection that a fault has closed still takes in (and throws away) what its peers send: closing a socket
/// with unread bytes would send an RST where a FIN was asked for.
pub const CLOSE_LINGER: Duration = Duration::from_millis(500);

/// How long a wrapped command may run on after its scenario is over, before it is ended: longer than any test suite
/// worth waiting for, shorter than a CI job's patience.
pub const COMMAND_OVERRUN_MAX: Duration = Duration::from_secs(6 * 3_600);

/// Most routers of a WAN. The largest backbones that are published have a few hundred; a thousand is a stress test.
pub const WAN_ROUTERS_MAX: usize = 4_096;

/// Most links of a WAN: eight for every router of the largest.
pub const WAN_LINKS_MAX: usize = 32_768;

/// Most links at one router: a set of next hops is one 64-bit word.
pub const WAN_PORTS_MAX: usize = 64;

/// Most blocks of prefixes that are announced together: a router holds a route for each.
pub const WAN_BLOCKS_MAX: usize = 4_096;

/// Most prefixes of a table. The internet has 1.2 million (IPv4 and IPv6, 2026).
pub const WAN_PREFIXES_MAX: u64 = 10_000_000;

/// Slowest link: twice around the earth in fibre.
pub const WAN_LINK_DELAY_MAX: Duration = Duration::from_millis(400);

/// Longest time that a platform may take for one of its steps: routers that take an hour are broken, and a script says so.
pub const WAN_STEP_MAX: Duration = Duration::from_secs(3_600);

/// Shortest time between two hellos or BFD packets: below it no router has a processor left.
pub const WAN_HELLO_MIN: Duration = Duration::from_millis(1);

/// Most pairs of sites that one look at a WAN surveys: all of a hundred sites. A pair takes about half a millisecond.
pub const WAN_PAIRS_MAX: usize = 5_000;

/// Largest topology file. The largest of the Internet Topology Zoo (754 nodes) has 320 kB.
pub const TOPOLOGY_BYTES_MAX: u64 = 4 << 20;

/// Most elements and texts of a topology file in XML: twenty for each of [`WAN_LINKS_MAX`] edges, and half as many again.
pub const TOPOLOGY_XML_NODES_MAX: u32 = 1_000_000;

/// How deep lists of a topology file in GML may stand in one another: a graph, its nodes, their pictures, and room.
pub const TOPOLOGY_DEPTH_MAX: usize = 16;

/// Most happenings of a WAN's script, repetitions counted: more were meant as a flap.
pub const WAN_HAPPENINGS_MAX: usize = 10_000;

/// Most events of one simulation of a WAN. A thousand routers that all rebuild at once take some ten million.
pub const WAN_EVENTS_MAX: u64 = 200_000_000;

/// Most changes of one service's path over a WAN that a run tells, one event each: a quarter of the recorder's queue, for a
/// fast run tells them all within moments.
pub const WAN_PATH_CHANGES_MAX: usize = 16_384;

/// Transitions that a WAN's trace holds; more are counted only.
pub const WAN_TRACE_MAX: usize = 1_000_000;

/// Distances that a simulation of a WAN remembers, in all trees together: 64 MiB. Beyond it trees are computed anew.
pub const WAN_REACHES_REMEMBERED_MAX: usize = 4 << 20;

/// Hops that a packet has: what Linux, and most hosts, put into a new packet's TTL.
pub const WAN_TTL: u32 = 64;

/// Ended connections that a live view still shows: a few screens of them; the journal has all.
pub const ENDED_SHOWN_MAX: usize = 200;

/// Log lines that a live view keeps; it shows the last of them.
pub const LOG_LINES_KEPT_MAX: usize = 200;

/// Longest text of a fault that is typed in a live view: far more than any fault takes.
pub const FAULT_TEXT_CHARS_MAX: usize = 1_000;

/// Samples that one detector remembers for its windows: three days (the longest window of the usual burn-rate rules) of 30
/// targets at one every 15 s, 4 MiB. A rule that needs more is refused.
pub const DETECTOR_SAMPLES_MAX: usize = 1 << 19;

/// Targets that one detector tells apart: a thousand times the usual fleet's dozen would be no fleet to probe by hand.
pub const DETECTOR_TARGETS_MAX: u32 = 4_096;

/// Rules within one composed rule, and rules within rules: a person has to understand why it fired.
pub const DETECTOR_RULES_MAX: usize = 32;

/// Datapoints that an M-of-N rule remembers: CloudWatch evaluates at most a week of minutes.
pub const DATAPOINTS_MAX: u32 = 10_080;

/// How long a probe's outcome may be under way to its detectors: only what is older than this is believed to be missing.
pub const PROBE_HANDOVER: Duration = Duration::from_millis(100);

/// Longest healthy past of a benchmark: the three days of the longest window of the usual burn-rate rules.
pub const BENCH_HISTORY_MAX: Duration = Duration::from_secs(3 * 86_400);

/// Most replicas of one benchmark: their scores are held until the report is made, some 60 bytes for each detector.
pub const BENCH_REPLICAS_MAX: usize = 1_000_000;

/// Most healthy days that are advised where fewer decide nothing: nearly three centuries.
pub const BENCH_DAYS_MAX: u32 = 100_000;

/// Largest Prometheus rules file. Generated sets of kube-prometheus size have about 300 KiB in all.
pub const RULE_FILE_BYTES_MAX: usize = 4 << 20;

/// Most rules in one file; a thousand is ten times the largest set that is published as one file.
pub const RULES_MAX: usize = 2_000;

/// Longest PromQL expression, in bytes: the longest published burn-rate rules have about 2 KiB.
pub const RULE_EXPRESSION_BYTES_MAX: usize = 16 << 10;

/// Deepest nesting of a PromQL expression (brackets, and operators in a row): each level takes stack, in the parser, in
/// the evaluator, and when the tree is dropped.
pub const RULE_EXPRESSION_DEPTH_MAX: usize = 100;

/// Largest compiled regular expression of a matcher, in bytes: matching takes linear time, building one must not take
/// memory without end.
pub const RULE_REGEX_BYTES_MAX: usize = 1 << 20;

/// Most series that a store of samples holds, and that one expression may give.
pub const RULE_SERIES_MAX: usize = 200_000;

/// Most samples that a store holds: 100 million are 1.6 GB.
pub const RULE_SAMPLES_MAX: usize = 100_000_000;

/// Most ticks that a group of rules is evaluated at in one stretch: a column of them fits a processor's nearest cache twice.
pub const RULE_STRETCH_TICKS_MAX: usize = 2_048;

/// Most values (series × instants) that one step of an evaluation may hold at once: 64 million are 512 MB.
pub const RULE_VALUES_MAX: usize = 64_000_000;

/// Most instants that a subquery may have in one window, as Prometheus' range queries allow 11,000 points.
pub const RULE_SUBQUERY_STEPS_MAX: i64 = 11_000;
