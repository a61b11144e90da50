//! The reference exporter's page over TLS, to a client with a password, beside the same in plain, and Go with
//! exporter-toolkit on the same file.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::Binaries;
use crate::client::Client;
use crate::report::{Peer, peer_of, rounds_of, start_us};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// `alice:secret`, and what exporter-toolkit keeps of it, at the cost that `htpasswd` has by default.
const LOGIN: &str = "Basic YWxpY2U6c2VjcmV0";

pub(crate) fn run(binaries: &Binaries, rounds: usize) -> Outcome {
    println!("\nTwo series, over TLS with a password:\n");
    let folder = std::env::temp_dir().join(format!("bench-tls-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let outcome = compare(binaries, &folder, rounds);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn compare(binaries: &Binaries, folder: &Path, rounds: usize) -> Outcome {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()])?;
    fs::write(folder.join("cert.pem"), cert.pem())?;
    fs::write(folder.join("key.pem"), signing_key.serialize_pem())?;
    let file = folder.join("web.yml");
    let hash = bcrypt::hash("secret", 10)?;
    let text = format!(
        "tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{alice: {hash}}}\n"
    );
    fs::write(&file, text)?;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone())?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let start = |name, mut command: Command, flag: &str| -> Outcome<Peer> {
        // Not every one of them says which port it was given, so it gets one that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        command.arg(format!("{flag}={address}"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let begun = Instant::now();
        let client = loop {
            let tls = ClientConnection::new(Arc::clone(&config), "localhost".try_into()?)?;
            match Client::connect_with(&address, Some((tls, LOGIN.to_owned()))) {
                Ok(client) => break client,
                Err(error) if begun.elapsed() > Duration::from_secs(20) => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        peer_of(name, child, &address, client)
    };
    let mut ours = Command::new(&binaries.exporter);
    ours.arg("--web.disable-exporter-metrics").arg(format!("--web.config.file={}", file.display()));
    let mut peers = vec![
        start("this exporter, TLS and password", ours, "--web.listen-address")?,
        start_us(binaries, 0)?,
    ];
    if let Some(go) = &binaries.go {
        let mut command = Command::new(go);
        command.arg(format!("-web={}", file.display()));
        peers.push(start("Go, exporter-toolkit, TLS and password", command, "-listen")?);
    }
    rounds_of(&mut peers, rounds)
}
