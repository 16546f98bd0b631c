//! How slow a sender may be, so that nobody holds for long what others wait for.

use schemas::Error;
use std::time::Duration;

/// The bounds of all senders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// So long a sender may be behind.
    pub patience: Duration,
    /// Behind what: bytes per second; 0 = any byte makes up for all.
    pub rate: u64,
}

/// One sender. Time in which he was waited for uses his credit up, bytes that came restore it; time in
/// which he had to wait does not count.
#[derive(Debug)]
pub(super) struct Credit {
    pace: Pace,
    left: Duration,
}

impl Credit {
    /// A sender who has sent nothing yet.
    pub fn new(pace: Pace) -> Credit {
        Credit {
            pace,
            left: pace.patience,
        }
    }

    /// He may be waited for so long.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// So many bytes came after he was waited for.
    pub fn came(&mut self, waited: Duration, bytes: usize) {
        let worth = match self.pace.rate {
            0 => self.pace.patience,
            rate => Duration::from_secs_f64(bytes as f64 / rate as f64),
        };
        let left = self.left.saturating_sub(waited).saturating_add(worth);
        self.left = left.min(self.pace.patience);
    }

    /// Why he is not waited for any longer, in words for him.
    pub fn used_up(&self) -> Error {
        let patience = self.pace.patience.as_secs();
        Error::BadRequest(match self.left < self.pace.patience {
            true => format!(
                "The data came slower than {} bytes per second and is {patience} seconds behind; send \
                 it again over a faster connection.",
                self.pace.rate
            ),
            false => format!("No data came for {patience} seconds; send it again."),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn sender(rate: u64) -> Credit {
        Credit::new(Pace {
            patience: seconds(60),
            rate,
        })
    }

    #[test]
    fn a_sender_at_the_least_rate_is_never_behind_and_one_below_it_is_in_the_end() {
        let mut steady = sender(100);
        let mut slow = sender(100);
        for _ in 0..10_000 {
            steady.came(seconds(10), 1000);
        }
        assert_eq!(steady.left(), seconds(60));
        let mut pieces = 0;
        while slow.left() >= seconds(10) {
            slow.came(seconds(10), 900);
            pieces += 1;
        }
        // A second is lost with each.
        assert_eq!(pieces, 51);
        let why = slow.used_up().to_string();
        assert!(why.contains("slower than 100 bytes"), "{why}");
    }

    #[test]
    fn silence_uses_up_what_no_haste_before_it_can_raise() {
        let mut hasty = sender(100);
        hasty.came(seconds(0), 1 << 30);
        assert_eq!(hasty.left(), seconds(60));
        let why = hasty.used_up().to_string();
        assert!(why.starts_with("No data came for 60 seconds"), "{why}");
        hasty.came(seconds(50), 1000);
        assert_eq!(hasty.left(), seconds(20));
    }

    #[test]
    fn without_a_rate_only_silence_counts() {
        let mut trickle = sender(0);
        for _ in 0..1000 {
            trickle.came(seconds(59), 1);
        }
        assert_eq!(trickle.left(), seconds(60));
    }
}
