//! Webhooks, as they are typed and printed, and what a receiver on this host gets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::fleet::{Fleet, until};
use crate::schedules::words;

#[test]
fn webhooks_are_made_shown_tested_and_removed() {
    let fleet = Fleet::start(&[]);
    the_guide_works_as_it_stands(&fleet);
    one_is_shown_in_every_form(&fleet);
    a_receiver_on_this_host_is_told(&fleet);
}

fn the_guide_works_as_it_stands(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Webhooks\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 5);
    for line in lines {
        let words = words(line);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        fleet.fine(&arguments);
    }
    assert_eq!(fleet.fine(&["webhook", "ls", "-o", "name"]), "");
}

fn one_is_shown_in_every_form(fleet: &Fleet) {
    let url = ["--to", "https://hooks.example/baton"];
    let made = fleet.fine(&[&["webhook", "add", "ops"][..], &url, &["--status", "failed"]].concat());
    for line in
        ["webhook   ops\n", "state     active\n", "queues    all\n", "statuses  failed\n", "secret    whsec_"]
    {
        assert!(made.contains(line), "{line}: {made}");
    }
    assert!(!fleet.fine(&["webhook", "get", "ops"]).contains("whsec_"));
    let again = fleet.run(&[&["webhook", "add", "ops"][..], &url].concat());
    assert!(again.code == Some(1) && again.err.contains("baton webhook set"), "{again:?}");
    let changed = fleet.fine(&["webhook", "set", "ops", "--queue", "img-*", "--description", "of images"]);
    for line in [
        "queues    img-*\n",
        "statuses  failed\n",
        "url       https://hooks.example/baton\n",
        "about     of images\n",
    ] {
        assert!(changed.contains(line), "{line}: {changed}");
    }
    assert!(fleet.fine(&["webhook", "pause", "ops"]).contains("state     paused\n"));
    let table = fleet.fine(&["webhook", "ls"]);
    assert!(table.starts_with("WEBHOOK") && table.contains("paused"), "{table}");
    let line: Value = serde_json::from_str(&fleet.fine(&["webhook", "ls", "--json"])).unwrap();
    assert_eq!((&line["name"], &line["state"]), (&"ops".into(), &"paused".into()));
    assert!(fleet.fine(&["webhook", "resume", "ops"]).contains("state     active\n"));
    assert!(fleet.fine(&["webhook", "rotate", "ops"]).contains("secret    whsec_"));
    assert_eq!(fleet.run(&["webhook", "set", "ops", "--to", "file:///etc/passwd"]).code, Some(2));
    assert_eq!(fleet.run(&["webhook", "set", "ops", "--status", "done"]).code, Some(2));
    fleet.fine(&["webhook", "rm", "ops"]);
    assert_eq!(fleet.run(&["webhook", "get", "ops"]).code, Some(3));
}

/// Answers each request of a thread of its own with 204, and says its path.
fn receiver() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut line = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            lines.read_line(&mut line).unwrap();
            let mut rest = String::new();
            while lines.read_line(&mut rest).unwrap() > 2 {
                rest.clear();
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    (base, told)
}

fn a_receiver_on_this_host_is_told(fleet: &Fleet) {
    let (base, told) = receiver();
    fleet.fine(&["webhook", "add", "here", "--to", &format!("{base}/here")]);
    let tested = fleet.fine(&["webhook", "test", "here"]);
    assert!(tested.starts_with("delivered: 204 after "), "{tested}");
    assert!(told.recv().unwrap().starts_with("POST /here "));
    fleet.fine(&["task", "submit", "echo", "--payload", "7", "--wait"]);
    assert!(told.recv().unwrap().starts_with("POST /here "));
    until("it is noted", || fleet.fine(&["webhook", "deliveries", "here"]).contains("delivered"));
    fleet.fine(&["webhook", "set", "here", "--to", "http://127.0.0.1:1/"]);
    let tested = fleet.run(&["webhook", "test", "here"]);
    assert!(tested.code == Some(1) && tested.out.starts_with("not delivered: no answer"), "{tested:?}");
    fleet.fine(&["webhook", "rm", "here"]);
}
