//! The configuration file: what it says, what is wrong with it, and what nobody gets to read.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, run};

use crate::{Config, LAB, has_bulk, stderr, success};

/// Checks that a configuration is refused with one line, by every command that reads it.
fn refused(text: &str, expected: &str) {
    let config = Config::new(text);
    let file = config.file().display().to_string();
    for command in [["--config.check"].as_slice(), &[], &["check", "config"], &["config"]] {
        let output = run(LAB, [command, &[&config.flag()]].concat());
        // The `config` command builds no collector.
        if output.status.success() && command == ["config"] {
            continue;
        }
        assert_eq!(
            stderr(&output),
            format!("error: {}\n", expected.replace("FILE", &file)),
            "{command:?}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn mistakes_are_told_with_file_line_column_and_what_would_be_right() {
    refused(
        "scrape:\n  timeot: 5s\n",
        "FILE:2:3: scrape.timeot: unknown key; did you mean `timeout`? (allowed: `byte_limit`, `duplicates`, \
         `failure_policy`, `min_interval`, `refresh`, `sample_limit`, `timeout`, `timeout_offset`)",
    );
    refused(
        "scape: {}\n",
        "FILE:1:1: unknown key `scape`; did you mean `scrape`? (allowed: `collectors`, `paths`, `scrape`, `web`)",
    );
    refused(
        "collectors:\n  bulk:\n    serie: 2\n",
        "FILE:3:5: collectors.bulk.serie: unknown key; did you mean `series`? (allowed: `enabled`, `random_labels`, `scrape`, `series`)",
    );
    refused(
        "collectors:\n  bulk: {series: many}\n",
        "FILE:2:18: collectors.bulk.series: invalid type: text, expected an integer, 0 or more",
    );
    refused(
        "collectors:\n  bulk: {series: 7}\n",
        "FILE:2:9: collectors.bulk: series: 7 is not an even number",
    );
    refused("scrape: {timeout: 5}\n", "FILE:1:19: scrape.timeout: write a unit, such as 10s");
    refused(
        "scrape: {sample_limit: 0}\n",
        "FILE:1:24: scrape.sample_limit: every run would fail; write 1 or more, or leave it out for no limit",
    );
    refused(
        "paths: {rootfs: ''}\n",
        "FILE:1:17: paths.rootfs: it is empty; write the path of a folder, or leave it out for the usual one",
    );
    refused(
        "scrape: {timeout: 0s}\n",
        "FILE:1:19: scrape.timeout: a run needs some time; write more than 0s",
    );
    refused(
        "scrape: {failure_policy: fial}\n",
        "FILE:1:26: scrape.failure_policy: unknown value; did you mean `fail`? (allowed: `partial`, `fail`)",
    );
    refused(
        "scrape: {timeout: 2d}\n",
        "FILE:1:19: scrape.timeout: longer than anybody waits; write 1d at most",
    );
    refused("collectors: [bulk]\n", "FILE:1:13: collectors: expected a map of keys");
    refused(
        "collectors: {bulk: {}, bulk@Ü: {}}\n",
        "FILE:1:24: collectors: `bulk@Ü` is not the name of an instance: write `bulk@NAME` with a NAME of \
         lower-case letters, digits, `_` and `-`",
    );
    refused(
        "collectors: {bulk: {series: 2, series: 4}}\n",
        "FILE:1:32: collectors.bulk.series: the key is here twice, first in line 1; remove one",
    );
    refused(
        "a: {}\n---\nb: {}\n",
        "FILE:2:1: a second document begins here; the configuration is one document",
    );
}

#[test]
fn a_collector_that_is_not_linked_is_refused_with_those_that_are() {
    let config = Config::new("collectors: {blk: {}}\n");
    let said = stderr(&run(LAB, ["--config.check", &config.flag()]));
    assert!(
        said.contains(":1:14: collectors: unknown collector `blk`; did you mean `bulk`?"),
        "{said}"
    );
    assert!(said.contains("`unavailable`); collectors are chosen at build time"), "{said}");
}

#[test]
fn files_that_are_no_configuration_are_refused_at_once() {
    let start = Instant::now();
    let config = Config::new("");
    let check = |expected: &str| {
        let output = run(LAB, ["--config.check", &config.flag()]);
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    config.write(&"a: b\n".repeat(2_000_000));
    check("larger than 4 MiB");
    let bomb: String = (1..9)
        .map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(",")))
        .collect();
    config.write(&format!("a0: &a0 [x,x,x,x,x,x,x,x,x]\n{bomb}"));
    check("alias");
    config.write(&format!("collectors: {}", "[".repeat(100_000)));
    check("deep");
    fs::write(config.file(), b"scrape: {}\n# \xff\n").unwrap();
    check(":2:3: ");
    fs::remove_file(config.file()).unwrap();
    check("there is no such file");
    fs::create_dir(config.file()).unwrap();
    check("this is a directory");
    assert!(start.elapsed() < Duration::from_secs(6), "six refusals within a second each");
}

#[test]
fn an_empty_file_changes_nothing() {
    for text in [
        "",
        "~\n",
        "{}\n",
        "# nothing\n",
        "scrape:\npaths:\ncollectors:\n",
        "collectors: {bulk: }\n",
    ] {
        assert!(has_bulk(&Config::new(text).start(&[]).scrape()), "{text}");
    }
}

#[test]
fn flags_win_over_the_file() {
    let config =
        Config::new("collectors: {bulk: {series: 20}, unavailable: {}}\npaths: {procfs: /tmp}\n");
    let page = config.start(&["--no-collector.unavailable"]).scrape();
    assert!(has_bulk(&page), "ten series, as the flag says");
    assert_eq!(success(&page, "unavailable"), None);
    let shown = run(
        LAB,
        [config.flag().as_str(), "--path.procfs=/proc", "--collector.bulk.series=4", "config"],
    );
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("  procfs: /proc\n") && shown.contains("    series: 4\n"), "{shown}");
}

