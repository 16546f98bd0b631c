//! Identity: domains, projects, users, groups, roles and who has them, the catalog, and what a token
//! is checked against.
//!
//! Whoever changes who may do what, or what a token shows, calls [`epoch::advance`] in the same
//! transaction: that is what makes revocation immediate in every process.

pub mod application_credentials;
pub mod assignments;
pub mod catalog;
pub mod credentials;
pub mod domains;
pub mod epoch;
pub mod groups;
pub mod projects;
pub mod roles;
pub mod schema;
pub mod tokens;
pub mod users;
