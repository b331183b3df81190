//! How a browser is set up.

use serde_json::{Value, json};

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) script: bool,
    /// Workers that tabs share can be had.
    pub(crate) shared: bool,
    /// This host of the network is the one of the tests, so that a page comes from somewhere else than from loopback.
    pub(crate) host: Option<&'static str>,
}

impl Default for Look {
    fn default() -> Look {
        Look { width: 1440, script: true, shared: true, host: None }
    }
}

impl Look {
    /// The wish for a session.
    pub(crate) fn wish(self, profile: &str) -> Value {
        // Nothing else is found: whoever asks for it gets an error that a test sees.
        let known = self.host.map_or(String::new(), |host| format!("MAP {host} 127.0.0.1, "));
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            // It ends with its driver, however that ends.
            "--remote-debugging-pipe".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--host-resolver-rules={known}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
            format!("--window-size={},900", self.width.max(500)),
            format!("--user-data-dir={profile}"),
        ];
        if !self.shared {
            arguments.push("--disable-shared-workers".to_owned());
        }
        let mut options = json!({ "args": arguments });
        if self.width < 500 {
            // A window has a least width; a telephone does not.
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": self.width, "height": 844, "pixelRatio": 2.0, "mobile": false } });
        }
        if !self.script {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } })
    }
}