#[test]
fn what_the_config_command_prints_is_a_configuration_that_means_the_same() {
    let config = Config::new(
        "scrape: {timeout: 90s, sample_limit: 7, failure_policy: fail}\n\
         collectors: {bulk: {scrape: {min_interval: 2m}}, slow@a-1: {delay: 3}}\n",
    );
    let printed = run(LAB, [config.flag().as_str(), "config"]).stdout;
    let again = Config::new(&String::from_utf8(printed.clone()).unwrap());
    assert_eq!(run(LAB, [again.flag().as_str(), "config"]).stdout, printed);
    let printed = String::from_utf8(printed).unwrap();
    for line in [
        "  timeout: 1m30s\n",
        "  sample_limit: 7\n",
        "      min_interval: 2m\n",
        "  \"slow@a-1\":\n    delay: 3\n",
    ] {
        assert!(printed.contains(line), "{line} is missing in:\n{printed}");
    }
}

#[test]
fn instances_share_their_families_and_differ_by_a_label() {
    let config = Config::new(
        "collectors: {slow: {}, slow@north: {}, slow@south: {delay: 1}, slow@off: {enabled: false}}",
    );
    let exporter = config.start(&["--collector.slow@flag", "--collector.slow@flag.delay=2"]);
    let page = exporter.scrape();
    let samples = page.samples("lab_slow_runs");
    let instances: Vec<_> =
        samples.iter().map(|sample| sample.label("collector_instance")).collect();
    assert_eq!(instances, [None, Some("flag"), Some("north"), Some("south")]);
    assert_eq!(page.names().iter().filter(|name| **name == "lab_slow_runs").count(), 1);
    for name in ["slow", "slow@flag", "slow@north", "slow@south"] {
        assert_eq!(success(&page, name), Some(1.0), "{name}");
    }
    let count = |path: &str| {
        exporter_testkit::Page::parse(&exporter.get(path).body).samples("lab_slow_runs").len()
    };
    assert_eq!(count("/metrics?collect[]=slow@north"), 1);
    assert_eq!(count("/metrics?collect[]=slow"), 4);
    assert_eq!(count("/metrics/slow@south"), 1);
    assert_eq!(count("/metrics/slow"), 4);
    assert_eq!(count("/metrics?exclude[]=slow@south"), 3);
}

