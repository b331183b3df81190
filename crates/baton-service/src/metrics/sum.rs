//! Metrics of several processes as if they were one: what a supervisor answers for its workers.
//!
//! A source is one life of a process, so its counters only grow, and one that seems to shrink is a text that was
//! damaged on its way. Counters and histograms of a source stay in the sum when it has ended: they count what has
//! happened. Gauges say what is, and count while their source lives. Two kinds say the same in each process and are not
//! added up: `…_info`, and `baton_fleet_…`, which is read out of Redis; the largest of them stands.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::text::{self, Family, Kind, Series, Text, UNTYPED};

/// Family and series to value. In order, so that a family's lines stand together.
type Book = BTreeMap<String, BTreeMap<Series, f64>>;

/// Adds up texts of Prometheus.
#[derive(Debug, Default)]
pub struct Sum {
    families: BTreeMap<String, Family>,
    live: BTreeMap<u64, Book>,
    /// Counters and histograms of sources that have ended.
    ended: Book,
}

/// How the values of one series make one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Added up, for ever.
    Count,
    /// Added up over what lives.
    Level,
    /// The same everywhere.
    Same,
}

impl Rule {
    fn of(name: &str, kind: Kind) -> Self {
        match kind {
            _ if name.starts_with("baton_fleet_") || name.ends_with("_info") => Rule::Same,
            Kind::Counter | Kind::Histogram | Kind::Summary => Rule::Count,
            Kind::Gauge | Kind::Untyped => Rule::Level,
        }
    }

    fn join(self, one: f64, other: f64) -> f64 {
        match self {
            Rule::Count | Rule::Level => one + other,
            Rule::Same => one.max(other),
        }
    }
}

impl Sum {
    pub fn new() -> Self {
        Self::default()
    }

    /// The newest text of a source, in place of the one before.
    pub fn take(&mut self, source: u64, text: &str) {
        let Text { families, values } = text::read(text);
        let book = self.live.entry(source).or_default();
        let known = &mut self.families;
        book.retain(|name, _| rule(known, name) == Rule::Count);
        for (name, series, value) in values {
            let told = families.get(&name).unwrap_or(&UNTYPED);
            // One name of two kinds makes no sum: the first stays.
            if known.entry(name.clone()).or_insert_with(|| told.clone()).kind != told.kind {
                continue;
            }
            let rule = rule(known, &name);
            let newest = book.entry(name).or_default().entry(series).or_insert(value);
            *newest = if rule == Rule::Count { newest.max(value) } else { value };
        }
    }

    /// The source has ended and will say no more.
    pub fn end(&mut self, source: u64) {
        let mut book = self.live.remove(&source).unwrap_or_default();
        book.retain(|name, _| rule(&self.families, name) == Rule::Count);
        add(&mut self.ended, &book, &self.families);
    }

    /// The sum, with what this process says itself in `own`, as Prometheus text.
    pub fn render(&self, own: &str) -> String {
        // This process is one more source, which is about to be forgotten.
        let mut all = Sum { families: self.families.clone(), ..Self::default() };
        all.take(0, own);
        let mut sum = self.ended.clone();
        for book in self.live.values().chain(all.live.values()) {
            add(&mut sum, book, &all.families);
        }
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = write(&all.families, &sum, &mut out);
        out
    }
}

fn rule(families: &BTreeMap<String, Family>, name: &str) -> Rule {
    Rule::of(name, families.get(name).map_or(Kind::Untyped, |family| family.kind))
}

fn add(sum: &mut Book, more: &Book, families: &BTreeMap<String, Family>) {
    for (name, values) in more {
        let rule = rule(families, name);
        let sums = sum.entry(name.clone()).or_default();
        for (series, value) in values {
            match sums.get_mut(series) {
                Some(sum) => *sum = rule.join(*sum, *value),
                None => drop(sums.insert(series.clone(), *value)),
            }
        }
    }
}

