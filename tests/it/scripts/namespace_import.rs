//! namespace/import: while an import goes on nobody else may begin one, and nobody works.

use baton_testkit::{Fixture, with_store};

use crate::hand::{run_by_hand, unchanged};

async fn ask(at: &Fixture, step: &str, import: &str) -> Vec<String> {
    run_by_hand(at, "namespace/import", "other:meta", &["1700000000000", step, import, "3", "one"]).await
}

async fn schema(at: &Fixture) -> String {
    crate::hand::by_hand(at, "HGET other:meta schema").await
}

#[tokio::test]
async fn an_import_knows_itself_and_no_other_comes_between() {
    with_store(async |at| {
        assert_eq!(ask(at, "begin", "first").await, ["begun", "one"]);
        assert_eq!(schema(at).await, "1000000000");
        assert_eq!(unchanged(at, ask(at, "begin", "first")).await, ["begun", "one"], "sent once more");
        assert_eq!(unchanged(at, ask(at, "begin", "second")).await, ["refused", "conflict", "first"]);
        assert_eq!(unchanged(at, ask(at, "end", "second")).await, ["refused", "conflict", "first"]);
        assert_eq!(ask(at, "over", "second").await, ["begun", "one"], "it was given up");
        assert_eq!(unchanged(at, ask(at, "end", "first")).await, ["refused", "conflict", "second"]);
        assert_eq!(ask(at, "end", "second").await, ["whole"]);
        assert_eq!(schema(at).await, "1");
        assert_eq!(unchanged(at, ask(at, "end", "second")).await, ["whole"], "sent once more");
    })
    .await;
}

#[tokio::test]
async fn what_was_founded_keeps_its_name() {
    with_store(async |at| {
        run_by_hand(at, "namespace/open", "other:meta", &["1700000000000", "3", "mine"]).await;
        assert_eq!(ask(at, "begin", "first").await, ["begun", "mine"]);
    })
    .await;
}
