//! One suite for both databases: every test runs on SQLite, and on PostgreSQL when
//! `JEROBOAM_TEST_POSTGRES` holds the URL of a server (no database in it) on which databases may be made (the test
//! script always sets it).

#[cfg(test)]
mod suite {
    mod adopted;
    pub mod clusters;
    mod container_infra;
    pub mod database;
    mod history;
    mod images;
    mod lending;
    mod nodes;
    mod overlays;
    mod resizes;
    mod services;
    mod transactions;
    mod work;
}
