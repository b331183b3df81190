//! What to try next, after a command did not do.

use baton::Error;

use crate::exit::Exit;

pub(crate) fn of(exit: Exit, error: &anyhow::Error) -> Option<&'static str> {
    match exit {
        // Redis may be what does not answer: then no gateway was asked.
        Exit::Unreachable if error.chain().any(is_redis_away) => Some(
            "is Redis running there? `baton config show redis.url --origin` says where it is looked for, and BATON_REDIS_URL names \
             another one",
        ),
        Exit::Unreachable => match error.chain().find_map(|cause| cause.downcast_ref::<Error>())? {
            // What stands before a gateway refuses in problems of its own.
            Error::Problem(problem) if problem.kind.starts_with("/problems/") => Some(
                "the gateway is there; `baton healthcheck --ready` says what it lacks, `baton doctor --direct` looks at its Redis",
            ),
            _ => Some(
                "is a gateway running there? `baton dev` starts a fleet; --url or BATON_URL names another gateway",
            ),
        },
        Exit::Forbidden => error.chain().find_map(|cause| cause.downcast_ref()).and_then(of_client),
        _ => None,
    }
}

fn is_redis_away(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref().is_some_and(|error| matches!(error, baton_store::Error::Unavailable { .. }))
}

fn of_client(error: &Error) -> Option<&'static str> {
    match (error.code(), error.status()) {
        ("logged_out" | "unauthenticated" | "token_expired", _) => {
            Some("`baton login` logs you in; programs set BATON_API_KEY, or name a file with --token-file")
        }
        ("insufficient_scope" | "worker_not_bound", _) => {
            Some("`baton whoami` shows what you may do; `baton key create --help` shows how to get a key")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_gateway_says_shows_that_it_is_there() {
        let hint = |kind: &str| {
            let problem = serde_json::json!({
                "type": kind, "title": "", "status": 503, "detail": "", "instance": "/", "code": "", "request_id": "",
            });
            let error = Error::Problem(Box::new(serde_json::from_value(problem).unwrap()));
            of(Exit::Unreachable, &error.into()).unwrap()
        };
        assert!(hint("/problems/redis_unavailable").starts_with("the gateway is there"));
        assert!(hint("about:blank").starts_with("is a gateway running there?"));
    }

    #[test]
    fn where_redis_does_not_answer_no_gateway_is_looked_for() {
        let gateway = Error::Unreachable { url: "http://g".to_owned(), source: "refused".into() };
        assert!(of(Exit::Unreachable, &gateway.into()).unwrap().starts_with("is a gateway running there?"));
        assert_eq!(of(Exit::Unreachable, &baton_store::Error::NotConfirmed.into()), None);
        let redis = baton_store::Error::Unavailable { reason: "no connection in time", source: None };
        assert!(of(Exit::Unreachable, &redis.into()).unwrap().starts_with("is Redis running there?"));
    }
}
