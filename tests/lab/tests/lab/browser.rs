//! A browser that a test looks through and types into: Chromium, by its debugging protocol over two pipes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use exporter_testkit::wait_until;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What starts it without reaching out to anybody, in a profile of its own.
pub(crate) const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one page; it ends when this is dropped.
pub(crate) struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: BufReader<ChildStdout>,
    session: Option<Value>,
    last: u64,
    /// Removed when the browser has ended.
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = TempDir::new().unwrap();
        // The protocol is on descriptors 3 and 4. A browser that hangs ends nevertheless.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec timeout 120 chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args(FLAGS)
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let messages = BufReader::new(child.stdout.take().unwrap());
        let mut browser =
            Self { child, commands, messages, session: None, last: 0, _profile: profile };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let page = json!({"targetId": page["targetId"], "flatten": true});
        browser.session = Some(browser.call("Target.attachToTarget", page)["sessionId"].clone());
        browser
    }

    /// Sends a command, and waits for what comes of it.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = session.clone();
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let mut message = Vec::new();
            self.messages.read_until(0, &mut message).unwrap();
            let message: Value =
                serde_json::from_slice(message.strip_suffix(b"\0").unwrap()).unwrap();
            if message["id"] == self.last {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
        }
    }

    /// Goes to a page.
    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url}));
        self.wait_for("document.readyState == 'complete'");
    }

    /// A window of this width, in light or in dark.
    pub(crate) fn look(&mut self, width: u32, scheme: &str) {
        let window =
            json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", window);
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", scheme);
    }

    /// What a script says about the page, which has none of its own.
    pub(crate) fn ask(&mut self, script: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{script}");
        answer["result"]["value"].clone()
    }

    pub(crate) fn wait_for(&mut self, script: &str) {
        wait_until(script, || self.ask(script) == true);
    }

    /// Presses Tab, Enter or Space.
    pub(crate) fn press(&mut self, key: &str) {
        let (key, code, text) = match key {
            "Enter" => ("Enter", 13, "\r"),
            "Space" => (" ", 32, " "),
            key => (key, 9, ""),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends its own processes, which a signal to the first of them would not.
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}
