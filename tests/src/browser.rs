//! A real browser: Chromium, driven over WebDriver as its own driver speaks it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::wait::{eventually, within};

mod emulated;

pub use emulated::PAPER;

/// How WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long the browser may take to end.
const QUITTING: Duration = Duration::from_secs(10);

/// A name by which the browser reaches this machine.
pub const NAMED: &str = "alpr.example.org";

/// Whether this machine has the browser and its driver.
#[must_use]
pub fn is_there() -> bool {
    let there = |program: &str| {
        let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    there("chromedriver") && there("chromium")
}

/// One window.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// Held open: the driver writes into it.
    _output: BufReader<ChildStdout>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is killed leaves its browser running: it is asked to end it first.
        drop(self.quit());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl Browser {
    /// Has the driver end the browser; it answers once that is gone.
    fn quit(&self) -> std::io::Result<()> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(QUITTING))?;
        let session = &self.session;
        write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        stream.read(&mut [0; 16]).map(drop)
    }

    /// Opens a window that takes whatever certificate it is shown, if `trusting`.
    ///
    /// # Panics
    /// When there is none.
    pub async fn open(trusting: bool) -> Self {
        // One that finds its port taken by another that starts at that moment ends at once.
        let driving = std::iter::repeat_with(Self::drive).take(5).flatten().next();
        let (driver, output, port) = driving.expect("chromedriver, of the package chromium-driver");
        let profile = TempDir::new().expect("a directory");
        let args = [
            "--headless=new".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--window-size=1200,900".into(),
            // A name of this machine that is not `localhost`, to which browsers are lenient.
            format!("--host-resolver-rules=MAP {NAMED} 127.0.0.1"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "acceptInsecureCerts": trusting,
            "goog:chromeOptions": { "args": args },
        } } });
        let mut browser =
            Self { driver, port, session: String::new(), _output: output, _profile: profile };
        let opened = browser.call("POST", "/session", &wanted).await.expect("a window");
        browser.session = opened["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// Starts a driver; none when it ended before it served.
    fn drive() -> Option<(Child, BufReader<ChildStdout>, u16)> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut output = BufReader::new(driver.stdout.take()?);
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).ok()? == 0 {
                drop(driver.wait());
                return None;
            }
            let port = line.trim_end().split("successfully on port ").nth(1);
            if let Some(port) = port.and_then(|port| port.trim_end_matches('.').parse().ok()) {
                return Some((driver, output, port));
            }
        }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let wait = |e: std::io::Error| e.to_string();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.map_err(wait)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| e.to_string())?;
        let connection = tokio::spawn(connection);
        let body = if method == "GET" || body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|e| e.to_string())?;
        let response = within("an answer of the browser", sender.send_request(request)).await;
        let response = response.map_err(|e| e.to_string())?;
        let good = response.status().is_success();
        let body = response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        connection.abort();
        let answer: Value = serde_json::from_slice(&body).map_err(|e| e.to_string())?;
        let value = answer["value"].clone();
        if good { Ok(value) } else { Err(value["message"].as_str().unwrap_or("no").to_owned()) }
    }

    async fn of_session(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        self.call(method, &format!("/session/{}{path}", self.session), &body).await
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// What the browser says when it does not get there.
    pub async fn go(&self, address: &str) -> Result<(), String> {
        self.of_session("POST", "/url", json!({ "url": address })).await.map(drop)
    }

    /// Where it is.
    ///
    /// # Panics
    /// When the window is gone.
    pub async fn address(&self) -> String {
        let at = self.of_session("GET", "/url", Value::Null).await.expect("an address");
        at.as_str().unwrap_or_default().to_owned()
    }

    /// Does something with the element that a selector names, once it is there.
    async fn with(&self, selector: &str, what: &str, body: Value) {
        eventually(&format!("an element {selector}"), async || {
            let wanted = json!({ "using": "css selector", "value": selector });
            let found = self.of_session("POST", "/element", wanted).await.ok()?;
            let path = format!("/element/{}/{what}", found[ELEMENT].as_str()?);
            self.of_session("POST", &path, body.clone()).await.ok()
        })
        .await;
    }

    /// Types into the field that a selector names.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.with(selector, "value", json!({ "text": text })).await;
    }

    /// Presses what a selector names.
    pub async fn press(&self, selector: &str) {
        self.with(selector, "click", json!({})).await;
    }

    /// What people read on the page; nothing while there is none.
    pub async fn text(&self) -> String {
        let script = "return document.body ? document.body.innerText : ''";
        let wanted = json!({ "script": script, "args": [] });
        let text = self.of_session("POST", "/execute/sync", wanted).await.unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until people read this on the page; the whole of it.
    pub async fn reads(&self, part: &str) -> String {
        let mut last = String::new();
        for _ in 0..100 {
            last = self.text().await;
            if last.contains(part) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the page never says `{part}`, but: {last}");
    }

    /// What a script of the test finds on the page.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(&self, script: &str) -> Value {
        let wanted = json!({ "script": script, "args": [] });
        self.of_session("POST", "/execute/sync", wanted).await.expect("a result")
    }

    /// Plugs in a security key with a PIN that its person types, which is copied elsewhere if `synced`; by
    /// what it is named.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn plug_in_key(&self, synced: bool) -> String {
        let key = json!({
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true,
            "defaultBackupEligibility": synced, "defaultBackupState": synced,
        });
        let added = self.of_session("POST", "/webauthn/authenticator", key).await.expect("a key");
        added.as_str().expect("its name").to_owned()
    }

    /// Takes a key away.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn unplug(&self, key: &str) {
        let path = format!("/webauthn/authenticator/{key}");
        self.of_session("DELETE", &path, Value::Null).await.expect("taken away");
    }

    /// Whether the person can show herself to a key from now on.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn verifies(&self, key: &str, does: bool) {
        let path = format!("/webauthn/authenticator/{key}/uv");
        let set = self.of_session("POST", &path, json!({ "isUserVerified": does })).await;
        set.expect("set");
    }

    /// All that a key holds, which no real one gives away.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn inside(&self, key: &str) -> Vec<Value> {
        let path = format!("/webauthn/authenticator/{key}/credentials");
        let all = self.of_session("GET", &path, Value::Null).await.expect("what it holds");
        all.as_array().cloned().unwrap_or_default()
    }

    /// Puts into a key what another held.
    ///
    /// # Panics
    /// When it does not take it.
    pub async fn put_inside(&self, key: &str, credential: &Value) {
        let path = format!("/webauthn/authenticator/{key}/credential");
        self.of_session("POST", &path, credential.clone()).await.expect("taken");
    }

    /// The cookies of this site.
    ///
    /// # Panics
    /// When they cannot be told.
    pub async fn cookies(&self) -> Vec<Value> {
        let all = self.of_session("GET", "/cookie", Value::Null).await.expect("cookies");
        all.as_array().cloned().unwrap_or_default()
    }

    /// Back, as the button does.
    ///
    /// # Panics
    /// When there is nothing to go back to.
    pub async fn back(&self) {
        self.of_session("POST", "/back", json!({})).await.expect("a page before");
    }

    /// Loads the page again, as the button does: what was sent for it is sent again.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn again(&self) {
        self.of_session("POST", "/refresh", json!({})).await.expect("the page again");
    }

    /// A picture of the page, as PNG.
    ///
    /// # Panics
    /// When there is none.
    pub async fn picture(&self) -> Vec<u8> {
        let taken = self.of_session("GET", "/screenshot", Value::Null).await.expect("a picture");
        STANDARD.decode(taken.as_str().unwrap_or_default()).expect("base64")
    }

    /// Presses keys one after the other, as on a keyboard: each is a character, of WebDriver's own for Tab,
    /// Enter and the like.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn keys(&self, keys: &str) {
        let one = |key: char| {
            let event = |what: &str| json!({ "type": what, "value": key.to_string() });
            [event("keyDown"), event("keyUp")]
        };
        let actions: Vec<Value> = keys.chars().flat_map(one).collect();
        let wanted = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.of_session("POST", "/actions", wanted).await.expect("keys");
    }

    /// The page as it prints, a PDF of letter paper.
    ///
    /// # Panics
    /// When it cannot be printed.
    pub async fn printed(&self) -> Vec<u8> {
        let wanted = json!({ "page": { "width": 21.59, "height": 27.94 }, "shrinkToFit": false });
        let printed = self.of_session("POST", "/print", wanted).await.expect("a print");
        STANDARD.decode(printed.as_str().unwrap_or_default()).expect("base64")
    }

    /// What axe-core finds that keeps people out (WCAG 2.1, A and AA): each rule with where. Nothing is looked
    /// for where `tests/axe/install` could not put it.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn barriers(&self) -> Vec<String> {
        let Some(axe) = axe() else {
            eprintln!("axe-core is not there, so no page is looked at with it: tests/axe/install");
            return Vec::new();
        };
        let script = format!(
            "{axe}; const done = arguments[0];
             axe.run(document, {{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] }})
                .then((found) => done(found.violations.map((one) =>
                    one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' | ' + node.failureSummary).join(' ; '))),
                    (error) => done(['axe-core did not run: ' + error]));"
        );
        let wanted = json!({ "script": script, "args": [] });
        let found = self.of_session("POST", "/execute/async", wanted).await.expect("axe-core runs");
        let all = found.as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// The source of axe-core, where it is installed.
fn axe() -> Option<String> {
    let this = std::env::current_exe().ok()?;
    let mut files = this.ancestors().map(|folder| folder.join("axe/axe.min.js"));
    files.find_map(|file| std::fs::read_to_string(file).ok())
}
