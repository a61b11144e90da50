//! `cargo xtask new-exporter DIR`: a project outside this repository, an exporter with a collector of its own that also
//! links one of ours.

use std::fs;
use std::path::{Path, PathBuf};

use crate::new_collector::Names;
use crate::process::cargo;
use crate::templates::Shape;
use crate::{Outcome, Task};

pub(crate) const TASK: Task = Task {
    name: "new-exporter",
    usage: "DIR",
    about: "Write an exporter of your own outside this repository",
    details: "
DIR is a folder that does not exist yet; its name is the name of the exporter and of its collector. It has the exporter,
an example of a collector with its tests, a README, a release profile and a Containerfile.
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let folder = match parser.next()? {
        Some(lexopt::Arg::Value(folder)) => PathBuf::from(folder),
        Some(arg) => return Err(arg.unexpected().into()),
        None => return Err("a DIR is missing: cargo xtask new-exporter DIR".into()),
    };
    if let Some(arg) = parser.next()? {
        return Err(arg.unexpected().into());
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
    let names = Names::new(&name).map_err(|error| format!("{}: {error}", folder.display()))?;
    check_module(&names.collector)?;
    if folder.exists() {
        return Err(format!("{} exists already", folder.display()).into());
    }
    let files = files(root, &names);
    write(&folder, &files).map_err(|error| format!("{}: {error}", folder.display()))?;
    // How the text has to be wrapped depends on the name. Where there is no rustfmt, nothing will ask for it either.
    if !cargo(&folder).arg("fmt").output().is_ok_and(|output| output.status.success()) {
        eprintln!("note: `cargo fmt` did not run; the new files may need it");
    }
    println!(
        "Wrote {0}, an exporter with the collectors `{name}` and `loadavg`:\n",
        folder.display()
    );
    for (path, _) in &files {
        println!("  {}/{path}", folder.display());
    }
    println!();
    println!("  edit it   {}/src/{name}.rs", folder.display());
    println!("  test it   cargo test --manifest-path {}/Cargo.toml", folder.display());
    println!("  run it    cargo run --manifest-path {}/Cargo.toml", folder.display());
    println!("  scrape it curl http://localhost:9999/metrics");
    Ok(())
}

/// Words that cannot name a module, and the collector that the exporter has besides.
const RESERVED: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
    "let", "loadavg", "loop", "macro", "main", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "unsafe", "use", "where",
];

/// The collector of an exporter is a module of its program.
fn check_module(name: &str) -> Outcome {
    if RESERVED.contains(&name) {
        return Err(format!(
            "`{name}` cannot name an exporter: its collector would be called so, and that is a word of Rust's, or the other \
             collector that it has; call it `{name}_exporter`, say"
        )
        .into());
    }
    Ok(())
}

fn write(folder: &Path, files: &[(String, String)]) -> std::io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn files(root: &Path, names: &Names) -> Vec<(String, String)> {
    let fill = |text: &str| {
        text.replace("{package}", &names.feature)
            .replace("{collector}", &names.collector)
            .replace("{TypeName}", &names.type_name)
            .replace("{root}", &root.display().to_string())
    };
    let mut files = vec![
        ("Cargo.toml".to_owned(), fill(MANIFEST)),
        ("src/main.rs".to_owned(), fill(MAIN)),
        ("tests/exporter.rs".to_owned(), fill(TEST)),
        ("README.md".to_owned(), fill(README)),
        ("Containerfile".to_owned(), fill(CONTAINERFILE)),
        (".dockerignore".to_owned(), fill(DOCKERIGNORE)),
        (".gitignore".to_owned(), "/target\n".to_owned()),
    ];
    // The collector is the one that new-collector writes, as a module with a folder of its own.
    let own =
        |text: &str| fill(text).replace("tests/cases", &format!("tests/{}/cases", names.collector));
    let folder = format!("tests/{}", names.collector);
    for (path, text) in Shape::default().files() {
        let path = match path {
            "Cargo.toml" => continue,
            "src/lib.rs" => format!("src/{}.rs", names.collector),
            "sample.yml" => format!("{folder}/sample.yml"),
            path => own(path),
        };
        let line = format!("conformance!({}", names.type_name);
        let text = own(text)
            .replace("#![forbid(unsafe_code)]\n\n", "")
            .replace("sample.yml, which the README shows,", &format!("{folder}/sample.yml,"))
            .replace(&line, &format!("{line}, folder: \"{folder}\""));
        files.push((path, text));
    }
    files
}

const MANIFEST: &str = include_str!("../templates/exporter.toml.txt");
const MAIN: &str = include_str!("../templates/exporter_main.rs.txt");
const README: &str = include_str!("../templates/exporter_readme.md.txt");
const CONTAINERFILE: &str = include_str!("../templates/exporter_containerfile.txt");
const DOCKERIGNORE: &str = include_str!("../templates/exporter_dockerignore.txt");
const TEST: &str = include_str!("../templates/exporter_test.rs.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_can_be_no_module_is_refused() {
        assert!(check_module("type").unwrap_err().to_string().contains("call it `type_exporter`"));
        assert!(check_module("loadavg").is_err() && check_module("spool").is_ok());
    }
}
