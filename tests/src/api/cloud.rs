//! A running API on a database of its own.

use super::agent;
use super::answer::{Answer, Ask};
use super::database::Database;
use super::persona::Persona;
use super::seed::Seed;
use super::things::Things;
use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{App, test};
use futures::future::LocalBoxFuture;
use schemas::ids::HostId;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// No request may take longer: far above what any needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Call = Box<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, ServiceResponse>>;

/// A copy of the seed, served.
pub struct Cloud {
    /// What the handlers share.
    pub state: api::State,
    /// The seeded things.
    pub things: Things,
    seed: Seed,
    call: Call,
    database: Database,
    _agent: Option<AbortOnDropHandle<()>>,
}

impl Cloud {
    /// Serves this database.
    pub async fn serve(seed: &Seed, database: Database) -> Cloud {
        Cloud::serve_with(seed, database, |_| {}).await
    }

    /// With other settings.
    pub async fn serve_with(
        seed: &Seed,
        database: Database,
        change: impl FnOnce(&mut api::Settings),
    ) -> Cloud {
        let state = database.state_with(&seed.keys(), change).await;
        let host = seed.things.find("compute/os-hypervisors");
        let agent = match host.and_then(HostId::parse) {
            Some(host) => Some(agent::answer(&state.bus, host).await),
            None => None,
        };
        let app = test::init_service(App::new().configure(api::app(state.clone()))).await;
        let app = std::rc::Rc::new(app);
        let call: Call = Box::new(move |request| {
            let app = app.clone();
            Box::pin(async move { app.call(request.to_request()).await.unwrap() })
        });
        Cloud {
            state,
            things: seed.things.clone(),
            seed: seed.clone(),
            call,
            database,
            _agent: agent,
        }
    }

    /// Ends it; what remains is the database, at rest.
    pub fn end(self) -> (Things, Database) {
        let Cloud {
            state,
            things,
            call,
            database,
            ..
        } = self;
        drop(call);
        drop(state);
        (things, database)
    }

    /// Asks as this persona.
    pub async fn ask_as(&self, who: Persona, ask: Ask) -> Answer {
        match self.seed.token(who) {
            Some(token) => self.ask(ask.set("x-auth-token", token)).await,
            None => self.ask(ask).await,
        }
    }

    /// Asks as it stands.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let told = format!("{} {}", ask.method, ask.target);
        self.try_ask(ask)
            .await
            .unwrap_or_else(|| panic!("{told} is no HTTP request"))
    }

    /// Asks; `None` when no HTTP client could send that.
    pub async fn try_ask(&self, ask: Ask) -> Option<Answer> {
        let request = ask.request()?;
        let answered = tokio::time::timeout(PATIENCE, async {
            let answer = (self.call)(request).await;
            let status = answer.status();
            let headers = answer.headers().iter();
            let headers = headers
                .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())))
                .collect();
            let body = to_bytes(answer.into_body()).await.unwrap_or_default();
            Answer {
                status,
                headers,
                body: body.to_vec(),
            }
        });
        let shown: String = ask.target.chars().take(200).collect();
        let answer = answered
            .await
            .unwrap_or_else(|_| panic!("{} {shown} is not answered", ask.method));
        Some(answer)
    }
}
