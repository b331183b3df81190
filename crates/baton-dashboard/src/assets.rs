//! The files that pages bring along. They are in the program: nothing is read from a disk, and nothing from elsewhere.

use std::borrow::Cow;

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    pub name: &'static str,
    /// As in the header Content-Type.
    pub kind: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal, $kind:literal;)*) => {
        pub const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }),*];
    };
}

assets! {
    "baton.css", "text/css; charset=utf-8";
    "marks.svg", "image/svg+xml";
    "icon.svg", "image/svg+xml";
    "live.js", "text/javascript; charset=utf-8";
    "feed.js", "text/javascript; charset=utf-8";
    "patch.js", "text/javascript; charset=utf-8";
    "copy.js", "text/javascript; charset=utf-8";
    "trust.js", "text/javascript; charset=utf-8";
    "still.js", "text/javascript; charset=utf-8";
    "ask.js", "text/javascript; charset=utf-8";
    "palette.js", "text/javascript; charset=utf-8";
    "log.js", "text/javascript; charset=utf-8";
    "table.js", "text/javascript; charset=utf-8";
    "views.js", "text/javascript; charset=utf-8";
    "graph.js", "text/javascript; charset=utf-8";
}

impl Asset {
    /// As it goes out. Of scripts that is without the lines that say something of them: readers of the source need these, and
    /// browsers do not.
    pub fn sent(&self) -> Cow<'static, [u8]> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) if self.name.ends_with(".js") => Cow::Owned(uncommented(text).into_bytes()),
            _ => Cow::Borrowed(self.bytes),
        }
    }
}

/// Whole lines, and types of what stands in brackets; what else stands beside code stays.
fn uncommented(script: &str) -> String {
    let (mut kept, mut inside) = (String::with_capacity(script.len()), false);
    for line in script.lines() {
        let text = line.trim();
        let begins = text.starts_with("/**") && (text.ends_with("*/") || !text.contains("*/"));
        let comment = inside || begins || text.starts_with("//") || text.is_empty();
        inside = (inside || begins) && !text.ends_with("*/");
        if !comment {
            kept.push_str(&untyped(line));
            kept.push('\n');
        }
    }
    kept
}

fn untyped(line: &str) -> String {
    let mut parts = line.split("/** @type {");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| kept.push_str(part.split_once("} */ ").map_or(part, |(_, code)| code)));
    kept
}

/// The file of that name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const SCRIPT_BYTES_MAX: usize = 40_000;

    fn files(directory: &str) -> Vec<(String, String)> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let entries = fs::read_dir(here).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            })
            .collect()
    }

    #[test]
    fn every_file_is_in_the_program_and_every_named_one_exists() {
        for (name, _) in files("assets") {
            assert!(find(&name).is_some(), "{name} has no row");
        }
        for (template, text) in files("templates") {
            let named = text.split("asset(\"").skip(1).filter_map(|rest| rest.split('"').next());
            named.for_each(|name| assert!(find(name).is_some(), "{template} names {name}"));
        }
        for (script, text) in files("assets").into_iter().filter(|(name, _)| name.ends_with(".js")) {
            let parts =
                ["from \"./", "import(\"./"].into_iter().flat_map(|before| text.split(before).skip(1));
            let named = parts.filter_map(|rest| rest.split('"').next());
            named.for_each(|name| assert!(find(name).is_some(), "{script} imports {name}"));
        }
    }

    #[test]
    fn scripts_go_out_without_what_is_said_of_them() {
        let script = "// @ts-check\n\n/** One line. */\nconst a = 1; // beside\n/**\n * Many\n * lines.\n */\n\
                      /** @type {X} */ (a).go();\n  // in\n  return \"/** text */\";\n";
        assert_eq!(uncommented(script), "const a = 1; // beside\n(a).go();\n  return \"/** text */\";\n");
    }

    #[test]
    fn scripts_stay_small() {
        let scripts = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
        let bytes: usize = scripts.map(|asset| asset.sent().len()).sum();
        assert!(bytes <= SCRIPT_BYTES_MAX, "{bytes} bytes of scripts");
    }

    #[test]
    fn templates_have_no_scripts_styles_or_handlers_of_their_own() {
        for (template, text) in files("templates") {
            for wrong in [" style=", "<style", " onclick", " onload", " onerror", "javascript:", "|safe"] {
                assert!(!text.contains(wrong), "{template} has {wrong}");
            }
            let scripts = text.split("<script").skip(1);
            scripts.for_each(|rest| assert!(rest.starts_with(" type=\"module\" src="), "{template}"));
        }
    }
}
