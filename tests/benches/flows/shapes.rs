//! The graphs that are measured, each in three sizes: what costs three times as much at three times the size is linear.

pub(crate) struct Shape {
    pub(crate) name: String,
    /// Of each task, the positions of those it waits for.
    pub(crate) parents: Vec<Vec<u32>>,
    /// The first task fails, and everything else is cancelled.
    pub(crate) fails: bool,
}

impl Shape {
    pub(crate) fn tasks(&self) -> usize {
        self.parents.len()
    }

    pub(crate) fn edges(&self) -> usize {
        self.parents.iter().map(Vec::len).sum()
    }
}

pub(crate) fn all(smaller: usize) -> Vec<Shape> {
    let mut all = Vec::new();
    let mut each = |sizes: [usize; 3], name: &str, fails: bool, parents: &dyn Fn(usize) -> Vec<Vec<u32>>| {
        for size in sizes.map(|size| (size / smaller).max(2)) {
            all.push(Shape { name: format!("{name} {size}"), parents: parents(size), fails });
        }
    };
    let long = [10_000, 30_000, 100_000];
    let wide = [1_000, 3_000, 10_000];
    each(long, "chain of", false, &chain);
    each(long, "cancelled chain of", true, &chain);
    each(wide, "fan-out to", false, &fan_out);
    each(wide, "cancelled fan-out to", true, &fan_out);
    each(wide, "fan-in of", false, &fan_in);
    each([100, 300, 1_000], "diamond, twice", false, &diamond);
    all
}

fn chain(size: usize) -> Vec<Vec<u32>> {
    (0..size as u32).map(|at| if at == 0 { vec![] } else { vec![at] }).collect()
}

/// One, and so many that wait for it.
fn fan_out(size: usize) -> Vec<Vec<u32>> {
    (0..=size).map(|at| if at == 0 { vec![] } else { vec![1] }).collect()
}

/// So many, and one that waits for all of them.
fn fan_in(size: usize) -> Vec<Vec<u32>> {
    (0..=size).map(|at| if at < size { vec![] } else { (1..=size as u32).collect() }).collect()
}

/// One, a layer of so many, a second layer each of which waits for the whole first, and one that waits for all of that.
fn diamond(size: usize) -> Vec<Vec<u32>> {
    let size = size as u32;
    let first = (0..size).map(|_| vec![1]);
    let second = (0..size).map(|_| (2..2 + size).collect());
    std::iter::once(vec![]).chain(first).chain(second).chain([(2 + size..2 + 2 * size).collect()]).collect()
}
