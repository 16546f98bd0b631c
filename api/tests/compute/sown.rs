//! The flavors that the stories' cloud begins with.

use store::compute::flavors::{self, Flavor};
use store::{Result, Tx};

/// Name, VCPUs, MiB of memory. Disk is 0: a container's layers are not bounded by its flavor.
const FLAVORS: [(&str, i32, i64); 6] = [
    ("m1.nano", 1, 64),
    ("m1.micro", 1, 128),
    ("m1.tiny", 1, 512),
    ("m1.small", 1, 2048),
    ("m1.medium", 2, 4096),
    ("m1.large", 4, 8192),
];

/// Makes them, with ids from 1 up.
pub fn flavors(tx: &mut Tx<'_>) -> Result<()> {
    for (number, (name, vcpus, ram_mb)) in (1..).zip(FLAVORS) {
        let flavor = Flavor {
            id: i32::to_string(&number),
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
