//! A fleet whose every text comes from somebody who means harm, or is as long as it may be.

use serde_json::{Value, json};

use crate::scene::Scene;

/// Each of these puts a mark on the page if it is anything but text.
const LINES: [&str; 7] = [
    "</pre></td></script><script>window.harmed=1</script>",
    "\"><img src=x onerror=window.harmed=1>",
    "' autofocus onfocus='window.harmed=1' x='",
    "{{ constructor.constructor('window.harmed=1')() }} {% raw %} ${window.harmed=1}",
    "\u{202e}txt.exe\u{2066} \u{200f}\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "12345678901234567890",
    "javascript:window.harmed=1//&lt;b&gt;&#0;",
];

/// Where any character is a character.
const TEXT: &str = "nul \u{0} esc \u{1b}[31m\u{7}\r\n\u{2028}<script>window.harmed=1</script>";

fn long(length: usize) -> String {
    "long-".chars().cycle().take(length).collect()
}

/// A page, and what can be read on it. The paths are those that no link leads to, or not surely.
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Scene {
    /// Fills it, and says on which pages what is to be seen.
    pub(crate) async fn set(&self) -> Vec<Told> {
        let mut told = Vec::new();
        for (number, line) in (1..).zip(LINES) {
            let worker = self.worker(number, "web", line).await;
            let failed = self.failed(&worker, line).await;
            let running = self.running(&worker, line).await;
            let ended = self.submit(json!({ "kind": "echo", "queue": "emails" })).await;
            self.post(&format!("/api/v1/tasks/{ended}/cancel"), json!({ "reason": line })).await;
            told.extend([failed, running, ended].map(|id| (format!("/ui/tasks/{id}"), line)));
            told.push((format!("/ui/workers/{worker}"), line));
        }
        let mut told: Vec<Told> =
            told.into_iter().map(|(path, line)| Told { path, text: visible(line) }).collect();
        told.push(self.text().await);
        told.extend(self.longest().await);
        told.push(self.others().await);
        self.written().await;
        told.extend(self.groups().await);
        told
    }

    /// A group of failures that asks for attention, and one of which somebody knows.
    async fn groups(&self) -> [Told; 2] {
        let groups = self.get("/api/v1/errors").await;
        let group = |at: usize| groups["errors"][at]["fingerprint"].as_str().expect("a group").to_owned();
        let (loud, known) = (group(0), group(1));
        self.put(&format!("/api/v1/errors/{known}/silence"), json!({ "reason": LINES[1] })).await;
        let told = |group: String, text: String| Told { path: format!("/ui/errors/{group}"), text };
        [told(loud, "Silence".to_owned()), told(known, visible(LINES[1]))]
    }

    /// Something that was done to many tasks.
    pub(crate) async fn operation(&self) -> String {
        let action = json!({ "action": "cancel", "filter": { "queue": ["emails"] }, "reason": LINES[0], "dry_run": false });
        let operation = self.post("/api/v1/actions", action).await;
        format!("/ui/operations/{}", operation["id"].as_str().expect("an id"))
    }

    pub(crate) async fn worker(&self, number: u32, name: &str, line: &str) -> String {
        let worker = format!("worker-{number:03}-{name}");
        let register = json!({ "worker_id": worker, "boot": "b1", "queues": ["default"], "slots": 4,
                               "host": line, "version": line.chars().take(64).collect::<String>() });
        self.post("/api/v1/workers/register", register).await;
        worker
    }

    /// What a worker says of a task that it holds.
    async fn held(&self, worker: &str, id: &str, verb: &str, more: Value) {
        let task = self.get(&format!("/api/v1/tasks/{id}")).await;
        let mut body = json!({ "worker": worker, "fence": task["fence"] });
        more.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
        self.post(&format!("/api/v1/leases/{id}/{verb}"), body).await;
    }

    async fn claimed(&self, worker: &str, task: Value) -> String {
        let id = self.submit(task).await;
        self.post(&format!("/api/v1/tasks/{id}/claim"), json!({ "worker": worker })).await;
        id
    }

    pub(crate) async fn failed(&self, worker: &str, line: &str) -> String {
        let task =
            json!({ "kind": "report.build", "payload": { line: line }, "max_attempts": 1, "tags": ["a"] });
        let id = self.claimed(worker, task).await;
        self.held(worker, &id, "logs", json!({ "logs": [{ "level": "error", "text": line }] })).await;
        self.held(worker, &id, "fail", json!({ "error": line })).await;
        id
    }

    async fn running(&self, worker: &str, line: &str) -> String {
        let id = self.claimed(worker, json!({ "kind": "report.build", "payload": [line] })).await;
        let progress: String = line.chars().take(40).collect();
        self.held(worker, &id, "progress", json!({ "progress": { "fraction": 0.5, "text": progress } }))
            .await;
        id
    }

    /// Payloads, results, logs and errors may hold every character.
    async fn text(&self) -> Told {
        let worker = self.worker(90, "text", "h").await;
        let id = self
            .claimed(&worker, json!({ "kind": "echo", "payload": { TEXT: 12345678901234567890_u64 } }))
            .await;
        self.held(&worker, &id, "logs", json!({ "logs": [{ "level": "warning", "text": TEXT }] })).await;
        self.held(&worker, &id, "complete", json!({ "result": { "r": TEXT } })).await;
        Told { path: format!("/ui/tasks/{id}"), text: "12345678901234567890".to_owned() }
    }

    /// As long as names may be.
    async fn longest(&self) -> [Told; 3] {
        let (queue, worker) = (long(128), format!("worker-001-{}", "w".repeat(53)));
        let register = json!({ "worker_id": worker, "boot": "b".repeat(32), "queues": [queue], "kinds": [long(128)],
                               "slots": 150, "host": long(200), "version": long(60) });
        self.post("/api/v1/workers/register", register).await;
        let task = json!({ "kind": long(128), "queue": queue, "key": long(128), "group": long(128),
                           "tags": (0..8).map(|n| format!("{n}{}", long(63))).collect::<Vec<_>>(),
                           "max_attempts": 1000, "priority": 9, "payload": "w".repeat(5_000) });
        let id = self.claimed(&worker, task).await;
        let wide = "w".repeat(4_000);
        self.held(&worker, &id, "logs", json!({ "logs": [{ "level": "info", "text": wide }] })).await;
        self.held(&worker, &id, "fail", json!({ "error": wide, "permanent": true })).await;
        [format!("/ui/tasks/{id}"), format!("/ui/queues/{queue}"), format!("/ui/workers/{worker}")]
            .map(|path| Told { path, text: long(128) })
    }

    /// One of everything else that has a page.
    async fn others(&self) -> Told {
        self.submit(json!({ "kind": "echo", "queue": "emails", "delay_ms": 86_400_000 })).await;
        self.submit(json!({ "kind": "echo", "queue": "emails" })).await;
        self.post("/api/v1/queues/emails/pause", json!({})).await;
        let flow = json!({ "name": long(64), "tasks": [
            { "ref": long(128), "kind": "noop" }, { "ref": "two", "kind": long(128), "parents": [long(128)] },
            { "ref": "three", "kind": "noop", "parents": ["two", long(128)] } ] });
        let flow = self.post("/api/v1/flows", flow).await;
        let schedule = json!({ "name": long(48), "kind": "echo", "cron": "*/5 * * * *", "payload": LINES });
        self.post("/api/v1/schedules", schedule).await;
        let webhook =
            json!({ "url": "https://example.com/hook?x=%22%3E%3Cscript%3E", "description": LINES[0] });
        self.put("/api/v1/webhooks/hook", webhook).await;
        self.put(&format!("/api/v1/pools/{}", "p".repeat(32)), json!({ "desired": 2 })).await;
        self.put("/api/v1/kinds/report.build", json!({ "non_retryable": [LINES[1]] })).await;
        let child =
            flow["refs"]["three"].as_str().or_else(|| flow["tasks"]["three"].as_str()).expect("an id");
        Told { path: format!("/ui/tasks/{child}"), text: "Waits for".to_owned() }
    }
}

/// What somebody reads of it: signs that hide or turn others are shown as signs.
fn visible(line: &str) -> String {
    baton_dashboard::words::line(line)
}
