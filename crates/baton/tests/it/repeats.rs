//! What is sent again, and what is not.

use baton::{Client, Error, Json};

use crate::server::{answer, header, serve};

const ID: &str = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";

fn task() -> String {
    format!(
        r#"{{"id":"{ID}","kind":"echo","queue":"default","status":"pending","priority":5,"version":1,
           "created_at":"2026-11-21T09:30:00.000Z","attempt":0,"max_attempts":5,"crashes":0,"max_crashes":3,
           "timeout_ms":1000,"a_member_of_a_newer_gateway":true}}"#
    )
}

fn problem(status: u16, code: &str) -> String {
    format!(
        r#"{{"type":"/problems/{code}","title":"t","status":{status},"detail":"d.","instance":"/","code":"{code}",
           "request_id":"r"}}"#
    )
}

#[tokio::test]
async fn a_submit_is_repeated_under_its_key_until_it_is_answered() {
    let busy = answer("503 Service Unavailable", "retry-after: 0\r\n", &problem(503, "redis_unavailable"));
    let (url, asked) = serve(vec![busy, String::new(), answer("201 Created", "", &task())]).await;
    let client = Client::new(&url).unwrap();
    let submitted = client.submit_json("echo", Json::null()).await.unwrap();
    assert!(submitted.created);
    assert_eq!(submitted.id().to_string(), ID);
    let asked = asked.lock().unwrap();
    let keys: Vec<&str> = asked.iter().map(|request| header(request, "idempotency-key").unwrap()).collect();
    assert_eq!(asked.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
    assert!(asked.iter().all(|request| request.ends_with(r#"{"kind":"echo","payload":null}"#)), "{asked:?}");
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_keeps_its_code() {
    let (url, asked) = serve(vec![answer("409 Conflict", "", &problem(409, "duplicate_key"))]).await;
    let error = Client::new(&url).unwrap().submit_json("echo", Json::null()).key("a").await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("duplicate_key", Some(409)));
    assert_eq!(error.to_string(), "do what was asked: d (duplicate_key)");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::new(&url).unwrap().health().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { url: named, .. } if *named == url), "{error:?}");
    assert_eq!(error.code(), "unreachable");
}

#[tokio::test]
async fn another_server_is_told_apart_from_a_gateway() {
    let pages = vec![answer("200 OK", "", "<html>"), answer("404 Not Found", "", "<html>")];
    let (url, _) = serve(pages).await;
    let client = Client::new(&url).unwrap();
    assert_eq!(client.health().await.unwrap_err().code(), "unreadable");
    assert_eq!(client.health().await.unwrap_err().code(), "unreadable");
}

#[test]
fn what_cannot_be_sent_is_said_before_anything_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new("http://127.0.0.1:1").unwrap();
    let submit = client.submit_json("echo", Json::null()).queue("a b").tags(["fine"]);
    let error = runtime.block_on(async { submit.await }).unwrap_err();
    assert_eq!(error.code(), "invalid");
    assert!(error.to_string().contains("queue name"), "{error}");
    assert!(Client::new("redis://host").is_err() && Client::new("host:8000").is_err());
}
