//! What the web server answers by itself to what is no request, in words.

use exporter_runtime::Refusal;

macro_rules! answer {
    ($status:literal, $length:literal, $text:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            "\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: ",
            $length,
            "\r\n\r\n",
            $text
        )
    };
}

/// The answer where a request has not arrived by its time.
pub(crate) const TOO_LATE: &str = answer!(
    "408 Request Timeout",
    61,
    "408: no request arrived within what --web.read-timeout gives\n"
);
const TOO_LARGE: &str = answer!(
    "431 Request Header Fields Too Large",
    62,
    "431: the head of the request is larger than this server takes\n"
);
const MALFORMED: &str = answer!(
    "400 Bad Request",
    76,
    "400: this is no request of HTTP/1.1, lacks its Host, or has too long a path\n"
);

/// Whether these bytes are an answer of the web server's own, which is empty: why it is given, and the same in words. The
/// answers of pages are never empty.
pub(crate) fn in_words(bytes: &[u8]) -> Option<(Refusal, &'static str)> {
    let rest = bytes.strip_prefix(b"HTTP/1.")?.get(1..)?;
    let (refusal, answer, rest) = match rest.get(..5)? {
        b" 400 " => (Refusal::Malformed, MALFORMED, rest.strip_prefix(b" 400 Bad Request")?),
        b" 408 " => (Refusal::ReadTimeout, TOO_LATE, rest.strip_prefix(b" 408 Request Timeout")?),
        b" 431 " => {
            let rest = rest.strip_prefix(b" 431 Request Header Fields Too Large")?;
            (Refusal::Malformed, TOO_LARGE, rest)
        }
        _ => return None,
    };
    rest.starts_with(b"\r\ncontent-length: 0\r\n").then_some((refusal, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_as_long_as_it_says() {
        for answer in [TOO_LATE, TOO_LARGE, MALFORMED] {
            let (head, text) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", text.len())), "{}", text.len());
        }
    }

    #[test]
    fn only_empty_answers_are_put_in_words() {
        let words = |text: &str| in_words(text.as_bytes()).map(|(refusal, _)| refusal);
        let empty = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: now\r\n\r\n";
        assert_eq!(words(empty), Some(Refusal::Malformed));
        assert_eq!(words(&empty.replace("/1.1", "/1.0")), Some(Refusal::Malformed));
        assert_eq!(words(&empty.replace(": 0", ": 7")), None);
        assert_eq!(words(&empty.replace("400", "200")), None);
        assert_eq!(words("HTTP/1.1 4"), None);
    }
}
