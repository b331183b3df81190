//! Logins: who, in which session, by which generation of its token. What is secret about them lives in baton-auth.

mod id;
mod rotation;

pub use id::{KeyId, LoginIdError, SessionId, UserId, UserTag};
pub use rotation::{Family, Outcome, Owner, Presented, Refused, Rotation, Windows, judge};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$what])* $variant,)* }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// As it stands in Redis, in settings and in answers.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = LoginIdError;

            fn from_str(text: &str) -> Result<$name, LoginIdError> {
                let known = $name::ALL.iter().find(|known| known.as_str() == text);
                known.copied().ok_or_else(|| LoginIdError::Word(text.to_owned()))
            }
        }
    )*};
}

words! {
    /// What the loser of a race for a successor gets. It belongs to the client, and is frozen into the session.
    RacePolicy {
        /// 401, and the family lives.
        Strict = "strict",
        /// The same successor.
        Replay = "replay",
    }

    /// What a token ends that comes once more, too late or too old.
    OnReuse {
        /// Its session.
        RevokeFamily = "revoke_family",
        /// All sessions of its user.
        RevokeUser = "revoke_user",
        /// Nothing.
        Deny = "deny",
    }

    /// Why a session ended.
    EndReason {
        Logout = "logout",
        Reuse = "reuse",
        /// All sessions of its user ended: logged out everywhere, a new password, disabled.
        Epoch = "epoch",
        /// The user opened more than he may have.
        Evicted = "evicted",
        Admin = "admin",
    }

    /// Who has a record under a user id.
    UserKind {
        Person = "person",
        Service = "service",
    }

    /// What a user may do, before any scope is asked for.
    Role {
        Viewer = "viewer",
        Operator = "operator",
        Admin = "admin",
    }
}
