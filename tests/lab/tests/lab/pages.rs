//! The pages for people, in a real browser; and what Prometheus finds out about the exporter by itself.

use std::process::Command;

use exporter_testkit::{Exporter, Prometheus};
use tempfile::TempDir;

use crate::browser::{Browser, FLAGS};
use crate::{Config, LAB};

/// What Chromium makes of a page, as HTML; it may have nothing to complain about.
fn browse(exporter: &Exporter, path: &str) -> String {
    let profile = TempDir::new().unwrap();
    let output = Command::new("chromium")
        .args(FLAGS)
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{}{path}", exporter.address()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for complaint in ["CONSOLE", "Refused to", "Content Security Policy"] {
        assert!(!said.contains(complaint), "{path}: {said}");
    }
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_first_page_tells_of_every_collector() {
    let config =
        Config::new("collectors:\n  error:\n  hang: {scrape: {timeout: 1s}}\n  unavailable:\n");
    let exporter = config.start(&[]);
    let before = browse(&exporter, "/");
    assert!(before.contains("<h1>lab-exporter</h1>") && before.contains("not run yet"), "{before}");
    exporter.get("/metrics");
    let page = browse(&exporter, "/");
    let row = |name: &str| {
        let rest = page.split_once(&format!("<a href=\"collectors/{name}\">")).unwrap().1;
        rest.split_once("</tr>\n<tr><td><a").map_or(rest, |(row, _)| row).to_owned()
    };
    assert!(row("bulk").contains(">ok<") && row("bulk").contains(" ago"), "{page}");
    assert!(row("error").contains("failing for") && row("error").contains("(error)"), "{page}");
    assert!(page.contains("on fire"), "{page}");
    assert!(row("hang").contains("overdue"), "{}", row("hang"));
    assert!(row("unavailable").contains("has no source here"));
    assert!(page.contains("<input type=\"checkbox\" name=\"collect[]\" value=\"bulk\">"));
    // The configuration is not for everyone.
    assert!(!page.contains("Configuration"));
    assert_eq!(exporter.get("/config").status, 403);
    for path in ["/", "/collectors/bulk"] {
        let answer = exporter.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(!answer.body.contains("<script") && !answer.body.contains("style="), "{path}");
    }
    assert_eq!(exporter.get("/style.css").header("content-type"), Some("text/css; charset=utf-8"));
}

#[test]
fn with_80_collectors_the_failing_ones_are_first_with_since_when_and_why() {
    let ok: String = (10..86).map(|i| format!("  kinds@n{i}: {{}}\n")).collect();
    let text = format!("collectors:\n{ok}  error@z1: {{}}\n  error@z2: {{}}\n  error@z3: {{}}\n");
    let exporter = Config::new(&text).start(&[]);
    assert!(exporter.get("/").body.contains("No scrape yet."));
    exporter.get("/metrics");
    exporter.get("/metrics");
    let mut browser = Browser::start();
    browser.open(&format!("http://{}/", exporter.address()));
    let text = browser.ask("document.querySelector('main').innerText");
    let text = text.as_str().unwrap();
    assert!(text.contains("3 of 80 collectors failing"), "{text}");
    assert!(text.contains("77 ok"), "{text}");
    assert!(text.contains("ago by 127.0.0.1 (ureq/"), "{text}");
    let first = browser.ask(
        "[...document.querySelectorAll('tbody tr:not(.why)')].slice(0, 4)
            .map(row => row.innerText.replace(/\\s+/g, ' ')).join('; ')",
    );
    let first: Vec<&str> = first.as_str().unwrap().split("; ").collect();
    for (row, name) in first[..3].iter().zip(["error@z1", "error@z2", "error@z3"]) {
        assert!(row.starts_with(&format!("{name} failing for")), "{first:?}");
    }
    assert!(first[3].starts_with("bulk ok"), "{first:?}");
    let bars = "[...document.querySelectorAll('tbody tr:not(.why)')]
        .every(row => row.querySelectorAll('svg rect').length == 2)";
    assert_eq!(browser.ask(bars), true);
}

