//! The memory of the host, every field of /proc/meminfo, as node_exporter's collector of that name exposes it.

#![forbid(unsafe_code)]

use exporter_host::{KernelFile, parse_number};
use exporter_sdk::{Collector, Context, Family, NoConfig, Result, Scrape, Value, register};

/// What the kernels of today have. A field that is not here is exposed as well, but not documented.
const KNOWN: [&str; 59] = [
    "node_memory_Active_anon_bytes",
    "node_memory_Active_bytes",
    "node_memory_Active_file_bytes",
    "node_memory_AnonHugePages_bytes",
    "node_memory_AnonPages_bytes",
    "node_memory_Balloon_bytes",
    "node_memory_Bounce_bytes",
    "node_memory_Buffers_bytes",
    "node_memory_Cached_bytes",
    "node_memory_CmaFree_bytes",
    "node_memory_CmaTotal_bytes",
    "node_memory_CommitLimit_bytes",
    "node_memory_Committed_AS_bytes",
    "node_memory_DirectMap1G_bytes",
    "node_memory_DirectMap2M_bytes",
    "node_memory_DirectMap4M_bytes",
    "node_memory_DirectMap4k_bytes",
    "node_memory_Dirty_bytes",
    "node_memory_FileHugePages_bytes",
    "node_memory_FilePmdMapped_bytes",
    "node_memory_HardwareCorrupted_bytes",
    "node_memory_HugePages_Free",
    "node_memory_HugePages_Rsvd",
    "node_memory_HugePages_Surp",
    "node_memory_HugePages_Total",
    "node_memory_Hugepagesize_bytes",
    "node_memory_Hugetlb_bytes",
    "node_memory_Inactive_anon_bytes",
    "node_memory_Inactive_bytes",
    "node_memory_Inactive_file_bytes",
    "node_memory_KReclaimable_bytes",
    "node_memory_KernelStack_bytes",
    "node_memory_Mapped_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_MemTotal_bytes",
    "node_memory_Mlocked_bytes",
    "node_memory_NFS_Unstable_bytes",
    "node_memory_PageTables_bytes",
    "node_memory_Percpu_bytes",
    "node_memory_SReclaimable_bytes",
    "node_memory_SUnreclaim_bytes",
    "node_memory_SecPageTables_bytes",
    "node_memory_ShmemHugePages_bytes",
    "node_memory_ShmemPmdMapped_bytes",
    "node_memory_Shmem_bytes",
    "node_memory_Slab_bytes",
    "node_memory_SwapCached_bytes",
    "node_memory_SwapFree_bytes",
    "node_memory_SwapTotal_bytes",
    "node_memory_Unaccepted_bytes",
    "node_memory_Unevictable_bytes",
    "node_memory_VmallocChunk_bytes",
    "node_memory_VmallocTotal_bytes",
    "node_memory_VmallocUsed_bytes",
    "node_memory_WritebackTmp_bytes",
    "node_memory_Writeback_bytes",
    "node_memory_Zswap_bytes",
    "node_memory_Zswapped_bytes",
];

struct Meminfo {
    file: KernelFile,
    fields: Fields,
}

struct Fields {
    known: Vec<Family>,
    /// Those found in the order of the file, which does not change while a kernel runs.
    found: Vec<(String, Family)>,
}

impl Collector for Meminfo {
    const NAME: &'static str = "meminfo";
    const NAMESPACE: Option<&'static str> = Some("node");
    // A new kernel may have a field more.
    const UNCHECKED: bool = true;
    type Config = NoConfig;

    fn new(_: &NoConfig, context: &Context) -> Result<Self> {
        let known = KNOWN.iter().map(|&name| family(name)).collect::<Result<_>>()?;
        let file = KernelFile::new(context.paths().procfs.join("meminfo")).kept_open();
        Ok(Self { file, fields: Fields { known, found: Vec::new() } })
    }

    fn describe(&self) -> Vec<Family> {
        self.fields.known.clone()
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mut index = 0;
        self.file.each_line(scrape, |scrape, line| {
            let (field, value) = field(line.as_str()).ok_or("expected `FIELD: NUMBER`")?;
            self.fields.emit(index, field, value, scrape)?;
            index += 1;
            Ok(())
        });
        Ok(())
    }
}

impl Fields {
    fn emit(&mut self, index: usize, field: &str, value: &str, scrape: &mut Scrape) -> Result {
        let kibibytes = value.strip_suffix(" kB");
        let number = kibibytes.unwrap_or(value).trim();
        let number: u64 = parse_number(number)?;
        let value = if kibibytes.is_some() { bytes(number) } else { Value::Uint(number) };
        if self.found.get(index).is_none_or(|(known, _)| known != field) {
            let family = self.find(field, kibibytes.is_some())?;
            self.found.truncate(index);
            self.found.push((field.to_owned(), family));
        }
        scrape.emit_dynamic(&self.found[index].1, [""; 0], value);
        Ok(())
    }

    /// The family of a field, such as `Active(anon)`.
    fn find(&self, field: &str, bytes: bool) -> Result<Family> {
        let unit = if bytes { "_bytes" } else { "" };
        let field = field.replace('(', "_").replace(')', "");
        let name = format!("node_memory_{field}{unit}");
        let known = self.known.iter().find(|family| family.name() == name);
        known.map_or_else(|| family(&name), |family| Ok(family.clone()))
    }
}

