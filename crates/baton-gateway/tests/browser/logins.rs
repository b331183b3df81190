//! Being logged in, in a real browser: tabs that exchange their tokens at the same moment, links from elsewhere, two gateways on
//! one host, a key that is copied once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_auth::ring::Ring;
use baton_auth::{password, user_tag};
use baton_core::login::UserId;
use baton_gateway::{App, Settings, serve};
use baton_store::calls::token::NewUser;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::driver::{Browser, LONG};
use crate::look::Look;

const PASSWORD: &str = "correct horse battery";

/// A gateway where one must log in; `alice` is an admin.
struct Doors {
    _redis: PrivateRedis,
    address: SocketAddr,
    _ends: DropGuard,
}

impl Doors {
    async fn with(access_ttl: Duration) -> Doors {
        let redis = PrivateRedis::start().await;
        let mut options = Options::new(redis.url().parse().unwrap());
        options.logins = true;
        let (store, _) = Store::open(options).await.expect("a store");
        make_alice(&store).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut settings = Settings { open: false, ..Settings::default() };
        settings.logins.ring = Some(Arc::new(
            Ring::parse(
                Ring::line(1, std::array::from_fn(|at| 17_u8.wrapping_mul(at as u8 + 3) ^ 0x5a)).expose(),
            )
            .expect("a ring"),
        ));
        settings.logins.rules.issuer = format!("http://{address}");
        settings.logins.rules.access_ttl = access_ttl;
        settings.logins.rules.refresh_rate = 10_000;
        settings.logins.rules.login_per_ip = 1_000;
        let ends = CancellationToken::new();
        let app = App::start(store, settings, ends.clone());
        tokio::spawn(serve(listener, app, ends.clone(), LONG));
        Doors { _redis: redis, address, _ends: ends.drop_guard() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn log_in(&self, browser: &Browser) {
        browser.open(&self.url("/ui/login")).await;
        browser.press("input[name=username]", "alice").await;
        browser.press("input[name=password]", PASSWORD).await;
        browser.click("main button").await;
        browser.until("document.querySelector('.who')").await;
    }
}

async fn make_alice(store: &Store) {
    let id = UserId::person("alice").unwrap();
    let hash = password::hash(PASSWORD, [7; 16], password::Profile::Standard).expect("a hash");
    let new =
        NewUser { tag: user_tag(&id), user_id: &id, roles: "admin", password: Some(&hash), disabled: false };
    store.create_user(&new).await.expect("a user");
}

/// Waits until the access token of the browser is good no more. The route does not exchange it.
async fn until_expired(browser: &Browser) {
    let status = "return (async () => (await fetch('/auth/validate')).status)()";
    let so = async {
        while browser.run(status).await != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, so).await.expect("the token ends");
}

/// What a tab does: at a word of another tab it asks for pages at once, each of which would exchange the token.
const TAB: &str = "window.came = null; const channel = new BroadcastChannel('go'); \
    const go = async () => { const pages = ['/ui/tasks', '/ui/queues', '/ui/workers', '/ui/sessions']; \
    const asked = pages.map((page) => fetch(page, { redirect: 'manual', headers: { accept: 'text/html' } })); \
    window.came = (await Promise.all(asked)).map((answer) => answer.type === 'basic' ? answer.status : 0); }; \
    channel.onmessage = go; window.begin = () => { channel.postMessage(1); return go(); };";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_that_refresh_at_the_same_moment_stay_logged_in() {
    let doors = Doors::with(Duration::from_secs(2)).await;
    let browser = Browser::start(Look::default()).await;
    doors.log_in(&browser).await;
    // Its own questions would exchange the token before the others do.
    browser.run("localStorage.setItem('baton-paused', '1')").await;
    let first = browser.open_tab(&doors.url("/ui/about")).await;
    browser.run(TAB).await;
    let second = browser.open_tab(&doors.url("/ui/about")).await;
    browser.run(TAB).await;
    for _ in 0..3 {
        browser.to_tab(&first).await;
        until_expired(&browser).await;
        browser.run("window.came = null; return begin()").await;
        for tab in [&second, &first] {
            browser.to_tab(tab).await;
            browser.until("window.came").await;
            assert_eq!(browser.run("return window.came").await, json!([200, 200, 200, 200]));
            browser.run("window.came = null").await;
        }
    }
    browser.open(&doors.url("/ui/sessions")).await;
    assert_eq!(browser.text(".who").await, "alice");
    assert_eq!(browser.run("return document.querySelectorAll('tr[id^=session-]').length").await, 1);
}

/// A page of another site with a link.
async fn chat(to: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let page =
                format!("<!doctype html><title>chat</title><p id=chat><a href=\"{to}\">look at this</a>");
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                page.len()
            );
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    address
}

/// With an access token the page opens at once; with an old one, after it has asked for itself once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_a_chat_opens() {
    for ttl in [Duration::from_mins(15), Duration::from_secs(2)] {
        let doors = Doors::with(ttl).await;
        let browser = Browser::start(Look::default()).await;
        doors.log_in(&browser).await;
        if ttl < Duration::from_mins(1) {
            browser.run("localStorage.setItem('baton-paused', '1')").await;
            browser.open(&doors.url("/ui/about")).await;
            until_expired(&browser).await;
        }
        let chat = chat(doors.url("/ui/tasks?status=failed")).await;
        // Another name of this machine is another site.
        browser.open(&format!("http://localhost:{}/", chat.port())).await;
        browser.click("#chat a").await;
        browser.until_at("/ui/tasks?status=failed").await;
        browser.until("document.querySelector('.who')").await;
        assert_eq!(browser.text(".who").await, "alice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_on_one_host_do_not_log_each_other_out() {
    let (one, other) =
        (Doors::with(Duration::from_mins(15)).await, Doors::with(Duration::from_mins(15)).await);
    let browser = Browser::start(Look::default()).await;
    one.log_in(&browser).await;
    other.log_in(&browser).await;
    browser.open(&one.url("/ui/sessions")).await;
    assert_eq!(browser.text(".who").await, "alice");
    browser.click(".doors form[action='/ui/logout'] button").await;
    browser.until("document.querySelector('input[name=password]')").await;
    browser.open(&other.url("/ui/sessions")).await;
    assert_eq!(browser.text(".who").await, "alice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_copied_and_shown_no_more() {
    let doors = Doors::with(Duration::from_mins(15)).await;
    let browser = Browser::start(Look::default()).await;
    doors.log_in(&browser).await;
    browser.open(&doors.url("/ui/keys")).await;
    browser.press("input[name=name]", "ci").await;
    browser.press("input[name=scopes]", "tasks:read").await;
    browser.click("main form.slim button").await;
    browser.until("document.querySelector('#secret')").await;
    let secret = browser.text("#secret").await;
    assert!(secret.starts_with("btk_"), "{secret}");
    browser.listen("button[data-copy=secret]", "Copied").await;
    browser.click("button[data-copy=secret]").await;
    browser.until("window.said").await;
    assert_eq!(browser.run("return location.pathname + location.search").await, "/ui/keys");
    browser.open(&doors.url("/ui/keys")).await;
    assert_eq!(browser.run("return document.querySelectorAll('tr[id^=key-]').length").await, 1);
    assert!(!browser.text("body").await.contains(&secret));
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// It can be read and sent without script, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_of_refreshes_is_watched() {
    let doors = Doors::with(Duration::from_mins(15)).await;
    for script in [true, false] {
        let browser = Browser::start(Look { script, ..Look::default() }).await;
        doors.log_in(&browser).await;
        browser.open(&doors.url("/ui/sessions")).await;
        browser.click("a[href='/ui/sessions/race']").await;
        browser.until_at("/ui/sessions/race").await;
        browser.click("main button.main").await;
        browser.until("document.querySelector('#laps')").await;
        assert_eq!(browser.text("main h2").await, "1 of 8 won");
        assert_eq!(browser.text("#laps").await.matches("refresh_token_superseded").count(), 7);
        let found = [browser.trespasses(&doors.url("")).await, browser.judge().await].concat();
        assert!(found.is_empty(), "{script}: {found:#?}");
        browser.open(&doors.url("/ui/sessions")).await;
        browser.click(".doors form[action='/ui/logout'] button").await;
        browser.until("document.querySelector('input[name=password]')").await;
    }
}

/// The walk goes through pages without logins; these are of people who have logged in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_people_are_clean() {
    let doors = Doors::with(Duration::from_mins(15)).await;
    for width in [1440, 390] {
        let browser = Browser::start(Look { width, ..Look::default() }).await;
        doors.log_in(&browser).await;
        browser.open(&doors.url("/ui/sessions")).await;
        let session = "return document.querySelector('tr[id^=session-] a').pathname";
        let session = browser.run(session).await.as_str().expect("a page").to_owned();
        let end = format!("{session}/end");
        let mut found = Vec::new();
        for (path, name) in [
            ("/ui/sessions", "sessions"),
            ("/ui/sessions/race", "race"),
            (&session, "session"),
            (&end, "session-end"),
            ("/ui/users", "users"),
            ("/ui/users/user_alice", "user"),
            ("/ui/keys", "keys"),
            ("/ui/signing-keys/rotate", "signing-keys"),
            ("/ui/sessions/everyone/end", "sessions-end"),
        ] {
            browser.open(&doors.url(path)).await;
            browser.until("document.readyState === 'complete' && document.querySelector('main h1')").await;
            let mut here = browser.trespasses(&doors.url("")).await;
            here.extend(browser.judge().await);
            let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            if browser.run(wide).await != 0 {
                here.push("wider than its window".to_owned());
            }
            found.extend(here.into_iter().map(|what| format!("{path} at {width}: {what}")));
            browser.picture(&format!("of-people-{name}-{width}")).await;
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}
