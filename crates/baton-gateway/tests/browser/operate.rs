//! What operators do with a schedule, a submitted task and the view of a list, by hand.

use serde_json::json;

use crate::driver::Browser;
use crate::look::Look;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_looked_at_made_and_triggered_without_script() {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look { script: false, ..Look::default() }).await;
    browser.open(&scene.url("/")).await;
    browser.click("nav a[data-key=s]").await;
    browser.click(".empty a.button").await;
    browser.press("#name", "nightly").await;
    browser.press("#cron", "61 * * * *").await;
    browser.press("#kind", "echo").await;
    browser.click("button[value=preview]").await;
    assert!(browser.text("#cron-wrong").await.contains("between 0 and 59"));
    browser.press("#cron", "\u{e009}a\u{e000}0 3 * * 1-5").await;
    browser.click("button[value=preview]").await;
    assert!(browser.text("#preview").await.contains("at 03:00 on Monday to Friday"));
    browser.click("button[value=save]").await;
    browser.until_at("/ui/schedules/nightly").await;
    browser.click(".head a[href$=trigger]").await;
    browser.click("main button.main").await;
    browser.until_at("/ui/tasks/").await;
    assert_eq!(scene.get("/api/v1/schedules/nightly").await["fired"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_submitted_cloned_and_moved() {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/ui/submit")).await;
    browser.press("#kind", "echo").await;
    browser.press("#payload", "{\"a\": [1,}").await;
    browser.click("main button.main").await;
    browser.until("document.querySelector('#payload-wrong')").await;
    assert!(browser.text("#payload-wrong").await.contains("line 1 column 10"));
    assert_eq!(browser.run("return document.getElementById('kind').value").await, "echo");
    browser.press("#payload", "\u{e009}a\u{e000}12345678901234567890").await;
    browser.click("main button.main").await;
    browser.until_at("/ui/tasks/").await;
    browser.click(".head a[href*='/ui/submit']").await;
    browser.until_at("/ui/submit").await;
    assert_eq!(browser.run("return document.getElementById('payload').value").await, "12345678901234567890");
    browser.click("main button.main").await;
    browser.until_at("/ui/tasks/").await;
    browser.click("nav a[data-key=t]").await;
    browser.until("document.querySelectorAll('.rows tbody tr').length === 2").await;
    browser.click("button[name=all][value=cancel]").await;
    assert_eq!(browser.text("dialog button.danger").await, "Cancel 2 tasks");
    browser.click("dialog button.danger").await;
    browser.until_at("/ui/operations/").await;
    browser.until("document.querySelector('.pairs').textContent.includes('2 of 2')").await;
    let complaints = browser.console().await;
    assert!(complaints.iter().all(|line| line.contains("422")), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_kept_by_its_name_and_forgotten() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo", "queue": "emails" })).await;
    let browser = Browser::start(Look::default()).await;
    let view = "/ui/tasks?columns=tags&status=pending&queue=emails";
    browser.open(&scene.url(view)).await;
    let name = "<img src=x onerror=window.harmed=1>";
    browser.press("#view", &format!("{name}\u{e007}")).await;
    browser.until("document.querySelectorAll('#views-list a').length === 1").await;
    browser.open(&scene.url("/ui/tasks")).await;
    browser.until("document.querySelectorAll('#views-list a').length === 1").await;
    assert_eq!(browser.text("#views-list a").await, name);
    browser.click("#views-list a").await;
    browser.until_at("columns=tags").await;
    browser.until("document.querySelector('#views-list a[aria-current]')").await;
    browser.click("#views-list button").await;
    browser.until("document.querySelectorAll('#views-list a').length === 0").await;
    assert_eq!(browser.run("return window.harmed ?? null").await, serde_json::Value::Null);
    let complaints = browser.console().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_failures_is_silenced_in_a_dialog_and_leaves_the_overview() {
    let scene = Scene::empty().await;
    let worker = scene.worker(1, "text", "h").await;
    scene.failed(&worker, "mailbox 7 is full").await;
    scene.written().await;
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/")).await;
    browser.click("tr[id^=error-] a").await;
    browser.until_at("/ui/errors/").await;
    browser.click(".head a[href$='/silence']").await;
    browser.press("dialog input[name=reason]", "the relay moves").await;
    browser.click("dialog button.main").await;
    browser.until("document.querySelector('#silenced')").await;
    assert!(browser.text("#silenced").await.contains("the relay moves"));
    browser.open(&scene.url("/")).await;
    browser.until("!document.querySelector('tr[id^=error-]')").await;
    browser.open(&scene.url("/ui/errors?silenced=true")).await;
    browser.click("tr[id^=error-] a").await;
    browser.click(".head a[href$='/unsilence']").await;
    browser.click("dialog button.main").await;
    browser.until("document.querySelector('.head a[href$=\"/silence\"]')").await;
    let complaints = browser.console().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_on_many_tasks_is_called_off_while_it_goes_on() {
    let scene = Scene::empty().await;
    let task = json!({ "kind": "echo", "queue": "emails" });
    for _ in 0..15 {
        scene.post("/api/v1/tasks/batch", json!({ "tasks": vec![task.clone(); 100] })).await;
    }
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/ui/tasks?queue=emails")).await;
    browser.click("button[name=all][value=cancel]").await;
    browser.click("dialog button.danger").await;
    // Nobody goes on with what was not done before the answer.
    browser.until_at("/ui/operations/").await;
    browser.click(".head a[href$='/cancel']").await;
    let button = browser.text("dialog button.danger").await;
    assert!(button.starts_with("Call it off: ") && button.ends_with(" tasks"), "{button}");
    browser.click("dialog button.danger").await;
    browser.until("document.querySelector('.pairs').textContent.includes('Not done')").await;
    let queue = scene.get("/api/v1/queues/emails").await;
    assert!(
        queue["tasks"]["pending"].as_u64() > Some(0) && queue["tasks"]["cancelled"].as_u64() > Some(0),
        "{queue}"
    );
    let complaints = browser.console().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}
