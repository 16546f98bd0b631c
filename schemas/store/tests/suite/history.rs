//! What is written down about the past is bounded, whoever makes history.

use super::database::Database;
use crate::on_both;
use schemas::{Kind, Timestamp};
use store::compute::lives;
use store::compute::spec::Flavor;
use store::image::tasks::{self, Task};
use store::{Scope, Tx, events, history, work};

on_both! {
    of_one_object_the_newest_events_are_kept
    of_one_project_the_newest_ended_tasks_are_kept
    what_is_gone_is_forgotten_in_time_and_what_lives_is_not
    of_one_project_the_newest_ends_are_remembered
    what_came_again_under_its_old_id_keeps_its_events
}

fn reboot(tx: &mut Tx<'_>, server: &str, request: &str) -> store::Result<()> {
    tx.event(events::New {
        kind: Kind::Server,
        object_id: server,
        project_id: "red",
        user_id: "u",
        request_id: request,
        action: "reboot",
        phase: "request",
        result: "Success",
        message: "",
    })
}

async fn of_one_object_the_newest_events_are_kept(db: Database) {
    let made = db.store.write(|tx| {
        reboot(tx, "calm", "first")?;
        for n in 0..events::KEPT + 20 {
            reboot(tx, "busy", &n.to_string())?;
        }
        Ok(())
    });
    made.await.unwrap();
    let kept = |server: &'static str| {
        db.store
            .read(move |conn| events::of(conn, Kind::Server, server))
    };
    let busy = kept("busy").await.unwrap();
    assert_eq!(busy.len() as i64, events::KEPT);
    assert_eq!(busy[0].request_id, "20");
    assert_eq!(kept("calm").await.unwrap().len(), 1);
}

fn import(tx: &mut Tx<'_>, project: &str, id: String) -> store::Result<()> {
    let now = tx.now().0;
    let task = Task {
        id,
        project_id: project.into(),
        user_id: "u".into(),
        image_id: "a".into(),
        kind: "api_image_import".into(),
        status: "pending".into(),
        input: "{}".into(),
        message: String::new(),
        request_id: String::new(),
        created_at: now,
        updated_at: now,
    };
    tasks::insert(tx, &task)
}

async fn of_one_project_the_newest_ended_tasks_are_kept(db: Database) {
    let made = db.store.write(|tx| {
        import(tx, "red", "00-under-way".into())?;
        import(tx, "blue", "00-another".into())?;
        tasks::update(tx, "00-another", "success", "")?;
        for n in 0..tasks::KEPT + 5 {
            let id = format!("t{n:05}");
            import(tx, "red", id.clone())?;
            tasks::update(tx, &id, "failure", "no such address")?;
        }
        import(tx, "red", "last".into())
    });
    made.await.unwrap();
    let kept = |project: &'static str| {
        let scope = Scope::Project(project.into());
        db.store.read(move |conn| tasks::list(conn, &scope, None))
    };
    let red = kept("red").await.unwrap();
    let ended = red.iter().filter(|task| task.status == "failure");
    assert_eq!(ended.count() as i64, tasks::KEPT);
    let known = |id: &str| red.iter().any(|task| task.id == id);
    assert!(known("00-under-way") && known("last") && !known("t00000"));
    assert_eq!(kept("blue").await.unwrap().len(), 1);
}

const EVER: Timestamp = Timestamp(i64::MAX);
const NEVER: Timestamp = Timestamp(0);

fn happens(
    tx: &mut Tx<'_>,
    kind: Kind,
    project_id: &str,
    object_id: &str,
    what: (&str, &str),
) -> store::Result<()> {
    tx.event(events::New {
        kind,
        object_id,
        project_id,
        user_id: "u",
        request_id: "r",
        action: what.0,
        phase: "request",
        result: what.1,
        message: "",
    })
}

const ASKED: (&str, &str) = ("delete", "");
const GONE: (&str, &str) = ("delete", "Success");

/// A server that begins, and goes when it shall.
fn server(tx: &mut Tx<'_>, project: &str, id: &str, goes: bool) -> store::Result<()> {
    let flavor = Flavor {
        name: "f".into(),
        ..Flavor::default()
    };
    lives::begin(tx, id, project, id, &flavor)?;
    happens(tx, Kind::Server, project, id, ("create", "Success"))?;
    happens(tx, Kind::Server, project, id, ASKED)?;
    if goes {
        happens(tx, Kind::Server, project, id, GONE)?;
        lives::end(tx, id)?;
    }
    Ok(())
}

