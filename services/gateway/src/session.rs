//! Sessions of browsers: tokens live in cookies that no script can read, and this module moves them between cookies and
//! messages. Which methods start, refresh and end a session stands in the contract.

use contracts::options::SessionEffect;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use platform::contract::wire::{Malformed, Reader, put_bytes};
use platform::contract::{Access, Message, Verb};

use crate::csrf::{Csrf, same_origin};
use crate::fault::{AUTHORIZATION_INVALID, CSRF_FAILED};
use crate::json::time;
use crate::problem::Problem;
use crate::routes::Route;

const MODE: HeaderName = HeaderName::from_static("x-session-mode");
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// How a call proves who makes it.
#[derive(Default)]
pub struct Credentials {
    pub authorization: Option<HeaderValue>,
    /// The refresh token of the cookie, for a request that carries none.
    pub refresh: Option<String>,
    /// The answer's tokens go into cookies.
    pub in_cookies: bool,
}

impl Credentials {
    pub fn token(&self) -> Option<&str> {
        self.authorization.as_ref()?.to_str().ok()?.split_once(' ').map(|(_, token)| token)
    }
}

pub struct Sessions {
    secure: bool,
    csrf: Csrf,
}

impl Sessions {
    pub fn new(secure: bool, csrf: Csrf) -> Sessions {
        Sessions { secure, csrf }
    }

    /// A browser refuses a cookie of these prefixes from anywhere but this host over HTTPS.
    fn access_cookie(&self) -> &'static str {
        if self.secure { "__Host-changke_access" } else { "changke_access" }
    }

    fn refresh_cookie(&self) -> &'static str {
        if self.secure { "__Secure-changke_refresh" } else { "changke_refresh" }
    }

    fn csrf_cookie(&self) -> &'static str {
        if self.secure { "__Host-changke_csrf" } else { "changke_csrf" }
    }

    /// A bearer token wins over a cookie; the scheme of services among themselves never comes from outside.
    pub fn credentials(&self, route: &Route, headers: &HeaderMap) -> Result<Credentials, Problem> {
        let wants_cookies = headers.get(MODE).is_some_and(|mode| mode == "cookie");
        if let Some(authorization) = headers.get(AUTHORIZATION) {
            let bearer =
                authorization.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
            if !bearer {
                return Err(Problem::new(StatusCode::UNAUTHORIZED, &AUTHORIZATION_INVALID));
            }
            let authorization = Some(authorization.clone());
            return Ok(Credentials { authorization, refresh: None, in_cookies: wants_cookies });
        }
        match route.method.session_effect {
            SessionEffect::Refresh => self.refresh_credentials(headers, wants_cookies),
            _ if route.method.access == Access::Public => {
                if wants_cookies && !same_origin(headers) {
                    return Err(forged());
                }
                Ok(Credentials { in_cookies: wants_cookies, ..Credentials::default() })
            }
            _ => self.cookie_credentials(route, headers),
        }
    }

    fn refresh_credentials(&self, headers: &HeaderMap, wants_cookies: bool) -> Result<Credentials, Problem> {
        let Some(refresh) = cookie(headers, self.refresh_cookie()) else {
            return Ok(Credentials { in_cookies: wants_cookies, ..Credentials::default() });
        };
        if !same_origin(headers) || !self.csrf.holds_for_refresh(csrf_header(headers), refresh) {
            return Err(forged());
        }
        Ok(Credentials { refresh: Some(refresh.to_owned()), in_cookies: true, ..Credentials::default() })
    }

    fn cookie_credentials(&self, route: &Route, headers: &HeaderMap) -> Result<Credentials, Problem> {
        let Some(access) = cookie(headers, self.access_cookie()).filter(|access| !access.is_empty()) else {
            return Ok(Credentials::default());
        };
        if route.rule.verb != Verb::Get {
            let token = csrf_header(headers);
            let sent = cookie(headers, self.csrf_cookie()).unwrap_or_default();
            if !same_origin(headers) || token != sent || !self.csrf.holds_for_access(token, access) {
                return Err(forged());
            }
        }
        let authorization = HeaderValue::try_from(format!("Bearer {access}")).ok();
        Ok(Credentials { authorization, refresh: None, in_cookies: true })
    }

    /// Puts the cookie's refresh token into a request that has none.
    pub fn fill_request(&self, route: &Route, credentials: &Credentials, request: &mut Vec<u8>, message_at: usize) {
        let Some(refresh) = &credentials.refresh else { return };
        let Some(field) = route.input.field_named("refresh_token").map(|index| &route.input.fields[index]) else {
            return;
        };
        let mut reader = Reader::new(&request[message_at..]);
        while let Some(Ok((number, value))) = reader.field() {
            if number == field.number && value.bytes().is_ok_and(|token| !token.is_empty()) {
                return;
            }
        }
        put_bytes(request, field.number, refresh.as_bytes());
    }

    /// Moves the tokens of an answer into cookies; the JSON then shows them empty. An answer that has none, as that of a
    /// sign-in which waits for its second factor, leaves the cookies as they are.
    pub fn take_tokens(&self, output: &Message, wire: &[u8], headers: &mut HeaderMap) -> Result<Vec<u8>, Malformed> {
        let mut rest = Vec::with_capacity(wire.len());
        let (mut access, mut refresh) = ("", "");
        let (mut access_end, mut refresh_end) = (0, 0);
        let mut reader = Reader::new(wire);
        loop {
            let start = reader.position();
            let Some(next) = reader.field().transpose()? else { break };
            let (number, value) = next;
            let name = output.field_index(number).map(|index| output.fields[index].name.as_str());
            match name {
                Some("access_token") => access = value.text()?,
                Some("refresh_token") => refresh = value.text()?,
                Some("access_token_expire_time") => access_end = time::read(value.bytes()?)?.0,
                Some("refresh_token_expire_time") => refresh_end = time::read(value.bytes()?)?.0,
                _ => {}
            }
            if !matches!(name, Some("access_token" | "refresh_token")) {
                rest.extend_from_slice(&wire[start..reader.position()]);
            }
        }
        if access.is_empty() {
            return Ok(rest);
        }
        let now = chrono::Utc::now().timestamp();
        let csrf = self.csrf.issue(access, refresh);
        self.set(headers, self.access_cookie(), access, "/", access_end - now, true);
        self.set(headers, self.refresh_cookie(), refresh, REFRESH_PATH, refresh_end - now, true);
        self.set(headers, self.csrf_cookie(), &csrf, "/", refresh_end - now, false);
        Ok(rest)
    }

    /// Takes the cookies of a session that is over away.
    pub fn clear(&self, headers: &mut HeaderMap) {
        self.set(headers, self.access_cookie(), "", "/", 0, true);
        self.set(headers, self.refresh_cookie(), "", REFRESH_PATH, 0, true);
        self.set(headers, self.csrf_cookie(), "", "/", 0, false);
    }

    fn set(&self, headers: &mut HeaderMap, name: &str, value: &str, path: &str, seconds: i64, http_only: bool) {
        let http_only = if http_only { "; HttpOnly" } else { "" };
        let secure = if self.secure { "; Secure" } else { "" };
        let seconds = seconds.max(0);
        let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Strict{http_only}{secure}");
        // Tokens are base64url and dots, so this holds.
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// The refresh token is sent nowhere else. The colon of the route is escaped by no browser.
const REFRESH_PATH: &str = "/v1/sessions:refresh";

fn forged() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, &CSRF_FAILED)
}

fn csrf_header(headers: &HeaderMap) -> &str {
    headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok()).unwrap_or_default()
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