#[test]
fn a_secret_is_in_no_output() {
    const CANARY: &str = "hunter2-canary";
    let config = Config::new("");
    fs::write(config.path("token"), format!("{CANARY}\n")).unwrap();
    config.write(&format!(
        "collectors: {{secret: {{token: {{file: token}}, password: {CANARY}}}, \
         secret@error: {{url: \"http://me:{CANARY}@localhost/\"}}, secret@panic: {{url: \"panic://me:{CANARY}@localhost/\"}}}}"
    ));
    let exporter = config.start(&["--log.level=debug", "--web.enable-lifecycle"]);
    let page = exporter.scrape();
    // It got them, and says so by their length.
    assert_eq!(page.value("lab_secret_bytes", &[("key", "token")]), Some(14.0));
    assert_eq!(page.value("lab_secret_bytes", &[("key", "password")]), Some(14.0));
    assert_eq!(
        (success(&page, "secret@error"), success(&page, "secret@panic")),
        (Some(0.0), Some(0.0))
    );
    assert_eq!(exporter.log().matches("cannot connect to http://***@localhost/").count(), 1);
    let mut seen = vec![
        exporter.get("/metrics").body,
        exporter.get("/").body,
        exporter.post("/-/reload").body,
    ];
    for command in [
        ["config"].as_slice(),
        &["config", "--schema"],
        &["check", "config"],
        &["describe"],
        &["scrape"],
        &["--help"],
    ] {
        let output = run(LAB, [command, &[&config.flag()]].concat());
        seen.push(String::from_utf8(output.stdout).unwrap());
        seen.push(String::from_utf8(output.stderr).unwrap());
    }
    // The same in places where it is a mistake.
    for text in [
        format!("collectors: {{secret: {{token: [{CANARY}]}}}}"),
        format!("collectors: {{secret: {{token: {{{CANARY}: 1}}}}}}"),
        format!("collectors: {{secret: {{url: [\"http://me:{CANARY}@localhost/\"]}}}}"),
        format!("collectors: {{secret: {{size: {CANARY}}}}}"),
        format!("collectors: {{secret: {{fail: true, url: \"http://me:{CANARY}@localhost/\"}}}}"),
    ] {
        config.write(&text);
        let output = run(LAB, ["--config.check", &config.flag()]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        seen.push(stderr(&output));
        let answer = exporter.post("/-/reload");
        assert_eq!(answer.status, 500);
        seen.push(answer.body);
    }
    seen.push(exporter.log());
    for text in seen {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[test]
fn a_secret_comes_from_the_environment_and_a_reload_reads_it_again() {
    let file =
        |name: &str| format!("collectors: {{secret: {{token: {{env: {name}}}, password: 007}}}}");
    let config = Config::new(&file("LAB_TOKEN"));
    let mut command = Command::new(LAB);
    command.args(["--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle", &config.flag()]);
    command.env("LAB_TOKEN", "hunter2-canary\n").env("LAB_OTHER", "hunter2").env_remove("LAB_NONE");
    let exporter = Exporter::spawn(command);
    let bytes = |key: &str| exporter.scrape().value("lab_secret_bytes", &[("key", key)]);
    assert_eq!((bytes("token"), bytes("password")), (Some(14.0), Some(3.0)));
    config.write(&file("LAB_OTHER"));
    assert_eq!(exporter.post("/-/reload").status, 200);
    assert_eq!(bytes("token"), Some(7.0));
    for (name, message) in [
        ("LAB_NONE", "the variable LAB_NONE is not set in the environment of the exporter"),
        ("'${LAB_OTHER}'", "expected the name of a variable of the environment"),
    ] {
        config.write(&file(name));
        let answer = exporter.post("/-/reload");
        let place =
            format!("{}:1:36: collectors.secret.token.env: {message}", config.file().display());
        assert!(answer.status == 500 && answer.body.contains(&place), "{}", answer.body);
    }
    assert_eq!(bytes("token"), Some(7.0), "the secret of before is in use");
    assert!(!exporter.log().contains("hunter2"), "{}", exporter.log());
}

#[test]
fn the_schema_is_one_that_editors_can_use() {
    let schema = run(LAB, ["config", "--schema"]).stdout;
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |value: serde_json::Value| validator.is_valid(&value);
    assert!(valid(serde_json::json!(null)));
    assert!(valid(
        serde_json::json!({"scrape": {"timeout": "5s", "failure_policy": "fail", "byte_limit": "1MiB"}})
    ));
    assert!(valid(
        serde_json::json!({"collectors": {"bulk": {"series": 2, "scrape": {"min_interval": "1m"}}, "slow@a": null}})
    ));
    assert!(valid(
        serde_json::json!({"collectors": {"secret": {"token": {"file": "x"}, "password": {"env": "Y"}}}})
    ));
    assert!(!valid(serde_json::json!({"scrape": {"timeout": 5}})));
    assert!(!valid(serde_json::json!({"scrape": {"failure_policy": "fial"}})));
    assert!(!valid(serde_json::json!({"collectors": {"nosuch": {}}})));
    assert!(!valid(serde_json::json!({"collectors": {"bulk": {"series": "many"}}})));
    assert!(!valid(serde_json::json!({"collectors": {"bulk": {"serie": 2}}})));
}

#[test]
fn a_page_is_printed_and_a_failure_is_the_exit_code() {
    let config = Config::new("");
    let output = run(LAB, ["scrape", "--collector.bulk.series=2", &config.flag()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8(output.stdout).unwrap().contains("\nmy_gauge{l1=\"session-0\""));
    let output = run(LAB, ["scrape", "--collector.error", "--collector.unavailable"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).ends_with("error: samples are missing of: error\n"),
        "{}",
        stderr(&output)
    );
    assert!(String::from_utf8(output.stdout).unwrap().contains("\nmy_gauge{"));
}

#[test]
fn metric_names_are_checked_by_the_rules_of_promtool() {
    let output = run(LAB, ["check", "metrics"]);
    let found = "my_counter: counter metrics should have \"_total\" suffix\n\
                 my_counter: metric name should not include type 'counter'\n\
                 my_gauge: metric name should not include type 'gauge'\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), found);
    assert_eq!(output.status.code(), Some(1));
    let output = run(LAB, ["check", "metrics", "--no-collector.bulk", "--collector.slow"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_configuration_that_can_be_used_is_told_so() {
    let config = Config::new("collectors: {bulk: {enabled: false}, slow@a: {}}");
    let expected =
        format!("{} can be used. Collectors that run with it: slow@a\n", config.file().display());
    for args in [
        vec!["--config.check".into(), config.flag()],
        vec!["check".into(), "config".into(), config.file().display().to_string()],
    ] {
        let output = run(LAB, args);
        assert_eq!((stderr(&output).as_str(), output.status.code()), ("", Some(0)));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

#[test]
fn the_lab_starts_without_a_file() {
    assert_eq!(Exporter::start(LAB, [""; 0]).scrape().samples("my_gauge").len(), 500);
}
