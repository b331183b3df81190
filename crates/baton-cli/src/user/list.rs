//! How users are shown.

use anyhow::Result;
use baton::api::auth::User;

use crate::out::{Format, Out, Table};

pub(super) fn one(out: &Out, user: &User) -> Result<()> {
    if out.format == Format::Json { out.document(user) } else { all(out, std::slice::from_ref(user)) }
}

pub(super) fn all(out: &Out, users: &[User]) -> Result<()> {
    match out.format {
        Format::Json => users.iter().try_for_each(|user| out.json_line(user)),
        Format::Name => users.iter().try_for_each(|user| out.line(&user.id)),
        Format::Table | Format::Wide => table(users).print(out),
    }
}

fn table(users: &[User]) -> Table {
    let mut table = Table::new(&["USER", "NAME", "KIND", "ROLES", "NOTE"]);
    for user in users {
        let row = [&user.id, &user.username, &user.kind, &user.roles.join(" ")].map(String::clone);
        table.row(row.into_iter().chain([note(user).to_owned()]));
        table.paint(4, "33");
    }
    table
}

fn note(user: &User) -> &'static str {
    match (user.disabled, user.has_password, user.kind.as_str()) {
        (true, ..) => "disabled",
        (false, false, "person") => "has no password",
        (false, ..) => "",
    }
}
