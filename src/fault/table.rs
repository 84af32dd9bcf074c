//! The kind table: one entry a kind. From it come the enum, the key of a scenario file, its schema, the list of kinds for
//! documentation, and the test that every kind has its example.

use super::kind::{
    Bandwidth, Blackhole, Close, ConnectionLimit, Corrupt, HalfOpen, Latency, LatencySpikes, Loss, Refuse,
    Reset, Slicer, SlowClose,
};
use super::routing::Routing;
use super::spec::{Backend, Kind, Layer};

/// Calls `$callback!` with the table: for every kind its key, its type, its layer, its backend and its words.
macro_rules! fault_kinds {
    ($callback:ident) => {
        $callback! {
            latency: Latency, Path, UserSpace {
                about: "Bytes arrive later, with jitter.",
                client_sees: "Every answer comes later; nothing fails while its timeouts are longer than the delay.",
                example: "80ms~20ms",
            }
            latency_spikes: LatencySpikes, Path, UserSpace {
                about: "Now and then all flows are late together, for a while.",
                client_sees: "All answers come later for some time, then none does.",
                example: "{ gap: 30s, height: 300ms~100ms, length: 5s }",
            }
            bandwidth: Bandwidth, Path, UserSpace {
                about: "Bytes leave no faster than a rate, per connection or shared by the service.",
                client_sees: "Large answers take long, small ones do not.",
                example: "{ rate: 1MB/s, shared: service }",
            }
            loss: Loss, Path, Kernel {
                about: "A share of segments is lost, and TCP sends them again: their bytes come later.",
                client_sees: "Some answers stall for 200 ms and more; no byte is missing.",
                example: "1%",
            }
            blackhole: Blackhole, Path, Kernel {
                about: "Nothing is delivered, for a share of flows.",
                client_sees: "The connect succeeds, then silence until its own timeout; another connection may get through.",
                example: "20%",
            }
            refuse: Refuse, Connection, Kernel {
                about: "Nobody gets in: connects are refused, as by a service that is down.",
                client_sees: "ECONNREFUSED (ECONNRESET with a `probability` or `peers`, and where there is no Linux).",
                example: "{}",
            }
            reset: Reset, Connection, UserSpace {
                about: "The connection is broken with an RST, after a time or a number of bytes.",
                client_sees: "ECONNRESET (curl's exit code 56).",
                example: "{ after_bytes: 64KiB }",
            }
            close: Close, Connection, UserSpace {
                about: "The connection is closed with a FIN, after a time or a number of bytes.",
                client_sees: "An end of file that comes too early (curl's exit code 52 before an answer, 18 within one).",
                example: "{ after: 30s }",
            }
            half_open: HalfOpen, Connection, UserSpace {
                about: "The connection is abandoned in silence, after a time or a number of bytes, and nobody is told.",
                client_sees: "Silence until its own timeout (with `answer: reset` ECONNRESET once it sends).",
                example: "{ after: 30s, answer: silence }",
            }
            slow_close: SlowClose, Connection, UserSpace {
                about: "An orderly end of one side reaches the other later.",
                client_sees: "All bytes on time, the end of file late.",
                example: "500ms",
            }
            connection_limit: ConnectionLimit, Connection, UserSpace {
                about: "At most so many connections at once are served; more wait, or are sent away.",
                client_sees: "The connect succeeds, then silence until another ends (or ECONNRESET, or an early end of file).",
                example: "{ max: 10, beyond: wait }",
            }
            slicer: Slicer, Stream, UserSpace {
                about: "Bytes leave in small pieces, with a pause between them.",
                client_sees: "An answer that drips: many short reads; no byte is missing.",
                example: "{ size: 64B, variation: 16B, delay: 10ms }",
            }
            corrupt: Corrupt, Stream, UserSpace {
                about: "A share of segments has one bit flipped: the one kind that changes bytes.",
                client_sees: "Wrong bytes, as many as sent: whatever its checksums and parsers make of them.",
                example: "0.1%",
            }
        }
    };
}
pub(crate) use fault_kinds;

/// What is known of a kind without having one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// Its key in a scenario file.
    pub name: &'static str,
    /// The layer that it acts on.
    pub layer: Layer,
    /// What it does, in one line.
    pub about: &'static str,
    /// What the client of a service sees of it, in one line.
    pub client_sees: &'static str,
    /// What makes it, at its best; [`super::Fault::backend`] says it of a fault.
    pub backend: Backend,
    /// A value as a scenario would write it, in YAML's flow style.
    pub example: &'static str,
}

/// The one kind that no scenario declares: it has no key, and routers make it.
pub const WAN: KindInfo = KindInfo {
    name: "wan",
    layer: Layer::Path,
    about: "What the routers of a WAN make of the path.",
    client_sees: "The delay of the path; while routers learn of a change some flows meet silence, or a detour.",
    backend: Backend::Kernel,
    example: "",
};

macro_rules! define_kinds {
    ($($key:ident: $type:ident, $layer:ident, $backend:ident {
        about: $about:literal,
        client_sees: $client_sees:literal,
        example: $example:literal,
    })*) => {
        /// What a fault does: one variant a kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum FaultKind {
            $(#[doc = $about] $type($type),)*
            /// What the routers of a WAN make of the paths.
            Wan(Routing),
        }

        /// All kinds, in the order in which they are documented.
        pub const KINDS: &[KindInfo] = &[$(KindInfo {
            name: stringify!($key),
            layer: Layer::$layer,
            about: $about,
            client_sees: $client_sees,
            backend: Backend::$backend,
            example: $example,
        },)*];

        impl FaultKind {
            /// What is known of this kind.
            pub fn info(&self) -> KindInfo {
                // The table is in the order of the variants.
                enum Place { $($type,)* }
                KINDS[match self { $(Self::$type(_) => Place::$type,)* Self::Wan(_) => return WAN } as usize]
            }

            /// What it does, to give it the text of its file.
            pub fn kind_mut(&mut self) -> &mut dyn Kind {
                match self {
                    $(Self::$type(kind) => kind,)*
                    Self::Wan(kind) => kind,
                }
            }

            /// What it does.
            pub fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$type(kind) => kind,)*
                    Self::Wan(kind) => kind,
                }
            }
        }

        $(impl From<$type> for FaultKind {
            fn from(kind: $type) -> Self {
                Self::$type(kind)
            }
        })*
    };
}
fault_kinds!(define_kinds);
