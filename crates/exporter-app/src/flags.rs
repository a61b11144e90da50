//! Flags for the keys of collectors, made from the schema of their configuration: `--collector.<name>.<key>=<value>`.
//!
//! The key `device_exclude` is the flag `device-exclude`, the key `include` under `flags` is `flags.include`. A boolean
//! needs no value and has a `--no-` form; a list is given by repeating its flag.

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use exporter_runtime::{CollectorType, KeyDoc, Shape, document_keys, document_scrape_keys};
use serde_json::Value;

/// A value of the command line, and the key that it is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Overlay {
    /// The key, from the outside in.
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
    /// The flag, with its dashes.
    pub(crate) flag: String,
}

/// One key of a collector and its flag.
#[derive(Debug)]
pub(crate) struct KeyFlag {
    /// The flag without its dashes.
    flag: String,
    /// The key, from the outside in.
    path: Vec<String>,
    shape: Shape,
    help: String,
    /// Whether `--help` leaves it out: former names, and the keys that every collector has.
    hidden: bool,
}

impl KeyFlag {
    /// The flags of every key that a collector has, which runs under the name `name`. Keys below lists, and those that the
    /// operator chooses, have none.
    pub(crate) fn of(collector: &CollectorType, name: &str) -> Vec<Self> {
        let mut flags = Vec::new();
        for key in document_keys(&collector.schema()) {
            let chosen = |step: &String| step == "*" || step.ends_with("[]");
            if key.path.iter().any(chosen) || !is_flag(&key.shape) {
                continue;
            }
            flags.push(Self::of_key(&key, name));
            if key.shape == Shape::Secret {
                flags.push(Self::of_file(&key, name));
            }
            flags.extend(key.former_names.iter().map(|former| Self::of_former(&key, former, name)));
        }
        let common = document_scrape_keys();
        flags.extend(common.iter().map(|key| Self { hidden: true, ..Self::of_key(key, name) }));
        flags
    }

    fn of_key(key: &KeyDoc, name: &str) -> Self {
        let default = key.default_text().map(|default| format!(" [default: {default}]"));
        let keys: Vec<String> = key.path.iter().map(|key| key.replace('_', "-")).collect();
        let top = ["collectors".to_owned(), name.to_owned()];
        Self {
            flag: format!("collector.{name}.{}", keys.join(".")),
            path: top.into_iter().chain(key.path.iter().cloned()).collect(),
            shape: key.shape.clone(),
            help: format!("{}{}", key.description, default.unwrap_or_default()),
            hidden: false,
        }
    }

    /// The flag for what a key was called before. What it says is renamed when the configuration is read.
    fn of_former(key: &KeyDoc, former: &str, name: &str) -> Self {
        let mut key = key.clone();
        if let Some(last) = key.path.last_mut() {
            former.clone_into(last);
        }
        Self { hidden: true, ..Self::of_key(&key, name) }
    }

    /// The flag for the file that a secret is read from.
    fn of_file(key: &KeyDoc, name: &str) -> Self {
        let mut flag = Self::of_key(key, name);
        flag.help = format!("File that holds {}", key.path.join("."));
        flag.flag.push_str(".file");
        flag.path.push("file".to_owned());
        flag
    }

