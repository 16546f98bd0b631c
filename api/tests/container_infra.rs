//! Stories of container infrastructure through the HTTP app: rows only, no conductor and no host.

#[cfg(test)]
#[path = "container_infra"]
mod stories {
    mod adopted;
    mod adopted_lists;
    mod adopted_nodes;
    mod adopted_renewed;
    mod api_server;
    mod bare_metal;
    mod bodies;
    mod bookkeeping;
    mod certificates;
    pub mod cloud;
    pub mod clusters;
    mod clusters_changed;
    mod clusters_shown;
    mod conducted;
    mod containers;
    mod containers_refused;
    mod eras;
    mod federations;
    mod guests;
    mod images_in_use;
    mod lists;
    mod nodegroups;
    mod operators;
    mod own_kubernetes;
    mod patches;
    pub mod pods;
    mod pods_changed;
    mod pods_refused;
    mod pods_shown;
    pub mod rcs;
    pub mod services;
    mod services_explained;
    mod services_numbered;
    pub mod sown;
    mod swarms;
    mod templates;
}
