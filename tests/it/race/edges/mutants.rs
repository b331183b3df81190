//! The same races with a rule taken away. The judges that find nothing wrong with us must find what these do.

use super::chase::Chase;
use super::hands::Texts;
use super::paths::Path;

/// The gate of a claim is open, for those it finds and for the one it is asked for.
const NO_GATE: &[(&str, &str)] = &[
    ("elseif row.open_parents and row.open_parents ~= '0' then", "elseif false then"),
    ("if row.status == 'blocked' or (row.open_parents and row.open_parents ~= '0') then", "if false then"),
];

/// A link leaves its child where it is.
const NO_DEMOTION: &[(&str, &str)] =
    &[("if state == 'closed' or row.status == 'blocked' then", "if true then")];

fn both_judges_accuse(path: Path) -> impl Future<Output = ()> {
    let texts = Texts {
        claim: Texts::patched("task/claim", NO_GATE),
        link: Texts::patched("task/link", NO_DEMOTION),
    };
    async move {
        let chase = Chase::run(path, texts, |chase| !chase.record.out_of_order().is_empty()).await;
        let (answers, stream) = (chase.record.out_of_order(), chase.judge_stream().await.out_of_order);
        assert!(!answers.is_empty(), "by the answers nothing is wrong: {:?}", chase.record.hits());
        // What the answers prove the stream proves too; it knows the order of every two calls.
        for (parent, child) in &answers {
            let told = stream.iter().any(|early| (early.parent, early.child) == (*parent, *child));
            assert!(told, "the stream does not tell that {child} was claimed before {parent} ended");
        }
    }
}

/// M8: the gate is only where tasks are submitted and linked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_a_gate_is_caught() {
    both_judges_accuse(Path::Submit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_a_gate_is_caught_behind_a_rerun() {
    both_judges_accuse(Path::Rerun).await;
}

/// The gate in the claim needs nobody's help: what a link leaves in the index is demoted when it is met.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_does_not_demote_is_made_good_by_the_claim() {
    let texts = Texts { claim: None, link: Texts::patched("task/link", NO_DEMOTION) };
    let chase = Chase::run(Path::Submit, texts, |chase| chase.record.hits().refused > 0).await;
    assert_eq!(chase.record.out_of_order(), []);
    assert_eq!(chase.judge_stream().await.out_of_order, []);
    let demoted = chase.told("claim_rejected").await;
    assert!(demoted > 0, "no claim met a task with open parents");
    assert_eq!(chase.record.not_claimed_once(&chase.children), []);
}
