//! `GET /series`: what happened when.

use axum::Json;
use axum::extract::State;
use baton_api::series::{Measured, Point, Series, SeriesAnswer};
use baton_api::{Timestamp, schemas};
use baton_core::QueueName;
use baton_core::series::{Depth, Metric, Plan, PlanError, Tally};
use baton_service::config::Span;
use utoipa::IntoParams;
use utoipa::openapi::Schema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Caller, FromTerms, Query, Terms};
use crate::problem::Fail;
use crate::series;

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_series))
}

/// What is shown where nothing is said.
const SPAN_MS: u64 = 3_600_000;

/// Which series, and of when.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesQuery {
    /// What to show: repeat it, or put commas between. All of them where nothing is said; `scheduled`, `blocked`, `pending` and
    /// `running`, which are how many tasks there were, only of a queue that is named.
    #[param(value_type = Option<Vec<String>>, schema_with = metrics)]
    metric: Vec<Metric>,
    /// Of this queue only.
    #[param(value_type = Option<String>, schema_with = schemas::queue)]
    queue: Option<QueueName>,
    /// How far back, instead of `from`: `1h` where nothing is said, `90d` at most.
    #[param(value_type = Option<String>, schema_with = schemas::length)]
    last: Option<Span>,
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Now, where nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How much time a point stands for: a multiple of what is kept of that time, which is 10 s for two hours, 5 min for eight
    /// days and 1 h for ninety days. Where nothing is said, a length that makes 400 points at most.
    #[param(value_type = Option<String>, schema_with = schemas::length)]
    step: Option<Span>,
}

fn metrics() -> Schema {
    schemas::each(schemas::metric())
}

impl FromTerms for SeriesQuery {
    const KNOWN: &[&str] = &["metric", "queue", "last", "from", "to", "step"];

    fn read(terms: &mut Terms) -> SeriesQuery {
        if terms.has("last") && (terms.has("from") || terms.has("to")) {
            terms.wrong("last", "either it, or from and to");
        }
        SeriesQuery {
            metric: each_once(terms.many("metric")),
            queue: terms.one("queue"),
            last: terms.one("last"),
            from: terms.one("from"),
            to: terms.one("to"),
            step: terms.one("step"),
        }
    }
}

/// What is named twice is shown once.
fn each_once(named: Vec<Metric>) -> Vec<Metric> {
    let mut each = Vec::new();
    for metric in named {
        if !each.contains(&metric) {
            each.push(metric);
        }
    }
    each
}

/// Read time series
///
/// How much was submitted, started and ended, and how long tasks waited and ran: of one queue or of all that the credential may
/// read, from an hour to ninety days. And of one queue how many tasks it had in each status that a task leaves again. It is written behind the work; `behind_ms` says how far.
#[utoipa::path(
    get, path = "/series", tag = "tasks", operation_id = "get_series",
    security(("bearer" = ["tasks:read"])),
    params(SeriesQuery),
    responses((status = 200, description = "The series, point by point", body = SeriesAnswer)),
    extensions(("x-problem-codes" = json!(["unknown_queue"])))
)]
pub(crate) async fn get_series(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SeriesQuery>,
) -> Result<Json<SeriesAnswer>, Fail> {
    let store = &app.store;
    let plan = plan(&query, store.clock_ms().await?)?;
    let of = series::of(&app, &caller.grant, query.queue.as_ref()).await??;
    let metrics = shown(&query)?;
    let depths = match &query.queue {
        Some(queue) if metrics.iter().any(|metric| metric.depth().is_some()) => {
            series::depth(store, queue, &plan).await?
        }
        _ => Vec::new(),
    };
    let only_counts = metrics.iter().all(|metric| metric.measure().is_none());
    let span = (plan.from_ms, plan.to_ms);
    let buckets = series::buckets(store, &of, plan.resolution, span, only_counts).await?;
    let mut points = vec![Tally::default(); plan.points() as usize];
    for (bucket_ms, tally) in &buckets {
        let point = plan.point_of(*bucket_ms).and_then(|at| points.get_mut(at));
        point.into_iter().for_each(|point| point.merge(tally));
    }
    Ok(Json(SeriesAnswer {
        queue: query.queue,
        from: Timestamp::from_ms(plan.from_ms),
        to: Timestamp::from_ms(plan.to_ms),
        step_ms: plan.step_ms,
        behind_ms: series::behind_ms(store).await?,
        series: metrics.into_iter().map(|metric| one(metric, &plan, &points, &depths)).collect(),
    }))
}

/// Those that were named, or all that there are.
fn shown(query: &SeriesQuery) -> Result<Vec<Metric>, Fail> {
    let named = &query.metric;
    if let Some(depth) = named.iter().find(|metric| metric.depth().is_some() && query.queue.is_none()) {
        let why = format!("how many tasks are {depth} is written down for each queue by itself: name one");
        return Err(Fail::invalid("queue", why));
    }
    let fits = |metric: &Metric| query.queue.is_some() || metric.depth().is_none();
    Ok(if named.is_empty() { Metric::ALL.iter().copied().filter(fits).collect() } else { named.clone() })
}

fn ms(span: Span) -> u64 {
    u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX)
}

fn plan(query: &SeriesQuery, now_ms: u64) -> Result<Plan, Fail> {
    let to_ms = query.to.map_or(now_ms, Timestamp::ms);
    let span_ms = query.last.map_or(SPAN_MS, ms);
    let from_ms = query.from.map_or(to_ms.saturating_sub(span_ms), Timestamp::ms);
    let place = |error: &PlanError| match error {
        PlanError::Step { .. } | PlanError::Long | PlanError::Points(_) if query.step.is_some() => "step",
        PlanError::TooOld if query.last.is_some() => "last",
        _ => "from",
    };
    let plan = Plan::new(from_ms, to_ms, query.step.map(ms), now_ms);
    plan.map_err(|error| Fail::invalid(place(&error), format!("failed to {error}")))
}

fn one(metric: Metric, plan: &Plan, points: &[Tally], depths: &[Option<Depth>]) -> Series {
    let at = |step: usize| Timestamp::from_ms(plan.from_ms + step as u64 * plan.step_ms);
    let deep = |(step, depth): (usize, &Option<Depth>)| {
        let count = depth.as_ref()?.of(metric.depth()?)?;
        Some(Point { at: at(step), count, measured: Measured::default() })
    };
    let happened = |(step, tally): (usize, &Tally)| {
        let histogram = metric.measure().map(|measure| tally.measured(measure));
        let counted = metric.counter().map(|counter| tally.of(counter));
        Point {
            at: at(step),
            count: counted.or(histogram.map(|histogram| histogram.count())).unwrap_or_default(),
            measured: histogram.map_or_else(Measured::default, series::measured),
        }
    };
    let points = match metric.depth() {
        Some(_) => depths.iter().enumerate().filter_map(deep).collect(),
        None => points.iter().enumerate().map(happened).collect(),
    };
    Series { metric, points }
}
