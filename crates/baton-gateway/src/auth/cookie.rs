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

/// The cookies of one installation. A host may have several, on other ports or below other paths, and a browser sends the cookies
/// of a host to all of them: so their names say whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jar {
    secure: bool,
    /// Of the issuer, which is the same for all gateways of an installation, and no other has it.
    of: String,
}

impl Jar {
    pub(crate) fn new(issuer: &str) -> Jar {
        let digest = sha1_smol::Sha1::from(issuer).digest().to_string();
        Jar { secure: issuer.starts_with("https://"), of: digest[..8].to_owned() }
    }

    /// Whether they are for hosts that are reached over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// A list of `Set-Cookie` that removes both.
    pub(crate) fn removed(&self) -> impl Iterator<Item = HeaderValue> {
        [Cookie::Access, Cookie::Refresh].into_iter().filter_map(|cookie| cookie.set("", 0, self))
    }
}

impl Cookie {
    /// A browser takes a name with this prefix from a host itself, over TLS, and from nobody else.
    fn name(self, jar: &Jar) -> String {
        let prefix = if jar.secure { "__Host-" } else { "" };
        let word = match self {
            Cookie::Refresh => "rt",
            Cookie::Access => "at",
        };
        format!("{prefix}baton_{word}_{}", jar.of)
    }

    fn same_site(self) -> &'static str {
        match self {
            Cookie::Refresh => "Strict",
            Cookie::Access => "Lax",
        }
    }

    /// What the request brings. One that comes twice was set by somebody else, too: neither counts.
    pub(crate) fn read<'a>(self, headers: &'a HeaderMap, jar: &Jar) -> Option<&'a str> {
        let name = self.name(jar);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
        match (ours.next(), ours.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// What a list of `Set-Cookie` sets it to.
    pub(crate) fn read_set<'a>(self, lines: &'a [HeaderValue], jar: &Jar) -> Option<&'a str> {
        let name = self.name(jar);
        let values = lines.iter().filter_map(|line| line.to_str().ok()?.split(';').next()?.split_once('='));
        let mut ours = values.filter(|(known, value)| *known == name && !value.is_empty());
        ours.next().map(|(_, value)| value)
    }

    /// `Set-Cookie`, for as many seconds; 0 removes it.
    pub(crate) fn set(self, value: &str, max_age_s: u64, jar: &Jar) -> Option<HeaderValue> {
        let (name, same_site) = (self.name(jar), self.same_site());
        let flag = if jar.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age_s}{flag}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(secure: bool) -> Jar {
        Jar::new(if secure { "https://baton.example" } else { "http://localhost" })
    }

    fn read(cookie: Cookie, secure: bool, lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        });
        cookie.read(&headers, &jar(secure)).map(str::to_owned)
    }

    #[test]
    fn a_cookie_counts_when_it_is_there_once_under_its_name() {
        let found = read(Cookie::Refresh, true, &["a=b; __Host-baton_rt_100c4a7a=x; c=d"]);
        assert_eq!(found.as_deref(), Some("x"));
        assert_eq!(read(Cookie::Access, false, &["a=b", "baton_at_8523ab80=y=z"]).as_deref(), Some("y=z"));
        for lines in [
            &["__Host-baton_rt_100c4a7a=x; __Host-baton_rt_100c4a7a=y"][..],
            &["baton_rt_100c4a7a=x"],
            // Of another installation on the same host.
            &["__Host-baton_rt_8523ab80=x"],
            &["__Host-baton_rt_100c4a7a="],
            &[],
        ] {
            assert_eq!(read(Cookie::Refresh, true, lines), None, "{lines:?}");
        }
    }

    #[test]
    fn no_script_and_no_other_host_gets_them() {
        let set =
            |cookie: Cookie, secure| cookie.set("x", 60, &jar(secure)).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            set(Cookie::Refresh, true),
            "__Host-baton_rt_100c4a7a=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure"
        );
        assert_eq!(
            set(Cookie::Access, false),
            "baton_at_8523ab80=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        assert!(Cookie::Refresh.set("a\nb", 60, &jar(true)).is_none());
    }
}
