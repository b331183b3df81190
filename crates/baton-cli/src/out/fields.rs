//! `--fields a,b.c`: of everything that is printed only these members, under the names that the interface has for them.

use std::sync::{Mutex, PoisonError};

use serde_json::value::RawValue;

use super::raw::{Members, members};

/// What was asked for, and what of it has come by.
#[derive(Debug)]
pub(crate) struct Fields {
    paths: Vec<String>,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    rows: Vec<Vec<String>>,
    /// By field, whether anything had it.
    met: Vec<bool>,
    /// What the first thing had instead.
    known: Option<Vec<String>>,
}

impl Fields {
    pub(crate) fn new(paths: Vec<String>) -> Fields {
        let met = vec![false; paths.len()];
        Fields { paths, noted: Mutex::new(Noted { met, ..Noted::default() }) }
    }

    /// The members, in the order in which they were asked for. What is no object has none, and passes.
    pub(super) fn pick<'a>(&self, json: &'a str) -> Option<Members<'a>> {
        let all = members(json)?;
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.known.get_or_insert_with(|| all.0.iter().map(|(name, _)| name.clone()).collect());
        let mut picked = Vec::new();
        for (at, path) in self.paths.iter().enumerate() {
            if let Some(value) = find(json, path) {
                noted.met[at] = true;
                picked.push((path.clone(), value));
            }
        }
        Some(Members(picked))
    }

    /// A cell for each field; empty where there is no such member.
    pub(super) fn row(&self, json: &str) -> Vec<String> {
        let picked = self.pick(json).map(|members| members.0).unwrap_or_default();
        let cell = |path: &String| {
            let found = picked.iter().find(|(name, _)| name == path);
            found.map(|(_, value)| text(value)).unwrap_or_default()
        };
        self.paths.iter().map(cell).collect()
    }

    /// Rows are kept until their columns can be aligned.
    pub(super) fn keep(&self, row: Vec<String>) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).rows.push(row);
    }

    pub(super) fn kept(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner).rows)
    }

    pub(super) fn heads(&'static self) -> Vec<&'static str> {
        self.paths.iter().map(String::as_str).collect()
    }

    /// What nothing had, in words.
    pub(super) fn missed(&self) -> Option<String> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = noted.known.as_ref()?.join(", ");
        let missed = self.paths.iter().zip(&noted.met).filter(|(_, met)| !**met);
        let missed: Vec<&str> = missed.map(|(path, _)| path.as_str()).collect();
        (!missed.is_empty()).then(|| format!("nothing here has {}; there is {known}", missed.join(", ")))
    }
}

/// A name with dots is looked for as it stands first.
fn find<'a>(json: &'a str, path: &str) -> Option<&'a RawValue> {
    let members = members(json)?.0;
    let named = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    named(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        find(named(first)?.get(), rest)
    })
}

fn text(value: &RawValue) -> String {
    match value.get() {
        "null" => String::new(),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(paths: &[&str]) -> Fields {
        Fields::new(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    const TASK: &str =
        r#"{"id":"x","n":12345678901234567890,"payload":{"user":{"id":1.10}},"a.b":[1, 2],"z":null}"#;

    #[test]
    fn members_are_picked_as_they_stand_and_in_the_order_asked_for() {
        let picked = fields(&["payload.user.id", "n", "a.b", "nosuch"]);
        let json = serde_json::to_string(&picked.pick(TASK)).unwrap();
        assert_eq!(json, r#"{"payload.user.id":1.10,"n":12345678901234567890,"a.b":[1, 2]}"#);
        let missed = "nothing here has nosuch; there is id, n, payload, a.b, z";
        assert_eq!(picked.missed().as_deref(), Some(missed));
    }

    #[test]
    fn cells_are_texts() {
        let row = fields(&["id", "nosuch", "z", "payload"]).row(TASK);
        assert_eq!(row, ["x", "", "", r#"{"user":{"id":1.10}}"#]);
        assert_eq!(fields(&["id"]).row("7"), [""]);
    }

    #[test]
    fn nothing_is_missed_where_nothing_came() {
        assert_eq!(fields(&["id"]).missed(), None);
    }
}
