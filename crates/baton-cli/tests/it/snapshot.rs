//! Texts that change on purpose only. `BATON_SNAPSHOTS=write cargo test -p baton-cli` writes them anew, for somebody to
//! look at the difference.

use std::path::Path;

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says that texts are to change")]
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name);
    if std::env::var("BATON_SNAPSHOTS").is_ok_and(|word| word == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != text {
        let (at, (is, was)) = first_difference(text, &expected);
        panic!(
            "{name} is otherwise from line {at} on:\n  is   {is:?}\n  was  {was:?}\n\
             if that is meant: BATON_SNAPSHOTS=write cargo test -p baton-cli --test it snapshot"
        );
    }
}

/// A text that is there.
pub(crate) fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn first_difference<'a>(text: &'a str, expected: &'a str) -> (usize, (&'a str, &'a str)) {
    let ends = || std::iter::repeat("(the end)");
    let pairs = text.lines().chain(ends()).zip(expected.lines().chain(ends()));
    (1..).zip(pairs).find(|(_, (is, was))| is != was || *is == "(the end)").unwrap()
}
