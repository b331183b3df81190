//! What stands for a user where his id must not.

use baton_core::login::{UserId, UserTag};

use crate::text::sha256;

/// The tag that keys and refresh tokens carry instead of the id.
pub fn user_tag(user: &UserId) -> UserTag {
    let [a, b, c, d, e, f, g, h, ..] = sha256(&[b"baton-user-v1", user.as_str().as_bytes()]);
    UserTag([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_beginning_of_a_hash() {
        // printf 'baton-user-v1user_alice' | sha256sum
        let tag = user_tag(&UserId::person("alice").unwrap());
        assert_eq!(tag.to_string(), "a2fa807b5f1007c3");
        assert_ne!(tag, user_tag(&UserId::service("alice").unwrap()));
    }
}
