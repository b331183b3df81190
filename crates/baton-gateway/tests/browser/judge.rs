//! Judges the page at which a browser is: nothing that is wrong with it for somebody, and nothing that it may not do.

use serde_json::{Value, json};

use crate::driver::Browser;

/// What a page shows to those who do not use it as its makers do.
const JUDGE: &str = include_str!("judge.js");

/// Whoever cannot see these is told what they are.
const NAMED: [&str; 17] = [
    "button",
    "link",
    "textbox",
    "searchbox",
    "checkbox",
    "radio",
    "combobox",
    "listbox",
    "spinbutton",
    "slider",
    "switch",
    "tab",
    "image",
    "img",
    "progressbar",
    "meter",
    "dialog",
];

/// Follows the focus: where it went, and whether it could be seen there.
const FOLLOW: &str = "window.went = []; \
    document.addEventListener('focusin', (event) => { \
      const { outlineStyle, outlineWidth } = getComputedStyle(event.target); \
      went.push({ what: event.target.outerHTML.slice(0, 120), element: event.target, \
                  skip: event.target.matches('a.skip[href=\"#main\"]'), \
                  seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 }); \
    }); document.activeElement?.blur(); window.getSelection().removeAllRanges(); \
    document.documentElement.focus();";

const WENT: &str = "const wrong = went.filter((each) => !each.seen).map((each) => 'focus is not seen: ' + each.what); \
    const back = went.findIndex((each, at) => at > 0 && \
      (went[at - 1].element.compareDocumentPosition(each.element) & Node.DOCUMENT_POSITION_PRECEDING)); \
    if (back > 0 && went.length > back + 1 && !went[back].skip) wrong.push('focus goes back: ' + went[back].what); \
    if (!went[0]?.skip && !document.querySelector('[autofocus]')) wrong.push('the first stop is not the way to the content: ' + went[0]?.what); \
    return wrong;";

const TAB: char = '\u{e004}';
/// A page has fewer stops than this before its rows repeat.
const STOPS: usize = 40;

impl Browser {
    /// What is wrong with this page for somebody.
    pub(crate) async fn judge(&self) -> Vec<String> {
        let mut found = texts(&self.run(JUDGE).await);
        let tree = self.chrome("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let has_role =
            |node: &&Value| node["role"]["value"].as_str().is_some_and(|role| NAMED.contains(&role));
        let nameless = nodes
            .iter()
            .filter(|node| node["ignored"] == false)
            .filter(has_role)
            .filter(|node| node["name"]["value"].as_str().unwrap_or_default().trim().is_empty());
        for node in nameless {
            let number = &node["backendDOMNodeId"];
            let node_html = self.chrome("DOM.getOuterHTML", json!({ "backendNodeId": number })).await;
            let text: String =
                node_html["outerHTML"].as_str().unwrap_or_default().chars().take(200).collect();
            found.push(format!("a {} without a name: {text}", node["role"]["value"]));
        }
        found
    }

    /// What is wrong with the way that the focus takes through this page.
    pub(crate) async fn follow_focus(&self) -> Vec<String> {
        self.run(FOLLOW).await;
        self.type_keys(&TAB.to_string().repeat(STOPS)).await;
        texts(&self.run(WENT).await)
    }

    /// What this page did that it may not, or tried to.
    pub(crate) async fn trespasses(&self, origin: &str) -> Vec<String> {
        let mut found = self.console().await;
        found.extend(texts(&self.run("return window.violations ?? []").await));
        if self.run("return window.harmed ?? null").await != Value::Null {
            found.push("what is a text was run".to_owned());
        }
        let away = |url: &String| {
            let own = url.starts_with(origin)
                || ["data:", "blob:", "chrome"].iter().any(|own| url.starts_with(own));
            !own || url.ends_with("/ui/reports")
        };
        found.extend(self.asked().await.into_iter().filter(away).map(|url| format!("asked for {url}")));
        found
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}
