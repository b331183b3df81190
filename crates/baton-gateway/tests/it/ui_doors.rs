//! Who gets to see pages: logging in and out with forms, tokens that are exchanged on the way, links from elsewhere.

use std::time::Duration;

use axum::http::Method;
use baton_core::ShardCount;
use baton_gateway::Settings;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;

use crate::support::{Answer, Gateway, PASSWORD, get, post};
use crate::ui_support::{ACCESS, REFRESH, assert_safe, filled, jar, only, page};

#[tokio::test]
async fn the_front_door_is_a_page_for_people_and_json_for_programs() {
    let gateway = Gateway::start().await;
    assert!(gateway.page("/").await.text().contains("<h1"));
    for accepted in ["*/*", "application/json", "-"] {
        let answer = gateway.ask(get("/").with("accept", accepted)).await;
        assert_eq!(answer.json()["health"], "/health");
    }
}

#[tokio::test]
async fn without_logins_a_bar_says_so_and_there_is_no_way_out() {
    let gateway = Gateway::start().await;
    let text = gateway.page("/").await.text();
    assert!(text.contains("everyone who reaches this gateway may do everything"));
    assert!(!text.contains("/ui/logout"));
}

#[tokio::test]
async fn strangers_are_asked_to_log_in_and_come_back_to_where_they_were() {
    let gateway = Gateway::secured().await;
    let asked = gateway.ask(page("/?last=7d")).await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (303, "/ui/login?next=%2F%3Flast%3D7d"));
    let form = gateway.page("/ui/login?next=/%3Flast%3D7d").await.text();
    assert!(form.contains("value=\"/?last=7d\""), "{form}");
    let login = [("username", "alice"), ("password", PASSWORD), ("next", "/?last=7d")];
    let login = gateway.ask(filled("/ui/login", &login)).await;
    assert_eq!((login.status.as_u16(), login.header("location")), (303, "/?last=7d"));
    let jar = jar(&login);
    let home = gateway.page_with("/", &jar).await.text();
    assert!(home.contains("alice") && home.contains("/ui/logout"), "{home}");
}

#[tokio::test]
async fn a_session_that_ends_over_a_form_leads_back_to_the_form() {
    let gateway = Gateway::secured().await;
    for (form, from, next) in [
        ("/ui/submit", "http://localhost:8000/ui/submit?kind=echo", "/ui/submit?kind=echo"),
        ("/ui/submit", "https://evil.example/ui/submit?kind=echo", "/ui/submit"),
        ("/ui/queues/emails/pause", "http://localhost:8000/ui/queues", "/ui/queues/emails/pause"),
        ("/ui/actions", "http://localhost:8000/ui/tasks?status=failed", "/ui/tasks?status=failed"),
        ("/ui/actions", "-", "/ui/tasks"),
    ] {
        let sent = filled(form, &[("kind", "echo")]).with("host", "localhost:8000").with("referer", from);
        let answer = gateway.ask(sent).await;
        assert_eq!(answer.status, 303, "{form}");
        let to = answer.header("location").to_owned();
        let page = gateway.page(&to).await.text();
        assert!(page.contains(&format!("name=\"next\" value=\"{next}\"")), "{form} {from}: {page}");
        assert!(page.contains("Your session has ended; what you sent was not done."), "{page}");
    }
    let page = gateway.page("/ui/login?next=/ui/tasks").await.text();
    assert!(!page.contains("has ended"), "{page}");
}

#[tokio::test]
async fn a_wrong_password_is_said_on_the_form_and_sets_no_cookie() {
    let gateway = Gateway::secured().await;
    let login = gateway.ask(filled("/ui/login", &[("username", "alice"), ("password", "wrong")])).await;
    assert_eq!((login.status.as_u16(), login.headers.contains_key("set-cookie")), (401, false));
    assert!(login.text().contains("role=\"alert\"") && login.text().contains("value=\"alice\""));
    assert!(!login.text().contains("wrong\""), "the password is not repeated");
    assert_safe(&login, "");
}

