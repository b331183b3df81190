use proptest::prelude::*;

use super::*;
use crate::name::GroupName;

fn tests(text: &str) -> Vec<Test> {
    Query::parse(text)
        .unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
        .terms
        .into_iter()
        .map(|term| term.test)
        .collect()
}

fn part(text: &str) -> ErrorWord {
    ErrorWord::Part(text.to_owned())
}

fn mistakes(text: &str) -> Vec<(usize, String)> {
    let wrong = Query::parse(text).expect_err(text);
    wrong.into_iter().map(|mistake| (mistake.at, mistake.message)).collect()
}

const NOW: u64 = 1_700_000_000_000;

#[derive(Debug)]
struct Json;

impl Payload for Json {
    fn lower(&self) -> &str {
        "{\"user\":{\"id\":42}}"
    }

    fn at(&self, path: &[String]) -> Option<String> {
        (path.join(".") == "user.id").then(|| "42".to_owned())
    }
}

/// A failed task of the kind `mail`, an hour old.
fn holds(text: &str) -> bool {
    let (queue, kind) = (QueueName::new("slow").unwrap(), Kind::new("mail").unwrap());
    let tags = [Tag::new("red").unwrap(), Tag::new("a:b").unwrap()];
    let worker = WorkerId::new("worker-001-x").unwrap();
    let group = GroupName::new("customer-7").unwrap();
    let subject = Subject {
        id: "01936a5c-2b4e-7abc-8def-00112233400a".parse().unwrap(),
        status: Status::Failed,
        queue: &queue,
        kind: &kind,
        tags: &tags,
        worker: Some(&worker),
        flow: None,
        key: None,
        group: Some(&group),
        attempt: 3,
        created_ms: NOW - 3_600_000,
        finished_ms: Some(NOW - 60_000),
    };
    let values =
        Values { error: b"Connection refused by 10.0.0.7", reason: "http_503", payload: Some(&Json) };
    let query = Query::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    let whole = query.holds(&subject, Some(&values), NOW).unwrap();
    // Who knows less may not be able to tell, and says nothing else.
    for less in [None, Some(&Values { payload: None, ..values })] {
        assert!(query.holds(&subject, less, NOW).is_none_or(|is| is == whole), "{text}");
    }
    // What is earlier than a query allows does not fit it.
    let from_ms = query.created_from_ms(NOW);
    assert!(!whole || from_ms.is_none_or(|from_ms| subject.created_ms >= from_ms), "{text}");
    whole
}

