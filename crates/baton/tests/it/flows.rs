//! What a flow is sent as, and what is said before anything is sent.

use baton::{Client, FlowTask, Json, OnParentFailure, Payload};
use serde::{Deserialize, Serialize};

use crate::server::{answer, header, serve};

const FLOW: &str = "01a1fc29-8a56-7000-ba14-c38b1c000000";
const LOAD: &str = "01a1fc29-8a56-7000-ba14-c38b1c002000";

#[derive(Serialize, Deserialize)]
struct Load {
    day: u32,
}

impl Payload for Load {
    const KIND: &'static str = "table.load";
    type Output = u64;
}

fn flow(state: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{FLOW}","name":"nightly","state":"{state}","tasks":2,"edges":1,"counts":{{"running":1,"blocked":1}},
           "created_at":"2026-11-21T09:30:00.000Z","a_member_of_a_newer_gateway":true{more}}}"#
    )
}

#[tokio::test]
async fn a_flow_is_repeated_under_its_key_until_it_is_answered() {
    let created = flow("running", &format!(r#","refs":{{"load":"{LOAD}"}}"#));
    let (url, asked) = serve(vec![String::new(), answer("201 Created", "", &created)]).await;
    let submitted = Client::new(&url)
        .unwrap()
        .flow()
        .name("nightly")
        .on_parent_failure(OnParentFailure::Cancel)
        .task(FlowTask::json("extract", "table.extract", Json::of(&1).unwrap()).priority(7).tags(["night"]))
        .task(
            FlowTask::new("load", Load { day: 21 })
                .after(["extract"])
                .on_parent_failure(OnParentFailure::Run),
        )
        .idempotency_key("nightly-21")
        .await
        .unwrap();
    assert!(submitted.created);
    assert_eq!(
        (submitted.id().to_string(), submitted.task("load").unwrap().to_string()),
        (FLOW.into(), LOAD.into())
    );
    assert_eq!(submitted.task("lod").unwrap_err().code(), "invalid");
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|request| request.starts_with("POST /api/v1/flows ")), "{asked:?}");
    let keys: Vec<&str> = asked.iter().map(|request| header(request, "idempotency-key").unwrap()).collect();
    assert_eq!(keys, ["nightly-21", "nightly-21"]);
    let body = r#"{"name":"nightly","on_parent_failure":"cancel","tasks":[{"kind":"table.extract","payload":1,"priority":7,"tags":["night"],"ref":"extract"},{"kind":"table.load","payload":{"day":21},"on_parent_failure":"run","ref":"load","parents":["extract"]}]}"#;
    assert!(asked[1].ends_with(body), "{}", asked[1]);
}

#[tokio::test]
async fn a_flow_is_waited_for_until_nothing_of_it_moves() {
    let looks = [flow("running", ""), flow("failed", r#","doing":"rerun""#), flow("held", "")];
    let (url, asked) = serve(looks.iter().map(|look| answer("200 OK", "", look)).collect()).await;
    let flow = Client::new(&url).unwrap().wait_for_flow(FLOW.parse().unwrap()).await.unwrap();
    assert_eq!((flow.state.as_str(), asked.lock().unwrap().len()), ("held", 3));
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before_anything_is() {
    let client = Client::new("http://127.0.0.1:1").unwrap();
    let check = async |task: FlowTask, words: &str| {
        let error = client.flow().task(task).name("fine").await.unwrap_err();
        assert_eq!(error.code(), "invalid");
        assert!(error.to_string().contains(words), "{error}");
    };
    let task = |name: &str, kind: &str| FlowTask::json(name, kind, Json::null());
    check(task("a b", "echo"), "ref").await;
    check(task("a", "no kind"), "kind").await;
    check(task("a", "echo").after(["b c"]), "ref").await;
    check(task("a", "echo").queue("a b"), "queue").await;
    assert_eq!(client.flow().idempotency_key("a b").await.unwrap_err().code(), "invalid");
}
