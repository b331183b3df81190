//! `baton redis-acl`: what each kind of process may do in Redis, as an ACL file.

use std::path::PathBuf;

use anyhow::{Context, Result};
use baton::Secret;
use baton_core::Namespace;
use baton_store::acl;
use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, say};
use crate::passphrase;

#[derive(Args)]
#[command(before_help = "Examples:
  baton redis-acl > users.acl                              passwords are drawn, and shown once beside it
  baton redis-acl --password-file worker=worker.password   one that is there already
  baton redis-acl --users worker --namespace staging       some of the users, of another namespace
  redis-server --aclfile users.acl")]
pub(crate) struct RedisAcl {
    /// What every key begins with
    #[arg(long, default_value_t = Namespace::default(), value_name = "NAME")]
    namespace: Namespace,
    /// Only these users
    #[arg(long, value_delimiter = ',', value_name = "USER")]
    users: Vec<String>,
    /// The password of a user, as worker=FILE; without one it is drawn
    #[arg(long, value_name = "USER=FILE", value_parser = named_file)]
    password_file: Vec<(String, PathBuf)>,
}

/// A user as it is printed. The file has the hash of the password only.
#[derive(Serialize)]
struct Printed {
    name: String,
    line: String,
    #[serde(skip)]
    about: &'static str,
    /// Where it was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Secret>,
}

pub(crate) fn run(out: &Out, asked: &RedisAcl) -> Result<Exit> {
    let printed: Vec<Printed> =
        chosen(asked)?.into_iter().map(|user| print(asked, user)).collect::<Result<_>>()?;
    match out.format {
        Format::Json => printed.iter().try_for_each(|user| out.json_line(user))?,
        Format::Name => printed.iter().try_for_each(|user| out.line(&user.name))?,
        Format::Table | Format::Wide => {
            out.text(&file(&printed))?;
            tell(&printed);
        }
    }
    Ok(Exit::Fine)
}

fn chosen(asked: &RedisAcl) -> Result<Vec<acl::User>> {
    let all = acl::users(&asked.namespace);
    let typed = asked.users.iter().chain(asked.password_file.iter().map(|(name, _)| name));
    for name in typed {
        if !all.iter().any(|user| is(user, name)) {
            let known = all.iter().map(|user| user.name).collect::<Vec<_>>().join(", ");
            return Err(
                Stop::new(Exit::Usage, format!("there is no user {name:?}: there are {known}")).into()
            );
        }
    }
    let wanted = |user: &acl::User| asked.users.is_empty() || asked.users.iter().any(|name| is(user, name));
    Ok(all.into_iter().filter(wanted).collect())
}

/// `worker` is short for `baton-worker`.
fn is(user: &acl::User, name: &str) -> bool {
    user.name == name || user.name.strip_prefix("baton-") == Some(name)
}

fn print(asked: &RedisAcl, user: acl::User) -> Result<Printed> {
    let given = asked.password_file.iter().find(|(name, _)| is(&user, name));
    let (password, drawn) = match given {
        Some((_, file)) => (read(file)?, false),
        None => (passphrase::draw()?, true),
    };
    let line = format!("user {} on #{} {}", user.name, sha256(&password), user.rules);
    Ok(Printed { name: user.name.to_owned(), line, about: user.about, password: drawn.then_some(password) })
}

fn read(file: &PathBuf) -> Result<Secret> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => {
            Err(Stop::new(Exit::Usage, format!("{} is empty: it is to have a password", file.display()))
                .into())
        }
        password => Ok(Secret(password.to_owned())),
    }
}

fn sha256(Secret(password): &Secret) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, password.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Redis takes no comments in such a file. Without its first line everyone could do everything, as `default`.
fn file(users: &[Printed]) -> String {
    std::iter::once("user default off")
        .chain(users.iter().map(|user| user.line.as_str()))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn tell(users: &[Printed]) {
    for user in users {
        say(&format!("{}: {}", user.name, user.about));
        if let Some(Secret(password)) = &user.password {
            say(&format!(
                "  password {password}, shown this once; BATON_REDIS_URL=redis://{}:{password}@HOST:6379",
                user.name
            ));
        }
    }
    say("nobody else gets in: the user default is off. Keep a user of your own in the file to look around");
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("it is a user and a file, as worker=worker.password".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(users: &[&str], password_file: Vec<(String, PathBuf)>) -> RedisAcl {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        RedisAcl { namespace: Namespace::default(), users, password_file }
    }

    #[test]
    fn the_file_has_hashes_and_shuts_everyone_else_out() {
        let directory = tempfile::tempdir().unwrap();
        let password = directory.path().join("password");
        std::fs::write(&password, "abc\n").unwrap();
        let asked = asked(&[], vec![("worker".to_owned(), password)]);
        let printed: Vec<Printed> =
            chosen(&asked).unwrap().into_iter().map(|user| print(&asked, user).unwrap()).collect();
        let text = file(&printed);
        assert!(text.starts_with("user default off\nuser baton-gateway on #"), "{text}");
        // The digest of "abc" in FIPS 180-2.
        let known = "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(text.contains(&format!("\nuser baton-worker on {known} ")), "{text}");
        let Secret(drawn) = printed[0].password.clone().unwrap();
        assert!(
            !text.contains(&drawn) && text.contains(&format!("#{}", sha256(&Secret(drawn.clone())))),
            "{text}"
        );
        assert!(printed[1].password.is_none(), "what was given is not shown");
    }

    #[test]
    fn users_are_chosen_by_their_short_names_too() {
        let names = |users: &[&str]| chosen(&asked(users, Vec::new())).map(|users| users.len());
        assert_eq!((names(&[]).unwrap(), names(&["worker"]).unwrap()), (2, 1));
        assert_eq!(names(&["baton-worker", "gateway"]).unwrap(), 2);
        assert_eq!(crate::exit::of(&names(&["submitter"]).unwrap_err()), Exit::Usage);
        let mistyped = asked(&[], vec![("wroker".to_owned(), PathBuf::from("x"))]);
        assert!(chosen(&mistyped).is_err(), "its password would be drawn, and nobody would know");
        assert!(named_file("worker").is_err() && named_file("=x").is_err() && named_file("worker=").is_err());
    }
}
