//! What every binary needs and no binary should write twice: clock, faults, logs, settings files,
//! shutdown, supervision.

pub mod clock;
pub mod faults;
pub mod logs;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod supervise;
pub mod tls;

pub use clock::Clock;
pub use faults::Faults;
pub use shutdown::Shutdown;
