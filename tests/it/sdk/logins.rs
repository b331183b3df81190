//! Logins through the SDK, at a gateway that takes any name: kept alive, shared by processes, ended.

use std::net::SocketAddr;

use baton::api::auth::Login;
use baton::{Client, CredentialsFile, Secret, Timestamp, TokenStore};
use baton_gateway::config::Config;
use baton_service::config::Sources;
use baton_service::signals::Shutdown;
use baton_testkit::PrivateRedis;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A gateway with any login, and where somebody's logins are.
struct House {
    base: String,
    directory: tempfile::TempDir,
    gateway: Shutdown,
    serving: JoinHandle<()>,
    // Last: the gateway must end before it does.
    _redis: PrivateRedis,
}

impl House {
    async fn open() -> House {
        let redis = PrivateRedis::start().await;
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state").to_str().unwrap().to_owned();
        let settings = [
            ("BATON_REDIS_URL", redis.url()),
            ("BATON_LISTEN", "127.0.0.1:0".to_owned()),
            ("BATON_AUTH_STATE_DIR", state),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let config = Config::resolve_for(&Sources { environment, ..Sources::default() }, true).unwrap();
        let gateway = Shutdown::default();
        let (bound, address) = oneshot::channel::<SocketAddr>();
        let shutdown = gateway.clone();
        let serving = tokio::spawn(async move {
            baton_gateway::run::run(config, shutdown, |address| bound.send(address).unwrap()).await.unwrap();
        });
        let base = format!("http://{}", address.await.unwrap());
        House { base, directory, gateway, serving, _redis: redis }
    }

    fn file(&self) -> CredentialsFile {
        CredentialsFile::new(self.directory.path().join("credentials.json"), &self.base)
    }

    /// What a new process would have.
    fn client(&self) -> Client {
        Client::new(&self.base).unwrap().with_logins(self.file())
    }

    /// Makes the access token look as if it were over, for all processes.
    fn age(&self) {
        let mut tokens = self.file().load().unwrap().unwrap();
        (tokens.renew_at, tokens.expires_at) = (Timestamp::from_ms(1), Timestamp::from_ms(1));
        self.file().save(Some(&tokens)).unwrap();
    }

    async fn close(self) {
        self.gateway.drain.cancel();
        self.serving.await.unwrap();
    }
}

fn alice() -> Login {
    Login {
        username: "alice".to_owned(),
        password: Secret("whatever".to_owned()),
        scope: None,
        device_name: Some("test".to_owned()),
        previous_refresh_token: None,
        client_id: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_login_through_many_refreshes() {
    let house = House::open().await;
    house.client().log_in(alice()).await.unwrap();
    for _ in 0..5 {
        house.age();
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let client = house.client();
                tokio::spawn(async move { client.validate().await.unwrap().user_id })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), "user_alice");
        }
    }
    let sessions = house.client().sessions().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].generation, 6, "one rotation each time, whatever number of processes wanted it");
    assert!(sessions[0].current && sessions[0].device == "test");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_costs_the_thief_his_session() {
    let house = House::open().await;
    house.client().log_in(alice()).await.unwrap();
    house.age();
    // A copy of the file that does not learn of what the owner gets.
    let copy = CredentialsFile::new(house.directory.path().join("stolen.json"), &house.base);
    copy.save(house.file().load().unwrap().as_ref()).unwrap();
    let thief = Client::new(&house.base).unwrap().with_logins(copy);
    thief.validate().await.unwrap();
    let owner = house.client();
    assert_eq!(owner.validate().await.unwrap_err().code(), "logged_out");
    assert!(house.file().load().unwrap().is_none());
    // His access token is of a session that has ended; sooner or later every gateway knows.
    let mut refused = thief.validate().await;
    for _ in 0..500 {
        if refused.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        refused = thief.validate().await;
    }
    let error = refused.expect_err("the thief is still let in");
    assert!(error.status() == Some(401) || error.code() == "logged_out", "{error:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_out_is_nobody() {
    let house = House::open().await;
    let client = house.client();
    let first = client.log_in(alice()).await.unwrap();
    let second = client.log_in(alice()).await.unwrap();
    assert_ne!(first.session_id, second.session_id);
    assert_eq!(client.sessions().await.unwrap().len(), 1, "a login replaces the one before");
    assert!(client.log_out().await.unwrap());
    assert_eq!(client.validate().await.unwrap_err().code(), "unauthenticated");
    client.log_in(alice()).await.unwrap();
    client.log_out_everywhere(None).await.unwrap();
    assert!(client.logged_in().await.unwrap().is_none());
    house.close().await;
}
