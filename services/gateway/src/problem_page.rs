//! `/docs/problems/REASON`: the page that a problem's `type` names. Reasons of the services are explained beside their
//! operations in the reference, so here they are only pointed at.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use platform::locale::Locale;

use crate::fault;

pub const PREFIX: &str = "/docs/problems/";

const PAGE: &str = include_str!("problem_page.html");

/// Nothing for what can't be a reason.
pub fn answer(path: &str, locale: Locale) -> Option<Response> {
    let id = path.strip_prefix(PREFIX)?;
    let reason = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(reason) {
        return None;
    }
    let told = fault::ALL.iter().find(|reason| reason.id == id).map(|reason| match locale {
        Locale::En => reason.en,
        Locale::Zh => reason.zh,
    });
    let (unknown, note) = match locale {
        Locale::En => (
            "A service gave this reason. The problem's detail says what to change, and the operation's description \
             says when it is given.",
            "Programs may rely on this name; texts may change.",
        ),
        Locale::Zh => (
            "该原因由服务给出：处理方法见问题的 detail，触发条件见接口说明。",
            "程序可以依赖此名称；说明文字可能调整。",
        ),
    };
    let text = told.unwrap_or(unknown).replace('<', "&lt;");
    let page =
        PAGE.replace("{lang}", locale.tag()).replace("{id}", id).replace("{text}", &text).replace("{note}", note);
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_page_and_nothing_else_has() {
        for path in ["/docs/problems/CSRF_FAILED", "/docs/problems/ROLE_IN_USE"] {
            assert!(answer(path, Locale::Zh).is_some(), "{path}");
        }
        for path in ["/docs/problems/", "/docs/problems/<script>", "/docs/problems/a", "/docs/problems/A/B"] {
            assert!(answer(path, Locale::En).is_none(), "{path}");
        }
    }
}
