//! The whole REST API: who may do what, and what hostile input does not do.

#![expect(clippy::unwrap_used, reason = "tests")]

/// Tests that run on SQLite, and on PostgreSQL where `JEROBOAM_TEST_POSTGRES` names a server.
macro_rules! on_each_engine {
    ($($name:ident)+) => {
        mod on_sqlite {$(
            #[actix_web::test]
            async fn $name() {
                super::$name(super::Engine::Sqlite).await;
            }
        )+}
        mod on_postgres {$(
            #[actix_web::test]
            async fn $name() {
                if super::Engine::offered().contains(&super::Engine::Postgres) {
                    super::$name(super::Engine::Postgres).await;
                }
            }
        )+}
    };
}

mod api {
    mod archives;
    mod bounds;
    mod hostile;
    mod routes;
    mod tenants;
    mod wire;
}
