//! The colours of the style sheet can be told apart by everyone: computed from the file itself, by the formula of WCAG, to one
//! digit.

use std::collections::BTreeMap;

const CSS: &str = include_str!("../assets/baton.css");

const BACKGROUNDS: [&str; 3] = ["bg", "surface", "raised"];
const INKS: [&str; 11] = [
    "ink",
    "ink-2",
    "accent",
    "scheduled",
    "blocked",
    "pending",
    "running",
    "completed",
    "failed",
    "timeout",
    "cancelled",
];

/// `--name: light-dark(#light, #dark);`
fn tokens() -> BTreeMap<&'static str, [&'static str; 2]> {
    let lines = CSS.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": light-dark("));
    lines
        .map(|(name, rest)| {
            let (light, dark) = rest.trim_end_matches(");").split_once(", ").unwrap();
            (name, [light, dark])
        })
        .collect()
}

fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_can_be_read_on_every_background() {
    let tokens = tokens();
    for theme in [0, 1] {
        for background in BACKGROUNDS {
            let below = tokens[background][theme];
            for ink in INKS {
                let found = contrast(tokens[ink][theme], below);
                assert!((found * 10.0).round() >= 54.0, "{ink} on {background}: {found:.2}");
            }
            let line = contrast(tokens["line-strong"][theme], below);
            assert!((line * 10.0).round() >= 31.0, "line-strong on {background}: {line:.2}");
        }
    }
}

#[test]
fn the_formula_knows_black_and_white() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    assert!((contrast("#777777", "#777777") - 1.0).abs() < 0.01);
}

#[test]
fn every_status_has_a_colour_and_a_mark() {
    let marks = include_str!("../assets/marks.svg");
    for status in baton_core::Status::ALL {
        assert!(tokens().contains_key(status.as_str()), "{status}");
        assert!(marks.contains(&format!("id=\"{status}\"")), "{status}");
        assert!(CSS.contains(&format!(".status.{status}")), "{status}");
    }
}
