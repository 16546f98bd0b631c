//! Container-infra's versions: the header of today, and the one of 2015, which knew 1.1 alone.

use super::{Microversion, Range};
use crate::service::Service;
use actix_web::http::header::HeaderMap;
use schemas::{Error, Result};

const PRESENT: &str = "openstack-api-version";
const OF_2015: &str = "x-openstack-magnum-api-version";

/// The headers that answers depend on.
pub(super) const VARY: &str = "OpenStack-API-Version, X-OpenStack-Magnum-API-Version";

/// Does the request speak by the header of 2015, and by that alone?
pub(super) fn of_2015(sent: &HeaderMap) -> bool {
    sent.contains_key(OF_2015) && !sent.contains_key(PRESENT)
}

/// The version this request asks for; without any header the lowest, whose answers the clients of
/// 2015 know.
pub(super) fn requested(range: Range, headers: &HeaderMap) -> Result<Microversion> {
    if headers.contains_key(PRESENT) {
        return present(range, headers);
    }
    let only = Range {
        max: range.min,
        ..range
    };
    match headers.get(OF_2015) {
        None => Ok(range.min),
        Some(value) => within(only, value.to_str().unwrap_or_default()),
    }
}

fn present(range: Range, headers: &HeaderMap) -> Result<Microversion> {
    let values = headers
        .get_all(PRESENT)
        .filter_map(|value| value.to_str().ok());
    let parts: Vec<(&str, &str)> = values
        .flat_map(|value| value.split(','))
        .map(|part| part.trim().split_once(' ').unwrap_or(("", part.trim())))
        .collect();
    let ours = |kind: &str| {
        let mut names = Service::ContainerInfra.microversion_names().iter();
        names.any(|name| name.eq_ignore_ascii_case(kind))
    };
    if let Some((_, version)) = parts.iter().find(|(kind, _)| ours(kind)) {
        return within(range, version);
    }
    // Whoever wants the latest gets it, whatever he calls the service.
    let latest = |(_, version): &(&str, &str)| version.trim().eq_ignore_ascii_case("latest");
    match parts.iter().any(latest) {
        true => Ok(range.max),
        false => Err(Error::NotAcceptable(
            "OpenStack-API-Version names no version of this service; write container-infra and a \
             version, such as container-infra 1.1."
                .into(),
        )),
    }
}

fn within(range: Range, text: &str) -> Result<Microversion> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("latest") {
        return Ok(range.max);
    }
    let version = Microversion::parse(text).ok_or_else(|| {
        Error::NotAcceptable(format!(
            "API version {text:?} is of invalid format: it is made of two numbers, such as 1.1, or \
             the word latest."
        ))
    })?;
    match version < range.min || version > range.max {
        true => Err(Error::NotAcceptable(format!(
            "Version {version} is not supported by the API. Minimum is {} and maximum is {}.",
            range.min, range.max
        ))),
        false => Ok(version),
    }
}

/// Answers as the servers of 2015 did.
pub(super) fn announce(version: Microversion, mut set: impl FnMut(&'static str, String)) {
    set(OF_2015, version.to_string());
    set(
        "x-openstack-magnum-api-minimum-version",
        version.to_string(),
    );
    set(
        "x-openstack-magnum-api-maximum-version",
        version.to_string(),
    );
    set("vary", VARY.into());
}

#[cfg(test)]
mod tests {
    use super::super::{announce, requested};
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn ask(pairs: &[(&'static str, &str)]) -> Result<u16> {
        requested(Service::ContainerInfra, &headers(pairs)).map(|version| version.minor)
    }

    fn newest() -> u16 {
        Service::ContainerInfra.microversions().unwrap().max.minor
    }

    #[test]
    fn each_generation_asks_in_its_own_way() {
        assert_eq!(ask(&[]), Ok(1));
        for (value, minor) in [
            ("container-infra 1.7", 7),
            ("container-infrastructure 1.8", 8),
            ("container-infrastructure-management 1.9", 9),
            ("compute 2.1, container-infra 1.5", 5),
            ("container-infra latest", newest()),
            ("container-infra LATEST", newest()),
            ("anything latest", newest()),
            ("latest", newest()),
        ] {
            assert_eq!(ask(&[(PRESENT, value)]), Ok(minor), "{value}");
        }
        for value in ["1.1", "latest", "Latest"] {
            assert_eq!(ask(&[(OF_2015, value)]), Ok(1), "{value}");
        }
        let both = [(OF_2015, "1.1"), (PRESENT, "container-infra 1.4")];
        assert_eq!(ask(&both), Ok(4));
    }

    #[test]
    fn whatever_else_is_asked_for_is_406() {
        for value in [
            "container-infra 1.99",
            "container-infra 1.0",
            "container-infra 2.1",
            "container-infra one",
            "container-infra 1",
            "container-infra",
            "container-infra ",
            "compute 2.1",
            "1.1",
            "",
        ] {
            let refused = ask(&[(PRESENT, value)]);
            assert!(matches!(refused, Err(Error::NotAcceptable(_))), "{value}");
        }
        for value in ["1.2", "2.1", "container-infra 1.1", ""] {
            let refused = ask(&[(OF_2015, value)]);
            assert!(matches!(refused, Err(Error::NotAcceptable(_))), "{value}");
        }
    }

    #[test]
    fn an_answer_has_the_headers_of_its_request() {
        let told = |pairs: &[(&'static str, &str)]| {
            let mut answer = HeaderMap::new();
            let version = Some(Microversion::new(1, 1));
            announce(
                Service::ContainerInfra,
                version,
                &headers(pairs),
                &mut answer,
            );
            let mut names: Vec<String> = answer.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(
            told(&[(OF_2015, "1.1")]),
            [
                "vary",
                "x-openstack-magnum-api-maximum-version",
                "x-openstack-magnum-api-minimum-version",
                OF_2015,
            ]
        );
        for pairs in [&[][..], &[(PRESENT, "container-infra 1.1")]] {
            assert_eq!(
                told(pairs),
                [
                    "openstack-api-maximum-version",
                    "openstack-api-minimum-version",
                    PRESENT,
                    "vary",
                ]
            );
        }
    }
}
