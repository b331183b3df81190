use proptest::prelude::*;

use super::*;

/// A graph in words: `c: a b` is a task c with the parents a and b, `: a` one without a name.
fn read(lines: &[&str]) -> Result<Plan, Mistakes> {
    let split = |line: &&str| {
        let (name, parents) = line.split_once(':').unwrap();
        (name.to_owned(), parents.split_whitespace().map(str::to_owned).collect())
    };
    let tasks: Vec<(String, Vec<String>)> = lines.iter().map(split).collect();
    plan_of(&tasks)
}

fn plan_of(tasks: &[(String, Vec<String>)]) -> Result<Plan, Mistakes> {
    let named = |name: &'_ str| !name.is_empty();
    let nodes: Vec<Node<'_, String>> = tasks
        .iter()
        .map(|(name, parents)| Node { name: Some(name.as_str()).filter(|name| named(name)), parents })
        .collect();
    plan(&nodes)
}

/// Tasks called by their index, with these edges from parent to child.
fn numbered(count: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Vec<(String, Vec<String>)> {
    let mut tasks: Vec<_> = (0..count).map(|index| (index.to_string(), Vec::new())).collect();
    for (parent, child) in edges {
        tasks[child].1.push(parent.to_string());
    }
    tasks
}

fn check(lines: &[&str], expected: &[u32]) {
    assert_eq!(read(lines).unwrap().order(), expected, "{lines:?}");
}

fn check_refused(lines: &[&str], expected: &[&str]) {
    let mistakes = read(lines).unwrap_err();
    let texts: Vec<String> =
        mistakes.listed.iter().map(|mistake| format!("{:?} {mistake}", mistake.place())).collect();
    assert_eq!(texts, expected, "{lines:?}");
}

fn assert_in_order(plan: &Plan) {
    let positions = plan.positions();
    for (position, node) in (1..).zip(plan.order()) {
        assert_eq!(positions[*node as usize], position);
        for parent in plan.parents(*node) {
            assert!(positions[*parent as usize] < position, "{parent} stands behind its child {node}");
            assert!(plan.children(*parent).contains(node));
        }
    }
}

/// Is the path of each cycle one, along edges that were submitted, closed by the edge it points at?
fn assert_cycles(tasks: &[(String, Vec<String>)], mistakes: &Mistakes) {
    for mistake in &mistakes.listed {
        let Mistake::Cycle { node, parent, path, .. } = mistake else { panic!("{mistake}") };
        let mut last = *path.last().unwrap();
        assert_eq!((path[0], &tasks[*node].1[*parent]), (*node, &tasks[last].0));
        for next in path {
            assert!(tasks[*next].1.contains(&tasks[last].0), "{last} is no parent of {next}");
            last = *next;
        }
        let mut once = path.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), path.len());
    }
}

#[test]
fn a_graph_written_parents_first_keeps_its_order() {
    check(&[], &[]);
    check(&["a:", ": a", "b:", "c: b a", ": c"], &[0, 1, 2, 3, 4]);
    check(&["load: transform", "transform: extract", "extract:"], &[2, 1, 0]);
    check(&["d: b c", "b: a", "c: a", "a:", ":"], &[3, 1, 2, 0, 4]);
}

#[test]
fn a_plan_knows_its_edges_from_both_ends() {
    let plan = read(&["d: c b", "b: a", "c: a", "a:"]).unwrap();
    assert_eq!((plan.edges(), plan.parents(0), plan.children(3)), (4, &[2, 1][..], &[1, 2][..]));
    assert_eq!(plan.positions(), [4, 2, 3, 1]);
}

#[test]
fn a_layer_is_the_longest_way_from_a_root() {
    assert_eq!(read(&["a:", "b: a", "c: a b", "d:", "e: d c"]).unwrap().layers(), [0, 1, 2, 0, 3]);
}

