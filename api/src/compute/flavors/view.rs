//! A flavor as clients see it.

use crate::call::Call;
use crate::compute::call::minor;
use crate::compute::rules;
use crate::ctx::Caller;
use schemas::Result;
use serde_json::{Value, json};
use store::compute::flavors::Flavor;

/// How one caller sees flavors.
pub struct View {
    root: String,
    bookmark: String,
    minor: u16,
    extra_specs: bool,
}

impl View {
    /// As this call's microversion and rules have it.
    pub fn new(caller: &Caller) -> View {
        let call: &Call = caller;
        View {
            root: call.url("/flavors/"),
            bookmark: call.base().join("/compute/flavors/"),
            minor: minor(call),
            extra_specs: caller.check::<rules::ExtraSpecsIndex>(&caller.own()),
        }
    }

    /// In a list without details.
    pub fn short(&self, flavor: &Flavor) -> Result<Value> {
        let id = &flavor.id;
        let mut view = json!({
            "id": id,
            "name": flavor.name,
            "links": [
                { "rel": "self", "href": format!("{}{id}", self.root) },
                { "rel": "bookmark", "href": format!("{}{id}", self.bookmark) },
            ],
        });
        if self.minor >= 55 {
            view["description"] = json!(flavor.description);
        }
        Ok(view)
    }

    /// With everything.
    pub fn whole(&self, flavor: &Flavor) -> Result<Value> {
        let mut view = self.short(flavor)?;
        view["ram"] = flavor.ram_mb.into();
        view["disk"] = flavor.disk_gb.into();
        view["vcpus"] = flavor.vcpus.into();
        view["swap"] = match flavor.swap_mb {
            0 if self.minor < 75 => "".into(),
            swap => swap.into(),
        };
        view["rxtx_factor"] = flavor.rxtx_factor.into();
        view["OS-FLV-EXT-DATA:ephemeral"] = flavor.ephemeral_gb.into();
        view["OS-FLV-DISABLED:disabled"] = (flavor.disabled != 0).into();
        view["os-flavor-access:is_public"] = (flavor.is_public != 0).into();
        if self.minor >= 61 && self.extra_specs {
            let extra = flavor.extra().map_err(schemas::Error::internal)?;
            view["extra_specs"] = json!(extra);
        }
        Ok(view)
    }
}
