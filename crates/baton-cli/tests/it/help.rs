//! Help: examples first, everywhere; and pages of its own.

use std::collections::BTreeMap;

use crate::fleet::run;
use crate::snapshot;
use crate::tree::walk;

#[test]
fn every_help_begins_with_examples() {
    let found = walk();
    assert!(found.len() > 120, "{}", found.len());
    let lacking: Vec<String> = found
        .iter()
        .filter(|one| !one.help.starts_with("Examples:\n  "))
        .map(|one| one.words.join(" "))
        .collect();
    assert_eq!(lacking, Vec::<String>::new());
    assert!(found.iter().all(|one| !one.help.contains("tether")));
}

/// An example that names a command or a flag which is not there is worse than none.
#[test]
fn examples_are_of_the_command_that_they_explain() {
    for one in walk().iter().filter(|one| !one.words.is_empty() && one.words[0] != "help") {
        let examples: Vec<&str> = one.help.split("\n\n").next().unwrap().lines().skip(1).collect();
        let named = format!("baton {}", one.words.join(" "));
        // One of them has a second name.
        let named = named.replace("redis acl", "redis-acl");
        assert!(examples.iter().any(|line| line.contains(&named)), "{named}: {examples:?}");
    }
}

/// A variable that nobody reads would be set in vain.
#[test]
fn variables_that_help_names_are_read() {
    let own = ["BATON_URL", "BATON_CONTEXT", "BATON_CONFIG"];
    let settings = run(&["config", "show", "-o", "json"]).out;
    for one in walk() {
        for rest in one.help.split("[env: ").skip(1) {
            let name = rest.split(']').next().unwrap();
            let is_setting = settings.contains(&format!("\"environment\":\"{name}\""));
            assert!(own.contains(&name) || is_setting, "{name} in the help of {:?}", one.words);
        }
    }
}

/// One file for each noun: what changes in a flag changes there.
#[test]
fn snapshots_of_every_help_page() {
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for one in walk() {
        let noun = one.words.first().map_or("baton", String::as_str).to_owned();
        let page = pages.entry(noun).or_default();
        page.push_str(&format!(
            "$ baton {}\n{}\n",
            [one.words, vec!["--help".to_owned()]].concat().join(" "),
            one.help
        ));
    }
    pages.iter().for_each(|(noun, page)| snapshot::check(&format!("help/{noun}.txt"), page));
}

#[test]
fn help_of_a_command_is_its_page() {
    assert_eq!(run(&["help", "task", "submit"]).out, run(&["task", "submit", "--help"]).out);
    assert_eq!(run(&["help", "user", "add"]).out, run(&["user", "create", "--help"]).out);
    assert!(run(&["help", "exit-codes"]).out.contains("  124  the time to wait ran out\n"));
    assert_eq!(run(&["help", "nonsense"]).code, Some(2));
    for (typed, meant) in [("exit-code", "exit-codes"), ("tasks", "task")] {
        let ran = run(&["help", typed]);
        assert!(ran.err.contains(&format!("did you mean `{meant}`?")), "{ran:?}");
    }
}

#[test]
fn slips_get_suggestions_and_beginnings_are_no_commands() {
    for (typed, meant) in [
        (&["taks", "ls"][..], "task"),
        (&["task", "submitt"], "submit"),
        (&["context", "ad"], "add"),
        (&["task", "ls", "--statu", "failed"], "--status"),
        (&["task", "ls", "-o", "jsn"], "json"),
    ] {
        let ran = run(typed);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{typed:?}: {ran:?}");
        assert!(ran.err.contains("similar") && ran.err.contains(meant), "{typed:?}: {ran:?}");
    }
    for one in walk().iter().filter(|one| one.words.len() == 2 && one.words[1].len() > 2) {
        let verb = &one.words[1];
        let cut = &verb[..verb.len() - 1];
        if run(&[&one.words[0], "--help"]).out.contains(&format!("  {cut} ")) {
            continue;
        }
        assert_eq!(run(&[&one.words[0], cut]).code, Some(2), "{:?}", one.words);
    }
}
