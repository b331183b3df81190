//! The ways to sign that we know.

use std::fmt;
use std::str::FromStr;

use jsonwebtoken::Algorithm;

/// How a key signs. A key has one, for ever: whoever could choose would choose the weakest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alg {
    /// What every library reads.
    #[default]
    Es256,
    /// Quicker, but some libraries refuse the name.
    EdDsa,
    /// For those who have such keys already; signing is thirty times slower.
    Rs256,
    /// A secret that both sides share. Never chosen by name: see `KeySet::shared_secret`.
    Hs256,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a way to sign: ES256, EdDSA and RS256 are known")]
pub struct UnknownAlg(String);

impl Alg {
    pub fn as_str(self) -> &'static str {
        match self {
            Alg::Es256 => "ES256",
            Alg::EdDsa => "EdDSA",
            Alg::Rs256 => "RS256",
            Alg::Hs256 => "HS256",
        }
    }

    pub(crate) fn of_library(self) -> Algorithm {
        match self {
            Alg::Es256 => Algorithm::ES256,
            Alg::EdDsa => Algorithm::EdDSA,
            Alg::Rs256 => Algorithm::RS256,
            Alg::Hs256 => Algorithm::HS256,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Alg {
    type Err = UnknownAlg;

    fn from_str(text: &str) -> Result<Alg, UnknownAlg> {
        let named = [Alg::Es256, Alg::EdDsa, Alg::Rs256].into_iter().find(|alg| alg.as_str() == text);
        named.ok_or_else(|| UnknownAlg(text.to_owned()))
    }
}
