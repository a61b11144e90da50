//! The other spellings of flags: node_exporter writes `--collector.cpu.info.flags-include` for what is the key
//! `info_flags_include` here, as its flag `info` is a switch.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::args::Flagged;
use crate::flags::KeyFlag;

/// The arguments with every flag of a collector's key spelt as the command line knows it. In a key, dots, hyphens and
/// underscores are one: a collector whose keys differ in nothing else is refused by a test of its conformance.
pub(crate) fn canonical(args: Vec<OsString>, flagged: &[Flagged<'_>]) -> Vec<OsString> {
    let mut spellings = HashMap::new();
    for collector in flagged {
        for flag in collector.keys.iter().flat_map(KeyFlag::flags) {
            spellings.insert(plain(&flag), flag);
        }
    }
    let canonical = |arg: OsString| {
        let Some(flag) = arg.to_str().and_then(|arg| arg.strip_prefix("--")) else { return arg };
        let (flag, value) = flag.split_once('=').map_or((flag, None), |(f, v)| (f, Some(v)));
        if !flag.starts_with("collector.") && !flag.starts_with("no-collector.") {
            return arg;
        }
        match (spellings.get(&plain(flag)), value) {
            (None, _) => arg,
            (Some(flag), None) => format!("--{flag}").into(),
            (Some(flag), Some(value)) => format!("--{flag}={value}").into(),
        }
    };
    args.into_iter().map(canonical).collect()
}

fn plain(flag: &str) -> String {
    flag.replace(['-', '_'], ".")
}
