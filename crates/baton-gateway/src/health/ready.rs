//! Should work be sent here? Each check asks Redis now, within a time that an answer to a claim may take.

use std::time::Duration;

use baton_api::health::{Check, Ready};
use baton_store::{Error, Store, Unfit};
use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::pulse::round_trip;
use crate::app::App;
use crate::clock;

/// Longer round trips make every claim slow: better another gateway, if there is one.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(250);
/// For the other questions; by then a probe has long given up.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn check(app: &App) -> Ready {
    let store = &app.store;
    let (redis, server, scripts, namespace) =
        tokio::join!(redis(store), server(store), scripts(store), namespace(store));
    let checks = vec![redis, server, scripts, namespace, line("logins", app.auth.readiness()), draining(app)];
    Ready { ready: checks.iter().all(|check| check.ok), checks }
}

fn line(name: &str, outcome: Result<String, String>) -> Check {
    let (ok, detail) = match outcome {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    Check { name: name.to_owned(), ok, detail }
}

/// Every shard, because work goes to all of them.
async fn redis(store: &Store) -> Check {
    let begun = clock::instant();
    let trips = try_join_all(store.shards().all().map(|shard| round_trip(store, shard)));
    let outcome = match timeout(ROUND_TRIP_MAX, trips).await {
        Ok(Ok(_)) => {
            Ok(format!("a script was answered after {:.1} ms", begun.elapsed().as_secs_f64() * 1_000.0))
        }
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(format!("no answer to a script within {ROUND_TRIP_MAX:?}")),
    };
    line("redis", outcome)
}

/// A server that restarted has none; they are sent again here, so that no rarely used one keeps this gateway out.
async fn scripts(store: &Store) -> Check {
    let outcome = match timeout(PATIENCE, store.load_missing()).await {
        Ok(Ok(missing)) if missing.is_empty() => {
            Ok("all are loaded, with the digests of this release".to_owned())
        }
        Ok(Ok(missing)) => Err(format!("the server forgets them as they come: {}", missing.join(", "))),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    };
    line("scripts", outcome)
}

/// A policy that somebody changes while we run deletes leases and tasks without a word.
async fn server(store: &Store) -> Check {
    fits("server", "a primary that throws no keys away", store.server_fits()).await
}

async fn namespace(store: &Store) -> Check {
    fits("namespace", "schema and number of shards agree", store.namespace_agrees()).await
}

async fn fits(name: &str, well: &str, question: impl Future<Output = Result<Vec<Unfit>, Error>>) -> Check {
    let outcome = match timeout(PATIENCE, question).await {
        Ok(Ok(unfit)) if unfit.is_empty() => Ok(well.to_owned()),
        Ok(Ok(unfit)) => Err(unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    };
    line(name, outcome)
}

fn draining(app: &App) -> Check {
    let outcome = if app.draining.is_cancelled() {
        Err("this gateway is about to end".to_owned())
    } else {
        Ok("this gateway takes work".to_owned())
    };
    line("draining", outcome)
}

fn failed(error: &Error) -> String {
    format!("failed to {error}")
}
