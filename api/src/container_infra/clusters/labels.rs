//! Labels of a cluster against its template's, of a group against its cluster's.

use store::container_infra::spec::Labels;

/// The labels in force: those of what it was made from, its own, or both, of which its own win.
pub fn merged(from: &Labels, own: Option<&Labels>, merge: bool) -> Labels {
    match own {
        None => from.clone(),
        Some(own) if merge => {
            let mut all = from.clone();
            all.extend(own.clone());
            all
        }
        Some(own) => own.clone(),
    }
}

/// How labels differ from those they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// In both, with another value: holds the value that was overridden.
    pub overridden: Labels,
    /// Its own only.
    pub added: Labels,
    /// Left out.
    pub skipped: Labels,
}

/// Compares.
pub fn difference(from: &Labels, own: &Labels) -> Difference {
    let mut found = Difference::default();
    for (name, value) in own {
        match from.get(name) {
            None => found.added.insert(name.clone(), value.clone()),
            Some(before) if before != value => {
                found.overridden.insert(name.clone(), before.clone())
            }
            Some(_) => None,
        };
    }
    let skipped = from.iter().filter(|(name, _)| !own.contains_key(*name));
    found.skipped = skipped
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    found
}

/// The labels of another template, with what was different from the old one's on top.
pub fn moved(before: &Labels, after: &Labels, own: &Labels) -> Labels {
    let mut labels = after.clone();
    let changed = own
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    labels.extend(changed.map(|(name, value)| (name.clone(), value.clone())));
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn labels_are_taken_replaced_or_merged() {
        let from = labels(&[("a", "1"), ("b", "2")]);
        let own = labels(&[("b", "3"), ("c", "4")]);
        assert_eq!(merged(&from, None, false), from);
        assert_eq!(merged(&from, None, true), from);
        assert_eq!(merged(&from, Some(&own), false), own);
        let both = labels(&[("a", "1"), ("b", "3"), ("c", "4")]);
        assert_eq!(merged(&from, Some(&own), true), both);
        let none = labels(&[]);
        assert_eq!(merged(&from, Some(&none), false), none);
    }

    #[test]
    fn a_difference_names_what_was_overridden_by_its_old_value() {
        let from = labels(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let own = labels(&[("b", "9"), ("c", "3"), ("d", "4")]);
        let found = difference(&from, &own);
        assert_eq!(found.overridden, labels(&[("b", "2")]));
        assert_eq!(found.added, labels(&[("d", "4")]));
        assert_eq!(found.skipped, labels(&[("a", "1")]));
    }

    #[test]
    fn what_a_cluster_said_itself_stays_with_another_template() {
        let before = labels(&[("a", "1"), ("b", "2")]);
        let own = labels(&[("a", "1"), ("b", "9"), ("c", "3")]);
        let after = labels(&[("a", "7"), ("b", "8"), ("d", "5")]);
        let now = labels(&[("a", "7"), ("b", "9"), ("c", "3"), ("d", "5")]);
        assert_eq!(moved(&before, &after, &own), now);
    }
}
