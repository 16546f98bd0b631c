//! What every binary needs and no binary should write twice: clock, faults, logs, settings files,
//! keys that seal secrets, what may be asked on the network, shutdown, supervision.

pub mod clock;
pub mod faults;
pub mod key_files;
pub mod logs;
pub mod reach;
pub mod seal;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod supervise;
pub mod tls;

pub use clock::Clock;
pub use faults::Faults;
pub use shutdown::Shutdown;
