//! `baton login`, `logout`, `whoami`: as whom commands ask.

use anyhow::Result;
use baton::api::auth::{Login as Asked, Validated};
use baton::{Client, CredentialsFile, Secret};
use clap::Args;

use crate::console::{Target, client, login_client};
use crate::exit::Exit;
use crate::out::{Format, Out, age, plain, say};
use crate::prompt;

#[derive(Args)]
#[command(before_help = "Examples:
  baton login                                               asks for name and password
  baton login --username alice --password-stdin < secret    for scripts; the password is never an argument
  baton login --scope tasks:read                            may do less than you may")]
pub(crate) struct Login {
    /// Who logs in; asked for where it is not given
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// By which the session is told from others [default: the name of this host]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Only this, and not all that you may; several times for several
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton logout          ends this login
  baton logout --all    ends all your sessions, everywhere")]
pub(crate) struct Logout {
    /// End all your sessions, everywhere; asks for the password where the login is old
    #[arg(long)]
    all: bool,
    /// Read the password from standard input instead of asking for it
    #[arg(long, requires = "all")]
    password_stdin: bool,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton whoami
  baton whoami --json | jq -r .scope")]
pub(crate) struct Whoami {}

const INSTEAD: &str = "give --username, and the password through --password-stdin";

pub(crate) async fn log_in(out: &Out, target: &Target, login: Login) -> Result<Exit> {
    let client = login_client(target)?;
    let username = login.username.map_or_else(|| prompt::line("Username", INSTEAD), Ok)?;
    let password = if login.password_stdin {
        let [password] = prompt::from_stdin()?;
        password
    } else {
        prompt::secret(&format!("Password of {} at {}", plain(&username), client.base()), INSTEAD)?
    };
    let asked = Asked {
        username,
        password,
        scope: (!login.scope.is_empty()).then(|| login.scope.join(" ")),
        device_name: login.device.or_else(host),
        previous_refresh_token: None,
        client_id: None,
    };
    let tokens = client.log_in(asked).await?;
    match out.format {
        Format::Json => out.document(&Told {
            username: &tokens.username,
            session_id: &tokens.session_id,
            scope: &tokens.scope,
        })?,
        Format::Name => out.line(&tokens.username)?,
        Format::Table | Format::Wide => {
            say(&format!("logged in as {} at {}", plain(&tokens.username), client.base()));
            if let Some(path) = CredentialsFile::usual_path() {
                say(&format!("the login is kept in {}; `baton logout` ends it", path.display()));
            }
        }
    }
    if target.token_file.is_some() || baton::credential_of_env()?.is_some() {
        say(
            "--token-file, BATON_API_KEY or BATON_TOKEN is given: that is what commands ask with, and not this login",
        );
    }
    Ok(Exit::Fine)
}

/// What a program is told of a new login: nothing secret.
#[derive(serde::Serialize)]
struct Told<'a> {
    username: &'a str,
    session_id: &'a str,
    scope: &'a str,
}

fn host() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

pub(crate) async fn log_out(out: &Out, target: &Target, logout: &Logout) -> Result<Exit> {
    if logout.all {
        target.guard("end all your sessions")?;
        let ended = everywhere(&client(target)?, logout.password_stdin).await?;
        if out.format == Format::Json {
            out.document(&ended)?;
        } else {
            say("all your sessions have ended, everywhere");
        }
        return Ok(Exit::Fine);
    }
    let client = login_client(target)?;
    say(&match client.log_out().await? {
        true => format!("logged out at {}", client.base()),
        false => format!("nobody was logged in at {}", client.base()),
    });
    Ok(Exit::Fine)
}

/// A gateway asks for the password where the login is old: only then is the person asked.
async fn everywhere(client: &Client, password_stdin: bool) -> Result<baton::api::auth::LoggedOutAll> {
    let mut password: Option<Secret> = None;
    if password_stdin {
        let [given] = prompt::from_stdin()?;
        password = Some(given);
    }
    match client.log_out_everywhere(password.clone()).await {
        Err(error) if error.code() == "reauthentication_required" && password.is_none() => {
            let password = prompt::secret("Password", "give it through --password-stdin")?;
            Ok(client.log_out_everywhere(Some(password)).await?)
        }
        other => Ok(other?),
    }
}

pub(crate) async fn whoami(out: &Out, target: &Target) -> Result<Exit> {
    let who = client(target)?.validate().await?;
    match out.format {
        Format::Json => out.document(&who)?,
        Format::Name => out.line(&plain(&who.user_id))?,
        Format::Table | Format::Wide => out.text(&lines(out, &who))?,
    }
    Ok(Exit::Fine)
}

fn lines(out: &Out, who: &Validated) -> String {
    let expires = who.expires_at.map(|at| age(out, at));
    let rows = [
        ("user", Some(who.user_id.clone())),
        ("may", Some(who.scope.clone())),
        ("session", who.session_id.clone()),
        ("key", who.key_id.clone()),
        ("worker", who.worker_id.clone()),
        // A login goes on after that: its access token is replaced.
        ("until", expires.filter(|_| who.session_id.is_none())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(format!("{name:<8} {}\n", plain(&value?)))).collect()
}
