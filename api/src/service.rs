//! The services behind the one listener: their prefixes, catalog types and microversions.

use crate::microversion::{Microversion, Range};

/// Which OpenStack service a path belongs to; decides the error envelope and the version headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Keystone.
    Identity,
    /// Glance.
    Image,
    /// Nova.
    Compute,
    /// Neutron.
    Network,
    /// Heat.
    Orchestration,
    /// Magnum.
    ContainerInfra,
    /// Zun.
    Container,
    /// What is no OpenStack service: health, metrics, the dashboard, unknown paths.
    Platform,
}

impl Service {
    /// Every service that has a prefix. `ContainerInfra` stands before `Container`, whose prefix
    /// begins its own.
    pub const ALL: [Service; 7] = [
        Service::Identity,
        Service::Image,
        Service::Compute,
        Service::Network,
        Service::Orchestration,
        Service::ContainerInfra,
        Service::Container,
    ];

    /// The type in the catalog, in access rules and in metrics.
    pub fn kind(self) -> &'static str {
        match self {
            Service::Identity => "identity",
            Service::Image => "image",
            Service::Compute => "compute",
            Service::Network => "network",
            Service::Orchestration => "orchestration",
            Service::ContainerInfra => "container-infra",
            Service::Container => "container",
            Service::Platform => "platform",
        }
    }

    /// Where the service is mounted; the empty text for the platform.
    pub fn prefix(self) -> &'static str {
        match self {
            Service::Identity => "/identity",
            Service::Image => "/image",
            Service::Compute => "/compute",
            Service::Network => "/network",
            Service::Orchestration => "/orchestration",
            Service::ContainerInfra => "/container-infra",
            Service::Container => "/container",
            Service::Platform => "",
        }
    }

    /// What stands between the prefix and a resource's path.
    pub fn version_path(self) -> &'static str {
        match self {
            Service::Identity => "/v3",
            Service::Image => "/v2",
            Service::Compute => "/v2.1",
            Service::Network => "/v2.0",
            Service::Orchestration | Service::ContainerInfra | Service::Container => "/v1",
            Service::Platform => "",
        }
    }

    /// The service a path belongs to.
    pub fn of_path(path: &str) -> Service {
        Service::ALL
            .into_iter()
            .find(|service| {
                path.strip_prefix(service.prefix())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .unwrap_or(Service::Platform)
    }

    /// The microversions the service offers, when it has any. The highest is a promise: clients
    /// use it at once (contract `client-requirements.md` §3).
    pub fn microversions(self) -> Option<Range> {
        let range = |major, min, max| Range {
            min: Microversion::new(major, min),
            max: Microversion::new(major, max),
        };
        match self {
            Service::Compute => Some(range(2, 1, 96)),
            Service::Container => Some(range(1, 1, 40)),
            Service::ContainerInfra => Some(range(1, 1, 14)),
            _ => None,
        }
    }

    /// What `WHAT` is called in `OpenStack-API-Version: WHAT 1.2`; the first is used in answers.
    pub fn microversion_names(self) -> &'static [&'static str] {
        match self {
            Service::ContainerInfra => &[
                "container-infrastructure-management",
                "container-infrastructure",
                "container-infra",
            ],
            Service::Compute => &["compute"],
            Service::Container => &["container"],
            _ => &[],
        }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_the_service_of_its_whole_first_segment() {
        assert_eq!(
            Service::of_path("/container-infra/v1"),
            Service::ContainerInfra
        );
        assert_eq!(Service::of_path("/container/v1"), Service::Container);
        assert_eq!(Service::of_path("/image"), Service::Image);
        assert_eq!(Service::of_path("/images"), Service::Platform);
        assert_eq!(Service::of_path("/"), Service::Platform);
    }
}
