//! task/sides: the lists of edges, each edge as its other side has it.

use baton_testkit::with_store;

use super::flow_support::*;
use super::task_support::*;
use crate::hand::unchanged;

#[tokio::test]
async fn each_list_is_seen_from_its_other_side_a_page_at_a_time() {
    with_store(async |at| {
        let flow = create_of(at, fan_in(5)).await;
        let (parent, child) = (flow.task(1), flow.task(6));
        let page = unchanged(at, at.store.sides(child, "parents", 1, 3)).await.expect("a page");
        assert_eq!((page.total, page.others.len(), page.is_passing), (5, 3, false));
        assert!(page.others.iter().all(|one| one.exists && one.knows && one.has_waiting && !one.has_parked));
        assert_eq!((&*page.fields["status"], &*page.fields["open_parents"]), ("blocked", "5"));
        for list in ["children", "waiting"] {
            let page = unchanged(at, at.store.sides(parent, list, 0, 10)).await.expect("a page");
            assert!(page.total == 1 && page.others[0].knows && !page.others[0].in_both, "{list}: {page:?}");
        }
        let page = at.store.sides(parent, "parked", 0, 10).await.expect("a page");
        assert!(page.total == 0 && page.others.is_empty(), "{page:?}");
        invalid(at.store.sides(parent, "odd", 0, 10).await);
        invalid(at.store.sides(parent, "parents", 0, 0).await);
    })
    .await;
}
