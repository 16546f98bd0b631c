//! Which objects this conductor is looking at, so that a burst of reasons is one look and one
//! object never has two looks at once in one process.

use schemas::Hint;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Objects under a look; the flag says that new reasons came meanwhile.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<Hint, bool>>);

impl InFlight {
    /// Begins a look; false when one is under way (it will be repeated).
    pub fn begin(&self, key: &Hint) -> bool {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match map.get_mut(key) {
            Some(again) => {
                *again = true;
                false
            }
            None => {
                map.insert(key.clone(), false);
                true
            }
        }
    }

    /// Ends a look; true when it has to be repeated, and then it is still under way.
    pub fn end(&self, key: &Hint) -> bool {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match map.get_mut(key) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                map.remove(key);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Kind;

    #[test]
    fn reasons_that_come_during_a_look_cause_exactly_one_more() {
        let looks = InFlight::default();
        let key = Hint {
            kind: Kind::Server,
            id: "a".into(),
        };
        assert!(looks.begin(&key));
        assert!(!looks.begin(&key) && !looks.begin(&key));
        assert!(looks.end(&key));
        assert!(!looks.end(&key));
        assert!(looks.begin(&key));
    }
}
