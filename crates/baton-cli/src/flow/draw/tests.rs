use std::collections::BTreeSet;

use super::*;

/// A graph in words: `b 1 20: a` is task b in layer 1 at 20 from the left, after a. All of them are pending.
fn graph(tasks: &[String]) -> Graph {
    let id = |name: &str| {
        format!(
            "01a1fc29-8a56-7000-ba14-{:0>9}000",
            name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()
        )
    };
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for task in tasks {
        let (child, parents) = task.split_once(':').unwrap();
        let words: Vec<&str> = child.split(' ').collect();
        let (id_of, name, layer, x) = (id(words[0]), words[0], words[1], words[2]);
        nodes.push(format!(
            r#"{{"id":"{id_of}","ref":"{name}","kind":"echo","queue":"default","status":"pending",
               "layer":{layer},"x":{x},"y":0}}"#
        ));
        let edge =
            |parent: &str| format!(r#"{{"parent":"{}","child":"{id_of}","state":"open"}}"#, id(parent));
        edges.extend(parents.split_whitespace().map(edge));
    }
    let (count, nodes, edges) = (nodes.len(), nodes.join(","), edges.join(","));
    let text = format!(
        r#"{{"nodes":[{nodes}],"edges":[{edges}],"width":1,"height":1,"tasks":{count},"truncated":false}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn check(tasks: &[&str], expected: &[&str]) {
    let tasks: Vec<String> = tasks.iter().map(|task| (*task).to_owned()).collect();
    let drawing = draw(&graph(&tasks), false);
    assert_eq!(drawing.text.lines().collect::<Vec<_>>(), expected, "\n{}", drawing.text);
    assert!(drawing.text.lines().all(|line| line.chars().count() <= drawing.width));
}

#[test]
fn a_chain_is_a_line() {
    check(&["a 0 0:", "b 1 0: a", "c 2 0: b"], &[" ○ a ─── ○ b ─── ○ c"]);
}

#[test]
fn a_diamond_opens_and_closes() {
    check(
        &["a 0 10:", "b 1 0: a", "c 1 20: a", "d 2 10: b c"],
        &["      ┌─ ○ b ─┐", " ○ a ─┤       ├─ ○ d", "      └─ ○ c ─┘"],
    );
}

#[test]
fn a_long_line_passes_the_columns_between() {
    check(
        &["a 0 10:", "b 1 0: a", "c 2 20: b a"],
        &["      ┌─ ○ b ─┐", " ○ a ─┤       ├─ ○ c", "      └───────┘"],
    );
}

#[test]
fn lines_that_cross_can_be_told_apart() {
    check(
        &["a 0 0:", "b 0 20:", "c 1 0: b", "d 1 20: a"],
        &[" ○ a ─┐", "      │ ┌─ ○ c", " ○ b ─│─┘", "      └─── ○ d"],
    );
}

/// Reads a drawing as a person does, by following each line from its task to the right.
struct Reader {
    cells: Vec<Vec<char>>,
}

impl Reader {
    fn of(text: &str) -> Reader {
        Reader { cells: text.lines().map(|line| line.chars().collect()).collect() }
    }

    fn at(&self, row: usize, column: usize) -> char {
        self.cells.get(row).and_then(|row| row.get(column)).copied().unwrap_or(' ')
    }

    fn edges(&self) -> BTreeSet<(char, char)> {
        let mut edges = BTreeSet::new();
        for (row, cells) in self.cells.iter().enumerate() {
            for column in (0..cells.len()).filter(|column| cells[*column] == '○') {
                if self.at(row, column + 4) != ' ' {
                    self.follow(row, column + 4, cells[column + 2], &mut edges);
                }
            }
        }
        edges
    }

    /// To the right, until it ends at a task or turns.
    fn follow(&self, row: usize, mut column: usize, from: char, edges: &mut BTreeSet<(char, char)>) {
        loop {
            match self.at(row, column) {
                '─' | '│' | '┬' | '┴' | '┼' => column += 1,
                ' ' if self.at(row, column + 1) == '○' => {
                    edges.insert((from, self.at(row, column + 3)));
                    return;
                }
                ' ' => return,
                '┐' => return self.turn(row, column, 1, from, edges),
                '┘' => return self.turn(row, column, -1, from, edges),
                '┤' => {
                    self.turn(row, column, 1, from, edges);
                    return self.turn(row, column, -1, from, edges);
                }
                other => panic!("a line to the right meets {other}"),
            }
        }
    }

    /// Up or down a track, and to the right wherever something leads away.
    fn turn(&self, row: usize, column: usize, step: isize, from: char, edges: &mut BTreeSet<(char, char)>) {
        let mut row = row;
        loop {
            row = row.checked_add_signed(step).unwrap();
            let cell = self.at(row, column);
            if matches!(cell, '├' | '└' | '┌' | '┬' | '┴' | '┼') {
                self.follow(row, column + 1, from, edges);
            }
            match cell {
                '│' | '├' | '┼' | '┤' => {}
                '┌' | '└' | '┬' | '┴' | '┐' | '┘' => return,
                other => panic!("a track meets {other}"),
            }
        }
    }
}

/// Draws every graph over these layers, and reads it back.
fn check_all(layers: &[&[char]]) {
    let tasks: Vec<(usize, usize, char)> = layers
        .iter()
        .enumerate()
        .flat_map(|(layer, names)| names.iter().enumerate().map(move |(x, name)| (layer, x, *name)))
        .collect();
    let pairs: Vec<(char, char)> = tasks
        .iter()
        .flat_map(|(layer, _, parent)| {
            let below = tasks.iter().filter(move |(other, ..)| other > layer);
            below.map(|(_, _, child)| (*parent, *child))
        })
        .collect();
    for chosen in 0..1_u32 << pairs.len() {
        let edges: BTreeSet<(char, char)> = pairs
            .iter()
            .enumerate()
            .filter(|(bit, _)| chosen >> bit & 1 == 1)
            .map(|(_, edge)| *edge)
            .collect();
        let line = |(layer, x, name): &(usize, usize, char)| {
            let parents =
                edges.iter().filter(|(_, child)| child == name).map(|(parent, _)| format!(" {parent}"));
            format!("{name} {layer} {}:{}", x * 10, parents.collect::<String>())
        };
        let drawing = draw(&graph(&tasks.iter().map(line).collect::<Vec<_>>()), false);
        assert_eq!(Reader::of(&drawing.text).edges(), edges, "\n{}", drawing.text);
    }
}

#[test]
fn every_edge_can_be_read_and_no_other() {
    check_all(&[&['a', 'b', 'c'], &['d', 'e', 'f']]);
    check_all(&[&['a'], &['b', 'c', 'd'], &['e']]);
    check_all(&[&['a', 'b'], &['c', 'd'], &['e', 'f']]);
    check_all(&[&['a'], &['b'], &['c'], &['d'], &['e']]);
}
