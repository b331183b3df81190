use std::collections::BTreeMap;

use super::*;

/// Numbers that look like chance and are the same each time.
fn mixed(seed: u32, below: u32) -> u32 {
    (seed.wrapping_mul(2_654_435_761) >> 7) % below
}

/// Every box has a place of its own, inside the drawing, and behind those of its parents.
fn check(nodes: usize, edges: &[Edge]) -> Drawing {
    check_one(nodes, edges, Direction::Right, STEP_RIGHT);
    check_one(nodes, edges, Direction::Down, STEP)
}

fn check_one(nodes: usize, edges: &[Edge], direction: Direction, step: (u64, u64)) -> Drawing {
    let drawing = draw(nodes, edges, direction);
    assert_eq!(drawing.places.len(), nodes);
    for (parent, child) in edges {
        let (parent, child) = (drawing.places[*parent as usize], drawing.places[*child as usize]);
        assert!(parent.layer < child.layer);
        match direction {
            Direction::Down => assert!(parent.y + step.1 <= child.y),
            Direction::Right => assert!(parent.x + step.0 <= child.x),
        }
    }
    assert_no_overlap(&drawing);
    let (right, below) = (BOX.0 / 2, BOX.1 / 2);
    for place in &drawing.places {
        assert!(place.x >= right && place.x + right <= drawing.width, "{place:?}");
        assert!(place.y >= below && place.y + below <= drawing.height, "{place:?}");
    }
    assert_eq!(draw(nodes, edges, direction), drawing);
    drawing
}

/// No box is on another one. In rows as high as a box, only neighbours of a row or of the next can be.
fn assert_no_overlap(drawing: &Drawing) {
    let mut rows: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
    for place in &drawing.places {
        rows.entry(place.y / BOX.1).or_default().push(*place);
    }
    for row in rows.values_mut() {
        row.sort_by_key(|place| place.x);
        let both = row.windows(2).all(|pair| apart_by(pair[0], pair[1]));
        assert!(both, "{row:?}");
    }
    for (row, places) in &rows {
        let Some(below) = rows.get(&(row + 1)) else { continue };
        for place in places {
            let first = below.partition_point(|other| other.x + BOX.0 <= place.x);
            let near = below[first..].iter().take_while(|other| other.x < place.x + BOX.0);
            near.for_each(|other| assert!(apart_by(*place, *other), "{place:?} {other:?}"));
        }
    }
}

fn apart_by(one: Place, other: Place) -> bool {
    one.x.abs_diff(other.x) >= BOX.0 || one.y.abs_diff(other.y) >= BOX.1
}

#[test]
fn a_diamond_is_drawn_as_one() {
    let drawing = check(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
    let [top, left, right, bottom] = drawing.places[..] else { panic!("{drawing:?}") };
    assert_eq!([top.layer, left.layer, right.layer, bottom.layer], [0, 1, 1, 2]);
    assert_eq!((top.x, left.y), (bottom.x, right.y));
    assert_eq!(left.x.abs_diff(right.x), STEP.0);
    assert_eq!(drawing.height, 2 * STEP.1 + BOX.1);
}

#[test]
fn nothing_and_one_are_drawn_too() {
    assert_eq!(check(0, &[]), Drawing::default());
    let drawing = check(1, &[]);
    assert_eq!((drawing.width, drawing.height), BOX);
}

#[test]
fn pieces_stand_side_by_side_and_in_rows() {
    let apart = check(1_000, &[]);
    assert!(apart.width < 3 * apart.height && apart.height < 3 * apart.width, "{}", apart.width);
    let pairs = check(6, &[(0, 1), (2, 3), (4, 5)]);
    assert_eq!((pairs.places[0].x, pairs.places[0].y), (BOX.0 / 2, BOX.1 / 2));
}

#[test]
fn graphs_of_many_forms_are_drawn() {
    for nodes in [1_000, 5_000] {
        check(nodes as usize, &(1..nodes).map(|node| (node - 1, node)).collect::<Vec<_>>());
        check(nodes as usize, &(1..nodes).map(|node| (0, node)).collect::<Vec<_>>());
        let random = (0..3 * nodes).map(|seed| (mixed(seed, nodes - 1), mixed(seed + 77, nodes)));
        check(nodes as usize, &random.filter(|(parent, child)| parent < child).collect::<Vec<_>>());
        let half = nodes / 2;
        let dense = (0..3 * nodes).map(|seed| (mixed(seed, half), half + mixed(seed * 3 + 1, half)));
        check(nodes as usize, &dense.collect::<Vec<_>>());
        let layered = (0..2 * nodes).map(|seed| {
            let child = 20 + seed % (nodes - 20);
            ((child / 20 - 1) * 20 + mixed(seed, 20), child)
        });
        check(nodes as usize, &layered.collect::<Vec<_>>());
    }
}

#[test]
fn the_costly_graphs_are_not_given_to_the_library() {
    let chain: Vec<Edge> = (1..1_000).map(|node| (node - 1, node)).collect();
    assert!(ranked::fits(&Layers::of(1_000, &chain)));
    let mut shortcuts = chain;
    shortcuts.extend((2..1_000).map(|node| (0, node)));
    assert!(!ranked::fits(&Layers::of(1_000, &shortcuts)));
    assert!(!ranked::fits(&Layers::of(1_001, &[])));
    check(1_000, &shortcuts);
}

/// What is read while edges change may hold a circle, or an edge to what was not read.
#[test]
fn a_circle_is_drawn_without_its_edges() {
    let drawing = draw(4, &[(0, 1), (1, 2), (2, 1), (3, 3), (0, 9), (0, 1)], Direction::Down);
    assert_eq!(drawing.places.len(), 4);
    assert_eq!(drawing.places[0].layer, 0);
    assert_eq!(drawing.places[3].layer, 0);
}
