//! A conductor is among the services as long as it says that it lives.

use conductor::{Settings, heartbeat};
use process::Clock;
use std::time::Duration;
use store::container_infra::workers::{self, MAGNUM, NOVA, Worker};
use store::{Options, Store};

const SILENCE: Duration = Duration::from_secs(60);

async fn rows(store: &Store) -> Vec<Worker> {
    let all = [MAGNUM, NOVA[0], NOVA[1]];
    let read = store.read(move |conn| workers::list(conn, &all));
    read.await.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_conductor_is_up_until_it_is_silent() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let url = format!("sqlite://{}/cloud.db", directory.path().display());
    let clock = Clock::virtual_now();
    let store = Store::open(&url, Options::default(), clock.clone()).await?;
    store.migrate().await?;
    let settings = Settings {
        hostname: Some("plane-1".into()),
        ..Settings::default()
    };
    let lives = tokio::spawn({
        let store = store.clone();
        async move { heartbeat::keep(&store, &settings).await }
    });
    while rows(&store).await.iter().all(|worker| worker.reports < 10) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let alive = rows(&store).await;
    assert_eq!(alive.len(), 3);
    for worker in &alive {
        assert_eq!(worker.host, "plane-1");
        assert!(worker.is_up(clock.now(), SILENCE), "{worker:?}");
    }
    lives.abort();
    tokio::time::sleep(SILENCE * 2).await;
    for worker in rows(&store).await {
        assert!(!worker.is_up(clock.now(), SILENCE), "{worker:?}");
        assert!(worker.reports >= 10);
    }
    Ok(())
}
