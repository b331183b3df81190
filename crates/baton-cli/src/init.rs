//! `baton init`: from a fleet without logins to one with them, in one command.
//!
//! It writes files, and asks nobody. The gateway finds the secrets and the first administrator in them when it starts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton::Secret;
use baton_core::login::UserId;
use baton_gateway::bootstrap;
use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, say};
use crate::{passphrase, private};

#[derive(Args)]
#[command(before_help = "Examples:
  baton init                                             baton.toml and its secrets, here
  baton init --dir /etc/baton --issuer https://baton.example --listen 0.0.0.0:8000")]
pub(crate) struct Init {
    /// Where the files are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The address under which clients know this fleet [default: http:// and where it listens]
    #[arg(long, value_name = "URL", value_parser = issuer)]
    issuer: Option<String>,
    /// Where the gateway listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The name of the administrator
    #[arg(long, value_name = "NAME", default_value = "admin", value_parser = username)]
    admin: String,
    /// Replace a configuration that is there; the secrets that seal tokens stay as they are
    #[arg(long)]
    force: bool,
}

const CONFIGURATION: &str = "baton.toml";
const SECRETS: &str = "baton.secrets";
const BOOTSTRAP: &str = "baton.bootstrap";

/// The number of the first secret.
const KID: u8 = 1;

/// What was made, for a program.
#[derive(Serialize)]
struct Made {
    configuration: PathBuf,
    secret_file: PathBuf,
    bootstrap_file: PathBuf,
    issuer: String,
    username: String,
    password: Secret,
    /// The key `first`: it may submit tasks and see what becomes of them.
    api_key: Secret,
}

