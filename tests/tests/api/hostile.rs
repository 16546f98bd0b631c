//! Hostile input on every route: no answer is a 5xx, each has its service's envelope with a reason,
//! nothing panics, and afterwards good requests work as before. On PostgreSQL too when
//! `JEROBOAM_TEST_POSTGRES` names a server.

use actix_web::http::{Method, StatusCode};
use tests::api::database::Engine;
use tests::api::hostile::{
    Clouds, Findings, bodies, heads, still_works, targets, watch_panics, ways,
};
use tests::api::sample::Body;
use tests::api::seed::Seed;

on_each_engine! {
    no_body_brings_a_route_down
    no_header_brings_a_route_down
    no_path_and_no_query_brings_a_route_down
}

/// Every second of a corpus: what one route is spared, the next one gets.
fn share<T>(corpus: Vec<T>, n: usize) -> impl Iterator<Item = T> {
    corpus.into_iter().skip(n % 2).step_by(2)
}

async fn no_body_brings_a_route_down(engine: Engine) {
    watch_panics();
    let seed = Seed::new(engine).await;
    let mut findings = Findings::default();
    let mut clouds = Clouds::of(&seed);
    for way in ways(&seed).await {
        let Some(document) = way.document() else {
            continue;
        };
        let cloud = clouds.next(&way).await;
        for body in bodies::from(document) {
            let ask = way.sample.ask(&way.route, &cloud.things);
            let kind = ask.headers.iter().find(|(name, _)| name == "content-type");
            let kind = String::from_utf8(kind.unwrap().1.clone()).unwrap();
            let ask = ask.bytes(&kind, body);
            let answer = cloud.ask_as(way.who, ask.clone()).await;
            findings.look(&way.title(), &ask, &answer);
        }
        still_works(&cloud, &way).await;
    }
    findings.conclude();
}

async fn no_header_brings_a_route_down(engine: Engine) {
    watch_panics();
    let seed = Seed::new(engine).await;
    let mut findings = Findings::default();
    let mut clouds = Clouds::of(&seed);
    for (n, way) in ways(&seed).await.into_iter().enumerate() {
        let cloud = clouds.next(&way).await;
        for (name, value) in share(heads::all(), n) {
            let ask = way.sample.ask(&way.route, &cloud.things);
            let ask = match seed.token(way.who) {
                Some(token) => ask.set("x-auth-token", token),
                None => ask,
            };
            let ask = ask.set(name, value);
            if let Some(answer) = cloud.try_ask(ask.clone()).await {
                findings.look(&way.title(), &ask, &answer);
            }
        }
        let mut bare = way.sample.ask(&way.route, &cloud.things);
        bare.headers.retain(|(name, _)| name != "content-type");
        let answer = cloud.ask_as(way.who, bare.clone()).await;
        findings.look(&way.title(), &bare, &answer);
        still_works(&cloud, &way).await;
    }
    findings.conclude();
}

async fn no_path_and_no_query_brings_a_route_down(engine: Engine) {
    watch_panics();
    let seed = Seed::new(engine).await;
    let mut findings = Findings::default();
    let mut clouds = Clouds::of(&seed);
    for (n, way) in ways(&seed).await.into_iter().enumerate() {
        let cloud = clouds.next(&way).await;
        let mut asks = Vec::new();
        for segment in share(targets::segments(), n) {
            // One parameter hostile and the others good, and all of them hostile.
            let spots = way.route.path.matches('{').count();
            for spot in 0..=spots {
                let seen = std::cell::Cell::new(0);
                let path = way.sample.path(&way.route, |place| {
                    let at = seen.replace(seen.get() + 1);
                    match spot == at || spot == spots {
                        true => segment.clone(),
                        false => cloud.things.get(place).to_owned(),
                    }
                });
                if spots > 0 {
                    asks.push(way.sample.ask_at(&way.route, &path));
                }
            }
        }
        if way.route.method == Method::GET {
            for query in targets::queries() {
                let mut sample = way.sample.clone();
                sample.query = query;
                asks.push(sample.ask(&way.route, &cloud.things));
            }
        } else {
            for query in ["%ff", "a=%00", "dry_run=maybe"] {
                let mut ask = way.sample.ask(&way.route, &cloud.things);
                ask.target = format!("{}?{query}", ask.target);
                asks.push(ask);
            }
        }
        for ask in asks {
            // A client that could not send it is no danger.
            let token = seed.token(way.who).unwrap_or_default();
            let with_token = ask.clone().set("x-auth-token", token);
            if let Some(answer) = cloud.try_ask(with_token).await {
                findings.look(&way.title(), &ask, &answer);
            }
        }
        still_works(&cloud, &way).await;
    }
    findings.conclude();
}

#[actix_web::test]
async fn a_body_larger_than_its_route_takes_is_refused_on_every_route() {
    watch_panics();
    let seed = Seed::new(Engine::Sqlite).await;
    let mut findings = Findings::default();
    let mut clouds = Clouds::of(&seed);
    for way in ways(&seed).await {
        if !matches!(way.sample.body, Body::Json(_)) {
            continue;
        }
        let cloud = clouds.next(&way).await;
        let mut body = b"{\"x\":\"".to_vec();
        body.resize(way.route.body_limit + 1, b'x');
        body.extend(b"\"}");
        let ask = way.sample.ask(&way.route, &cloud.things);
        let told = ask.clone().bytes("application/json", body.clone());
        let untold = told.clone().set("content-length", "2");
        for ask in [told, untold] {
            let answer = cloud.ask_as(way.who, ask.clone()).await;
            findings.look(&way.title(), &ask, &answer);
            let unbuilt = answer.status == StatusCode::NOT_IMPLEMENTED;
            assert!(
                answer.status.is_client_error() || unbuilt,
                "{}: {}",
                way.title(),
                answer.status
            );
        }
        still_works(&cloud, &way).await;
    }
    findings.conclude();
}
