//! What a new key is asked for with.

use std::time::Duration;

use baton::api::auth::NewKey;
use clap::Args;

use crate::console;

#[derive(Args)]
#[command(before_help = "Examples:
  baton key create ci --scope tasks:write@builds --scope tasks:read@builds
  baton key create mailer --scope tasks:claim@mail --worker worker-001-default --expires 90d
  baton key create cron --scope tasks:write -o name > cron.key    the secret alone")]
pub(crate) struct Create {
    /// What it is for
    name: String,
    /// What it may do, as tasks:write or tasks:claim@mail; several times for several
    #[arg(long, required = true, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The worker that it may act as
    #[arg(long, value_name = "WORKER")]
    worker: Option<String>,
    /// After how long it ends by itself, as 12h or 90d
    #[arg(long, value_name = "TIME", value_parser = life)]
    expires: Option<Duration>,
    /// A network that it may come from, as 10.0.0.0/8; several times for several
    #[arg(long, value_name = "NETWORK")]
    cidr: Vec<String>,
}

impl Create {
    pub(super) fn asked(self) -> NewKey {
        NewKey {
            name: self.name,
            scopes: self.scope,
            worker: self.worker,
            cidrs: self.cidr,
            expires_in: self.expires.map(|life| life.as_secs()),
        }
    }
}

const DAY_S: u64 = 86_400;

/// A length of time, in days as well, and of a second at least.
fn life(text: &str) -> Result<Duration, String> {
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u64>().ok())
        .and_then(|days| days.checked_mul(DAY_S));
    match days.map_or_else(|| console::span(text), |seconds| Ok(Duration::from_secs(seconds)))? {
        life if life < Duration::from_secs(1) => Err("it is at least 1s".to_owned()),
        life => Ok(life),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        create: Create,
    }

    fn typed(words: &str) -> Result<NewKey, clap::Error> {
        Typed::try_parse_from(std::iter::once("create").chain(words.split(' ')))
            .map(|typed| typed.create.asked())
    }

    #[test]
    fn all_that_a_key_can_be_is_typed() {
        let words = "ci --scope tasks:write@a --scope tasks:read --worker worker-001-default --expires 90d \
                     --cidr 10.0.0.0/8 --cidr ::1/128";
        let asked = typed(words).unwrap();
        assert_eq!((asked.name.as_str(), asked.worker.as_deref()), ("ci", Some("worker-001-default")));
        assert_eq!(asked.scopes, ["tasks:write@a", "tasks:read"]);
        assert_eq!(asked.cidrs, ["10.0.0.0/8", "::1/128"]);
        assert_eq!(asked.expires_in, Some(7_776_000));
        assert_eq!(typed("ci --scope admin").unwrap().expires_in, None);
        assert!(typed("ci").is_err(), "a key that may do nothing is a mistake");
    }

    #[test]
    fn lives_are_times_of_a_second_and_more() {
        assert_eq!(life("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(life("1d"), Ok(Duration::from_secs(DAY_S)));
        for wrong in ["0d", "0s", "10ms", "d", "-1d", "soon", "99999999999999999999d", "999999999999999999d"]
        {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }
}
