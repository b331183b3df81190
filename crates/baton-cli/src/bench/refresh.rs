//! Refreshes of logins, each lane with a login of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use baton::api::auth::Login;
use baton::{Client, MemoryTokens, Secret, Tokens};
use tokio::task::JoinSet;

use super::load::{Budget, Samples, now, watched};
use super::{Refresh, stopped};
use crate::console::Target;
use crate::out::{say, span};
use crate::prompt;
use crate::wait::until;

/// The login of a lane, as it is now.
type Place = Arc<Mutex<Tokens>>;

/// The samples, and how long the refreshes alone took. All logins are ended, however it ends.
pub(super) async fn run(target: &Target, asked: &Refresh) -> Result<(Samples, Duration)> {
    let [password] = prompt::from_stdin()?;
    let client = Client::new(&target.chosen()?.url)?;
    let mut places = Vec::new();
    let ran = until(measured(&client, asked, &password, &mut places), None).await;
    until(log_out(&client, &places), None).await.context("failed to end the logins of this bench")?;
    ran.map_err(|error| stopped(error, "its logins were ended"))
}

async fn measured(
    client: &Client,
    asked: &Refresh,
    password: &Secret,
    places: &mut Vec<Place>,
) -> Result<(Samples, Duration)> {
    // One after the other: logging in is slow on purpose, and limited.
    for _ in 0..asked.concurrency {
        let tokens = client.log_in(login(asked, password)).await.map_err(limited)?;
        places.push(Arc::new(Mutex::new(tokens)));
    }
    let budget = Budget::new(asked.tasks, Duration::from_secs(asked.seconds));
    let begun = now();
    let mut lanes = JoinSet::new();
    for place in places.iter() {
        lanes.spawn(lane(client.clone(), Arc::clone(place), Arc::clone(&budget)));
    }
    let samples = watched(&budget, "refreshes", Samples::of(lanes)).await?;
    Ok((samples, begun.elapsed()))
}

fn login(asked: &Refresh, password: &Secret) -> Login {
    Login {
        username: asked.username.clone(),
        password: password.clone(),
        scope: None,
        device_name: Some("baton bench".to_owned()),
        previous_refresh_token: None,
        client_id: None,
    }
}

/// A gateway that has had enough logins says when the next one is welcome.
fn limited(error: baton::Error) -> anyhow::Error {
    let wait = match &error {
        baton::Error::Problem(problem) => problem.retry_after_ms,
        _ => None,
    };
    let error = anyhow::Error::from(error);
    match wait {
        Some(ms) => error.context(format!(
            "logins are limited: try again in {}, or with a smaller --concurrency",
            span(ms)
        )),
        None => error,
    }
}

async fn lane(client: Client, place: Place, budget: Arc<Budget>) -> Result<Samples> {
    let mut samples = Samples::default();
    while budget.take(1).is_some() {
        let begun = now();
        let before = at(&place);
        let after = client.refresh(&before).await?;
        *place.lock().unwrap_or_else(PoisonError::into_inner) = after;
        samples.note(begun, 1);
    }
    Ok(samples)
}

fn at(place: &Place) -> Tokens {
    place.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn log_out(client: &Client, places: &[Place]) -> Result<()> {
    for place in places {
        let one = client.clone().with_logins(MemoryTokens::new(Some(at(place))));
        if let Err(error) = one.log_out().await {
            say(&format!("a login of this bench was not ended: {}", error.sentence()));
        }
    }
    Ok(())
}
