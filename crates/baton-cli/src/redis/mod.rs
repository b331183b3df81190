//! `baton redis`: the bridge to redis-cli.

mod show;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::console::{Target, client};
use crate::direct::Direct;
use crate::exit::{Exit, Stop};
use crate::out::Out;
use crate::redis_acl::RedisAcl;

#[derive(Subcommand)]
pub(crate) enum RedisCommand {
    /// List the forms of keys: type, meaning, which script makes them, whether they expire, and the line that reads one
    Keys(Keys),
    /// Explain one key: what is in it, in which index it must be and is, what may change it next
    Explain(Explain),
    /// Look quickly at keys: types, ends, keys that belong to nothing, records against indexes; exit 1 on a finding
    Check(Check),
    /// List the scripts: name, SHA, size, calls and time
    Scripts(Scripts),
    /// Print what each process may do in Redis, as an ACL file
    Acl(RedisAcl),
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton redis keys
  baton redis keys -o wide                     with the lines of redis-cli
  baton redis keys --json | jq -r .line")]
pub(crate) struct Keys {
    #[command(flatten)]
    direct: Direct,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton redis explain 'baton:{0}:leases'
  baton redis explain \"baton:{0}:task:$ID\" --json | jq .indexes
  baton redis explain --direct 'baton:meta'    no gateway answers: look straight at Redis")]
pub(crate) struct Explain {
    /// The whole key; put it in quotes, because of its braces
    key: String,
    #[command(flatten)]
    direct: Direct,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton redis check                            a thousand keys or three seconds at most
  baton redis check -o name                    only the keys with which something is wrong")]
pub(crate) struct Check {
    #[command(flatten)]
    direct: Direct,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton redis scripts                          calls and times are those of the gateway that is asked
  baton redis scripts --json | jq -r 'select(.sha | startswith(\"3f\")) | .name'")]
pub(crate) struct Scripts {
    #[command(flatten)]
    direct: Direct,
}

pub(crate) async fn run(out: &Out, target: &Target, command: RedisCommand) -> Result<Exit> {
    match command {
        RedisCommand::Keys(asked) => {
            let keys = match asked.direct.store()? {
                Some(store) => baton_gateway::redis::patterns(store.namespace()),
                None => client(target)?.redis_keys().await?,
            };
            show::keys(out, &keys.keys)?;
        }
        RedisCommand::Explain(asked) => show::key(out, &explained(target, asked).await?)?,
        RedisCommand::Check(asked) => {
            let check = match asked.direct.store()? {
                Some(store) => baton_gateway::redis::check(&store).await?,
                None => client(target)?.redis_check().await?,
            };
            show::check(out, &check)?;
            return Ok(if check.faults.is_empty() { Exit::Fine } else { Exit::Failure });
        }
        RedisCommand::Scripts(asked) => {
            let scripts = match asked.direct.store()? {
                Some(store) => baton_gateway::redis::scripts(&store, "").await?,
                None => client(target)?.redis_scripts().await?,
            };
            show::scripts(out, &scripts.scripts)?;
        }
        RedisCommand::Acl(acl) => return crate::redis_acl::run(out, &acl),
    }
    Ok(Exit::Fine)
}

async fn explained(target: &Target, asked: Explain) -> Result<baton::api::redis::RedisKey> {
    let Some(store) = asked.direct.store()? else { return Ok(client(target)?.redis_key(&asked.key).await?) };
    let namespace = store.namespace().clone();
    let none = || Stop::new(Exit::Usage, format!("keys of this namespace begin with {namespace}:"));
    Ok(baton_gateway::redis::explain(&store, &asked.key).await?.ok_or_else(none)?)
}
