//! A provider of single sign-on of another make: Canaille, which `tests/provider/install` puts beside the
//! programs under test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ::sign_in::Token;
use ::sign_in::code::CodeSecret;
use ::sign_in::provider::{Groups, Settings, TwoFactors};
use audit_log::clock::Clock;
use rcgen::{CertificateParams, KeyPair};
use schemas::purpose::Role;
use serde_json::json;
use tempfile::TempDir;

use crate::agency::free_socket;
use crate::browser::Browser;

/// Who its one person is there.
pub const LOGIN: &str = "maria.reyes";
/// Her password there.
pub const PASSWORD: &str = "a county password of hers";
/// What it shares with the node.
pub const SECRET: &str = "shared/with+accord";

/// The provider, and what its one person has.
pub struct Canaille {
    child: Child,
    dir: TempDir,
    port: u16,
    otp: CodeSecret,
}

impl Drop for Canaille {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn python() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    let target = this.ancestors().find(|folder| folder.join("canaille/bin/python").exists());
    let target = target.expect("Canaille: run `tests/provider/install`, then this again");
    target.join("canaille/bin/python")
}

impl Canaille {
    /// One that takes these factors, on a port of its own, and sends people back to `back`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(factors: &[&str], back: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        let pair = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let certificate = params.self_signed(&pair).expect("a certificate");
        let (shown, key) = (dir.path().join("certificate.pem"), dir.path().join("key.pem"));
        std::fs::write(&shown, certificate.pem()).expect("a file");
        std::fs::write(&key, pair.serialize_pem()).expect("a file");
        let port = free_socket().port();
        // It takes the letters of a secret for its bytes.
        let token = Token::new().expect("a secret");
        let letters = &token.expose()[..20];
        let otp = CodeSecret::from_bytes(letters.as_bytes()).expect("a secret");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("provider/serve.py");
        let mut child = Command::new(python())
            .arg(script)
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a Python");
        let wanted = json!({
            "port": port, "factors": factors, "name": "Maria Reyes", "user": LOGIN,
            "password": PASSWORD, "otp": letters, "group": "ALPR users",
            "client": "accord-node", "secret": SECRET, "back": back,
            "certificate": shown, "key": key,
        });
        writeln!(child.stdin.as_mut().expect("its input"), "{wanted}").expect("heard");
        let mut said = String::new();
        let output = child.stdout.as_mut().expect("its output");
        BufReader::new(output).read_line(&mut said).expect("a line");
        assert_eq!(said.trim(), "ready", "Canaille does not serve");
        Self { child, dir, port, otp }
    }

    /// What an agency says of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            name: "county".into(),
            label: "Los Robles County".into(),
            issuer: format!("https://localhost:{}", self.port),
            client: "accord-node".into(),
            authority: Some(self.dir.path().join("certificate.pem")),
            two_factors: TwoFactors { amr: vec![vec!["mfa".into()]], acr: Vec::new() },
            programs: BTreeMap::new(),
            hours: 12,
            groups: Some(Groups {
                claim: "groups".into(),
                scope: Some("groups".into()),
                roles: [(Role::Sworn, vec!["ALPR users".to_owned()])].into_iter().collect(),
            }),
        }
    }

    /// Its person types her password, and her code if it asks for one.
    pub async fn signs_in(&self, browser: &Browser, with_code: bool) {
        browser.fill("#password", PASSWORD).await;
        browser.press("button.primary").await;
        if with_code {
            // Its clock is nobody's to shift, and its code is good until the half minute is over.
            let clock = Clock::system();
            while clock.now().millis() % 30_000 > 25_000 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            browser.fill("#otp", &self.otp.code(CodeSecret::step_at(clock.now()))).await;
            browser.press("button.primary").await;
        }
    }

    /// Its person says who she is, before anything else.
    pub async fn names_herself(&self, browser: &Browser) {
        browser.fill("#login", LOGIN).await;
        browser.press("button.primary").await;
    }
}
