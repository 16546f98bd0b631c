//! `/v3/role_assignments`.

use super::Reference;
use serde::Serialize;

/// One assignment as shown.
#[derive(Clone, Debug, Serialize)]
pub struct Assignment {
    /// The role.
    pub role: Object,
    /// Who has it, when a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Object>,
    /// Who has it, when a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Object>,
    /// Where.
    pub scope: Scope,
    /// Where it comes from.
    pub links: Links,
}

/// A reference, with names when they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Object {
    /// Id.
    pub id: String,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The domain that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Reference>,
}

/// Where an assignment counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scope {
    /// On a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Object>,
    /// On a domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Object>,
    /// On the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<super::token::System>,
    /// `projects`: on what is below, not on the target itself.
    #[serde(
        rename = "OS-INHERIT:inherited_to",
        skip_serializing_if = "Option::is_none"
    )]
    pub inherited_to: Option<&'static str>,
}

/// Where an assignment comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Links {
    /// The grant.
    pub assignment: String,
    /// The group membership it came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<String>,
}
