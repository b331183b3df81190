//! What somebody typed into a form, on its way to a body of the interface. What cannot be read is said at its field; what can be
//! read and is wrong all the same, the interface says.

use std::collections::BTreeMap;

use baton_api::Json;
use baton_core::Code;
use baton_dashboard::sheet::Sheet;
use baton_service::config::Span;
use serde::Serialize;

use super::form::Form;
use crate::problem::Fail;

pub(super) struct Draft<'a> {
    form: &'a Form,
    /// What stands there if nobody types anything: what is still so is not sent.
    before: Option<&'a Sheet>,
    members: BTreeMap<&'static str, Json>,
    wrong: Vec<(&'static str, String)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(form: &'a Form) -> Draft<'a> {
        Draft { form, before: None, members: BTreeMap::new(), wrong: Vec::new() }
    }

    /// Of what there is already: only changes are sent.
    pub(super) fn of_changes(form: &'a Form, before: &'a Sheet) -> Draft<'a> {
        Draft { before: Some(before), ..Draft::new(form) }
    }

    /// A browser ends lines in its own way.
    pub(super) fn typed(&self, field: &str) -> String {
        self.form.get(field).replace("\r\n", "\n").trim().to_owned()
    }

    pub(super) fn is_changed(&self, field: &str) -> bool {
        self.before.is_none_or(|before| before.value(field).trim() != self.typed(field))
    }

    /// What is to be sent of a field: none where nothing is said, or nothing new.
    fn said(&self, field: &str) -> Option<String> {
        let typed = self.typed(field);
        (!typed.is_empty() && self.is_changed(field)).then_some(typed)
    }

    pub(super) fn put(&mut self, member: &'static str, value: &impl Serialize) {
        if let Ok(json) = Json::of(value) {
            self.members.insert(member, json);
        }
    }

    pub(super) fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.wrong.push((field, message.into()));
    }

    pub(super) fn text(&mut self, field: &'static str, member: &'static str) {
        if let Some(text) = self.said(field) {
            self.put(member, &text);
        }
    }

    /// Also if it is empty: the interface says what is wrong with that.
    pub(super) fn must_text(&mut self, field: &'static str, member: &'static str) {
        if self.is_changed(field) {
            self.put(member, &self.typed(field));
        }
    }

    pub(super) fn number(&mut self, field: &'static str, member: &'static str) {
        let Some(text) = self.said(field) else { return };
        match text.parse::<i64>() {
            Ok(number) => self.put(member, &number),
            Err(_) => self.wrong(field, "it is a whole number"),
        }
    }

    /// A length of time, of which the interface wants the ms.
    pub(super) fn length(&mut self, field: &'static str, member: &'static str) {
        let Some(text) = self.said(field) else { return };
        if let Some(ms) = self.ms(field, &text) {
            self.put(member, &ms);
        }
    }

    /// A number; emptied, there is to be none.
    pub(super) fn number_or_none(&mut self, field: &'static str, member: &'static str) {
        match self.typed(field).is_empty() && self.is_changed(field) {
            true => self.put(member, &()),
            false => self.number(field, member),
        }
    }

    /// A length of time; emptied, there is to be none.
    pub(super) fn length_or_none(&mut self, field: &'static str, member: &'static str) {
        match self.typed(field).is_empty() && self.is_changed(field) {
            true => self.put(member, &()),
            false => self.length(field, member),
        }
    }

    pub(super) fn ms(&mut self, field: &'static str, text: &str) -> Option<u64> {
        let span = text.parse::<Span>().map_err(|error| self.wrong(field, format!("failed to {error}")));
        span.ok().and_then(|span| u64::try_from(span.0.as_millis()).ok())
    }

    /// Words with commas between. Those that are taken away are gone.
    pub(super) fn list(&mut self, field: &'static str, member: &'static str) {
        let typed = self.typed(field);
        let words: Vec<&str> = typed.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        if self.is_changed(field) && (self.before.is_some() || !words.is_empty()) {
            self.put(member, &words);
        }
    }

    /// JSON as it was typed, byte for byte.
    pub(super) fn json(&mut self, field: &'static str, member: &'static str) {
        let typed = self.typed(field);
        if !self.is_changed(field) {
            return;
        }
        match Json::from_bytes(typed.as_bytes()) {
            Ok(json) => drop(self.members.insert(member, json)),
            Err(_) if typed.is_empty() && self.before.is_some() => {
                drop(self.members.insert(member, Json::null()))
            }
            Err(_) if typed.is_empty() => {}
            Err(error) => self.wrong(field, format!("failed to {error}")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.wrong.is_empty()
    }

    /// What is to be sent; unless something cannot be read, which is then said in the sheet.
    pub(super) fn body(self, sheet: &mut Sheet) -> Option<BTreeMap<&'static str, Json>> {
        if self.wrong.is_empty() {
            return Some(self.members);
        }
        self.wrong.into_iter().for_each(|(field, message)| sheet.blame(field, message));
        None
    }
}

