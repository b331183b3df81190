//! `baton user set-password`: one's own, another's, or with a code.

use anyhow::Result;
use baton::Client;
use baton::api::auth::ChangeUser;
use clap::Args;

use super::id;
use crate::console::Target;
use crate::out::say;
use crate::prompt;

#[derive(Args)]
#[command(before_help = "Examples:
  baton user set-password                    your own: asks for the one you have, and twice for the new one
  baton user set-password alice              that of another user, for administrators
  baton user set-password --with-code        with a code that an administrator gave you
  printf 'old\\nnew\\n' | baton user set-password --password-stdin")]
pub(crate) struct SetPassword {
    /// Whose; without it your own
    user: Option<String>,
    /// With a code instead of a login
    #[arg(long, conflicts_with = "user")]
    with_code: bool,
    /// Read it from standard input; before it stands, on a line of its own, the one you have, or the code
    #[arg(long)]
    password_stdin: bool,
}

const INSTEAD: &str = "give it through --password-stdin";

pub(super) async fn set(target: &Target, client: &Client, set: SetPassword) -> Result<()> {
    if let Some(user) = &set.user {
        let user = id(user)?;
        target.guard(&format!("set the password of {user} and end all sessions of that user"))?;
        let password = if set.password_stdin {
            let [password] = prompt::from_stdin()?;
            password
        } else {
            prompt::new_secret(&format!("New password of {}", user.name()), INSTEAD)?
        };
        client
            .change_user(user.as_str(), &ChangeUser { password: Some(password), ..ChangeUser::default() })
            .await?;
        say(&format!("{user} has a new password, and no sessions"));
        return Ok(());
    }
    if !set.with_code {
        target.guard("set your password and end your other sessions")?;
    }
    let [known, new] = if set.password_stdin {
        prompt::from_stdin()?
    } else {
        let known = prompt::secret(if set.with_code { "Code" } else { "Password" }, INSTEAD)?;
        [known, prompt::new_secret("New password", INSTEAD)?]
    };
    if set.with_code {
        client.reset_password(known, new).await?;
        say("you have a new password; `baton login` logs you in with it");
    } else {
        client.change_password(known, new).await?;
        say("you have a new password; your other sessions have ended");
    }
    Ok(())
}
