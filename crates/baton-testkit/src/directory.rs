//! Where a test's sockets, logs and data live.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A fresh directory that only we may enter, removed with its handle.
///
/// Always under `/tmp`, whatever `TMPDIR` says: the path of a Unix socket may have 107 bytes and no more.
pub(crate) fn private(prefix: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in("/tmp")
        .expect("a test needs a writable /tmp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_enter() {
        let directory = private("baton-directory-");
        let mode = directory.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
