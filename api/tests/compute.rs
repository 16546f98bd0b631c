//! Stories of the compute API through the HTTP app: rows only, no conductor and no host.

#[cfg(test)]
#[path = "compute"]
mod stories {
    mod actions;
    pub mod cloud;
    mod flavors;
    mod groups;
    mod guests;
    mod keypairs;
    mod networks;
    mod operators;
    mod parts;
    mod quotas;
    mod servers;
    mod sown;
    mod usage;
    mod versions;
}
