//! Charts, drawn as SVG. Shapes are stretched to the width there is; words stand beside them as text, so that they stay
//! readable at every width. Colours are classes, so that themes work; and each chart can be read as a table.

mod area;

use std::fmt::Write;

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::Timestamp;
use baton_api::series::{Point, SeriesAnswer};
use baton_core::series::Metric;

use crate::words;

/// The drawing, in units of its own.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;

/// Which times a chart shows.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from_ms: u64,
    pub to_ms: u64,
    pub step_ms: u64,
}

/// Values of one kind, one for each step of time.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: &'static str,
    /// As the style sheet knows it.
    pub class: &'static str,
    pub values: Vec<Option<u64>>,
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Tasks,
    Ms,
}

impl Unit {
    fn write(self, value: u64) -> String {
        match self {
            Unit::Tasks => words::grouped(value),
            Unit::Ms => words::took(value),
        }
    }
}

/// One path of the drawing.
#[derive(Clone, Debug)]
struct Shape {
    class: String,
    path: String,
}

#[derive(Clone, Debug)]
struct Named {
    name: &'static str,
    class: &'static str,
    value: String,
}

/// A drawn chart.
#[derive(Clone, Debug, Template)]
#[template(path = "chart.html")]
pub struct Chart {
    id: &'static str,
    title: &'static str,
    description: String,
    shapes: Vec<Shape>,
    legend: Vec<Named>,
    /// What the legend says is of the latest time only.
    latest: bool,
    /// Times that are marked: places from the left.
    marks: Vec<u64>,
    /// From the top to the bottom.
    heights: Vec<String>,
    /// From the left to the right.
    times: Vec<String>,
    /// What there is at times when there was anything, and when that was.
    table: Vec<(String, Vec<String>)>,
    empty: bool,
}

impl HtmlSafe for Chart {}

impl Chart {
    /// Columns that stand on each other: how many of what.
    pub fn columns(id: &'static str, title: &'static str, span: Span, rows: &[Row]) -> Chart {
        let most = ceiling(tallest(rows));
        let shapes = stacked(rows, most);
        let sums = rows.iter().map(|row| row.values.iter().flatten().sum::<u64>());
        let legend = named(rows, sums.map(|sum| Unit::Tasks.write(sum)));
        Chart::new(id, title, span, Unit::Tasks, rows, most, shapes, legend)
    }

    /// Areas that stand on each other: how many there were of what, and are now.
    pub fn areas(id: &'static str, title: &'static str, span: Span, rows: &[Row]) -> Chart {
        let most = ceiling(tallest(rows));
        let now = rows.iter().map(|row| row.values.iter().rev().find_map(|value| *value));
        let legend =
            named(rows, now.map(|now| now.map_or_else(|| "–".to_owned(), |now| Unit::Tasks.write(now))));
        Chart::new(id, title, span, Unit::Tasks, rows, most, area::piled(rows, most), legend)
    }

    /// Lines: how many there were of what.
    pub fn counts(id: &'static str, title: &'static str, span: Span, rows: &[Row]) -> Chart {
        let sums = rows.iter().map(|row| Unit::Tasks.write(row.values.iter().flatten().sum()));
        let legend = named(rows, sums);
        Chart::drawn(id, title, span, Unit::Tasks, rows, legend)
    }

    /// Lines: how long things took.
    pub fn lines(id: &'static str, title: &'static str, span: Span, rows: &[Row]) -> Chart {
        let last = rows.iter().map(|row| row.values.iter().rev().find_map(|value| *value));
        let legend = named(
            rows,
            last.map(|value| value.map_or_else(|| "–".to_owned(), |value| Unit::Ms.write(value))),
        );
        Chart { latest: true, ..Chart::drawn(id, title, span, Unit::Ms, rows, legend) }
    }

    fn drawn(
        id: &'static str,
        title: &'static str,
        span: Span,
        unit: Unit,
        rows: &[Row],
        legend: Vec<Named>,
    ) -> Chart {
        let most = ceiling(
            rows.iter().flat_map(|row| row.values.iter().flatten()).copied().max().unwrap_or_default(),
        );
        let shape = |row: &Row| Shape { class: format!("line {}", row.class), path: line(&row.values, most) };
        let shapes = rows.iter().map(shape).collect();
        Chart::new(id, title, span, unit, rows, most, shapes, legend)
    }

