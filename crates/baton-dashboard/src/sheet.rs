//! Forms with several fields: what is asked, what was typed, and what was wrong with it, next to what caused it.

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::Problem;

/// How a value is typed.
#[derive(Clone, Debug)]
pub enum Shape {
    Line,
    /// Several lines.
    Text,
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// Any, but these are known.
    Known(Vec<String>),
    /// Yes or no.
    Tick,
}

/// One thing that is asked.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: &'static str,
    label: &'static str,
    hint: &'static str,
    shape: Shape,
    /// Where the interface has it in its body.
    place: &'static str,
    must: bool,
    value: String,
    /// What stood there when the form was asked for; of something that is changed.
    was: Option<String>,
    wrong: Vec<String>,
}

/// A browser ends lines in its own way.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

impl Field {
    /// `place` is a JSON pointer.
    pub fn new(name: &'static str, place: &'static str, label: &'static str) -> Field {
        Field {
            name,
            label,
            hint: "",
            shape: Shape::Line,
            place,
            must: false,
            value: String::new(),
            was: None,
            wrong: Vec::new(),
        }
    }

    pub fn hint(self, hint: &'static str) -> Field {
        Field { hint, ..self }
    }

    pub fn shape(self, shape: Shape) -> Field {
        Field { shape, ..self }
    }

    /// Each value is its own word.
    pub fn choice(self, words: &[(&str, &str)]) -> Field {
        let words = words.iter().map(|(value, said)| ((*value).to_owned(), (*said).to_owned())).collect();
        self.shape(Shape::Choice(words))
    }

    pub fn text(self) -> Field {
        self.shape(Shape::Text)
    }

    pub fn must(self) -> Field {
        Field { must: true, ..self }
    }

    pub fn starts(self, value: impl Into<String>) -> Field {
        Field { value: value.into(), ..self }
    }

    fn is_broad(&self) -> bool {
        matches!(self.shape, Shape::Text)
    }

    /// Somebody else was faster: what was left alone is what it is now, and what both changed says so.
    fn catch_up(&mut self, now: &str) {
        let was = self.was.replace(now.to_owned()).unwrap_or_default();
        let [before, typed, after] = [was.as_str(), self.value.as_str(), now].map(plain);
        if typed == before {
            self.value = now.to_owned();
        } else if after != before && after != typed {
            self.wrong.push(match now {
                "" => "it is empty by now".to_owned(),
                _ if self.is_broad() => "it is another one by now".to_owned(),
                now => format!("it is {now} by now"),
            });
        }
    }

    fn is_ticked(&self) -> bool {
        !self.value.is_empty()
    }

    /// The elements that say more about it.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = (!self.wrong.is_empty()).then(|| format!("{}-wrong", self.name));
        [hint, wrong].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn lines(&self) -> usize {
        self.value.lines().count().clamp(4, 20)
    }
}

/// Fields in groups, each with its title.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "sheet.html")]
pub struct Sheet {
    groups: Vec<(&'static str, Vec<Field>)>,
    /// What is wrong and belongs to no field.
    refused: Vec<String>,
}

impl HtmlSafe for Sheet {}

impl Sheet {
    #[must_use]
    pub fn group(mut self, title: &'static str, fields: impl IntoIterator<Item = Field>) -> Sheet {
        self.groups.push((title, fields.into_iter().collect()));
        self
    }

    fn fields(&mut self) -> impl Iterator<Item = &mut Field> {
        self.groups.iter_mut().flat_map(|(_, fields)| fields)
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        let mut fields = self.groups.iter().flat_map(|(_, fields)| fields);
        fields.find(|field| field.name == name).map_or("", |field| &field.value)
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        if let Some(field) = self.fields().find(|field| field.name == name) {
            field.value = value.into();
        }
    }

    /// What somebody has typed, whatever it is.
    pub fn fill<'a>(&mut self, typed: impl Fn(&str) -> &'a str) {
        self.fields().for_each(|field| field.value = typed(field.name).to_owned());
    }

    /// Each field remembers what stands in it now, so that it shows later what was changed.
    #[must_use]
    pub fn begun(mut self) -> Sheet {
        self.fields().for_each(|field| field.was = Some(field.value.clone()));
        self
    }