    /// The flags without their dashes: one, and for a switch the one that turns it off.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = vec![self.flag.clone()];
        if self.shape == Shape::Boolean {
            flags.push(self.no_flag());
        }
        flags
    }

    /// The arguments that clap has to know.
    pub(crate) fn args(&self) -> Vec<Arg> {
        let arg = Arg::new(self.flag.clone())
            .long(self.flag.clone())
            .help(self.help.clone())
            .hide(self.hidden)
            .global(true);
        match self.shape {
            Shape::Boolean => {
                let no = self.no_flag();
                let off = Arg::new(no.clone()).long(no.clone()).hide(true).global(true);
                let on = arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
                    .value_name("true|false")
                    .value_parser(value_parser!(bool))
                    .hide_possible_values(true);
                vec![
                    on.overrides_with(no),
                    off.action(ArgAction::SetTrue).overrides_with(self.flag.clone()),
                ]
            }
            Shape::List(_) => vec![arg.action(ArgAction::Append).value_name(self.value_name())],
            _ => vec![arg.action(ArgAction::Set).value_name(self.value_name())],
        }
    }

    /// What the command line said, to be laid over the configuration file.
    pub(crate) fn overlay(&self, matches: &ArgMatches) -> Result<Option<Overlay>, String> {
        let Some(value) = self.value(matches)? else {
            return Ok(None);
        };
        let no = self.shape == Shape::Boolean && matches.get_flag(&self.no_flag());
        let flag = if no { self.no_flag() } else { self.flag.clone() };
        Ok(Some(Overlay { path: self.path.clone(), value, flag: format!("--{flag}") }))
    }

    fn value(&self, matches: &ArgMatches) -> Result<Option<Value>, String> {
        if self.shape == Shape::Boolean {
            let on = matches.get_one(&self.flag).copied();
            let off = matches.get_flag(&self.no_flag()).then_some(false);
            return Ok(on.or(off).map(Value::Bool));
        }
        let Some(values) = matches.get_many::<String>(&self.flag) else {
            return Ok(None);
        };
        let values: Vec<Value> = values.map(|text| self.scalar(text)).collect::<Result<_, _>>()?;
        Ok(match self.shape {
            Shape::List(_) => Some(Value::Array(values)),
            _ => values.into_iter().next_back(),
        })
    }

    fn scalar(&self, text: &str) -> Result<Value, String> {
        let wrong = |what: &str| format!("--{}={text}: `{text}` is not {what}", self.flag);
        match self.item() {
            Shape::Boolean => {
                text.parse::<bool>().map(Value::from).map_err(|_| wrong("true or false"))
            }
            Shape::Number => text.parse::<f64>().map(Value::from).map_err(|_| wrong("a number")),
            Shape::Integer => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<u64>().map(Value::from))
                .map_err(|_| wrong("an integer")),
            Shape::Choice(words) if !words.iter().any(|word| word == text) => {
                Err(wrong(&format!("one of {}", words.join(", "))))
            }
            _ => Ok(Value::from(text)),
        }
    }

    fn value_name(&self) -> &'static str {
        match self.item() {
            Shape::Integer => "INTEGER",
            Shape::Number => "NUMBER",
            Shape::Boolean => "BOOLEAN",
            _ => "TEXT",
        }
    }

    /// What one value of it has to be.
    fn item(&self) -> &Shape {
        match &self.shape {
            Shape::List(item) => item,
            shape => shape,
        }
    }

    fn no_flag(&self) -> String {
        format!("no-{}", self.flag)
    }
}

