//! Every code with which a surface of Baton says no: those of the scripts and those of the way to them. One word, the
//! same in JSON, logs, metrics and help pages, never renamed.

use std::fmt;
use std::str::FromStr;

use crate::refusal::Refusal;

macro_rules! codes {
    (scripts { $($shared:ident)* } own { $($name:ident = $code:literal, $advice:literal;)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $advice] $name,)* $(#[doc = "As the scripts say it."] $shared),* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name,)* $(Code::$shared),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* $(Code::$shared => Refusal::$shared.code()),* }
            }

            /// What happened, and what to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Code::$name => $advice,)* $(Code::$shared => Refusal::$shared.advice()),* }
            }
        }

        impl From<Refusal> for Code {
            fn from(refusal: Refusal) -> Code {
                match refusal { $(Refusal::$shared => Code::$shared),* }
            }
        }
    };
}

codes! {
    scripts {
        UnknownTask UnknownFlow UnknownWorker NotRunning Fenced Superseded LeaseLost Conflict AlreadyFinished ParentsOpen
        DependencyMissing DependencyCycle CrossShardLink GraphTooLarge QueuePaused DuplicateKey IdempotencyMismatch SchemaTooNew
    }
    own {
        Malformed = "malformed",
            "The request cannot be read: it is not JSON, or its headers or query are broken. Compare it with the API page.";
        CrossSite = "cross_site",
            "This gateway runs without logins, so it answers only programs and pages of this host. Ask for it by its own name, without a proxy, from no other site.";
        NotFound = "not_found",
            "There is no such route. The API page at /docs lists those that there are.";
        UnknownQueue = "unknown_queue",
            "No task was ever submitted to a queue of this name, and none is configured. Check the name.";
        MethodNotAllowed = "method_not_allowed",
            "This route exists and takes other methods; the header Allow names them.";
        StaleVersion = "stale_version",
            "It has changed since you read it. Read it again and decide again.";
        PayloadTooLarge = "payload_too_large",
            "The body, or one value in it, is larger than the limits at /api/v1/capabilities. Store it elsewhere and send a reference.";
        UnsupportedMediaType = "unsupported_media_type",
            "Bodies are JSON: send them with Content-Type: application/json.";
        Validation = "validation",
            "The request does not fit this route. Every mistake is listed with its place.";
        HeadersTooLarge = "headers_too_large",
            "The headers are larger than the limits at /api/v1/capabilities.";
        Internal = "internal",
            "A fault of ours. The logs of the gateway have it under the request id.";
        RedisUnavailable = "redis_unavailable",
            "Redis does not answer at the moment. What was asked for may or may not have happened; it is safe to ask again.";
        Draining = "draining",
            "This gateway is about to end. Ask again: another one answers.";
        Overloaded = "overloaded",
            "This gateway has as much to do as it can. Ask again a little later.";
        StorageFull = "storage_full",
            "Redis has reached its memory limit, so nothing new is taken. What runs can still finish. Raise maxmemory or shorten the retention.";
    }
}

/// Text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a problem code")]
pub struct UnknownCode(String);

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        let known = Code::ALL.iter().find(|known| known.as_str() == text);
        known.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_words_that_say_what_to_do() {
        for code in Code::ALL {
            let word = code.as_str();
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
            assert_eq!(word.parse(), Ok(*code));
            assert!(code.advice().ends_with('.'), "{word}");
        }
        assert!("nope".parse::<Code>().is_err());
    }

    #[test]
    fn every_refusal_of_a_script_is_a_code_of_the_same_word() {
        for refusal in Refusal::ALL {
            assert_eq!(Code::from(*refusal).as_str(), refusal.code());
        }
    }
}
