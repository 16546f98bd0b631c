//! Identity: Keystone's v3 API, and of v2.0 as much as the oldest clients need to log in.

mod application_credentials;
mod auth;
pub mod bootstrap;
pub mod catalog;
mod common;
mod credentials;
mod domains;
mod endpoints;
mod grants;
mod groups;
mod implied_roles;
mod limits;
mod listing;
mod own;
pub mod password;
mod project_tags;
mod projects;
mod regions;
mod role_assignments;
mod roles;
pub mod rules;

mod services;
pub mod token;
mod users;

use crate::route::Route;

/// The routes of identity.
pub fn routes() -> Vec<Route> {
    [
        auth::routes(),
        own::routes(),
        domains::routes(),
        projects::routes(),
        project_tags::routes(),
        users::routes(),
        groups::routes(),
        roles::routes(),
        implied_roles::routes(),
        grants::routes(),
        role_assignments::routes(),
        application_credentials::routes(),
        regions::routes(),
        services::routes(),
        endpoints::routes(),
        credentials::routes(),
        limits::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
