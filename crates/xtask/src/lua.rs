//! The scripts as files: where they are, what their header says, and the text that goes to the server.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Always in front, named by a script or not.
const WORDS: &str = "words";
/// In front of every script of a shard; those of logins touch none.
const PRELUDE: &str = "prelude";

pub(crate) fn print(root: &Path, name: &str) -> Result<bool> {
    let read =
        |path: String| fs::read_to_string(root.join(&path)).with_context(|| format!("failed to read {path}"));
    if name.contains("..") || name.split('/').count() != 2 {
        bail!("a script is named like task/progress, not {name}");
    }
    let script = read(format!("lua/{name}.lua"))?;
    print!("{}", assemble(name, &script, |library| read(format!("lua/lib/{library}.lua")))?);
    Ok(true)
}

/// The text as `baton-store` sends it. The store has its own few lines for this, and a test compares the two.
fn assemble(name: &str, script: &str, library: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut text = format!("{}\n", shebang(class(script).unwrap_or("no class"))?);
    let of_a_shard = (!name.starts_with("token/")).then_some(PRELUDE);
    for name in [WORDS].into_iter().chain(of_a_shard).chain(uses(script)) {
        text.push_str(&library(name)?);
    }
    text.push_str(script);
    Ok(baton_core::limits::inline(&text))
}

/// What a server that is out of memory does with the script: refuse it, let it through, or hold it to reading.
fn shebang(class: &str) -> Result<&'static str> {
    Ok(match class {
        "grow" => "#!lua",
        "drain" => "#!lua flags=allow-oom",
        "read" => "#!lua flags=no-writes",
        other => bail!("the header says CLASS {other}; it must be grow, drain or read"),
    })
}

pub(crate) fn class(script: &str) -> Option<&str> {
    section(script, "CLASS").map(str::trim)
}

/// The libraries a script asks for, in its order.
pub(crate) fn uses(script: &str) -> impl Iterator<Item = &str> {
    section(script, "USES").unwrap_or_default().split_whitespace()
}

/// What follows `-- NAME` on its line of the header, if the header has such a line.
pub(crate) fn section<'a>(script: &'a str, name: &str) -> Option<&'a str> {
    header(script).find_map(|line| {
        let rest = line.strip_prefix("-- ")?.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
    })
}

/// The comment that a script begins with.
pub(crate) fn header(script: &str) -> impl Iterator<Item = &str> {
    script.lines().take_while(|line| line.starts_with("--"))
}

/// `task/progress` for `lua/task/progress.lua`; nothing for a library.
pub(crate) fn name(path: &str) -> Option<&str> {
    let name = path.strip_prefix("lua/")?.strip_suffix(".lua")?;
    (name.split('/').count() == 2 && !name.starts_with("lib/")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str =
        "-- task/claim: hand out.\n-- CLASS grow\n-- USES graph limits\nreturn 1\n-- CLASS read\n";

    fn library(name: &str) -> Result<String> {
        Ok(format!("-- {name}\n"))
    }

    #[test]
    fn a_script_follows_its_shebang_and_its_libraries() -> Result<()> {
        let text = assemble("task/claim", SCRIPT, library)?;
        assert_eq!(text, format!("#!lua\n-- words\n-- prelude\n-- graph\n-- limits\n{SCRIPT}"));
        let of_logins = assemble("token/rotate", SCRIPT, library)?;
        assert_eq!(of_logins, format!("#!lua\n-- words\n-- graph\n-- limits\n{SCRIPT}"));
        Ok(())
    }

    #[test]
    fn the_class_decides_the_flags() {
        for (class, first) in [("drain", "#!lua flags=allow-oom"), ("read", "#!lua flags=no-writes")] {
            let script = format!("-- CLASS {class}\nreturn 1\n");
            let text = assemble("task/a", &script, library).expect("a known class");
            assert_eq!(text, format!("{first}\n-- words\n-- prelude\n{script}"));
        }
    }

    #[test]
    fn a_script_without_a_class_is_not_assembled() {
        assert!(assemble("task/a", "return 1", library).is_err());
        assert!(assemble("task/a", "-- CLASS idle\nreturn 1", library).is_err());
        assert!(assemble("task/a", "-- CLASSES grow\nreturn 1", library).is_err());
    }

    #[test]
    fn libraries_are_not_scripts() {
        assert_eq!(name("lua/task/claim.lua"), Some("task/claim"));
        assert_eq!(name("lua/lib/prelude.lua"), None);
        assert_eq!(name("tests/lua/task/claim.lua"), None);
    }
}
