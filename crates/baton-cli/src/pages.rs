//! `baton completions` and `baton man`: made of the same table as the help, so that they cannot lag behind.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::out::{Out, say};

#[derive(Args)]
#[command(before_help = "Examples:
  source <(baton completions bash)                                        for this shell
  baton completions bash > ~/.local/share/bash-completion/completions/baton
  baton completions zsh > ~/.zfunc/_baton
  baton completions fish > ~/.config/fish/completions/baton.fish")]
pub(crate) struct Completions {
    /// The shell for which it is
    shell: Shell,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton man | man -l -                                the page baton(1)
  baton man ~/.local/share/man/man1                   a page for every command
  man baton-task-submit")]
pub(crate) struct Manual {
    /// Write a page for each command into this directory, instead of printing the first one
    directory: Option<PathBuf>,
}

pub(crate) fn completions(out: &Out, asked: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    generate(asked.shell, &mut visible(Arguments::command()), "baton", &mut script);
    out.bytes(&script)?;
    Ok(Exit::Fine)
}

/// What is hidden from a person is no help to one.
fn visible(command: Command) -> Command {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    Command::new("baton")
        .args(command.get_arguments().cloned())
        .subcommands(shown)
        .disable_help_subcommand(true)
}

pub(crate) fn manual(out: &Out, asked: &Manual) -> Result<Exit> {
    let mut command = Arguments::command();
    command.build();
    let Some(directory) = &asked.directory else {
        out.bytes(&page(&command)?)?;
        return Ok(Exit::Fine);
    };
    let pages = pages(command)?;
    std::fs::create_dir_all(directory).with_context(|| format!("failed to make {}", directory.display()))?;
    for (name, page) in &pages {
        let path = directory.join(name);
        std::fs::write(&path, page).with_context(|| format!("failed to write {}", path.display()))?;
    }
    say(&format!("{} pages in {}", pages.len(), directory.display()));
    Ok(Exit::Fine)
}

/// The pages of a command and of all below it, by the names of their files.
fn pages(command: Command) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut left, mut pages) = (vec![command], Vec::new());
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
        let name = command.get_display_name().unwrap_or("baton").to_owned();
        pages.push((format!("{name}.1"), page(&command)?));
    }
    Ok(pages)
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let name = command.get_display_name().unwrap_or("baton").to_owned();
    let man = Man::new(command.clone()).title(name);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    // Examples first, as in the help.
    if let Some(examples) = command.get_before_help() {
        let mut roff = Roff::new();
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        let text = examples.to_string();
        text.lines().skip(1).for_each(|line| {
            roff.text([roman(line)]);
        });
        roff.control("fi", []).to_writer(&mut page)?;
    }
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    Ok(page)
}
