//! The page at `/`: what this is and where its metrics are.

use exporter_runtime::Registry;

use crate::site::WebOptions;

pub(crate) fn render(options: &WebOptions, registry: &Registry) -> String {
    let (name, version) = (escape(&options.name), escape(&options.version));
    let path = escape(&options.telemetry_path);
    let mut collectors: String =
        registry.collectors().iter().map(|name| format!("<li>{}</li>\n", escape(name))).collect();
    if collectors.is_empty() {
        collectors.push_str("<li>none</li>\n");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}</title>\n</head>\n<body>\n\
         <h1>{name}</h1>\n<p>A Prometheus exporter, version {version}.</p>\n\
         <p><a href=\"{path}\">Metrics</a></p>\n<h2>Collectors</h2>\n<ul>\n{collectors}</ul>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
