//! The many ways to write one address: with and without `/v1`, and as the present client puts it
//! together when it follows a list's next page.

use crate::service::Service;
use crate::state::State;
use actix_web::HttpRequest;
use std::borrow::Cow;

/// What the servers of 2015 had; only these paths may end in `.json`, as they could then.
const OF_2015: &[&str] = &[
    "baymodels",
    "bays",
    "nodes",
    "pods",
    "services",
    "rcs",
    "containers",
    "x509keypairs",
    "certificates",
    "mservices",
];

/// The path as the route table has it.
pub(crate) fn canonical<'a>(
    state: &State,
    http: &'a HttpRequest,
    service: Service,
) -> Cow<'a, str> {
    let path = http.uri().path();
    if service != Service::ContainerInfra {
        return path.into();
    }
    // Where the client found us: what stands before the prefix in the addresses it was given.
    let base = state.base(http);
    let host = base.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let before = host.find('/').and_then(|at| host.get(at..)).unwrap_or("");
    let present = http.headers().contains_key("openstack-api-version");
    plain(path, before, !present).map_or(path.into(), Cow::Owned)
}

/// `None` when the path is canonical already.
fn plain(path: &str, before: &str, of_2015: bool) -> Option<String> {
    let prefix = Service::ContainerInfra.prefix();
    let version = Service::ContainerInfra.version_path();
    let mut rest = below(path, prefix)?;
    // Clients strip scheme and host of a `next` link, and put the rest behind their endpoint.
    let inner = below(rest, version).unwrap_or(rest);
    if let Some(again) = inner
        .strip_prefix(before)
        .and_then(|inner| below(inner, prefix))
    {
        rest = again;
    }
    let rest = below(rest, version).unwrap_or(rest);
    if rest.trim_matches('/').is_empty() {
        return None;
    }
    let first = rest.trim_start_matches('/').split(['/', '.']).next()?;
    let rest = match rest.strip_suffix(".json") {
        Some(bare) if of_2015 && OF_2015.contains(&first) => bare,
        _ => rest,
    };
    Some(format!("{prefix}{version}{rest}"))
}

/// What follows the whole segment.
fn below<'a>(path: &'a str, segment: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(segment)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> String {
        plain(path, "", true).unwrap_or_else(|| path.to_owned())
    }

    #[test]
    fn the_version_may_be_left_out() {
        for (path, meant) in [
            ("/container-infra/bays", "/container-infra/v1/bays"),
            ("/container-infra/v1/bays", "/container-infra/v1/bays"),
            ("/container-infra/bays/v1", "/container-infra/v1/bays/v1"),
            ("/container-infra/v1bays", "/container-infra/v1/v1bays"),
            ("/container-infra/v1/v1", "/container-infra/v1/v1"),
            ("/container-infra/v2/bays", "/container-infra/v1/v2/bays"),
            ("/container-infra", "/container-infra"),
            ("/container-infra/", "/container-infra/"),
            ("/container-infra/v1", "/container-infra/v1"),
            ("/container-infra/v1/", "/container-infra/v1/"),
        ] {
            assert_eq!(of(path), meant, "{path}");
        }
    }

    #[test]
    fn a_next_link_behind_the_endpoint_leads_to_the_page() {
        for path in [
            "/container-infra/v1/container-infra/v1/bays",
            "/container-infra/container-infra/v1/bays",
            "/container-infra/v1/container-infra/bays",
        ] {
            assert_eq!(of(path), "/container-infra/v1/bays", "{path}");
        }
        let behind_proxy = "/container-infra/v1/os/container-infra/v1/bays";
        let found = plain(behind_proxy, "/os", false);
        assert_eq!(found.as_deref(), Some("/container-infra/v1/bays"));
        assert_eq!(
            of(behind_proxy),
            behind_proxy,
            "a prefix that is not ours is none"
        );
    }

    #[test]
    fn the_ending_json_is_of_2015_only() {
        let legacy = |path| plain(path, "", true).unwrap();
        assert_eq!(
            legacy("/container-infra/v1/bays.json"),
            "/container-infra/v1/bays"
        );
        assert_eq!(
            legacy("/container-infra/bays/b.json"),
            "/container-infra/v1/bays/b"
        );
        for path in [
            "/container-infra/v1/clusters/c.json",
            "/container-infra/v1/stats.json",
        ] {
            assert_eq!(legacy(path), path);
        }
        let present = plain("/container-infra/v1/bays/b.json", "", false).unwrap();
        assert_eq!(present, "/container-infra/v1/bays/b.json");
    }
}
