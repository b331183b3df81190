//! `baton signing-key`: the keys that sign access tokens.

use anyhow::Result;
use baton::api::auth::SigningKey;
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, age, say};

#[derive(Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// List the keys, and which of them signs
    #[command(before_help = "Examples:\n  baton signing-key ls")]
    Ls,
    /// Change the key that signs: the next one is published now, and signs when everyone can know it
    #[command(before_help = "Examples:\n  baton signing-key rotate")]
    Rotate,
    /// End a key at once: no token that it signed is accepted any more
    #[command(
        before_help = "Examples:\n  baton signing-key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    )]
    Revoke {
        /// Its id, as `signing-key ls` shows it
        #[arg(value_name = "KEY")]
        key: String,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: SigningKeyCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        SigningKeyCommand::Ls => list(out, &client.signing_keys().await?)?,
        SigningKeyCommand::Rotate => {
            target.guard("change the key that signs")?;
            list(out, &client.rotate_signing_key().await?)?;
        }
        SigningKeyCommand::Revoke { key } => {
            target.guard(&format!("end the signing key {key}, and every token that it signed"))?;
            client.revoke_signing_key(&key).await?;
            say(&format!("key {key} has ended; clients that ask with a token of it refresh"));
        }
    }
    Ok(Exit::Fine)
}

fn list(out: &Out, keys: &[SigningKey]) -> Result<()> {
    match out.format {
        Format::Json => keys.iter().try_for_each(|key| out.json_line(key)),
        Format::Name => keys.iter().try_for_each(|key| out.line(&key.kid)),
        Format::Table | Format::Wide => {
            let mut table = Table::new(&["KEY", "ALGORITHM", "STATE", "SINCE"]);
            for key in keys {
                table.row([key.kid.clone(), key.alg.clone(), key.state.clone(), age(out, key.since)]);
                if key.state == "active" {
                    table.paint(2, "32");
                }
            }
            table.print(out)
        }
    }
}
