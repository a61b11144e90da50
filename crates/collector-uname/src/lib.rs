//! What `uname` says, as node_exporter's collector of that name exposes it.

#![forbid(unsafe_code)]

use std::ffi::CStr;

use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};
use rustix::system::uname;

static INFO: Gauge<6> = Gauge::new(
    "node_uname_info",
    "What the system call uname says of kernel and host, in labels; the value is always 1.",
)
.labels(&["sysname", "release", "version", "machine", "nodename", "domainname"]);

struct Uname;

impl Collector for Uname {
    const NAME: &'static str = "uname";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[INFO.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let uname = uname();
        let text = |field: &'_ CStr| field.to_string_lossy().into_owned();
        let fields = [
            uname.sysname(),
            uname.release(),
            uname.version(),
            uname.machine(),
            uname.nodename(),
            uname.domainname(),
        ];
        scrape.emit(&INFO, fields.map(text), 1);
        Ok(())
    }
}

register!(Uname);

#[cfg(test)]
exporter_testkit::conformance!(Uname, volatile: ["node_uname_info"]);

#[cfg(test)]
mod tests {
    use std::process::Command;

    use exporter_testkit::Probe;

    use super::*;

    #[test]
    fn it_says_what_the_command_says() {
        let page = Probe::of::<Uname, _>().start().scrape();
        let sample = page.samples("node_uname_info")[0].clone();
        for (flag, label) in
            [("-s", "sysname"), ("-r", "release"), ("-v", "version"), ("-n", "nodename")]
        {
            let said = Command::new("uname").arg(flag).output().unwrap().stdout;
            assert_eq!(sample.label(label), Some(String::from_utf8(said).unwrap().trim_end()));
        }
        assert_eq!(sample.value, 1.0);
    }
}
