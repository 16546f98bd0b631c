//! The core through actix's test service: what every answer has, whatever the service.

#![expect(clippy::unwrap_used, reason = "a test may fail wherever it likes")]

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, dev::ServiceResponse};
use api::{AppState, Settings};
use bus::{Bus, MemoryBroker};
use process::{Clock, Faults};
use serde_json::Value;
use store::{Options, Store};

async fn state(dir: &tempfile::TempDir) -> api::State {
    state_on(dir, &MemoryBroker::new()).await
}

async fn state_on(dir: &tempfile::TempDir, broker: &MemoryBroker) -> api::State {
    let url = format!("sqlite://{}/cloud.db", dir.path().display());
    let options = Options {
        durable: false,
        ..Options::default()
    };
    let store = Store::open(&url, options, Clock::System).await.unwrap();
    store.migrate().await.unwrap();
    let bus = Bus::memory(broker, Faults::none());
    let settings = Settings {
        key_dir: dir.path().join("keys"),
        image: api::image::Settings {
            dir: dir.path().join("images"),
            ..Default::default()
        },
        ..Settings::default()
    };
    AppState::new(store, bus, settings).unwrap()
}

async fn ask(state: &api::State, request: TestRequest) -> (ServiceResponse, Value) {
    let app = init_service(App::new().configure(api::app(state.clone()))).await;
    let answer = call_service(&app, request.to_request()).await;
    let (request, response) = answer.into_parts();
    let (head, body) = response.into_parts();
    let head = ServiceResponse::new(request.clone(), head.set_body(()).map_into_boxed_body());
    let whole = ServiceResponse::new(request, actix_web::HttpResponse::Ok().body(body));
    let bytes = read_body(whole).await;
    (head, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[actix_web::test]
async fn an_unknown_path_is_told_in_the_envelope_of_its_service() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    for (path, pointer) in [
        ("/identity/v3/nothing", "/error/message"),
        ("/compute/v2.1/nothing", "/itemNotFound/message"),
        ("/image/v2/nothing", "/message"),
        ("/network/v2.0/networks", "/NeutronError/message"),
        ("/orchestration/v1/p/stacks", "/error/message"),
        ("/container-infra/v1/nothing", "/errors/0/detail"),
        ("/container/v1/containers", "/errors/0/detail"),
        ("/nothing", "/error/message"),
    ] {
        let (answer, body) = ask(&state, TestRequest::get().uri(path)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(body.pointer(pointer).is_some(), "{path}: {body}");
        let id = answer
            .headers()
            .get("x-openstack-request-id")
            .unwrap()
            .to_str()
            .unwrap();
        assert!(id.starts_with("req-") && id.len() == 40, "{id}");
    }
}

#[actix_web::test]
async fn a_method_that_is_not_there_names_those_that_are() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    let request = TestRequest::default()
        .method(Method::PATCH)
        .uri("/compute/v2.1");
    let (answer, body) = ask(&state, request).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers().get("allow").unwrap(), "GET, HEAD");
    assert_eq!(body["badMethod"]["code"], 405);
}

#[actix_web::test]
async fn version_documents_are_open_with_and_without_slash_and_link_to_the_host_asked() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    for path in [
        "/identity",
        "/identity/v3",
        "/image",
        "/compute",
        "/compute/v2.1",
        "/container-infra",
        "/container-infra/v1",
    ] {
        for path in [path.to_owned(), format!("{path}/")] {
            let request = TestRequest::get()
                .uri(&path)
                .insert_header(("host", "cloud:5000"));
            let (answer, body) = ask(&state, request).await;
            assert!(matches!(answer.status().as_u16(), 200 | 300), "{path}");
            assert!(
                body.to_string().contains("http://cloud:5000/"),
                "{path}: {body}"
            );
        }
    }
}

#[actix_web::test]
async fn the_microversion_is_told_even_with_errors() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    let ask_for = |version: &'static str| {
        TestRequest::get()
            .uri("/compute/v2.1/servers")
            .insert_header(("openstack-api-version", version))
    };
    let (answer, body) = ask(&state, ask_for("compute 9.9")).await;
    assert_eq!(answer.status(), StatusCode::NOT_ACCEPTABLE);
    assert!(
        body["computeFault"]["message"]
            .as_str()
            .unwrap()
            .contains("9.9")
    );
    assert!(answer.headers().contains_key("vary"));
    let (answer, _) = ask(&state, ask_for("compute nine")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let request = TestRequest::get()
        .uri("/compute/v2.1/")
        .insert_header(("openstack-api-version", "compute 9.9"));
    let (answer, _) = ask(&state, request).await;
    assert_eq!(
        answer.status(),
        StatusCode::OK,
        "a version document answers whatever is asked"
    );
}

#[actix_web::test]
async fn paths_that_are_no_text_are_refused_not_failed_on() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    for path in [
        "/identity/v3/%ff%fe",
        "/identity/%00",
        "/%c3%28/x",
        "/compute/v2.1/servers/%ff",
    ] {
        let (answer, _) = ask(&state, TestRequest::get().uri(path)).await;
        assert!(
            answer.status().is_client_error(),
            "{path}: {}",
            answer.status()
        );
    }
}

#[actix_web::test]
async fn health_readiness_and_metrics_answer() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let (answer, _) = ask(&state, TestRequest::get().uri(path)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    let text = String::from_utf8(state.metrics.text().unwrap()).unwrap();
    assert!(text.contains(r#"api_requests_total{code="200",method="GET",route="/readyz""#));
}

#[actix_web::test]
async fn readiness_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let broker = MemoryBroker::new();
    let state = state_on(&dir, &broker).await;
    let (_, body) = ask(&state, TestRequest::get().uri("/readyz")).await;
    let well = serde_json::json!({ "status": "ready", "database": "ok", "broker": "ok" });
    assert_eq!(body, well);
    broker.stop();
    let (answer, body) = ask(&state, TestRequest::get().uri("/readyz")).await;
    assert_eq!(answer.status(), StatusCode::OK, "requests are answered");
    assert_eq!(body["status"], "degraded");
    let told = body["broker"].as_str().unwrap();
    assert!(
        told.contains("broker") && told.contains("bus.url"),
        "{told}"
    );
    // A role without a database can do nothing then.
    let agent = api::platform::readiness(None, Some(&state.bus)).await;
    assert_eq!((agent.ready, agent.status), (false, "not ready"));
    assert!(agent.words().contains("bus.url"));
    broker.start();
    assert!(api::platform::readiness(None, Some(&state.bus)).await.ready);
    let early = api::platform::readiness(None, None).await;
    assert!(!early.ready && early.words().contains("not connected"));
}

#[actix_web::test]
async fn every_route_without_a_token_is_401_unless_it_says_it_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(&dir).await;
    let routes: Vec<_> = state.table.routes().cloned().collect();
    for route in routes.iter().filter(|route| route.access.rule().is_some()) {
        let path = route.sample(|_| "0123456789abcdef0123456789abcdef".into());
        let mut request = TestRequest::default()
            .method(route.method.clone())
            .uri(&path);
        if let Some(since) = route.since {
            let name = route.service.microversion_names()[0];
            request = request.insert_header(("openstack-api-version", format!("{name} {since}")));
        }
        let (answer, body) = ask(&state, request).await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{} {path}",
            route.method
        );
        let told = answer
            .headers()
            .get("www-authenticate")
            .unwrap()
            .to_str()
            .unwrap();
        assert!(told.starts_with("Keystone uri=\"http"), "{told}");
        assert_eq!(body["error"]["code"], 401);
    }
}