fn write(families: &BTreeMap<String, Family>, sum: &Book, out: &mut String) -> fmt::Result {
    for (name, values) in sum.iter().filter(|(_, values)| !values.is_empty()) {
        let Family { kind, help } = families.get(name).unwrap_or(&UNTYPED);
        if !help.is_empty() {
            writeln!(out, "# HELP {name} {help}")?;
        }
        writeln!(out, "# TYPE {name} {}", kind.as_str())?;
        for (series, value) in values {
            series.write(name, *value, out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::super::{METRICS, Type, build_info, recorder};
    use super::*;

    const WORKER: &str = r#"# HELP runs_total Runs.
# TYPE runs_total counter
runs_total{outcome="completed",kind="a \"}\\"} 3
# TYPE slots gauge
slots{state="idle"} 2
# TYPE wait_seconds histogram
wait_seconds_bucket{queue="a",le="0.5"} 1
wait_seconds_bucket{queue="a",le="10"} 2
wait_seconds_bucket{queue="a",le="+Inf"} 2
wait_seconds_sum{queue="a"} 1.25
wait_seconds_count{queue="a"} 2
"#;

    /// The lines that are no comments.
    fn lines(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    fn value(text: &str, start: &str) -> Option<f64> {
        let line = lines(text).into_iter().find(|line| line.starts_with(start))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn counters_and_histograms_stay_when_their_source_ends_and_gauges_do_not() {
        let mut sum = Sum::new();
        sum.take(1, WORKER);
        sum.take(2, WORKER);
        sum.take(2, &WORKER.replace("} 3", "} 7"));
        let own = "# TYPE slots gauge\nslots{state=\"idle\"} 0.5\n";
        let doubled = [
            r#"runs_total{kind="a \"}\\",outcome="completed"} 10"#,
            r#"slots{state="idle"} 4.5"#,
            r#"wait_seconds_bucket{queue="a",le="0.5"} 2"#,
            r#"wait_seconds_bucket{queue="a",le="10"} 4"#,
            r#"wait_seconds_bucket{queue="a",le="+Inf"} 4"#,
            r#"wait_seconds_sum{queue="a"} 2.5"#,
            r#"wait_seconds_count{queue="a"} 4"#,
        ];
        assert_eq!(lines(&sum.render(own)), doubled);
        sum.end(2);
        let after = sum.render(own);
        assert_eq!(value(&after, "slots"), Some(2.5));
        let counted = |lines: &[&str]| lines.iter().filter(|line| !line.starts_with("slots")).count();
        assert_eq!(counted(&lines(&after)), counted(&doubled));
        sum.end(1);
        sum.end(1);
        let after = sum.render("");
        assert_eq!(lines(&after), [&doubled[..1], &doubled[2..]].concat());
        assert_eq!(after.matches("# TYPE runs_total counter\n").count(), 1);
        assert_eq!(after.matches("# HELP runs_total Runs.\n").count(), 1);
    }

    #[test]
    fn what_every_process_says_alike_is_not_added_up() {
        let text = "# TYPE baton_build_info gauge\nbaton_build_info{version=\"1\"} 1\n\
                    # TYPE baton_fleet_slots gauge\nbaton_fleet_slots 8\n";
        let mut sum = Sum::new();
        (1..=3).for_each(|source| sum.take(source, text));
        assert_eq!(lines(&sum.render(text)), [r#"baton_build_info{version="1"} 1"#, "baton_fleet_slots 8"]);
        (1..=3).for_each(|source| sum.end(source));
        assert_eq!(sum.render(""), "");
    }

    #[test]
    fn the_order_of_labels_means_nothing() {
        let mut sum = Sum::new();
        sum.take(1, "x{a=\"1\",b=\"2\"} 1\n");
        sum.take(2, "x{ b=\"2\", a=\"1\", } 2 1700000000000\n");
        assert_eq!(lines(&sum.render("x 4\n")), ["x 4", r#"x{a="1",b="2"} 3"#]);
    }

    #[test]
    fn a_text_that_was_cut_off_or_makes_no_sense_changes_no_count() {
        for end in (0..WORKER.len()).filter(|end| WORKER.is_char_boundary(*end)) {
            let mut sum = Sum::new();
            sum.take(1, WORKER);
            sum.take(1, &WORKER[..end]);
            sum.end(1);
            assert_eq!(value(&sum.render(""), "runs_total"), Some(3.0), "{end}");
            assert_eq!(value(&sum.render(""), "wait_seconds_count"), Some(2.0), "{end}");
        }
        let mut sum = Sum::new();
        sum.take(1, WORKER);
        for garbage in [
            "runs_total{ 9\n",
            "runs_total{kind=\"a} 9\n",
            "runs_total{kind=\"a\" 9\n",
            "runs_total{kind=\"a\",kind=\"a\"} 9\n",
            "runs_total NaN\nruns_total +Inf\nruns_total\nruns_total x\n{} 3\n 3\n",
            "# TYPE slots counter\nslots 9\n",
            "# TYPE wait_seconds histogram\nwait_seconds 9\nwait_seconds_bucket 9\n",
            "# TYPE\n# TYPE slots\n# HELP slots\n#\n\u{0}\n9lives 9\n",
        ] {
            sum.take(2, garbage);
        }
        let mut alone = Sum::new();
        alone.take(1, WORKER);
        assert_eq!(sum.render(""), alone.render(""));
    }

    /// What our own recorder writes, of every metric there is.
    fn everything() -> String {
        let (recorder, metrics) = recorder();
        metrics::with_local_recorder(&recorder, || {
            for metric in METRICS {
                match metric.kind {
                    Type::Counter => metrics::counter!(metric.name, "way" => "a\n\"b\\").increment(1),
                    Type::Gauge => metrics::gauge!(metric.name).set(1.5),
                    Type::Histogram => metrics::histogram!(metric.name, "queue" => "a").record(0.2),
                }
            }
            build_info("1.2.3");
            metrics.render()
        })
    }

    #[test]
    fn nothing_of_our_own_is_lost_and_promtool_can_read_it() {
        let one = everything();
        let mut sum = Sum::new();
        (0..3).for_each(|source| sum.take(source, &one));
        sum.end(0);
        let text = sum.render(&one);
        let Text { families, values } = text::read(&text);
        let Text { families: announced, values: ones } = text::read(&one);
        assert_eq!((&families, values.len()), (&announced, ones.len()));
        for (name, series, value) in &values {
            let times = match Rule::of(name, families[name].kind) {
                Rule::Count => 4.0,
                Rule::Level => 3.0,
                Rule::Same => 1.0,
            };
            let (.., one) = ones.iter().find(|(other, of, _)| other == name && of == series).unwrap();
            assert!((value - times * one).abs() < 1e-9 * one.max(1.0), "{name} {series:?}: {value}");
        }
        for (name, family) in families {
            for comment in [format!("# HELP {name} {}\n", family.help), format!("# TYPE {name} ")] {
                assert_eq!(text.matches(&comment).count(), 1, "{comment}");
            }
        }
        promtool(&text);
    }

    fn promtool(text: &str) {
        let mut check = Command::new("promtool");
        check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut check =
            check.spawn().expect("there is no promtool on PATH; install it: apt-get install -y prometheus");
        check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = check.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    }
}
