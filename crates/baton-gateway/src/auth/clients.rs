//! The programs that may ask for tokens: two that are built in, and those of the operator's file.

use std::collections::BTreeMap;
use std::sync::Arc;

use baton_auth::Scopes;
use baton_core::login::RacePolicy;
use serde::Deserialize;

/// Who logs in with JSON: the command line, the SDK, any program of a user.
pub(crate) const BATON: &str = "baton";
/// The pages of the gateway itself, which keep their tokens in cookies.
pub(crate) const DASHBOARD: &str = "baton-dashboard";

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    /// Of its secret, in hex; a program without one is known to everyone.
    pub secret_sha256: Option<String>,
    pub policy: RacePolicy,
    /// What its tokens may do at most, and what it may do itself; `None`: what the user may do, and nothing itself.
    pub scopes: Option<Scopes>,
    pub refreshes: bool,
    /// Users may give it their passwords.
    pub first_party: bool,
}

/// All of them, by id.
#[derive(Clone, Debug)]
pub struct Clients(Arc<BTreeMap<String, Client>>);

impl Default for Clients {
    fn default() -> Clients {
        Clients::with(Vec::new())
    }
}

/// Why a file of clients is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    #[error("read it as TOML: {0}")]
    Toml(#[from] Box<toml::de::Error>),
    #[error("take the client {id:?}: {what}")]
    Client { id: String, what: String },
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    client: Vec<WrittenClient>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClient {
    id: String,
    secret_sha256: Option<String>,
    policy: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default = "refresh_only")]
    grants: Vec<String>,
    #[serde(default)]
    first_party: bool,
}

const REFRESH: &str = "refresh_token";

fn refresh_only() -> Vec<String> {
    vec![REFRESH.to_owned()]
}

impl Clients {
    fn with(further: Vec<Client>) -> Clients {
        let own = |id: &str, policy| Client {
            id: id.to_owned(),
            secret_sha256: None,
            policy,
            scopes: None,
            refreshes: true,
            first_party: true,
        };
        let own = [own(BATON, RacePolicy::Strict), own(DASHBOARD, RacePolicy::Replay)];
        Clients(Arc::new(own.into_iter().chain(further).map(|client| (client.id.clone(), client)).collect()))
    }

    /// Reads a file of `[[client]]` tables.
    pub fn parse(text: &str) -> Result<Clients, ClientsError> {
        let written: Written = toml::from_str(text).map_err(Box::new)?;
        let mut taken = vec![BATON.to_owned(), DASHBOARD.to_owned()];
        let mut clients = Vec::new();
        for client in written.client {
            let id = client.id.clone();
            if taken.contains(&id) {
                return Err(ClientsError::Client { id, what: "there is one of this id already".to_owned() });
            }
            taken.push(id.clone());
            clients.push(client.read().map_err(|what| ClientsError::Client { id, what })?);
        }
        Ok(Clients::with(clients))
    }

    pub fn get(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }
}

impl WrittenClient {
    fn read(self) -> Result<Client, String> {
        let sane = |id: &str| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if !sane(&self.id) || self.id.contains(':') {
            return Err("an id is 1 to 64 visible ASCII characters without a colon".to_owned());
        }
        let hex = |text: &String| {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if self.secret_sha256.as_ref().is_some_and(|digest| !hex(digest)) {
            return Err("secret_sha256 is 64 hex digits, in lower case".to_owned());
        }
        let policy = self.policy.as_deref().unwrap_or(RacePolicy::Replay.as_str());
        let policy = policy.parse().map_err(|error| format!("failed to {error}"))?;
        let scopes = self.scopes.map(|scopes| scopes.join(" ").parse::<Scopes>());
        let scopes = scopes.transpose().map_err(|error| format!("failed to {error}"))?;
        if let Some(grant) = self.grants.iter().find(|grant| *grant != REFRESH) {
            return Err(format!(
                "{grant:?} is no grant of clients: there is {REFRESH}, and API keys have client_credentials"
            ));
        }
        Ok(Client {
            refreshes: !self.grants.is_empty(),
            id: self.id,
            secret_sha256: self.secret_sha256,
            policy,
            scopes,
            first_party: self.first_party,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_a_file_stand_beside_the_built_in_ones() {
        let text = "[[client]]\nid = \"portal\"\nfirst_party = true\n\n[[client]]\nid = \"robot\"\n\
                    secret_sha256 = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n\
                    scopes = [\"auth:introspect\"]\ngrants = []\npolicy = \"strict\"\n";
        let clients = Clients::parse(text).unwrap();
        let portal = clients.get("portal").unwrap();
        assert!(portal.first_party && portal.refreshes && portal.policy == RacePolicy::Replay);
        let robot = clients.get("robot").unwrap();
        assert!(robot.scopes.is_some() && !robot.refreshes && robot.policy == RacePolicy::Strict);
        assert_eq!(clients.get(BATON).unwrap().policy, RacePolicy::Strict);
        assert_eq!(clients.get(DASHBOARD).unwrap().policy, RacePolicy::Replay);
        assert_eq!(clients.get("other"), None);
    }

    #[test]
    fn what_cannot_be_a_client_is_refused_by_its_name() {
        for (wrong, word) in [
            ("id = \"baton\"", "already"),
            ("id = \"a b\"", "visible"),
            ("id = \"a\"\nsecret_sha256 = \"A\"", "hex"),
            ("id = \"a\"\npolicy = \"loose\"", "loose"),
            ("id = \"a\"\nscopes = [\"tasks\"]", "tasks"),
            ("id = \"a\"\ngrants = [\"password\"]", "password"),
            ("id = \"a\"\ngrants = [\"client_credentials\"]", "API keys"),
            ("id = \"a\"\nredirect = \"x\"", "redirect"),
        ] {
            let told = Clients::parse(&format!("[[client]]\n{wrong}\n")).unwrap_err().to_string();
            assert!(told.contains(word), "{told}");
        }
    }
}