#[test]
fn every_mistake_is_named_at_once() {
    check_refused(
        &["extract:", "b: extrct extract extract", "c: c zebra", "extract:", "x: y", "y: x"],
        &[
            "(1, Some(0)) no task of this flow has the ref `extrct`: did you mean `extract`?",
            "(1, Some(2)) `extract` is named as a parent of this task twice",
            "(2, Some(0)) `c` would wait for itself",
            "(2, Some(1)) no task of this flow has the ref `zebra`",
            "(3, None) the ref `extract` is taken by the task at index 0",
            "(4, Some(0)) these tasks would wait for each other: x → y → x",
        ],
    );
}

#[test]
fn each_knot_of_cycles_is_told_once() {
    check_refused(
        &["a: c", "b: a", "c: b a", "p: q a", "q: p", "after: p"],
        &[
            "(0, Some(0)) these tasks would wait for each other: a → c → a",
            "(3, Some(0)) these tasks would wait for each other: p → q → p",
        ],
    );
    assert!(read(&["a: a", "b: c", "c: b"]).unwrap_err().are_cycles());
    assert!(!read(&["a: a x"]).unwrap_err().are_cycles());
}

#[test]
fn the_edge_that_closes_a_cycle_is_found_among_wrong_ones() {
    check_refused(
        &["a: a c", "b: a", "c: b"],
        &[
            "(0, Some(0)) `a` would wait for itself",
            "(0, Some(1)) these tasks would wait for each other: a → b → c → a",
        ],
    );
}

#[test]
fn a_long_cycle_is_found_whole_and_shown_in_part() {
    let tasks = numbered(1_000, (0..1_000).map(|node| (node, (node + 1) % 1_000)));
    let mistakes = plan_of(&tasks).unwrap_err();
    assert_cycles(&tasks, &mistakes);
    let [Mistake::Cycle { path, .. }] = &mistakes.listed[..] else { panic!("{mistakes}") };
    assert_eq!(path.len(), 1_000);
    assert_eq!(
        mistakes.to_string(),
        "these tasks would wait for each other: 0 → 1 → 2 → 3 → 4 → … 994 more … → 999 → 0"
    );
}

#[test]
fn a_graph_full_of_mistakes_is_refused_with_some_of_them() {
    let tasks: Vec<_> = (0..50_000).map(|_| ("same".to_owned(), vec!["nobody".to_owned()])).collect();
    let mistakes = plan_of(&tasks).unwrap_err();
    assert_eq!((mistakes.listed.len(), mistakes.more), (MISTAKES_MAX, 99_999 - MISTAKES_MAX));
    assert!(mistakes.to_string().ends_with("; and 98999 more"));
    let pairs = numbered(10_000, (0..10_000).map(|node| (node, node ^ 1)));
    let mistakes = plan_of(&pairs).unwrap_err();
    assert_cycles(&pairs, &mistakes);
    assert_eq!((mistakes.listed.len(), mistakes.more), (MISTAKES_MAX, 4_000));
}

#[test]
fn names_that_nobody_checked_are_shown_short_and_escaped() {
    let hostile = format!("\u{1b}[2J\n{}", "x".repeat(100_000));
    let tasks = [(hostile.clone(), vec![hostile]), ("y".to_owned(), vec!["z\u{202e}".repeat(1_000)])];
    let mistakes = plan_of(&tasks).unwrap_err();
    assert_eq!(mistakes.listed.len(), 2);
    let text = mistakes.to_string();
    assert!(
        text.len() < 3_000 && !text.chars().any(char::is_control) && !text.contains('\u{202e}'),
        "{text}"
    );
}

#[test]
fn a_chain_of_100_000_needs_no_stack() {
    let count: u32 = 100_000;
    let backwards = numbered(count as usize, (1..count as usize).map(|node| (node, node - 1)));
    let plan = plan_of(&backwards).unwrap();
    assert!(plan.order().iter().copied().eq((0..count).rev()));
    assert_eq!(plan.layers()[0], count - 1);
    let closed =
        numbered(count as usize, (0..count as usize).map(|node| (node, (node + 1) % count as usize)));
    let mistakes = plan_of(&closed).unwrap_err();
    assert_cycles_are_long(&mistakes, count as usize);
}