/// Name and value of a field. A name that no metric can have is none.
fn field(line: &str) -> Option<(&str, &str)> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_()".contains(&byte);
    line.split_once(':').filter(|(name, _)| !name.is_empty() && name.bytes().all(legal))
}

/// Kernels have been seen to tell numbers below zero as ones near 2^64, of which there are no whole bytes.
#[expect(clippy::cast_precision_loss, reason = "it has no exact value then")]
fn bytes(kibibytes: u64) -> Value {
    let whole = kibibytes.checked_mul(1024).map(Value::Uint);
    whole.unwrap_or(Value::Float(kibibytes as f64 * 1024.0))
}

fn family(name: &str) -> Result<Family> {
    let field = name.trim_start_matches("node_memory_");
    let help = match field.strip_suffix("_bytes") {
        Some(field) => format!("The field {field} of /proc/meminfo, in bytes."),
        None => format!("The field {field} of /proc/meminfo, a number."),
    };
    let mut family = Family::gauge(name.to_owned(), help);
    if is_camel_case(field) {
        family = family.lint_exception("the names of fields are the kernel's, as in node_exporter");
    }
    Ok(family.build()?)
}

/// Most names of the kernel are, and not all.
fn is_camel_case(field: &str) -> bool {
    let mut pairs = field.as_bytes().windows(2);
    pairs.any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

register!(Meminfo);

#[cfg(test)]
exporter_testkit::conformance!(Meminfo);

#[cfg(test)]
mod tests {
    use exporter_testkit::{Probe, Tree};

    use super::*;

    #[test]
    fn fields_that_come_and_go_and_those_of_new_kernels_are_exposed() {
        let host = Tree::new();
        let probe = Probe::of::<Meminfo, _>().tree(&host).start();
        host.write("proc/meminfo", "MemTotal:  16 kB\nMemFree: 4 kB\nHugePages_Total:  7\n");
        assert_eq!(probe.scrape().all_samples().len(), 3);
        host.write(
            "proc/meminfo",
            "MemTotal:  16 kB\nFancy(new): 1 kB\nHugePages_Total:  7\nMemFree: 5 kB\n",
        );
        let page = probe.scrape();
        assert_eq!(page.all_samples().len(), 4);
        assert_eq!(page.gauge("node_memory_Fancy_new_bytes", &[]), 1024.0);
        assert_eq!(page.gauge("node_memory_HugePages_Total", &[]), 7.0);
        assert_eq!(page.gauge("node_memory_MemFree_bytes", &[]), 5120.0);
    }

    #[test]
    fn a_line_that_is_no_field_costs_itself() {
        let host = Tree::new();
        let probe = Probe::of::<Meminfo, _>().tree(&host).start();
        host.write(
            "proc/meminfo",
            "MemTotal:  16 kB\nOdd name-x: 1 kB\nno colon 5\n\n: 3\nHugePages_Total:  7\nMemFree: 4 kB\n",
        );
        for _ in 0..2 {
            let page = probe.scrape();
            assert_eq!(page.all_samples().len(), 3);
            assert_eq!(page.gauge("node_memory_HugePages_Total", &[]), 7.0);
            assert_eq!(page.gauge("node_memory_MemFree_bytes", &[]), 4096.0);
        }
        let place = host.path("proc/meminfo").display().to_string();
        let odd = ["2: `Odd name-x: 1 kB`", "3: `no colon 5`", "5: `: 3`"];
        let expected = odd.map(|line| format!("{place}:{line}: expected `FIELD: NUMBER`"));
        assert_eq!(probe.omissions(), expected);
    }

    #[test]
    fn a_number_that_is_none_costs_its_field() {
        let host = Tree::new();
        let probe = Probe::of::<Meminfo, _>().tree(&host).start();
        let place = host.path("proc/meminfo").display().to_string();
        host.write("proc/meminfo", "MemTotal:  16 kB\nMemFree: some kB\nSwapFree: 3 kB\n");
        for _ in 0..2 {
            let page = probe.scrape();
            assert_eq!(page.all_samples().len(), 2);
            assert_eq!(page.gauge("node_memory_MemTotal_bytes", &[]), 16384.0);
            assert_eq!(page.gauge("node_memory_SwapFree_bytes", &[]), 3072.0);
        }
        let expected = "expected a whole number from 0 to 18446744073709551615";
        let expected = format!("{place}:2: `MemFree: some kB`: found `some`, {expected}");
        assert_eq!(probe.omissions(), [&*expected]);
        host.write("proc/meminfo", "MemTotal:  16 kB\nMemFree: 1 kB\nSwapFree: 3 kB\n");
        assert_eq!(probe.scrape().gauge("node_memory_MemFree_bytes", &[]), 1024.0);
        assert_eq!(probe.omissions(), [""; 0]);
        host.write("proc/meminfo", "MemFree: some kB\n");
        assert_eq!(probe.failure(), expected.replace(":2:", ":1:"));
        host.remove("proc/meminfo").link("proc/meminfo", "/proc/self/mem");
        assert_eq!(probe.failure(), format!("{place}: Input/output error (os error 5)"));
    }
}
