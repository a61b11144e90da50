//! Keys under names that they had before.

use exporter_config::{Node, Origin, check_keys, rename_keys};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Config {
    #[schemars(extend("x-former-names" = ["ignored_devices", "device_blacklist"]))]
    device_exclude: Option<String>,
    inner: Option<Inner>,
    rules: Vec<Inner>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of it is used")]
struct Inner {
    #[schemars(extend("x-former-names" = ["old"]))]
    new: u64,
}

/// What becomes of a file, and of which keys there is a word to say.
fn check(yaml: &str, flags: &[(&str, &str)], expected: Value, told: &str) {
    let mut node = Node::parse("x.yml", yaml).unwrap();
    for (key, value) in flags {
        let origin = Origin::Flag(format!("--{key}").into());
        node.lay(&[(*key).to_owned()], json!(value), origin);
    }
    let schema = schema_for!(Config);
    let renamed = rename_keys(&mut node, &schema, "c").unwrap();
    let renamed: Vec<String> =
        renamed.iter().map(|it| format!("{} {} {}", it.origin, it.path, it.name)).collect();
    assert_eq!((node.to_json(), renamed.join("; ")), (expected, told.to_owned()));
    check_keys(&node, &schema, "c").unwrap();
}

#[test]
fn a_former_name_is_taken_for_that_of_today_wherever_it_stands() {
    check("device_exclude: a", &[], json!({"device_exclude": "a"}), "");
    check(
        "ignored_devices: a",
        &[],
        json!({"device_exclude": "a"}),
        "x.yml:1:18 c.ignored_devices device_exclude",
    );
    check(
        "",
        &[("device_blacklist", "b")],
        json!({"device_exclude": "b"}),
        "--device_blacklist c.device_blacklist device_exclude",
    );
    check(
        "inner: {old: 1}\nrules: [{new: 2}, {old: 3}]",
        &[],
        json!({"inner": {"new": 1}, "rules": [{"new": 2}, {"new": 3}]}),
        "x.yml:1:14 c.inner.old new; x.yml:2:25 c.rules[1].old new",
    );
}

#[test]
fn a_flag_counts_for_more_than_the_file_under_either_name() {
    check(
        "device_exclude: a",
        &[("ignored_devices", "b")],
        json!({"device_exclude": "b"}),
        "--ignored_devices c.ignored_devices device_exclude",
    );
    check(
        "ignored_devices: a",
        &[("device_exclude", "b")],
        json!({"device_exclude": "b"}),
        "x.yml:1:18 c.ignored_devices device_exclude",
    );
}

#[test]
fn both_names_at_once_are_a_mistake() {
    let mut node = Node::parse("x.yml", "device_exclude: a\nignored_devices: b").unwrap();
    let problem = rename_keys(&mut node, &schema_for!(Config), "c").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "x.yml:2:18: c.ignored_devices: the former name of `device_exclude`, which is there as well; remove one"
    );
}
