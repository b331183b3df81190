//! A browser of one's own. WebDriver is a handful of requests with JSON, so they are sent here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use baton_testkit::process;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) use crate::look::Look;

/// No test waits this long: it only turns a hang into a failure.
pub(crate) const LONG: Duration = Duration::from_secs(90);

const MISSING: &str = "there is no chromedriver; to install it and its browser, type:\n\n    sudo apt-get update && sudo \
                       apt-get install -y --no-install-recommends chromium chromium-driver\n";

/// The name that WebDriver has for the way back to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Runs in every page before its own scripts do, and remembers what should not have happened.
const WITNESS: &str = "window.violations = []; \
    document.addEventListener('securitypolicyviolation', (event) => \
      violations.push(`${event.effectiveDirective} ${event.blockedURI}`)); \
    window.alert = window.confirm = window.prompt = () => { window.harmed = 1; };";

pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    client: reqwest::Client,
    _profile: TempDir,
}

/// The way back to an element that was found.
pub(crate) struct Element(String);

impl Browser {
    pub(crate) async fn start(look: Look) -> Browser {
        let chromedriver = process::find("chromedriver").unwrap_or_else(|| panic!("{MISSING}"));
        let mut driver = Command::from(process::command(chromedriver))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver");
        let port = port(&mut driver).await;
        let profile = tempfile::tempdir().expect("a directory");
        // Nothing is asked over TLS here, but the client wants to know how it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
        let answer = client
            .post(format!("http://127.0.0.1:{port}/session"))
            .json(&look.wish(profile.path().to_str().expect("a path")))
            .send()
            .await
            .expect("an answer of chromedriver");
        let answer: Value = answer.json().await.expect("JSON");
        let session = answer["value"]["sessionId"].as_str();
        let session = session.unwrap_or_else(|| panic!("no browser: {answer}")).to_owned();
        let browser = Browser { driver, port, session, client, _profile: profile };
        // Without script nobody says when the next page is there: what is looked for is waited for.
        browser.post("timeouts", json!({ "implicit": LONG.as_millis() as u64 })).await;
        browser.chrome("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WITNESS })).await;
        browser
    }

    /// What no page can ask for, and the tools of its developers can.
    pub(crate) async fn chrome(&self, what: &str, how: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": what, "params": how })).await
    }

    /// Waits until the page at which the browser is has this in its address.
    pub(crate) async fn until_at(&self, part: &str) {
        let so = async {
            while !self.get("url").await.as_str().is_some_and(|url| url.contains(part)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, so).await.unwrap_or_else(|_| panic!("never at {part}"));
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    /// The same, and hears what happens from then on.
    pub(crate) async fn open_live(&self, url: &str) {
        self.open(url).await;
        self.until("document.getElementById('feed')?.textContent === 'live'").await;
    }

    /// What a function with this body returns.
    pub(crate) async fn run(&self, body: &str) -> Value {
        self.post("execute/sync", json!({ "script": body, "args": [] })).await
    }

    /// Waits until an expression of the page is true.
    pub(crate) async fn until(&self, expression: &str) {
        let so = async {
            while self.run(&format!("return Boolean({expression})")).await != true {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(LONG, so).await.is_err() {
            panic!("never so: {expression}\n{:?}\n{}", self.console().await, self.text("body").await);
        }
    }

    /// From now on the page remembers in `said` whether this element has ever said these words: some words stand for a second.
    pub(crate) async fn listen(&self, selector: &str, words: &str) {
        self.run(&format!(
            "const one = document.querySelector('{selector}'); \
             const hear = () => {{ window.said ||= one.textContent === '{words}'; }}; \
             new MutationObserver(hear).observe(one, {{ childList: true, subtree: true, characterData: true }});"
        ))
        .await;
    }

    pub(crate) async fn find(&self, selector: &str) -> Element {
        let found = self.post("element", json!({ "using": "css selector", "value": selector })).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        Element(id.unwrap_or_else(|| panic!("no {selector}: {found}")).to_owned())
    }

    pub(crate) async fn click(&self, selector: &str) {
        let Element(id) = self.find(selector).await;
        self.post(&format!("element/{id}/click"), json!({})).await;
    }

    /// Moves the pointer there.
    pub(crate) async fn point(&self, selector: &str) {
        let Element(id) = self.find(selector).await;
        let to = json!({ "type": "pointerMove", "x": 0, "y": 0, "origin": { ELEMENT: id } });
        self.post("actions", json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": [to] }] }))
            .await;
    }

    /// Another tab of the same window; the driver is at it from now on.
    pub(crate) async fn open_tab(&self, url: &str) -> String {
        let tab = self.post("window/new", json!({ "type": "tab" })).await;
        let tab = tab["handle"].as_str().expect("a handle").to_owned();
        self.to_tab(&tab).await;
        self.open(url).await;
        tab
    }

    pub(crate) async fn to_tab(&self, tab: &str) {
        self.post("window", json!({ "handle": tab })).await;
    }

    pub(crate) async fn press(&self, selector: &str, keys: &str) {
        let Element(id) = self.find(selector).await;
        self.post(&format!("element/{id}/value"), json!({ "text": keys })).await;
    }

    /// Types where the focus is.
    pub(crate) async fn press_at_focus(&self, keys: &str) {
        let each = keys.chars().flat_map(|key| {
            [
                json!({ "type": "keyDown", "value": key.to_string() }),
                json!({ "type": "keyUp", "value": key.to_string() }),
            ]
        });
        let actions =
            json!({ "actions": [{ "type": "key", "id": "keys", "actions": each.collect::<Vec<_>>() }] });
        self.post("actions", actions).await;
    }

    /// Presses in the middle of an element, moves so far and lets go.
    pub(crate) async fn pull(&self, selector: &str, (x, y): (i32, i32)) {
        let Element(id) = self.find(selector).await;
        let at = json!({ "element-6066-11e4-a52e-4f735466cecf": id });
        let actions = json!([
            { "type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": at },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerMove", "duration": 0, "x": x / 2, "y": y / 2, "origin": "pointer" },
            { "type": "pointerMove", "duration": 0, "x": x - x / 2, "y": y - y / 2, "origin": "pointer" },
            { "type": "pointerUp", "button": 0 },
        ]);
        self.post(
            "actions",
            json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": actions }] }),
        )
        .await;
    }

    /// What a person reads there.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let Element(id) = self.find(selector).await;
        self.get(&format!("element/{id}/text")).await.as_str().unwrap_or_default().to_owned()
    }

    /// Presses these keys wherever it is.
    pub(crate) async fn type_keys(&self, keys: &str) {
        let each = |key: char| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let steps: Vec<Value> = keys.chars().flat_map(each).collect();
        self.post("actions", json!({ "actions": [{ "type": "key", "id": "keys", "actions": steps }] })).await;
    }

    /// The same, each held until all are pressed.
    pub(crate) async fn type_held(&self, keys: &str) {
        let step = |what: &str, key: char| json!({ "type": what, "value": key });
        let down = keys.chars().map(|key| step("keyDown", key));
        let steps: Vec<Value> = down.chain(keys.chars().rev().map(|key| step("keyUp", key))).collect();
        self.post("actions", json!({ "actions": [{ "type": "key", "id": "keys", "actions": steps }] })).await;
    }

    /// Every address that pages asked for since this was last asked.
    pub(crate) async fn asked(&self) -> Vec<String> {
        let log = self.post("se/log", json!({ "type": "performance" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let told = entries.iter().filter_map(|entry| serde_json::from_str(entry["message"].as_str()?).ok());
        let asked = told.filter(|told: &Value| told["message"]["method"] == "Network.requestWillBeSent");
        asked
            .filter_map(|told| Some(told["message"]["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }

    /// A picture of the page in both colours, for somebody to look at, where `cargo xtask shots` wants some.
    #[expect(clippy::disallowed_methods, reason = "a chore has no other way to tell a test")]
    pub(crate) async fn picture(&self, name: &str) {
        let Some(into) = std::env::var_os("BATON_SHOTS") else { return };
        for colours in ["light", "dark"] {
            let liked = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
            self.chrome("Emulation.setEmulatedMedia", liked).await;
            let picture = self.get("screenshot").await;
            let picture = BASE64_STANDARD.decode(picture.as_str().expect("a picture")).expect("base64");
            std::fs::write(Path::new(&into).join(format!("{name}-{colours}.png")), picture)
                .expect("a place for it");
        }
        self.chrome("Emulation.setEmulatedMedia", json!({ "features": [] })).await;
    }

    /// What the browser complained of since it was last asked: errors of scripts, what the rules of a page kept it from, what
    /// could not be loaded.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.post("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let loud = entries.into_iter().filter(|entry| entry["level"] != "DEBUG" && entry["level"] != "INFO");
        loud.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn get(&self, what: &str) -> Value {
        let answer = self.client.get(self.at(what)).send().await.expect("an answer of chromedriver");
        answer.json::<Value>().await.expect("JSON")["value"].take()
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let answer =
            self.client.post(self.at(what)).json(&body).send().await.expect("an answer of chromedriver");
        let well = answer.status().is_success();
        let value = answer.json::<Value>().await.expect("JSON")["value"].take();
        assert!(well, "{what} {body}: {value}");
        value
    }

    fn at(&self, what: &str) -> String {
        format!("http://127.0.0.1:{}/session/{}/{what}", self.port, self.session)
    }
}

/// The browser belongs to the driver, and ends with its session; then the driver does.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(LONG));
            let request = format!("DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", self.session);
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.start_kill();
    }
}

/// The driver says on which port it has come to listen.
async fn port(driver: &mut Child) -> u16 {
    let output = driver.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines();
    let said = async {
        while let Some(line) = lines.next_line().await.expect("a line") {
            let port = line.rsplit_once("successfully on port ").map(|(_, rest)| rest.trim_end_matches('.'));
            if let Some(port) = port.and_then(|port| port.parse().ok()) {
                return port;
            }
        }
        panic!("chromedriver ended")
    };
    let port = tokio::time::timeout(LONG, said).await.expect("chromedriver starts");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    port
}
