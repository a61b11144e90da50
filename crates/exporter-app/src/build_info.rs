//! What an exporter is and from what it was built, for `exporter_build_info` and `--version`.

use exporter_runtime::BuildInfo;

/// What a program says of itself; what it does not say was found by the build script of this crate.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) version: Option<String>,
    pub(crate) revision: Option<String>,
    pub(crate) commit_date: Option<String>,
}

impl Said {
    pub(crate) fn build_info(self, name: String) -> BuildInfo {
        // The version of another program is not built from the commit of this crate.
        let git =
            |found: &str| if self.version.is_some() { String::new() } else { found.to_owned() };
        let found = |given: &str, found: &str| {
            if given.is_empty() { git(found) } else { given.to_owned() }
        };
        let revision =
            found(env!("EXPORTER_BUILD_GIVEN_REVISION"), env!("EXPORTER_BUILD_GIT_REVISION"));
        let date = found(env!("EXPORTER_BUILD_GIVEN_DATE"), env!("EXPORTER_BUILD_GIT_DATE"));
        BuildInfo {
            name,
            revision: self.revision.unwrap_or(revision),
            commit_date: self.commit_date.unwrap_or(date),
            compiler: env!("EXPORTER_BUILD_COMPILER").to_owned(),
            target: env!("EXPORTER_BUILD_TARGET").to_owned(),
            version: self.version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        }
    }
}

/// The text of `--version` behind the name: the version, and a line for each thing more that is known.
pub(crate) fn long_version(info: &BuildInfo) -> String {
    let known = [
        ("revision", &info.revision),
        ("commit date", &info.commit_date),
        ("compiler", &info.compiler),
        ("target", &info.target),
    ];
    let known = known.into_iter().filter(|(_, value)| !value.is_empty());
    let lines = known.map(|(name, value)| format!("\n  {name:<12} {value}"));
    info.version.clone() + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_version_of_its_own_has_no_commit_of_this_crate() {
        let own = Said { version: Some("7.1".to_owned()), ..Said::default() };
        let info = own.build_info("foo".to_owned());
        assert_eq!((info.version.as_str(), info.name.as_str()), ("7.1", "foo"));
        assert_eq!(info.revision, env!("EXPORTER_BUILD_GIVEN_REVISION"));
        assert!(info.compiler.starts_with("rustc 1."), "{}", info.compiler);
        let said = Said {
            version: Some("7.1".to_owned()),
            revision: Some("abc".to_owned()),
            commit_date: Some("2026-11-27T18:00:00Z".to_owned()),
        };
        let info = said.build_info("foo".to_owned());
        assert_eq!(
            (info.revision.as_str(), info.commit_date.as_str()),
            ("abc", "2026-11-27T18:00:00Z")
        );
    }

    #[test]
    fn version_has_lines_for_what_is_known() {
        assert_eq!(long_version(&BuildInfo::new("foo", "1.2")), "1.2");
        let info = BuildInfo {
            revision: "abc".to_owned(),
            target: "riscv64gc-unknown-linux-gnu".to_owned(),
            ..BuildInfo::new("foo", "1.2")
        };
        let text = "1.2\n  revision     abc\n  target       riscv64gc-unknown-linux-gnu";
        assert_eq!(long_version(&info), text);
    }
}
