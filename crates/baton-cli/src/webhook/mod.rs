//! `baton webhook`: addresses that are told of ends of tasks.

mod show;

use anyhow::{Result, bail};
use baton::api::webhook::PutWebhook;
use baton_core::webhook::Pattern;
use baton_core::{Status, WebhookName};
use clap::{Args, Subcommand};

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::Out;

#[derive(Subcommand)]
pub(crate) enum WebhookCommand {
    /// Make a webhook; its secret is shown this once
    Add(Add),
    /// List webhooks
    #[command(
        before_help = "Examples:\n  baton webhook ls\n  baton webhook ls --json | jq -r 'select(.state == \"disabled\").name'"
    )]
    Ls,
    /// Show one webhook, and how its deliveries went
    #[command(before_help = "Examples:\n  baton webhook get ops")]
    Get {
        /// The name of the webhook
        name: String,
    },
    /// Change a webhook; what is not named stays as it is
    Set(Set),
    /// Forget a webhook, and what waits for its receiver
    #[command(before_help = "Examples:\n  baton webhook rm ops")]
    Rm {
        /// The name of the webhook
        name: String,
    },
    /// Let a webhook rest; what happens meanwhile waits for a day at most
    #[command(before_help = "Examples:\n  baton webhook pause ops")]
    Pause {
        /// The name of the webhook
        name: String,
    },
    /// Let a webhook go on, also one that was disabled
    #[command(before_help = "Examples:\n  baton webhook resume ops")]
    Resume {
        /// The name of the webhook
        name: String,
    },
    /// Give a webhook another secret, and show it; the one before signs, too, for a day
    #[command(
        before_help = "Examples:\n  baton webhook rotate ops\n  baton webhook rotate ops --json | jq -r .secret"
    )]
    Rotate {
        /// The name of the webhook
        name: String,
    },
    /// Send a test at once, and say what came of it
    #[command(before_help = "Examples:\n  baton webhook test ops")]
    Test {
        /// The name of the webhook
        name: String,
    },
    /// Look at what waits for the receiver, and at the latest attempts
    #[command(
        before_help = "Examples:\n  baton webhook deliveries ops\n  baton webhook deliveries ops --json | jq .counts"
    )]
    Deliveries {
        /// The name of the webhook
        name: String,
    },
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton webhook add ops --to https://hooks.example/baton --status failed --status timeout
  baton webhook add images --to https://img.example/done --queue 'img-*' --status completed
  baton webhook add all --to https://hooks.example/all --json | jq -r .secret")]
pub(crate) struct Add {
    /// The name of the webhook
    name: WebhookName,
    /// Where it is told, by POST
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton webhook set ops --to https://hooks.example/other
  baton webhook set ops --queue mail --queue 'img-*'
  baton webhook set ops --queue '*'")]
pub(crate) struct Set {
    /// The name of the webhook
    name: String,
    /// Where it is told, by POST
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Args)]
struct Rest {
    /// Of tasks of this queue only; with a star at its end, of all that begin so; may be given several times
    #[arg(long = "queue", value_name = "QUEUE")]
    queues: Vec<Pattern>,
    /// The same of kinds
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Pattern>,
    /// Only of this end: completed, failed, timeout, cancelled; may be given several times
    #[arg(long = "status", value_name = "STATUS")]
    statuses: Vec<Status>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
}

/// What is typed, or what there is.
fn or<T>(typed: Vec<T>, there: Vec<T>) -> Vec<T> {
    if typed.is_empty() { there } else { typed }
}

pub(crate) async fn run(out: &Out, target: &Target, command: WebhookCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        WebhookCommand::Add(Add { name, to: url, rest }) => {
            match client.webhook(name.as_str()).await {
                Ok(_) => bail!("there is a webhook {name} already: change it with baton webhook set"),
                Err(error) if error.code() == "unknown_webhook" => {}
                Err(error) => return Err(error.into()),
            }
            let Rest { queues, kinds, statuses, description } = rest;
            let put = PutWebhook { url, description, queues, kinds, statuses };
            show::one(out, &client.put_webhook(name.as_str(), &put).await?)?;
        }
        WebhookCommand::Ls => show::all(out, &client.webhooks().await?)?,
        WebhookCommand::Get { name } => show::one(out, &client.webhook(&name).await?)?,
        WebhookCommand::Set(Set { name, to, rest }) => {
            let there = client.webhook(&name).await?;
            let put = PutWebhook {
                url: to.unwrap_or(there.url),
                description: rest.description.or(there.description),
                queues: or(rest.queues, there.queues),
                kinds: or(rest.kinds, there.kinds),
                statuses: or(rest.statuses, there.statuses),
            };
            show::one(out, &client.put_webhook(&name, &put).await?)?;
        }
        WebhookCommand::Rm { name } => {
            target.guard(&format!("forget the webhook {name}"))?;
            client.remove_webhook(&name).await?;
        }
        WebhookCommand::Pause { name } => show::one(out, &client.pause_webhook(&name).await?)?,
        WebhookCommand::Resume { name } => show::one(out, &client.resume_webhook(&name).await?)?,
        WebhookCommand::Rotate { name } => {
            target.guard(&format!("give the webhook {name} another secret"))?;
            show::one(out, &client.rotate_webhook(&name).await?)?;
        }
        WebhookCommand::Test { name } => {
            let test = client.test_webhook(&name).await?;
            show::test(out, &test)?;
            if !test.delivered {
                return Ok(Exit::Failure);
            }
        }
        WebhookCommand::Deliveries { name } => {
            show::deliveries(out, &client.webhook_deliveries(&name).await?)?;
        }
    }
    Ok(Exit::Fine)
}
