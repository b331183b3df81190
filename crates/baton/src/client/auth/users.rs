//! Users, for those who administer them.

use baton_api::auth::{ChangeUser, NewUser, OneTimeCode, User, Users};

use super::path::segment;
use crate::client::Client;
use crate::client::call::Call;
use crate::client::submit::body;
use crate::error::Error;

impl Client {
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        let mut users = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let call =
                cursor.iter().fold(Call::get("/auth/users"), |call, cursor| call.query("cursor", cursor));
            let page: Users = self.call(call).await?;
            users.extend(page.users);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(users);
            }
        }
    }

    pub async fn user(&self, id: &str) -> Result<User, Error> {
        self.call(Call::get(user(id)?)).await
    }

    pub async fn create_user(&self, new: &NewUser) -> Result<User, Error> {
        self.call(Call::post("/auth/users", body(new)?, None).once()).await
    }

    /// Changes roles or the password, shuts a user out or lets him in again. A new password ends all his sessions.
    pub async fn change_user(&self, id: &str, change: &ChangeUser) -> Result<User, Error> {
        self.call(Call::patch(user(id)?, body(change)?)).await
    }

    /// Ends a user for good: his sessions and keys with him.
    pub async fn delete_user(&self, id: &str) -> Result<(), Error> {
        self.tell(Call::delete(user(id)?)).await
    }

    /// Ends all sessions of a user.
    pub async fn end_sessions_of(&self, id: &str) -> Result<(), Error> {
        self.tell(Call::delete(format!("{}/sessions", user(id)?))).await
    }

    /// A code for one use, with which a user sets a new password himself.
    pub async fn reset_code(&self, id: &str) -> Result<OneTimeCode, Error> {
        self.call(Call::post(format!("{}/reset-code", user(id)?), b"{}".to_vec(), None).once()).await
    }
}

fn user(id: &str) -> Result<String, Error> {
    Ok(format!("/auth/users/{}", segment(id)?))
}
