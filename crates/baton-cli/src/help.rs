//! `baton help`: of a command, or of the exit codes.

use anyhow::Result;
use clap::{Args, CommandFactory};

use crate::arguments::Arguments;
use crate::exit::{self, Exit, Stop};
use crate::out::Out;

#[derive(Args)]
#[command(before_help = "Examples:
  baton help task submit     what `baton task submit --help` prints
  baton help exit-codes      what the exit codes mean")]
pub(crate) struct Help {
    /// A command, or `exit-codes`
    words: Vec<String>,
}

pub(crate) fn run(out: &Out, help: &Help) -> Result<Exit> {
    if help.words == ["exit-codes"] {
        out.text(&exit::page())?;
        return Ok(Exit::Fine);
    }
    let mut command = Arguments::command();
    command.build();
    let mut found = &mut command;
    for word in &help.words {
        let named = |command: &clap::Command| {
            command.get_name() == word || command.get_all_aliases().any(|alias| alias == word)
        };
        let there = found.get_subcommands().any(named);
        if !there {
            let sentence = format!("there is no command `{}`: `baton help` lists them", help.words.join(" "));
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        found = match found.find_subcommand_mut(word) {
            Some(found) => found,
            None => return Ok(Exit::Failure),
        };
    }
    let help = found.render_long_help();
    out.text(&if out.colour { help.ansi().to_string() } else { help.to_string() })?;
    Ok(Exit::Fine)
}
