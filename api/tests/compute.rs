//! Stories of the compute API through the HTTP app: rows only, no conductor and no host.

#[cfg(test)]
#[path = "compute"]
mod stories {
    pub mod cloud;
    mod flavors;
    mod keypairs;
    mod servers;
}
