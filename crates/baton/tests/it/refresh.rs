//! A login that is kept alive, over answers that get lost and gateways that say no.

use std::sync::{Arc, Mutex};

use baton::api::auth::Login;
use baton::{Client, CredentialsFile, Error, MemoryTokens, Secret, Timestamp, TokenStore, Tokens};

use crate::server::{answer, header, serve};

const LONG_AGO: u64 = 1;
const FAR_AWAY: u64 = Timestamp::MAX_MS;

/// A store that the test can look into.
#[derive(Clone, Default)]
struct Shared(Arc<MemoryTokens>);

impl Shared {
    fn of(tokens: Tokens) -> Shared {
        Shared(Arc::new(MemoryTokens::new(Some(tokens))))
    }
}

impl TokenStore for Shared {
    fn load(&self) -> Result<Option<Tokens>, Error> {
        self.0.load()
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), Error> {
        self.0.save(tokens)
    }

    fn try_lock(&self) -> Result<Option<Box<dyn Send>>, Error> {
        self.0.try_lock()
    }
}

fn tokens(generation: u32, renew_ms: u64, expires_ms: u64) -> Tokens {
    Tokens {
        username: "alice".to_owned(),
        session_id: "sid".to_owned(),
        scope: "admin".to_owned(),
        access_token: Secret(format!("at-{generation}")),
        refresh_token: Secret(format!("btr_{generation}")),
        renew_at: Timestamp::from_ms(renew_ms),
        expires_at: Timestamp::from_ms(expires_ms),
        refresh_key: None,
    }
}

fn pair(generation: u32) -> String {
    let body = format!(
        r#"{{"access_token":"at-{generation}","refresh_token":"btr_{generation}","token_type":"bearer","expires_in":900,
           "scope":"admin","session_id":"sid"}}"#
    );
    answer("200 OK", "x-refresh-outcome: rotated\r\n", &body)
}

fn problem(status: &str, code: &str) -> String {
    let number = status.split(' ').next().unwrap();
    let body = format!(
        r#"{{"type":"t","title":"t","status":{number},"detail":"d","instance":"/","code":"{code}","request_id":"r"}}"#
    );
    answer(status, "retry-after: 0\r\n", &body)
}

fn whoami() -> String {
    let body =
        r#"{"valid":true,"user_id":"user_alice","username":"alice","scope":"admin","session_id":"sid"}"#;
    answer("200 OK", "", body)
}

/// What each request began with, and its credential.
fn lines(asked: &Mutex<Vec<String>>) -> Vec<String> {
    let line = |request: &String| {
        let path = request.split(" HTTP").next().unwrap().to_owned();
        header(request, "authorization").map_or(path.clone(), |bearer| format!("{path} as {bearer}"))
    };
    asked.lock().unwrap().iter().map(line).collect()
}

fn keys(asked: &Mutex<Vec<String>>) -> Vec<String> {
    let asked = asked.lock().unwrap();
    asked.iter().filter_map(|request| Some(header(request, "idempotency-key")?.to_owned())).collect()
}

#[tokio::test]
async fn what_is_given_is_brought_and_never_printed() {
    let (url, asked) = serve(vec![whoami(), whoami()]).await;
    let client = Client::new(&url).unwrap().with_api_key("btk_secret").unwrap();
    client.validate().await.unwrap();
    assert!(!format!("{client:?}").contains("btk_secret"));
    let store = Shared::of(tokens(1, FAR_AWAY, FAR_AWAY));
    let client = Client::new(&url).unwrap().with_logins(store);
    client.validate().await.unwrap();
    assert_eq!(
        lines(&asked),
        ["GET /auth/validate as Bearer btk_secret", "GET /auth/validate as Bearer at-1"]
    );
    for wrong in ["", "two words", "line\n", "é"] {
        let refused = Client::new(&url).unwrap().with_api_key(wrong).unwrap_err();
        assert_eq!(refused.code(), "credential", "{wrong:?}");
    }
}

