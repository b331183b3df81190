//! The same steps through the store's typed calls, with every guarantee in place.

use baton_core::{Boot, Kind, LeaseLength, QueueName, Shard, WorkerId};
use baton_store::calls::task::{
    Claimed, NewTask, Next, Outcome, Report, Settle, SettleAnswer, Submission, SubmitAnswer,
};
use baton_store::calls::worker::{Register, Registered};
use baton_store::{Options, Store};

use crate::meter::{Figure, Meter, payload};

async fn open(meter: &Meter) -> Store {
    let store = Store::open(Options::new(meter.redis.url().parse().unwrap())).await.unwrap().0;
    let (worker, boot) = holder();
    let register =
        Register { worker: &worker, boot: &boot, expects: None, lease: LeaseLength::default(), about: &[] };
    match store.register(Shard::FIRST, &register).await.unwrap() {
        Registered::Current { .. } => store,
        Registered::Refused(refused) => panic!("{refused:?}"),
    }
}

fn holder() -> (WorkerId, Boot) {
    (WorkerId::new("worker-001-bench").unwrap(), Boot::new("0123456789abcdef").unwrap())
}

pub(crate) async fn round(meter: &mut Meter, batch: usize, tasks: usize) -> Vec<Figure> {
    let store = open(meter).await;
    let submitted = meter.measure("submit", tasks, async |_| submit_all(&store, batch, tasks).await).await;
    let turned = meter.measure("settle and claim", tasks, async |_| turn_all(&store, batch).await).await;
    let mut fresh = Meter::start_like(meter).await;
    let store = open(&fresh).await;
    let life = fresh
        .measure("whole life", tasks, async |_| {
            submit_all(&store, batch, tasks).await;
            turn_all(&store, batch).await;
        })
        .await;
    vec![submitted, turned, life]
}

async fn submit_all(store: &Store, batch: usize, tasks: usize) {
    let kind = Kind::new("bench").unwrap();
    let payload = payload();
    for _ in 0..tasks / batch {
        let new = |_| NewTask::new(store.draw(Shard::FIRST), kind.clone(), payload.clone());
        let tasks: Vec<NewTask> = (0..batch).map(new).collect();
        let answer = store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.unwrap();
        assert!(matches!(answer, SubmitAnswer::Tasks { .. }));
    }
}

async fn turn_all(store: &Store, batch: usize) {
    let (worker, boot) = holder();
    let queues = [QueueName::default()];
    let mut reports: Vec<Report> = Vec::new();
    loop {
        let next = Next { queues: &queues, in_order: false, max: batch as u64, holding: &[] };
        let settle = Settle { worker: &worker, boot: Some(&boot), reports: &reports, claim: Some(next) };
        let SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } =
            store.settle(Shard::FIRST, &settle).await.unwrap()
        else {
            panic!("refused")
        };
        if grants.tasks.is_empty() {
            return;
        }
        let report = |grant: &baton_store::calls::task::Grant| Report {
            task: grant.task,
            fence: grant.fence,
            outcome: Outcome::Complete { result: Vec::new() },
        };
        reports = grants.tasks.iter().map(report).collect();
    }
}
