//! The configuration file: what its keys are, and how it becomes [`Settings`].
//!
//! Flags were laid over the tree before it comes here, so that there is one way to read a value and one set of messages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_config::{
    Key, KeyDoc, Node, NodeValue, Origin, Problem, check_keys, document_keys, mask_secrets,
    read_as, read_with, rename_keys, resolve_secrets, restore_text, unknown_name,
};
use exporter_sdk::{ByteSize, HumanDuration, Paths, ScrapeDefaults, Secret, names};
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalog::{Catalog, CollectorType};
use crate::configuration_schema::rebase;
use crate::settings::{
    CollectorSettings, DuplicatePolicy, FailurePolicy, ScrapeSettings, Settings, WebSettings,
};

/// The keys under `scrape`: how collectors are run.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScrapeKeys {
    /// How long a run may take, and how long a request waits that says nothing of its own. 10s without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<HumanDuration>,
    /// How often a collector runs at most; in between, and while it runs again, its last samples are served. 0s without it:
    /// at every scrape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_interval: Option<HumanDuration>,
    /// How often a collector runs in the background, scraped or not, so that no scrape waits for it. 0s without it: not in
    /// the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh: Option<HumanDuration>,
    /// How many samples a run may have. No limit without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample_limit: Option<u64>,
    /// How much memory the samples of a run may take. 256MiB without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) byte_limit: Option<ByteSize>,
    /// What a failure does to the page: `partial` leaves out the collector's samples, `fail` answers with status 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_policy: Option<FailurePolicy>,
    /// What becomes of samples that are one series: `keep_first` drops all but the first, `fail` fails the collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duplicates: Option<DuplicatePolicy>,
}

/// The keys under the top-level `scrape`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GlobalScrapeKeys {
    /// How much earlier than its scraper's time-out a page is sent, at most; never more than a tenth of that. 500ms
    /// without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_offset: Option<HumanDuration>,
    #[serde(flatten)]
    pub(crate) all: ScrapeKeys,
}

/// The keys under `web`: what the shared format of `--web.config.file` has no keys for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebKeys {
    /// Tokens, each of which opens every page in a header `Authorization: Bearer TOKEN`; best as `file: PATH` or `env: NAME`.
    pub(crate) bearer_tokens: Vec<Secret>,
    /// Paths that are answered without authentication, such as `/-/healthy` and `/-/ready`; without `--web.route-prefix`.
    pub(crate) unauthenticated_paths: Vec<String>,
}

/// The keys under `scrape` of each collector, as documentation and flags need them.
pub fn document_scrape_keys() -> Vec<KeyDoc> {
    let mut keys = document_keys(&schema_for!(ScrapeKeys));
    for key in &mut keys {
        key.path.insert(0, "scrape".to_owned());
    }
    keys
}

/// The longest time that makes sense in a scrape.
pub(crate) const LONGEST: Duration = Duration::from_hours(24);

const TOP: [&str; 4] = ["collectors", "paths", "scrape", "web"];

/// Reads a configuration, `tree`, which flags were laid over. `folder` is where relative paths of secrets begin.
///
/// # Errors
///
/// For the first mistake: a key that does not exist, a collector that is not linked, a value of the wrong form.
pub fn read_settings(
    mut tree: Node,
    folder: &Path,
    catalog: &Catalog,
) -> Result<Settings, Problem> {
    for (key, _) in tree.entries().unwrap_or_default() {
        if !TOP.contains(&key.name.as_str()) {
            let message = unknown_name("key", &key.name, &TOP);
            return Err(Problem::new(key.origin.clone(), "", &message));
        }
    }
    let mut settings = Settings::default();
    if let Some((_, mut scrape)) = tree.remove("scrape") {
        if let Some((_, offset)) = scrape.remove("timeout_offset") {
            settings.timeout_offset = read_as::<HumanDuration>(&offset, "scrape.timeout_offset")?.0;
        }
        settings.scrape = read_scrape(&scrape, "scrape", &settings.scrape)?;
    }
    if let Some((_, mut paths)) = tree.remove("paths") {
        settings.paths = read_paths(&mut paths)?;
    }
    if let Some((_, mut web)) = tree.remove("web") {
        settings.web = Arc::new(read_web(&mut web, folder)?);
    }
    if let Some((_, collectors)) = tree.remove("collectors") {
        let entries = map(collectors, "collectors")?;
        for (key, node) in entries {
            let collector = read_collector(&key, node, folder, catalog, &settings.scrape)?;
            settings.collectors.insert(key.name, collector);
        }
    }
    Ok(settings)
}

fn read_paths(node: &mut Node) -> Result<Paths, Problem> {
    let schema = schema_for!(Paths);
    restore_text(node, &schema);
    check_keys(node, &schema, "paths")?;
    let empty = |node: &Node| matches!(&node.value, NodeValue::Text(text) if text.is_empty());
    let mut entries = node.entries().unwrap_or_default().iter();
    if let Some((key, node)) = entries.find(|(_, node)| empty(node)) {
        let message = "it is empty; write the path of a folder, or leave it out for the usual one";
        return Err(Problem::new(node.origin.clone(), &format!("paths.{}", key.name), message));
    }
    read_as(node, "paths")
}

