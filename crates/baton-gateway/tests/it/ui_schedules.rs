//! The pages of schedules: what stands on them, the form with its mistakes, and what is done to one.

use serde_json::json;

use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};

const NIGHTLY: [(&str, &str); 6] = [
    ("name", "nightly"),
    ("cron", "0 3 * * 1-5"),
    ("zone", "Europe/Berlin"),
    ("kind", "report.build"),
    ("queue", "reports"),
    ("payload", "{\"month\": 12345678901234567890}"),
];

const NEW: &str = "/ui/new/schedule";

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = NIGHTLY.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_schedule_is_looked_at_before_it_is_made() {
    let gateway = Gateway::start().await;
    let none = gateway.page("/ui/schedules").await.text();
    assert!(
        none.contains("baton schedule add nightly") && none.contains("href=\"/ui/new/schedule\""),
        "{none}"
    );
    assert!(gateway.page(NEW).await.text().contains("value=\"default\""));
    let looked = gateway.send(NEW, "", &with(&[("do", "preview")])).await;
    assert_eq!(looked.status, 200, "{}", looked.text());
    assert_safe(&looked, "");
    let text = looked.text();
    assert!(text.contains("at 03:00 on Monday to Friday, Europe/Berlin"), "{text}");
    assert_eq!(
        text.split("id=\"preview\"")
            .nth(1)
            .unwrap()
            .split("</section>")
            .next()
            .unwrap()
            .matches("<li>")
            .count(),
        5,
        "{text}"
    );
    assert!(text.contains("value=\"report.build\""), "what was typed stays: {text}");
    assert_eq!(gateway.get("/api/v1/schedules").await.json()["schedules"], json!([]));
    let made = gateway.send(NEW, "", &NIGHTLY).await;
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (303, "/ui/schedules/nightly"),
        "{}",
        made.text()
    );
    let schedule = gateway.get("/api/v1/schedules/nightly").await;
    assert!(schedule.text().contains("\"payload\":{\"month\": 12345678901234567890}"), "{}", schedule.text());
    let list = gateway.page("/ui/schedules").await.text();
    assert!(
        list.contains("id=\"schedule-nightly\"") && list.contains("at 03:00 on Monday to Friday"),
        "{list}"
    );
    let one = gateway.page("/ui/schedules/nightly").await.text();
    assert_eq!(
        one.split("Next times").nth(1).unwrap().split("So far").next().unwrap().matches("<tr><td>").count(),
        5
    );
    assert!(one.contains("nobody: it was made where there were no logins"), "{one}");
}

#[tokio::test]
async fn mistakes_stand_beside_their_fields() {
    let gateway = Gateway::start().await;
    for (field, value, said) in [
        ("cron", "61 * * * *", "minute 61: it is between 0 and 59"),
        ("zone", "Europe/Berln", "did you mean Europe/Berlin?"),
        ("every", "soon", "as a length of time"),
        ("every", "5m", "either a cron expression or an interval"),
        ("priority", "high", "it is a whole number"),
        ("priority", "77", "77"),
        ("payload", "{\"a\":}", "line 1 column 6"),
        ("name", "Nightly Build", "lower-case letters"),
        ("kind", "", "kind"),
        ("tags", "fine, not fine", "tag"),
    ] {
        let sent = with(&[(field, value)]);
        for what in ["save", "preview"] {
            if what == "preview" && !["cron", "zone", "every"].contains(&field) {
                continue;
            }
            let sent: Vec<_> = sent.iter().copied().chain([("do", what)]).collect();
            let refused = gateway.send(NEW, "", &sent).await;
            assert_eq!(refused.status, 422, "{field}: {}", refused.text());
            assert_safe(&refused, "");
            let text = refused.text();
            let at = text.split(&format!("id=\"{field}-wrong\">")).nth(1);
            let at = at.unwrap_or_else(|| panic!("nothing at {field}: {text}")).split("</p>").next().unwrap();
            assert!(at.contains(said), "{field}: {at}");
            assert!(text.contains("value=\"Europe/Berl"), "what was typed stays: {text}");
        }
    }
    assert_eq!(gateway.get("/api/v1/schedules").await.json()["schedules"], json!([]));
    assert_eq!(gateway.send(NEW, "", &NIGHTLY).await.status, 303);
    let taken = gateway.send(NEW, "", &with(&[("cron", "@daily")])).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("another schedule has this name"), "{}", taken.text());
}