#[tokio::test]
async fn forms_of_other_sites_are_refused_before_anything_happens() {
    let gateway = Gateway::secured().await;
    let form =
        || filled("/ui/login", &[("username", "alice"), ("password", PASSWORD)]).without("sec-fetch-site");
    for other in [
        form(),
        form().with("sec-fetch-site", "cross-site"),
        form().with("sec-fetch-site", "same-site"),
        form().with("origin", "https://evil.example"),
        form().with("origin", "null"),
    ] {
        let refused = gateway.ask(other).await;
        assert_eq!((refused.status.as_u16(), refused.headers.contains_key("set-cookie")), (403, false));
    }
    let own = form().with("origin", "http://localhost:8000");
    assert_eq!(gateway.ask(own).await.status, 303);
}

#[tokio::test]
async fn forms_say_where_they_come_from() {
    let gateway = Gateway::start().await;
    // A browser writes `null` on the forms of a page that wants no referrer, and the guard of an open gateway refuses that.
    assert_eq!(gateway.page("/").await.header("referrer-policy"), "same-origin");
    let form = || filled("/ui/theme", &[("theme", "dark")]);
    assert_eq!(gateway.ask(form().with("origin", "http://localhost:8000")).await.status, 303);
    assert_eq!(gateway.ask(form().with("origin", "null")).await.status, 403);
}

#[tokio::test]
async fn whoever_logs_out_is_forgotten_on_both_sides() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("alice").await;
    let out = gateway.send("/ui/logout", &jar, &[]).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/ui/login"));
    assert_eq!(removed(&out), 2);
    assert_eq!(gateway.ask(page("/").with("cookie", &jar)).await.status, 303);
    // Once more, with what is over: the browser forgets it all the same.
    let again = gateway.send("/ui/logout", &jar, &[]).await;
    assert_eq!((again.status.as_u16(), removed(&again)), (303, 2));
    // And with something that never was a session.
    let odd = gateway.send("/ui/logout", &format!("{REFRESH}brt_odd; {ACCESS}odd"), &[]).await;
    assert_eq!((odd.status.as_u16(), removed(&odd)), (303, 2));
}

/// How many cookies a browser is told to forget.
fn removed(answer: &Answer) -> usize {
    let told = answer.headers.get_all("set-cookie").iter();
    told.filter(|cookie| cookie.to_str().is_ok_and(|text| text.contains("Max-Age=0"))).count()
}

