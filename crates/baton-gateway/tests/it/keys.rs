//! A gateway where a credential is needed, over the Redis of an open one, and API keys for it.

use axum::Router;
use baton_auth::{api_key, user_tag};
use baton_core::login::{KeyId, UserId};
use baton_gateway::{App, Settings, router};
use baton_store::calls::token::{Made, NewApiKey, NewUser};
use baton_store::{Options, Store};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::{Answer, Ask, Gateway, asked, get, post, secured_settings};

pub(crate) struct Guarded {
    pub(crate) app: App,
    store: Store,
    router: Router,
}

impl Guarded {
    pub(crate) async fn beside(open: &Gateway) -> Guarded {
        Guarded::with(open, Settings::default()).await
    }

    /// With a secret that lasts.
    pub(crate) async fn with_ring_beside(open: &Gateway) -> Guarded {
        let mut settings = Settings::default();
        settings.logins.ring = secured_settings().logins.ring;
        Guarded::with(open, settings).await
    }

    async fn with(open: &Gateway, settings: Settings) -> Guarded {
        let mut options = Options::new(open.redis.url().parse().expect("a URL"));
        options.shards = open.app.store.shards();
        let (store, _) = Store::open(options).await.expect("a second store");
        let settings = Settings { open: false, budget: open.app.settings.budget, ..settings };
        let app = App::start(store.clone(), settings, CancellationToken::new());
        Guarded { router: router(app.clone()), app, store }
    }

    /// A key with these scopes, of an owner who may do everything; bound to the worker, if one is named.
    pub(crate) async fn key(&self, scopes: &[&str], worker: Option<&str>) -> String {
        self.key_until(scopes, worker, None).await
    }

    pub(crate) async fn key_until(
        &self,
        scopes: &[&str],
        worker: Option<&str>,
        expires_at_ms: Option<u64>,
    ) -> String {
        let owner = UserId::service("tests").expect("a user id");
        let tag = user_tag(&owner);
        let user = NewUser { tag, user_id: &owner, roles: "admin", password: None, disabled: false };
        let made = self.store.create_user(&user).await.expect("a user");
        assert!(matches!(made, Made::User { .. } | Made::Exists), "{made:?}");
        let (id, key) = api_key::new(chance(), chance()).expect("a key");
        let (parsed, hash): (KeyId, String) = api_key::parse(key.expose()).expect("a key");
        assert_eq!(parsed, id);
        let scopes = scopes.join(" ");
        let record = NewApiKey {
            id: &id,
            tag,
            owner: &owner,
            name: "a key of a test",
            scopes: &scopes,
            worker: worker.unwrap_or_default(),
            cidrs: "",
            expires_at_ms,
            hash: &hash,
        };
        self.store.put_key(&record).await.expect("the key is written");
        key.expose().to_string()
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        asked(self.router.clone(), ask).await
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        self.ask(get(path).with_key(key)).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        self.ask(post(path, &body).with_key(key)).await
    }

    /// For answers that do not end by themselves.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

fn chance<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("random bytes");
    bytes
}

impl<'a> Ask<'a> {
    pub(crate) fn with_key(self, key: &str) -> Ask<'a> {
        self.with("authorization", format!("Bearer {key}"))
    }
}