#[tokio::test]
async fn a_change_says_only_what_is_otherwise_and_is_held_against_what_was_seen() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.send(NEW, "", &NIGHTLY).await.status, 303);
    let path = "/ui/schedules/nightly/edit";
    let form = gateway.page(path).await.text();
    assert!(
        form.contains("name=\"version\" value=\"1\"") && form.contains("value=\"0 3 * * 1-5\""),
        "{form}"
    );
    let as_it_is = with(&[
        ("version", "1"),
        ("missed", "once"),
        ("overlap", "allow"),
        ("priority", "5"),
        ("timeout", "30m"),
        ("attempts", "5"),
    ]);
    let changed = |more: &[(&'static str, &'static str)]| {
        let kept = as_it_is.iter().copied().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        kept.chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let version = async || gateway.get("/api/v1/schedules/nightly").await.json()["version"].as_u64().unwrap();
    let said = |field: &str| {
        form.split(&format!("name=\"{field}\" value=\"")).nth(1).unwrap().split('"').next().unwrap()
    };
    assert_eq!((said("priority"), said("timeout"), said("attempts")), ("5", "30m", "5"), "{form}");
    assert_eq!(gateway.send(path, "", &as_it_is).await.status, 303);
    assert_eq!(version().await, 1, "nothing is otherwise");
    let to_every = gateway.send(path, "", &changed(&[("cron", ""), ("zone", ""), ("every", "2h")])).await;
    assert_eq!(to_every.status, 303, "{}", to_every.text());
    let now = gateway.get("/api/v1/schedules/nightly").await.json();
    assert_eq!(
        (&now["every_ms"], &now["cron"], &now["version"]),
        (&json!(7_200_000), &json!(null), &json!(2))
    );
    // Somebody else was faster: the form says so, keeps what was typed, and the next try is meant for what there is now.
    let late = [("cron", "@daily"), ("zone", ""), ("queue", "typed-by-me")];
    let stale = gateway.send(path, "", &changed(&late)).await;
    assert_eq!(stale.status, 412);
    assert_safe(&stale, "");
    let text = stale.text();
    assert!(
        text.contains("The schedule has version 2 by now") && text.contains("value=\"typed-by-me\""),
        "{text}"
    );
    assert!(text.contains("name=\"version\" value=\"2\""), "{text}");
    let again: Vec<_> = changed(&late).into_iter().chain([("version", "2")]).collect();
    let again: Vec<_> = again.into_iter().filter(|pair| *pair != ("version", "1")).collect();
    assert_eq!(gateway.send(path, "", &again).await.status, 303);
    let now = gateway.get("/api/v1/schedules/nightly").await.json();
    assert_eq!(
        (&now["cron"], &now["zone"], &now["queue"]),
        (&json!("@daily"), &json!("UTC"), &json!("typed-by-me"))
    );
    let neither = changed(&[("version", "3"), ("cron", ""), ("zone", "")]);
    let neither = gateway.send(path, "", &neither).await;
    assert_eq!(neither.status, 422);
    assert!(neither.text().contains("say when"), "{}", neither.text());
}

