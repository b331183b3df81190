//! The two cookies of the gateway's own pages. No script of a page can read them.

use axum::http::{HeaderMap, HeaderValue, header};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The refresh token: it does not come along with a link that stands on another site.
    Refresh,
    /// The access token: it does.
    Access,
}

impl Cookie {
    /// A browser takes a name with this prefix from a host itself, over TLS, and from nobody else.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Refresh, true) => "__Host-baton_rt",
            (Cookie::Access, true) => "__Host-baton_at",
            (Cookie::Refresh, false) => "baton_rt",
            (Cookie::Access, false) => "baton_at",
        }
    }

    fn same_site(self) -> &'static str {
        match self {
            Cookie::Refresh => "Strict",
            Cookie::Access => "Lax",
        }
    }

    /// What the request brings. One that comes twice was set by somebody else, too: neither counts.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
        match (ours.next(), ours.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// What a list of `Set-Cookie` sets it to.
    pub(crate) fn read_set(self, lines: &[HeaderValue], secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let values = lines.iter().filter_map(|line| line.to_str().ok()?.split(';').next()?.split_once('='));
        let mut ours = values.filter(|(known, value)| *known == name && !value.is_empty());
        ours.next().map(|(_, value)| value)
    }

    /// `Set-Cookie`, for as many seconds; 0 removes it.
    pub(crate) fn set(self, value: &str, max_age_s: u64, secure: bool) -> Option<HeaderValue> {
        let (name, same_site) = (self.name(secure), self.same_site());
        let flag = if secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age_s}{flag}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A list of `Set-Cookie` that removes both.
    pub(crate) fn removed(secure: bool) -> impl Iterator<Item = HeaderValue> {
        [Cookie::Access, Cookie::Refresh].into_iter().filter_map(move |cookie| cookie.set("", 0, secure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookie: Cookie, secure: bool, lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        });
        cookie.read(&headers, secure).map(str::to_owned)
    }

    #[test]
    fn a_cookie_counts_when_it_is_there_once_under_its_name() {
        assert_eq!(read(Cookie::Refresh, true, &["a=b; __Host-baton_rt=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(read(Cookie::Access, false, &["a=b", "baton_at=y=z"]).as_deref(), Some("y=z"));
        for lines in
            [&["__Host-baton_rt=x; __Host-baton_rt=y"][..], &["baton_rt=x"], &["__Host-baton_rt="], &[]]
        {
            assert_eq!(read(Cookie::Refresh, true, lines), None, "{lines:?}");
        }
    }

    #[test]
    fn no_script_and_no_other_host_gets_them() {
        let set = |cookie: Cookie, secure| cookie.set("x", 60, secure).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            set(Cookie::Refresh, true),
            "__Host-baton_rt=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure"
        );
        assert_eq!(set(Cookie::Access, false), "baton_at=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
        assert!(Cookie::Refresh.set("a\nb", 60, true).is_none());
    }
}
