//! Numbers of nodes, and clusters that change or go as a whole.

use super::*;

#[test]
fn healing_can_be_switched_off_and_then_only_what_was_asked_for_is_made() {
    let dead = || w(0).engine(Engine::Broken("down".into())).unwell(9999);
    let mut at = cluster(1, vec![dead()]);
    at.spec
        .labels
        .insert("auto_healing_enabled".into(), "False".into());
    assert_eq!(acts(&at, CREATED), []);
    assert_eq!(
        planned(&at, CREATED).outlook.health_status,
        Some("UNHEALTHY")
    );
    assert_eq!(
        acts(&at, UPDATING),
        [drops(0, Phase::Replace, "down", true)]
    );
}

#[test]
fn places_are_added_where_ordinals_are_free() {
    assert_eq!(
        acts(&cluster(3, vec![]), CREATING),
        [adds(0), adds(1), adds(2)]
    );
    let leaving = w(1).phase(Phase::Remove).life(Life::Going);
    let at = cluster(3, vec![w(0), leaving, w(3)]);
    assert_eq!(acts(&at, UPDATING), [adds(2)]);
    assert_eq!(acts(&at, CREATE_FAILED), []);
    assert_eq!(acts(&at, UPDATE_FAILED), []);
    assert_eq!(acts(&cluster(0, vec![]), UPDATING), []);
}

#[test]
fn of_too_many_nodes_go_those_with_the_least_on_them() {
    let busy = |ordinal, containers| w(ordinal).engine(Engine::Works(containers));
    let one_too_many = |ordinal| drops(ordinal, Phase::Remove, "is one too many", false);
    let victims = |count, places: Vec<Place>| acts(&cluster(count, places), UPDATING);
    assert_eq!(
        victims(1, vec![busy(0, 5), busy(1, 2), busy(2, 3)]),
        [one_too_many(1), one_too_many(2)]
    );
    // Of equal ones the last.
    assert_eq!(victims(1, vec![busy(0, 1), busy(1, 1)]), [one_too_many(1)]);
    // What does not work goes before what works.
    let failed = w(0).phase(Phase::Failed).fresh(3);
    let broken = w(1).engine(Engine::Broken("x".into())).unwell(1);
    assert_eq!(
        victims(1, vec![failed, broken, busy(2, 0)]),
        [one_too_many(0), one_too_many(1)]
    );
    // Who was named to go counts no more.
    let named = busy(0, 9).phase(Phase::Remove);
    assert_eq!(
        victims(1, vec![named, busy(1, 0), busy(2, 4)]),
        [one_too_many(1), drops(0, Phase::Remove, "", false)]
    );
}

#[test]
fn nodes_of_an_older_kind_are_replaced_so_many_at_a_time() {
    let old = |ordinal| {
        let mut place = w(ordinal);
        place.row.generation = 0;
        place
    };
    let replaced = |ordinal| {
        let why = "is replaced by one of the new image or flavor";
        drops(ordinal, Phase::Replace, why, true)
    };
    let with_batch = |batch, places| {
        let mut at = cluster(3, places);
        at.groups[1].row.batch = batch;
        acts(&at, UPDATING)
    };
    assert_eq!(with_batch(1, vec![old(0), old(1), old(2)]), [replaced(0)]);
    assert_eq!(
        with_batch(2, vec![old(0), old(1), old(2)]),
        [replaced(0), replaced(1)]
    );
    let made = || w(0).fresh(1).life(Life::Making("x".into()));
    assert_eq!(with_batch(1, vec![made(), old(1), old(2)]), []);
    assert_eq!(with_batch(2, vec![made(), old(1), old(2)]), [replaced(1)]);
    // One that failed as the new kind stops it: the others go on as they are.
    let failed = || w(0).phase(Phase::Failed).fresh(3).problem("bad image");
    let at = cluster(3, vec![failed(), old(1), old(2)]);
    let plan = planned(&at, UPDATING);
    assert_eq!(plan.acts, []);
    assert_eq!(plan.outlook.status, UPDATE_FAILED);
    assert_eq!(
        plan.outlook.status_reason.as_deref(),
        Some("default-worker-0: bad image (tried 3 times)")
    );
    assert_eq!(acts(&at, UPDATE_FAILED), []);
}

#[test]
fn certificates_are_renewed_before_they_end_and_after_the_authority_changed() {
    let mut old = w(0);
    old.row.certified_until = Some((NOW + seconds(29 * 86_400)).0);
    let why = "gets a new certificate";
    assert_eq!(
        acts(&cluster(1, vec![old]), CREATED),
        [drops(0, Phase::Replace, why, true)]
    );
    let mut at = cluster(1, vec![w(0)]);
    at.authority = 2;
    let why = "gets a certificate of the new authority";
    let of_group = |group: &str| Act::Drop {
        place: format!("{group}-0"),
        then: Phase::Replace,
        why: why.into(),
        anew: true,
    };
    assert_eq!(acts(&at, UPDATING), [of_group(MASTERS), of_group(WORKERS)]);
}

#[test]
fn whatever_it_was_doing_a_deleted_cluster_only_goes() {
    let gone = |ordinal| drops(ordinal, Phase::Remove, "is deleted", false);
    let mut at = cluster(
        3,
        vec![
            w(0).fresh(1).life(Life::Making("x".into())),
            w(1).phase(Phase::Launch).bare(),
            w(2).phase(Phase::Failed).bare(),
            w(3).phase(Phase::Replace).life(Life::Going),
            w(4).phase(Phase::Remove).life(Life::Going),
            w(5).phase(Phase::Remove).bare(),
        ],
    );
    at.cluster.deleting = 1;
    at.groups[0].places.clear();
    let plan = planned(&at, DELETING);
    let mut acts = plan.acts;
    acts.sort_by_key(|act| format!("{act:?}"));
    let mut expected = vec![
        gone(0),
        gone(1),
        gone(2),
        gone(3),
        Act::Forget { place: id(5) },
    ];
    expected.sort_by_key(|act| format!("{act:?}"));
    assert_eq!(acts, expected);
    assert!(!plan.over);
    assert_eq!(plan.outlook.status, DELETING);
    // Its engines are forgotten after its servers, and its row last.
    at.groups[1].places.clear();
    let last = planned(&at, DELETING);
    assert!(!last.over && last.acts.is_empty());
    at.engines = 0;
    assert!(planned(&at, DELETING).over);
}

#[test]
fn a_deleted_group_goes_with_its_nodes_and_the_cluster_stays() {
    let mut at = cluster(0, vec![]);
    at.groups.push(group("extra", 2, vec![place("extra-0")]));
    at.groups[2].row.deleting = 1;
    let dropped = Act::Drop {
        place: "extra-0".into(),
        then: Phase::Remove,
        why: "is deleted".into(),
        anew: false,
    };
    let plan = planned(&at, UPDATING);
    assert_eq!(plan.acts, [dropped]);
    assert_eq!(plan.outlook.status, UPDATING);
    at.groups[2].places.clear();
    let forgotten = Act::ForgetGroup {
        group: "id-extra".into(),
    };
    let plan = planned(&at, UPDATING);
    assert_eq!((plan.acts, plan.over), (vec![forgotten], false));
}

#[test]
fn one_look_does_a_bounded_number_of_things_and_the_next_one_the_rest() {
    let plan = planned(&cluster(200, vec![]), CREATING);
    assert_eq!(plan.acts.len(), MOST);
    assert_eq!(plan.outlook.status, CREATING);
}