    /// With a line at each of these times.
    pub fn marked(mut self, answer: &SeriesAnswer, marks: &[Timestamp]) -> Chart {
        let (from, to) = (answer.from.ms(), answer.to.ms());
        let place = |at: &Timestamp| {
            at.ms().saturating_sub(from).saturating_mul(WIDTH as u64) / to.saturating_sub(from).max(1)
        };
        self.marks = marks.iter().map(place).filter(|place| *place <= WIDTH as u64).collect();
        self
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the two ways to draw share all of it, and nobody else calls it"
    )]
    fn new(
        id: &'static str,
        title: &'static str,
        span: Span,
        unit: Unit,
        rows: &[Row],
        most: u64,
        shapes: Vec<Shape>,
        legend: Vec<Named>,
    ) -> Chart {
        let long_ms = span.to_ms.saturating_sub(span.from_ms);
        let at = |ms: u64| Timestamp::from_ms(span.from_ms + ms);
        let steps = steps(rows);
        let value = |row: &Row, step: usize| row.values.get(step).copied().flatten();
        let busy =
            (0..steps).filter(|step| rows.iter().any(|row| value(row, *step).is_some_and(|value| value > 0)));
        let table: Vec<(String, Vec<String>)> = busy
            .map(|step| {
                let each = rows
                    .iter()
                    .map(|row| value(row, step).map_or_else(|| "–".to_owned(), |value| unit.write(value)));
                (words::day_and_time(at(step as u64 * span.step_ms)), each.collect())
            })
            .collect();
        let said: Vec<String> =
            legend.iter().map(|named| format!("{} {}", named.name, named.value)).collect();
        Chart {
            id,
            title,
            description: format!(
                "From {} to {} UTC, by {}: {}.",
                words::day_and_time(at(0)),
                words::day_and_time(at(long_ms)),
                words::took(span.step_ms),
                said.join(", ")
            ),
            shapes,
            legend,
            latest: false,
            marks: Vec::new(),
            heights: [most, most / 2, 0].map(|value| unit.write(value)).to_vec(),
            times: (0..5).map(|quarter| words::tick(at(long_ms / 4 * quarter), long_ms)).collect(),
            empty: table.is_empty(),
            table,
        }
    }
}

/// A chart without words, for a row of a table.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = "<svg class=\"spark\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" width=\"96\" height=\"16\" role=\"img\" aria-label=\"{{ about }}\">{% for shape in shapes %}<path class=\"{{ shape.class }}\" d=\"{{ shape.path }}\"/>{% endfor %}</svg>"
)]
pub struct Spark {
    about: String,
    shapes: Vec<Shape>,
}

impl HtmlSafe for Spark {}

/// What was completed and what failed, step by step.
pub fn spark(answer: &SeriesAnswer) -> Spark {
    let rows = [counted(answer, Metric::Completed, "completed"), counted(answer, Metric::Failed, "failed")];
    let sum = |row: &Row| words::grouped(row.values.iter().flatten().sum::<u64>());
    let span = words::took(answer.to.ms().saturating_sub(answer.from.ms()));
    let about = format!("In {span}: {} completed, {} failed", sum(&rows[0]), sum(&rows[1]));
    Spark { about, shapes: stacked(&rows, tallest(&rows)) }
}

/// How often something failed in each hour of a day.
fn failed(last_day: &[u64]) -> Row {
    Row { name: "failed", class: "failed", values: last_day.iter().copied().map(Some).collect() }
}

/// The same without words; none where nothing is told.
pub fn failures_spark(last_day: &[u64]) -> Option<Spark> {
    let rows = [failed(last_day)];
    let about = format!("In a day: {} failed", words::grouped(last_day.iter().sum::<u64>()));
    (!last_day.is_empty()).then(|| Spark { about, shapes: stacked(&rows, tallest(&rows)) })
}

/// How often something failed in each hour of the day that `now` is at the end of; none where nothing is told.
pub fn failures(last_day: &[u64], now: Timestamp) -> Option<Chart> {
    const HOUR_MS: u64 = 3_600_000;
    let to_ms = now.ms() - now.ms() % HOUR_MS + HOUR_MS;
    let from_ms = to_ms.saturating_sub(last_day.len() as u64 * HOUR_MS);
    let span = Span { from_ms, to_ms, step_ms: HOUR_MS };
    let chart = || Chart::columns("failures", "Seen in the last 24 hours", span, &[failed(last_day)]);
    (!last_day.is_empty()).then(chart)
}

fn named(rows: &[Row], values: impl Iterator<Item = String>) -> Vec<Named> {
    rows.iter().zip(values).map(|(row, value)| Named { name: row.name, class: row.class, value }).collect()
}

fn steps(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.values.len()).max().unwrap_or_default()
}

