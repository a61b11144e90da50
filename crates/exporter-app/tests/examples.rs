//! The examples, run.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use exporter_testkit::{Exporter, Kind, Page};

/// Builds an example and returns its binary. Cargo builds examples for most ways to run tests, not for all.
fn example(name: &str) -> PathBuf {
    let build = ["build", "--quiet", "--package", "exporter-app", "--example", name];
    let status = Command::new(env!("CARGO")).args(build).status().unwrap();
    assert!(status.success());
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join(name)
}

#[test]
fn an_exporter_in_one_file_is_a_whole_exporter() {
    let binary = example("foo_exporter");
    let exporter = Exporter::start(&binary, [""; 0]);
    let page = exporter.scrape();
    assert!(page.value("foo_files", &[("folder", "/tmp")]).is_some());
    let family = page.family("foo_files").unwrap();
    assert_eq!((family.kind, family.help.as_deref()), (Kind::Gauge, Some("Files in a folder.")));
    assert_eq!(page.value("exporter_build_info", &[("name", "foo_exporter")]), Some(1.0));
    assert_eq!(exporter.terminate().code(), Some(0));
    let list = exporter_testkit::run(&binary, ["list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains(
            "foo        yes      foo_exporter (crates/exporter-app/examples/foo_exporter.rs:"
        ),
        "{list}"
    );
    let help = String::from_utf8(exporter_testkit::run(&binary, ["--help"]).stdout).unwrap();
    assert!(help.contains("[default: :9999]"), "{help}");
}

/// An application that prints its address; it is killed when this is dropped.
struct Application(Child, String);

impl Application {
    fn start(example_name: &str) -> Self {
        let mut child = Command::new(example(example_name)).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self(child, address.trim().to_owned())
    }

    /// The status, the content type and the body.
    fn get(&self, path: &str) -> (u16, String, String) {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("http://{}{path}", self.1)).call().unwrap();
        let content_type = answer.headers().get("content-type");
        let content_type = content_type.map_or("", |value| value.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), content_type, answer.body_mut().read_to_string().unwrap())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn check_application(name: &str) {
    let application = Application::start(name);
    for greeted in 1..=2 {
        assert_eq!(application.get("/").2, "Hello!\n");
        let (status, content_type, body) = application.get("/metrics");
        assert_eq!(
            (status, content_type.as_str()),
            (200, "text/plain; version=0.0.4; charset=utf-8")
        );
        let page = Page::parse(&body);
        assert_eq!(page.value("shop_greetings_total", &[]), Some(f64::from(greeted)));
        assert_eq!(page.value("exporter_collector_success", &[("collector", "shop")]), Some(1.0));
    }
    let (_, _, one) = application.get("/metrics?collect[]=shop&name[]=shop_greetings_total");
    assert!(one.contains("\nshop_greetings_total 2\n") && !one.contains("process_"), "{one}");
    let (status, content_type, body) = application.get("/metrics?collect[]=nosuch");
    assert_eq!((status, content_type.as_str()), (400, "text/plain; charset=utf-8"));
    assert_eq!(body, "400: no collector `nosuch` in this binary; it has: shop\n");
}

#[test]
fn a_program_with_a_web_server_of_its_own_asks_for_the_page() {
    check_application("render_page");
}

#[test]
fn an_application_on_actix_web_mounts_a_scope() {
    check_application("actix_scope");
}
