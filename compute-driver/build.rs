//! Builds the program of pods' sandboxes (`pause/pause.rs`), which the crate carries as bytes: no
//! image of a stranger is needed to run a pod.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "pause/pause.rs";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-changed=build.rs");
    let out = Path::new(&env::var("OUT_DIR")?).join("pause");
    let target = env::var("TARGET")?;
    let known = ["x86_64", "aarch64"].contains(&env::var("CARGO_CFG_TARGET_ARCH")?.as_str());
    if !known || !target.contains("linux") {
        // The driver says so when a pod is asked for.
        return Ok(fs::write(out, [])?);
    }
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.args(["--edition=2024", "--crate-name=pause", "--crate-type=bin"]);
    rustc.args(["--target", &target, "-Copt-level=s", "-Cpanic=abort"]);
    rustc.args(["-Crelocation-model=static", "-Cstrip=symbols"]);
    for argument in ["-nostartfiles", "-static", "-no-pie", "-Wl,--build-id=none"] {
        rustc.arg(format!("-Clink-arg={argument}"));
    }
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    let status = rustc.arg("-o").arg(out).arg(SOURCE).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{SOURCE} cannot be built for {target}: {status}").into())
    }
}
