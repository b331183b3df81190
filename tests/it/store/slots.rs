//! Every key of a shard lies in one slot, and two shards are not forced into the same one.

use baton_core::login::{SessionId, UserTag};
use baton_core::{Boot, DedupeKey, Namespace, OpId, QueueName, Shard, Status, TaskId, WebhookName, WorkerId};
use baton_store::keys::{LoginKeys, ShardKeys};

/// CRC16 (XMODEM) of the hash tag, as the cluster specification says.
fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or(key, |(tag, _)| tag);
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % 16_384
}

fn every_key(keys: &ShardKeys, task: TaskId) -> Vec<String> {
    let worker = WorkerId::new("worker-001-media").unwrap();
    let boot = Boot::new("b1").unwrap();
    let queue = QueueName::new("media").unwrap();
    let webhook = WebhookName::new("ops").unwrap();
    let mut all = vec![
        keys.meta(),
        keys.events(),
        keys.event_marks(),
        keys.queues(),
        keys.scheduled(),
        keys.leases(),
        keys.workers(),
        keys.worker(&worker),
        keys.held(&worker, Some(&boot)),
        keys.held(&worker, None),
        keys.queue(&queue),
        keys.dedupe(&queue, &DedupeKey::new("a:b").unwrap()),
        keys.op(&OpId::new("op-1").unwrap()),
        keys.task(task),
        keys.task_history(task),
        keys.task_log(task),
        keys.webhooks(),
        keys.webhook_filters(),
        keys.webhook(&webhook),
        keys.webhook_due(&webhook),
        keys.webhook_tries(&webhook),
        keys.webhook_counts(&webhook),
        keys.webhook_latest(&webhook),
        keys.sample(),
    ];
    all.extend(Status::ALL.iter().map(|status| keys.queue_index(&queue, *status)));
    all
}

#[test]
fn the_slot_is_computed_as_redis_does() {
    assert_eq!(slot("123456789"), 12_739);
    assert_eq!(slot("foo{hash_tag}bar"), slot("hash_tag"));
}

#[test]
fn all_keys_of_a_shard_share_its_slot() {
    let namespace = Namespace::new("my-app").unwrap();
    let mut slots = Vec::new();
    for number in [0, 1, 10, 255, 4_095] {
        let shard = Shard::new(number).unwrap();
        let keys = ShardKeys::new(&namespace, shard);
        let task: TaskId = format!("01936a5c-2b4e-7abc-8def-001122334{number:03x}").parse().unwrap();
        for key in every_key(&keys, task) {
            assert_eq!(slot(&key), slot(&shard.to_string()), "{key}");
            assert!(key.starts_with("my-app:{"), "{key}");
        }
        slots.push(slot(&keys.meta()));
    }
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), 5);
}

#[test]
fn all_keys_of_a_user_share_a_slot_that_is_no_shards() {
    let namespace = Namespace::new("my-app").unwrap();
    let logins = LoginKeys::new(&namespace);
    let session = SessionId([7; 16]);
    for tag in [UserTag([0; 8]), UserTag([0xff; 8])] {
        let keys = logins.of_user(tag);
        let all = [
            keys.user(),
            keys.sessions(),
            keys.session(session),
            keys.ended(session),
            keys.keys(),
            keys.gate(),
            keys.device_gate(session),
            keys.failures(),
        ];
        for key in all {
            assert_eq!(slot(&key), slot(&format!("{{u:{tag}}}")), "{key}");
            assert!(key.starts_with("my-app:{u:"), "{key}");
        }
    }
}