/// What is remembered: of each of these servers the events, and the project's lines of usage.
async fn remembered(db: &Database, servers: &'static [&str]) -> (Vec<usize>, usize) {
    let read = db.store.read(|conn| {
        let of = |server: &&str| Ok(events::of(conn, Kind::Server, server)?.len());
        let counts: store::Result<Vec<usize>> = servers.iter().map(of).collect();
        Ok((
            counts?,
            lives::within(conn, Some("red"), 0, i64::MAX)?.len(),
        ))
    });
    read.await.unwrap()
}

/// Forgets what is overdue; answers the ids, oldest first.
async fn forget(db: &Database, before: Timestamp, most: i64, limit: i64) -> Vec<String> {
    let forgetting = db.store.write(move |tx| {
        let ends = history::overdue(tx, "red", before, most, limit)?;
        for end in &ends {
            history::forget(tx, end)?;
        }
        Ok(ends.into_iter().map(|end| end.object_id).collect())
    });
    forgetting.await.unwrap()
}

async fn what_is_gone_is_forgotten_in_time_and_what_lives_is_not(db: Database) {
    let made = db.store.write(|tx| {
        server(tx, "red", "old", true)?;
        server(tx, "red", "living", false)?;
        server(tx, "blue", "elsewhere", true)
    });
    made.await.unwrap();
    let standing = |project: &'static str| {
        db.store
            .read(move |conn| work::get(conn, Kind::History, project))
    };
    assert!(standing("red").await.unwrap().is_some(), "nobody looks");
    let servers = &["old", "living", "elsewhere"];
    assert_eq!(forget(&db, NEVER, -1, 10).await, [""; 0]);
    assert_eq!(remembered(&db, servers).await, (vec![3, 2, 3], 2));
    let oldest = db.store.read(|conn| history::oldest(conn, "red"));
    let oldest = oldest.await.unwrap().unwrap();
    assert_eq!(forget(&db, oldest, -1, 10).await, [""; 0], "not before");
    assert_eq!(forget(&db, EVER, -1, 10).await, ["old"]);
    assert_eq!(remembered(&db, servers).await, (vec![0, 2, 3], 1));
    assert_eq!(forget(&db, EVER, -1, 10).await, [""; 0], "twice");
    let oldest = db.store.read(|conn| history::oldest(conn, "red"));
    assert_eq!(oldest.await.unwrap(), None);
}

async fn of_one_project_the_newest_ends_are_remembered(db: Database) {
    for id in ["a", "b", "c", "d", "e"] {
        let made = db.store.write(move |tx| server(tx, "red", id, true));
        made.await.unwrap();
    }
    assert_eq!(forget(&db, NEVER, 5, 10).await, [""; 0]);
    assert_eq!(
        forget(&db, NEVER, 2, 2).await,
        ["a", "b"],
        "the oldest first"
    );
    assert_eq!(forget(&db, NEVER, 2, 2).await, ["c"]);
    assert_eq!(forget(&db, NEVER, 2, 2).await, [""; 0]);
    let servers = &["a", "b", "c", "d", "e"];
    assert_eq!(remembered(&db, servers).await, (vec![0, 0, 0, 3, 3], 2));
    assert_eq!(forget(&db, NEVER, 0, 9).await, ["d", "e"]);
}

async fn what_came_again_under_its_old_id_keeps_its_events(db: Database) {
    let image = |tx: &mut Tx<'_>, what| happens(tx, Kind::Image, "red", "i", what);
    let made = db.store.write(move |tx| {
        image(tx, ("create", "Success"))?;
        image(tx, GONE)?;
        image(tx, ("create", "Success"))?;
        image(tx, ("update", "Success"))
    });
    made.await.unwrap();
    assert_eq!(forget(&db, EVER, -1, 10).await, ["i"]);
    let left = db.store.read(|conn| events::of(conn, Kind::Image, "i"));
    let left = left.await.unwrap();
    let left: Vec<&str> = left.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(left, ["create", "update"]);
}
