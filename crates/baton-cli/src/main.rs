//! The `baton` command line: an HTTP client like anyone, and the way to start gateways, workers and a whole fleet for
//! development.

mod arguments;
mod audit;
mod bench;
mod carry;
mod config;
mod conformance;
mod console;
mod context;
mod dev;
mod direct;
mod doctor;
mod error;
mod events;
mod exit;
mod flow;
mod gateway;
mod guard;
mod health;
mod help;
mod hint;
mod init;
mod key;
mod kind;
mod login;
mod new;
mod operation;
mod out;
mod pages;
mod passphrase;
mod pool;
mod private;
mod progress;
mod prompt;
mod queue;
mod recover;
mod redis;
mod redis_acl;
mod schedule;
mod serve;
mod session;
mod signing_key;
mod stats;
mod task;
mod tether;
mod top;
mod trail;
mod user;
mod wait;
mod webhook;
mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use arguments::{Arguments, Command};
use console::Target;
use exit::Exit;
use out::{Out, is_closed_pipe, say};
use redis::RedisCommand;

fn main() -> ExitCode {
    // A worker starts this program again, as the guard of a program that it runs.
    if let Some(code) = baton_worker::handlers::guard::main(std::env::args_os()) {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => refuse(&error, say).into(),
    }
}

/// Says what went wrong, and what to try next.
fn refuse(error: &anyhow::Error, say: impl FnOnce(&str)) -> Exit {
    let code = exit::of(error);
    let hint = hint::of(code, error).map(|hint| format!("\n{hint}")).unwrap_or_default();
    say(&format!("error: {}{hint}", sentence(error)));
    code
}

/// Help and version are answers, not mistakes. Where nobody reads them, nothing is wrong either.
fn refused(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS }
}

fn run(arguments: Arguments) -> Result<Exit> {
    let said = arguments.said();
    let Arguments { token_file, output, command, yes, .. } = arguments;
    let out = Out::new(output.manner()?);
    let ended = obey(out, Target { said, token_file, yes }, command);
    // What came before a failure was asked for, too.
    out.finish()?;
    ended
}

fn obey(out: Out, target: Target, command: Command) -> Result<Exit> {
    match command {
        Command::Tether(tether) => tether::run(tether),
        Command::Help(help) => help::run(&out, &help),
        Command::Init(init) => init::run(&out, &init),
        Command::Context(context) => context::run(&out, &target, context),
        Command::Config(config) => config::run(&out, config),
        Command::New(new) => new::run(&out, &new),
        Command::Completions(asked) => pages::completions(&out, &asked),
        Command::Man(asked) => pages::manual(&out, &asked),
        Command::RedisAcl(acl) | Command::Redis(RedisCommand::Acl(acl)) => redis_acl::run(&out, &acl),
        command => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            match command {
                Command::Dev(dev) => dev::run(out, dev).await,
                Command::Gateway(gateway) => serve::gateway(&out, &target, gateway).await,
                Command::Worker(worker) => worker::run(&out, &target, worker).await,
                Command::Task(task) => task::run(&out, &target, task).await,
                Command::Flow(flow) => flow::run(&out, &target, flow).await,
                Command::Pool(pool) => pool::run(&out, &target, pool).await,
                Command::Recover(recover) => recover::run(&out, &target, recover).await,
                Command::Bulk(bulk) => operation::bulk(&out, &target, *bulk).await,
                Command::Operation(operation) => operation::run(&out, &target, operation).await,
                Command::Trail(trail) => trail::run(&out, &target, trail).await,
                Command::Queue(queue) => queue::run(&out, &target, queue).await,
                Command::Schedule(schedule) => schedule::run(&out, &target, schedule).await,
                Command::Webhook(webhook) => webhook::run(&out, &target, webhook).await,
                Command::Kind(kind) => kind::run(&out, &target, kind).await,
                Command::Stats(stats) => stats::run(&out, &target, stats).await,
                Command::Error(error) => error::run(&out, &target, error).await,
                Command::Events(events) => events::run(&out, &target, events).await,
                Command::Doctor(doctor) => doctor::run(&out, &target, &doctor).await,
                Command::Conformance(asked) => conformance::run(&out, asked).await,
                Command::Audit(audit) => audit::run(&out, *audit).await,
                Command::Bench(bench) => bench::run(&out, &target, bench).await,
                Command::Top(top) => top::run(&out, &target, &top).await,
                Command::Export(export) => carry::export(&out, &export).await,
                Command::Import(import) => carry::import(&import).await,
                Command::Redis(redis) => redis::run(&out, &target, redis).await,
                Command::Healthcheck(check) => health::run(&out, &target, check).await,
                Command::Login(login) => login::log_in(&out, &target, login).await,
                Command::Logout(logout) => login::log_out(&out, &target, &logout).await,
                Command::Whoami(_) => login::whoami(&out, &target).await,
                Command::Session(session) => session::run(&out, &target, session).await,
                Command::Key(key) => key::run(&out, &target, key).await,
                Command::User(user) => user::run(&out, &target, user).await,
                Command::SigningKey(key) => signing_key::run(&out, &target, key).await,
                // Those that need no runtime have been obeyed above.
                Command::Tether(_)
                | Command::Help(_)
                | Command::Init(_)
                | Command::RedisAcl(_)
                | Command::Context(_)
                | Command::Config(_)
                | Command::New(_)
                | Command::Completions(_)
                | Command::Man(_) => Ok(Exit::Fine),
            }
        }),
    }
}

/// The whole chain in one line; a cause that says no more than the one before it is passed over. What the client says is a
/// sentence of its own wherever it stands.
fn sentence(error: &anyhow::Error) -> String {
    let part = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<baton::Error>() {
        Some(ours) => ours.sentence(),
        None => cause.to_string(),
    };
    let of_store = error.is::<baton_store::Error>() || error.is::<baton_store::OpenError>();
    let mut sentence = if of_store { "failed to ".to_owned() } else { String::new() };
    sentence.push_str(&error.chain().next().map(part).unwrap_or_default());
    for cause in error.chain().skip(1).map(part) {
        if !sentence.ends_with(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_says_what_it_is() {
        fn lacking(command: &clap::Command, above: &str, found: &mut Vec<String>) {
            let name = format!("{above} {}", command.get_name());
            let unsaid = command.get_arguments().filter(|one| one.get_help().is_none());
            found.extend(unsaid.map(|one| format!("{name}: {}", one.get_id())));
            command.get_subcommands().for_each(|command| lacking(command, &name, found));
        }
        let mut found = Vec::new();
        lacking(&<Arguments as clap::CommandFactory>::command(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn what_a_store_says_becomes_a_sentence_that_says_nothing_twice() {
        let error = baton_store::Error::Unavailable { reason: "the connection failed", source: None };
        assert_eq!(sentence(&error.into()), "failed to reach Redis (the connection failed)");
        assert_eq!(sentence(&anyhow::anyhow!("b").context("a: b").context("c")), "c: a: b");
    }
}
