//! Microversions: which one a request speaks, and the headers that say so in every answer
//! (contract `client-requirements.md` §3; container-infra's own: `magnum-v1.md` §3.2).

mod infra;

use crate::service::Service;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use schemas::{Error, Result};
use std::fmt;

/// `major.minor` of a service's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Microversion {
    /// The part that never changes within a service.
    pub major: u16,
    /// The part that grows with each change of the API.
    pub minor: u16,
}

impl Microversion {
    /// What services without microversions speak; every route without bounds is offered in it.
    pub const NONE: Microversion = Microversion { major: 0, minor: 0 };

    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Microversion { major, minor }
    }

    /// Parses `2.96`; `None` for anything else, also for `2.096` and `2`.
    pub fn parse(text: &str) -> Option<Microversion> {
        let (major, minor) = text.split_once('.')?;
        Some(Microversion {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    if plain && !padded {
        text.parse().ok()
    } else {
        None
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The microversions a service offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Used when the client asks for none.
    pub min: Microversion,
    /// Announced in the version document; `latest` means this.
    pub max: Microversion,
}

/// The microversion this request asks for.
pub fn requested(service: Service, headers: &HeaderMap) -> Result<Microversion> {
    let Some(range) = service.microversions() else {
        return Ok(Microversion::NONE);
    };
    if service == Service::ContainerInfra {
        return infra::requested(range, headers);
    }
    let Some(asked) = asked(service, headers)? else {
        return Ok(range.min);
    };
    if asked.eq_ignore_ascii_case("latest") {
        return Ok(range.max);
    }
    let version = Microversion::parse(&asked).ok_or_else(|| {
        Error::BadRequest(format!(
            "API Version String {asked:?} is of invalid format. It must be of format \
             MajorNum.MinorNum, or the word latest."
        ))
    })?;
    if version < range.min || version > range.max {
        return Err(Error::NotAcceptable(format!(
            "Version {version} is not supported by the API. Minimum is {} and maximum is {}.",
            range.min, range.max
        )));
    }
    Ok(version)
}

fn asked(service: Service, headers: &HeaderMap) -> Result<Option<String>> {
    for value in headers.get_all("openstack-api-version") {
        let Ok(value) = value.to_str() else {
            return Err(Error::BadRequest(
                "OpenStack-API-Version is not plain text.".into(),
            ));
        };
        for part in value.split(',') {
            let mut words = part.split_whitespace();
            let (Some(kind), version) = (words.next(), words.next()) else {
                continue;
            };
            if service
                .microversion_names()
                .iter()
                .any(|name| name.eq_ignore_ascii_case(kind))
            {
                return Ok(Some(version.unwrap_or_default().to_owned()));
            }
        }
    }
    if service != Service::Compute {
        return Ok(None);
    }
    let Some(value) = headers.get("x-openstack-nova-api-version") else {
        return Ok(None);
    };
    Ok(Some(value.to_str().unwrap_or("?").trim().to_owned()))
}

/// Names the version used in an answer's headers (those of the kind that were `sent`); the service's
/// lowest when the request's own was not acceptable.
pub fn announce(
    service: Service,
    version: Option<Microversion>,
    sent: &HeaderMap,
    headers: &mut HeaderMap,
) {
    let (Some(range), Some(name)) = (
        service.microversions(),
        service.microversion_names().first(),
    ) else {
        return;
    };
    let version = version.unwrap_or(range.min);
    let mut set = |header: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    };
    if service == Service::ContainerInfra && infra::of_2015(sent) {
        return infra::announce(version, set);
    }
    set("openstack-api-version", format!("{name} {version}"));
    if service == Service::Compute {
        set("x-openstack-nova-api-version", version.to_string());
        set(
            "vary",
            "OpenStack-API-Version, X-OpenStack-Nova-API-Version".into(),
        );
    } else {
        set(
            "openstack-api-minimum-version",
            format!("{name} {}", range.min),
        );
        set(
            "openstack-api-maximum-version",
            format!("{name} {}", range.max),
        );
        set(
            "vary",
            match service {
                Service::ContainerInfra => infra::VARY.into(),
                _ => "OpenStack-API-Version".into(),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
        headers
    }

    #[test]
    fn without_a_header_the_lowest_version_is_spoken() {
        let version = requested(Service::Compute, &HeaderMap::new()).unwrap();
        assert_eq!(version, Microversion::new(2, 1));
        let version = requested(
            Service::Image,
            &headers("openstack-api-version", "image 9.9"),
        );
        assert_eq!(version.unwrap(), Microversion::NONE);
    }

    #[test]
    fn both_headers_and_the_word_latest_are_understood() {
        let ask = |name, value| requested(Service::Compute, &headers(name, value)).unwrap();
        assert_eq!(ask("openstack-api-version", "compute 2.47").minor, 47);
        assert_eq!(
            ask("openstack-api-version", "image 1.0, compute 2.48").minor,
            48
        );
        assert_eq!(ask("x-openstack-nova-api-version", "2.53").minor, 53);
        assert_eq!(ask("openstack-api-version", "compute latest").minor, 96);
        let magnum = headers("openstack-api-version", "container-infra latest");
        assert_eq!(
            requested(Service::ContainerInfra, &magnum).unwrap().major,
            1
        );
    }

    #[test]
    fn out_of_range_is_406_and_malformed_is_400() {
        let ask = |value| requested(Service::Compute, &headers("openstack-api-version", value));
        assert!(matches!(
            ask("compute 2.9999"),
            Err(Error::NotAcceptable(_))
        ));
        assert!(matches!(ask("compute 3.1"), Err(Error::NotAcceptable(_))));
        for bad in [
            "compute two",
            "compute 2",
            "compute 2.01",
            "compute",
            "compute -1.2",
        ] {
            assert!(matches!(ask(bad), Err(Error::BadRequest(_))), "{bad}");
        }
    }
}