#[tokio::test]
async fn many_calls_share_one_refresh() {
    let answers = std::iter::once(pair(2)).chain((0..10).map(|_| whoami()));
    let (url, asked) = serve(answers.collect()).await;
    let store = Shared::of(tokens(1, LONG_AGO, LONG_AGO));
    let client = Client::new(&url).unwrap().with_logins(store.clone());
    let calls = (0..10).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.validate().await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let lines = lines(&asked);
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST /auth/refresh")).count(), 1, "{lines:?}");
    assert_eq!(
        lines.iter().filter(|line| *line == "GET /auth/validate as Bearer at-2").count(),
        10,
        "{lines:?}"
    );
    let kept = store.load().unwrap().unwrap();
    assert_eq!((kept.refresh_token, kept.refresh_key), (Secret("btr_2".to_owned()), None));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_key() {
    let faults = [
        String::new(),
        answer("502 Bad Gateway", "", "<html>"),
        problem("503 Service Unavailable", "draining"),
    ];
    let answers = faults.into_iter().chain([pair(2), whoami()]);
    let (url, asked) = serve(answers.collect()).await;
    let client = Client::new(&url).unwrap().with_logins(Shared::of(tokens(1, LONG_AGO, LONG_AGO)));
    client.validate().await.unwrap();
    let keys = keys(&asked);
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
    assert!(asked.lock().unwrap()[..4].iter().all(|request| request.contains("btr_1")));
}

#[tokio::test]
async fn trouble_ends_no_login_and_the_next_process_goes_on_under_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let busy = || problem("503 Service Unavailable", "redis_unavailable");
    let answers = (0..5).map(|_| busy()).chain([pair(2), whoami(), pair(3), whoami()]);
    let (url, asked) = serve(answers.collect()).await;
    let file = || CredentialsFile::new(directory.path().join("c.json"), &url);
    file().save(Some(&tokens(1, LONG_AGO, LONG_AGO))).unwrap();
    let first = Client::new(&url).unwrap().with_logins(file());
    assert_eq!(first.validate().await.unwrap_err().code(), "redis_unavailable");
    let kept = file().load().unwrap().unwrap();
    assert_eq!(kept.refresh_token, Secret("btr_1".to_owned()));
    let second = Client::new(&url).unwrap().with_logins(file());
    second.validate().await.unwrap();
    assert!(keys(&asked).iter().all(|key| Some(key) == kept.refresh_key.as_ref()), "{:?}", keys(&asked));
    // The next refresh is another one.
    file().save(Some(&tokens(2, LONG_AGO, LONG_AGO))).unwrap();
    Client::new(&url).unwrap().with_logins(file()).validate().await.unwrap();
    assert_ne!(keys(&asked).last(), kept.refresh_key.as_ref());
}

#[tokio::test]
async fn an_access_token_that_is_good_is_used_whatever_becomes_of_the_refresh() {
    let invalid = problem("401 Unauthorized", "refresh_token_invalid");
    let busy = || problem("503 Service Unavailable", "redis_unavailable");
    for faults in [vec![busy(), busy()], vec![String::new(), String::new()], vec![invalid]] {
        let tries = faults.len();
        let (url, asked) = serve(faults.into_iter().chain([whoami(), whoami()]).collect()).await;
        let store = Shared::of(tokens(1, LONG_AGO, FAR_AWAY));
        let client = Client::new(&url).unwrap().with_logins(store.clone());
        client.validate().await.unwrap();
        // The next call does not try again at once.
        client.validate().await.unwrap();
        assert_eq!(lines(&asked)[tries..], ["GET /auth/validate as Bearer at-1"; 2]);
        assert_eq!(store.load().unwrap().unwrap().refresh_token, Secret("btr_1".to_owned()));
    }
}

#[tokio::test]
async fn a_refused_login_is_forgotten() {
    let refused = problem("401 Unauthorized", "refresh_token_reused");
    let (url, asked) = serve(vec![refused, problem("401 Unauthorized", "unauthenticated")]).await;
    let store = Shared::of(tokens(1, LONG_AGO, LONG_AGO));
    let client = Client::new(&url).unwrap().with_logins(store.clone());
    let error = client.validate().await.unwrap_err();
    assert_eq!(error.code(), "logged_out");
    assert!(error.sentence().ends_with("log in again"), "{}", error.sentence());
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(client.validate().await.unwrap_err().code(), "unauthenticated");
    assert_eq!(lines(&asked), ["POST /auth/refresh", "GET /auth/validate"]);
}

/// Another process without our lock: it puts newer tokens into the store while we ask.
#[derive(Clone)]
struct Overtaken {
    inner: Shared,
    loads: Arc<Mutex<u32>>,
    at: u32,
}

impl TokenStore for Overtaken {
    fn load(&self) -> Result<Option<Tokens>, Error> {
        let mut loads = self.loads.lock().unwrap();
        *loads += 1;
        if *loads == self.at {
            self.inner.save(Some(&tokens(2, FAR_AWAY, FAR_AWAY)))?;
        }
        self.inner.load()
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), Error> {
        self.inner.save(tokens)
    }

    fn try_lock(&self) -> Result<Option<Box<dyn Send>>, Error> {
        self.inner.try_lock()
    }
}

