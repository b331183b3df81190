//! `baton schedule`: tasks at given times.

mod show;
mod typed;

use anyhow::Result;
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out};
use typed::{Add, Set};

#[derive(Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Make a schedule
    Add(Add),
    /// List all schedules
    #[command(
        before_help = "Examples:\n  baton schedule ls\n  baton schedule ls --json | jq -r 'select(.state == \"paused\").name'"
    )]
    Ls,
    /// Show one schedule, and when it is due next
    #[command(
        before_help = "Examples:\n  baton schedule get nightly\n  baton schedule get nightly --absolute"
    )]
    Get {
        /// The name of the schedule
        name: String,
    },
    /// Change a schedule; what is not named stays as it is
    Set(Set),
    /// Forget a schedule; the tasks that it made stay
    #[command(before_help = "Examples:\n  baton schedule rm nightly")]
    Rm {
        /// The name of the schedule
        name: String,
    },
    /// Let a schedule rest; times that come meanwhile are not made up for
    #[command(before_help = "Examples:\n  baton schedule pause nightly")]
    Pause {
        /// The name of the schedule
        name: String,
    },
    /// Let a schedule go on
    #[command(before_help = "Examples:\n  baton schedule resume nightly")]
    Resume {
        /// The name of the schedule
        name: String,
    },
    /// Make one of its tasks now
    #[command(
        before_help = "Examples:\n  baton schedule trigger nightly\n  baton task wait \"$(baton schedule trigger nightly)\""
    )]
    Trigger {
        /// The name of the schedule
        name: String,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: ScheduleCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        ScheduleCommand::Add(add) if add.dry_run => {
            show::preview(out, &client.preview_schedule(&add.times()).await?)?;
        }
        ScheduleCommand::Add(add) => show::one(out, &client.create_schedule(&add.schedule()?).await?)?,
        ScheduleCommand::Ls => show::all(out, &client.schedules().await?)?,
        ScheduleCommand::Get { name } => show::one(out, &client.schedule(&name).await?)?,
        ScheduleCommand::Set(set) => {
            show::one(out, &client.patch_schedule(&set.name, &set.patch()?).await?)?;
        }
        ScheduleCommand::Rm { name } => {
            target.guard(&format!("forget the schedule {name}"))?;
            client.remove_schedule(&name).await?;
        }
        ScheduleCommand::Pause { name } => show::one(out, &client.pause_schedule(&name).await?)?,
        ScheduleCommand::Resume { name } => show::one(out, &client.resume_schedule(&name).await?)?,
        ScheduleCommand::Trigger { name } => {
            let task = client.trigger_schedule(&name).await?;
            match out.format {
                Format::Json => out.document(&serde_json::json!({ "task": task.to_string() }))?,
                Format::Table | Format::Wide | Format::Name => out.line(&task.to_string())?,
            }
        }
    }
    Ok(Exit::Fine)
}
