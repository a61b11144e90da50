//! An exporter of its own, as one outside this repository would be: its collectors register themselves, and `main` is one
//! call. They produce load (`bulk`) or misbehave, so that the tests can see what the exporter makes of it.

#![forbid(unsafe_code)]

mod bulk;
mod emit;
mod kinds;
mod misbehave;
mod partial;
mod secret;
mod service;

fn main() -> std::process::ExitCode {
    exporter_app::main()
}
