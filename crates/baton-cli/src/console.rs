//! Values as they are typed: lengths of time, payloads, ids.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use baton::{Client, CredentialsFile, Json, Secret};
use baton_service::config::Span;

use crate::context::{self, Chosen, Context as Place, Contexts, Said, pick};
use crate::exit::{Exit, Stop};

/// Somebody sits there. A gateway that comes back within this is waited for; of any other he is told.
const PATIENCE: Duration = Duration::from_secs(3);

/// `250ms`, `30s`, `5m`, `2h`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    text.parse::<Span>().map(|span| span.0).map_err(|error| format!("failed to {error}"))
}

/// How many of a list: at least one, because a list of none says nothing.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it is at least 1; without --limit it is 50, and --all is all of them".to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(error.to_string()),
    }
}

/// JSON as it is typed, `@file`, or `-` for standard input.
pub(crate) fn payload(text: &str) -> Result<Json> {
    let bytes = match text.strip_prefix('@') {
        Some(path) => std::fs::read(Path::new(path)).with_context(|| format!("failed to read {path}"))?,
        None if text == "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context("failed to read standard input")?;
            bytes
        }
        None => text.as_bytes().to_vec(),
    };
    let hint = "the payload is JSON: quote a text twice, as in '\"text\"'";
    Json::from_bytes(&bytes)
        .map_err(|error| Stop::new(Exit::Usage, format!("failed to {error}; {hint}")).into())
}

/// What was said about the gateway to ask, and about who asks. It is looked up when it is needed: most files that are
/// wrong do not concern whoever prints a help page.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) said: Said,
    pub(crate) token_file: Option<PathBuf>,
    /// What destroys need not ask.
    pub(crate) yes: bool,
}

impl Target {
    pub(crate) fn chosen(&self) -> Result<Chosen> {
        let contexts = context::path().map(|path| Contexts::load(&path)).transpose()?;
        let chosen = pick(&self.said, &contexts.unwrap_or_default())?;
        if baton::carries_credential(&chosen.url) {
            let sentence = format!(
                "an address carries no credential, and that of {} does: give --token-file, or log in there",
                chosen.origin
            );
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        Ok(chosen)
    }
}

/// Asks with what the command line names, else with what the environment has, else as the context says, else as whoever
/// is logged in, else as nobody.
pub(crate) fn client(target: &Target) -> Result<Client> {
    let chosen = target.chosen()?;
    let client = Client::new(&chosen.url)?.with_patience(PATIENCE);
    if let Some(file) = &target.token_file {
        return with_token_of(client, file);
    }
    if let Some(credential) = baton::credential_of_env()? {
        return Ok(client.with_token(credential)?);
    }
    if let Some(file) = picked(&chosen).and_then(|context| context.token_file.as_ref()) {
        return with_token_of(client, file);
    }
    Ok(match logins_of(&chosen) {
        Some(path) => with_logins(client, path),
        None => client,
    })
}

/// Asks as whoever is logged in, whatever else there is.
pub(crate) fn login_client(target: &Target) -> Result<Client> {
    let nowhere = || refused("there is no place for logins: set HOME, or XDG_CONFIG_HOME");
    let chosen = target.chosen()?;
    let path = logins_of(&chosen).ok_or_else(nowhere)?;
    Ok(with_logins(Client::new(&chosen.url)?.with_patience(PATIENCE), path))
}

/// The context, if it was meant to say with what to ask.
fn picked(chosen: &Chosen) -> Option<&Place> {
    chosen.context.as_ref().filter(|_| chosen.picked).map(|(_, context)| context)
}

fn logins_of(chosen: &Chosen) -> Option<PathBuf> {
    picked(chosen).and_then(|context| context.credentials_file.clone()).or_else(CredentialsFile::usual_path)
}

fn with_token_of(client: Client, file: &Path) -> Result<Client> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| refused(format!("failed to read {}: {error}", file.display())))?;
    Ok(client.with_token(Secret(text.trim().to_owned()))?)
}

fn with_logins(client: Client, path: PathBuf) -> Client {
    let file = CredentialsFile::new(path, client.base());
    client.with_logins(file)
}

fn refused(sentence: impl Into<String>) -> Stop {
    Stop::new(Exit::Forbidden, sentence)
}
