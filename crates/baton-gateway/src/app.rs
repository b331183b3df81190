//! What every route gets: the store, the live feed, and what the gateway knows of itself.

use std::sync::Arc;
use std::time::Duration;

use baton_core::Principal;
use baton_store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::live::Feed;
use crate::waiting::Waiting;

/// The state of a gateway. Cheap to clone. It keeps no truth: what is in it is a copy with a deadline, or a limit.
#[derive(Clone, Debug)]
pub struct App {
    pub store: Store,
    /// Fires when the gateway begins to end: held requests answer at once.
    pub draining: CancellationToken,
    pub settings: Arc<Settings>,
    pub feed: Feed,
    pub health: Health,
    /// Claims that wait for work.
    pub(crate) waiting: Waiting,
    /// How many more requests may be held until something happens.
    pub(crate) held: Arc<Semaphore>,
}

/// What a gateway is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Hosts under which this gateway may be asked while it runs without logins; loopback names always may.
    pub allowed_hosts: Vec<String>,
    /// True: everyone who reaches it may do everything.
    pub open: bool,
    /// How long a client may take to send the headers of a request, and as long again for its body.
    pub patience: Duration,
}

impl Default for Settings {
    /// Open, on loopback only.
    fn default() -> Settings {
        Settings { allowed_hosts: Vec::new(), open: true, patience: Duration::from_secs(10) }
    }
}

/// Requests that one gateway holds at most; each costs a connection and some kB.
const HELD_MAX: usize = 10_000;

impl App {
    /// Starts what runs beside the routes: the readers of the live feed, and the snapshots of the fleet. They end when
    /// the gateway drains.
    pub fn start(store: Store, settings: Settings, draining: CancellationToken) -> App {
        let settings = Arc::new(settings);
        App {
            feed: Feed::start(&store, &draining),
            health: Health::start(&store, &settings),
            waiting: Waiting::new(&store, &draining),
            held: Arc::new(Semaphore::new(HELD_MAX)),
            store,
            draining,
            settings,
        }
    }

    /// Who asks, as it stands in histories. Where everyone may do everything there is only one name.
    pub(crate) fn principal(&self) -> Option<Principal> {
        if self.settings.open { Principal::new("local-dev").ok() } else { None }
    }
}
