//! Kinds: what holds for their tasks that say nothing themselves.

use baton_api::kind::{Kind, Kinds, PutKind};

use super::Client;
use super::call::Call;
use super::read::{paged, segment};
use super::submit::body;
use crate::error::Error;

impl Client {
    /// All kinds of which something is said, by name.
    pub async fn kinds(&self) -> Result<Vec<Kind>, Error> {
        let mut kinds = Vec::new();
        let mut cursor = None;
        loop {
            let page: Kinds = self.call(paged("/api/v1/kinds", cursor)).await?;
            kinds.extend(page.kinds);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(kinds);
            }
        }
    }

    pub async fn kind(&self, kind: &str) -> Result<Kind, Error> {
        self.call(Call::get(at(kind)?)).await
    }

    /// Says what holds for tasks of a kind. What was said before and is left out now is forgotten.
    pub async fn put_kind(&self, kind: &str, put: &PutKind) -> Result<Kind, Error> {
        self.call(Call::put(at(kind)?, body(put)?)).await
    }

    /// Forgets what is said of a kind. Tasks that were submitted keep what they got from it.
    pub async fn remove_kind(&self, kind: &str) -> Result<(), Error> {
        self.tell(Call::delete(at(kind)?)).await
    }
}

fn at(kind: &str) -> Result<String, Error> {
    Ok(format!("/api/v1/kinds/{}", segment(kind)?))
}
