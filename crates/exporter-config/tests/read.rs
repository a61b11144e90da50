//! From nodes to types: what is read, and that every error names its key and its place.

use std::collections::HashMap;

use exporter_config::{Node, Origin, read_as, read_with};
use exporter_sdk::Secret;
use exporter_sdk::{ByteSize, HumanDuration};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Config {
    port: u16,
    name: String,
    ratio: f32,
    interval: HumanDuration,
    size: ByteSize,
    login: Option<Login>,
    devices: Vec<String>,
    by_name: HashMap<String, Login>,
    by_port: HashMap<u16, Kind>,
    kind: Kind,
    tagged: Option<Tagged>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
struct Login {
    user: String,
    #[serde(default)]
    password: Secret,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Plain,
    Limit(u64),
    Range(u64, u64),
    Named {
        name: String,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tagged {
    Http { login: Login },
}

fn parse(text: &str) -> Node {
    Node::parse("exporter.yml", text).unwrap()
}

fn read(text: &str) -> Result<Config, String> {
    read_as(&parse(text), "c").map_err(|problem| problem.to_string())
}

#[track_caller]
fn refused(text: &str, message: &str) {
    assert_eq!(read(text), Err(message.to_owned()));
}

#[test]
fn every_shape_is_read() {
    let text = "
port: 9100
name: x
ratio: 1
interval: 1m
size: 1KiB
login: {user: me, password: hunter2}
devices: [a, b]
by_name: {x: {user: me}}
by_port: {80: plain, 81: {limit: 5}, 82: {range: [1, 2]}, 83: {named: {name: x}}, 84: {plain: }}
kind: plain
tagged: {type: http, login: {user: me, password: hunter2}}
";
    let config = read(text).unwrap();
    let login = Login { user: "me".to_owned(), password: Secret::new("hunter2") };
    assert_eq!((config.port, config.ratio, config.size), (9100, 1.0, ByteSize(1024)));
    assert_eq!(config.interval.to_string(), "1m");
    assert_eq!(config.login.as_ref(), Some(&login));
    assert_eq!(config.devices, ["a", "b"]);
    assert_eq!(config.by_name["x"].user, "me");
    assert_eq!(config.by_port[&81], Kind::Limit(5));
    assert_eq!(config.by_port[&82], Kind::Range(1, 2));
    assert_eq!(config.by_port[&83], Kind::Named { name: "x".to_owned() });
    assert_eq!(config.by_port[&84], Kind::Plain);
    assert_eq!(config.tagged, Some(Tagged::Http { login }));
}

#[test]
fn what_was_commented_out_leaves_the_defaults() {
    assert_eq!(read("# port: 1"), Ok(Config::default()));
    let null = parse("c:");
    assert_eq!(read_as::<Config>(null.get("c").unwrap(), "c"), Ok(Config::default()));
    assert_eq!(read("by_name:\nlogin:\n"), Ok(Config::default()));
    refused("by_name:\n  x:\n", "exporter.yml:2:4: c.by_name.x: missing field `user`");
}

#[test]
fn an_error_stands_at_the_innermost_node() {
    refused(
        "name: x\nport: many",
        "exporter.yml:2:7: c.port: invalid type: text, expected an integer from 0 to 65535",
    );
    refused(
        "port: -5",
        "exporter.yml:1:7: c.port: invalid value: integer `-5`, expected an integer from 0 to 65535",
    );
    refused(
        "port: 1.5",
        "exporter.yml:1:7: c.port: invalid type: number, expected an integer from 0 to 65535",
    );
    refused("name: 5", "exporter.yml:1:7: c.name: invalid type: integer, expected text");
    refused("name:", "exporter.yml:1:5: c.name: invalid type: null, expected text");
    refused("name: {}", "exporter.yml:1:7: c.name: invalid type: map, expected text");
    refused(
        "devices: [a, [b]]",
        "exporter.yml:1:14: c.devices[1]: invalid type: list, expected text",
    );
    refused("interval: 10", "exporter.yml:1:11: c.interval: write a unit, such as 10s");
    refused("login: {}", "exporter.yml:1:8: c.login: missing field `user`");
    refused(
        "by_name: {a.b: {user: [1]}}",
        "exporter.yml:1:23: c.by_name[\"a.b\"].user: invalid type: list, expected text",
    );
    refused(
        "by_port: {x: plain}",
        "exporter.yml:1:14: c.by_port.x: invalid type: text, expected an integer from 0 to 65535",
    );
}

#[test]
fn errors_of_enums_say_what_would_be_right() {
    refused(
        "kind: plane",
        "exporter.yml:1:7: c.kind: unknown value (allowed: `plain`, `limit`, `range`, `named`)",
    );
    refused(
        "tagged: {type: htp}",
        "exporter.yml:1:16: c.tagged.type: unknown value; did you mean `http`? (allowed: `http`)",
    );
    refused(
        "kind: {limit: x}",
        "exporter.yml:1:15: c.kind.limit: invalid type: text, expected an integer, 0 or more",
    );
    refused("kind: limit", "exporter.yml:1:7: c.kind: `limit` needs a value: write `limit:`");
    refused("kind: {plain: 1}", "exporter.yml:1:15: c.kind.plain: `plain` takes no value");
    refused(
        "kind: {limit: 1, plain: 1}",
        "exporter.yml:1:7: c.kind: expected a map of one key, the name of a variant",
    );
    refused(
        "kind: 5",
        "exporter.yml:1:7: c.kind: invalid type (allowed: `plain`, `limit`, `range`, `named`)",
    );
}

#[test]
fn a_secret_is_in_no_error_wherever_it_was_written() {
    for text in [
        "login: hunter2",
        "login: [hunter2]",
        "login: {user: {hunter2: hunter2}}",
        "login: {user: me, password: [hunter2]}",
        "login: {user: me, password: {hunter2: hunter2}}",
        "by_name: hunter2",
        "by_name: {x: hunter2}",
        "tagged: hunter2",
        "tagged: {type: http, login: hunter2}",
        "tagged: {type: http, login: {user: me, password: [hunter2]}}",
        "kind: hunter2",
        "tagged: {type: hunter2}",
        "port: hunter2",
        "devices: hunter2",
        "interval: http://me:hunter2@host/",
        "kind: http://me:hunter2@host/",
    ] {
        let message = read(text).unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }
    for text in [
        "login: 271828",
        "login: {user: me, password: 271828}",
        "tagged: {type: http, login: {user: me, password: 271828}}",
    ] {
        let message = read(text).unwrap_err();
        assert!(!message.contains("271828"), "{message}");
    }
}

#[test]
fn a_flag_is_named_where_it_is_wrong() {
    let mut node = parse("port: 1");
    node.lay(&["port".to_owned()], json!("x"), Origin::Flag("--c.port".into()));
    let problem = read_as::<Config>(&node, "c").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "--c.port: c.port: invalid type: text, expected an integer from 0 to 65535"
    );
}

#[test]
fn a_variable_that_is_not_expanded_is_named_as_the_cause() {
    refused(
        "port: ${PORT}",
        "exporter.yml:1:7: c.port: invalid type: text, expected an integer from 0 to 65535; variables such as `${NAME}` are \
         not expanded",
    );
    let node = parse("port: 1\nname: x\ndevices: ['${A}']");
    let refused = read_with(&node, "c", |_| Err::<(), _>("no such device"));
    let expected = "exporter.yml:1:1: c: no such device; variables such as `${NAME}` are not expanded (exporter.yml:3:11)";
    assert_eq!(refused.unwrap_err().to_string(), expected);
}

#[test]
fn a_function_may_refuse_what_was_read() {
    let node = parse("x: 1");
    let after = read_with(&node, "c", |deserializer| {
        erased_serde::deserialize::<Config>(deserializer).map_err(|error| error.to_string())?;
        Err::<(), _>("no such server:\nhttp://me:hunter2@host/".to_owned())
    });
    let expected = "exporter.yml:1:1: c: no such server: http://***@host/";
    assert_eq!(after.unwrap_err().to_string(), expected);
    let name = read_with(&node, "c", |deserializer| {
        erased_serde::deserialize::<HashMap<String, u8>>(deserializer)
    });
    assert_eq!(name.unwrap(), HashMap::from([("x".to_owned(), 1)]));
}