#[tokio::test]
async fn whoever_was_overtaken_uses_what_the_other_got() {
    // The first and the second look are before anything is sent.
    for at in [2, 3] {
        let superseded = problem("401 Unauthorized", "refresh_token_superseded");
        let answers = if at == 2 { vec![whoami()] } else { vec![superseded, whoami()] };
        let (url, asked) = serve(answers).await;
        let store = Overtaken { inner: Shared::of(tokens(1, LONG_AGO, LONG_AGO)), loads: Arc::default(), at };
        Client::new(&url).unwrap().with_logins(store).validate().await.unwrap();
        let lines = lines(&asked);
        assert_eq!(lines.last().unwrap(), "GET /auth/validate as Bearer at-2", "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("logout")), "{lines:?}");
    }
}

#[tokio::test]
async fn a_token_that_a_stranger_used_ends_the_login() {
    let superseded = problem("401 Unauthorized", "refresh_token_superseded");
    let out = answer("200 OK", "", r#"{"message":"Logged out successfully"}"#);
    let (url, asked) = serve(vec![superseded, String::new(), out]).await;
    // Its access token would still be good: the stranger's is as well.
    let store = Shared::of(tokens(1, LONG_AGO, FAR_AWAY));
    let client = Client::new(&url).unwrap().with_logins(store.clone());
    let error = client.validate().await.unwrap_err();
    assert_eq!(error.code(), "logged_out");
    assert!(error.sentence().contains("change the password"), "{}", error.sentence());
    assert_eq!(lines(&asked), ["POST /auth/refresh", "POST /auth/logout", "POST /auth/logout"]);
    assert!(asked.lock().unwrap()[2].ends_with(r#"{"refresh_token":"btr_1"}"#));
    assert_eq!(store.load().unwrap(), None);
}

#[tokio::test]
async fn a_gateway_that_does_not_accept_the_access_token_is_believed_once() {
    let stale = || problem("401 Unauthorized", "token_expired");
    let (url, asked) = serve(vec![stale(), pair(2), stale()]).await;
    let client = Client::new(&url).unwrap().with_logins(Shared::of(tokens(1, FAR_AWAY, FAR_AWAY)));
    assert_eq!(client.validate().await.unwrap_err().code(), "token_expired");
    let expected =
        ["GET /auth/validate as Bearer at-1", "POST /auth/refresh", "GET /auth/validate as Bearer at-2"];
    assert_eq!(lines(&asked), expected);
}

#[tokio::test]
async fn processes_that_share_a_file_share_one_refresh() {
    let directory = tempfile::tempdir().unwrap();
    let answers = std::iter::once(pair(2)).chain((0..4).map(|_| whoami()));
    let (url, asked) = serve(answers.collect()).await;
    let file = || CredentialsFile::new(directory.path().join("c.json"), &url);
    file().save(Some(&tokens(1, LONG_AGO, LONG_AGO))).unwrap();
    // Four clients that know nothing of each other stand for four processes: a lock is of the file that was opened.
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let client = Client::new(&url).unwrap().with_logins(file());
            tokio::spawn(async move { client.validate().await.unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let lines = lines(&asked);
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST /auth/refresh")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_login_replaces_the_one_before() {
    let out = || answer("200 OK", "", r#"{"message":"Logged out successfully"}"#);
    let gone = problem("400 Bad Request", "unknown_token");
    let (url, asked) = serve(vec![pair(1), pair(2), pair(3), out(), gone]).await;
    let store = Shared::default();
    let client = Client::new(&url).unwrap().with_logins(store.clone());
    let login = |username: &str| Login {
        username: username.to_owned(),
        password: Secret("hunter2".to_owned()),
        scope: None,
        device_name: None,
        previous_refresh_token: None,
        client_id: None,
    };
    client.log_in(login("alice")).await.unwrap();
    client.log_in(login("alice")).await.unwrap();
    assert!(asked.lock().unwrap()[1].contains(r#""previous_refresh_token":"btr_1""#));
    client.log_in(login("bob")).await.unwrap();
    assert!(!asked.lock().unwrap()[2].contains("previous"), "it belongs to somebody else");
    assert!(asked.lock().unwrap()[3].ends_with(r#"{"refresh_token":"btr_2"}"#));
    assert_eq!(store.load().unwrap().unwrap().username, "bob");
    assert!(client.log_out().await.unwrap(), "one that has ended already is no mistake");
    assert!(!client.log_out().await.unwrap());
    assert_eq!(store.load().unwrap(), None);
}

#[tokio::test]
async fn what_the_credential_lacks_is_said() {
    let body = r#"{"type":"t","title":"t","status":403,"detail":"d","instance":"/","code":"insufficient_scope","request_id":"r"}"#;
    let challenge = "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"admin:keys\"\r\n";
    let (url, _) = serve(vec![answer("403 Forbidden", challenge, body)]).await;
    let client = Client::new(&url).unwrap().with_api_key("btk_a").unwrap();
    let sentence = client.keys().await.unwrap_err().sentence();
    assert!(sentence.contains("lacks the scope admin:keys"), "{sentence}");
}