#[tokio::test]
async fn a_token_that_ends_soon_is_exchanged_on_the_way() {
    let gateway = Gateway::secured_with(|logins| logins.rules.access_ttl = Duration::from_secs(1)).await;
    let first = gateway.jar_of("alice").await;
    // It is so in its last third, and what has just ended is taken, as clocks differ.
    let answer = loop {
        let answer = gateway.page_with("/", &first).await;
        if answer.headers.contains_key("set-cookie") {
            break answer;
        }
    };
    let second = jar(&answer);
    assert_ne!(only(&second, REFRESH), only(&first, REFRESH));
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; Secure"), "{cookie}");
    }
    // A second tab that still has the old one gets the same, and neither is logged out.
    assert_eq!(only(&jar(&gateway.page_with("/", &first).await), REFRESH), only(&second, REFRESH));
    // The access token alone is enough as long as it lasts, and nothing is exchanged without the other one.
    let alone = gateway.page_with("/", only(&second, ACCESS)).await;
    assert!(!alone.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_token_that_lasts_is_left_alone() {
    // Also where none lasts long.
    let gateway = Gateway::secured_with(|logins| logins.rules.access_ttl = Duration::from_secs(60)).await;
    let jar = gateway.jar_of("alice").await;
    assert!(!gateway.page_with("/", &jar).await.headers.contains_key("set-cookie"));
    // Without it, the other one gets a new one.
    assert!(gateway.page_with("/", only(&jar, REFRESH)).await.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_link_on_another_site_is_asked_once_more_by_a_page_of_ours() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("alice").await;
    let link = || page("/?last=24h").with("sec-fetch-site", "cross-site");
    let again = gateway.ask(link()).await;
    assert_eq!(again.status, 200);
    assert!(again.text().contains("content=\"0;url=/?last=24h\""), "{}", again.text());
    assert_safe(&again, "");
    // The access token came along: then there is nothing to ask again.
    assert!(gateway.ask(link().with("cookie", only(&jar, ACCESS))).await.text().contains("alice"));
    // A form of another site gets no page at all.
    let form = filled("/ui/theme", &[]).without("sec-fetch-site").with("sec-fetch-site", "cross-site");
    assert_eq!(gateway.ask(form).await.status, 403);
}

#[tokio::test]
async fn colours_are_remembered_by_the_browser() {
    let gateway = Gateway::start().await;
    assert!(gateway.page("/").await.text().contains("data-theme=\"system\""));
    let chosen = gateway.send("/ui/theme", "", &[("theme", "dark"), ("next", "/?last=7d")]).await;
    assert_eq!((chosen.status.as_u16(), chosen.header("location")), (303, "/?last=7d"));
    let jar = jar(&chosen);
    assert!(gateway.page_with("/", &jar).await.text().contains("data-theme=\"dark\""));
    assert!(gateway.page_with("/", "baton_theme=\"><script>").await.text().contains("data-theme=\"system\""));
}

#[tokio::test]
async fn what_is_nowhere_is_a_page_for_people_and_a_problem_for_programs() {
    let gateway = Gateway::start().await;
    for nowhere in ["/nowhere", "/ui/nowhere"] {
        let answer = gateway.ask(page(nowhere)).await;
        assert_eq!(answer.status, 404);
        assert!(answer.text().contains("<h1>Not found</h1>"), "{}", answer.text());
        assert_safe(&answer, "");
        assert_eq!(gateway.get(nowhere).await.problem(), (404, "not_found".to_owned()));
    }
    // What is known and has no such thing, too.
    let gone = "/ui/queues/nowhere";
    assert!(gateway.ask(page(gone)).await.text().contains("<h1>"));
    assert_eq!(gateway.get(gone).await.problem().0, 404);
    assert_eq!(gateway.ask(page("/api/v1/nowhere")).await.problem().0, 404);
    let evil = gateway.ask(page("/").with("host", "evil.example")).await;
    assert_eq!(evil.status, 403);
    assert_safe(&evil, "");
}

#[tokio::test]
async fn assets_are_named_by_what_they_are() {
    let gateway = Gateway::start().await;
    for (name, kind) in [
        ("baton.css", "text/css; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("feed.js", "text/javascript; charset=utf-8"),
        ("marks.svg", "image/svg+xml"),
    ] {
        let path = format!("/ui/assets/{name}");
        let first = gateway.get(&path).await;
        assert_eq!((first.status.as_u16(), first.header("content-type")), (200, kind));
        assert_eq!(first.header("cache-control"), "no-cache");
        // A worker asks under the rules that came with its script.
        assert!(first.header("content-security-policy").contains("connect-src 'self'"));
        let again = gateway.ask(get(&path).with("if-none-match", first.header("etag"))).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    }
    assert_eq!(gateway.get("/ui/assets/..%2Fbase.html").await.status, 404);
}

#[tokio::test]
async fn pages_are_named_too_and_the_live_part_is_only_a_part() {
    let gateway = Gateway::start().await;
    let whole = gateway.page("/").await;
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    let live = gateway.ask(page("/").with("x-baton-live", "1")).await;
    assert_eq!(live.status, 200);
    let text = live.text();
    assert!(text.trim_start().starts_with("<div id=\"live\"") && !text.contains("<head>"), "{text}");
    assert_ne!(live.header("etag"), whole.header("etag"));
}

#[tokio::test]
async fn what_browsers_report_is_counted_and_bounded() {
    let gateway = Gateway::start().await;
    let report = json!({ "csp-report": { "effective-directive": "script-src", "blocked-uri": "inline" } });
    assert_eq!(gateway.ask(post("/ui/reports", &report)).await.status, 204);
    let long = crate::support::raw("/ui/reports", vec![b'x'; 100_000]);
    assert_eq!(gateway.ask(long).await.status, 204);
    assert_eq!(gateway.ask(get("/ui/reports").by(Method::DELETE)).await.status, 405);
}

#[tokio::test]
async fn everything_lies_below_the_base_and_may_come_without_it() {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().expect("a URL"));
    options.shards = ShardCount::new(1).expect("a number of shards");
    let (store, _) = Store::open(options).await.expect("a store on a private Redis");
    let settings = Settings { base: "/ops/baton".parse().expect("a base"), ..Settings::default() };
    let gateway = Gateway::over(redis, store, settings);
    for path in ["/ops/baton/", "/ops/baton", "/", "/ops/baton/?last=7d"] {
        let answer = gateway.ask(page(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_safe(&answer, "/ops/baton");
        assert!(answer.text().contains("data-feed=\"/ops/baton/api/v1/events\""));
    }
    assert_eq!(gateway.get("/ops/baton/ui/assets/live.js").await.status, 200);
    assert_eq!(gateway.get("/ops/baton/api/v1/queues").await.status, 200);
    assert_eq!(gateway.get("/ops/batons/api/v1/queues").await.status, 404);
    let chosen = gateway.send("/ops/baton/ui/theme", "", &[("theme", "dark"), ("next", "/")]).await;
    assert_eq!(chosen.header("location"), "/ops/baton/");
    assert!(chosen.header("set-cookie").contains("Path=/ops/baton/"));
    let nowhere = gateway.ask(page("/ops/baton/nowhere")).await;
    assert_eq!(nowhere.status, 404);
    assert_safe(&nowhere, "/ops/baton");
}

#[tokio::test]
async fn a_page_is_one_request_of_a_budget() {
    let open = Gateway::start().await;
    let settings = Settings { budget: "3/1h".parse().ok(), ..(*open.app.settings).clone() };
    let store = open.app.store.clone();
    let gateway = Gateway::over(open.redis, store, settings);
    for _ in 0..3 {
        gateway.page("/").await;
    }
    let refused = gateway.ask(page("/")).await;
    assert_eq!(refused.status, 429);
    assert_safe(&refused, "");
    assert!(
        refused.text().contains("Rate limited") && !refused.header("retry-after").is_empty(),
        "{}",
        refused.text()
    );
    assert_eq!(gateway.get("/ui/assets/live.js").await.status, 200);
}

/// A browser sends the cookies of a host to all that is on it, whatever the port or the path.
#[tokio::test]
async fn two_installations_on_one_host_do_not_log_each_other_out() {
    let other = "https://baton.example/staging";
    let one = Gateway::secured().await;
    let two = Gateway::secured_with(|logins| logins.rules.issuer = other.to_owned()).await;
    let (first, second) = (one.jar_of("alice").await, two.jar_of("alice").await);
    let both = format!("{first}; {second}");
    for gateway in [&one, &two] {
        let text = gateway.page_with("/", &both).await.text();
        assert!(text.contains("class=\"who\">alice"), "{text}");
    }
    // Logging out of one removes the cookies of that one, and the other goes on.
    let out = one.send("/ui/logout", &both, &[]).await;
    let gone = jar(&out);
    assert_eq!(
        gone.split("; ").filter(|pair| first.contains(pair.split('=').next().unwrap())).count(),
        2,
        "{gone}"
    );
    assert!(gone.split("; ").all(|pair| !second.contains(pair.split('=').next().unwrap())), "{gone}");
    two.page_with("/", &both).await;
    assert_eq!(one.ask(page("/").with("cookie", &both)).await.status, 303);
}
