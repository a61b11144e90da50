//! Files of a host as one text, which `exporter_testkit::Tree` reads. The format is described there.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::Outcome;

/// How files may be imitated that cannot be read, by the number of the error.
const ERRORS: [(i32, &str); 3] = [(13, "EACCES"), (22, "EINVAL"), (5, "EIO")];

/// The files, links and empty folders at these paths below `root`, in the order of their paths, as one text. `note` is told
/// what the text does not have as the host does.
pub(crate) fn pack(root: &Path, paths: &[String], note: &mut dyn FnMut(String)) -> Outcome<String> {
    let mut text = String::new();
    for path in paths {
        let path = path.trim_matches('/');
        add(&mut text, root, path, note)
            .map_err(|error| format!("{}: {error}", root.join(path).display()))?;
    }
    Ok(text)
}

fn add(text: &mut String, root: &Path, path: &str, note: &mut dyn FnMut(String)) -> Outcome {
    let place = root.join(path);
    let kind = place.symlink_metadata()?.file_type();
    let legal = !path.contains('\n') && !path.contains(" -> ") && !path.ends_with(']');
    if !legal {
        return Err(
            "a text cannot have a path like that; put the files into a folder `host` instead"
                .into(),
        );
    }
    if kind.is_symlink() {
        let target = fs::read_link(&place)?;
        writeln!(text, "-- {path} -> {} --", target.display())?;
    } else if kind.is_dir() {
        add_folder(text, root, path, note)?;
    } else if kind.is_file() {
        match fs::read(&place) {
            Ok(bytes) => text.push_str(&file(path, &bytes)),
            Err(error) => text.push_str(&unreadable(path, &error, note)),
        }
    } else {
        note(format!("{path} is left out: it is no file, folder or link"));
    }
    Ok(())
}

fn add_folder(text: &mut String, root: &Path, path: &str, note: &mut dyn FnMut(String)) -> Outcome {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(path))? {
        let name = entry?.file_name();
        names.push(name.into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?);
    }
    names.sort();
    if names.is_empty() && !path.is_empty() {
        writeln!(text, "-- {path}/ --")?;
    }
    for name in names {
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        add(text, root, &path, note)?;
    }
    Ok(())
}

fn file(path: &str, bytes: &[u8]) -> String {
    let header = |line: &str| line.starts_with("-- ") && line.ends_with(" --");
    let plain = str::from_utf8(bytes).ok().filter(|text| {
        let legible = |c: char| c == '\n' || c == '\t' || !c.is_control();
        text.chars().all(legible) && !text.lines().any(header)
    });
    let ends = bytes.is_empty() || bytes.ends_with(b"\n");
    let mut attributes = String::new();
    if !ends {
        attributes.push_str(" [no-newline]");
    }
    if plain.is_none() {
        attributes.push_str(" [escaped]");
    }
    let content = plain.map_or_else(|| escaped(bytes), str::to_owned);
    let end = if ends { "" } else { "\n" };
    format!("-- {path}{attributes} --\n{content}{end}")
}

/// All that is not plain ASCII, and what begins like a header, as escapes.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        for (index, byte) in line.iter().enumerate() {
            match byte {
                b'\n' => text.push('\n'),
                b'\\' => text.push_str("\\\\"),
                0 => text.push_str("\\0"),
                b'-' if index == 0 => text.push_str("\\x2d"),
                b' '..=b'~' => text.push(char::from(*byte)),
                _ => text.extend(["\\x".to_owned(), format!("{byte:02x}")]),
            }
        }
    }
    text
}

fn unreadable(path: &str, error: &io::Error, note: &mut dyn FnMut(String)) -> String {
    let known = ERRORS.iter().find(|(number, _)| error.raw_os_error() == Some(*number));
    let name = known.map_or("EIO", |(_, name)| name);
    if known.is_none() {
        note(format!(
            "{path} cannot be read: {error}; no file can imitate that, so that it fails with EIO"
        ));
    }
    format!("-- {path} [error={name}] --\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_legible_where_it_can_be() {
        assert_eq!(file("a", b"1\n2\n"), "-- a --\n1\n2\n");
        assert_eq!(file("a", b""), "-- a --\n");
        assert_eq!(file("a", b"1"), "-- a [no-newline] --\n1\n");
        assert_eq!(
            file("a", b"-- b --\n\\"),
            "-- a [no-newline] [escaped] --\n\\x2d- b --\n\\\\\n"
        );
        assert_eq!(file("a", b"\0\xff\n"), "-- a [escaped] --\n\\0\\xff\n");
    }
}
