//! Keys against schemas, as schemars makes them of the types that authors write.

use std::collections::HashMap;

use exporter_config::{Node, check_keys};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Config {
    device_exclude: Option<String>,
    device_include: Option<String>,
    tls: Option<Tls>,
    targets: HashMap<String, Target>,
    ports: HashMap<u16, Target>,
    rules: Vec<Rule>,
    pair: (Tls, u64),
    nothing: Nothing,
    anything: Value,
    action: Action,
    tagged: Tagged,
    either: Either,
    #[serde(flatten)]
    common: Common,
    list: List,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Tls {
    /// Referred to, so that the reference has a sibling.
    ca: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Target {
    url: String,
    tls: Option<Tls>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Rule {
    name: String,
    inner: Vec<Self>,
}

#[derive(JsonSchema)]
struct Nothing {}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only the schema of it is used")]
enum Action {
    Keep,
    Drop { reason: String },
    Call(Tls),
}

#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only the schema of it is used")]
enum Tagged {
    Http { url: String, method: Option<String> },
    Icmp { size: u64 },
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the schema of it is used")]
enum Either {
    Name(String),
    Target(Target),
    Rule(Rule),
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Common {
    port: u16,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct List {
    value: u64,
    next: Option<Box<List>>,
}

fn check(text: &str) -> Result<(), String> {
    let node = Node::parse("exporter.yml", text).unwrap();
    check_keys(&node, &schema_for!(Config), "c").map_err(|problem| problem.to_string())
}

#[track_caller]
fn refused(text: &str, message: &str) {
    assert_eq!(check(text), Err(message.to_owned()));
}

#[test]
fn what_a_type_knows_is_allowed() {
    let text = "
device_exclude: x
tls: {ca: x}
targets: {a: {url: x, tls: {ca: x}}, b: ~}
ports: {80: {url: x}}
rules: [{name: x, inner: [{name: y}]}]
pair: [{ca: x}, 1]
nothing: {}
anything: {goes: [{here: 1}]}
action: {drop: {reason: x}}
tagged: {type: http, url: x, method: y}
either: {url: x}
port: 1
list: {value: 1, next: {value: 2, next: ~}}
";
    assert_eq!(check(text), Ok(()));
    for other in [
        "action: keep",
        "action: {call: {ca: x}}",
        "either: x",
        "tls: ~",
        "tls:",
        "tagged: {type: icmp, size: 1}",
    ] {
        assert_eq!(check(other), Ok(()), "{other}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_what_is_near() {
    let node = Node::parse("exporter.yml", "tls:\n  ca: x\n  crt: y\n").unwrap();
    let problem = check_keys(node.get("tls").unwrap(), &schema_for!(Tls), "web.tls").unwrap_err();
    assert_eq!(problem.to_string(), "exporter.yml:3:3: web.tls.crt: unknown key (allowed: `ca`)");
    let all = "`action`, `anything`, `device_exclude`, `device_include`, `either`, `list`, `nothing`, `pair`, `port`, \
               `ports`, `rules`, `tagged`, `targets`, `tls`";
    refused(
        "device_exclud: x",
        &format!(
            "exporter.yml:1:1: c.device_exclud: unknown key; did you mean `device_exclude`? (allowed: {all})"
        ),
    );
    refused(
        "nothing: {a: 1}",
        "exporter.yml:1:11: c.nothing.a: unknown key; no keys are allowed here",
    );
}

#[test]
fn keys_inside_lists_maps_options_and_tuples_are_checked() {
    refused("tls: {a: 1}", "exporter.yml:1:7: c.tls.a: unknown key (allowed: `ca`)");
    refused(
        "targets: {a.b: {urls: x}}",
        "exporter.yml:1:17: c.targets[\"a.b\"].urls: unknown key; did you mean `url`? (allowed: `tls`, `url`)",
    );
    refused(
        "ports: {80: {x: y}}",
        "exporter.yml:1:14: c.ports.80.x: unknown key (allowed: `tls`, `url`)",
    );
    refused(
        "rules: [{name: a}, {inner: [{nam: x}]}]",
        "exporter.yml:1:30: c.rules[1].inner[0].nam: unknown key; did you mean `name`? (allowed: `inner`, `name`)",
    );
    refused("pair: [{x: y}, 1]", "exporter.yml:1:9: c.pair[0].x: unknown key (allowed: `ca`)");
    refused(
        "list: {next: {next: {vale: 1}}}",
        "exporter.yml:1:22: c.list.next.next.vale: unknown key; did you mean `value`? (allowed: `next`, `value`)",
    );
}

#[test]
fn the_variant_of_an_enum_decides_which_keys_there_are() {
    refused(
        "action: {drop: {reasons: x}}",
        "exporter.yml:1:17: c.action.drop.reasons: unknown key; did you mean `reason`? (allowed: `reason`)",
    );
    refused(
        "action: {dropp: {}}",
        "exporter.yml:1:10: c.action.dropp: unknown key; did you mean `drop`? (allowed: `call`, `drop`)",
    );
    refused(
        "tagged: {type: http, ulr: x}",
        "exporter.yml:1:22: c.tagged.ulr: unknown key; did you mean `url`? (allowed: `method`, `type`, `url`)",
    );
    refused(
        "tagged: {type: icmp, url: x}",
        "exporter.yml:1:22: c.tagged.url: unknown key (allowed: `size`, `type`)",
    );
    refused(
        "either: {urls: x}",
        "exporter.yml:1:10: c.either.urls: unknown key; did you mean `url`? (allowed: `inner`, `name`, `tls`, `url`)",
    );
}

#[test]
fn the_first_in_the_file_is_told() {
    refused(
        "nothing: {b: 1}\ntls: {a: 1}\nx: 1",
        "exporter.yml:1:11: c.nothing.b: unknown key; no keys are allowed here",
    );
}

#[test]
fn a_value_of_the_wrong_type_is_left_to_the_type() {
    for text in ["port: {a: 1}", "tls: [{a: 1}]", "rules: {a: 1}", "device_exclude: {a: 1}"] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}