#[test]
fn a_collector_has_a_page_that_can_be_searched() {
    let config = Config::new(
        "collectors: {kinds: {enabled: true}, secret: {token: hunter2, url: 'http://u:hunter2@h/'}}\n",
    );
    let exporter = config.start(&["--web.enable-debug"]);
    let page = browse(&exporter, "/collectors/kinds");
    for expected in [
        "<code>lab_latency_seconds</code>",
        "histogram; labels",
        "<td data-name=\"part\">_bucket</td>",
        "<th scope=\"col\">le</th>",
        "<h2>Configuration</h2>",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let found = browse(&exporter, "/collectors/kinds?q=LATENCY");
    assert!(found.contains(">_count<") && !found.contains("lab_odd"), "{found}");
    assert!(found.contains("value=\"LATENCY\""));
    let nothing = exporter.get("/collectors/kinds?q=%3Cscript%3E%22").body;
    assert!(
        nothing.contains("No metric is like that.")
            && nothing.contains("value=\"&lt;script&gt;&quot;\"")
    );
    assert_eq!(exporter.get("/collectors/nosuch").status, 404);
    for path in ["/collectors/secret", "/config", "/"] {
        let page = exporter.get(path);
        assert!(page.status == 200 && !page.body.contains("hunter2"), "{path}: {}", page.body);
    }
    assert!(
        exporter.get("/config").body.contains("token: \"<secret>\""),
        "{}",
        exporter.get("/config").body
    );
}

/// The lowest contrast of a text to its page, as WCAG counts it: 4.5 is enough for everyone.
const CONTRAST: &str = "(() => {
    const light = color => {
        const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = light(getComputedStyle(document.body).backgroundColor);
    const all = [...document.querySelectorAll('main *:not(input, button)')];
    return Math.min(...all.map(element => light(getComputedStyle(element).color))
        .map(text => (Math.max(text, page) + 0.05) / (Math.min(text, page) + 0.05)));
})()";

#[test]
fn pages_fit_a_phone_and_can_be_read_in_light_and_in_dark() {
    let config = Config::new(
        "collectors: {error: , kinds: , unavailable: , hang: {scrape: {timeout: 1s}}}\n",
    );
    let exporter = config.start(&["--web.enable-debug"]);
    exporter.get("/metrics");
    let mut browser = Browser::start();
    for (width, scheme, background) in [
        (1280, "light", "rgb(255, 255, 255)"),
        (390, "light", "rgb(255, 255, 255)"),
        (390, "dark", "rgb(13, 17, 23)"),
    ] {
        browser.look(width, scheme);
        for path in ["/", "/collectors/kinds", "/collectors/error"] {
            browser.open(&format!("http://{}{path}", exporter.address()));
            assert_eq!(browser.ask("getComputedStyle(document.body).backgroundColor"), background);
            let contrast = browser.ask(CONTRAST).as_f64().unwrap();
            assert!(contrast >= 4.5, "{path} {scheme}: {contrast}");
            // Nothing is beside the screen, and of the table nothing is behind its edge.
            let wide = "[document.documentElement, ...document.querySelectorAll('.wide')] \
                        .every(element => element.scrollWidth <= element.clientWidth)";
            assert_eq!(browser.ask(wide), true, "{path} {width}");
        }
    }
    browser.open(&format!("http://{}/", exporter.address()));
    let row = browser.ask("document.querySelector('tbody tr').innerText.replace(/\\s+/g, ' ')");
    assert!(row.as_str().unwrap().starts_with("error failing for"), "{row}");
    let names = browser.ask(
        "[...document.querySelectorAll('tbody tr:first-child td.number')] \
         .map(cell => getComputedStyle(cell, '::before').content).join()",
    );
    assert!(names.as_str().unwrap().contains("Last run"), "{names}");
}

/// Who has the focus, if it can be seen.
const FOCUS: &str = "(() => {
    const it = document.activeElement;
    const seen = getComputedStyle(it).outlineStyle != 'none' ? '' : 'unseen ';
    return seen + (it.value || it.innerText.split('\\n')[0] || it.name);
})()";

