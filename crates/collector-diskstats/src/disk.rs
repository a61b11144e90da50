//! What udev knows of a disk.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use exporter_host::{KernelFile, Omitted, parse_number};
use exporter_sdk::{Gauge, Scrape};

pub(crate) static INFO: Gauge<9> = Gauge::new(
    "node_disk_info",
    "Numbers, path and model of a disk, as far as they are known; the value is always 1.",
)
.labels(&["device", "major", "minor", "path", "wwn", "model", "serial", "revision", "rotational"]);
pub(crate) static FILESYSTEM_INFO: Gauge<5> = Gauge::new(
    "node_disk_filesystem_info",
    "The file system that a disk has; the value is always 1.",
)
.labels(&["device", "type", "usage", "uuid", "version"]);
pub(crate) static DEVICE_MAPPER_INFO: Gauge<6> = Gauge::new(
    "node_disk_device_mapper_info",
    "What the device mapper made a disk of; the value is always 1.",
)
.labels(&["device", "name", "uuid", "vg_name", "lv_name", "lv_layer"]);
pub(crate) static ATA_WRITE_CACHE: Gauge<1> =
    Gauge::new("node_disk_ata_write_cache", "Whether an ATA disk has a write cache.")
        .labels(&["device"]);
pub(crate) static ATA_WRITE_CACHE_ENABLED: Gauge<1> = Gauge::new(
    "node_disk_ata_write_cache_enabled",
    "Whether the write cache of an ATA disk is on.",
)
.labels(&["device"]);
pub(crate) static ATA_ROTATION_RATE: Gauge<1> = Gauge::new(
    "node_disk_ata_rotation_rate_rpm",
    "Rotations per minute of an ATA disk; 0 for one that does not rotate.",
)
.labels(&["device"]);

/// One disk. Its properties are kept until udev writes them anew.
#[derive(Debug)]
pub(crate) struct Disk {
    rotational: KernelFile,
    /// Which file they were read from: inode, time of its last change in seconds and nanoseconds.
    file: Option<(u64, i64, i64)>,
    properties: HashMap<String, String>,
}

impl Disk {
    /// The disk of this name, in the folder of all of them in sysfs.
    pub(crate) fn new(block: &Path, name: &str) -> Self {
        // What has a slash in its name, such as `cciss/c0d0`, is a folder without one there.
        let folder = block.join(name.replace('/', "!"));
        let rotational = KernelFile::new(folder.join("queue/rotational"));
        Self { rotational, file: None, properties: HashMap::new() }
    }

    /// Reads `file` again if it is another one than before. Where udev does not run, there is none.
    pub(crate) fn refresh(&mut self, file: &Path, scrape: &mut Scrape) {
        if let Err(error) = self.try_refresh(file) {
            self.properties.clear();
            self.file = None;
            if error.kind() != io::ErrorKind::NotFound {
                scrape.omit(file.display(), error);
            }
        }
    }

    fn try_refresh(&mut self, file: &Path) -> io::Result<()> {
        let data = fs::metadata(file)?;
        let now = Some((data.ino(), data.mtime(), data.mtime_nsec()));
        if now != self.file {
            // A line of it is `E:ID_MODEL=...`.
            let text = fs::read(file)?;
            let text = String::from_utf8_lossy(&text);
            let pairs = text.lines().filter_map(|line| line.strip_prefix("E:")?.split_once('='));
            let owned = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
            self.properties = owned.collect();
            self.file = now;
        }
        Ok(())
    }

    fn get(&self, key: &str) -> &str {
        self.properties.get(key).map_or("", String::as_str)
    }

    /// The serial number on the label of the disk, or what comes nearest to it.
    fn serial(&self) -> &str {
        let keys = ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"];
        keys.map(|key| self.get(key)).into_iter().find(|serial| !serial.is_empty()).unwrap_or("")
    }

    /// Emits the properties, of which those of udev stand in `file`. A label that cannot be read is empty.
    pub(crate) fn emit(
        &mut self,
        scrape: &mut Scrape,
        [device, major, minor]: [&str; 3],
        file: &Path,
    ) {
        let rotational = match self.rotational.read_value(scrape) {
            Ok(Some(value)) => value.as_str().to_owned(),
            // Partitions have none.
            Ok(None) => "0".to_owned(),
            Err(Omitted) => String::new(),
        };
        let rotational = rotational.as_str();
        let get = |key| self.get(key);
        let [path, wwn, model] = ["ID_PATH", "ID_WWN", "ID_MODEL"].map(get);
        let (serial, revision) = (self.serial(), get("ID_REVISION"));
        let labels = [device, major, minor, path, wwn, model, serial, revision, rotational];
        scrape.emit(&INFO, labels, 1);
        let keys = ["ID_FS_TYPE", "ID_FS_USAGE", "ID_FS_UUID", "ID_FS_VERSION"];
        let [fs_type, usage, uuid, version] = keys.map(get);
        if !fs_type.is_empty() {
            scrape.emit(&FILESYSTEM_INFO, [device, fs_type, usage, uuid, version], 1);
        }
        let keys = ["DM_NAME", "DM_UUID", "DM_VG_NAME", "DM_LV_NAME", "DM_LV_LAYER"];
        let [name, uuid, group, volume, layer] = keys.map(get);
        if !name.is_empty() {
            scrape.emit(&DEVICE_MAPPER_INFO, [device, name, uuid, group, volume, layer], 1);
        }
        if !get("ID_ATA").is_empty() {
            self.emit_ata(scrape, device, file);
        }
    }

    fn emit_ata(&self, scrape: &mut Scrape, device: &str, file: &Path) {
        for (metric, key) in [
            (&ATA_WRITE_CACHE, "ID_ATA_WRITE_CACHE"),
            (&ATA_WRITE_CACHE_ENABLED, "ID_ATA_WRITE_CACHE_ENABLED"),
            (&ATA_ROTATION_RATE, "ID_ATA_ROTATION_RATE_RPM"),
        ] {
            match self.get(key) {
                "" => {}
                value => match parse_number::<f64>(value) {
                    Ok(value) => scrape.emit(metric, [device], value),
                    Err(error) => scrape.omit(format_args!("{}, {key}", file.display()), error),
                },
            }
        }
    }
}
