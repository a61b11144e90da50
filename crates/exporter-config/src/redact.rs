//! User names and passwords in URLs, which messages must not repeat.

use std::borrow::Cow;

/// Masks the user info of everything in `text` that looks like a URL: `http://user:password@host/` becomes
/// `http://***@host/`.
///
/// A password may contain `@`, `/` and `:`, although a URL should have them encoded. What cannot be told apart is masked:
/// rather too much than too little. `https://host/path@x` and mail addresses stay as they are.
///
/// ```
/// # use exporter_config::redact;
/// assert_eq!(redact("GET http://me:hunter2@host/ failed"), "GET http://***@host/ failed");
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let start = from + found + "://".len();
        let end = start + url_length(&text[start..]);
        if let Some(length) = user_info(&text[start..end]) {
            masked.push_str(&text[kept..start]);
            masked.push_str("***");
            kept = start + length;
        }
        from = end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[kept..]);
    Cow::Owned(masked)
}

/// How far a URL reaches behind its `://`: to the next white space or URL.
fn url_length(rest: &str) -> usize {
    let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let next = rest[..word].find("://").map_or(word, |next| {
        let scheme = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        rest[..next].trim_end_matches(scheme).len()
    });
    // Where a password reaches up to the next `://`, that is no other URL.
    if next == 0 { word } else { next }
}

/// The length of the user info at the beginning of `url`, without its `@`.
fn user_info(url: &str) -> Option<usize> {
    let last = url.rfind('@')?;
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    // `user:pass/word@host` and `host:80/path@x` differ in what follows the colon.
    (authority.contains('@') || !is_host(authority)).then_some(last)
}

fn is_host(authority: &str) -> bool {
    let address = authority.rfind(']').map_or(authority, |end| &authority[end..]);
    let port = address.split_once(':').map(|(_, port)| port);
    port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_info_is_masked_whatever_the_password() {
        for url in [
            "http://user:hunter2@host/",
            "http://user:hun@ter2@host/",
            "http://user:hun/ter2@host/",
            "http://user:hun/te@r2@host/",
            "http://user:hun:ter2@host/",
            "http://user:hun?ter#2@host/",
            "http://user:hun\"ter'2@host/",
            "http://:hunter2@host/",
            "http://hunter2@host/",
        ] {
            assert_eq!(redact(url), "http://***@host/", "{url}");
        }
        assert_eq!(redact("postgres+tls://u:p@[::1]:5432/db"), "postgres+tls://***@[::1]:5432/db");
    }

    #[test]
    fn several_urls_in_one_text_are_all_masked() {
        assert_eq!(
            redact("no a://u:x@one, nor b://u:y@two/z: refused"),
            "no a://***@one, nor b://***@two/z: refused"
        );
        assert_eq!(redact("a://u:x@one,b://u:y@two"), "a://***@one,b://***@two");
        assert_eq!(redact(r#"["a://u:x@one","b://c/d"]"#), r#"["a://***@one","b://c/d"]"#);
        assert_eq!(redact("a://one/?to=b://u:x@two"), "a://one/?to=b://***@two");
    }

    #[test]
    fn what_is_no_user_info_stays() {
        for text in [
            "https://host/path@x",
            "https://host:8080/path@x",
            "http://[::1]:80/a@b",
            "http://[::1]/a@b",
            "write to me@example.org",
            "http://host:9100: connection refused, ask me@example.org",
            "user:pw@tcp(host:3306)/db",
            "://",
            "a:// b",
            "",
        ] {
            assert_eq!(redact(text), text);
            assert!(matches!(redact(text), Cow::Borrowed(_)));
        }
    }
}
