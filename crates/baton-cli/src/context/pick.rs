//! Which gateway is asked: what the command line says, else the environment, else the context in use, else this machine.

use anyhow::Result;
use serde::Serialize;

use super::file::{Context, Contexts, Name};

/// Where a fleet on this machine answers.
const HERE: &str = "http://127.0.0.1:8000";

/// What was said about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// `--url`
    pub(crate) url: Option<String>,
    /// `--context`
    pub(crate) context: Option<String>,
    /// `BATON_URL`
    pub(crate) url_variable: Option<String>,
    /// `BATON_CONTEXT`
    pub(crate) context_variable: Option<String>,
}

/// The gateway to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Chosen {
    pub(crate) url: String,
    pub(crate) origin: &'static str,
    /// The context that was picked, or the one that has this address: production is production however it is named.
    #[serde(skip)]
    pub(crate) context: Option<(Name, Context)>,
    /// The context says with what to ask.
    #[serde(skip)]
    pub(crate) picked: bool,
}

pub(crate) fn pick(said: &Said, contexts: &Contexts) -> Result<Chosen> {
    let address = |url: &String, origin| Ok(by_address(url.clone(), origin, contexts));
    let named = |name: &str, origin| {
        let (name, context) = contexts.get(name)?;
        let (url, context) = (context.url.clone(), Some((name.clone(), context.clone())));
        Ok(Chosen { url, origin, context, picked: true })
    };
    match (said, &contexts.current) {
        (Said { url: Some(url), .. }, _) => address(url, "--url"),
        (Said { context: Some(name), .. }, _) => named(name, "--context"),
        (Said { url_variable: Some(url), .. }, _) => address(url, "BATON_URL"),
        (Said { context_variable: Some(name), .. }, _) => named(name, "BATON_CONTEXT"),
        (_, Some(name)) => named(name.as_str(), "the context in use"),
        (_, None) => address(&HERE.to_owned(), "default"),
    }
}

fn by_address(url: String, origin: &'static str, contexts: &Contexts) -> Chosen {
    let mut found =
        contexts.contexts.iter().filter(|(_, context)| baton::is_same_gateway(&context.url, &url));
    // Where several have it, the one that is careful.
    let context = found.clone().find(|(_, context)| context.production).or_else(|| found.next());
    let context = context.map(|(name, context)| (name.clone(), context.clone()));
    Chosen { url, origin, context, picked: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{self, Exit};

    fn contexts(current: Option<&str>) -> Contexts {
        let text = "[contexts.prod]\nurl = \"https://p\"\nproduction = true\n[contexts.twin]\nurl = \"https://p/\"\n\
                    [contexts.test]\nurl = \"https://t\"\n";
        let mut contexts: Contexts = toml::from_str(text).unwrap();
        contexts.current = current.map(|name| name.parse().unwrap());
        contexts
    }

    fn said(words: [Option<&str>; 4]) -> Said {
        let [url, context, url_variable, context_variable] = words.map(|word| word.map(str::to_owned));
        Said { url, context, url_variable, context_variable }
    }

    #[test]
    fn flags_come_before_the_environment_before_the_context_in_use() {
        let check = |words, current, url: &str, origin: &str| {
            let chosen = pick(&said(words), &contexts(current)).unwrap();
            assert_eq!((chosen.url.as_str(), chosen.origin), (url, origin));
        };
        let all = [Some("u"), Some("test"), Some("v"), Some("prod")];
        check(all, Some("prod"), "u", "--url");
        check([None, all[1], all[2], all[3]], Some("prod"), "https://t", "--context");
        check([None, None, all[2], all[3]], Some("test"), "v", "BATON_URL");
        check([None, None, None, all[3]], Some("test"), "https://p", "BATON_CONTEXT");
        check([None; 4], Some("test"), "https://t", "the context in use");
        check([None; 4], None, HERE, "default");
    }

    #[test]
    fn an_address_of_production_is_production() {
        for url in
            ["https://p", "https://p/", "HTTPS://P", "https://p:443", "https://p./x/..", "https://me@p"]
        {
            let chosen = pick(&said([Some(url), None, None, None]), &contexts(Some("test"))).unwrap();
            let (name, context) = chosen.context.unwrap();
            assert!(context.production && name.as_str() == "prod" && !chosen.picked, "{url}");
        }
        let other = pick(&said([Some("https://x"), None, None, None]), &contexts(Some("prod"))).unwrap();
        assert_eq!(other.context, None);
    }

    #[test]
    fn a_context_that_is_not_there_is_an_error() {
        let error = pick(&said([None, Some("nosuch"), None, None]), &contexts(None)).unwrap_err();
        assert_eq!(exit::of(&error), Exit::NotFound);
        assert!(pick(&Said::default(), &contexts(Some("gone"))).is_err());
    }
}
