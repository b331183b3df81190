//! `baton user`: who may log in, and what they may do.

mod list;
mod password;

use anyhow::Result;
use baton::Client;
use baton::api::auth::{ChangeUser, NewUser};
use baton_core::login::UserId;
use clap::{Args, Subcommand};

use crate::console::{Target, client};
use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, say};
use crate::prompt;

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// List users
    #[command(
        before_help = "Examples:\n  baton user ls\n  baton user ls --json | jq -r 'select(.disabled).id'"
    )]
    Ls,
    /// Make a user
    #[command(visible_alias = "add")]
    Create(Create),
    /// Set a password: your own, or that of another user, whose sessions end
    #[command(visible_alias = "passwd")]
    SetPassword(password::SetPassword),
    /// Say what a user may do: viewer, operator, admin
    #[command(
        before_help = "Examples:\n  baton user roles alice operator\n  baton user roles alice viewer operator"
    )]
    Roles {
        /// The name of the user
        user: String,
        /// All roles that he has from now on
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Shut a user out: his sessions end, his keys are worth nothing
    #[command(before_help = "Examples:\n  baton user disable alice")]
    Disable {
        /// The name of the user
        user: String,
    },
    /// Let a user in again
    #[command(before_help = "Examples:\n  baton user enable alice")]
    Enable {
        /// The name of the user
        user: String,
    },
    /// End a user for good, with his sessions and keys
    #[command(before_help = "Examples:\n  baton user delete alice")]
    Delete {
        /// The name of the user
        user: String,
    },
    /// Print a code for one use, with which a user sets a new password himself
    #[command(before_help = "Examples:
  baton user reset-code alice
  baton user set-password --with-code    what alice types then")]
    ResetCode {
        /// The name of the user
        user: String,
    },
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton user create alice --role operator                       then: baton user reset-code alice
  baton user create alice --role viewer --password-stdin < secret
  baton user create deployer --service                          owns keys, and does not log in")]
pub(crate) struct Create {
    /// The name he logs in with
    name: String,
    /// What he may do: viewer, operator, admin; several times for several
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// Not a person, but a program that owns keys
    #[arg(long, conflicts_with = "password_stdin")]
    service: bool,
    /// Read his password from standard input; without one he cannot log in yet
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(out: &Out, target: &Target, command: UserCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        UserCommand::Ls => list::all(out, &client.users().await?)?,
        UserCommand::Create(create) => make(out, &client, create).await?,
        UserCommand::SetPassword(set) => password::set(target, &client, set).await?,
        UserCommand::Roles { user, roles } => {
            target.guard(&format!("let the user {user} be {} and nothing else", roles.join(", ")))?;
            change(out, &client, &user, ChangeUser { roles: Some(roles), ..ChangeUser::default() }).await?;
        }
        UserCommand::Disable { user } => {
            target.guard(&format!("shut out the user {user}"))?;
            disable(out, &client, &user, true).await?;
        }
        UserCommand::Enable { user } => disable(out, &client, &user, false).await?,
        UserCommand::Delete { user } => {
            let id = id(&user)?;
            target.guard(&format!("delete the user {id}"))?;
            client.delete_user(id.as_str()).await?;
            say(&format!("there is no user {id} any more"));
        }
        UserCommand::ResetCode { user } => code(out, &client, &user).await?,
    }
    Ok(Exit::Fine)
}

async fn make(out: &Out, client: &Client, create: Create) -> Result<()> {
    let mut password = None;
    if create.password_stdin {
        let [given] = prompt::from_stdin()?;
        password = Some(given);
    }
    let locked = password.is_none() && !create.service;
    let kind = create.service.then(|| "service".to_owned());
    let new = NewUser { username: create.name, password, roles: create.role, kind, disabled: false };
    let user = client.create_user(&new).await?;
    list::one(out, &user)?;
    if locked {
        say(&format!(
            "he cannot log in yet: `baton user reset-code {}` prints a code to set a password with",
            user.username
        ));
    }
    Ok(())
}

async fn disable(out: &Out, client: &Client, user: &str, disabled: bool) -> Result<()> {
    change(out, client, user, ChangeUser { disabled: Some(disabled), ..ChangeUser::default() }).await
}

async fn change(out: &Out, client: &Client, user: &str, change: ChangeUser) -> Result<()> {
    list::one(out, &client.change_user(id(user)?.as_str(), &change).await?)
}

async fn code(out: &Out, client: &Client, user: &str) -> Result<()> {
    let code = client.reset_code(id(user)?.as_str()).await?;
    match out.format {
        Format::Json => out.document(&code)?,
        _ => out.line(&code.code.0)?,
    }
    if out.format != Format::Name {
        let minutes = code.expires_in.div_ceil(60);
        say(&format!(
            "good once, for {minutes} minutes; what to type with it: `baton user set-password --with-code`"
        ));
    }
    Ok(())
}

/// A user is typed by name, or by id.
pub(super) fn id(typed: &str) -> Result<UserId, Stop> {
    let wrong = |error| Stop::new(Exit::Usage, format!("failed to {error}"));
    typed.parse().or_else(|_| UserId::person(typed)).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_typed_by_name_or_by_id() {
        assert_eq!(id("alice").unwrap().as_str(), "user_alice");
        assert_eq!(id("user_alice").unwrap().as_str(), "user_alice");
        assert_eq!(id("service_deployer").unwrap().as_str(), "service_deployer");
        assert_eq!(id("").unwrap_err().exit, Exit::Usage);
    }
}
