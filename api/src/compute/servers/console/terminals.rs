//! How many terminals are open: each holds two connections and memory for as long as its user likes,
//! so a project may have only so many.

use schemas::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Open terminals of this process, by project.
#[derive(Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<String, usize>>>);

impl Terminals {
    /// Counts one more, until what is given is dropped.
    ///
    /// # Errors
    /// `OverQuota`.
    pub(super) fn open(&self, project: &str, most: usize) -> Result<Turn> {
        let mut open = self.lock();
        let count = open.get(project).copied().unwrap_or(0);
        if count >= most {
            return Err(Error::OverQuota(format!(
                "Quota exceeded for terminals: {count} of {most} are open in this project; close \
                 one and ask for a new console."
            )));
        }
        open.insert(project.to_owned(), count + 1);
        Ok(Turn {
            terminals: self.clone(),
            project: project.to_owned(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open terminal.
pub(super) struct Turn {
    terminals: Terminals,
    project: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut open = self.terminals.lock();
        match open.get_mut(&self.project) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.project);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_so_many_terminals_and_another_has_its_own() {
        let all = Terminals::default();
        let first = all.open("one", 2).unwrap();
        let second = all.open("one", 2).unwrap();
        let refused = all.open("one", 2).err().unwrap();
        assert!(matches!(&refused, Error::OverQuota(why) if why.contains("close one")));
        let other = all.open("two", 2).unwrap();
        drop(first);
        let third = all.open("one", 2).unwrap();
        drop((second, third, other));
        assert!(all.lock().is_empty());
    }
}
