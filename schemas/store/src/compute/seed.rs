//! What a new cloud begins with.

use super::flavors::{self, Flavor, Sight};
use crate::{Result, Tx};

/// Name, VCPUs, MiB of memory. Disk is 0: a container's layers are not bounded by its flavor.
const FLAVORS: [(&str, i32, i64); 6] = [
    ("m1.nano", 1, 64),
    ("m1.micro", 1, 128),
    ("m1.tiny", 1, 512),
    ("m1.small", 1, 2048),
    ("m1.medium", 2, 4096),
    ("m1.large", 4, 8192),
];

/// Makes the default flavors that are missing, with ids from 1 up. Runs again without harm; a
/// flavor an operator made under one of the names or ids stays as it is.
pub fn seed(tx: &mut Tx<'_>) -> Result<()> {
    let there = flavors::list(tx, &Sight::All, &flavors::Filter::default())?;
    for (number, (name, vcpus, ram_mb)) in (1..).zip(FLAVORS) {
        let id = number.to_string();
        if there
            .iter()
            .any(|flavor| flavor.id == id || flavor.name == name)
        {
            continue;
        }
        let flavor = Flavor {
            id,
            name: name.into(),
            vcpus,
            ram_mb,
            disk_gb: 0,
            ephemeral_gb: 0,
            swap_mb: 0,
            rxtx_factor: 1.0,
            is_public: 1,
            disabled: 0,
            description: None,
            extra_specs: "{}".into(),
            created_at: tx.now().0,
            updated_at: None,
        };
        flavors::insert(tx, &flavor)?;
    }
    Ok(())
}
