//! What an exporter as a whole does or does not do.

use exporter_exposition::GzipMethod;

/// What a registry does besides running collectors.
#[derive(Clone, Copy, Debug)]
pub struct RegistryOptions {
    /// Whether pages carry the exporter's own metrics. How the run of each collector went is on them regardless, because
    /// it says how complete the page is.
    pub exporter_metrics: bool,
    /// Whether pages carry `exporter_collector_samples`, a series per collector. They do not without `exporter_metrics`.
    pub collector_samples: bool,
    /// Whether pages carry `node_exporter_build_info`, for dashboards that find hosts by it.
    pub node_build_info: bool,
    /// Whether scrapers that ask for OpenMetrics get it.
    pub openmetrics: bool,
    /// How pages are compressed for scrapers that take gzip; `None` for not at all.
    pub gzip: Option<GzipMethod>,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            exporter_metrics: true,
            collector_samples: false,
            node_build_info: false,
            openmetrics: false,
            gzip: Some(GzipMethod::default()),
        }
    }
}
