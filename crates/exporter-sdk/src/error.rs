//! What can go wrong in a collector, for its author: anything, with `?`.

use std::error::Error as StdError;
use std::fmt;

/// The result of a collector's functions.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why a collector could not be built, or has no samples this time.
///
/// Every error type, `&str` and `String` convert into it, so `?` works on all of them:
///
/// ```
/// fn parse(text: &str) -> exporter_sdk::Result<u64> {
///     if text.is_empty() {
///         return Err("the file is empty".into());
///     }
///     Ok(text.trim().parse()?)
/// }
/// # assert_eq!(parse("").unwrap_err().to_string(), "the file is empty");
/// ```
///
/// Like `anyhow::Error`, it is not a `std::error::Error` itself: that is what makes the conversion possible.
#[derive(Debug)]
pub struct Error {
    source: Box<dyn StdError + Send + Sync>,
    unavailable: bool,
}

impl Error {
    /// The source does not exist here (no such hardware, file or service): nothing is wrong, and there are no samples.
    /// It is reported when it begins and when it ends, not at every scrape.
    pub fn unavailable(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: reason.into(), unavailable: true }
    }

    /// Whether the error was made by [`Error::unavailable`].
    pub fn is_unavailable(&self) -> bool {
        self.unavailable
    }
}

/// Says of an error where it happened, for sources such as files whose errors do not tell.
pub trait At<T> {
    /// With a place in front of the message.
    ///
    /// ```
    /// use exporter_sdk::{At as _, Result};
    ///
    /// fn read(path: &std::path::Path) -> Result<f64> {
    ///     let text = std::fs::read_to_string(path).at(path.display())?;
    ///     text.trim().parse::<f64>().at(path.display())
    /// }
    /// # let error = read("/nosuch".as_ref()).unwrap_err();
    /// # assert_eq!(error.to_string(), "/nosuch: No such file or directory (os error 2)");
    /// ```
    ///
    /// # Errors
    ///
    /// The error itself; whether it says that the source is unavailable stays as it is.
    fn at(self, place: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> At<T> for Result<T, E> {
    fn at(self, place: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let error = error.into();
            Error { source: format!("{place}: {error}").into(), unavailable: error.unavailable }
        })
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self { source: error.into(), unavailable: false }
    }
}

/// The message, and after a colon that of each error underneath which the one above does not already tell.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.source.to_string();
        let mut source = self.source.source();
        while let Some(error) = source {
            let cause = error.to_string();
            if !text.ends_with(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
            source = error.source();
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("reading line 3")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_whole_chain_is_told() {
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(error.to_string(), "reading line 3: invalid digit found in string");
    }

    #[test]
    fn unavailable_is_not_a_failure() {
        assert!(Error::unavailable("no battery").is_unavailable());
        assert!(!Error::from("broken").is_unavailable());
        let placed: Result = Err(Error::unavailable("no battery")).at("/sys/class/power_supply");
        let error = placed.unwrap_err();
        assert!(error.is_unavailable());
        assert_eq!(error.to_string(), "/sys/class/power_supply: no battery");
    }
}
