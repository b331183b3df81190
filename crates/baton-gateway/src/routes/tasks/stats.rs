//! `GET /tasks/stats`: how many tasks there are, and how they do.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use baton_api::series::Recent;
use baton_api::task::Stats;
use baton_api::worker::State as WorkerState;
use baton_api::{Timestamp, schemas};
use baton_auth::Action;
use baton_core::series::{Counter, Resolution, Tally};
use baton_core::{QueueName, Status};
use baton_service::config::Span;
use baton_store::calls::series::Of;
use utoipa::IntoParams;

use crate::app::App;
use crate::extract::{Caller, FromTerms, Query, Terms};
use crate::problem::Fail;
use crate::{roster, series};

/// How far back `recent` goes where nothing is said.
const SPAN: Duration = Duration::from_secs(3_600);
const SPAN_MIN: Duration = Duration::from_secs(10);
const SPAN_MAX: Duration = Duration::from_secs(90 * 86_400);

/// Over which times rates are shown, and from which buckets they are taken.
const RATES: [(&str, u64, Resolution); 3] = [
    ("1m", 60_000, Resolution::Fine),
    ("5m", 300_000, Resolution::Fine),
    ("1h", 3_600_000, Resolution::Medium),
];

/// Of what.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// Of this queue only.
    #[param(value_type = Option<String>, schema_with = schemas::queue)]
    queue: Option<QueueName>,
    /// How far back `recent` goes: `1h` where nothing is said, `90d` at most.
    #[param(value_type = Option<String>, schema_with = schemas::length)]
    last: Option<Span>,
}

impl FromTerms for StatsQuery {
    const KNOWN: &[&str] = &["queue", "last"];

    fn read(terms: &mut Terms) -> StatsQuery {
        let last: Option<Span> = terms.one("last");
        if last.is_some_and(|last| !(SPAN_MIN..=SPAN_MAX).contains(&last.0)) {
            terms.wrong("last", "it is not between 10s and 90d");
        }
        StatsQuery { queue: terms.one("queue"), last }
    }
}

/// Count tasks
///
/// By status, over all queues that the credential may read and by queue, with the share of those still kept that completed. And
/// what happened lately: how many of what, how fast, and how long tasks waited and ran. The latter is written behind the work;
/// `behind_ms` says how far, and it is left out for a credential that reads more than twenty queues one by one.
#[utoipa::path(
    get, path = "/tasks/stats", tag = "tasks", operation_id = "get_task_stats",
    security(("bearer" = ["tasks:read"])),
    params(StatsQuery),
    responses((status = 200, description = "The counts", body = Stats)),
    extensions(("x-problem-codes" = json!(["unknown_queue"])))
)]
pub(crate) async fn task_stats(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<StatsQuery>,
) -> Result<Json<Stats>, Fail> {
    // Of too many queues only the counts are shown.
    let whose = series::of(&app, &caller.grant, query.queue.as_ref()).await?.ok();
    let mut queues = roster::queues(&app.store).await?;
    queues.retain(|queue| caller.grant.reads(&queue.name));
    queues.retain(|queue| query.queue.as_ref().is_none_or(|only| *only == queue.name));
    let of = |status: Status| queues.iter().map(|queue| queue.of(status)).sum::<u64>();
    let ended = of(Status::Completed) + of(Status::Failed) + of(Status::Timeout);
    let tasks: BTreeMap<String, u64> =
        Status::ALL.iter().map(|status| (status.to_string(), of(*status))).collect();
    let now_ms = app.store.clock_ms().await?;
    Ok(Json(Stats {
        timestamp: Timestamp::from_ms(now_ms),
        success_rate: (ended > 0).then(|| of(Status::Completed) as f64 / ended as f64),
        queues: queues.iter().map(|queue| (queue.name.to_string(), queue.words())).collect(),
        tasks,
        workers: workers(&app, &caller, query.queue.is_some()).await?,
        recent: recent(&app, whose.as_deref(), query.last.map_or(SPAN, |last| last.0), now_ms).await?,
        rates: rates(&app, whose.as_deref(), now_ms).await?,
        behind_ms: series::behind_ms(&app.store).await?,
    }))
}

/// What live workers hold, which is of any queue.
async fn workers(app: &App, caller: &Caller, of_one_queue: bool) -> Result<BTreeMap<String, u64>, Fail> {
    let grant = &caller.grant;
    let may = grant.reaches_all(Action::TasksRead) && grant.must(Action::WorkersRead).is_ok();
    if of_one_queue || !may {
        return Ok(BTreeMap::new());
    }
    let live =
        roster::workers(&app.store).await?.into_iter().filter(|worker| worker.state != WorkerState::Offline);
    Ok(live.map(|worker| (worker.id.to_string(), worker.holds)).collect())
}

async fn recent(app: &App, of: Option<&[Of]>, span: Duration, now_ms: u64) -> Result<Recent, Fail> {
    let span_ms = span.as_millis() as u64;
    let resolution = match span_ms {
        0..=600_000 => Resolution::Fine,
        600_001..=86_400_000 => Resolution::Medium,
        _ => Resolution::Coarse,
    };
    let from_ms = now_ms.saturating_sub(span_ms);
    let shown_ms = now_ms - resolution.bucket_ms(from_ms);
    let Some(of) = of else { return Ok(Recent { span_ms: shown_ms, ..Recent::default() }) };
    let sum = series::sum(&app.store, of, resolution, (from_ms, now_ms)).await?;
    let counts = Counter::ALL.iter().map(|counter| (counter.to_string(), sum.of(*counter)));
    Ok(Recent {
        span_ms: shown_ms,
        counts: counts.collect(),
        success_rate: sum.success_rate(),
        wait: series::measured(&sum.wait),
        run: series::measured(&sum.run),
    })
}

async fn rates(
    app: &App,
    of: Option<&[Of]>,
    now_ms: u64,
) -> Result<BTreeMap<String, BTreeMap<String, f64>>, Fail> {
    let mut rates = BTreeMap::new();
    let Some(of) = of else { return Ok(rates) };
    for (name, span_ms, resolution) in RATES {
        let from_ms = resolution.bucket_ms(now_ms.saturating_sub(span_ms));
        let buckets = series::buckets(&app.store, of, resolution, (from_ms, now_ms), true).await?;
        let mut sum = Tally::default();
        buckets.values().for_each(|tally| sum.merge(tally));
        rates.insert(name.to_owned(), per_second(&sum, now_ms - from_ms));
    }
    Ok(rates)
}

/// To three digits behind the point: more would be noise.
fn per_second(sum: &Tally, span_ms: u64) -> BTreeMap<String, f64> {
    let rate = |counter: &Counter| sum.of(*counter) as f64 * 1_000.0 / span_ms.max(1) as f64;
    let rounded = |counter: &Counter| (counter.to_string(), (rate(counter) * 1_000.0).round() / 1_000.0);
    Counter::ALL.iter().map(rounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second() {
        let mut sum = Tally::default();
        sum.count(Counter::Completed, 100);
        let rates = per_second(&sum, 60_000);
        assert_eq!((rates["completed"], rates["failed"]), (1.667, 0.0));
    }
}
