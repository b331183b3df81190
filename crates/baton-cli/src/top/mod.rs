//! `baton top`: the fleet at a glance.

mod picture;
#[cfg(feature = "tui")]
mod screen;
#[cfg(feature = "tui")]
mod view;

use anyhow::Result;
use clap::Args;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, now_ms};
use picture::{Panel, Picture};

#[derive(Args)]
#[command(before_help = "Examples:
  baton top              queues, workers, what runs and what fails; ? shows the keys, q ends it
  baton top --once       one look, printed; so it is where there is no terminal
  baton top --json | jq '.queues[] | select(.unattended).name'")]
pub(crate) struct Top {
    /// Print one look, and end
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(out: &Out, target: &Target, asked: &Top) -> Result<Exit> {
    let client = client(target)?;
    let picture = Picture::take(&client).await?;
    match out.format {
        Format::Json => out.document(&picture)?,
        Format::Name => picture.queues.iter().try_for_each(|queue| out.line(queue.name.as_str()))?,
        Format::Table | Format::Wide => {
            #[cfg(feature = "tui")]
            if !asked.once && out.is_terminal() {
                return screen::run(client, picture, target.production()?).await;
            }
            out.text(&text(out, &picture, now_ms()))?;
        }
    }
    // Without a screen there is one look in any case.
    let _ = asked.once;
    Ok(Exit::Fine)
}

/// Every panel, one below the other.
fn text(out: &Out, picture: &Picture, now_ms: u64) -> String {
    let panel = |panel: Panel| {
        let mut table = Table::new(panel.heads());
        for row in picture.rows(panel, "", now_ms) {
            table.row(row.cells);
            if row.alarming {
                table.paint(0, "31");
            }
        }
        format!("{}\n{}", panel.title(), table.text(out))
    };
    Panel::ALL.map(panel).join("\n")
}
