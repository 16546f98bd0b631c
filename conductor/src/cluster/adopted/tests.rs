//! What is decided about an adopted cluster, by what was seen of it.

use super::*;
use schemas::container_infra::adopted::Node;
use store::container_infra::spec;

const PERIOD: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);
const NOW: Timestamp = Timestamp(1_000_000_000_000);

fn seconds(n: i64) -> Timestamp {
    Timestamp(NOW.0 + n * 1_000_000)
}

fn cluster(status: &str, deadline: Option<Timestamp>) -> Cluster {
    let spec = spec::Cluster {
        create_timeout: 5,
        ..spec::Cluster::default()
    };
    Cluster {
        id: "c".into(),
        project_id: "p".into(),
        user_id: "u".into(),
        name: "theirs".into(),
        template_id: "t".into(),
        coe: "kubernetes".into(),
        status: status.into(),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 1,
        revision: 1,
        deadline: deadline.map(|at| at.0),
        deleting: 0,
        request_id: String::new(),
        created_at: 0,
        updated_at: None,
        spec: serde_json::to_string(&spec).unwrap(),
    }
}

fn answers(ready: &[&str]) -> Sight {
    let nodes = ready.iter().enumerate().map(|(n, ready)| Node {
        name: format!("node-{n}"),
        ready: (*ready).to_owned(),
        ..Node::default()
    });
    Sight::Answers(Seen {
        version: "v1.33.1".into(),
        nodes: nodes.collect(),
        hidden: None,
    })
}

fn silent() -> Sight {
    Sight::Silent("It does not answer: connection refused.".into())
}

/// A row whose last look came to this, just now.
fn seen(sight: Option<&Sight>) -> Adopted {
    let mut row = Adopted::new("c", "https://k.example/", None, String::new());
    if let Some(sight) = sight {
        let number = row.ask(NOW);
        assert!(row.hear(number, sight, NOW).unwrap());
    }
    row
}

fn planned(status: &str, deadline: Option<Timestamp>, row: &Adopted, now: Timestamp) -> Plan {
    let cluster = cluster(status, deadline);
    plan(
        &cluster,
        cluster.state().unwrap(),
        row,
        now,
        (PERIOD, PATIENCE),
    )
    .unwrap()
}

#[test]
fn it_is_complete_when_it_answers_and_failed_when_its_time_is_over() {
    let deadline = Some(seconds(100));
    for (sight, now, status, word, next) in [
        (None, 0, "CREATE_IN_PROGRESS", "first time", Next::Probe),
        (None, 100, "CREATE_FAILED", "nothing was heard", Next::Rest),
        (
            Some(silent()),
            0,
            "CREATE_IN_PROGRESS",
            "connection refused",
            Next::Wait(seconds(10)),
        ),
        (
            Some(silent()),
            95,
            "CREATE_IN_PROGRESS",
            "connection refused",
            Next::Probe,
        ),
        (
            Some(silent()),
            100,
            "CREATE_FAILED",
            "in 5 minutes: It does not answer: connection refused",
            Next::Rest,
        ),
        (
            Some(answers(&["True"])),
            100,
            "CREATE_COMPLETE",
            "",
            Next::Probe,
        ),
        (
            Some(answers(&[])),
            0,
            "CREATE_COMPLETE",
            "",
            Next::Wait(seconds(60)),
        ),
    ] {
        let plan = planned(
            "CREATE_IN_PROGRESS",
            deadline,
            &seen(sight.as_ref()),
            seconds(now),
        );
        assert_eq!(plan.status.as_str(), status, "{sight:?}");
        let reason = plan.reason.unwrap_or_default();
        assert!(reason.contains(word), "{sight:?}: {reason}");
        assert_eq!(plan.next, next, "{sight:?} at {now}");
    }
}

#[test]
fn other_credentials_are_tried_as_long_as_the_first_and_it_is_looked_at_afterwards() {
    let deadline = Some(seconds(100));
    for (sight, now, status, word, next) in [
        (
            None,
            0,
            "UPDATE_IN_PROGRESS",
            "new credentials",
            Next::Probe,
        ),
        (
            Some(silent()),
            0,
            "UPDATE_IN_PROGRESS",
            "connection refused",
            Next::Wait(seconds(10)),
        ),
        (
            Some(silent()),
            100,
            "UPDATE_FAILED",
            "in 5 minutes: It does not answer: connection refused",
            Next::Probe,
        ),
        (
            Some(answers(&[])),
            0,
            "UPDATE_COMPLETE",
            "",
            Next::Wait(seconds(60)),
        ),
    ] {
        let row = seen(sight.as_ref());
        let plan = planned("UPDATE_IN_PROGRESS", deadline, &row, seconds(now));
        assert_eq!(plan.status.as_str(), status, "{sight:?}");
        let reason = plan.reason.unwrap_or_default();
        assert!(reason.contains(word), "{sight:?}: {reason}");
        assert_eq!(plan.next, next, "{sight:?} at {now}");
    }
    let failed = planned("UPDATE_FAILED", None, &seen(Some(&answers(&[]))), NOW);
    assert_eq!(failed.status.as_str(), "UPDATE_FAILED");
    assert_eq!(failed.health.unwrap().0, "HEALTHY");
}

#[test]
fn its_health_is_what_is_seen_of_it() {
    for (sight, health, reasons) in [
        (
            answers(&["True"]),
            "HEALTHY",
            r#"{"api":"ok","node-0.Ready":"True"}"#,
        ),
        (answers(&[]), "HEALTHY", r#"{"api":"ok"}"#),
        (
            answers(&["True", "Unknown"]),
            "UNHEALTHY",
            r#"{"api":"ok","node-0.Ready":"True","node-1.Ready":"Unknown"}"#,
        ),
        (
            silent(),
            "UNHEALTHY",
            r#"{"api":"It does not answer: connection refused."}"#,
        ),
    ] {
        let plan = planned("CREATE_COMPLETE", None, &seen(Some(&sight)), NOW);
        assert_eq!(plan.status.as_str(), "CREATE_COMPLETE");
        let (status, told) = plan.health.unwrap();
        assert_eq!(status, health);
        assert_eq!(serde_json::to_string(&told).unwrap(), reasons);
    }
    let plan = planned("CREATE_IN_PROGRESS", None, &seen(Some(&silent())), NOW);
    assert_eq!(plan.health, None, "it was never there");
}

#[test]
fn a_probe_that_is_lost_is_made_again_and_one_that_comes_late_is_not_kept() {
    let mut row = seen(Some(&silent()));
    let first = row.ask(seconds(10));
    let waits = planned("CREATE_COMPLETE", None, &row, seconds(30));
    assert_eq!(waits.next, Next::Wait(seconds(40)));
    let lost = planned("CREATE_COMPLETE", None, &row, seconds(40));
    assert_eq!(lost.next, Next::Probe);
    let second = row.ask(seconds(40));
    assert!(!row.hear(first, &answers(&[]), seconds(41)).unwrap());
    assert!(row.hear(second, &silent(), seconds(42)).unwrap());
    assert!(!row.hear(second, &answers(&[]), seconds(43)).unwrap());
    assert_eq!(row.sight().unwrap(), Some(silent()));
}