/// What was typed into the form of something that there is, and what stood there before.
pub(super) fn retyped(now: &Sheet, typed: &Form) -> Sheet {
    let mut sheet = now.clone();
    sheet.fill(|name| typed.get(name));
    sheet.recall(|name| typed.get(&format!("was-{name}")));
    sheet
}

/// A change was refused: the status of the answer, and the version that the next one is meant for. Where somebody else was
/// faster, the form shows what there is now, and over it only what was changed.
pub(super) fn unchanged(
    sheet: &mut Sheet,
    fail: Fail,
    now: (&Sheet, u64),
    seen: String,
) -> Result<(u16, String), Fail> {
    let is_stale = fail.code == Code::StaleVersion;
    let status = refused(sheet, fail)?;
    if !is_stale {
        return Ok((status, seen));
    }
    sheet.catch_up(now.0);
    Ok((status, now.1.to_string()))
}

/// What the interface refused, told where it was typed; and the status of the answer. What no form can mend is a page of its
/// own.
pub(super) fn refused(sheet: &mut Sheet, fail: Fail) -> Result<u16, Fail> {
    if !matches!(fail.status().as_u16(), 400 | 403 | 404 | 409 | 412 | 413 | 422 | 503 | 507) {
        return Err(fail);
    }
    sheet.refuse(&fail.told());
    Ok(fail.status().as_u16())
}

#[cfg(test)]
mod tests {
    use baton_dashboard::sheet::Field;

    use super::*;

    fn form(text: &str) -> Form {
        Form::of_text(text.as_bytes()).unwrap()
    }

    fn sent(draft: Draft<'_>) -> String {
        let mut sheet = Sheet::default();
        serde_json::to_string(&draft.body(&mut sheet)).unwrap()
    }

    #[test]
    fn fields_become_members_and_empty_ones_none() {
        let form = form("kind=+echo&delay=90s&priority=7&tags=a,+b,,&payload=12345678901234567890&key=");
        let mut draft = Draft::new(&form);
        draft.must_text("kind", "kind");
        draft.length("delay", "delay_ms");
        draft.number("priority", "priority");
        draft.list("tags", "tags");
        draft.json("payload", "payload");
        draft.text("key", "key");
        assert_eq!(
            sent(draft),
            r#"{"delay_ms":90000,"kind":"echo","payload":12345678901234567890,"priority":7,"tags":["a","b"]}"#
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_and_nothing_is_sent() {
        let form = form("delay=soon&priority=high&payload=%7B%0D%0A+%22a%22:%7D");
        let mut draft = Draft::new(&form);
        draft.length("delay", "delay_ms");
        draft.number("priority", "priority");
        draft.json("payload", "payload");
        let mut sheet = Sheet::default().group("", [Field::new("payload", "/payload", "Payload")]);
        assert!(draft.body(&mut sheet).is_none());
        let text = sheet.to_string();
        assert!(text.contains("whole number") && text.contains("line 2 column"), "{text}");
    }

    #[test]
    fn only_changes_are_sent_of_what_there_is() {
        let mut before = Sheet::default()
            .group("", [Field::new("kind", "/kind", "Kind"), Field::new("tags", "/tags", "Tags")]);
        before.set("kind", "echo");
        before.set("tags", "a, b");
        let form = form("kind=echo&tags=");
        let mut draft = Draft::of_changes(&form, &before);
        draft.text("kind", "kind");
        draft.list("tags", "tags");
        assert_eq!(sent(draft), r#"{"tags":[]}"#);
    }
}
