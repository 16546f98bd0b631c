//! The whole REST API: who may do what, and what hostile input does not do.

#![expect(clippy::unwrap_used, reason = "tests")]

mod api {
    mod hostile;
    mod routes;
    mod tenants;
    mod wire;
}
