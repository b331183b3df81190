//! Logins: who one is, what one may do, and how that ends.

pub(super) mod answer;
mod body;
mod families;
mod keys;
pub(super) mod login;
mod password;
mod race;
mod sessions;
mod signing;
mod users;
mod workers;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::log_in))
        .routes(routes!(login::refresh_tokens))
        .routes(routes!(login::log_out))
        .routes(routes!(login::validate))
        .routes(routes!(sessions::log_out_everywhere))
        .routes(routes!(sessions::list_sessions))
        .merge(families::routes())
        .routes(routes!(race::race_sessions))
        .routes(routes!(sessions::get_ticket))
        .routes(routes!(password::change_password))
        .routes(routes!(password::reset_password))
        .merge(keys::routes())
        .merge(users::routes())
        .merge(signing::routes())
        .merge(workers::routes())
}
