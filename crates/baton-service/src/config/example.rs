//! The example file, written from the table of keys.

use super::key::{KEYS, Key, Shape};

const WIDTH: usize = 100;

/// `deploy/baton.example.toml`: every key with its default, and who would turn it. Every line of it is a comment or a
/// section, so a copy of it changes nothing.
pub fn example() -> String {
    let mut text = String::from(
        "# Every key of Baton, with its default. A flag wins over the environment, the environment over this file.\n\
         # Programs read --config FILE, else $BATON_CONFIG, else baton.toml in the working directory, else\n\
         # baton/baton.toml under $XDG_CONFIG_HOME. Written by: cargo run -p baton-service --example config_file\n",
    );
    let mut last = "";
    for key in KEYS {
        let (section, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if section != last {
            text += &format!("\n[{section}]\n");
            last = section;
        }
        text += &format!("\n{}# {}\n# {name} = {}\n", wrapped(key.about), key.environment, value(key));
    }
    text
}

fn value(key: &Key) -> String {
    let quoted = |part: &str| format!("\"{part}\"");
    match key.shape {
        Shape::Switch | Shape::Number { .. } => key.default.to_owned(),
        Shape::List => {
            let parts: Vec<String> = super::text::parts(key.default).map(quoted).collect();
            format!("[{}]", parts.join(", "))
        }
        _ => quoted(key.default),
    }
}

fn wrapped(text: &str) -> String {
    let mut lines = String::from("#");
    let mut width = 1;
    for word in text.split(' ') {
        if width + 1 + word.len() > WIDTH {
            lines += "\n#";
            width = 1;
        }
        lines += " ";
        lines += word;
        width += 1 + word.len();
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::{File, Sources, resolve};
    use super::*;

    #[test]
    fn the_committed_file_is_not_stale() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/baton.example.toml");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let line = "run: cargo run -p baton-service --example config_file > deploy/baton.example.toml";
        assert!(committed == example(), "deploy/baton.example.toml is stale; {line}");
    }

    #[test]
    fn with_every_line_turned_on_it_says_the_defaults() {
        let on = |line: &str| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        let text: String = example().lines().map(on).collect();
        let file = Some(File { path: "x".into(), text });
        let values = resolve(&Sources { file, ..Default::default() });
        assert_eq!(values.finish(), Ok(()));
        for value in values.iter() {
            assert_eq!(value.shown(), value.key.default, "{}", value.key.name);
            assert_ne!(value.origin.to_string(), "default", "{}", value.key.name);
        }
    }
}