pub(crate) fn run(out: &Out, init: &Init) -> Result<Exit> {
    let issuer = match &init.issuer {
        Some(issuer) => issuer.clone(),
        None if init.listen.ip().is_unspecified() || init.listen.port() == 0 => {
            let sentence = format!("{} says nothing about how clients reach it: give --issuer", init.listen);
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        None => format!("http://{}", init.listen),
    };
    private::directory(&init.dir).with_context(|| format!("failed to make {}", init.dir.display()))?;
    let dir = init.dir.canonicalize().with_context(|| format!("failed to find {}", init.dir.display()))?;
    let password = passphrase::draw()?;
    let username = UserId::person(&init.admin)?;
    let first = bootstrap::draw(&username, &password.0)?;
    let made = Made {
        configuration: dir.join(CONFIGURATION),
        secret_file: dir.join(SECRETS),
        bootstrap_file: dir.join(BOOTSTRAP),
        issuer,
        username: init.admin.clone(),
        password,
        api_key: Secret(first.api_key.expose().to_string()),
    };
    write(&made, &first.text, init)?;
    show(out, &made)?;
    Ok(Exit::Fine)
}

/// The configuration last: while it is not there nothing of this counts.
fn write(made: &Made, first: &str, init: &Init) -> Result<()> {
    let there = |path: &&PathBuf| path.symlink_metadata().is_ok();
    if let Some(path) =
        [&made.configuration, &made.bootstrap_file].into_iter().find(there).filter(|_| !init.force)
    {
        let sentence = format!("{} is there already; --force replaces it", path.display());
        return Err(Stop::new(Exit::Conflict, sentence).into());
    }
    if there(&&made.secret_file) {
        // Tokens and signing keys are sealed with them. Others would lock everyone out, the gateways first.
        say(&format!("{} is there already and stays as it is", made.secret_file.display()));
    } else {
        put(&made.secret_file, &secrets(&passphrase::random()?))?;
    }
    put(&made.bootstrap_file, first)?;
    put(&made.configuration, &configuration(made, init.listen)?)
}

fn put(path: &Path, text: &str) -> Result<()> {
    private::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

fn secrets(bytes: &[u8; 32]) -> String {
    format!("{KID} {}\n", URL_SAFE_NO_PAD.encode(bytes))
}

fn configuration(made: &Made, listen: SocketAddr) -> Result<String> {
    Ok(format!(
        "# Written by `baton init`. Every key there is stands in the example of the deployment.\n\
         \n\
         [gateway]\n\
         listen = {listen}\n\
         auth = \"required\"\n\
         \n\
         [auth]\n\
         # The address under which clients know this fleet; it stands in every access token.\n\
         issuer = {issuer}\n\
         # What seals tokens: the same on every gateway, and in nobody else's hands.\n\
         secret_file = {secrets}\n\
         # The first administrator and API key, as hashes. It counts while there are no users; delete it when he has logged in.\n\
         bootstrap_file = {bootstrap}\n",
        listen = quoted(&listen.to_string())?,
        issuer = quoted(&made.issuer)?,
        secrets = quoted(&path_text(&made.secret_file)?)?,
        bootstrap = quoted(&path_text(&made.bootstrap_file)?)?,
    ))
}

/// A string of JSON is one of TOML: the escapes that JSON needs mean the same there.
fn quoted(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}

fn path_text(path: &Path) -> Result<String> {
    let no_text =
        || Stop::new(Exit::Usage, format!("{} is no UTF-8, which a configuration file is", path.display()));
    Ok(path.to_str().ok_or_else(no_text)?.to_owned())
}

fn show(out: &Out, made: &Made) -> Result<()> {
    match out.format {
        Format::Json => return out.document(made),
        Format::Name => out.line(&made.password.0)?,
        Format::Table | Format::Wide => {
            let rows = [
                ("configuration", made.configuration.display().to_string()),
                ("secrets", made.secret_file.display().to_string()),
                ("administrator", made.username.clone()),
                ("password", made.password.0.clone()),
                ("API key", made.api_key.0.clone()),
            ];
            rows.iter().try_for_each(|(name, value)| out.line(&format!("{name:<14} {value}")))?;
        }
    }
    say(&next(made));
    Ok(())
}

fn next(made: &Made) -> String {
    let Made { configuration, bootstrap_file, issuer, username, .. } = made;
    let (configuration, bootstrap) = (configuration.display(), bootstrap_file.display());
    format!(
        "\nThe password and the key are shown this once. What to type next:\n\
         \n  baton gateway --config {configuration}\n  \
         baton login --url {issuer} --username {username}\n  \
         baton user set-password --url {issuer}             one of your own\n  \
         baton key create submitter --scope tasks:write --scope tasks:read --url {issuer}\n  \
         rm {bootstrap}"
    )
}

/// It is compared byte for byte, so there is one way to write it.
fn issuer(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        None => Err("it begins with https://, or with http:// on this host".to_owned()),
        Some("") => Err("it has no host".to_owned()),
        Some(_) if text.ends_with('/') => Err("it does not end with a slash".to_owned()),
        Some(rest)
            if rest.contains(['?', '#', '@', '"', '\\'])
                || rest.contains(|one: char| !one.is_ascii_graphic()) =>
        {
            Err("it is a host, perhaps with a port and a path, and nothing else".to_owned())
        }
        Some(_) => Ok(text.to_owned()),
    }
}

/// One word, because it is one of three in a line.
fn username(text: &str) -> Result<String, String> {
    if text.contains(char::is_whitespace) {
        return Err("it is one word".to_owned());
    }
    UserId::person(text).map(|_| text.to_owned()).map_err(|error| format!("failed to {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::out::{Form, Manner, Times};

    fn init(dir: &Path) -> Init {
        let listen = "127.0.0.1:8000".parse().unwrap();
        Init { dir: dir.to_owned(), issuer: None, listen, admin: "admin".to_owned(), force: false }
    }

    fn quiet() -> Out {
        Out::new(Manner { form: Form::Name, fields: None, times: Times::Relative })
    }

    fn read(dir: &Path, name: &str) -> String {
        std::fs::read_to_string(dir.join(name)).unwrap()
    }

    #[test]
    fn the_files_are_for_their_owner_alone_and_never_the_same_twice() {
        let home = tempfile::tempdir().unwrap();
        let (one, other) = (home.path().join("one"), home.path().join("other \"quoted\""));
        for dir in [&one, &other] {
            run(&quiet(), &init(dir)).unwrap();
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(dir), 0o700);
            for name in [CONFIGURATION, SECRETS, BOOTSTRAP] {
                assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
            }
            assert_eq!(std::fs::read_dir(dir).unwrap().count(), 3, "nothing half-written is left");
        }
        assert_ne!(read(&one, SECRETS), read(&other, SECRETS));
        assert_ne!(read(&one, BOOTSTRAP), read(&other, BOOTSTRAP));
        assert!(read(&other, CONFIGURATION).contains(r#"other \"quoted\"/baton.secrets""#));
        assert!(read(&one, CONFIGURATION).contains("issuer = \"http://127.0.0.1:8000\"\n"));
    }

    #[test]
    fn the_secret_has_the_form_that_the_gateway_reads() {
        assert_eq!(secrets(&[0xff; 32]), "1 __________________________________________8\n");
    }

    #[test]
    fn what_is_there_is_not_lost() {
        let home = tempfile::tempdir().unwrap();
        run(&quiet(), &init(home.path())).unwrap();
        let before = [CONFIGURATION, SECRETS, BOOTSTRAP].map(|name| read(home.path(), name));
        let refused = run(&quiet(), &init(home.path())).unwrap_err();
        assert_eq!(crate::exit::of(&refused), Exit::Conflict);
        assert_eq!([CONFIGURATION, SECRETS, BOOTSTRAP].map(|name| read(home.path(), name)), before);
        run(&quiet(), &Init { force: true, ..init(home.path()) }).unwrap();
        assert_eq!(read(home.path(), SECRETS), before[1], "what is sealed stays readable");
        assert_ne!(read(home.path(), BOOTSTRAP), before[2]);
    }

    #[test]
    fn the_issuer_is_written_in_one_way() {
        let home = tempfile::tempdir().unwrap();
        let everywhere = Init { listen: "0.0.0.0:8000".parse().unwrap(), ..init(home.path()) };
        assert_eq!(crate::exit::of(&run(&quiet(), &everywhere).unwrap_err()), Exit::Usage);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        for fine in ["https://baton.example", "http://127.0.0.1:8000", "https://example.com:8443/baton"] {
            assert_eq!(issuer(fine).as_deref(), Ok(fine));
        }
        for wrong in [
            "baton.example",
            "https://",
            "https://a/",
            "https://a?b",
            "https://u@a",
            "ftp://a",
            "https://a b",
        ] {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
        assert!(username("two words").is_err() && username("").is_err() && username("alice").is_ok());
    }
}
