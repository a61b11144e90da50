//! The file systems of the host, as node_exporter's collector of that name exposes them.
//!
//! Each is asked apart from the others, so one whose server is gone costs itself only: it is exposed with
//! `node_filesystem_device_error` 1, and not asked again before it has come back.

#![forbid(unsafe_code)]

mod mounts;
mod space;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use exporter_host::Filter;
use exporter_sdk::{Collector, Context, Desc, Gauge, HumanDuration, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mounts::{Mount, Mounts};
use crate::space::{Ask, Kernel, Space};

const LABELS: &[&str; 4] = &["device", "mountpoint", "fstype", "device_error"];

static SIZE: Gauge<4> =
    Gauge::new("node_filesystem_size_bytes", "Size of the file system in bytes.").labels(LABELS);
static FREE: Gauge<4> =
    Gauge::new("node_filesystem_free_bytes", "Free space of the file system in bytes.")
        .labels(LABELS);
static AVAIL: Gauge<4> = Gauge::new(
    "node_filesystem_avail_bytes",
    "Space of the file system that users without privileges can use, in bytes.",
)
.labels(LABELS);
static FILES: Gauge<4> =
    Gauge::new("node_filesystem_files", "How many files the file system can have.").labels(LABELS);
static FILES_FREE: Gauge<4> =
    Gauge::new("node_filesystem_files_free", "How many more files the file system can have.")
        .labels(LABELS);
static READONLY: Gauge<4> =
    Gauge::new("node_filesystem_readonly", "Whether the file system is mounted read-only.")
        .labels(LABELS);
static DEVICE_ERROR: Gauge<4> = Gauge::new(
    "node_filesystem_device_error",
    "Whether the file system could not be asked: 1 if there was an error, or no answer.",
)
.labels(LABELS);
static MOUNT_INFO: Gauge<4> = Gauge::new(
    "node_filesystem_mount_info",
    "Device numbers of the file system that is mounted there, where it answers; the value is always 1.",
)
.labels(&["device", "major", "minor", "mountpoint"]);

/// What node_exporter says of a file system that does not answer.
const STUCK: &str = "mountpoint timeout";

const MOUNT_POINTS_EXCLUDE: &str =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
const FS_TYPES_EXCLUDE: &str = "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|erofs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$";

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct FilesystemConfig {
    /// A regular expression: mount points to leave out.
    #[schemars(extend("x-former-names" = ["ignored_mount_points"]))]
    mount_points_exclude: String,
    /// A regular expression: the only mount points to take. Stands in place of `mount_points_exclude`.
    mount_points_include: Option<String>,
    /// A regular expression: types of file systems to leave out.
    #[schemars(extend("x-former-names" = ["ignored_fs_types"]))]
    fs_types_exclude: String,
    /// A regular expression: the only types of file systems to take. Stands in place of `fs_types_exclude`.
    fs_types_include: Option<String>,
    /// How long all file systems together may take to answer, and no longer than four fifths of what is left of the run.
    /// Those that have not answered then are exposed with `node_filesystem_device_error` 1.
    mount_timeout: HumanDuration,
    /// Has no effect. It is node_exporter's number of file systems that are asked at once; here, one that takes long holds
    /// up no other.
    stat_workers: u32,
}

impl Default for FilesystemConfig {
    fn default() -> Self {
        Self {
            mount_points_exclude: MOUNT_POINTS_EXCLUDE.to_owned(),
            mount_points_include: None,
            fs_types_exclude: FS_TYPES_EXCLUDE.to_owned(),
            fs_types_include: None,
            mount_timeout: HumanDuration(Duration::from_secs(5)),
            stat_workers: 4,
        }
    }
}

struct Filesystem<A = Kernel> {
    mounts: Mounts,
    rootfs: PathBuf,
    timeout: Duration,
    ask: PhantomData<fn() -> A>,
}

impl<A: Ask> Collector for Filesystem<A> {
    const NAME: &'static str = "filesystem";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[
        SIZE.desc(),
        FREE.desc(),
        AVAIL.desc(),
        FILES.desc(),
        FILES_FREE.desc(),
        READONLY.desc(),
        DEVICE_ERROR.desc(),
        MOUNT_INFO.desc(),
    ];
    type Config = FilesystemConfig;

    fn new(config: &FilesystemConfig, context: &Context) -> Result<Self> {
        let points = Filter::new(
            "mount_points",
            (&config.mount_points_exclude, MOUNT_POINTS_EXCLUDE),
            config.mount_points_include.as_deref(),
        )?;
        let types = Filter::new(
            "fs_types",
            (&config.fs_types_exclude, FS_TYPES_EXCLUDE),
            config.fs_types_include.as_deref(),
        )?;
        if config.mount_timeout.0.is_zero() {
            return Err(
                "mount_timeout: no file system answers in no time; write more than 0s".into()
            );
        }
        let paths = context.paths();
        Ok(Self {
            mounts: Mounts::new(&paths.procfs, &paths.rootfs, points, types),
            rootfs: paths.rootfs.clone(),
            timeout: config.mount_timeout.0,
            ask: PhantomData,
        })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mounts = self.mounts.read(scrape)?;
        // Who has to wait for some leaves time for what comes after.
        let left = scrape.deadline().map(|end| end.saturating_duration_since(Instant::now()));
        let timeout = left.map_or(self.timeout, |left| self.timeout.min(left * 4 / 5));
        // Where one mount lies over another, only the upper one can be asked.
        let points: BTreeSet<&Path> = mounts.iter().map(|mount| mount.raw.as_path()).collect();
        let parts = points.iter().map(|point| {
            let path = mounts::below(&self.rootfs, point);
            (point.display().to_string(), move || A::ask(&path))
        });
        let spaces = scrape.isolate_all(timeout, parts);
        let spaces: BTreeMap<&Path, _> = points.into_iter().zip(spaces).collect();
        let mut seen = HashSet::new();
        for mount in mounts {
            if !seen.insert((&mount.device, &mount.point, &mount.fs_type)) {
                continue;
            }
            match &spaces[mount.raw.as_path()] {
                Ok(Ok(space)) => emit(scrape, mount, space),
                Ok(Err(error)) => emit_error(scrape, mount, error),
                Err(_) => emit_error(scrape, mount, STUCK),
            }
        }
        Ok(())
    }
}

fn emit(scrape: &mut Scrape, mount: &Mount, space: &Space) {
    let labels = [&*mount.device, &mount.point, &mount.fs_type, ""];
    scrape.emit(&DEVICE_ERROR, labels, 0);
    scrape.emit(&READONLY, labels, mount.readonly || space.readonly);
    scrape.emit(&SIZE, labels, space.size);
    scrape.emit(&FREE, labels, space.free);
    scrape.emit(&AVAIL, labels, space.available);
    scrape.emit(&FILES, labels, space.files);
    scrape.emit(&FILES_FREE, labels, space.files_free);
    let labels = [&*mount.device, &mount.major, &mount.minor, &mount.point];
    scrape.emit(&MOUNT_INFO, labels, 1);
}

fn emit_error(scrape: &mut Scrape, mount: &Mount, error: &str) {
    let labels = [&*mount.device, &mount.point, &mount.fs_type, error];
    scrape.emit(&DEVICE_ERROR, labels, 1);
    scrape.emit(&READONLY, labels, mount.readonly);
}

register!(Filesystem);

#[cfg(test)]
mod tests;

#[cfg(test)]
type FilesystemOfLab = Filesystem<tests::Lab>;

#[cfg(test)]
exporter_testkit::conformance!(FilesystemOfLab);
