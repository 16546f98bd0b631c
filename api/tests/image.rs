//! The image service's stories, through the HTTP app in one process on SQLite.

#[cfg(test)]
mod image {
    mod agents;
    mod archive;
    mod cloud;
    mod crash;
    mod https;
    mod import;
    mod lists;
    mod metadata;
    mod sharing;
    mod transfer;
    mod upkeep;
}
