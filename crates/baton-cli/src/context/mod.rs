//! `baton context`: gateways under names of one's own.

mod file;
mod pick;

use std::path::PathBuf;

use anyhow::Result;
use baton::Client;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::console::Target;
use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, Table, paint, say};

pub(crate) use file::{Context, Contexts, Name, path};
pub(crate) use pick::{Chosen, Said, pick};

#[derive(Subcommand)]
pub(crate) enum ContextCommand {
    /// Give a gateway a name, and say how it is asked
    Add(Add),
    /// List contexts
    #[command(before_help = "Examples:\n  baton context ls\n  baton context ls -o name")]
    Ls,
    /// Ask this gateway from now on, where nothing else is said
    #[command(
        before_help = "Examples:\n  baton context use prod\n  baton context use --none     none of them"
    )]
    Use {
        /// The name of the context
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        name: Option<Name>,
        /// Use no context any more
        #[arg(long)]
        none: bool,
    },
    /// Show which gateway is asked, and why; or one context
    #[command(before_help = "Examples:\n  baton context show\n  baton context show prod")]
    Show {
        /// The name of the context
        name: Option<Name>,
    },
    /// Forget contexts; logins stay until `baton logout`
    #[command(before_help = "Examples:\n  baton context rm prod")]
    Rm {
        /// Contexts to forget
        #[arg(required = true)]
        names: Vec<Name>,
    },
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton context add prod --url https://baton.example --production --colour red
  baton context add build --url https://ci.example --token-file ~/.config/baton/build.key
  baton context add prod --url https://other.example --replace
Destructive commands ask first where it is production; --yes answers them.")]
pub(crate) struct Add {
    /// The name of the context
    name: Name,
    /// Destructive commands ask first
    #[arg(long)]
    production: bool,
    /// In which it is shown
    #[arg(long, value_enum)]
    colour: Option<file::Colour>,
    /// Keep its logins in this file, instead of where all are
    #[arg(long, value_name = "FILE")]
    credentials_file: Option<PathBuf>,
    /// Take the place of a context of this name
    #[arg(long)]
    replace: bool,
}

/// A context as it is printed.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    current: bool,
    #[serde(flatten)]
    context: &'a Context,
}

pub(crate) fn run(out: &Out, target: &Target, command: ContextCommand) -> Result<Exit> {
    let nowhere =
        || Stop::new(Exit::Configuration, "there is no place for contexts: set HOME, or XDG_CONFIG_HOME");
    let path = path().ok_or_else(nowhere)?;
    let mut contexts = Contexts::load(&path)?;
    match command {
        ContextCommand::Ls => list(out, &contexts)?,
        ContextCommand::Show { name: None } => chosen(out, &target.chosen()?)?,
        ContextCommand::Show { name: Some(name) } => one(out, &contexts, name.as_str())?,
        ContextCommand::Add(new) => {
            let name = new.name.clone();
            add(&mut contexts, target, new)?;
            contexts.save(&path)?;
            say(&format!("`baton context use {name}` asks it from now on; --context {name} once"));
        }
        ContextCommand::Use { name, .. } => {
            name.iter().try_for_each(|name| contexts.get(name.as_str()).map(drop))?;
            contexts.current = name;
            contexts.save(&path)?;
        }
        ContextCommand::Rm { names } => {
            for name in names {
                let (name_there, context) = contexts.get(name.as_str())?;
                target.guard_context("forget the context", name_there, context)?;
                contexts.contexts.remove(&name);
                contexts.current.take_if(|current| *current == name);
            }
            contexts.save(&path)?;
        }
    }
    Ok(Exit::Fine)
}

fn add(contexts: &mut Contexts, target: &Target, new: Add) -> Result<()> {
    let Add { name, production, colour, credentials_file, replace } = new;
    let Some(url) = target.said.url.clone() else {
        return Err(Stop::new(Exit::Usage, "say where it is, as in --url https://baton.example").into());
    };
    Client::new(&url)?;
    if !replace && contexts.contexts.contains_key(&name) {
        let sentence = format!("there is a context {name} already: --replace takes its place");
        return Err(Stop::new(Exit::Conflict, sentence).into());
    }
    // It is found from everywhere.
    let whole = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
    let context = Context {
        url,
        production,
        colour,
        token_file: target.token_file.clone().map(whole),
        credentials_file: credentials_file.map(whole),
    };
    contexts.contexts.insert(name, context);
    Ok(())
}

fn shown(contexts: &Contexts) -> impl Iterator<Item = Shown<'_>> {
    contexts.contexts.iter().map(|(name, context)| Shown {
        name: name.as_str(),
        current: contexts.current.as_ref() == Some(name),
        context,
    })
}

fn list(out: &Out, contexts: &Contexts) -> Result<()> {
    match out.format {
        Format::Json => shown(contexts).try_for_each(|one| out.json_line(&one)),
        Format::Name => shown(contexts).try_for_each(|one| out.line(one.name)),
        Format::Table | Format::Wide if contexts.contexts.is_empty() => {
            say("there are no contexts; `baton context add --help` shows how to make one");
            Ok(())
        }
        Format::Table | Format::Wide => {
            let mut table = Table::new(&["NAME", "URL", "ASKED WITH", "NOTE"]);
            for one in shown(contexts) {
                table.row([one.name.to_owned(), one.context.url.clone(), with(one.context), note(&one)]);
                one.context.colour.iter().for_each(|colour| table.paint(0, colour.code()));
            }
            table.print(out)
        }
    }
}

fn with(context: &Context) -> String {
    match (&context.token_file, &context.credentials_file) {
        (Some(file), _) | (None, Some(file)) => file.display().to_string(),
        (None, None) => "login".to_owned(),
    }
}

fn note(one: &Shown<'_>) -> String {
    let words = [one.current.then_some("in use"), one.context.production.then_some("production")];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn one(out: &Out, contexts: &Contexts, name: &str) -> Result<()> {
    let (name, _) = contexts.get(name)?;
    let found = shown(contexts).find(|one| one.name == name.as_str());
    found.map_or(Ok(()), |one| match out.format {
        Format::Json => out.document(&one),
        Format::Name => out.line(one.name),
        Format::Table | Format::Wide => {
            out.text(&lines(one.name, &one.context.url, one.context.production, &with(one.context)))
        }
    })
}

fn lines(name: &str, url: &str, production: bool, with: &str) -> String {
    format!("context    {name}\nurl        {url}\nproduction {production}\nasked with {with}\n")
}

fn chosen(out: &Out, chosen: &Chosen) -> Result<()> {
    let name = chosen.context.as_ref().map_or("none", |(name, _)| name.as_str());
    let production = chosen.context.as_ref().is_some_and(|(_, context)| context.production);
    match out.format {
        Format::Json => out.document(&serde_json::json!({
            "context": chosen.context.as_ref().map(|(name, _)| name.as_str()), "url": chosen.url,
            "origin": chosen.origin, "production": production,
        })),
        Format::Name => out.line(name),
        Format::Table | Format::Wide => {
            let colour = chosen.context.as_ref().and_then(|(_, context)| context.colour);
            let name = colour.map_or(name.to_owned(), |colour| paint(out.colour, colour.code(), name));
            let with = chosen.context.as_ref().filter(|_| chosen.picked).map(|(_, context)| with(context));
            out.text(&lines(&name, &chosen.url, production, with.as_deref().unwrap_or("login")))?;
            out.line(&format!("because of {}", chosen.origin))
        }
    }
}
