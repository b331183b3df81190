//! Looking at pages as a browser does, and judging what it gets.

use axum::http::Method;

use crate::auth_support::form;
use crate::support::{Answer, Ask, Gateway, PASSWORD, get};

/// The names of the two cookies of a gateway behind TLS: at their ends, a digest of the issuer.
pub(crate) const ACCESS: &str = "__Host-baton_at_100c4a7a=";
pub(crate) const REFRESH: &str = "__Host-baton_rt_100c4a7a=";

/// As a browser asks for a page.
pub(crate) fn page(path: &str) -> Ask<'_> {
    get(path).with("accept", "text/html,application/xhtml+xml").with("sec-fetch-mode", "navigate")
}

/// As a browser sends a form of ours.
pub(crate) fn filled<'a>(path: &'a str, pairs: &[(&str, &str)]) -> Ask<'a> {
    form(path, pairs).with("accept", "text/html").with("sec-fetch-site", "same-origin")
}

/// What a browser sends back of what it was told to remember.
pub(crate) fn jar(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let pairs: Vec<&str> =
        cookies.map(|cookie| cookie.to_str().expect("text").split(';').next().expect("a pair")).collect();
    pairs.join("; ")
}

/// One pair of a jar.
pub(crate) fn only<'a>(jar: &'a str, name: &str) -> &'a str {
    jar.split("; ").find(|pair| pair.starts_with(name)).unwrap_or_else(|| panic!("no {name} in the jar"))
}

pub(crate) const RULES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types baton";

/// A page has the rules, and no script, style or handler of its own.
pub(crate) fn assert_safe(answer: &Answer, base: &str) {
    let text = answer.text();
    assert_eq!(answer.header("content-security-policy"), format!("{RULES}; report-uri {base}/ui/reports"));
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    for wrong in ["<style", " style=", " on"] {
        assert!(!tags(&text).any(|tag| bare(&tag).contains(wrong)), "{wrong} in {text}");
    }
    let own = format!("<script type=\"module\" src=\"{base}/ui/assets/live.js\">");
    assert!(tags(&text).filter(|tag| tag.starts_with("<script")).all(|tag| *tag == own), "{text}");
    for tag in tags(&text) {
        let named = [" href=\"", " action=\"", " src=\""].iter().filter_map(|name| tag.split(name).nth(1));
        for link in named.filter_map(|rest| rest.split('"').next()) {
            assert!(link.starts_with(&format!("{base}/")) || link.starts_with('#'), "{link} leads elsewhere");
        }
    }
}

/// A tag without the values of its attributes: in these, anything may stand.
fn bare(tag: &str) -> String {
    tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Whatever a browser takes for a tag.
fn tags(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('<').skip(1).filter_map(|rest| Some(format!("<{}>", rest.split_once('>')?.0)))
}

impl Gateway {
    /// A page that is there.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        let answer = self.ask(page(path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_safe(&answer, "");
        answer
    }

    /// The same, for whoever has these cookies.
    pub(crate) async fn page_with(&self, path: &str, jar: &str) -> Answer {
        let answer = self.ask(page(path).with("cookie", jar)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_safe(&answer, "");
        answer
    }

    /// Logs in with the form; what the browser then has.
    pub(crate) async fn jar_of(&self, name: &str) -> String {
        let login = self.ask(filled("/ui/login", &[("username", name), ("password", PASSWORD)])).await;
        assert_eq!((login.status.as_u16(), login.header("location")), (303, "/"), "{}", login.text());
        jar(&login)
    }

    /// Sends a form as whoever has these cookies.
    pub(crate) async fn send(&self, path: &str, jar: &str, pairs: &[(&str, &str)]) -> Answer {
        let ask = filled(path, pairs).by(Method::POST);
        self.ask(if jar.is_empty() { ask } else { ask.with("cookie", jar) }).await
    }
}
