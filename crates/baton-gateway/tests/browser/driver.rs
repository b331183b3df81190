//! A browser of one's own. WebDriver is a handful of requests with JSON, so they are sent here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// No test waits this long: it only turns a hang into a failure.
pub(crate) const LONG: Duration = Duration::from_secs(90);

const MISSING: &str = "there is no chromedriver; to install it and its browser, type:\n\n    sudo apt-get update && sudo \
                       apt-get install -y --no-install-recommends chromium chromium-driver\n";

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) script: bool,
}

impl Default for Look {
    fn default() -> Look {
        Look { width: 1440, script: true }
    }
}

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
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}: {MISSING}"));
        let port = port(&mut driver).await;
        let profile = tempfile::tempdir().expect("a directory");
        // Nothing is asked over TLS here, but the client wants to know how it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
        let answer = client
            .post(format!("http://127.0.0.1:{port}/session"))
            .json(&wish(look, profile.path().to_str().expect("a path")))
            .send()
            .await
            .expect("an answer of chromedriver");
        let answer: Value = answer.json().await.expect("JSON");
        let session = answer["value"]["sessionId"].as_str();
        let session = session.unwrap_or_else(|| panic!("no browser: {answer}")).to_owned();
        let browser = Browser { driver, port, session, client, _profile: profile };
        // Without script nobody says when the next page is there: what is looked for is waited for.
        browser.post("timeouts", json!({ "implicit": LONG.as_millis() as u64 })).await;
        browser
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

    pub(crate) async fn find(&self, selector: &str) -> Element {
        let found = self.post("element", json!({ "using": "css selector", "value": selector })).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        Element(id.unwrap_or_else(|| panic!("no {selector}: {found}")).to_owned())
    }

    pub(crate) async fn click(&self, selector: &str) {
        let Element(id) = self.find(selector).await;
        self.post(&format!("element/{id}/click"), json!({})).await;
    }

    pub(crate) async fn press(&self, selector: &str, keys: &str) {
        let Element(id) = self.find(selector).await;
        self.post(&format!("element/{id}/value"), json!({ "text": keys })).await;
    }

    /// What a person reads there.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let Element(id) = self.find(selector).await;
        self.get(&format!("element/{id}/text")).await.as_str().unwrap_or_default().to_owned()
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
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
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

fn wish(look: Look, profile: &str) -> Value {
    let size = format!("--window-size={},900", look.width.max(500));
    let mut arguments = vec![
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ];
    let profile = format!("--user-data-dir={profile}");
    arguments.extend([size.as_str(), profile.as_str()]);
    let mut options = json!({ "args": arguments });
    if look.width < 500 {
        // A window has a least width; a telephone does not.
        options["mobileEmulation"] = json!({ "deviceMetrics": { "width": look.width, "height": 844, "pixelRatio": 2.0, "mobile": false } });
    }
    if !look.script {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    } } })
}
