//! `baton key`: credentials for programs.

mod create;
mod list;

use anyhow::Result;
use baton::api::auth::{ChangeKey, KeyWithSecret};
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, say};

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// List API keys
    #[command(
        before_help = "Examples:\n  baton key ls\n  baton key ls --json | jq -r 'select(.disabled).id'"
    )]
    Ls,
    /// Make an API key and print it, once
    Create(create::Create),
    /// Show one API key, without its secret
    #[command(before_help = "Examples:\n  baton key show abcDEF012345")]
    Show {
        /// Its id, as `key ls` shows it
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Make a second secret for a key and print it, once; both are good until the first one is ended
    #[command(before_help = "Examples:
  baton key rotate abcDEF012345             a second secret, beside the first
  baton key rotate abcDEF012345 --finish    when everyone has it: the first one ends")]
    Rotate {
        /// Its id, as `key ls` shows it
        #[arg(value_name = "KEY")]
        key: String,
        /// End the first secret
        #[arg(long)]
        finish: bool,
    },
    /// End some API keys for good
    #[command(before_help = "Examples:\n  baton key revoke abcDEF012345")]
    Revoke {
        /// Their ids, as `key ls` shows them
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: KeyCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        KeyCommand::Ls => list::all(out, &client.keys().await?)?,
        KeyCommand::Create(create) => secret(out, &client.create_key(&create.asked()).await?)?,
        KeyCommand::Show { key } => list::one(out, &client.key(&key).await?)?,
        KeyCommand::Rotate { key, finish } => {
            if finish {
                target.guard(&format!("end the first secret of the API key {key}"))?;
            }
            let rotate = if finish { "finish" } else { "begin" };
            let change = ChangeKey { rotate: Some(rotate.to_owned()), ..ChangeKey::default() };
            let changed = client.change_key(&key, &change).await?;
            secret(out, &changed)?;
            if !finish {
                say(&format!("when everyone has it: `baton key rotate {} --finish`", changed.key.id));
            }
        }
        KeyCommand::Revoke { keys } => {
            target.guard(&format!("end {} API keys: {}", keys.len(), keys.join(", ")))?;
            for key in keys {
                client.revoke_key(&key).await?;
                say(&format!("key {key} has ended"));
            }
        }
    }
    Ok(Exit::Fine)
}

/// The secret alone for whoever stores it, and for a person the key with it.
fn secret(out: &Out, made: &KeyWithSecret) -> Result<()> {
    let Some(secret) = &made.secret else { return list::one(out, &made.key) };
    match out.format {
        Format::Json => out.document(made)?,
        Format::Name => out.line(&secret.0)?,
        Format::Table | Format::Wide => {
            list::one(out, &made.key)?;
            out.line(&format!("secret   {}", secret.0))?;
            say(
                "the secret is shown this once. Programs get it as BATON_API_KEY, or in a file with --token-file",
            );
        }
    }
    Ok(())
}
