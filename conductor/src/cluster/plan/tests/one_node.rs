//! What becomes of one node.

use super::*;

#[test]
fn what_becomes_of_one_node() {
    let place = || id(0);
    let why = |text: &str| text.to_owned();
    let failed = || Life::Failed("no host".into());
    let broken = || Engine::Broken("engine is down".into());
    let table: Vec<(&str, Status, Place, Vec<Act>)> = vec![
        ("works", CREATED, w(0), vec![]),
        (
            "to be made",
            CREATING,
            w(0).phase(Phase::Launch).bare().fresh(1),
            vec![Act::Launch { place: place() }],
        ),
        (
            "is made",
            CREATING,
            w(0).fresh(1).life(Life::Making("fetching image".into())),
            vec![],
        ),
        (
            "works for the first time",
            CREATING,
            w(0).fresh(2).problem("before"),
            vec![Act::Ready { place: place() }],
        ),
        (
            "its engine starts",
            CREATING,
            w(0).fresh(1).engine(Engine::Unheard),
            vec![Act::Unwell {
                place: place(),
                why: why("its engine starts"),
            }],
        ),
        (
            "its engine starts for some time",
            CREATING,
            w(0).fresh(1).engine(Engine::Unheard).unwell(119),
            vec![],
        ),
        (
            "its engine does not come",
            CREATING,
            w(0).fresh(1).engine(broken()).unwell(120),
            vec![drops(
                0,
                Phase::Replace,
                "its engine did not answer in 120 s: engine is down",
                false,
            )],
        ),
        (
            "its server failed",
            CREATING,
            w(0).fresh(2).life(failed()),
            vec![drops(0, Phase::Replace, "no host", false)],
        ),
        (
            "its servers failed as often as they may",
            CREATING,
            w(0).fresh(3).life(failed()),
            vec![Act::GiveUp {
                place: place(),
                why: why("no host"),
            }],
        ),
        (
            "its server ended before it was a node",
            CREATING,
            w(0).fresh(1)
                .life(Life::Down("its server is stopped".into())),
            vec![drops(
                0,
                Phase::Replace,
                "its server is stopped before its engine had answered",
                false,
            )],
        ),
        (
            "a cluster that failed to be made is left as it is",
            CREATE_FAILED,
            w(0).fresh(1).life(failed()),
            vec![],
        ),
        (
            "its engine went away",
            CREATED,
            w(0).engine(broken()),
            vec![Act::Unwell {
                place: place(),
                why: why("engine is down"),
            }],
        ),
        (
            "its engine is away, within the grace time",
            CREATED,
            w(0).engine(broken()).unwell(119),
            vec![],
        ),
        (
            "its engine stays away",
            CREATED,
            w(0).engine(broken()).unwell(120),
            vec![drops(0, Phase::Replace, "engine is down", true)],
        ),
        (
            "its engine came back",
            CREATED,
            w(0).unwell(60),
            vec![Act::Ready { place: place() }],
        ),
        (
            "somebody stopped it",
            CREATED,
            w(0).life(Life::Down("its server is stopped".into()))
                .unwell(500),
            vec![drops(0, Phase::Replace, "its server is stopped", true)],
        ),
        (
            "somebody deletes it",
            CREATED,
            w(0).life(Life::Going),
            vec![],
        ),
        (
            "somebody deleted it",
            CREATED,
            w(0).bare(),
            vec![drops(0, Phase::Replace, "its server was deleted", false)],
        ),
        (
            "its machine is silent: whether it works is not known",
            CREATED,
            w(0).machine_lost(false),
            vec![],
        ),
        (
            "its machine fell silent while it did not work: that time does not count",
            CREATED,
            w(0).machine_lost(false).unwell(100_000),
            vec![Act::Unknown { place: place() }],
        ),
        (
            "its machine was declared dead",
            CREATED,
            w(0).machine_lost(true),
            vec![drops(
                0,
                Phase::Replace,
                "its machine was declared dead",
                true,
            )],
        ),
        (
            "replaced, its server is there yet",
            UPDATING,
            w(0).phase(Phase::Replace).life(Life::Going),
            vec![],
        ),
        (
            "replaced, and its server was not told",
            UPDATING,
            w(0).phase(Phase::Replace),
            vec![drops(0, Phase::Replace, "", false)],
        ),
        (
            "replaced, its server is gone",
            UPDATING,
            w(0).phase(Phase::Replace).bare(),
            vec![Act::Renew { place: place() }],
        ),
        (
            "given up a while ago",
            CREATED,
            w(0).phase(Phase::Failed).fresh(3).unwell(599),
            vec![],
        ),
        (
            "given up long ago",
            CREATED,
            w(0).phase(Phase::Failed).fresh(3).unwell(600),
            vec![drops(0, Phase::Replace, "is tried again", true)],
        ),
        (
            "given up in an update that failed",
            UPDATE_FAILED,
            w(0).phase(Phase::Failed).fresh(3).unwell(9999),
            vec![],
        ),
    ];
    for (case, status, place, expected) in table {
        assert_eq!(acts(&cluster(1, vec![place]), status), expected, "{case}");
    }
}
