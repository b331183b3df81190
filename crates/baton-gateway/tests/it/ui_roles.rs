//! Every deed there is, by everyone there is.

use baton_dashboard::deed::DEEDS;
use serde_json::json;

use crate::support::Gateway;
use crate::ui_support::{assert_safe, page};

/// The thing of each kind that a deed is tried on.
async fn things(gateway: &Gateway, access: &str) -> impl Fn(&str) -> String {
    let made =
        gateway.post_as("/api/v1/tasks", access, json!({ "kind": "echo", "queue": "emails" })).await.json();
    let register = json!({ "worker_id": "worker-001-web", "queues": ["emails"] });
    gateway.post_as("/api/v1/workers/register", access, register).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let flow = json!({ "tasks": [{ "ref": "one", "kind": "echo", "queue": "emails" }] });
    let flow = gateway.post_as("/api/v1/flows", access, flow).await.json();
    let flow = flow["id"].as_str().unwrap().to_owned();
    move |plural| match plural {
        "tasks" => id.clone(),
        "flows" => flow.clone(),
        "queues" => "emails".to_owned(),
        "workers" => "worker-001-web".to_owned(),
        // What is refused is refused whatever it is called.
        _ => "nothing".to_owned(),
    }
}

#[tokio::test]
async fn a_viewer_is_refused_each_deed_and_shown_none() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    let things = things(&gateway, &alice.access).await;
    let viewer = gateway.jar_of("bob").await;
    for deed in DEEDS {
        let thing = format!("/ui/{}/{}", deed.noun.plural(), things(deed.noun.plural()));
        let path = format!("{thing}/{}", deed.word);
        let asked = gateway.ask(page(&path).with("cookie", &viewer)).await;
        assert_eq!(asked.status, 403, "{path}");
        assert_safe(&asked, "");
        assert!(!asked.text().contains(&format!("action=\"{path}\"")), "{path}");
        let pairs = [("confirm", "emails"), ("reason", "because")];
        let done = gateway.send(&path, &viewer, &pairs).await;
        assert_eq!(done.status, 403, "{path}");
        let shown = gateway.ask(page(&thing).with("cookie", &viewer)).await.text();
        assert!(!shown.contains(&format!("href=\"{path}\"")), "{path}");
    }
}

/// A door that opens for nobody would pass the test above.
#[tokio::test]
async fn an_admin_is_asked_before_each_deed() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    let things = things(&gateway, &alice.access).await;
    let admin = gateway.jar_of("alice").await;
    for deed in DEEDS {
        let path = format!("/ui/{}/{}/{}", deed.noun.plural(), things(deed.noun.plural()), deed.word);
        let asked = gateway.page_with(&path, &admin).await.text();
        assert!(asked.contains(&format!("action=\"{path}\"")), "{path}: {asked}");
    }
}
