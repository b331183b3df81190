//! `baton help`: of a command, or of the exit codes.

use anyhow::Result;
use baton_service::config::nearest;
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

/// A page that is of no command.
const EXIT_CODES: &str = "exit-codes";

pub(crate) fn run(out: &Out, help: &Help) -> Result<Exit> {
    if help.words == [EXIT_CODES] {
        out.text(&exit::page())?;
        return Ok(Exit::Fine);
    }
    let mut command = Arguments::command();
    command.build();
    let mut found = &mut command;
    for (at, word) in help.words.iter().enumerate() {
        let is_first = at == 0;
        let named = |command: &clap::Command| {
            command.get_name() == word || command.get_all_aliases().any(|alias| alias == word)
        };
        let there = found.get_subcommands().any(named);
        if !there {
            let known = found.get_subcommands().map(clap::Command::get_name);
            let known = known.chain(is_first.then_some(EXIT_CODES));
            let meant =
                nearest(word, known).map_or(String::new(), |meant| format!("; did you mean `{meant}`?"));
            let sentence =
                format!("there is no command `{}`: `baton help` lists them{meant}", help.words.join(" "));
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
