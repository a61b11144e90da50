//! Secrets in every shape of a configuration, with `hunter2` in all places where it must not come out again.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use exporter_config::{
    Node, SecretFile, check_keys, mask_secrets, read_as, resolve_secrets, to_yaml,
};
use exporter_sdk::Secret;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Config {
    /// What the server asks for.
    password: Secret,
    token: Option<Secret>,
    list: Vec<Secret>,
    map: HashMap<String, Secret>,
    login: Option<Login>,
    pair: (String, Secret),
    way: Option<Way>,
    url: String,
    /// No secret, although it looks like one.
    source: HashMap<String, String>,
    #[serde(flatten)]
    more: More,
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
struct Login {
    user: String,
    password: Secret,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Way {
    Basic { password: Secret },
    Bearer(Token),
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Token {
    token: Secret,
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct More {
    api_key: Secret,
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s"), "hunter2\n").unwrap();
    folder
}

fn resolve(text: &str, folder: &Path) -> Result<(Node, Vec<SecretFile>), String> {
    let mut node = Node::parse("exporter.yml", text).unwrap();
    check_keys(&node, &schema_for!(Config), "c").unwrap();
    let files = resolve_secrets(&mut node, &schema_for!(Config), "c", folder);
    files.map(|files| (node, files)).map_err(|problem| problem.to_string())
}

const EVERYWHERE: &str = "
password: {file: s}
token: {file: s}
list: [{file: s}, written]
map: {a: {file: s}, file: {file: s}}
login: {user: me, password: {file: s}}
pair: [x, {file: s}]
way: {type: basic, password: {file: s}}
source: {file: s}
api_key: {file: s}
url: http://me:hunter2@host/
";

#[test]
fn files_are_read_wherever_the_schema_marks_a_secret() {
    let folder = folder();
    let (node, files) = resolve(EVERYWHERE, folder.path()).unwrap();
    let keys: Vec<&str> = files.iter().map(|file| file.key.as_str()).collect();
    let expected = [
        "c.password",
        "c.token",
        "c.list[0]",
        "c.map.a",
        "c.map.file",
        "c.login.password",
        "c.pair[1]",
        "c.way.password",
        "c.api_key",
    ];
    assert_eq!(keys, expected);
    assert!(files.iter().all(|file| file.path == folder.path().join("s")));
    let config: Config = read_as(&node, "c").unwrap();
    let Some(Way::Basic { password: basic }) = &config.way else { panic!("{config:?}") };
    let secrets = [
        &config.password,
        config.token.as_ref().unwrap(),
        &config.list[0],
        &config.map["a"],
        &config.map["file"],
        &config.login.as_ref().unwrap().password,
        &config.pair.1,
        basic,
        &config.more.api_key,
    ];
    assert!(secrets.iter().all(|secret| secret.expose() == "hunter2"), "{config:?}");
    assert_eq!((config.list[1].expose(), config.source["file"].as_str()), ("written", "s"));
}

#[test]
fn nothing_that_is_shown_has_a_secret_in_it() {
    let folder = folder();
    let (node, files) = resolve(EVERYWHERE, folder.path()).unwrap();
    let mut config: Config = read_as(&node, "c").unwrap();
    config.url = String::new();
    let shown =
        [format!("{config:?}"), serde_json::to_string(&config).unwrap(), format!("{files:?}")];
    for text in shown {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let mut masked = node.to_json();
    mask_secrets(&mut masked, &schema_for!(Config));
    let hidden = "<secret>";
    let expected = json!({
        "password": hidden, "token": hidden, "list": [hidden, hidden], "map": {"a": hidden, "file": hidden},
        "login": {"user": "me", "password": hidden}, "pair": ["x", hidden],
        "way": {"type": "basic", "password": hidden}, "source": {"file": "s"}, "api_key": hidden,
        "url": "http://***@host/",
    });
    assert_eq!(masked, expected);
    assert!(!to_yaml(&masked).contains("hunter2"));
}

#[test]
fn what_was_not_read_yet_is_masked_too() {
    let mut value = json!({
        "password": {"file": "s"}, "token": null, "list": 271_828, "map": {"a": {"file": "s", "b": "hunter2"}},
        "login": {"password": ["hunter2"]}, "way": {"type": "bearer", "token": 271_828},
        "unknown": ["http://me:hunter2@host/"],
    });
    mask_secrets(&mut value, &schema_for!(Config));
    let expected = json!({
        "password": {"file": "s"}, "token": null, "list": 271_828, "map": {"a": "<secret>"},
        "login": {"password": "<secret>"}, "way": {"type": "bearer", "token": "<secret>"},
        "unknown": ["http://***@host/"],
    });
    assert_eq!(value, expected);
}

#[test]
fn only_the_final_line_break_is_left_out() {
    let folder = folder();
    let path = folder.path().join("s");
    for (content, secret) in
        [("a", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a b ", " a b "), ("\u{fc}", "ü")]
    {
        fs::write(&path, content).unwrap();
        let text = format!("password: {{file: {}}}", path.display());
        let (node, _) = resolve(&text, Path::new("/nowhere")).unwrap();
        assert_eq!(node.get("password").unwrap().to_json(), json!(secret));
        assert_eq!(node.get("password").unwrap().origin.to_string(), "exporter.yml:1:11");
    }
}

#[test]
fn a_reload_can_tell_whether_a_secret_changed() {
    let folder = folder();
    let read = || resolve("password: {file: s}", folder.path()).unwrap().1;
    let before = read();
    assert_eq!(before, read());
    fs::write(folder.path().join("s"), "hunter3\n").unwrap();
    assert_ne!(before, read());
    fs::remove_file(folder.path().join("s")).unwrap();
    fs::write(folder.path().join("t"), "hunter2").unwrap();
    symlink("t", folder.path().join("s")).unwrap();
    assert_eq!(before, read());
}

#[test]
fn a_file_that_is_no_secret_is_refused_without_its_content() {
    let folder = folder();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("empty", b"\n");
    write("large", "hunter2".repeat(200_000).as_bytes());
    write("binary", b"hunter2\nhunter2\xff");
    fs::create_dir(folder.path().join("d")).unwrap();
    for (name, message) in [
        ("none", "there is no such file"),
        ("empty", "the file is empty; write the secret into it"),
        ("large", "the file is larger than 1 MiB"),
        ("binary", "not UTF-8 in line 2; save the file as UTF-8"),
        ("d", "this is a directory; name a file in it"),
    ] {
        let error =
            resolve(&format!("login:\n  password: {{file: {name}}}"), folder.path()).unwrap_err();
        let path = folder.path().join(name);
        let expected =
            format!("exporter.yml:2:20: c.login.password.file: {}: {message}", path.display());
        assert_eq!(error, expected);
    }
    assert_eq!(
        resolve("password: {file: [5]}", folder.path()).unwrap_err(),
        "exporter.yml:1:18: c.password.file: expected the path of a file that holds the secret"
    );
}

#[test]
fn variables_of_the_environment_are_read_wherever_the_schema_marks_a_secret() {
    // cargo sets it for tests.
    let text = EVERYWHERE.replace("{file: s}", "{env: CARGO_PKG_NAME}");
    let (node, files) = resolve(&text, Path::new("/nowhere")).unwrap();
    assert_eq!(files, []);
    let config: Config = read_as(&node, "c").unwrap();
    let secrets = [&config.password, &config.list[0], &config.map["a"], &config.more.api_key];
    assert!(secrets.iter().all(|secret| secret.expose() == "exporter-config"), "{config:?}");
    assert_eq!(config.source["env"].as_str(), "CARGO_PKG_NAME", "no secret");
    let mut masked = json!({"password": {"env": "NAME"}, "token": {"env": "NAME", "a": "hunter2"}});
    mask_secrets(&mut masked, &schema_for!(Config));
    assert_eq!(masked, json!({"password": {"env": "NAME"}, "token": "<secret>"}));
}

#[test]
fn a_variable_that_is_no_secret_is_refused_with_its_place() {
    for (text, message) in [
        (
            "password: {env: NO_SUCH_VARIABLE}",
            "1:17: c.password.env: the variable NO_SUCH_VARIABLE is not set in the environment of the exporter",
        ),
        (
            "password: {env: $TOKEN}",
            "1:17: c.password.env: expected the name of a variable of the environment: letters, digits and `_`, without `$`",
        ),
        (
            "list: [a, {env: [A]}]",
            "1:17: c.list[1].env: expected the name of a variable of the environment: letters, digits and `_`, without `$`",
        ),
        (
            "password: ${TOKEN}",
            "1:11: c.password: variables such as `${NAME}` are not expanded; write `{env: NAME}` in place of the whole secret",
        ),
        (
            "map:\n  a: Bearer ${TOKEN}",
            "2:6: c.map.a: variables such as `${NAME}` are not expanded; write `{env: NAME}` in place of the whole secret",
        ),
    ] {
        let error = resolve(text, Path::new("/nowhere")).unwrap_err();
        assert_eq!(error, format!("exporter.yml:{message}"));
    }
    let text = "password: $TOKEN{5}";
    assert!(resolve(text, Path::new("/nowhere")).is_ok(), "a password may look much like it");
}

#[test]
fn a_secret_stands_in_one_place() {
    for (text, message) in [
        ("password: {file: s, env: A}", "1:21: c.password: one key too many; "),
        ("password: {evn: A}", "1:12: c.password: unknown key; "),
    ] {
        let node = Node::parse("exporter.yml", text).unwrap();
        let problem = check_keys(&node, &schema_for!(Config), "c").unwrap_err().to_string();
        let expected = format!(
            "exporter.yml:{message}a secret is text, `file:` with the path of a file that holds it, or `env:` with the name of \
             a variable"
        );
        assert_eq!(problem, expected);
    }
}