fn assert_cycles_are_long(mistakes: &Mistakes, expected: usize) {
    let [Mistake::Cycle { path, .. }] = &mistakes.listed[..] else { panic!("{mistakes}") };
    assert_eq!(path.len(), expected);
    assert!(mistakes.to_string().len() < 200);
}

#[test]
fn a_diamond_of_a_thousand_by_a_thousand_is_planned() {
    let across = (1..=1_000).flat_map(|parent| (1_001..=2_000).map(move |child| (parent, child)));
    let edges = (1..=1_000).map(|node| (0, node)).chain(across);
    let tasks = numbered(2_002, edges.chain((1_001..=2_000).map(|node| (node, 2_001))));
    let plan = plan_of(&tasks).unwrap();
    assert!(plan.order().iter().copied().eq(0..2_002));
    assert_eq!((plan.edges(), plan.layers()[2_001]), (1_002_000, 3));
}

/// Edges of a graph without cycles, between nodes in a shuffled order.
fn acyclic() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    let shuffled = (2_usize..40).prop_flat_map(|count| Just((0..count).collect::<Vec<_>>()).prop_shuffle());
    shuffled.prop_flat_map(|order| {
        let count = order.len();
        let edges = prop::collection::btree_set((0..count, 0..count), 0..120);
        let forward = edges.prop_map(move |edges| {
            let kept = edges.into_iter().filter(|(parent, child)| parent < child);
            kept.map(|(parent, child)| (order[parent], order[child])).collect()
        });
        (Just(count), forward)
    })
}

/// Is there a way along the edges?
fn leads(edges: &[(usize, usize)], from: usize, to: usize) -> bool {
    let (mut reached, mut open) = (Vec::new(), vec![from]);
    while let Some(node) = open.pop() {
        for (_, child) in edges.iter().filter(|(parent, _)| *parent == node) {
            if !reached.contains(child) {
                reached.push(*child);
                open.push(*child);
            }
        }
    }
    reached.contains(&to)
}

proptest! {
    #[test]
    fn parents_come_before_their_children((count, edges) in acyclic()) {
        let tasks = numbered(count, edges.iter().copied());
        let plan = plan_of(&tasks).unwrap();
        assert_in_order(&plan);
        prop_assert_eq!((plan.order().len(), plan.edges()), (count, edges.len()));
        let layers = plan.layers();
        for node in 0..count {
            let above = plan.parents(node as u32).iter().map(|parent| layers[*parent as usize] + 1).max();
            prop_assert_eq!(layers[node], above.unwrap_or(0));
        }
    }

    #[test]
    fn an_edge_back_is_refused_with_the_cycle((count, edges) in acyclic(), pick in 0_usize..1_000) {
        prop_assume!(!edges.is_empty());
        let (parent, child) = edges[pick % edges.len()];
        let tasks = numbered(count, edges.iter().copied().chain([(child, parent)]));
        let mistakes = plan_of(&tasks).unwrap_err();
        prop_assert_eq!((mistakes.listed.len(), mistakes.are_cycles()), (1, true));
        assert_cycles(&tasks, &mistakes);
    }

    #[test]
    fn any_graph_is_ordered_or_every_knot_of_it_is_told(
        edges in prop::collection::btree_set((0_usize..12, 0_usize..12), 0..30)
    ) {
        let edges: Vec<_> = edges.into_iter().filter(|(parent, child)| parent != child).collect();
        let tasks = numbered(12, edges.iter().copied());
        let knotted: Vec<usize> = (0..12).filter(|node| leads(&edges, *node, *node)).collect();
        match plan_of(&tasks) {
            Ok(plan) => {
                assert_in_order(&plan);
                prop_assert!(knotted.is_empty());
            }
            Err(mistakes) => {
                assert_cycles(&tasks, &mistakes);
                for node in knotted {
                    let told = mistakes.listed.iter().filter(|mistake| {
                        let first = mistake.place().0;
                        first == node || (leads(&edges, first, node) && leads(&edges, node, first))
                    });
                    prop_assert_eq!(told.count(), 1, "{}", node);
                }
            }
        }
    }
}
