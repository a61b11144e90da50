//! Numbers, as both formats spell them.

/// The value of a number: decimal, or an infinity or NaN in letters of any case.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the text. OpenMetrics and Go agree in what they refuse beside
/// what Rust does: a sign before NaN, and what is beyond the largest f64.
pub(crate) fn parse(text: &str) -> Result<f64, &'static str> {
    let form = "is not a number; write a decimal number, +Inf, -Inf or NaN";
    let number: f64 = text.parse().map_err(|_| form)?;
    if number.is_nan() && text.starts_with(['+', '-']) {
        return Err("is not a number; NaN has no sign");
    }
    if number.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err("is beyond the range of 64-bit floating point numbers, which ends at 1.8e308");
    }
    Ok(number)
}