#[tokio::test]
async fn it_rests_goes_on_makes_a_task_and_goes() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.send(NEW, "", &NIGHTLY).await.status, 303);
    for (deed, state) in [("pause", "paused"), ("resume", "active")] {
        let path = format!("/ui/schedules/nightly/{deed}");
        gateway.page(&path).await;
        assert_eq!(gateway.send(&path, "", &[]).await.header("location"), "/ui/schedules/nightly");
        assert_eq!(gateway.get("/api/v1/schedules/nightly").await.json()["state"], state);
        let other = if deed == "pause" { "resume" } else { "pause" };
        let text = gateway.page("/ui/schedules/nightly").await.text();
        assert!(text.contains(&format!("/ui/schedules/nightly/{other}\"")), "{text}");
    }
    let asked = gateway.page("/ui/schedules/nightly/trigger").await.text();
    let once = asked.split("name=\"once\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let made = gateway.send("/ui/schedules/nightly/trigger", "", &[("once", once)]).await;
    let twice = gateway.send("/ui/schedules/nightly/trigger", "", &[("once", once)]).await;
    assert!(made.header("location").starts_with("/ui/tasks/"), "{}", made.text());
    assert_eq!(made.header("location"), twice.header("location"), "pressed twice it is one task");
    let id = made.header("location").trim_start_matches("/ui/tasks/").to_owned();
    let text = gateway.page("/ui/schedules/nightly").await.text();
    assert!(text.contains(&format!("id=\"task-{id}\"")), "it is among the last runs: {text}");
    assert_eq!(
        gateway.send("/ui/schedules/nightly/delete", "", &[]).await.header("location"),
        "/ui/schedules"
    );
    assert_eq!(gateway.ask(page("/ui/schedules/nightly")).await.status, 404);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_refused_trigger_says_why_next_to_its_button() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.send(NEW, "", &with(&[("overlap", "skip")])).await.status, 303);
    assert_eq!(gateway.send("/ui/schedules/nightly/trigger", "", &[]).await.status, 303);
    let refused = gateway.send("/ui/schedules/nightly/trigger", "", &[]).await;
    assert_eq!(refused.status, 409);
    assert_safe(&refused, "");
    let text = refused.text();
    assert!(
        text.contains("has not ended") && text.contains("action=\"/ui/schedules/nightly/trigger\""),
        "{text}"
    );
}

#[tokio::test]
async fn hostile_words_in_a_form_are_text() {
    let gateway = Gateway::start().await;
    for text in HOSTILE {
        for field in ["name", "cron", "zone", "every", "kind", "queue", "priority", "tags", "payload"] {
            let refused = gateway.send(NEW, "", &with(&[(field, text)])).await;
            assert_eq!(refused.status, 422, "{field} {text:?}: {}", refused.text());
            assert_safe(&refused, "");
            let page = refused.text();
            for wrong in ["<script>alert", "<img", "' onmouseover='"] {
                assert!(!page.contains(wrong), "{wrong} in {page}");
            }
        }
    }
    let payload = json!({ HOSTILE[0]: HOSTILE[3] }).to_string();
    let made = gateway.send(NEW, "", &with(&[("payload", payload.as_str())])).await;
    assert_eq!(made.status, 303, "{}", made.text());
    for path in ["/ui/schedules/nightly", "/ui/schedules/nightly/edit"] {
        let text = gateway.page(path).await.text();
        assert!(!text.contains("<script>alert") && !text.contains('\u{202e}'), "{text}");
    }
}

#[tokio::test]
async fn viewers_see_schedules_and_no_button() {
    let gateway = Gateway::secured().await;
    let (admin, viewer) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    assert_eq!(gateway.send(NEW, &admin, &NIGHTLY).await.status, 303);
    for path in ["/ui/schedules", "/ui/schedules/nightly"] {
        let text = gateway.page_with(path, &viewer).await.text();
        for way in ["/ui/new/schedule", "/edit\"", "/pause\"", "/trigger\"", "/delete\""] {
            assert!(!text.contains(way), "{way} on {path}");
        }
    }
    let owned = gateway.page_with("/ui/schedules/nightly", &admin).await.text();
    assert!(owned.contains("<dt>Owner</dt><dd><bdi>user_alice</bdi>"), "{owned}");
    for path in
        [NEW, "/ui/schedules/nightly/edit", "/ui/schedules/nightly/trigger", "/ui/schedules/nightly/delete"]
    {
        assert_eq!(gateway.ask(page(path).with("cookie", &viewer)).await.status, 403, "{path}");
        assert_eq!(gateway.send(path, &viewer, &NIGHTLY).await.status, 403, "{path}");
        assert_eq!(gateway.ask(page(path).with("cookie", &admin)).await.status, 200, "{path}");
    }
    let alice = gateway.log_in("alice").await;
    assert_eq!(gateway.get_as("/api/v1/schedules/nightly", &alice.access).await.json()["fired"], 0);
}
