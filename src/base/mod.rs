//! Layer 0: the vocabulary that everything else is written in.
//!
//! Times, timelines and path states; streams of randomness and the distributions drawn from them; ratios, rates and
//! sizes; flow buckets; every hard limit. Nothing here does I/O, reads a clock or knows what a fault is.

mod delivery;
mod dist;
mod duration;
mod flow;
mod id;
pub mod limits;
mod path_state;
mod rate;
mod ratio;
mod rng;
mod samples;
pub mod seconds;
mod time;
mod timeline;

pub use delivery::{DeliveryTrace, DeliveryTraceError, PACKET_BYTES, QUEUE_TIME};
pub use dist::{Delay, DelayDraw, Law, Shape, normal_quantile, normal_share};
pub use duration::{DurationError, Span, exact_duration, format_duration, parse_duration};
pub use flow::{BUCKETS, FlowBucket};
pub use id::{Direction, Directions, FaultId};
pub use path_state::{
    CloseTerm, CorruptTerm, DelayTerm, Flip, LinkRate, LossTerm, PathState, RateScope, RateTerm, SliceTerm,
};
pub use rate::{ByteRate, ByteSize, RateError};
pub use ratio::{Ratio, RatioError};
pub use rng::{Label, Seed, Stream};
pub use samples::Samples;
pub use time::SimTime;
pub use timeline::{Cursor, Timeline, TooManyChanges};
