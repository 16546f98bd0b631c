//! Tenants cannot see, guess, name, use or exhaust each other's things, whatever way they ask.

use actix_web::http::{Method, StatusCode};
use api::route::Access;
use serde_json::{Value, json};
use tests::api::answer::{Answer, Ask};
use tests::api::cloud::Cloud;
use tests::api::database::Engine;
use tests::api::persona::Persona;
use tests::api::sample::{samples, title};
use tests::api::seed::Seed;
use tests::api::things::Things;

/// Places of what belongs to the victims alone.
const PRIVATE: &[&str] = &[
    "compute/servers",
    "compute/os-server-groups",
    "compute/os-keypairs",
    "compute/flavors",
    "compute/os-instance-actions",
    "image/images",
    "image/queued",
    "image/importing",
    "image/tasks",
    "image/nodes",
    "container-infra/clustertemplates",
    "container-infra/nodes",
    "container-infra/x509keypairs",
    "container-infra/federations",
    "container-infra/pods",
    "container-infra/rcs",
    "container-infra/services",
    "container-infra/containers",
    "cluster/home",
    "cluster/ready",
    "identity/users",
    "identity/projects",
    "identity/groups",
    "identity/credentials",
    "identity/application_credentials",
    "identity/access_rules",
];

/// Their ids, each with another of the same form that stands for nothing.
fn private(things: &Things) -> Vec<(String, String)> {
    let ids = PRIVATE.iter().filter_map(|place| things.find(place));
    ids.map(|id| (id.to_owned(), made_up(id))).collect()
}

/// Another id of the same form: two of its letters are exchanged for others.
fn made_up(id: &str) -> String {
    let tail = id.len() - 2;
    let turned = id[tail..].chars().map(|letter| match letter {
        '0'..='8' => char::from(letter as u8 + 1),
        '9' => '0',
        'a'..='e' | 'g'..='y' => char::from(letter as u8 + 1),
        'f' => 'a',
        _ => 'a',
    });
    id[..tail].chars().chain(turned).collect()
}

fn replaced(text: &str, pairs: &[(String, String)]) -> String {
    let exchange = |text: String, (real, fake): &(String, String)| text.replace(real, fake);
    pairs.iter().fold(text.to_owned(), exchange)
}

fn with_made_up(ask: &Ask, pairs: &[(String, String)]) -> Ask {
    let mut fake = ask.clone();
    fake.target = replaced(&ask.target, pairs);
    fake.body = ask
        .body
        .as_ref()
        .map(|body| match String::from_utf8(body.clone()) {
            Ok(text) => replaced(&text, pairs).into_bytes(),
            Err(bytes) => bytes.into_bytes(),
        });
    fake
}

/// What the stranger reads, without what he sent himself and what differs with every answer.
fn plain(answer: &Answer, pairs: &[(String, String)]) -> (StatusCode, String) {
    let mut text = answer.text();
    for (real, fake) in pairs {
        text = text.replace(real, "THING").replace(fake, "THING");
    }
    if let Some(id) = answer.header("x-openstack-request-id") {
        text = text.replace(id, "REQUEST");
    }
    (answer.status, text)
}

