//! Flags for the keys of collectors, made from the schema of their configuration: `--collector.<name>.<key>=<value>`.
//!
//! The key `device_exclude` is the flag `device-exclude`, the key `include` under `flags` is `flags.include`. A boolean
//! takes no value and has a `--no-` form; a list is given by repeating its flag.

use clap::{Arg, ArgAction, ArgMatches};
use exporter_runtime::CollectorType;
use schemars::Schema;
use serde_json::{Value, json};

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Boolean,
    Integer,
    Number,
    Text,
    List(Item),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Integer,
    Number,
    Text,
}

impl KeyFlag {
    /// The flags of every key that a collector has, which runs under the name `name`.
    pub(crate) fn of(collector: &CollectorType, name: &str) -> Vec<Self> {
        let schema = collector.schema();
        let mut flags = Vec::new();
        let walk = Walk { root: &schema, prefix: format!("collector.{name}") };
        walk.properties(schema.as_value(), &mut Vec::new(), &mut flags);
        for flag in &mut flags {
            flag.path.splice(0..0, ["collectors".to_owned(), name.to_owned()]);
        }
        flags
    }

    /// The arguments that clap has to know.
    pub(crate) fn args(&self) -> Vec<Arg> {
        let arg = Arg::new(self.flag.clone())
            .long(self.flag.clone())
            .help(self.help.clone())
            .global(true);
        match self.shape {
            Shape::Boolean => {
                let no = self.no_flag();
                let off = Arg::new(no.clone()).long(no.clone()).hide(true).global(true);
                vec![
                    arg.action(ArgAction::SetTrue).overrides_with(no),
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
        let no = value == Value::Bool(false);
        let flag = if no { self.no_flag() } else { self.flag.clone() };
        Ok(Some(Overlay { path: self.path.clone(), value, flag: format!("--{flag}") }))
    }

    fn value(&self, matches: &ArgMatches) -> Result<Option<Value>, String> {
        if self.shape == Shape::Boolean {
            let (on, off) = (matches.get_flag(&self.flag), matches.get_flag(&self.no_flag()));
            return Ok((on || off).then_some(Value::Bool(on)));
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
        let item = match self.shape {
            Shape::Integer | Shape::List(Item::Integer) => Item::Integer,
            Shape::Number | Shape::List(Item::Number) => Item::Number,
            _ => Item::Text,
        };
        let wrong = |what: &str| format!("--{}={text}: `{text}` is not {what}", self.flag);
        match item {
            Item::Text => Ok(Value::from(text)),
            Item::Number => text.parse::<f64>().map(Value::from).map_err(|_| wrong("a number")),
            Item::Integer => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<u64>().map(Value::from))
                .map_err(|_| wrong("an integer")),
        }
    }

    fn value_name(&self) -> &'static str {
        match self.shape {
            Shape::Integer | Shape::List(Item::Integer) => "INTEGER",
            Shape::Number | Shape::List(Item::Number) => "NUMBER",
            _ => "TEXT",
        }
    }

    fn no_flag(&self) -> String {
        format!("no-{}", self.flag)
    }
}

struct Walk<'a> {
    root: &'a Schema,
    prefix: String,
}

impl Walk<'_> {
    fn properties(&self, schema: &Value, path: &mut Vec<String>, flags: &mut Vec<KeyFlag>) {
        let Some(properties) = self.resolve(schema).get("properties").and_then(Value::as_object)
        else {
            return;
        };
        for (key, property) in properties {
            path.push(key.clone());
            match self.shape(property) {
                Some(shape) => flags.push(self.flag(path, shape, property)),
                None => self.properties(property, path, flags),
            }
            if self.is_secret(property) {
                path.push("file".to_owned());
                let help = json!({"description": format!("File that holds {key}")});
                flags.push(self.flag(path, Shape::Text, &help));
                path.pop();
            }
            path.pop();
        }
    }

    fn flag(&self, path: &[String], shape: Shape, property: &Value) -> KeyFlag {
        let keys: Vec<String> = path.iter().map(|key| key.replace('_', "-")).collect();
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let default = property.get("default").filter(|default| !default.is_null());
        let default = default.filter(|_| !self.is_secret(property));
        let default = default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
        let help = format!("{}{default}", description.replace('\n', " "));
        KeyFlag {
            flag: format!("{}.{}", self.prefix, keys.join(".")),
            path: path.to_vec(),
            shape,
            help,
        }
    }

    /// What a flag for this property takes; `None` where it is an object, whose keys have flags of their own.
    fn shape(&self, property: &Value) -> Option<Shape> {
        let property = self.resolve(property);
        match type_of(property)? {
            "boolean" => Some(Shape::Boolean),
            "integer" => Some(Shape::Integer),
            "number" => Some(Shape::Number),
            "string" => Some(Shape::Text),
            "array" => Some(Shape::List(self.item(property.get("items")?)?)),
            _ => None,
        }
    }

    /// Whether it is a secret, or may be one.
    fn is_secret(&self, property: &Value) -> bool {
        let target = self.target(property);
        let optional = target.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        target.get("x-secret") == Some(&Value::Bool(true))
            || optional.map(|one| self.target(one)).any(|one| one.get("x-secret").is_some())
    }

    fn item(&self, items: &Value) -> Option<Item> {
        match type_of(self.resolve(items))? {
            "integer" => Some(Item::Integer),
            "number" => Some(Item::Number),
            "string" => Some(Item::Text),
            _ => None,
        }
    }

    /// Follows references, and the first alternative of several that is not null.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.target(schema);
        let some = schema.get("anyOf").and_then(Value::as_array).and_then(|alternatives| {
            alternatives.iter().find(|alternative| type_of(alternative) != Some("null"))
        });
        some.map_or(schema, |some| self.resolve(some))
    }

    /// Follows references.
    fn target<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
        let target = pointer.and_then(|pointer| self.root.as_value().pointer(pointer));
        target.map_or(schema, |target| self.target(target))
    }
}

/// The type of a schema; where it may be null as well, the other one.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|&name| name != "null"),
        _ => None,
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

    use super::*;

    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        /// How many.
        count: u64,
        ratio: f64,
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
    fn what_is_not_given_stays_at_its_default_and_the_last_word_counts() {
        assert_eq!(parse(&[]), Ok(json!({})));
        let args = ["--collector.sample.strict", "--no-collector.sample.strict"];
        assert_eq!(parse(&args), Ok(json!({"strict": false})));
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
