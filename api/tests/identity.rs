//! Stories of identity, told through the API on a fresh cloud each.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in its helpers"
)]

#[path = "identity/harness.rs"]
mod harness;

#[path = "identity/application_credentials.rs"]
mod application_credentials;
#[path = "identity/assignments.rs"]
mod assignments;
#[path = "identity/catalog.rs"]
mod catalog;
#[path = "identity/credentials.rs"]
mod credentials;
#[path = "identity/login.rs"]
mod login;
#[path = "identity/people.rs"]
mod people;
#[path = "identity/policy.rs"]
mod policy;
#[path = "identity/projects.rs"]
mod projects;
#[path = "identity/revocation.rs"]
mod revocation;
