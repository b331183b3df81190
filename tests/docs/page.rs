//! A page of Markdown, as somebody who types what it says reads it.
//!
//! | fence | what is done with it |
//! | --- | --- |
//! | `sh` | its lines are typed |
//! | `sh terminal` | its one command is typed into a terminal of its own, where it goes on |
//! | `console` | what follows `$ ` is typed, and what comes must be what is shown |
//! | any language and a name, `yaml nightly.yaml` | a file of that name is written |
//! | any other | nothing |

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Typed(String),
    Terminal(String),
    /// Commands, each with what it prints.
    Shown(Vec<(String, String)>),
    File {
        name: String,
        text: String,
    },
}

/// The blocks that somebody does something with.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        found.extend(block(info, &body));
    }
    found
}

/// How many fences say that they can be typed, whatever became of them.
pub(crate) fn promised(text: &str) -> usize {
    let word = |line: &str| line.trim_start().strip_prefix("```").map(|info| info.trim().to_owned());
    let infos = text.lines().filter_map(word);
    infos.filter(|info| matches!(info.split(' ').next(), Some("sh" | "console" | "bash" | "shell"))).count()
}

fn block(info: &str, body: &[&str]) -> Option<Block> {
    let text: String = body.iter().flat_map(|line| [*line, "\n"]).collect();
    match info.split_once(' ') {
        None if info == "sh" => Some(Block::Typed(text)),
        None if info == "console" => Some(Block::Shown(commands(body))),
        None => None,
        Some(("sh", "terminal")) => Some(Block::Terminal(text.trim_end().to_owned())),
        Some((_, name)) => Some(Block::File { name: name.to_owned(), text }),
    }
}

fn commands(body: &[&str]) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in body {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, shown))) => shown.extend([*line, "\n"]),
            (None, None) => panic!("a console block begins with what is typed: {line}"),
        }
    }
    commands
}

#[test]
fn a_page_is_what_it_tells_the_reader_to_do() {
    let text = "a\n```sh\nls\n```\n```yaml a.yaml\nb: 1\n```\n```sh terminal\nbaton dev\n```\n```text\nno\n```\n\
                ```console\n$ one\nO…\n$ two\n```\n";
    let file = Block::File { name: "a.yaml".to_owned(), text: "b: 1\n".to_owned() };
    let shown = vec![("one".to_owned(), "O…\n".to_owned()), ("two".to_owned(), String::new())];
    let terminal = Block::Terminal("baton dev".to_owned());
    assert_eq!(blocks(text), [Block::Typed("ls\n".to_owned()), file, terminal, Block::Shown(shown)]);
    assert_eq!(promised(text), 3);
    assert_eq!(promised("1. x\n   ```sh\n   ls\n   ```\n"), 1, "one that is indented would not be typed");
}
