//! What an exporter as a whole does or does not do.

use exporter_exposition::GzipMethod;

/// What a registry does besides running collectors.
#[derive(Clone, Copy, Debug)]
pub struct RegistryOptions {
    /// Whether pages carry the exporter's own metrics. Success and duration of each collector are on them regardless,
    /// because they are the evidence of how complete the page is.
    pub exporter_metrics: bool,
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
            node_build_info: false,
            openmetrics: false,
            gzip: Some(GzipMethod::default()),
        }
    }
}
