//! The system page and the browser of keys.

use baton_core::{Boot, Shard};
use baton_store::calls::gateway::Seen;
use baton_store::keys::ShardKeys;
use serde_json::{Value, json};

use crate::support::Gateway;

async fn key(gateway: &Gateway, key: &str) -> Value {
    let path = key.replace('{', "%7B").replace('}', "%7D");
    let answer = gateway.get(&format!("/api/v1/redis/keys/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn keys(gateway: &Gateway) -> &ShardKeys {
    gateway.app.store.keys(Shard::FIRST).unwrap()
}

fn record(gateway: &Gateway, id: &str) -> String {
    keys(gateway).task(id.parse().unwrap())
}

fn escaped(text: &str) -> String {
    text.replace('<', "&#60;").replace('>', "&#62;")
}

#[tokio::test]
async fn the_system_page_tells_verdicts_and_what_to_do() {
    let gateway = Gateway::start().await;
    gateway.submit("echo").await;
    let text = gateway.page("/ui/system").await.text();
    for part in [
        "<h1>System</h1>",
        "id=\"check-persistence\"",
        "a restart loses every task",
        "<p class=\"advice\">baton worker run --queues default</p>",
        "Run doctor again",
        "<code>baton:{0}:</code>",
        "<code>task/claim</code>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let checked = gateway.page("/ui/system?check=1").await.text();
    assert!(checked.contains("Types, ends and indexes are as they must be."), "{checked}");
}

#[tokio::test]
async fn gateways_that_were_seen_stand_on_the_page_whatever_they_call_themselves() {
    let gateway = Gateway::start().await;
    let none = gateway.page("/ui/system").await.text();
    assert!(none.contains("None has written itself down yet"), "{none}");
    let hostile = "<script>alert(1)</script>\u{1b}[31m";
    let words = [("host", hostile), ("address", hostile), ("version", hostile), ("revision", hostile)];
    let report: Vec<(&str, String)> = words
        .iter()
        .copied()
        .chain([("scripts", hostile), ("auth", hostile), ("ahead_ms", "-1200"), ("within_ms", "3")])
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    for id in ["host-a-1", gateway.app.id.as_str()] {
        let id = id.parse().unwrap();
        gateway.app.store.see_gateway(&Seen { gateway: &id, report: &report }).await.unwrap();
    }
    let _: f64 = gateway.redis.say(&["ZINCRBY", "baton:{0}:gateways", "-45000", "host-a-1"]).await;
    let text = gateway.page("/ui/system").await.text();
    let rows = text.split("<tr id=\"gateway-").skip(1).map(|row| row.split("</tr>").next().unwrap());
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 2, "{text}");
    let (other, own) = match rows[0].contains("host-a-1") {
        true => (rows[0], rows[1]),
        false => (rows[1], rows[0]),
    };
    assert!(other.contains("</svg>silent</td>") && !other.contains("this one"), "{other}");
    assert!(own.contains("</svg>serving</td>") && own.contains("this one"), "{own}");
    assert!(own.contains("-1200\u{202f}ms"), "{own}");
    assert!(!text.contains("<script>alert") && !text.contains('\u{1b}'), "{text}");
    // Who is off by more than a second is told.
    assert!(text.contains("id=\"check-gateway_clocks\"") && text.contains("by -1200 ms"), "{text}");
}

#[tokio::test]
async fn a_task_is_explained_with_its_index_and_what_may_come() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "echo", "payload": { "long": "x".repeat(100) } })).await;
    let task = key(&gateway, &record(&gateway, &id)).await;
    assert_eq!((&task["type"], &task["pattern"]), (&json!("hash"), &json!("task:<id>")));
    assert_eq!(
        task["indexes"],
        json!([{ "key": "baton:{0}:queue:default:pending", "member": id, "is_in": true }])
    );
    assert!(task["next"].as_array().unwrap().contains(&json!("claim: running")), "{task}");
    assert_eq!(task["line"], format!("redis-cli HGETALL 'baton:{{0}}:task:{id}'"));
    let created =
        task["values"].as_array().unwrap().iter().find(|value| value["name"] == "created_ms").unwrap();
    assert!(created["meaning"].as_str().unwrap().ends_with('Z'), "{created}");
    let beside = key(&gateway, &format!("{}:payload", record(&gateway, &id))).await;
    assert_eq!(beside["indexes"], json!([{ "key": record(&gateway, &id), "is_in": true }]));
    let worker = gateway.worker(1).await;
    gateway.claim(&worker).await;
    let running = key(&gateway, &record(&gateway, &id)).await;
    assert_eq!(
        running["indexes"][0]["key"],
        keys(&gateway).held(&worker.parse().unwrap(), Some(&Boot::new("b1").unwrap()))
    );
    // What is not there is explained by its form.
    let none = key(&gateway, "baton:{0}:flow:x").await;
    assert_eq!((&none["type"], &none["pattern"]), (&json!("none"), &json!("flow:<id>")));
    assert_eq!(gateway.get("/api/v1/redis/keys/other:meta").await.problem(), (422, "validation".to_owned()));
    let page = gateway.page(&format!("/ui/system/keys?task={id}")).await.text();
    assert!(page.contains(&format!("held:{worker}:b1</a>")) && page.contains("redis-cli HGETALL"), "{page}");
    assert!(
        gateway.page(&format!("/ui/tasks/{id}")).await.text().contains(&format!("/ui/system/keys?task={id}"))
    );
}

