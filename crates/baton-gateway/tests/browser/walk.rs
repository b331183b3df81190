//! Every page of the router is walked to, wide and narrow, light and dark, without and with harmful texts on it. The way is
//! found by following links, so a new page that something links to needs nothing here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::driver::{Browser, Look};
use crate::scene::Scene;

/// Pages that are written otherwise depending on what is asked, and those that no link leads to.
const MORE: [&str; 9] = [
    "/?last=7d",
    "/ui/tasks?status=failed",
    "/ui/tasks?q=kind:report.build",
    "/ui/tasks?q=kind:nothing.like.it",
    "/ui/tasks?q=%22%3E%3Cscript%3Ewindow.harmed%3D1%3C/script%3E",
    "/ui/tasks?tag=%3Cscript%3Ewindow.harmed%3D1%3C%2Fscript%3E",
    "/ui/nowhere/%3Cscript%3E",
    "/ui/login",
    "/ui/login?next=%22%3E%3Cscript%3E",
];

/// These are of people who have logged in, and are looked at in `logins.rs`.
const OF_LOGINS: [&str; 3] = ["/ui/sessions/", "/ui/users/", "/ui/keys/"];

/// Some of them lead to nothing, and say so on a page.
const REFUSED: [&str; 3] = [MORE[4], MORE[5], MORE[6]];

/// As the router has them: every path of a file of `src/ui` that is answered with a page.
fn routes() -> Vec<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
    let mut routes = Vec::new();
    for entry in fs::read_dir(place).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for rest in text.split(".route(\"").skip(1) {
            let (path, rest) = rest.split_once('"').unwrap();
            let handler = rest.split(".route(").next().unwrap();
            if handler.trim_start_matches([',', ' ', '\n']).starts_with("get(") && path != "/ui/assets/{name}"
            {
                routes.push(path.to_owned());
            }
        }
    }
    routes.sort();
    routes
}

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(path).all(|(part, given)| part.starts_with('{') || *part == given)
}

/// Pages of one form are one page: the route and the names of what is asked. Deeds have no route of their own here.
fn form(routes: &[String], url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let exact = routes.iter().find(|route| *route == path);
    let route = exact.or_else(|| routes.iter().find(|route| fits(route, path)));
    let route = route.cloned().unwrap_or_else(|| {
        let parts: Vec<&str> = path.split('/').collect();
        format!("{}/*/{}", parts.get(2).unwrap_or(&""), parts[4.min(parts.len())..].join("/"))
    });
    let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    format!("{route}?{}", names.into_iter().collect::<Vec<_>>().join("&"))
}

/// Somebody walks through the pages of a gateway.
struct Walk<'a> {
    scene: &'a Scene,
    browser: &'a Browser,
    routes: Vec<String>,
    found: BTreeMap<String, Vec<String>>,
}

