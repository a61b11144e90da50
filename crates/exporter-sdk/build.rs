//! Cargo asks for a build script because of the `links` key, which keeps two versions of the SDK out of one binary.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(exporter_allow_panic_abort)");
}
