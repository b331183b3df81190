//! The refresh tokens of a session, drawn as a chain: one knot for each generation, with what came of those that were presented
//! more than once. Whoever cannot see it reads the same in its description, and in the table below it.

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::auth::{CameAgain, Family};

use crate::words;

/// The latest generations that are drawn; those that came again are drawn besides, as many again.
const KNOTS: u64 = 10;

/// From knot to knot.
const STEP: u64 = 56;

/// One generation, or the place where some are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Knot {
    x: u64,
    /// As the style sheet knows it.
    class: &'static str,
    /// Below it; empty where generations are left out.
    number: String,
    /// Above it: how often it came again.
    again: String,
    title: String,
}

/// The drawing.
#[derive(Clone, Debug, Template)]
#[template(path = "chain.html")]
pub struct Chain {
    knots: Vec<Knot>,
    width: u64,
    description: String,
}

impl HtmlSafe for Chain {}

impl Chain {
    pub fn of(family: &Family) -> Chain {
        let came = &family.came_again;
        let seen = came.iter().map(|came| came.generation.saturating_add(1)).max().unwrap_or(1);
        let last = family.session.as_ref().map_or(seen, |session| session.generation).max(1);
        let mut shown: Vec<u64> =
            std::iter::once(1).chain(last.saturating_sub(KNOTS - 1).max(1)..=last).collect();
        shown.extend(
            came.iter().map(|came| came.generation).filter(|at| (1..last).contains(at)).take(KNOTS as usize),
        );
        shown.sort_unstable();
        shown.dedup();
        let (mut knots, mut before) = (Vec::new(), 0);
        for generation in shown {
            if generation > before + 1 {
                knots.push(gap(generation - before - 1));
            }
            knots.push(knot(generation, generation == last && family.session.is_some(), came));
            before = generation;
        }
        if family.session.is_none() {
            knots.push(Knot { class: "over", ..plain(String::new(), "The session has ended".to_owned()) });
        }
        for (at, knot) in (0..).zip(&mut knots) {
            knot.x = STEP / 2 + at * STEP;
        }
        let width = knots.len() as u64 * STEP;
        let titles: Vec<&str> = knots.iter().map(|knot| knot.title.as_str()).collect();
        let description = format!("{}.", titles.join(". "));
        Chain { knots, width, description }
    }
}

fn plain(number: String, title: String) -> Knot {
    Knot { x: 0, class: "past", number, again: String::new(), title }
}

fn gap(many: u64) -> Knot {
    Knot {
        class: "gap",
        ..plain(String::new(), format!("{} more, each exchanged once", words::grouped(many)))
    }
}

fn knot(generation: u64, is_current: bool, came: &[CameAgain]) -> Knot {
    let own: Vec<&CameAgain> = came.iter().filter(|came| came.generation == generation).collect();
    let worst = WORST.into_iter().find(|word| own.iter().any(|came| came.outcome == *word));
    let number = words::grouped(generation);
    let (class, what) = match (worst, is_current) {
        (Some(word), _) => (word, format!("came {} more, {word}", times(own.len()))),
        (None, true) => ("current", "current".to_owned()),
        (None, false) => ("past", "exchanged once".to_owned()),
    };
    let again = if own.is_empty() { String::new() } else { format!("{}×", own.len() + 1) };
    Knot { class, again, ..plain(number.clone(), format!("Generation {number}: {what}")) }
}

fn times(many: usize) -> String {
    match many {
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}

/// What a token came to that came again, the worst first.
const WORST: [&str; 4] = ["reused", "healed", "superseded", "replayed"];

/// What it means, for people.
pub fn meaning(outcome: &str) -> &'static str {
    match outcome {
        "reused" => {
            "It came so late, or was so old, that two seem to hold the session. It was ended, if the settings say so."
        }
        "superseded" => {
            "Another request with the same token was a moment earlier. It was refused, and did no harm."
        }
        "replayed" => {
            "The same successor was answered once more: an answer was lost, or two tabs asked at once."
        }
        "healed" => "Redis had fallen behind this token, which a gateway had given out. The session went on.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(generation: Option<u64>, came: &[(u64, &str)]) -> Family {
        let at = "2026-01-01T00:00:00Z";
        let session = generation.map(|generation| {
            format!(
                r#"{{"session_id":"s","client":"c","device":"d","ip":"i","scope":"","generation":{generation},"created_at":"{at}",
                "rotated_at":"{at}","expires_at":"{at}","current":false}}"#
            )
        });
        let came = came.iter().map(|(generation, outcome)| {
            format!(r#"{{"at":"{at}","outcome":"{outcome}","generation":{generation},"ip":"i"}}"#)
        });
        let text = format!(
            r#"{{"session_id":"s","user_id":"user_a","session":{},"came_again":[{}]}}"#,
            session.unwrap_or_else(|| "null".to_owned()),
            came.collect::<Vec<_>>().join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    fn classes(family: &Family) -> Vec<(&'static str, String)> {
        Chain::of(family).knots.into_iter().map(|knot| (knot.class, knot.number)).collect()
    }

    #[test]
    fn a_young_session_shows_each_generation() {
        let own = |pairs: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            pairs.iter().map(|(class, number)| (*class, (*number).to_owned())).collect()
        };
        assert_eq!(classes(&family(Some(1), &[])), own(&[("current", "1")]));
        assert_eq!(
            classes(&family(Some(3), &[(2, "superseded"), (2, "replayed")])),
            own(&[("past", "1"), ("superseded", "2"), ("current", "3")])
        );
        assert_eq!(
            classes(&family(None, &[(1, "reused")])),
            own(&[("reused", "1"), ("past", "2"), ("over", "")])
        );
    }

    #[test]
    fn an_old_one_leaves_out_what_is_ordinary() {
        let chain = Chain::of(&family(Some(1_000_000), &[(500, "superseded")]));
        let classes: Vec<&str> = chain.knots.iter().map(|knot| knot.class).collect();
        assert_eq!(classes[..5], ["past", "gap", "superseded", "gap", "past"]);
        assert_eq!(chain.knots.len(), 14);
        assert_eq!(chain.width, 14 * STEP);
        assert!(
            chain.description.contains("Generation 500: came once more, superseded"),
            "{}",
            chain.description
        );
    }

    /// Numbers from elsewhere may be anything.
    #[test]
    fn the_drawing_is_bounded() {
        let many: Vec<(u64, &str)> = (0..64).map(|at| (u64::MAX - at * 3, "replayed")).collect();
        for family in [family(None, &many), family(Some(u64::MAX), &many), family(Some(0), &[(0, "healed")])]
        {
            assert!(Chain::of(&family).knots.len() as u64 <= 4 * KNOTS + 4);
        }
    }
}
