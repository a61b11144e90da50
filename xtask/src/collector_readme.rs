//! The README of a collector: what it declares, what its crate says of itself, and its sample configuration. The end-to-end
//! test that finds it stale compiles this file as well.

/// The text of it: `page` is what the exporter describes, `source` the file `src/lib.rs`, `sample` the file `sample.yml`.
pub(crate) fn collector_readme(page: &str, source: &str, sample: &str) -> String {
    // The documentation of the crate takes the place of its description, which is the paragraph below the title.
    let own = source.lines().map_while(|line| line.strip_prefix("//!"));
    let own = own.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let mut paragraphs: Vec<&str> = page.splitn(3, "\n\n").collect();
    if let Some(description) = paragraphs.get_mut(1) {
        *description = &own;
    }
    let declared = paragraphs.join("\n\n");
    format!("{declared}\n## Sample configuration\n\n```yaml\n{sample}```\n")
}
