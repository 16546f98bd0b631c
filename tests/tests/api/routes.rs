//! Every route as everybody, against a matrix that was reviewed line by line: `golden/routes.txt`.

use actix_web::http::{Method, StatusCode};
use api::route::{Access, Route};
use api::service::Service;
use std::fmt::Write;
use std::sync::Arc;
use tests::api::database::Engine;
use tests::api::golden;
use tests::api::persona::Persona;
use tests::api::sample::{Sample, samples, title};
use tests::api::seed::Seed;

const HEAD: &str = "\
# What each route answers to each kind of caller; see tests/routes.rs. The things in the paths belong
# to project home, whose reader, member and manager are asked; the stranger is a member of another.
";

/// Rows in a fixed order, whatever order the services declare them in.
fn ordered(state: &api::State) -> Vec<Arc<Route>> {
    let mut routes: Vec<_> = state.table.routes().cloned().collect();
    let rank = |method: &Method| {
        let order = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        order.iter().position(|known| *known == method.as_str())
    };
    routes.sort_by_key(|route| {
        (
            route.pattern(),
            rank(&route.method),
            route.since,
            route.until,
        )
    });
    routes
}

/// What no line may say, reviewed or not.
fn refuse_nonsense(route: &Route, sample: &Sample, who: Persona, status: StatusCode) {
    let told = format!("{} as {}: {status}", title(route, sample), who.name());
    assert!(
        !status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED,
        "{told}"
    );
    let open = matches!(route.access, Access::Open);
    if who == Persona::Nobody && !open {
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{told}");
    }
    if who == Persona::Reader && !open && !route.method.is_safe() {
        // What belongs to the user himself needs no role.
        let own = route.path.starts_with("/os-keypairs");
        if matches!(
            route.service,
            Service::Compute | Service::Image | Service::ContainerInfra
        ) && !own
        {
            assert!(!status.is_success(), "{told}");
        }
    }
}

#[actix_web::test]
async fn every_route_answers_everybody_as_the_golden_matrix_says() {
    let seed = Seed::new(Engine::Sqlite).await;
    let shared = seed.cloud().await;
    let mut rows = Vec::new();
    for route in ordered(&shared.state) {
        for sample in samples(&route, &shared.things) {
            let mut cells = Vec::new();
            for who in Persona::ALL {
                let ask = sample.ask(&route, &shared.things);
                let answer = if route.method.is_safe() {
                    shared.ask_as(who, ask).await
                } else {
                    seed.cloud().await.ask_as(who, ask).await
                };
                refuse_nonsense(&route, &sample, who, answer.status);
                cells.push(answer.status.as_u16());
            }
            rows.push((title(&route, &sample), cells));
        }
    }
    let wide = rows.iter().map(|(title, _)| title.chars().count()).max();
    let wide = wide.unwrap_or_default() + 1;
    let mut text = HEAD.to_owned();
    let mut line = |title: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>8}")).collect();
        writeln!(text, "{title:<wide$}{cells}").is_ok()
    };
    line(
        "#",
        Persona::ALL.iter().map(|who| who.name().into()).collect(),
    );
    for (title, cells) in rows {
        line(&title, cells.iter().map(ToString::to_string).collect());
    }
    golden::compare("routes.txt", &text);
}
