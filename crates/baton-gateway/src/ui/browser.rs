//! What a browser is called in a list of sessions.

/// The longest name of a device that is kept of one that we do not know.
const AGENT_CHARS_MAX: usize = 120;
/// What a browser says of itself, and what people call it. Most say that they are others, too: the first that is found counts.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`; of one that is none of those we know, its own words.
pub(super) fn name(agent: &str) -> String {
    match (find(&BROWSERS, agent), find(&SYSTEMS, agent)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => agent.chars().take(AGENT_CHARS_MAX).collect(),
    }
}

fn find(known: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    known.iter().find(|(said, _)| agent.contains(said)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_the_names_that_people_give_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, is) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(), "Firefox on Linux"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0 Safari/537.36 Edg/142.0"), "Edge on Windows"),
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/142.0 Mobile Safari/537.36"), "Chrome on Android"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/142.0 Safari/537.36"), "Chrome on Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1".to_owned(), "Safari on iPhone"),
            ("curl/8.9".to_owned(), "curl/8.9"),
            (String::new(), ""),
        ] {
            assert_eq!(name(&agent), is, "{agent}");
        }
        assert_eq!(name(&"é".repeat(500)).chars().count(), AGENT_CHARS_MAX);
    }
}
