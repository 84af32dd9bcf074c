//! One file a kind of detector: definition, source, parameters, presets, machine, tests.

mod alert;
mod burn_rate;
mod consecutive;
mod cusum;
mod ewma;
mod latency_shift;
mod m_of_n;
mod outlier_detection;
mod page_hinkley;
mod per_target;
mod phi_accrual;
mod quorum;
mod shiryaev_roberts;
mod sprt;
mod window_ratio;

pub use alert::Alert;
pub use burn_rate::{BurnRate, BurnWindow, BurnWindows};
pub use consecutive::Consecutive;
pub use cusum::Cusum;
pub use ewma::Ewma;
pub use latency_shift::LatencyShift;
pub use m_of_n::{MOfN, MissingData};
pub use outlier_detection::OutlierDetection;
pub use page_hinkley::PageHinkley;
pub use per_target::PerTarget;
pub use phi_accrual::{PhiAccrual, PhiDistribution};
pub use quorum::{AtLeast, Quorum};
pub use shiryaev_roberts::ShiryaevRoberts;
pub use sprt::Sprt;
pub use window_ratio::WindowRatio;
