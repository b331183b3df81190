//! Where the secrets come from that seal tokens: the operator's file, or one that a gateway without logins makes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use baton_auth::ring::{Ring, RingError};

/// Why there are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("read the secrets in {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("use the secrets in {}", path.display())]
    Ring {
        path: PathBuf,
        #[source]
        source: RingError,
    },
    #[error("keep a secret in {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("draw a secret: the operating system has no chance to give")]
    Chance,
}

const FILE: &str = "gateway.secret";

/// The ring of a file that the operator wrote.
pub(crate) fn read(path: &Path) -> Result<Ring, SecretError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SecretError::Read { path: path.to_owned(), source })?;
    Ring::parse(&text).map_err(|source| SecretError::Ring { path: path.to_owned(), source })
}

/// The ring of the gateways of this machine that run without logins: the first one makes it.
pub(crate) fn read_or_make(directory: &Path) -> Result<Ring, SecretError> {
    let path = directory.join(FILE);
    match read(&path) {
        Err(SecretError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            make(directory, &path)?;
            read(&path)
        }
        other => other,
    }
}

/// Several gateways may start at once: whoever links first wins, and nobody reads half a file.
fn make(directory: &Path, path: &Path) -> Result<(), SecretError> {
    let failed = |source| SecretError::Write { path: path.to_owned(), source };
    let text = drawn()?;
    std::fs::create_dir_all(directory).map_err(failed)?;
    let draft = directory.join(format!("{FILE}.{:016x}", crate::clock::random()));
    let linked = write(&draft, &text).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = std::fs::remove_file(&draft);
    linked.and(removed).map_err(failed)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// One line of a ring. Its number is drawn, too: gateways of two machines on one Redis then do not take each other's
/// tokens for forgeries.
fn drawn() -> Result<String, SecretError> {
    let mut bytes = [0; 33];
    getrandom::fill(&mut bytes).map_err(|_| SecretError::Chance)?;
    let [kid, secret @ ..] = bytes;
    Ok(Ring::line(kid, secret).expose().clone() + "\n")
}

/// A ring that ends with the process.
pub(crate) fn ephemeral() -> Result<Ring, SecretError> {
    Ring::parse(&drawn()?).map_err(|source| SecretError::Ring { path: PathBuf::new(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_gateway_makes_the_secret_and_the_next_ones_read_it() {
        let directory = std::env::temp_dir().join(format!("baton-secret-{:016x}", crate::clock::random()));
        let first = read_or_make(&directory).unwrap();
        let second = read_or_make(&directory).unwrap();
        assert_eq!(first.fingerprint(first.first_kid()), second.fingerprint(first.first_kid()));
        let file = directory.join(FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "no draft is left");
        std::fs::write(&file, "nonsense").unwrap();
        assert!(matches!(read_or_make(&directory), Err(SecretError::Ring { .. })));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