#[test]
fn pages_are_used_by_keyboard_alone() {
    let config = Config::new("collectors: {kinds: {enabled: true}}\n");
    let exporter = config.start(&[]);
    let mut browser = Browser::start();
    browser.open(&format!("http://{}/", exporter.address()));
    let mut visited = Vec::new();
    while visited.last().is_none_or(|last| last != "Show") && visited.len() < 20 {
        browser.press("Tab");
        visited.push(browser.ask(FOCUS).as_str().unwrap().to_owned());
        if visited.last().unwrap() == "kinds" && visited.iter().any(|name| name == "bulk") {
            // The second one of this name is its box, a link comes before.
            if visited.iter().filter(|name| *name == "kinds").count() == 2 {
                browser.press("Space");
            }
        }
    }
    let links = ["Metrics", "Health", "Readiness", "Service discovery"];
    assert_eq!(visited[..4], links);
    assert!(visited[4].starts_with("Collector"), "the table scrolls: {visited:?}");
    assert_eq!(visited[5..], ["bulk", "kinds", "bulk", "kinds", "Show"]);
    browser.press("Enter");
    browser.wait_for("location.pathname == '/metrics' && document.readyState == 'complete'");
    assert_eq!(browser.ask("location.search"), "?collect%5B%5D=kinds");
    let page = browser.ask("document.body.innerText");
    let page = page.as_str().unwrap();
    assert!(page.contains("lab_odd") && !page.contains("my_gauge"), "{page}");

    browser.open(&format!("http://{}/collectors/kinds", exporter.address()));
    for expected in ["All collectors", "Its page of metrics"] {
        browser.press("Tab");
        assert_eq!(browser.ask(FOCUS), expected);
    }
    browser.press("Tab");
    browser.write("latency");
    browser.press("Enter");
    browser.wait_for("location.search == '?q=latency' && document.readyState == 'complete'");
    let found =
        browser.ask("[...document.querySelectorAll('h2')].map(name => name.innerText).join()");
    assert_eq!(found, "lab_latency_seconds");
    let scrolled = "[...document.querySelectorAll('.wide')].every(table => table.tabIndex == 0)";
    assert_eq!(browser.ask(scrolled), true);
}

#[test]
fn links_hold_behind_a_prefix() {
    let url = "--web.external-url=https://example.org/lab/exporter/";
    let exporter = Exporter::start(LAB, [url]);
    let moved = exporter.get("/lab/exporter");
    assert_eq!(moved.status, 200, "ureq has followed it");
    for path in ["/lab/exporter/", "/lab/exporter/collectors/bulk"] {
        let page = browse(&exporter, path);
        let base = path.rsplit_once('/').unwrap().0;
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            let (base, link) = match link.strip_prefix("../") {
                Some(link) => (base.rsplit_once('/').unwrap().0, link),
                None => (base, link),
            };
            let answer = exporter.get(&format!("{base}/{link}"));
            assert_eq!(answer.status, 200, "{path}: {base}/{link}");
        }
    }
    for path in ["/", "/metrics", "/-/healthy"] {
        assert_eq!(exporter.get(path).status, 404, "{path}");
    }
    let targets = exporter.get("/lab/exporter/sd").body;
    for expected in
        ["\"example.org\"", "\"__scheme__\": \"https\"", "\"/lab/exporter/metrics/bulk\""]
    {
        assert!(targets.contains(expected), "{targets}");
    }
}

#[test]
fn prometheus_discovers_every_collector_with_its_interval() {
    let config =
        Config::new("collectors: {slow: {scrape: {min_interval: 2s}}, kinds: {enabled: true}}\n");
    let exporter = config.start(&[]);
    let address = exporter.address();
    let prometheus = Prometheus::with_job(&format!(
        "http_sd_configs: [{{url: 'http://{address}/sd', refresh_interval: 1s}}]"
    ));
    let value = |query: &str| prometheus.query(query)[0]["value"][1].clone();
    exporter_testkit::wait_until("all are scraped", || value("count(up==1)") == "3");
    assert_eq!(value("up{exporter_collector='kinds'}"), "1");
    assert_eq!(value("exporter_collector_success{collector='kinds'}"), "1");
    let targets = prometheus.api("targets");
    let slow = targets["activeTargets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["labels"]["exporter_collector"] == "slow");
    assert_eq!(slow.unwrap()["scrapeInterval"], "2s");
}
