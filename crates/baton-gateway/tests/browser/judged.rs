//! The judge is judged: what is wrong is found, and what a page may not do is noticed.

use crate::driver::{Browser, Look};
use crate::scene::Scene;

/// A judge who finds nothing would let everything pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_judge_finds_what_is_wrong() {
    let browser = Browser::start(Look::default()).await;
    browser
        .open(&format!("data:text/html,{}", include_str!("wrong.html").replace('#', "%23").replace('\n', "")))
        .await;
    let found = browser.judge().await.join("\n");
    for wrong in [
        "no language",
        "no title",
        "2 of h1",
        "0 of main",
        "leaves a level out",
        "there twice",
        "leads nowhere",
        "names of their own",
        "without scope",
        "without headings",
        "neither named nor hidden",
        "an order of its own",
        "not for a page",
        "too small",
        "a contrast of",
        "\"button\" without a name",
        "\"textbox\" without a name",
        "\"link\" without a name",
    ] {
        assert!(found.contains(wrong), "{wrong} is not in\n{found}");
    }
    let focus = browser.follow_focus().await.join("\n");
    assert!(focus.contains("focus is not seen") && focus.contains("the first stop is not"), "{focus}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_page_may_not_is_noticed() {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/")).await;
    assert_eq!(browser.trespasses(&scene.url("")).await, Vec::<String>::new());
    browser.run("const image = new Image(); image.src = 'http://elsewhere.example/x.png'; document.body.append(image);").await;
    browser.until("violations.length > 0").await;
    let found = browser.trespasses(&scene.url("")).await.join("\n");
    assert!(found.contains("img-src http://elsewhere.example"), "{found}");
    assert!(found.contains("/ui/reports"), "{found}");
}
