//! Whether what came is what a page shows: `…` stands for anything, alone on its line for any lines; how far columns are apart
//! does not matter.

pub(crate) fn fits(shown: &str, came: &str) -> bool {
    let shown: Vec<String> = shown.lines().map(squeezed).collect();
    let came: Vec<String> = came.lines().map(squeezed).collect();
    // reach[n]: the shown lines so far can stand for the first n lines that came.
    let mut reach = vec![false; came.len() + 1];
    reach[0] = true;
    for line in &shown {
        reach = if line == "…" { any_lines(&reach) } else { one_line(line, &came, &reach) };
    }
    reach[came.len()]
}

fn any_lines(reach: &[bool]) -> Vec<bool> {
    let mut seen = false;
    reach
        .iter()
        .map(|here| {
            seen |= here;
            seen
        })
        .collect()
}

fn one_line(line: &str, came: &[String], reach: &[bool]) -> Vec<bool> {
    let next = (0..came.len()).map(|at| reach[at] && line_fits(line, &came[at]));
    std::iter::once(false).chain(next).collect()
}

fn line_fits(shown: &str, came: &str) -> bool {
    let Some((first, rest)) = shown.split_once('…') else { return shown == came };
    let Some(mut left) = came.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    for (shown, came) in [
        ("a\n", "a\n"),
        ("", ""),
        ("id  …\nstatus …\n", "id    7\nstatus  ok\n"),
        ("…\nb\n", "a\na\nb\n"),
        ("a\n…\n", "a\n"),
        ("a … c…e\n", "a b c d e\n"),
    ] {
        assert!(fits(shown, came), "{shown:?} {came:?}");
    }
    for (shown, came) in [
        ("a\n", "b\n"),
        ("a\n", ""),
        ("", "a\n"),
        ("a…\n", "ba\n"),
        ("…b…b\n", "ab\n"),
        ("a\n…\nb\n", "a\nc\n"),
    ] {
        assert!(!fits(shown, came), "{shown:?} {came:?}");
    }
}
