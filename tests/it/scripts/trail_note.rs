//! trail/note: what an operator did is noted, and only the latest so much of it is kept.

use baton_core::{Principal, Refusal, limits};
use baton_store::calls::trail::{Noted, TrailNote};
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, make_schema_too_new, refused, unchanged};

async fn note(at: &Fixture, note: &TrailNote<'_>) -> Noted {
    at.store.note_trail(note).await.expect("an answer")
}

#[tokio::test]
async fn it_says_who_did_what_from_where_and_what_came_of_it() {
    with_store(async |at| {
        let by = Principal::new("ada").unwrap();
        let long = "é".repeat(200);
        let said = TrailNote {
            action: "pause_queue",
            by: Some(&by),
            address: "10.0.0.7",
            subject: &long,
            outcome: "200",
            why: "too many",
            request: "",
        };
        assert_eq!(note(at, &said).await, Noted::Done);
        let entry = at.store.trail(None, 10).await.unwrap().remove(0);
        assert_eq!((entry.action.as_str(), entry.by.as_deref()), ("pause_queue", Some("ada")));
        assert_eq!((entry.address.as_deref(), entry.outcome.as_deref()), (Some("10.0.0.7"), Some("200")));
        assert_eq!((entry.request, entry.count, entry.why.as_deref()), (None, None, Some("too many")));
        assert_eq!(entry.subject.map(|subject| subject.len() as u64), Some(limits::TRAIL_WORD_BYTES_MAX));
        make_schema_too_new(at).await;
        let newer = unchanged(at, note(at, &said)).await;
        assert_eq!(newer, Noted::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}

#[tokio::test]
async fn the_oldest_makes_room() {
    with_store(async |at| {
        let fill = format!(
            "for at = 1, {} do redis.call('XADD', KEYS[1], '*', 'action', 'a') end",
            limits::TRAIL_MAX
        );
        let filled: Option<String> = at.redis.say(&["EVAL", &fill, "1", "baton:{0}:trail"]).await;
        assert_eq!(filled, None);
        note(at, &TrailNote { action: "b", ..TrailNote::default() }).await;
        assert_eq!(by_hand::<u64>(at, "XLEN baton:{0}:trail").await, limits::TRAIL_MAX);
        assert_eq!(at.store.trail(None, 1).await.unwrap()[0].action, "b");
    })
    .await;
}
