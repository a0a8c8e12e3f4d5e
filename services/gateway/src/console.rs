//! The console's files. A path that is no file is a page of the application, which finds its way from `index.html`.

use std::path::Path;

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::fault::ROUTE_NOT_FOUND;
use crate::problem::Problem;

const INDEX: &str = "index.html";
const MISSING: &str = include_str!("console_missing.html");

pub struct Console {
    files: Option<ServeDir>,
}

impl Console {
    pub fn new(folder: Option<&Path>) -> Console {
        let present = folder.filter(|folder| folder.join(INDEX).is_file());
        Console { files: present.map(|folder| ServeDir::new(folder).append_index_html_on_directories(true)) }
    }

    pub async fn answer(&self, request: Request<Body>) -> Result<Response, Problem> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Problem::method_not_allowed(vec!["GET"]));
        }
        let path = request.uri().path().to_owned();
        let page = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(wants_page);
        let Some(files) = &self.files else {
            return if page || path == "/" { Ok(missing()) } else { Err(not_found()) };
        };
        let index = request_for("/");
        let found = serve(files, request).await?;
        if found.status() != StatusCode::NOT_FOUND {
            return Ok(cached(found, &path));
        }
        // A missing script must not come as a page.
        if !page || path.starts_with("/assets/") {
            return Err(not_found());
        }
        Ok(cached(serve(files, index).await?, "/"))
    }
}

async fn serve(files: &ServeDir, request: Request<Body>) -> Result<Response, Problem> {
    match files.clone().oneshot(request).await {
        Ok(response) => Ok(response.map(Body::new)),
        Err(never) => match never {},
    }
}

fn request_for(path: &'static str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static(path);
    request
}

fn wants_page(accept: &str) -> bool {
    accept.contains("text/html")
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, &ROUTE_NOT_FOUND)
}

/// The names of built assets hold a hash of what is inside; everything else may change with the next build.
fn cached(mut response: Response, path: &str) -> Response {
    let control = if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(control));
    response
}

fn missing() -> Response {
    let mut response = Response::new(Body::from(MISSING));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