#[actix_web::test]
async fn a_stranger_cannot_tell_what_is_there_from_what_is_not() {
    let seed = Seed::new(Engine::Sqlite).await;
    let shared = seed.cloud().await;
    let mut pairs = private(&seed.things);
    // By name too: nobody else's name is worth anything.
    let names = seed
        .things
        .iter()
        .filter(|(place, _)| place.starts_with("name:"));
    let names: Vec<_> = names
        .map(|(place, name)| {
            (
                place.trim_start_matches("name:").to_owned(),
                name.to_owned(),
            )
        })
        .collect();
    pairs.sort();
    pairs.dedup();
    let mut asked = 0;
    let mut told = Vec::new();
    for route in shared.state.table.routes() {
        for sample in samples(route, &seed.things) {
            let good = sample.ask(route, &seed.things);
            let mut asks = vec![(good.clone(), pairs.clone())];
            for (place, name) in &names {
                let Some(id) = seed.things.find(place) else {
                    continue;
                };
                let named = good.target.replace(id, name);
                if place.starts_with(route.service.kind()) && named != good.target {
                    let mut ask = good.clone();
                    ask.target = named;
                    let segment = (format!("/{name}"), format!("/{}", made_up(name)));
                    asks.push((ask, [vec![segment], pairs.clone()].concat()));
                }
            }
            for (ask, pairs) in asks {
                let fake = with_made_up(&ask, &pairs);
                if fake.target == ask.target && fake.body == ask.body {
                    continue;
                }
                asked += 1;
                let real = ask_fresh(&seed, &shared, ask).await;
                let fake = ask_fresh(&seed, &shared, fake).await;
                // Errors repeat what was asked for.
                let bare = names.iter().map(|(_, name)| (name.clone(), made_up(name)));
                let pairs: Vec<_> = pairs.into_iter().chain(bare).collect();
                let (real, fake) = (plain(&real, &pairs), plain(&fake, &pairs));
                let same = real.0 == fake.0 && (real == fake || real.0.is_success());
                if !same {
                    told.push(format!(
                        "{}\n    of theirs:  {} {}\n    of nothing: {} {}",
                        title(route, &sample),
                        real.0,
                        real.1,
                        fake.0,
                        fake.1
                    ));
                }
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(asked > 10, "only {asked} routes name anything private");
}

async fn ask_fresh(seed: &Seed, shared: &Cloud, ask: Ask) -> Answer {
    if ask.method == Method::GET || ask.method == Method::HEAD {
        return shared.ask_as(Persona::Stranger, ask).await;
    }
    seed.cloud().await.ask_as(Persona::Stranger, ask).await
}

/// What a list may be asked for to get at the things of others.
fn prying(things: &Things) -> Vec<String> {
    let home = things.get("project/home");
    let mut all: Vec<String> = [
        "",
        "all_tenants=1",
        "all_tenants=true&deleted=true",
        "all_projects=True",
        "member_status=all",
        "member_status=pending&visibility=shared",
        "visibility=all&os_hidden=true",
        "visibility=private",
        "is_public=None",
        "include_names&effective",
        "limit=1000",
        "sort_key=created_at&sort_dir=asc",
        "name=",
        "status=active",
    ]
    .map(str::to_owned)
    .into();
    for key in [
        "project_id",
        "tenant_id",
        "owner",
        "scope.project.id",
        "default_project_id",
    ] {
        all.push(format!("{key}={home}"));
        all.push(format!("all_tenants=1&{key}={home}"));
    }
    for place in PRIVATE {
        let Some(id) = things.find(place) else {
            continue;
        };
        for key in [
            "id", "uuid", "marker", "user_id", "user.id", "name", "image", "flavor",
        ] {
            all.push(format!("{key}={id}"));
        }
        all.push(format!("id=in:{id}"));
    }
    for (place, name) in things.iter() {
        if place.starts_with("name:") {
            all.push(format!("name={name}"));
            all.push(format!("name=in:{name}"));
            all.push(format!("all_tenants=1&name={name}"));
            all.push(format!("key_name={name}&hostname={name}"));
        }
    }
    all
}

/// Every text in a document except links, which repeat the query.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if !text.contains('?') => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[actix_web::test]
async fn a_strangers_lists_hold_nothing_of_others_whatever_is_asked_for() {
    let seed = Seed::new(Engine::Sqlite).await;
    let cloud = seed.cloud().await;
    let pairs = private(&seed.things);
    let names: Vec<&str> = seed
        .things
        .iter()
        .filter(|(place, _)| place.starts_with("name:"))
        .map(|(_, name)| name)
        .collect();
    let mut told = std::collections::BTreeMap::new();
    for route in cloud.state.table.routes() {
        let open = matches!(route.access, Access::Open);
        if route.method != Method::GET || route.path.contains('{') || open {
            continue;
        }
        for sample in samples(route, &seed.things) {
            for query in prying(&seed.things) {
                let mut sample = sample.clone();
                sample.query = query.clone();
                let ask = sample.ask(route, &seed.things);
                let answer = cloud.ask_as(Persona::Stranger, ask.clone()).await;
                let fake = with_made_up(&ask, &pairs);
                let nothing = cloud.ask_as(Persona::Stranger, fake).await;
                if plain(&answer, &pairs) != plain(&nothing, &pairs) {
                    told.insert(
                        route.pattern(),
                        format!(
                            "?{query}\n    of theirs:  {} {}\n    of nothing: {} {}",
                            answer.status,
                            answer.text(),
                            nothing.status,
                            nothing.text()
                        ),
                    );
                }
                if !answer.status.is_success() {
                    continue;
                }
                let body = answer.json();
                let mut found = Vec::new();
                texts(&body, &mut found);
                let leak = found.iter().find(|text| {
                    pairs.iter().any(|(id, _)| text.contains(id.as_str())) || names.contains(*text)
                });
                if let Some(leak) = leak {
                    told.insert(route.pattern(), format!("?{query} tells {leak}: {body}"));
                }
            }
        }
    }
    assert!(told.is_empty(), "{told:#?}");
}

async fn made(cloud: &Cloud, who: Persona, path: &str, body: Value) -> Answer {
    let ask = Ask::new(Method::POST, path)
        .header("openstack-api-version", "compute 2.90")
        .json(&body);
    cloud.ask_as(who, ask).await
}

#[actix_web::test]
async fn two_tenants_use_the_same_names_and_each_means_his_own() {
    let seed = Seed::new(Engine::Sqlite).await;
    let cloud = seed.cloud().await;
    let key = json!({ "keypair": { "name": "laptop", "public_key": tests::api::KEY } });
    let answer = made(&cloud, Persona::Stranger, "/compute/v2.1/os-keypairs", key).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let gone = Ask::new(Method::DELETE, "/compute/v2.1/os-keypairs/laptop");
    let answer = cloud.ask_as(Persona::Stranger, gone).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let theirs = Ask::get("/compute/v2.1/os-keypairs/laptop");
    let answer = cloud.ask_as(Persona::Member, theirs).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "another's key pair of the same name went with it"
    );
    let image = json!({ "name": "theirs", "container_format": "bare", "disk_format": "raw" });
    let answer = made(&cloud, Persona::Stranger, "/image/v2/images", image).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
}

fn server(image: &str, flavor: &str, count: u32) -> Value {
    json!({ "server": {
        "name": "web", "imageRef": image, "flavorRef": flavor, "networks": "none",
        "min_count": count, "max_count": count,
    }})
}

#[actix_web::test]
async fn a_tenant_that_uses_up_its_quota_takes_nothing_from_the_other() {
    let seed = Seed::new(Engine::Sqlite).await;
    let cloud = seed.cloud().await;
    let image = cloud.things.get("image/images").to_owned();
    let flavor = cloud.things.get("flavor/public").to_owned();
    let path = "/compute/v2.1/servers";
    // One is there already; ten are allowed.
    let answer = made(&cloud, Persona::Member, path, server(&image, &flavor, 9)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let answer = made(&cloud, Persona::Member, path, server(&image, &flavor, 1)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
    // An administrator's own project is another tenant that may use the image.
    let answer = made(&cloud, Persona::Admin, path, server(&image, &flavor, 10)).await;
    let text = answer.text();
    assert!(!text.contains("uota"), "{} {text}", answer.status);
}