impl Walk<'_> {
    async fn look(&mut self, path: &str, closely: bool) {
        let url = self.scene.url(path);
        self.browser.open(&url).await;
        self.browser.until("document.readyState === 'complete' && document.querySelector('main h1')").await;
        let mut found = self.browser.trespasses(&self.scene.url("").replace("/ops/baton", "")).await;
        // What is refused is refused to the browser, too.
        found.retain(|what| {
            !(REFUSED.contains(&path) && what.contains("the server responded with a status of 4"))
        });
        found.extend(self.browser.judge().await);
        let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let wide = self.browser.run(wide).await;
        if wide != 0 {
            found.push(format!("wider than its window by {wide}"));
        }
        let foreign = "return document.querySelectorAll('img, iframe, object, embed, main script').length";
        if self.browser.run(foreign).await != 0 {
            found.push("elements that are none of ours".to_owned());
        }
        if closely {
            found.extend(self.browser.follow_focus().await);
        }
        for what in found {
            self.found.entry(what).or_default().push(path.to_owned());
        }
    }

    /// Addresses of pages of ours that this one leads to.
    async fn links(&self) -> Vec<String> {
        let links = "return [...document.querySelectorAll('a[href]')].filter((link) => link.origin === location.origin) \
                     .map((link) => link.pathname + link.search)";
        let links = self.browser.run(links).await;
        let links = links.as_array().into_iter().flatten().filter_map(Value::as_str);
        links.filter(|path| *path == "/" || path.starts_with("/ui/")).map(str::to_owned).collect()
    }

    /// Follows links from these pages on, to one page of each form. What was walked.
    async fn everywhere(&mut self, first: Vec<String>) -> Vec<String> {
        let mut forms = BTreeSet::new();
        let mut walked: Vec<String> = Vec::new();
        let mut next: VecDeque<(String, bool)> = first.into_iter().map(|path| (path, true)).collect();
        while let Some((path, wanted)) = next.pop_front() {
            let known = !forms.insert(form(&self.routes, &path));
            if known && (!wanted || walked.contains(&path)) {
                continue;
            }
            self.look(&path, true).await;
            walked.push(path);
            next.extend(self.links().await.into_iter().map(|path| (path, false)));
        }
        let visited = |route: &String| walked.iter().any(|path| fits(route, path.split('?').next().unwrap()));
        let unseen =
            |route: &&String| !visited(route) && !OF_LOGINS.iter().any(|part| route.starts_with(part));
        for route in self.routes.iter().filter(unseen) {
            self.found
                .entry("nothing leads to it: it takes a row in MORE, or such a thing in the scene".to_owned())
                .or_default()
                .push(route.clone());
        }
        walked
    }

    fn end(self) {
        let said = self.found.iter().map(|(what, paths)| {
            format!("{what}\n    on {} pages, as {}", paths.len(), paths[..paths.len().min(9)].join(" "))
        });
        let said: Vec<String> = said.collect();
        assert!(said.is_empty(), "{} findings:\n{}", said.len(), said.join("\n"));
    }
}

async fn theme(scene: &Scene, browser: &Browser, theme: &str) {
    browser.open(&scene.url("/")).await;
    browser.until("document.readyState === 'complete'").await;
    while browser.run("return document.documentElement.dataset.theme").await != theme {
        let now = browser.run("return document.documentElement.dataset.theme").await;
        browser.click(".doors button[name=theme]").await;
        browser.until(&format!("document.documentElement.dataset.theme !== {now}")).await;
    }
}

async fn walk(width: u32) {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look { width, ..Look::default() }).await;
    let mut walk = Walk { scene: &scene, browser: &browser, routes: routes(), found: BTreeMap::new() };
    // Lists of nothing.
    let lists: Vec<String> =
        walk.routes.iter().filter(|route| !route.contains('{') && *route != "/ui/actions").cloned().collect();
    for path in &lists {
        walk.look(path, false).await;
    }
    let told = scene.set().await;
    theme(&scene, &browser, "light").await;
    // Those with harmful texts are all of one form: here the first and the longest will do.
    let told: Vec<String> = told.into_iter().map(|told| told.path).collect();
    let some = [&told[..4], &told[told.len() - 5..]].concat();
    let many = format!("/ui/actions?action=rerun&id={}", some[0].trim_start_matches("/ui/tasks/"));
    let operation = scene.operation().await;
    let first = [lists, MORE.map(str::to_owned).to_vec(), some, vec![many, operation]].concat();
    let walked = walk.everywhere(first).await;
    theme(&scene, &browser, "dark").await;
    for path in &walked {
        walk.look(path, false).await;
    }
    walk.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_on_a_desk() {
    walk(1440).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_on_a_telephone() {
    walk(390).await;
}

/// What people wrote is read as they wrote it, and does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_wrote_is_shown_as_it_is() {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look::default()).await;
    for told in scene.set().await {
        browser.open(&scene.url(&told.path)).await;
        browser.until("document.readyState === 'complete' && document.querySelector('main h1')").await;
        let text = browser.run("return document.querySelector('main').textContent").await;
        assert!(text.as_str().unwrap().contains(&told.text), "{} does not say {}", told.path, told.text);
        assert_eq!(browser.run("return window.harmed ?? null").await, Value::Null, "{}", told.path);
    }
}
