//! The pages of webhooks: what stands on them, what is shown once, and what is done to one.

use serde_json::json;

use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};
use crate::webhooks::start;

const NEW: &str = "/ui/new/webhook";

const OPS: [(&str, &str); 5] = [
    ("name", "ops"),
    ("url", "https://hooks.example/x?y=z"),
    ("queues", "mail, img-*"),
    ("failed", "on"),
    ("timeout", "on"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = OPS.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more.iter().copied()).collect()
}

fn secret(text: &str) -> String {
    let rest = text.split_once("<code id=\"secret\">").unwrap_or_else(|| panic!("no secret in {text}")).1;
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let gateway = start(1, false).await;
    let none = gateway.page("/ui/webhooks").await.text();
    assert!(none.contains("baton webhook add ops") && none.contains(&format!("href=\"{NEW}\"")), "{none}");
    gateway.page(NEW).await;
    let made = gateway.send(NEW, "", &OPS).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text());
    assert_safe(&made, "");
    let first = secret(&made.text());
    assert!(first.starts_with("whsec_"), "{first}");
    let webhook = gateway.get("/api/v1/webhooks/ops").await.json();
    assert_eq!(webhook["statuses"], json!(["failed", "timeout"]));
    assert_eq!(webhook["queues"], json!(["mail", "img-*"]));
    for path in ["/ui/webhooks", "/ui/webhooks/ops", "/ui/webhooks/ops/edit"] {
        let text = gateway.page(path).await.text();
        assert!(text.contains("mail, img-*") && !text.contains("whsec_"), "{path}: {text}");
    }
    let asked = gateway.page("/ui/webhooks/ops/rotate").await.text();
    let once = asked.split("name=\"once\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let rotated = gateway.send("/ui/webhooks/ops/rotate", "", &[("once", once)]).await;
    let twice = gateway.send("/ui/webhooks/ops/rotate", "", &[("once", once)]).await;
    assert_ne!(secret(&rotated.text()), first);
    assert_eq!(secret(&rotated.text()), secret(&twice.text()), "pressed twice it is changed once");
    assert!(gateway.page("/ui/webhooks/ops").await.text().contains("the one before signs, too"));
}

#[tokio::test]
async fn it_rests_goes_on_is_tried_and_goes() {
    let gateway = start(1, false).await;
    assert_eq!(gateway.send(NEW, "", &OPS).await.status, 201);
    for (deed, state) in [("pause", "paused"), ("resume", "active")] {
        let path = format!("/ui/webhooks/ops/{deed}");
        gateway.page(&path).await;
        assert_eq!(gateway.send(&path, "", &[]).await.header("location"), "/ui/webhooks/ops");
        assert_eq!(gateway.get("/api/v1/webhooks/ops").await.json()["state"], state);
    }
    // Nobody is reached at an address of one's own network, and that is the answer.
    let inner = with(&[("name", "inner"), ("url", "http://127.0.0.1:9/x")]);
    let made = gateway.send(NEW, "", &inner).await;
    let tried = match made.status.as_u16() {
        201 => gateway.send("/ui/webhooks/inner/test", "", &[]).await,
        _ => made,
    };
    assert_safe(&tried, "");
    assert!(
        tried.text().contains("did not arrive") || tried.text().contains("id=\"url-wrong\""),
        "{}",
        tried.text()
    );
    assert_eq!(gateway.send("/ui/webhooks/ops/delete", "", &[]).await.header("location"), "/ui/webhooks");
    assert_eq!(gateway.ask(page("/ui/webhooks/ops")).await.status, 404);
}

#[tokio::test]
async fn mistakes_stand_beside_their_fields() {
    let gateway = start(1, false).await;
    for (field, value) in [
        ("name", ""),
        ("name", "Not A Name"),
        ("url", ""),
        ("url", "ftp://hooks.example"),
        ("url", "https://name:word@hooks.example"),
        ("queues", "fine, not fine"),
        ("kinds", "a**"),
    ] {
        let refused = gateway.send(NEW, "", &with(&[(field, value), ("description", "typed by me")])).await;
        assert_eq!(refused.status, 422, "{field} {value}: {}", refused.text());
        assert_safe(&refused, "");
        let text = refused.text();
        assert!(text.contains(&format!("id=\"{field}-wrong\"")), "nothing at {field}: {text}");
        assert!(text.contains("value=\"typed by me\"") && text.contains("value=\"on\" checked"), "{text}");
    }
    assert_eq!(gateway.send(NEW, "", &OPS).await.status, 201);
    let taken = gateway.send(NEW, "", &with(&[("url", "https://other.example")])).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("another webhook has this name"), "{}", taken.text());
    for text in HOSTILE {
        for field in ["name", "url", "queues", "kinds"] {
            let refused = gateway.send(NEW, "", &with(&[(field, text)])).await;
            assert!(refused.status.is_client_error(), "{field} {text:?}");
            assert_safe(&refused, "");
            assert!(!refused.text().contains("<script>alert") && !refused.text().contains("<img"));
        }
    }
}

#[tokio::test]
async fn a_change_is_held_against_what_was_seen() {
    let gateway = start(1, false).await;
    assert_eq!(gateway.send(NEW, "", &OPS).await.status, 201);
    let path = "/ui/webhooks/ops/edit";
    let form = gateway.page(path).await.text();
    let seen = form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(
        form.contains("name=\"failed\" value=\"on\" checked")
            && !form.contains("name=\"completed\" value=\"on\" checked")
    );
    let sent = with(&[("version", seen.as_str()), ("kinds", "echo"), ("description", "for us")]);
    assert_eq!(gateway.send(path, "", &sent).await.status, 303);
    let webhook = gateway.get("/api/v1/webhooks/ops").await.json();
    assert_eq!((&webhook["kinds"], &webhook["description"]), (&json!(["echo"]), &json!("for us")));
    let stale =
        gateway.send(path, "", &with(&[("version", seen.as_str()), ("description", "typed by me")])).await;
    assert_eq!(stale.status, 412);
    let (text, version) = (stale.text(), webhook["version"].to_string());
    assert!(text.contains("by now") && text.contains("value=\"typed by me\""), "{text}");
    assert!(text.contains(&format!("name=\"version\" value=\"{version}\"")), "{text}");
}

#[tokio::test]
async fn only_those_who_could_make_one_see_webhooks() {
    let gateway = Gateway::secured().await;
    let (admin, viewer) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    assert_eq!(gateway.send(NEW, &admin, &OPS).await.status, 201);
    assert!(gateway.page_with("/", &admin).await.text().contains("/ui/webhooks"));
    assert!(!gateway.page_with("/", &viewer).await.text().contains("/ui/webhooks"));
    for path in ["/ui/webhooks", "/ui/webhooks/ops", NEW, "/ui/webhooks/ops/edit", "/ui/webhooks/ops/rotate"]
    {
        let refused = gateway.ask(page(path).with("cookie", &viewer)).await;
        assert!(matches!(refused.status.as_u16(), 403 | 404), "{path}");
        assert!(!refused.text().contains("hooks.example"), "{path}");
        assert_eq!(gateway.ask(page(path).with("cookie", &admin)).await.status, 200, "{path}");
    }
    for path in [NEW, "/ui/webhooks/ops/pause", "/ui/webhooks/ops/rotate", "/ui/webhooks/ops/delete"] {
        assert_eq!(gateway.send(path, &viewer, &OPS).await.status, 403, "{path}");
    }
}
