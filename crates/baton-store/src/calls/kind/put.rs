//! Faces `lua/kind/put.lua`. Repeatable: the same words again find what they wrote.

use baton_core::{Backoff, Kind, KindRules, Principal, Reasons, Shard, limits};

use super::super::{Refused, between, bounded, digest};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What is to hold for tasks of a kind that say nothing themselves.
#[derive(Clone, Debug)]
pub struct PutKind<'a> {
    pub kind: &'a Kind,
    pub rules: &'a KindRules,
    /// The version that it has; `None` for whatever it has.
    pub version: Option<u64>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindPut {
    Created {
        version: u64,
    },
    Changed {
        version: u64,
    },
    /// It was like this already.
    Same {
        version: u64,
    },
    /// It has another version than the caller thinks; 0: nothing is said of it.
    Stale {
        version: u64,
    },
    /// There are too many, or a newer release owns the data.
    Refused(Refused),
}

impl PutKind<'_> {
    pub fn check(&self) -> Result<(), Error> {
        let rules = self.rules;
        bounded("non_retryable", rules.non_retryable.len(), limits::NON_RETRYABLE_MAX)?;
        for (field, value, min, max) in [
            ("a timeout", rules.timeout_ms, limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX),
            ("max_attempts", rules.max_attempts, 1, limits::MAX_ATTEMPTS_MAX),
            ("max_crashes", rules.max_crashes, 1, limits::MAX_CRASHES_MAX),
            ("result_ttl_ms", rules.result_ttl_ms, limits::RESULT_TTL_MS_MIN, limits::RESULT_TTL_MS_MAX),
        ] {
            between(field, value.unwrap_or(min), min, max)?;
        }
        Ok(())
    }

    /// What the record says. A list stands line by line: no reason has a second line.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let rules = self.rules;
        let reasons: Vec<&str> = rules.non_retryable.iter().map(Reasons::as_str).collect();
        let numbers = [
            ("priority", rules.priority.map(|priority| u64::from(priority.get()))),
            ("timeout_ms", rules.timeout_ms),
            ("max_attempts", rules.max_attempts),
            ("max_crashes", rules.max_crashes),
            ("backoff_ms", rules.backoff.map(Backoff::base_ms)),
            ("backoff_cap_ms", rules.backoff.map(Backoff::cap_ms)),
            ("backoff_factor", rules.backoff.map(Backoff::factor)),
            ("result_ttl_ms", rules.result_ttl_ms),
        ];
        let numbers = numbers.into_iter().filter_map(|(name, value)| Some((name, value?.to_string())));
        let reasons = Some(("non_retryable", reasons.join("\n"))).filter(|(_, text)| !text.is_empty());
        numbers.chain(reasons).collect()
    }
}

impl Store {
    /// Says it in every shard. The first one draws the version, by which a later call is told from this one in the others.
    pub async fn put_kind(&self, put: &PutKind<'_>) -> Result<KindPut, Error> {
        put.check()?;
        let answer = self.put_kind_in(Shard::FIRST, put, None).await?;
        let version = match answer {
            KindPut::Created { version } | KindPut::Changed { version } | KindPut::Same { version } => {
                version
            }
            KindPut::Stale { .. } | KindPut::Refused(_) => return Ok(answer),
        };
        for shard in self.shards().all().filter(|shard| *shard != Shard::FIRST) {
            if let refused @ KindPut::Refused(_) = self.put_kind_in(shard, put, Some(version)).await? {
                return Ok(refused);
            }
        }
        Ok(answer)
    }

    async fn put_kind_in(
        &self,
        shard: Shard,
        put: &PutKind<'_>,
        becomes: Option<u64>,
    ) -> Result<KindPut, Error> {
        let keys = self.keys(shard)?;
        let fields = put.fields();
        let words: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let names = [keys.meta(), keys.events(), keys.kinds(), keys.kind(put.kind)];
        let mut call = Call::new("kind/put", names);
        call.arg(self.now_argument()).arg(put.kind.as_str()).arg(put.by.map_or("", Principal::as_str));
        call.arg(digest(words.iter().map(String::as_bytes))).optional(put.version).optional(becomes);
        call.arg(fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "put" => {}
            "stale" => return Ok(KindPut::Stale { version: reply.parse()? }),
            "refused" => return Ok(KindPut::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        match (reply.text()?.as_str(), reply.parse()?) {
            ("created", version) => Ok(KindPut::Created { version }),
            ("changed", version) => Ok(KindPut::Changed { version }),
            ("same", version) => Ok(KindPut::Same { version }),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
