//! A script, its typed call and its test face each other by name; one without the others is half a change.

use super::Problem;
use crate::lua;
use crate::tree::Tree;

const CALLS: &str = "crates/baton-store/src/calls/";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let scripts = tree.with_extension("lua").filter_map(|(path, _)| Some((path, lua::name(path)?)));
    let calls = tree.with_extension("rs").filter_map(|(path, _)| Some((path, call(path)?)));
    let mut problems: Vec<Problem> = Vec::new();
    for (path, name) in scripts {
        let test = format!("tests/it/scripts/{}.rs", name.replace('/', "_"));
        for face in [format!("{CALLS}{name}.rs"), test] {
            if !tree.has(&face) {
                problems.push(Problem::file(path, format!("the script has no {face}")));
            }
        }
    }
    for (path, name) in calls {
        if !tree.has(&format!("lua/{name}.lua")) {
            problems.push(Problem::file(path, format!("the call has no script lua/{name}.lua")));
        }
    }
    problems
}

/// `task/progress` for its call. A module's own file is no call.
fn call(path: &str) -> Option<&str> {
    let name = path.strip_prefix(CALLS)?.strip_suffix(".rs")?;
    (name.split('/').count() == 2 && !name.ends_with("/mod")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::faults;

    const LUA: (&str, &str) = ("lua/task/claim.lua", "");
    const CALL: (&str, &str) = ("crates/baton-store/src/calls/task/claim.rs", "");
    const TEST: (&str, &str) = ("tests/it/scripts/task_claim.rs", "");

    #[test]
    fn the_three_face_each_other() {
        let modules = ("crates/baton-store/src/calls/task/mod.rs", "");
        assert_eq!(faults(check, &[LUA, CALL, TEST, modules, ("lua/lib/prelude.lua", "")]), [""; 0]);
    }

    #[test]
    fn a_missing_face_is_found() {
        assert_eq!(faults(check, &[LUA]), ["lua/task/claim.lua:0", "lua/task/claim.lua:0"]);
        assert_eq!(faults(check, &[LUA, CALL]), ["lua/task/claim.lua:0"]);
        assert_eq!(faults(check, &[CALL, TEST]), ["crates/baton-store/src/calls/task/claim.rs:0"]);
    }
}
