//! One file a kind of detector: definition, source, parameters, machine, tests.

mod consecutive;
mod window_ratio;

pub use consecutive::Consecutive;
pub use window_ratio::WindowRatio;
