//! What every route gets: the store, the live feed, and what the gateway knows of itself.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use baton_core::{Code, FlowId, GatewayId, Principal};
use baton_dashboard::{Base, Instance};
use baton_store::Store;
use baton_store::calls::flow::FlowKinds;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::auth::remembered::Remembered;
use crate::auth::settings::Logins;
use crate::auth::{Auth, nobody};
use crate::budget::Budget;
use crate::graph::Kept;
use crate::health::Health;
use crate::hooks::Posts;
use crate::live::Feed;
use crate::presence;
use crate::problem::Fail;
use crate::recovering::Recovering;
use crate::waiting::Waiting;

/// The state of a gateway. Every layer of every request clones it, so a clone is one count. It keeps no truth: what is in
/// it is a copy with a deadline, or a limit.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

/// What the handle leads to.
#[derive(Debug)]
pub struct Inner {
    /// As others know this process.
    pub id: GatewayId,
    pub store: Store,
    /// Fires when the gateway begins to end: held requests answer at once.
    pub draining: CancellationToken,
    pub settings: Arc<Settings>,
    pub feed: Feed,
    pub health: Health,
    /// Who may ask, and for what.
    pub auth: Auth,
    /// The recovery that somebody asked for.
    pub(crate) recovering: Recovering,
    /// Claims that wait for work.
    pub(crate) waiting: Waiting,
    /// Something was begun that goes on after its request.
    pub(crate) operations: Notify,
    /// Tells receivers of webhooks.
    pub(crate) posts: Posts,
    /// How many more requests may be held until something happens.
    pub(crate) held: Arc<Semaphore>,
    /// Drawings that were made lately.
    pub(crate) drawings: Kept,
    /// Flows that were counted by their kinds lately.
    pub(crate) kinds: Remembered<FlowId, Arc<FlowKinds>>,
    /// How many more requests may compute for longer than a moment.
    heavy: Arc<Semaphore>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What a gateway is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Hosts under which this gateway may be asked while it runs without logins; loopback names always may.
    pub allowed_hosts: Vec<String>,
    /// True: everyone who reaches it may do everything.
    pub open: bool,
    /// It listens beyond this host.
    pub exposed: bool,
    /// How people and programs log in.
    pub logins: Logins,
    /// How long a client may take to send the headers of a request, and as long again for its body.
    pub patience: Duration,
    /// The path below which browsers reach this gateway.
    pub base: Base,
    /// What tells its pages from those of other deployments.
    pub instance: Instance,
    /// How many requests one principal may send in a time, if there is a bound.
    pub budget: Option<Budget>,
    /// Webhooks may lead to addresses that are not public.
    pub webhooks_allow_private: bool,
}

impl Default for Settings {
    /// Open, on loopback only.
    fn default() -> Settings {
        Settings {
            allowed_hosts: Vec::new(),
            open: true,
            exposed: false,
            logins: Logins::default(),
            patience: Duration::from_secs(10),
            base: Base::default(),
            instance: Instance::default(),
            budget: None,
            webhooks_allow_private: false,
        }
    }
}

/// Requests that one gateway holds at most; each costs a connection and some kB.
const HELD_MAX: usize = 10_000;

/// Flows that are read and graphs that are drawn at a time: each keeps a core busy, and tens of MB.
const HEAVY_MAX: usize = 2;

/// Flows whose kinds are remembered: each has a few kB, and at worst some MB of kinds.
const FLOWS_COUNTED_MAX: usize = 16;

/// How long a request waits for one of these places.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(10);

impl App {
    /// Starts what runs beside the routes: the readers of the live feed, and the snapshots of the fleet. They end when
    /// the gateway drains.
    pub fn start(store: Store, settings: Settings, draining: CancellationToken) -> App {
        let settings = Arc::new(settings);
        App(Arc::new(Inner {
            id: presence::draw_id(),
            feed: Feed::start(&store, &draining),
            health: Health::start(&store, &settings),
            auth: Auth::start(&store, settings.logins.clone(), settings.open, &draining),
            recovering: Recovering::default(),
            waiting: Waiting::new(&store, &draining),
            operations: Notify::new(),
            posts: Posts::default(),
            held: Arc::new(Semaphore::new(HELD_MAX)),
            drawings: Kept::default(),
            kinds: Remembered::new(FLOWS_COUNTED_MAX),
            heavy: Arc::new(Semaphore::new(HEAVY_MAX)),
            store,
            draining,
            settings,
        }))
    }

    /// A place among the few that read or compute much at a time.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit, Fail> {
        let place = tokio::time::timeout(PLACE_WAIT_MAX, Arc::clone(&self.heavy).acquire_owned()).await;
        place.map_err(|_| Fail::new(Code::Overloaded))?.map_err(|_| Fail::new(Code::Draining))
    }

    /// Runs what computes for longer than a moment where no other request waits for it.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fail> {
        let place = self.place().await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "a computation panicked");
            Fail::new(Code::Internal)
        })
    }

    /// Who asks, as it stands in histories. Where everyone may do everything there is only one name.
    pub(crate) fn principal(&self) -> Option<Principal> {
        if self.settings.open { nobody() } else { None }
    }
}
