//! Reads the text format of Prometheus, as far as our own recorder writes it. Lines it cannot read are passed over.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    /// Its quantiles cannot be added up and are left out.
    Summary,
    Untyped,
}

/// A metric with all its series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) kind: Kind,
    pub(super) help: String,
}

/// One line of a family: its labels in order, without `le`, and which of the lines with these labels it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series {
    labels: String,
    part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Value,
    Bucket(Bound),
    Sum,
    Count,
}

/// The upper end of a bucket, as it was written; ordered as a number.
#[derive(Clone, Debug)]
struct Bound(String, f64);

/// What a text says.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) families: HashMap<String, Family>,
    /// The family, the series, and its value, which is finite.
    pub(super) values: Vec<(String, Series, f64)>,
}

/// Of lines that no comment announces.
pub(super) static UNTYPED: Family = Family { kind: Kind::Untyped, help: String::new() };

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "summary" => Kind::Summary,
            "untyped" => Kind::Untyped,
            _ => return None,
        })
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
            Kind::Untyped => "untyped",
        }
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.total_cmp(&other.1)
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Bound {}

impl Series {
    /// Writes the line of this series of `family`.
    pub(super) fn write(&self, family: &str, value: f64, out: &mut impl fmt::Write) -> fmt::Result {
        let (suffix, bound) = match &self.part {
            Part::Value => ("", None),
            Part::Bucket(Bound(bound, _)) => ("_bucket", Some(format!("le=\"{bound}\""))),
            Part::Sum => ("_sum", None),
            Part::Count => ("_count", None),
        };
        let labels = [self.labels.as_str(), bound.as_deref().unwrap_or_default()];
        let labels = labels.into_iter().filter(|labels| !labels.is_empty()).collect::<Vec<_>>().join(",");
        match labels.as_str() {
            "" => writeln!(out, "{family}{suffix} {value}"),
            labels => writeln!(out, "{family}{suffix}{{{labels}}} {value}"),
        }
    }
}

/// Reads whole lines: the rest of a text that was cut off may look like a smaller number.
pub(super) fn read(text: &str) -> Text {
    let mut read = Text::default();
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        match line.trim().strip_prefix('#') {
            Some(comment) => read.comment(comment.trim_start()),
            None => read.values.extend(value(line.trim(), &read.families)),
        }
    }
    read
}

impl Text {
    fn comment(&mut self, comment: &str) {
        let mut words = comment.splitn(3, ' ');
        let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        match what {
            "HELP" if is_name(name) => {
                self.families.entry(name.to_owned()).or_insert_with(|| UNTYPED.clone()).help =
                    rest.to_owned();
            }
            "TYPE" if is_name(name) => {
                if let Some(kind) = Kind::parse(rest.trim()) {
                    self.families.entry(name.to_owned()).or_insert_with(|| UNTYPED.clone()).kind = kind;
                }
            }
            _ => {}
        }
    }
}

fn value(line: &str, families: &HashMap<String, Family>) -> Option<(String, Series, f64)> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // What may follow the number is a time, and of no use in a sum.
    let value = rest.split_whitespace().next()?.parse::<f64>().ok().filter(|value| value.is_finite())?;
    let (family, kind, suffix) = family_of(name, families)?;
    let bound = labels.iter().find_map(|(name, value)| (*name == "le").then_some(*value));
    let part = match (kind, suffix) {
        (Kind::Histogram, "_bucket") => bucket(bound?)?,
        (Kind::Histogram | Kind::Summary, "_sum") => Part::Sum,
        (Kind::Histogram | Kind::Summary, "_count") => Part::Count,
        (Kind::Counter | Kind::Gauge | Kind::Untyped, "") => Part::Value,
        _ => return None,
    };
    let series = Series { labels: joined(labels, &part), part };
    Some((family.to_owned(), series, value))
}

/// The order in which labels are written means nothing.
fn joined(mut labels: Vec<(&str, &str)>, part: &Part) -> String {
    labels.retain(|(name, _)| *name != "le" || !matches!(part, Part::Bucket(_)));
    labels.sort_unstable();
    labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(",")
}

fn bucket(bound: &str) -> Option<Part> {
    let number = bound.parse::<f64>().ok().filter(|number| !number.is_nan())?;
    Some(Part::Bucket(Bound(bound.to_owned(), number)))
}

/// The family that a line belongs to, what that is, and what its name has beyond that of the family.
fn family_of<'a>(name: &'a str, families: &HashMap<String, Family>) -> Option<(&'a str, Kind, &'static str)> {
    let kind_of = |name: &str| families.get(name).map(|family| family.kind);
    if let Some(kind) = kind_of(name) {
        return Some((name, kind, ""));
    }
    let parts = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| {
        let family = name.strip_suffix(suffix)?;
        let kind = kind_of(family).filter(|kind| matches!(kind, Kind::Histogram | Kind::Summary))?;
        Some((family, kind, suffix))
    });
    parts.or_else(|| is_name(name).then_some((name, Kind::Untyped, "")))
}

/// `name="value",…}` and what follows. Values stay escaped as they are.
fn labels(mut rest: &str) -> Option<(Vec<(&str, &str)>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((found, rest));
        }
        let (name, after) =
            rest.split_once("=\"").filter(|(name, _)| is_name(name) && !name.contains(':'))?;
        let end = closing_quote(after)?;
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        found.push((name, &after[..end]));
        rest = after[end + 1..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}
