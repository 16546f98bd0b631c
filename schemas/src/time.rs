//! Points in time: microseconds since 1970-01-01 UTC, as the database stores them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A point in time, µs since the epoch, UTC. On AMQP and in JSON columns it travels as the number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The far future: "not due".
    pub const NEVER: Timestamp = Timestamp(i64::MAX);

    /// `2026-11-20T13:34:40Z`, as compute, image and orchestration write times
    /// (contract `client-requirements.md` §5).
    pub fn seconds(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// `2026-11-20T13:34:40.000000Z`, as identity writes times.
    pub fn micros(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// `2026-11-20T13:34:40.000000` without zone, as Nova writes `launched_at` and action times.
    pub fn naive(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }

    /// `2026-11-20T13:34:40+00:00`, as container-infra writes times (contract `magnum-v1.md` §2.3).
    pub fn offset(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// Parses any ISO 8601 form the clients send; a time without zone is UTC.
    pub fn parse(text: &str) -> Option<Timestamp> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Some(Timestamp(time.timestamp_micros()));
        }
        for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
            if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, format) {
                return Some(Timestamp(time.and_utc().timestamp_micros()));
            }
        }
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Timestamp(
            day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros(),
        ))
    }

    /// Time from `earlier` to this; zero when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, length: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add(i64::try_from(length.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, length: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_sub(i64::try_from(length.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_is_read_back() {
        let time = Timestamp(1_795_181_680_123_456);
        assert_eq!(Timestamp::parse(&time.micros()), Some(time));
        assert_eq!(Timestamp::parse(&time.naive()), Some(time));
        let second = Timestamp(1_795_181_680_000_000);
        assert_eq!(Timestamp::parse(&time.seconds()), Some(second));
        assert_eq!(Timestamp::parse(&time.offset()), Some(second));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