#[test]
fn every_term_holds_or_not() {
    for text in [
        "",
        "status:failed",
        "status:completed,failed",
        "-status:completed",
        "queue:slow",
        "kind:mail,x",
        "tag:red",
        "group:customer-7",
        "customer-7",
        "tag:a:b",
        "-tag:blue",
        "worker:worker-001-x",
        "attempt:3",
        "attempt:>2",
        "attempt:<=3",
        "created:>2h",
        "created:<30m",
        "finished:>2m",
        "created:2023-11-14",
        "created:>=2023-11-14",
        "finished:<2024-01-01T00:00:00Z",
        "error:refused",
        "error:\"Connection refused\"",
        "error:x,503",
        "payload.user.id:42",
        "payload.user.id:1,42",
        "-payload.user.id:43",
        "\"connection refused\"",
        "MAIL",
        "kind:mail -queue:fast error:refused",
        "id:01936a5c-2b4e-7abc-8def-00112233400a",
        "-flow:01a1fc29-8a56-7000-ba14-c38b1c000000",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "status:pending",
        "-status:failed",
        "queue:fast",
        "tag:blue",
        "attempt:>3",
        "attempt:4",
        "created:<2h",
        "created:>30m",
        "created:<2023-11-14",
        "created:>2023-11-14",
        "finished:<2m",
        "error:timeout",
        "-error:refused",
        "payload.user:42",
        "payload.user.id:4",
        "nothing",
        "kind:mail queue:fast",
        "key:x",
        "group:customer-8",
        "-group:customer-7",
        "-\"connection refused\"",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn quotes_take_away_meaning() {
    assert_eq!(tests("\"status:failed\""), [Test::Text("status:failed".to_owned())]);
    assert_eq!(tests("error:\"a,b\\\"c\",d"), [Test::Error(vec![part("a,b\"c"), part("d")])]);
    assert_eq!(tests("\"-x\""), [Test::Text("-x".to_owned())]);
    assert_eq!(tests("error:\"\""), [Test::Error(vec![part("")])]);
    let path = ["a", "0"].map(str::to_owned).to_vec();
    assert_eq!(tests("payload.a.0:\"\""), [Test::Payload { path, values: vec![String::new()] }]);
}

#[test]
fn mistakes_say_where_and_come_together() {
    assert_eq!(mistakes("kind:mail \"open"), [(10, "this quote is not closed".to_owned())]);
    let wrong = mistakes("statsu:failed kind:ok status:done created:>soon created:2h attempt:many -");
    assert_eq!(wrong.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 22, 34, 48, 59, 72]);
    assert!(
        wrong[0].1.contains("no term \"statsu\"") && wrong[0].1.contains("in quotes")
            || wrong[0].1.contains("quotes")
    );
    assert!(wrong[2].1.contains("is no time") && wrong[3].1.contains("put < or >"), "{wrong:?}");
    for text in
        ["kind:", "kind:a,,b", "payload.:x", "payload.a..b:x", "attempt:1,2", "a\u{7}b", "kind:a/b", "\"\""]
    {
        assert_eq!(mistakes(text).len(), 1, "{text:?}");
    }
}

#[test]
fn length_terms_values_and_depth_are_bounded() {
    use crate::limits::*;
    let many = |word: &str, count: u64, between: &str| vec![word; count as usize].join(between);
    assert!(Query::parse(&many("a", QUERY_TERMS_MAX, " ")).is_ok());
    assert!(mistakes(&many("a", QUERY_TERMS_MAX + 1, " "))[0].1.contains("terms"));
    assert!(Query::parse(&format!("kind:{}", many("a", QUERY_VALUES_MAX, ","))).is_ok());
    assert!(mistakes(&format!("kind:{}", many("a", QUERY_VALUES_MAX + 1, ",")))[0].1.contains("values"));
    assert!(Query::parse(&format!("payload.{}:1", many("a", QUERY_DEPTH_MAX, "."))).is_ok());
    assert!(mistakes(&format!("payload.{}:1", many("a", QUERY_DEPTH_MAX + 1, ".")))[0].1.contains("parts"));
    assert!(mistakes(&many("a", QUERY_BYTES_MAX + 1, ""))[0].1.contains("bytes"));
}

proptest! {
    /// Whatever is typed, it is read or refused with places that lie within it.
    #[test]
    fn hostile_texts_are_read_or_refused(text in "(\\PC|[ \":,.<>\\\\-]|status|payload|created|\u{0}|\n){0,60}") {
        match Query::parse(&text) {
            Ok(query) => prop_assert!(query.terms().len() as u64 <= crate::limits::QUERY_TERMS_MAX),
            Err(wrong) => {
                prop_assert!(!wrong.is_empty());
                prop_assert!(wrong.iter().all(|mistake| mistake.at <= text.len() && text.is_char_boundary(mistake.at)));
            }
        }
    }

    /// A value in quotes is that value, whatever it holds.
    #[test]
    fn any_text_can_be_looked_for(part in "[^\\p{Cc}]{1,40}") {
        let quoted = part.replace('\\', "\\\\").replace('"', "\\\"");
        prop_assert_eq!(tests(&format!("\"{quoted}\"")), [Test::Text(part.clone())]);
        prop_assert_eq!(tests(&format!("kind:a error:\"{quoted}\"")).pop(), Some(Test::Error(vec![ErrorWord::Part(part)])));
    }

    /// Turning a term round turns its answer round.
    #[test]
    fn a_term_holds_or_its_opposite_does(attempt in 0_u64..6, sign in "(|<|>|<=|>=)", hours in 0_u32..4) {
        for text in [format!("attempt:{sign}{attempt}"), format!("created:>{hours}h"), format!("created:<={hours}h")] {
            prop_assert_ne!(holds(&text), holds(&format!("-{text}")), "{}", text);
        }
    }
}

#[test]
fn a_fingerprint_is_one_unless_it_stands_in_quotes() {
    let group = "8f3a1c0b9d2e4f67".parse().unwrap();
    let asked = |text: &str| Query::parse(text).unwrap().error_group();
    assert_eq!(asked("kind:mail error:8f3a1c0b9d2e4f67"), Some(group));
    for text in [
        "error:\"8f3a1c0b9d2e4f67\"",
        "error:8F3A1C0B9D2E4F67",
        "error:8f3a1c0b9d2e4f6",
        "-error:8f3a1c0b9d2e4f67",
        "error:8f3a1c0b9d2e4f67,refused",
        "8f3a1c0b9d2e4f67",
    ] {
        assert_eq!(asked(text), None, "{text}");
    }
    let both = [ErrorWord::Group(group), part("refused")];
    assert_eq!(tests("error:8f3a1c0b9d2e4f67,refused"), [Test::Error(both.to_vec())]);
}

#[test]
fn a_task_is_in_the_group_of_its_last_failure() {
    let kind = Kind::new("mail").unwrap();
    let normal = crate::fingerprint::normal("Connection refused by 10.9.9.9");
    let group = Fingerprint::of(&kind, "http_503", &normal);
    assert!(holds(&format!("error:{group}")) && holds(&format!("error:x,{group}")));
    assert!(!holds(&format!("-error:{group}")));
    let other = Fingerprint::of(&kind, "http_500", &normal);
    assert!(!holds(&format!("error:{other}")) && holds(&format!("-error:{other}")));
}
