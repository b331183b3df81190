//! Attempts that are under way in this process, so many of each webhook.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_core::{WebhookName, limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

#[derive(Debug, Default)]
pub(super) struct Flights {
    set: JoinSet<()>,
    places: BTreeMap<WebhookName, Arc<Semaphore>>,
}

impl Flights {
    pub(super) fn room(&self, name: &WebhookName) -> u64 {
        self.places.get(name).map_or(limits::WEBHOOK_AT_ONCE, |places| places.available_permits() as u64)
    }

    /// A place that is free again when it is dropped, also by a panic.
    pub(super) fn permit(&mut self, name: &WebhookName) -> Option<OwnedSemaphorePermit> {
        let places = self.places.entry(name.clone());
        let places = places.or_insert_with(|| Arc::new(Semaphore::new(limits::WEBHOOK_AT_ONCE as usize)));
        Arc::clone(places).try_acquire_owned().ok()
    }

    pub(super) fn spawn(&mut self, flight: impl Future<Output = ()> + Send + 'static) {
        self.set.spawn(flight);
    }

    /// Ends when one of them has.
    pub(super) async fn landed(&mut self) {
        if self.set.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Forgets those that have ended, and webhooks of which none is under way.
    pub(super) fn sweep(&mut self) {
        while self.set.try_join_next().is_some() {}
        self.places.retain(|_, places| (places.available_permits() as u64) < limits::WEBHOOK_AT_ONCE);
    }

    pub(super) async fn all_landed(mut self, within: Duration) {
        let all = async { while self.set.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(within, all).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_comes_back_whatever_becomes_of_the_flight() {
        let (mut flights, name) = (Flights::default(), WebhookName::new("ops").unwrap());
        let other = WebhookName::new("other").unwrap();
        for _ in 0..limits::WEBHOOK_AT_ONCE {
            let permit = flights.permit(&name).unwrap();
            flights.spawn(async move {
                let _permit = permit;
                panic!("on purpose");
            });
        }
        assert!(flights.permit(&name).is_none());
        assert_eq!((flights.room(&name), flights.room(&other)), (0, limits::WEBHOOK_AT_ONCE));
        for _ in 0..limits::WEBHOOK_AT_ONCE {
            flights.landed().await;
        }
        assert_eq!(flights.room(&name), limits::WEBHOOK_AT_ONCE);
        flights.sweep();
        assert!(flights.places.is_empty());
    }
}
