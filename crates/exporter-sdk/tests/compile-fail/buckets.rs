//! Bounds of buckets in the wrong order.

use exporter_sdk::Buckets;

const LATENCIES: Buckets = Buckets::new(&[0.1, 1.0, 0.5]);

fn main() {
    println!("{LATENCIES:?}");
}