fn map(node: Node, path: &str) -> Result<Vec<(Key, Node)>, Problem> {
    match node.value {
        NodeValue::Map(entries) => Ok(entries),
        NodeValue::Null => Ok(Vec::new()),
        _ => Err(Problem::new(node.origin, path, "expected a map of keys")),
    }
}

fn read_scrape(node: &Node, path: &str, base: &ScrapeSettings) -> Result<ScrapeSettings, Problem> {
    let schema =
        if path == "scrape" { schema_for!(GlobalScrapeKeys) } else { schema_for!(ScrapeKeys) };
    check_keys(node, &schema, path)?;
    let keys: ScrapeKeys = read_as(node, path)?;
    let problem = |key: &str, message: &str| {
        let origin = node.get(key).map_or(&node.origin, |value| &value.origin);
        Err(Problem::new(origin.clone(), &format!("{path}.{key}"), message))
    };
    if keys.timeout.as_ref().is_some_and(|timeout| timeout.0.is_zero()) {
        return problem("timeout", "a run needs some time; write more than 0s");
    }
    let times = [
        ("timeout", &keys.timeout),
        ("min_interval", &keys.min_interval),
        ("refresh", &keys.refresh),
    ];
    for (key, value) in times {
        if value.as_ref().is_some_and(|value| value.0 > LONGEST) {
            return problem(key, "longer than anybody waits; write 1d at most");
        }
    }
    if keys.sample_limit == Some(0) {
        let message = "every run would fail; write 1 or more, or leave it out for no limit";
        return problem("sample_limit", message);
    }
    let duration = |key: Option<HumanDuration>, base: Duration| key.map_or(base, |key| key.0);
    Ok(ScrapeSettings {
        timeout: duration(keys.timeout, base.timeout),
        min_interval: duration(keys.min_interval, base.min_interval),
        refresh: duration(keys.refresh, base.refresh),
        sample_limit: keys.sample_limit.or(base.sample_limit),
        byte_limit: keys.byte_limit.map_or(base.byte_limit, |size| size.0),
        failure_policy: keys.failure_policy.unwrap_or(base.failure_policy),
        duplicates: keys.duplicates.unwrap_or(base.duplicates),
    })
}

fn read_web(node: &mut Node, folder: &Path) -> Result<WebSettings, Problem> {
    let schema = schema_for!(WebKeys);
    restore_text(node, &schema);
    check_keys(node, &schema, "web")?;
    let secrets = resolve_secrets(node, &schema, "web", folder)?;
    let WebKeys { bearer_tokens, unauthenticated_paths } = read_as(node, "web")?;
    let problem = |key: &str, index: usize, message: &str| {
        let item = node.get(key).and_then(|list| match &list.value {
            NodeValue::List(items) => items.get(index),
            _ => None,
        });
        let origin = item.map_or(&node.origin, |item| &item.origin);
        Err(Problem::new(origin.clone(), &format!("web.{key}[{index}]"), message))
    };
    for (index, token) in bearer_tokens.iter().enumerate() {
        let token = token.expose();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "a token is one or more visible ASCII characters, without blanks";
            return problem("bearer_tokens", index, message);
        }
    }
    for (index, path) in unauthenticated_paths.iter().enumerate() {
        if !path.starts_with('/') {
            return problem(
                "unauthenticated_paths",
                index,
                "a path begins with a slash, `/-/healthy`",
            );
        }
    }
    Ok(WebSettings { bearer_tokens, unauthenticated_paths, secrets })
}

fn read_collector(
    key: &Key,
    node: Node,
    folder: &Path,
    catalog: &Catalog,
    scrape: &ScrapeSettings,
) -> Result<CollectorSettings, Problem> {
    let kind = find(key, catalog)?;
    let path = collector_path(&key.name);
    let mut config = Node::empty(node.origin.clone());
    if config.origin != key.origin && matches!(node.value, NodeValue::Null) {
        config.origin = key.origin.clone();
    }
    config.value = NodeValue::Map(map(node, &path)?);
    let mut said = CollectorSettings::default();
    if let Some((_, enabled)) = config.remove("enabled") {
        said.enabled = Some(read_as(&enabled, &format!("{path}.enabled"))?);
    } else if matches!(key.origin, Origin::File { .. }) {
        // Who writes of a collector wants it. A flag for one of its keys may only be there in case.
        said.enabled = Some(true);
    }
    if let Some((_, own)) = config.remove("scrape") {
        let base = scrape.with_defaults_of(kind);
        said.scrape = Some(read_scrape(&own, &format!("{path}.scrape"), &base)?);
    }
    for renamed in rename_keys(&mut config, &kind.schema(), &path)? {
        let (key, name, place) = (renamed.path, renamed.name, renamed.origin);
        tracing::warn!(%place, "The key {key} is deprecated and called {name} now");
    }
    restore_text(&mut config, &kind.schema());
    check_keys(&config, &with_common_keys(kind.schema()), &path)?;
    said.secrets = resolve_secrets(&mut config, &kind.schema(), &path, folder)?;
    said.config = Some(config);
    Ok(said)
}

