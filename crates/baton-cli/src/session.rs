//! `baton session`: your logins, on whatever device.

use anyhow::Result;
use baton::api::auth::Session;
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, age, say};

#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// List your sessions
    #[command(before_help = "Examples:\n  baton session ls\n  baton session ls -o wide")]
    Ls,
    /// End some of your sessions
    #[command(
        before_help = "Examples:\n  baton session revoke AAECAwQFBgcICQoLDA0ODw\n  baton logout --all    ends all of them"
    )]
    Revoke {
        /// Their ids, as `session ls` shows them
        #[arg(required = true, value_name = "SESSION")]
        sessions: Vec<String>,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: SessionCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        SessionCommand::Ls => list(out, &client.sessions().await?)?,
        SessionCommand::Revoke { sessions } => {
            target.guard(&format!("end {} sessions", sessions.len()))?;
            for session in sessions {
                client.end_session(&session).await?;
                say(&format!("session {session} has ended"));
            }
        }
    }
    Ok(Exit::Fine)
}

fn list(out: &Out, sessions: &[Session]) -> Result<()> {
    match out.format {
        Format::Json => sessions.iter().try_for_each(|session| out.json_line(session)),
        Format::Name => sessions.iter().try_for_each(|session| out.line(&session.session_id)),
        Format::Table | Format::Wide => table(out, sessions).print(out),
    }
}

fn table(out: &Out, sessions: &[Session]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["SESSION", "DEVICE", "BEGAN", "USED", "UNTIL"];
    heads.extend(if wide { &["CLIENT", "FROM", "MAY"][..] } else { &[] });
    heads.push("NOTE");
    let mut table = Table::new(&heads);
    for session in sessions {
        let times = [session.created_at, session.rotated_at, session.expires_at].map(|at| age(out, at));
        let mut row = vec![session.session_id.clone(), session.device.clone()];
        row.extend(times);
        if wide {
            row.extend([session.client.clone(), session.ip.clone(), session.scope.clone()]);
        }
        row.push(if session.current { "this one".to_owned() } else { String::new() });
        table.row(row);
    }
    table
}
