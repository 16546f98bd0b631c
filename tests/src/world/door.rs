//! The way into the API: requests from anywhere in the world to the real HTTP application, which
//! lives and dies as a role of its own. A request under way when it dies is never answered, as when
//! a connection breaks; one that comes while it is down waits, as a client that connects again and
//! again would.

use crate::api::answer::{Answer, Ask};
use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use api::{AppState, Settings};
use bus::Bus;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::Store;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// A client's end. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    asked: mpsc::UnboundedSender<Asked>,
    trouble: Arc<AtomicUsize>,
}

/// The API's end; its lives hold it one after the other.
pub(super) type Inbox = Arc<Mutex<mpsc::UnboundedReceiver<Asked>>>;

pub(super) struct Asked {
    ask: Ask,
    answer: oneshot::Sender<Answer>,
}

impl Door {
    pub(super) fn new() -> (Door, Inbox) {
        let (asked, inbox) = mpsc::unbounded_channel();
        let door = Door {
            asked,
            trouble: Arc::default(),
        };
        (door, Arc::new(Mutex::new(inbox)))
    }

    /// Asks once; `None` when the connection broke.
    pub async fn ask(&self, ask: Ask) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.asked.send(Asked { ask, answer }).ok()?;
        let answer = answered.await.ok()?;
        // What an engine could not do is told in words, and is no failure of the API's.
        let in_words = answer.status == StatusCode::INTERNAL_SERVER_ERROR
            && !answer.text().contains("An unexpected error");
        if answer.status.is_server_error() && !in_words {
            self.trouble.fetch_add(1, Ordering::SeqCst);
        }
        Some(answer)
    }

    /// Answers that were the server's own failure.
    pub fn trouble(&self) -> usize {
        self.trouble.load(Ordering::SeqCst)
    }
}

/// What one life of the API shares, on the files of this directory.
pub(super) fn state(directory: &Path, store: Store, bus: Bus) -> api::State {
    let settings = Settings {
        key_dir: directory.join("keys"),
        // Stories may last for years.
        token_lifetime_s: 3 * 365 * 24 * 3600,
        image: api::image::Settings {
            dir: directory.join("images"),
            architecture: "amd64".into(),
            ..api::image::Settings::default()
        },
        ..Settings::default()
    };
    AppState::new(store, bus, settings).unwrap()
}

/// One life: answers, looks after images, passes hints on. Dropped, it is as if killed.
pub(super) async fn serve(state: api::State, inbox: Inbox) {
    let upkeep = api::image::upkeep::run(state.clone(), CancellationToken::new());
    tokio::join!(answer_all(&state, inbox), upkeep, forward(&state));
}

async fn answer_all(state: &api::State, inbox: Inbox) {
    let app = init_service(App::new().configure(api::app(state.clone()))).await;
    let call = async |request: TestRequest| app.call(request.to_request()).await.unwrap();
    let mut inbox = inbox.lock().await;
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(asked) = inbox.recv() => under_way.push(answer(&call, asked)),
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
            else => return,
        }
    }
}

async fn answer(call: &impl AsyncFn(TestRequest) -> ServiceResponse, asked: Asked) {
    let answer = call(asked.ask.request().unwrap()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let headers = headers.iter();
    let headers = headers
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())))
        .collect();
    // A body that breaks off is a broken connection.
    if let Ok(body) = to_bytes(answer.into_body()).await {
        let body = body.to_vec();
        let _ = asked.answer.send(Answer {
            status,
            headers,
            body,
        });
    }
}

async fn forward(state: &api::State) {
    let mut hints = state.store.hints();
    while let Ok(hint) = hints.recv().await {
        state.bus.hint(&[hint]).await;
    }
}
