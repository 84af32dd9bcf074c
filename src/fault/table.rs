//! The kind table: one line a kind. From it come the enum, the key of a scenario file, its schema, the list of kinds for
//! documentation, and the test that every kind has its example.

use super::kind::{Bandwidth, Blackhole, Close, Latency, Loss, Reset};
use super::spec::{Kind, Layer};

/// Calls `$callback!` with the table: `key: Type, layer, "one line of documentation";` for every kind.
macro_rules! fault_kinds {
    ($callback:ident) => {
        $callback! {
            latency: Latency, Path, "Bytes arrive later, with jitter.";
            bandwidth: Bandwidth, Path, "Bytes leave no faster than a rate, per connection or shared by the service.";
            loss: Loss, Path, "A share of segments is lost, and TCP sends them again: their bytes come later.";
            blackhole: Blackhole, Path, "Nothing is delivered, for a share of flows.";
            reset: Reset, Connection, "The connection is broken with an RST, after a time or a number of bytes.";
            close: Close, Connection, "The connection is closed with a FIN, after a time or a number of bytes.";
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
}

macro_rules! define_kinds {
    ($($key:ident: $type:ident, $layer:ident, $about:literal;)*) => {
        /// What a fault does: one variant a kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum FaultKind {
            $(#[doc = $about] $type($type),)*
        }

        /// All kinds, in the order in which they are documented.
        pub const KINDS: &[KindInfo] = &[
            $(KindInfo { name: stringify!($key), layer: Layer::$layer, about: $about },)*
        ];

        impl FaultKind {
            /// What is known of this kind.
            pub fn info(&self) -> KindInfo {
                match self {
                    $(Self::$type(_) => KindInfo { name: stringify!($key), layer: Layer::$layer, about: $about },)*
                }
            }

            /// What it does.
            pub fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$type(kind) => kind,)*
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
