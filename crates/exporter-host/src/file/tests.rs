//! Files that can be read, and those that cannot.

use std::fs;

use exporter_sdk::{Gauge, Recorder};

use super::*;
use crate::folder::entries;

static DONE: Gauge = Gauge::new("done", "Whether the run came to its end.");

/// What a run omits that reads something.
fn omissions(read: impl FnOnce(&mut Scrape<'_>)) -> Vec<String> {
    let mut recorder = Recorder::new(vec![DONE.desc().into()], false);
    let snapshot = recorder.record(None, |scrape| {
        read(scrape);
        scrape.emit(&DONE, (), 1);
        Ok(())
    });
    snapshot.unwrap().omissions().iter().map(ToString::to_string).collect()
}

/// A file with this content, which is removed with the value that is returned.
struct Sample(PathBuf);

impl Sample {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("kernel-file-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn file(&self) -> KernelFile {
        KernelFile::new(&self.0)
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn files_of_any_length_are_read_whole_again_and_again() {
    let sample = Sample::new("length", "");
    let mut file = sample.file();
    for length in [0, 1, ROOM, 10, 5 * ROOM + 1, 3] {
        fs::write(&sample.0, vec![b'x'; length]).unwrap();
        let omitted =
            omissions(|scrape| assert_eq!(file.read(scrape).unwrap().as_str().len(), length));
        assert_eq!(omitted, [""; 0]);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let sample = Sample::new("bytes", b"a \xff\nb\n");
    let mut file = sample.file();
    assert_eq!(file.read_bytes().unwrap(), b"a \xff\nb\n");
    let omitted = omissions(|scrape| {
        assert_eq!(file.read(scrape).unwrap().as_str(), "a \u{fffd}\nb\n");
    });
    assert_eq!(omitted, [""; 0]);
}

#[test]
fn the_kernel_tells_of_its_own_files_whether_they_changed() {
    let mut mounts = KernelFile::new("/proc/self/mountinfo").kept_open();
    assert!(mounts.changed());
    mounts.read_bytes().unwrap();
    assert!(!mounts.changed());
    // It cannot tell of others.
    let mut other = KernelFile::new("/etc/passwd").kept_open();
    other.read_bytes().unwrap();
    assert!(other.changed());
}

#[test]
fn a_line_that_fails_is_omitted_with_its_place_and_the_others_are_read() {
    let long = "long ".to_owned() + &"9".repeat(1000);
    let sample = Sample::new("lines", format!("1\n\nx\n3\n{long}\né\n5"));
    let mut numbers = Vec::new();
    let omitted = omissions(|scrape| {
        sample.file().each_line(scrape, |_, line| {
            numbers.push(parse_number::<u64>(line.as_str())?);
            Ok(())
        });
    });
    assert_eq!(numbers, [1, 3, 5]);
    let expected = "expected a whole number from 0 to 18446744073709551615";
    let place = sample.0.display();
    let beginning = &long[..60];
    assert_eq!(
        omitted,
        [
            format!("{place}:3: `x`: found `x`, {expected}"),
            format!("{place}:5: `{beginning}`: found `{beginning}`, {expected}"),
            format!("{place}:6: `é`: found `é`, {expected}"),
        ]
    );
}

#[test]
fn one_number_of_a_line_costs_itself() {
    let sample = Sample::new("numbers", "a 1 -2 3.5\n");
    let mut found = Vec::new();
    let omitted = omissions(|scrape| {
        sample.file().each_line(scrape, |scrape, line| {
            for (column, word) in line.as_str().split(' ').enumerate().skip(1) {
                found.push(line.number::<u64>(scrape, format_args!("column {column}"), word));
            }
            Ok(())
        });
    });
    assert_eq!(found, [Some(1), None, None]);
    let place = sample.0.display();
    assert!(omitted[0].starts_with(&format!("{place}:1, column 2: found `-2`, expected a whole")));
    assert!(omitted[1].starts_with(&format!("{place}:1, column 3: found `3.5`, expected a whole")));
}

#[test]
fn a_value_that_cannot_be_read_is_omitted_and_one_that_does_not_exist_is_not() {
    let sample = Sample::new("value", " 17\n");
    let check = |path: &Path, expected: Result<Option<u64>, Omitted>, why: &[&str]| {
        let omitted = omissions(|scrape| {
            assert_eq!(KernelFile::new(path).read_number::<u64>(scrape), expected);
        });
        let place = path.display();
        let why: Vec<String> = why.iter().map(|why| format!("{place}: {why}")).collect();
        assert_eq!(omitted, why);
    };
    check(&sample.0, Ok(Some(17)), &[]);
    check("/proc/nosuch".as_ref(), Ok(None), &[]);
    check("/proc/self/mem".as_ref(), Err(Omitted), &["Input/output error (os error 5)"]);
    check("/proc/self/clear_refs".as_ref(), Err(Omitted), &["Invalid argument (os error 22)"]);
    fs::write(&sample.0, "\n").unwrap();
    let why = "found nothing, expected a whole number from 0 to 18446744073709551615";
    check(&sample.0, Err(Omitted), &[why]);
}

#[test]
fn a_file_that_is_to_be_read_whole_is_omitted_also_when_it_does_not_exist() {
    let omitted = omissions(|scrape| {
        assert!(KernelFile::new("/proc/nosuch").read(scrape).is_none());
        KernelFile::new("/proc/self/mem").each_line(scrape, |_, _| Err("called".into()));
    });
    let expected = [
        "/proc/nosuch: No such file or directory (os error 2)",
        "/proc/self/mem: Input/output error (os error 5)",
    ];
    assert_eq!(omitted, expected);
}

#[test]
fn a_folder_that_cannot_be_read_is_omitted_and_one_that_does_not_exist_is_empty() {
    let omitted = omissions(|scrape| {
        assert_eq!(entries("/nosuch".as_ref(), scrape), Ok(Vec::new()));
        assert_eq!(entries("/proc/version".as_ref(), scrape), Err(Omitted));
        assert!(entries("/proc/self".as_ref(), scrape).unwrap().is_sorted());
    });
    assert_eq!(omitted, ["/proc/version: Not a directory (os error 20)"]);
}