#[tokio::test]
async fn a_quick_check_finds_what_is_not_as_it_must_be() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("echo").await;
    let clean = gateway.get("/api/v1/redis/check").await.json();
    assert_eq!((&clean["faults"], &clean["whole"]), (&json!([]), &json!(true)), "{clean}");
    let hostile = "baton:<script>alert(1)</script>\u{1b}[31m";
    let _: String = gateway.redis.say(&["SET", hostile, "<b>x</b>"]).await;
    let _: u64 = gateway.redis.say(&["ZREM", "baton:{0}:queue:default:pending", &id]).await;
    let _: String = gateway.redis.say(&["SET", "baton:{0}:task:gone:payload", "x"]).await;
    let _: u64 = gateway.redis.say(&["PEXPIRE", "baton:{0}:queues", "100000"]).await;
    let _: String = gateway.redis.say(&["SET", "baton:{0}:flows", "x"]).await;
    let found = gateway.get("/api/v1/redis/check").await.json();
    let problem = |key: &str| {
        let faults = found["faults"].as_array().unwrap();
        let one = faults.iter().find(|fault| fault["key"] == key).unwrap_or_else(|| panic!("{key}: {found}"));
        one["problem"].as_str().unwrap().to_owned()
    };
    assert_eq!(problem(hostile), "it belongs to nothing that Baton keeps");
    assert_eq!(problem(&record(&gateway, &id)), "it is not in baton:{0}:queue:default:pending");
    assert_eq!(problem("baton:{0}:task:gone:payload"), "baton:{0}:task:gone is not there");
    assert_eq!(problem("baton:{0}:queues"), "it expires, and must not");
    assert_eq!(problem("baton:{0}:flows"), "it is a string, not a zset");
    // Names of keys are text wherever they stand.
    let encoded = "baton:%3Cscript%3Ealert(1)%3C%2Fscript%3E%1B%5B31m";
    for path in ["/ui/system?check=1".to_owned(), format!("/ui/system/keys?key={encoded}")] {
        let text = gateway.page(&path).await.text();
        // In the field of the form it stands as it was asked for: there it is a value.
        let text = text.replace(&format!("value=\"{}\"", escaped(hostile)), "");
        assert!(
            !text.contains("<script>alert") && !text.contains('\u{1b}') && text.contains("␛[31m"),
            "{text}"
        );
    }
    // What belongs to nothing may be anything, so it is not shown.
    let odd = key(&gateway, encoded).await;
    assert_eq!((&odd["masked"], &odd["values"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn logins_are_explained_and_not_shown_and_viewers_look_at_verdicts_only() {
    let gateway = Gateway::secured().await;
    let (alice, bob) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    let users: Vec<String> = gateway.redis.say(&["KEYS", "baton:{u:*}:user"]).await;
    let path = format!("/ui/system/keys?key={}", users[0]);
    let page = gateway.page_with(&path, &alice).await.text();
    assert!(page.contains("What it holds is shown to nobody.") && !page.contains("argon2"), "{page}");
    let seen = gateway.page_with("/ui/system", &bob).await.text();
    assert!(seen.contains("id=\"check-rights\"") && !seen.contains("Quick check"), "{seen}");
    let refused = gateway.page_with(&path, &bob).await.text();
    assert!(
        refused.contains("To look into a key takes the scope") && !refused.contains("In Redis"),
        "{refused}"
    );
    assert!(refused.contains("role=\"alert\"") && !refused.contains("key-title"), "{refused}");
}

#[tokio::test]
async fn scripts_and_forms_are_listed() {
    let gateway = Gateway::start().await;
    gateway.submit("echo").await;
    let scripts = gateway.get("/api/v1/redis/scripts").await.json();
    let submit =
        scripts["scripts"].as_array().unwrap().iter().find(|one| one["name"] == "task/submit").unwrap();
    assert!(submit["loaded"] == true && submit["calls"].as_u64() >= Some(1), "{submit}");
    let forms = gateway.get("/api/v1/redis/keys").await.json();
    let secret = |form: &&Value| form["secret"] == true;
    assert!(forms["keys"].as_array().unwrap().iter().filter(secret).count() > 10, "{forms}");
    let server = gateway.get("/api/v1/redis").await.json();
    assert_eq!((&server["role"], &server["shards"][0]["prefix"]), (&json!("master"), &json!("baton:{0}:")));
}
