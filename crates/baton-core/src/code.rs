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
        UnknownTask UnknownFlow UnknownWorker UnknownPool UnknownSchedule UnknownKind UnknownOperation UnknownWebhook NotRunning Fenced
        Superseded LeaseLost Conflict AlreadyFinished ParentsOpen DependencyMissing DependencyCycle CrossShardLink GraphTooLarge QueuePaused LimitReached DuplicateKey
        IdempotencyMismatch SchemaTooNew
    }
    own {
        NoWebhookSecret = "no_webhook_secret",
            "This gateway has no lasting secret that the secrets of webhooks could be derived from: set auth.secret_file, or auth.state_dir where it runs without logins.";
        Malformed = "malformed",
            "The request cannot be read: it is not JSON, or its headers or query are broken. Compare it with the API page.";
        CrossSite = "cross_site",
            "Another site asks, or one cannot tell: a page of another site must not act for whoever looks at it. Without logins a gateway answers only programs and pages of its own host, asked by its own name and without a proxy.";
        Unauthenticated = "unauthenticated",
            "This needs a credential: send an access token or an API key as Authorization: Bearer …, or log in with `baton login`.";
        TokenExpired = "token_expired",
            "The access token has expired. Refresh it, or log in again.";
        InvalidCredentials = "invalid_credentials",
            "Invalid username or password.";
        RefreshTokenInvalid = "refresh_token_invalid",
            "Invalid or expired refresh token";
        RefreshTokenSuperseded = "refresh_token_superseded",
            "Invalid or expired refresh token";
        RefreshTokenReused = "refresh_token_reused",
            "Invalid or expired refresh token";
        InvalidScope = "invalid_scope",
            "The scopes that are asked for are unknown, or more than this login may have. Ask for fewer.";
        UnknownToken = "unknown_token",
            "Token not found or already revoked";
        ReauthenticationRequired = "reauthentication_required",
            "The login is too old for this. Send the current password with it, or log in again.";
        InsufficientScope = "insufficient_scope",
            "The credential does not allow this. The header WWW-Authenticate names the scope that it lacks.";
        WorkerNotBound = "worker_not_bound",
            "The credential is not that of this worker. Get one at /auth/workers/join, or with `baton key create --worker`.";
        UnknownUser = "unknown_user",
            "There is no such user. Check the id.";
        UnknownSession = "unknown_session",
            "There is no such session, or it has ended.";
        UnknownKey = "unknown_key",
            "There is no such key, or it was revoked.";
        NameTaken = "name_taken",
            "There is a user of this name already. Choose another, or change that user.";
        RateLimited = "rate_limited",
            "Too many tries. Wait as long as the header Retry-After says.";
        KeyRingMismatch = "key_ring_mismatch",
            "This gateway does not know the key that sealed the token, though another one does. Give all gateways the same secret file.";
        RevocationNotDurable = "revocation_not_durable",
            "It was ended, but no replica has confirmed it in time. It is safe to ask again.";
        NotFound = "not_found",
            "There is no such route. The API page at /docs lists those that there are.";
        UnknownQueue = "unknown_queue",
            "No task was ever submitted to a queue of this name, and none is configured. Check the name.";
        ResultExpired = "result_expired",
            "The task completed, and the time for which its result was to be kept is over. Its history is still there. Rerun it for a new one.";
        UnknownErrorGroup = "unknown_error_group",
            "No failure of this fingerprint was seen lately. The list at /api/v1/errors has those that were.";
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
            // What a client is told of a refused token is one sentence of old, whatever the reason.
            let of_old = word.starts_with("refresh_token") || word == "unknown_token";
            assert!(of_old || code.advice().ends_with('.'), "{word}");
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