fn at(row: &Row, step: usize) -> u64 {
    row.values.get(step).copied().flatten().unwrap_or_default()
}

/// What the columns of one step are together, where that is most.
fn tallest(rows: &[Row]) -> u64 {
    (0..steps(rows)).map(|step| rows.iter().map(|row| at(row, step)).sum()).max().unwrap_or_default()
}

/// Columns that stand on each other.
fn stacked(rows: &[Row], most: u64) -> Vec<Shape> {
    let steps = steps(rows);
    let mut floor = vec![0; steps];
    let draw = |row: &Row| {
        let mut path = String::new();
        for (step, below) in floor.iter_mut().enumerate() {
            column(&mut path, (step, steps), (*below, at(row, step)), most);
            *below += at(row, step);
        }
        Shape { class: format!("column {}", row.class), path }
    };
    rows.iter().map(draw).collect()
}

/// A round number that is not smaller, and can be halved.
fn ceiling(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [2, 4, 6, 10] {
            if most <= unit.saturating_mul(step) {
                return unit.saturating_mul(step);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn height(value: u64, most: u64) -> f64 {
    HEIGHT - value as f64 / most.max(1) as f64 * HEIGHT
}

fn column(path: &mut String, (step, steps): (usize, usize), (below, value): (u64, u64), most: u64) {
    if value == 0 {
        return;
    }
    let wide = WIDTH / steps.max(1) as f64;
    let (left, right) = (step as f64 * wide + wide * 0.1, (step + 1) as f64 * wide - wide * 0.1);
    let (top, bottom) = (height(below + value, most), height(below, most));
    // Writing to a string does not fail.
    let _ = write!(path, "M{left:.1} {bottom:.2}V{top:.2}H{right:.1}V{bottom:.2}Z");
}

/// Where nothing was measured the line has a gap; a value alone is a short dash.
fn line(values: &[Option<u64>], most: u64) -> String {
    let wide = WIDTH / values.len().max(1) as f64;
    let (mut path, mut drawing) = (String::new(), false);
    for (step, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (middle, y) = ((step as f64 + 0.5) * wide, height(*value, most));
        let alone = !drawing && values.get(step + 1).copied().flatten().is_none();
        let _ = match (drawing, alone) {
            (_, true) => write!(path, "M{:.1} {y:.2}H{:.1}", middle - wide * 0.3, middle + wide * 0.3),
            (true, _) => write!(path, "L{middle:.1} {y:.2}"),
            (false, _) => write!(path, "M{middle:.1} {y:.2}"),
        };
        drawing = true;
    }
    path
}

/// The numbers of one metric, step by step.
fn each(answer: &SeriesAnswer, metric: Metric, value: impl Fn(&Point) -> Option<u64>) -> Vec<Option<u64>> {
    let series = answer.series.iter().find(|series| series.metric == metric);
    series.map(|series| series.points.iter().map(value).collect()).unwrap_or_default()
}

fn span(answer: &SeriesAnswer) -> Span {
    Span { from_ms: answer.from.ms(), to_ms: answer.to.ms(), step_ms: answer.step_ms }
}

/// How often something happened, step by step.
fn counted(answer: &SeriesAnswer, metric: Metric, name: &'static str) -> Row {
    Row { name, class: name, values: each(answer, metric, |point| Some(point.count)) }
}

/// The ends that a task can come to.
fn ends(answer: &SeriesAnswer) -> [Row; 4] {
    [
        counted(answer, Metric::Completed, "completed"),
        counted(answer, Metric::Failed, "failed"),
        counted(answer, Metric::Timeout, "timeout"),
        counted(answer, Metric::Cancelled, "cancelled"),
    ]
}

/// What ended, and how.
pub fn throughput(answer: &SeriesAnswer) -> Chart {
    Chart::columns("throughput", "Ended", span(answer), &ends(answer))
}

/// How many tasks came, and how many ended.
pub fn traffic(answer: &SeriesAnswer) -> Chart {
    let came = Row { name: "came", ..counted(answer, Metric::Submitted, "pending") };
    let ends = ends(answer);
    let ended = (0..steps(&ends)).map(|step| Some(ends.iter().map(|row| at(row, step)).sum())).collect();
    let ended = Row { name: "ended", class: "running", values: ended };
    Chart::counts("traffic", "Came and ended", span(answer), &[came, ended])
}

/// How many tasks a queue had in each status that a task leaves again.
pub fn depth(answer: &SeriesAnswer) -> Chart {
    let row = |(metric, name)| Row { name, class: name, values: known(answer, metric) };
    // From below: what is worked on, what waits for a worker, and what waits for something else.
    let rows = [
        (Metric::Running, "running"),
        (Metric::Pending, "pending"),
        (Metric::Scheduled, "scheduled"),
        (Metric::Blocked, "blocked"),
    ];
    Chart::areas("depth", "Depth", span(answer), &rows.map(row))
}

/// The numbers of a metric that is not known of every step.
fn known(answer: &SeriesAnswer, metric: Metric) -> Vec<Option<u64>> {
    let span = span(answer);
    let steps = span.to_ms.saturating_sub(span.from_ms) / span.step_ms.max(1);
    let mut values = vec![None; steps as usize];
    let series = answer.series.iter().find(|series| series.metric == metric);
    for point in series.into_iter().flat_map(|series| &series.points) {
        let step = point.at.ms().saturating_sub(span.from_ms) / span.step_ms.max(1);
        values.get_mut(step as usize).into_iter().for_each(|value| *value = Some(point.count));
    }
    values
}

/// How long tasks waited and ran.
pub fn latency(answer: &SeriesAnswer) -> Chart {
    let p50 = |metric| each(answer, metric, |point| point.measured.p50_ms);
    let p95 = |metric| each(answer, metric, |point| point.measured.p95_ms);
    let rows = [
        Row { name: "wait p50", class: "pending", values: p50(Metric::Wait) },
        Row { name: "wait p95", class: "pending high", values: p95(Metric::Wait) },
        Row { name: "run p50", class: "running", values: p50(Metric::Run) },
        Row { name: "run p95", class: "running high", values: p95(Metric::Run) },
    ];
    Chart::lines("latency", "Waited and ran", span(answer), &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span { from_ms: 0, to_ms: 3_600_000, step_ms: 900_000 };

    fn row(values: &[u64]) -> Row {
        Row { name: "completed", class: "completed", values: values.iter().copied().map(Some).collect() }
    }

    #[test]
    fn the_ceiling_is_round_and_has_a_half() {
        for (most, round) in
            [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (61, 100), (999, 1_000), (1_001, 2_000)]
        {
            assert_eq!(ceiling(most), round, "{most}");
        }
        assert!(ceiling(u64::MAX) >= u64::MAX - 1);
    }

    #[test]
    fn columns_stand_on_each_other() {
        let chart = Chart::columns("c", "Ended", SPAN, &[row(&[1, 0, 2, 0]), row(&[1, 0, 0, 0])]);
        assert_eq!(chart.shapes[0].path, "M25.0 100.00V50.00H225.0V100.00ZM525.0 100.00V0.00H725.0V100.00Z");
        assert_eq!(chart.shapes[1].path, "M25.0 50.00V0.00H225.0V50.00Z");
        assert_eq!((chart.table.len(), chart.empty), (2, false));
        assert!(chart.description.contains("completed 3"), "{}", chart.description);
    }

    #[test]
    fn lines_have_gaps() {
        assert_eq!(line(&[Some(1), Some(2), None, Some(0)], 2), "M125.0 50.00L375.0 0.00M800.0 100.00H950.0");
    }

    #[test]
    fn a_spark_says_in_words_what_it_draws() {
        let point = |count: u64| format!(r#"{{"at":"1970-01-01T00:00:00Z","count":{count}}}"#);
        let text = format!(
            r#"{{"from":"1970-01-01T00:00:00Z","to":"1970-01-01T02:00:00Z","step_ms":3600000,"behind_ms":0,"series":[
                {{"metric":"completed","points":[{},{}]}},{{"metric":"failed","points":[{},{}]}}]}}"#,
            point(1),
            point(0),
            point(1),
            point(0)
        );
        let spark = spark(&serde_json::from_str(&text).unwrap());
        assert_eq!(spark.about.replace('\u{202f}', " "), "In 2 h: 1 completed, 1 failed");
        assert_eq!(spark.shapes[0].path, "M50.0 100.00V50.00H450.0V100.00Z");
        assert_eq!(spark.shapes[1].path, "M50.0 50.00V0.00H450.0V50.00Z");
        assert!(spark.to_string().contains("role=\"img\""));
    }

    #[test]
    fn a_chart_has_a_name_a_description_and_a_table() {
        let text = Chart::columns("c", "Ended", SPAN, &[row(&[5])]).to_string();
        for part in [
            "<title id=\"c-title\">Ended",
            "<desc id=\"c-desc\">",
            "<table",
            "aria-labelledby=\"c-title c-desc\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let none = Chart::lines("c", "Ran", SPAN, &[]).to_string();
        assert!(none.contains("Nothing") && !none.contains("<table"), "{none}");
    }
}
