//! What must never be printed.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// A value that is wiped when it goes, and that no log can show by accident: whoever wants it says `expose`.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

/// A token, key or code as it goes to its owner.
pub type SecretText = Secret<String>;

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Secret<T> {
        Secret(Zeroizing::new(value))
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_108_nobody_prints_it() {
        let secret = SecretText::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "[secret] Some(\n    [secret],\n)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