/// The collector that a key under `collectors` means.
fn find<'a>(key: &Key, catalog: &'a Catalog) -> Result<&'a CollectorType, Problem> {
    let problem = |message: &str| Err(Problem::new(key.origin.clone(), "collectors", message));
    let base = key.name.split_once('@').map_or(key.name.as_str(), |(base, _)| base);
    let Some(kind) = catalog.get(base) else {
        let linked: Vec<&str> = catalog.iter().map(CollectorType::name).collect();
        let unknown = unknown_name("collector", base, &linked);
        return problem(&format!(
            "{unknown}; collectors are chosen at build time: `cargo build --features NAME`, or `use collector_NAME as _;` in a main.rs of your own"
        ));
    };
    if key.name.contains('@') && names::split_instance(&key.name).is_none() {
        return problem(&format!(
            "`{}` is not the name of an instance: write `{base}@NAME` with a NAME of lower-case letters, digits, `_` and `-`",
            key.name
        ));
    }
    Ok(kind)
}

/// The key path of a collector.
pub(crate) fn collector_path(name: &str) -> String {
    format!("collectors.{name}")
}

/// The schema of what stands under a collector's name: its own keys, and those that the exporter reads.
pub(crate) fn with_common_keys(mut schema: Schema) -> Schema {
    let mut scrape = schema_for!(ScrapeKeys).to_value();
    // Its definitions move up beside those of the collector, under names that no type has.
    let definitions = scrape.as_object_mut().and_then(|scrape| scrape.remove("$defs"));
    rebase(&mut scrape, "#/$defs/exporter.");
    let enabled = json!({
        "type": "boolean",
        "description": "Whether it runs. A collector that is named in this file does, unless this says no.",
    });
    let object = schema.ensure_object();
    if let Some(properties) =
        object.entry("properties").or_insert_with(|| json!({})).as_object_mut()
    {
        properties.insert("enabled".to_owned(), enabled);
        properties.insert("scrape".to_owned(), scrape);
    }
    if let Some(all) = object.entry("$defs").or_insert_with(|| json!({})).as_object_mut()
        && let Some(Value::Object(definitions)) = definitions
    {
        all.extend(
            definitions.into_iter().map(|(name, schema)| (format!("exporter.{name}"), schema)),
        );
    }
    schema
}

/// The configuration in force, every default filled in and every secret masked: what the `config` command prints. It can
/// be used as a configuration file, but for the secrets.
///
/// # Errors
///
/// When the configuration of a collector does not have the right form.
pub fn effective_configuration(catalog: &Catalog, settings: &Settings) -> Result<Value, Problem> {
    let mut collectors = serde_json::Map::new();
    for kind in catalog.iter().filter(|kind| !settings.is_enabled(kind)) {
        collectors.insert(kind.name().to_owned(), json!({"enabled": false}));
    }
    for enabled in settings.enabled(catalog) {
        let (name, kind) = (enabled.name, enabled.kind);
        let mut own = effective_configuration_of(kind, name, &settings.config(name))?;
        if let Some(own) = own.as_object_mut() {
            own.insert("enabled".to_owned(), true.into());
            let said = settings.collectors.get(name).is_some_and(|said| said.scrape.is_some());
            if said || kind.scrape() != ScrapeDefaults::new() {
                own.insert("scrape".to_owned(), json!(keys_of(&settings.scrape_of(name, kind))));
            }
        }
        collectors.insert(name.to_owned(), own);
    }
    let mut scrape = json!(keys_of(&settings.scrape));
    scrape["timeout_offset"] = json!(HumanDuration(settings.timeout_offset));
    let WebSettings { bearer_tokens, unauthenticated_paths, .. } = (*settings.web).clone();
    // Serialized, a secret is hidden.
    let web = WebKeys { bearer_tokens, unauthenticated_paths };
    Ok(json!({"scrape": scrape, "paths": settings.paths, "web": web, "collectors": collectors}))
}

/// That of one collector, its own keys only.
pub(crate) fn effective_configuration_of(
    kind: &CollectorType,
    name: &str,
    node: &Node,
) -> Result<Value, Problem> {
    let mut own = read_with(node, &collector_path(name), |config| kind.effective(config))?;
    mask_secrets(&mut own, &kind.schema());
    Ok(own)
}

fn keys_of(scrape: &ScrapeSettings) -> ScrapeKeys {
    ScrapeKeys {
        timeout: Some(HumanDuration(scrape.timeout)),
        min_interval: Some(HumanDuration(scrape.min_interval)),
        refresh: Some(HumanDuration(scrape.refresh)),
        sample_limit: scrape.sample_limit,
        byte_limit: Some(ByteSize(scrape.byte_limit)),
        failure_policy: Some(scrape.failure_policy),
        duplicates: Some(scrape.duplicates),
    }
}