/// Whether a value of this shape can be given on a command line.
fn is_flag(shape: &Shape) -> bool {
    match shape {
        Shape::List(item) => !matches!(**item, Shape::List(_)) && is_flag(item),
        Shape::Map(_) | Shape::Either(_) | Shape::Keys | Shape::Any => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use exporter_runtime::{ConfigOrigin, Node};
    use exporter_sdk::{
        Collector, Context, Origin, Registration, Result as SdkResult, Scrape, Secret,
    };
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        /// How many.
        count: u64,
        ratio: f64,
        #[schemars(extend("x-former-names" = ["ignored_devices"]))]
        device_exclude: Option<String>,
        devices: Vec<String>,
        strict: bool,
        info: Info,
        token: Secret,
        password: Option<Secret>,
    }

    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct Info {
        flags_include: String,
    }

    struct Sample;

    impl Collector for Sample {
        const NAME: &'static str = "sample";
        type Config = Config;
        fn new(_: &Config, _: &Context) -> SdkResult<Self> {
            Ok(Self)
        }
        fn collect(&mut self, _: &mut Scrape<'_>) -> SdkResult {
            Ok(())
        }
    }

    fn sample() -> Vec<KeyFlag> {
        let origin = Origin { package: "p", version: None, description: "", file: "f", line: 1 };
        KeyFlag::of(&CollectorType::from(&Registration::of::<Sample, _>(origin)), "sample")
    }

    fn parse(args: &[&str]) -> Result<Value, String> {
        let flags = sample();
        let command =
            Command::new("x").no_binary_name(true).args(flags.iter().flat_map(KeyFlag::args));
        let matches = command.try_get_matches_from(args).map_err(|error| error.to_string())?;
        let mut tree = Node::empty(ConfigOrigin::Flag("flags".into()));
        for flag in &flags {
            if let Some(overlay) = flag.overlay(&matches)? {
                tree.lay(&overlay.path, overlay.value, ConfigOrigin::Flag(overlay.flag.into()));
            }
        }
        let config = tree.to_json();
        Ok(config.pointer("/collectors/sample").cloned().unwrap_or_else(|| json!({})))
    }

    #[test]
    fn every_key_has_a_flag_of_its_shape() {
        let args = [
            "--collector.sample.count=7",
            "--collector.sample.ratio",
            "0.5",
            "--collector.sample.device-exclude=^veth",
            "--collector.sample.devices=a",
            "--collector.sample.devices=b",
            "--collector.sample.strict",
            "--collector.sample.info.flags-include=avx",
            "--collector.sample.token=t",
            "--collector.sample.password.file=/run/password",
        ];
        let expected = json!({
            "count": 7, "ratio": 0.5, "device_exclude": "^veth", "devices": ["a", "b"], "strict": true,
            "info": {"flags_include": "avx"}, "token": "t", "password": {"file": "/run/password"},
        });
        assert_eq!(parse(&args), Ok(expected));
    }

    #[test]
    fn a_former_name_is_a_flag_that_help_does_not_show() {
        let args = ["--collector.sample.ignored-devices=^veth"];
        assert_eq!(parse(&args), Ok(json!({"ignored_devices": "^veth"})));
        let shown = |flag: &KeyFlag| flag.args().iter().any(|arg| !arg.is_hide_set());
        let flags: Vec<_> =
            sample().into_iter().filter(|flag| flag.path[2] == "ignored_devices").collect();
        assert!(flags.len() == 1 && !shown(&flags[0]));
    }

    #[test]
    fn what_is_not_given_stays_at_its_default_and_the_last_word_counts() {
        assert_eq!(parse(&[]), Ok(json!({})));
        let args = ["--collector.sample.strict", "--no-collector.sample.strict"];
        assert_eq!(parse(&args), Ok(json!({"strict": false})));
        assert_eq!(
            parse(&["--no-collector.sample.strict", "--collector.sample.strict"]),
            Ok(json!({"strict": true}))
        );
    }

    #[test]
    fn a_boolean_may_have_a_value() {
        for value in [true, false] {
            let arg = format!("--collector.sample.strict={value}");
            assert_eq!(parse(&[&arg]), Ok(json!({"strict": value})));
        }
        let wrong = parse(&["--collector.sample.strict=no"]).unwrap_err();
        assert!(
            wrong.contains("invalid value 'no' for '--collector.sample.strict[=<true|false>]'"),
            "{wrong}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_flag() {
        assert_eq!(
            parse(&["--collector.sample.count=many"]),
            Err("--collector.sample.count=many: `many` is not an integer".to_owned())
        );
    }

    #[test]
    fn help_comes_from_doc_comments_and_defaults() {
        let flags = sample();
        let count = flags.iter().find(|flag| flag.flag == "collector.sample.count").unwrap();
        assert_eq!(count.help, "How many. [default: 0]");
        let token = flags.iter().find(|flag| flag.flag == "collector.sample.token").unwrap();
        assert_eq!(token.help, "");
    }
}
