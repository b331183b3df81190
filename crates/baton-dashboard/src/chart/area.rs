//! Areas that stand on each other, in stairs: what is counted stays as it is until it changes.

use std::fmt::Write;

use super::{Row, Shape, WIDTH, at, height, steps};

/// One shape for each row, from below.
pub(super) fn piled(rows: &[Row], most: u64) -> Vec<Shape> {
    let steps = steps(rows);
    let mut floor = vec![0; steps];
    let draw = |row: &Row| {
        let tops: Vec<u64> = (0..).zip(&floor).map(|(step, below)| below + at(row, step)).collect();
        let (mut path, mut first) = (String::new(), 0);
        let stairs: Vec<Stair> = tops.iter().zip(&floor).map(|(top, floor)| (*top, *floor)).collect();
        for run in stairs.chunk_by(|one, other| (one.0 > one.1) == (other.0 > other.1)) {
            if run[0].0 > run[0].1 {
                around(&mut path, (first, steps), run, most);
            }
            first += run.len();
        }
        floor = tops;
        Shape { class: format!("column {}", row.class), path }
    };
    rows.iter().map(draw).collect()
}

/// Top and floor of one step.
type Stair = (u64, u64);

/// Along the tops from the left to the right, and back along the floor. Steps of the same height are one line.
fn around(path: &mut String, (first, steps): (usize, usize), run: &[Stair], most: u64) {
    let x = |step: usize| (first + step) as f64 * WIDTH / steps.max(1) as f64;
    let y = |value: u64| height(value, most);
    // Writing to a string does not fail.
    let (begin, end) = (run[0], run[run.len() - 1]);
    let mut turns = vec![(run.len(), end.1)];
    let inner = run.windows(2).enumerate();
    let tops = inner.clone().filter(|(_, two)| two[0].0 != two[1].0).map(|(at, two)| (at + 1, two[1].0));
    turns.splice(0..0, tops);
    turns.extend(inner.rev().filter(|(_, two)| two[0].1 != two[1].1).map(|(at, two)| (at + 1, two[0].1)));
    // Writing to a string does not fail.
    let _ = write!(path, "M{:.1} {:.2}V{:.2}", x(0), y(begin.1), y(begin.0));
    for (step, value) in turns {
        let _ = write!(path, "H{:.1}V{:.2}", x(step), y(value));
    }
    path.push('Z');
}

#[cfg(test)]
mod tests {
    use super::super::{Chart, Span};
    use super::*;

    const SPAN: Span = Span { from_ms: 0, to_ms: 3_600_000, step_ms: 900_000 };

    #[test]
    fn areas_stand_on_each_other_and_have_gaps() {
        let of = |values: [Option<u64>; 4]| Row { name: "pending", class: "pending", values: values.into() };
        let rows = [of([None, Some(1), Some(1), Some(0)]), of([None, Some(1), Some(3), Some(2)])];
        let chart = Chart::areas("c", "Depth", SPAN, &rows);
        assert_eq!(chart.shapes[0].path, "M250.0 100.00V75.00H750.0V100.00Z");
        assert_eq!(
            chart.shapes[1].path,
            "M250.0 75.00V50.00H500.0V0.00H750.0V50.00H1000.0V100.00H750.0V75.00Z"
        );
        // What counts is how many there are now, not how many there were in all.
        assert!(chart.description.contains("pending 0, pending 2"), "{}", chart.description);
        assert_eq!(chart.table.len(), 3);
    }
}
