//! What every binary needs and no binary should write twice: clock, faults, settings, tracing,
//! metrics, shutdown.

pub mod clock;
pub mod faults;

pub use clock::Clock;
pub use faults::Faults;
