//! The decision, pure: `plan(controller, selector, pods) -> Plan`.

use std::collections::BTreeMap;
use store::container_infra::rcs::Controller;

/// Acts of one transaction, so that it stays short.
const MOST: usize = 32;

/// A pod of the cluster as a controller sees it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub id: String,
    /// The controller that keeps it.
    pub owner: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// It is on its way out.
    pub going: bool,
    /// It is on a node.
    pub placed: bool,
    /// Nothing more is done for it.
    pub failed: bool,
    /// It runs, and says that it is ready.
    pub works: bool,
    /// µs.
    pub created_at: i64,
}

impl Member {
    /// Its node is gone with all that was on it.
    fn lost(&self) -> bool {
        self.failed && !self.placed
    }
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Another pod.
    Make,
    /// This pod is to go.
    Drop(String),
    /// It keeps this pod from now on.
    Adopt(String),
    /// It keeps this pod no more.
    Release(String),
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub acts: Vec<Act>,
    /// There is more to do than one transaction does.
    pub more: bool,
    /// Nothing is left of it: the row goes.
    pub over: bool,
}

pub(super) fn plan(row: &Controller, selector: &BTreeMap<String, String>, pods: &[Member]) -> Plan {
    let own = |pod: &&Member| pod.owner.as_deref() == Some(&row.id);
    let matches = |pod: &&Member| {
        selector
            .iter()
            .all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    let mut acts = Vec::new();
    if row.deleting != 0 {
        let mine: Vec<&Member> = pods.iter().filter(own).collect();
        let staying = mine.iter().filter(|pod| !pod.going);
        acts.extend(staying.map(|pod| Act::Drop(pod.id.clone())));
        return cut(acts, mine.is_empty());
    }
    let mut kept: Vec<&Member> = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.going) {
        match (own(&pod), matches(&pod)) {
            (true, false) => acts.push(Act::Release(pod.id.clone())),
            (true, true) if pod.lost() => acts.push(Act::Drop(pod.id.clone())),
            (true, true) => kept.push(pod),
            (false, true) if pod.owner.is_none() && !pod.lost() => {
                acts.push(Act::Adopt(pod.id.clone()));
                kept.push(pod);
            }
            (false, _) => {}
        }
    }
    let wanted = usize::try_from(row.replicas).unwrap_or(0);
    if kept.len() < wanted {
        // A pod that is going has its name until it is gone, but nobody waits for it.
        acts.extend((kept.len()..wanted).map(|_| Act::Make));
    }
    // As Kubernetes has it: not placed before placed, not working before working, young before old.
    kept.sort_by_key(|pod| (pod.placed, !pod.failed, pod.works, -pod.created_at));
    let surplus = kept.len().saturating_sub(wanted);
    for pod in kept.iter().take(surplus) {
        // One that was to be adopted is not his to drop before he has it.
        if own(pod) {
            acts.push(Act::Drop(pod.id.clone()));
        }
    }
    cut(acts, false)
}

fn cut(mut acts: Vec<Act>, over: bool) -> Plan {
    let more = acts.len() > MOST || acts.iter().any(|act| matches!(act, Act::Adopt(_)));
    acts.truncate(MOST);
    Plan { acts, more, over }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(replicas: i64) -> Controller {
        Controller {
            id: "rc".into(),
            project_id: "p".into(),
            user_id: "u".into(),
            cluster_id: "c".into(),
            name: "web".into(),
            replicas,
            made: 0,
            deleting: 0,
            revision: 1,
            request_id: String::new(),
            created_at: 0,
            updated_at: None,
            spec: String::new(),
        }
    }

    fn pod(id: &str) -> Member {
        Member {
            id: id.into(),
            owner: Some("rc".into()),
            labels: BTreeMap::from([("app".into(), "web".into())]),
            going: false,
            placed: true,
            failed: false,
            works: true,
            created_at: 0,
        }
    }

    fn planned(row: &Controller, pods: &[Member]) -> Plan {
        let selector = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        plan(row, &selector, pods)
    }

    fn drops(plan: &Plan) -> Vec<&str> {
        plan.acts
            .iter()
            .filter_map(|act| match act {
                Act::Drop(id) => Some(id.as_str()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn what_lacks_is_made_and_no_more() {
        let plan = planned(&controller(3), &[pod("a")]);
        assert_eq!(plan.acts, [Act::Make, Act::Make]);
        assert_eq!(planned(&controller(1), &[pod("a")]), Plan::default());
    }

    #[test]
    fn many_are_made_a_few_at_a_time() {
        let plan = planned(&controller(100), &[]);
        assert_eq!((plan.acts.len(), plan.more), (MOST, true));
    }

    #[test]
    fn those_furthest_from_working_go_first() {
        let waiting = Member {
            placed: false,
            works: false,
            ..pod("waiting")
        };
        let broken = Member {
            works: false,
            ..pod("broken")
        };
        let young = Member {
            created_at: 5,
            ..pod("young")
        };
        let all = [pod("old"), young, broken, waiting];
        assert_eq!(drops(&planned(&controller(3), &all)), ["waiting"]);
        assert_eq!(drops(&planned(&controller(2), &all)), ["waiting", "broken"]);
        let three = drops(&planned(&controller(1), &all)).len();
        assert_eq!(three, 3);
        assert!(!drops(&planned(&controller(1), &all)).contains(&"old"));
    }

    #[test]
    fn what_went_with_its_node_is_replaced_and_what_is_going_counts_no_more() {
        let lost = Member {
            failed: true,
            placed: false,
            works: false,
            ..pod("lost")
        };
        let plan = planned(&controller(1), &[lost]);
        assert_eq!(plan.acts, [Act::Drop("lost".into()), Act::Make]);
        let going = Member {
            going: true,
            ..pod("going")
        };
        assert_eq!(planned(&controller(1), &[going]).acts, [Act::Make]);
    }

    #[test]
    fn a_pod_that_failed_on_its_node_stays_so_that_its_reason_can_be_read() {
        let failed = Member {
            failed: true,
            works: false,
            ..pod("failed")
        };
        assert_eq!(planned(&controller(1), &[failed]), Plan::default());
    }

    #[test]
    fn pods_come_and_go_with_their_labels() {
        let free = Member {
            owner: None,
            ..pod("free")
        };
        let anothers = Member {
            owner: Some("other".into()),
            ..pod("anothers")
        };
        let plan = planned(&controller(1), &[free, anothers]);
        assert_eq!(plan.acts, [Act::Adopt("free".into())]);
        let strayed = Member {
            labels: BTreeMap::new(),
            ..pod("strayed")
        };
        let plan = planned(&controller(1), &[strayed]);
        assert_eq!(plan.acts, [Act::Release("strayed".into()), Act::Make]);
    }

    #[test]
    fn a_deleted_one_goes_with_the_last_of_its_pods() {
        let mut row = controller(2);
        row.deleting = 1;
        let free = Member {
            owner: None,
            ..pod("free")
        };
        let plan = planned(&row, &[pod("a"), free.clone()]);
        assert_eq!((plan.acts, plan.over), (vec![Act::Drop("a".into())], false));
        let going = Member {
            going: true,
            ..pod("a")
        };
        assert!(!planned(&row, &[going]).over);
        assert!(planned(&row, &[free]).over);
    }
}
