//! Stories of identity, told through the API on a fresh cloud each.

#[path = "cloud/harness.rs"]
mod harness;

#[path = "cloud/application_credentials.rs"]
mod application_credentials;
#[path = "cloud/assignments.rs"]
mod assignments;
#[path = "cloud/catalog.rs"]
mod catalog;
#[path = "cloud/login.rs"]
mod login;
#[path = "cloud/people.rs"]
mod people;
#[path = "cloud/policy.rs"]
mod policy;
#[path = "cloud/projects.rs"]
mod projects;
#[path = "cloud/revocation.rs"]
mod revocation;
