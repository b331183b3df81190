//! What a browser remembers of how pages are to be, and what the program is.

use baton_dashboard::Instance;
use baton_gateway::Settings;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;

use crate::support::Gateway;
use crate::ui_support::jar;

#[tokio::test]
async fn what_is_chosen_is_there_at_the_first_paint() {
    let gateway = Gateway::start().await;
    let text = gateway.page("/ui/settings").await.text();
    assert!(text.contains("data-density=\"dense\"") && text.contains("data-keys=\"on\""), "{text}");
    let wish = [("theme", "dark"), ("density", "comfortable"), ("times", "%2B05:30"), ("keys", "off")];
    let kept = gateway.send("/ui/settings", "", &wish).await;
    assert_eq!((kept.status.as_u16(), kept.header("location")), (303, "/ui/settings?kept=1"));
    let cookies: Vec<&str> =
        kept.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    assert!(cookies.iter().all(|cookie| cookie.contains("; HttpOnly; SameSite=Lax")), "{cookies:?}");
    gateway.worker(1).await;
    let jar = jar(&kept);
    let text = gateway.page_with("/ui/settings?kept=1", &jar).await.text();
    for part in [
        "data-theme=\"dark\"",
        "data-density=\"comfortable\"",
        "data-keys=\"off\"",
        "<option value=\"+05:30\" selected>",
        "They are kept",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Nonsense is what it is without a choice.
    let wish = [("theme", "%3Cx%3E"), ("density", "%3Cx%3E"), ("times", "%3Cx%3E"), ("keys", "%3Cx%3E")];
    let kept = gateway.send("/ui/settings", "", &wish).await;
    assert_eq!(
        crate::ui_support::jar(&kept),
        "baton_theme=system; baton_density=dense; baton_times=relative; baton_keys=on"
    );
    let text = gateway.page_with("/ui/settings", "baton_times=\"><script>; baton_density=x").await.text();
    assert!(text.contains("data-density=\"dense\""), "{text}");
}

#[tokio::test]
async fn the_page_about_the_program_leads_to_what_else_there_is() {
    let gateway = Gateway::start().await;
    let text = gateway.page("/ui/about").await.text();
    for part in [
        env!("CARGO_PKG_VERSION"),
        "href=\"/docs\"",
        "href=\"/metrics\"",
        "href=\"/openapi.json\"",
        "href=\"/problems\"",
        "<td>tokio</td><td>MIT</td>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for path in ["/docs", "/metrics", "/openapi.json", "/problems", "/health"] {
        assert!(!gateway.get(path).await.status.is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn a_deployment_is_told_from_others_by_name_and_colour() {
    let plain = Gateway::start().await.page("/").await.text();
    assert!(plain.contains("· Baton</title>") && plain.contains("<header class=\"top\">"), "{plain}");
    let redis = PrivateRedis::start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let instance = Instance::new("eu <b>\"1\"".parse().unwrap(), "red".to_owned());
    let gateway = Gateway::over(redis, store, Settings { instance, ..Settings::default() });
    let text = gateway.page("/ui/settings").await.text();
    for part in [
        "· Baton eu &#60;b&#62;&#34;1&#34;</title>",
        "<header class=\"top coloured red\">",
        "<bdi class=\"instance\">eu &#60;b&#62;&#34;1&#34;</bdi>",
        "href=\"/ui/system\">Redis",
        "<button id=\"palette\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
