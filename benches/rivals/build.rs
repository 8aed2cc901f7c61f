//! Compiles the shim to DPDK, where DPDK is: then `have_dpdk` is set. Where it is not, the rest is built all the same.

use pkg_config::{Config, Library};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shims");
    println!("cargo::rustc-check-cfg=cfg(have_dpdk)");
    // The first version in which a thread of the caller's own can have a mempool's cache.
    let found = Config::new()
        .atleast_version("20.11")
        .cargo_metadata(false)
        .probe("libdpdk");
    let Ok(dpdk) = found else { return };
    match compile(&dpdk) {
        Ok(()) => {
            link(&dpdk);
            println!("cargo::rustc-cfg=have_dpdk");
        }
        Err(why) => println!("cargo::warning=DPDK is here, but not compiled against: {why}"),
    }
}

fn compile(dpdk: &Library) -> Result<(), cc::Error> {
    let mut shim = cc::Build::new();
    shim.file("shims/dpdk.c").opt_level(3).extra_warnings(true);
    // Not our headers, so not our warnings.
    for path in &dpdk.include_paths {
        shim.flag("-isystem").flag(path);
    }
    // What its own description asks for: its headers use SSSE3.
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64") {
        shim.flag("-march=corei7");
    }
    shim.try_compile("dpdk_shim")
}

/// Of its many libraries those that the shim calls.
fn link(dpdk: &Library) {
    for path in &dpdk.link_paths {
        println!("cargo::rustc-link-search=native={}", path.display());
    }
    for library in ["rte_mempool", "rte_ring", "rte_eal"] {
        println!("cargo::rustc-link-lib={library}");
    }
}
