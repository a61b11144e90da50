//! The files of a host that this machine is not.

use crate::tree::Tree;

/// A host of 64 processors, 40 disks and many mounts, with odd names, and without files that not every host has.
pub fn large_host() -> Tree {
    let host = Tree::new();
    processors(&host);
    disks(&host);
    mounts(&host);
    host.write("proc/loadavg", "63.21 10.37 0.39 1/719 19737\n");
    host.write(
        "proc/meminfo",
        "MemTotal: 1056763224 kB\nMemFree: 0 kB\nDirectMap1G:  18446744073709551 kB\nHugePages_Total:   17\n\
         Active(anon): 5 kB\nNew_Field(x): 9007199254740993\n",
    );
    host.write(
        "proc/net/dev",
        "Inter-|   Receive                                                |  Transmit\n\
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n\
         lo: 9007199254740993 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n\
         veth@if-3.1:18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
    );
    host
}

fn processors(host: &Tree) {
    let mut stat = String::from("cpu  1 2 3 4 5 6 7 8 9 10\n");
    for cpu in 0..64 {
        // One is offline, and the kernel tells nothing of it.
        if cpu == 7 {
            host.write("sys/devices/system/cpu/cpu7/online", "0\n");
            continue;
        }
        stat.extend([format!("cpu{cpu} {}{cpu} 19 21045 1087069 220 1 3410 0 {cpu} 1\n", cpu + 1)]);
        let folder = format!("sys/devices/system/cpu/cpu{cpu}");
        host.write(&format!("{folder}/topology/physical_package_id"), format!("{}\n", cpu / 32));
        host.write(&format!("{folder}/topology/core_id"), format!("{}\n", cpu % 32 / 2));
        // Not every processor has it.
        if cpu % 3 != 0 {
            let throttle = format!("{folder}/thermal_throttle");
            host.write(&format!("{throttle}/core_throttle_count"), format!("{cpu}\n"));
            host.write(&format!("{throttle}/package_throttle_count"), "7\n");
        }
    }
    stat += "intr 8885917 0 0 1\nctxt 18446744073709551615\nbtime 1418183276\nprocesses 26442\n\
             procs_running 2\nprocs_blocked 1\nsoftirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444\n";
    host.write("proc/stat", stat);
    for list in ["online", "present", "possible"] {
        host.write(&format!("sys/devices/system/cpu/{list}"), "0-6,8-63\n");
    }
    host.write("sys/devices/system/cpu/isolated", "\n");
}

fn disks(host: &Tree) {
    let mut table = String::new();
    for disk in 0_u8..40 {
        let letter = char::from(b'a' + disk % 26);
        // By the age of the kernel, there are 14, 18 or 20 columns.
        let (name, rest) = match disk % 4 {
            0 => (format!("sd{disk}{letter}"), " 1 2 3 4 5 6"),
            1 => (format!("nvme{disk}n1"), " 1 2 3 4"),
            2 => (format!("cciss/c{disk}d0"), ""),
            _ => (format!("dm-{disk}"), " 1 2 3 4 5 6"),
        };
        table.extend([format!(
            " 259 {disk} {name} 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804{rest}\n"
        )]);
        host.write(&format!("sys/block/{}/queue/rotational", name.replace('/', "!")), "1\n");
        // What udev knows of some.
        if disk % 2 == 0 {
            host.write(
                &format!("run/udev/data/b259:{disk}"),
                format!("I:1\nE:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=1\nE:ID_MODEL=Odd \"name\" \\ {disk}\nE:ID_SERIAL_SHORT=S{disk}\nE:DM_NAME=vg-{disk}\n"),
            );
        }
    }
    host.write("proc/diskstats", table);
}

fn mounts(host: &Tree) {
    let (mut mounts, mut info) = (String::new(), String::new());
    for mount in 0..60 {
        let name = match mount % 4 {
            0 => format!("plain{mount}"),
            1 => format!("with space{mount}"),
            2 => format!("with\ttab{mount}"),
            _ => format!("übergröße\"{mount}"),
        };
        // One was there when the table was read, and is not any more.
        if mount != 13 {
            host.folder(&format!("data/{name}"));
        }
        let name = name.replace(' ', "\\040").replace('\t', "\\011");
        mounts.extend([format!("/dev/disk\\040{mount} /data/{name} ext4 rw,noatime 0 0\n")]);
        info.extend([format!(
            "{mount} 1 259:{mount} / /data/{name} rw,noatime - ext4 /dev/disk\\040{mount} rw\n"
        )]);
    }
    host.write("proc/1/mounts", mounts);
    host.write("proc/1/mountinfo", info);
}
