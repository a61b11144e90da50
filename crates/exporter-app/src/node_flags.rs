//! Flags that node_exporter has and nothing else here needs, so that its command lines work as they stand.

use clap::{Arg, ArgAction, ArgMatches, value_parser};

/// A flag of node_exporter that has nothing to act on here. Its value is checked as there.
#[derive(Clone, Copy, Debug)]
struct WithoutEffect {
    flag: &'static str,
    why: &'static str,
}

const WITHOUT_EFFECT: [WithoutEffect; 1] = [WithoutEffect {
    flag: "runtime.gomaxprocs",
    why: "there is no Go runtime here; the number of threads needs no setting",
}];

impl WithoutEffect {
    fn arg(self) -> Arg {
        let arg =
            Arg::new(self.flag).long(self.flag).value_name("N").value_parser(value_parser!(i64));
        arg.allow_negative_numbers(true)
            .help(format!("Accepted for node_exporter's sake: {}", self.why))
    }
}

pub(crate) fn without_effect() -> impl Iterator<Item = Arg> {
    WITHOUT_EFFECT.into_iter().map(WithoutEffect::arg)
}

/// What to say of flags that were given and have no effect.
pub(crate) fn notes(matches: &ArgMatches) -> Vec<String> {
    let given = WITHOUT_EFFECT.into_iter().filter(|it| matches.contains_id(it.flag));
    given.map(|it| format!("--{} has no effect: {}", it.flag, it.why)).collect()
}

/// The switches of node_exporter that are no collector's. Its command line takes `--no-` before each switch; of both forms
/// the last one counts.
const NEGATABLE: [&str; 3] =
    ["web.systemd-socket", "web.disable-exporter-metrics", "collector.disable-defaults"];

/// The negative form of each of these switches.
pub(crate) fn negations() -> impl Iterator<Item = Arg> {
    NEGATABLE.into_iter().map(negation)
}

fn negation(flag: &'static str) -> Arg {
    let off = format!("no-{flag}");
    Arg::new(off.clone()).long(off).action(ArgAction::SetTrue).overrides_with(flag).hide(true)
}
