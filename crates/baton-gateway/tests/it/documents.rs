//! The API document, the page that shows it, and what the gateway says of itself.

use std::collections::HashSet;
use std::path::Path;

use baton_auth::Action;
use baton_core::Code;
use serde_json::Value;

use crate::support::{Gateway, get};

/// The document as it is in the repository. A change of it is a change of the promise to clients.
#[test]
fn the_api_is_the_one_that_was_promised() {
    let now = serde_json::to_string_pretty(&baton_gateway::openapi()).unwrap() + "\n";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promised = std::fs::read_to_string(here.join("tests/openapi.json")).unwrap_or_default();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    std::fs::write(&written, &now).unwrap();
    assert!(
        now == promised,
        "the API document has changed; look at the change, then:\ncp {} {}",
        written.display(),
        here.join("tests/openapi.json").display()
    );
}

#[test]
fn every_operation_is_named_and_documents_what_it_refuses() {
    let api = serde_json::to_value(baton_gateway::openapi()).unwrap();
    assert_eq!(
        (api["openapi"].as_str(), api["info"]["license"]["identifier"].as_str()),
        (Some("3.1.0"), Some("MIT OR Apache-2.0"))
    );
    let mut names = HashSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "403", "422", "431", "500", "503"] {
                assert!(responses.contains_key(status), "{method} {path}: {status}");
            }
            for code in
                operation["x-problem-codes"].as_array().into_iter().flatten().filter_map(Value::as_str)
            {
                assert!(code.parse::<Code>().is_ok(), "{method} {path}: {code}");
            }
        }
    }
}

#[test]
fn every_scope_is_one_that_the_document_knows() {
    let api = serde_json::to_value(baton_gateway::openapi()).unwrap();
    let pattern = api["components"]["schemas"]["NewKey"]["properties"]["scopes"]["items"]["pattern"].as_str();
    let words = |by_queue: bool| {
        let actions = Action::ALL.iter().filter(|action| action.is_by_queue() == by_queue);
        actions.map(|action| action.as_str()).collect::<Vec<_>>().join("|")
    };
    for words in [format!("({})(@", words(true)), format!("|{})$", words(false))] {
        assert!(pattern.unwrap().contains(&words), "{words} in {pattern:?}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let api = serde_json::to_value(baton_gateway::openapi()).unwrap();
    let paths = api["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let names: HashSet<&str> =
        operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let mut open = vec![&api];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    assert!(api.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                }
                if let Some(links) = members.get("links").and_then(Value::as_object) {
                    let targets = links.values().map(|link| link["operationId"].as_str().unwrap());
                    targets.for_each(|target| assert!(names.contains(target), "{target}"));
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_page_of_the_api_loads_nothing_from_elsewhere() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.get("/openapi.json").await.json()["info"]["title"], "Baton");
    assert_eq!(gateway.get("/docs").await.header("location"), "/docs/");
    let page = gateway.get("/docs/").await;
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "{}", page.text());
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert_eq!(gateway.get(&format!("/docs/{file}")).await.status, 200, "{file}");
    }
    assert!(gateway.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
}

#[tokio::test]
async fn the_door_and_the_limits() {
    let gateway = Gateway::start().await;
    let front = gateway.get("/").await.json();
    assert_eq!((front["name"].as_str(), front["docs"].as_str()), (Some("baton"), Some("/docs")));
    let limits = gateway.get("/api/v1/capabilities").await.json();
    assert_eq!(
        (limits["limits"]["payload_bytes"].as_u64(), limits["shards"].as_u64()),
        (Some(1_048_576), Some(1))
    );
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_can_read_that() {
    let gateway = Gateway::start().await;
    let plain = gateway.get("/openapi.json").await;
    let packed = gateway.ask(get("/openapi.json").with("accept-encoding", "gzip")).await;
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert!(packed.body.len() * 4 < plain.body.len());
}
