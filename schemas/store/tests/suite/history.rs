//! What is written down about the past is bounded, whoever makes history.

use super::database::Database;
use crate::on_both;
use schemas::Kind;
use store::image::tasks::{self, Task};
use store::{Scope, Tx, events};

on_both! {
    of_one_object_the_newest_events_are_kept
    of_one_project_the_newest_ended_tasks_are_kept
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
