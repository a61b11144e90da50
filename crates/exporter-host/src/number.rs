//! Numbers in files of the kernel.

use std::str::FromStr;

use exporter_sdk::Result;

use crate::text::beginning;

/// A type of numbers that files of the kernel have.
pub trait Number: FromStr {
    /// What is right, for messages: `a number of 0 or more`.
    const EXPECTED: &'static str;
}

impl Number for u64 {
    const EXPECTED: &'static str = "a whole number from 0 to 18446744073709551615";
}

impl Number for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 4294967295";
}

impl Number for f64 {
    const EXPECTED: &'static str = "a decimal number";
}

/// Parses a number.
///
/// ```
/// use exporter_host::parse_number;
///
/// assert_eq!(parse_number::<u64>("17").unwrap(), 17);
/// let error = parse_number::<u64>("-1").unwrap_err();
/// assert_eq!(error.to_string(), "found `-1`, expected a whole number from 0 to 18446744073709551615");
/// ```
///
/// # Errors
///
/// What was found, and what would be right.
pub fn parse_number<T: Number>(text: &str) -> Result<T> {
    text.parse().map_err(|_| {
        let found =
            if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", beginning(text)) };
        format!("found {found}, expected {}", T::EXPECTED).into()
    })
}