    /// What stood in the fields before somebody typed.
    pub fn recall<'a>(&mut self, was: impl Fn(&str) -> &'a str) {
        self.fields().for_each(|field| field.was = Some(was(field.name).to_owned()));
    }

    /// Somebody else was faster: only what was changed is otherwise than it is now.
    pub fn catch_up(&mut self, now: &Sheet) {
        self.fields().for_each(|field| field.catch_up(now.value(field.name)));
    }

    /// What is wrong with one field.
    pub fn blame(&mut self, name: &str, message: impl Into<String>) {
        let message = message.into();
        let mut fields = self.groups.iter_mut().flat_map(|(_, fields)| fields);
        match fields.find(|field| field.name == name) {
            Some(field) => field.wrong.push(message),
            None => self.refused.push(message),
        }
    }

    /// What the interface says is wrong, each mistake at its field.
    pub fn refuse(&mut self, problem: &Problem) {
        let mut placed = 0;
        for error in &problem.errors {
            // What stands in a path is named without a slash.
            let pointer = format!("/{}", error.pointer.trim_start_matches('/'));
            let fits = |field: &&mut Field| {
                let rest = pointer.strip_prefix(field.place);
                !field.place.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let fields = self.groups.iter_mut().flat_map(|(_, fields)| fields);
            match fields.filter(fits).max_by_key(|field| field.place.len()) {
                Some(field) => {
                    field.wrong.push(error.message.clone());
                    placed += 1;
                }
                None => self.refused.push(format!("{} {}", error.pointer, error.message).trim().to_owned()),
            }
        }
        if placed == 0 && problem.errors.is_empty() {
            self.refused.push(problem.detail.clone());
        }
    }

    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
            || self.groups.iter().flat_map(|(_, fields)| fields).any(|field| !field.wrong.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet::default().group(
            "When",
            [
                Field::new("cron", "/cron", "Times").must(),
                Field::new("tags", "/tags", "Tags").hint("with commas between"),
                Field::new("fair", "/fair", "Turns").shape(Shape::Tick),
                Field::new("missed", "/missed", "Missed")
                    .choice(&[("skip", "left out"), ("all", "made up for")]),
            ],
        )
    }

    fn problem(errors: &str) -> Problem {
        let text = format!(
            r#"{{"type":"/problems/validation","title":"Validation","status":422,"detail":"It is so.","instance":"/x",
                "code":"validation","errors":{errors},"request_id":"r"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_mistake_stands_at_its_field_and_what_was_typed_stays() {
        let mut sheet = sheet();
        sheet.fill(|name| if name == "cron" { "\"><script>" } else { "" });
        sheet.refuse(&problem(
            r#"[{"pointer":"/cron","message":"no"},{"pointer":"/tags/1","message":"too long"},
                {"pointer":"/other","message":"odd"}]"#,
        ));
        let text = sheet.to_string();
        assert!(text.contains("value=\"&#34;&#62;&#60;script&#62;\""), "{text}");
        assert!(text.contains("id=\"cron-wrong\"") && text.contains("aria-invalid=\"true\""), "{text}");
        assert!(text.contains("aria-describedby=\"tags-hint tags-wrong\""), "{text}");
        assert!(text.contains("/other odd") && sheet.is_refused(), "{text}");
    }

    #[test]
    fn what_belongs_to_no_field_is_said_above_all() {
        let mut sheet = sheet();
        assert!(!sheet.is_refused());
        sheet.refuse(&problem("[]"));
        assert!(sheet.to_string().contains("role=\"alert\"") && sheet.to_string().contains("It is so."));
    }

    #[test]
    fn what_was_left_alone_is_what_it_is_by_now() {
        let typed = |cron: &str, tags: &str| {
            let mut sheet = sheet();
            sheet.set("cron", cron);
            sheet.set("tags", tags);
            sheet.set("missed", "skip");
            sheet
        };
        let mut sheet = typed("mine", "a");
        let was = typed("old", "a\r\n").begun();
        sheet.recall(|name| was.value(name));
        let mut now = typed("theirs", "b");
        now.set("fair", "on");
        sheet.catch_up(&now);
        assert_eq!(["cron", "tags", "fair"].map(|name| sheet.value(name)), ["mine", "b", "on"]);
        let text = sheet.to_string();
        assert!(text.contains("it is theirs by now") && !text.contains("it is b by now"), "{text}");
        assert!(text.contains("name=\"was-cron\" value=\"theirs\""), "{text}");
    }

    #[test]
    fn choices_and_ticks_show_what_they_are() {
        let mut sheet = sheet();
        sheet.set("missed", "all");
        sheet.set("fair", "on");
        let text = sheet.to_string();
        assert!(text.contains("<option value=\"all\" selected>made up for</option>"), "{text}");
        assert!(text.contains("name=\"fair\" value=\"on\" checked"), "{text}");
    }
}
