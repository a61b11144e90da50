//! A type that is registered, and is no collector.

use exporter_sdk::*;

struct Mine;

register!(Mine);

fn main() {}
