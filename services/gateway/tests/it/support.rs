//! Services that stand behind the gateway under test, and a client in front of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use contracts::customers::import_service_server::{ImportService, ImportServiceServer};
use contracts::customers::view_service_server::{ViewService, ViewServiceServer};
use contracts::customers::*;
use contracts::google::api::HttpBody;
use contracts::identity::authentication_service_server::{AuthenticationService, AuthenticationServiceServer};
use contracts::identity::*;
use futures::Stream;
use gateway::Config;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use platform::service::Upstream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Response, Status, Streaming};
use tower::ServiceExt;

pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Reply<T> = Result<Response<T>, Status>;

/// What reached the services, and how they answer.
#[derive(Default)]
pub struct Behind {
    pub headers: Mutex<HeaderMap>,
    /// The last request, in prost's debug form.
    pub request: Mutex<String>,
    /// The next unary call fails with this.
    pub failure: Mutex<Option<Status>>,
    /// The next stream of imports.
    pub imports: Mutex<Vec<Result<Import, Status>>>,
    /// Bytes of an upload.
    pub upload: Mutex<Vec<u8>>,
    /// The name of an upload that came to its end.
    pub uploaded: Mutex<Option<String>>,
}

#[derive(Clone, Default)]
pub struct Echo(pub Arc<Behind>);

impl Echo {
    fn note<T: std::fmt::Debug>(&self, request: tonic::Request<T>) -> Result<T, Status> {
        *self.0.headers.lock().unwrap() = request.metadata().clone().into_headers();
        let message = request.into_inner();
        *self.0.request.lock().unwrap() = format!("{message:?}");
        match self.0.failure.lock().unwrap().take() {
            Some(status) => Err(status),
            None => Ok(message),
        }
    }
}

#[tonic::async_trait]
impl ViewService for Echo {
    async fn list_views(&self, request: tonic::Request<ListViewsRequest>) -> Reply<ListViewsResponse> {
        let request = self.note(request)?;
        let views = (0..request.page_size).map(|n| View { name: format!("view {n}"), ..View::default() }).collect();
        Ok(Response::new(ListViewsResponse { views, next_page_token: request.page_token }))
    }

    async fn create_view(&self, request: tonic::Request<CreateViewRequest>) -> Reply<View> {
        let view = self.note(request)?.view.unwrap_or_default();
        if view.name == "never" {
            std::future::pending::<()>().await;
        }
        assert_ne!(view.name, "panic", "as the test asked for");
        Ok(Response::new(view))
    }

    async fn update_view(&self, request: tonic::Request<UpdateViewRequest>) -> Reply<View> {
        let request = self.note(request)?;
        // The mask comes back where the test can read it.
        let columns = request.update_mask.unwrap_or_default().paths;
        Ok(Response::new(View { columns, ..request.view.unwrap_or_default() }))
    }

    async fn delete_view(&self, request: tonic::Request<DeleteViewRequest>) -> Reply<DeleteViewResponse> {
        self.note(request)?;
        Ok(Response::new(DeleteViewResponse {}))
    }
}

#[tonic::async_trait]
impl ImportService for Echo {
    async fn upload_import_file(&self, request: tonic::Request<Streaming<UploadImportFileRequest>>) -> Reply<Import> {
        let mut stream = request.into_inner();
        let (mut name, mut kind, mut size) = (String::new(), String::new(), 0);
        let mut largest = 0;
        if let Some(status) = self.0.failure.lock().unwrap().take() {
            return Err(status);
        }
        while let Some(piece) = stream.message().await? {
            let file = piece.file.unwrap_or_default();
            if !piece.file_name.is_empty() {
                name = piece.file_name;
            }
            if !file.content_type.is_empty() {
                kind = file.content_type;
            }
            largest = largest.max(file.data.len());
            size += file.data.len() as i64;
            self.0.upload.lock().unwrap().extend_from_slice(&file.data);
        }
        assert!(largest <= 256 * 1024, "a piece of {largest} bytes");
        *self.0.uploaded.lock().unwrap() = Some(name.clone());
        Ok(Response::new(Import { file_name: name, format: kind, row_count: size, ..Import::default() }))
    }

    async fn list_imports(&self, _: tonic::Request<ListImportsRequest>) -> Reply<ListImportsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_import(&self, request: tonic::Request<GetImportRequest>) -> Reply<Import> {
        Ok(Response::new(Import { id: self.note(request)?.id, ..Import::default() }))
    }

    async fn run_import(&self, request: tonic::Request<RunImportRequest>) -> Reply<Import> {
        Ok(Response::new(Import { id: self.note(request)?.id, ..Import::default() }))
    }

    async fn cancel_import(&self, _: tonic::Request<CancelImportRequest>) -> Reply<Import> {
        Err(Status::unimplemented(""))
    }

    async fn undo_import(&self, _: tonic::Request<UndoImportRequest>) -> Reply<Import> {
        Err(Status::unimplemented(""))
    }

    async fn list_import_kept(&self, _: tonic::Request<ListImportKeptRequest>) -> Reply<ListImportKeptResponse> {
        Err(Status::unimplemented(""))
    }

    type WatchImportStream = Answers<Import>;
    async fn watch_import(&self, request: tonic::Request<WatchImportRequest>) -> Reply<Answers<Import>> {
        self.note(request)?;
        let imports = std::mem::take(&mut *self.0.imports.lock().unwrap());
        // Nothing to tell, and no end.
        if imports.is_empty() {
            return Ok(Response::new(Box::pin(futures::stream::pending())));
        }
        Ok(Response::new(Box::pin(futures::stream::iter(imports))))
    }

    async fn list_import_row_errors(
        &self,
        _: tonic::Request<ListImportRowErrorsRequest>,
    ) -> Reply<ListImportRowErrorsResponse> {
        Err(Status::unimplemented(""))
    }

    type DownloadImportErrorsStream = Answers<HttpBody>;
    async fn download_import_errors(&self, _: tonic::Request<DownloadImportErrorsRequest>) -> Reply<Answers<HttpBody>> {
        let broken = vec![Ok(piece("text/csv", "first,")), Err(Status::internal("disk"))];
        Ok(Response::new(Box::pin(futures::stream::iter(broken))))
    }

    type DownloadImportTemplateStream = Answers<HttpBody>;
    async fn download_import_template(
        &self,
        request: tonic::Request<DownloadImportTemplateRequest>,
    ) -> Reply<Answers<HttpBody>> {
        self.note(request)?;
        let pieces = ["姓名,", "电话\n", ""].map(|text| Ok(piece("text/csv; charset=utf-8", text)));
        let mut response: Response<Answers<HttpBody>> = Response::new(Box::pin(futures::stream::iter(pieces)));
        let disposition = "attachment; filename=\"template.csv\"".parse().unwrap();
        response.metadata_mut().insert("content-disposition", disposition);
        Ok(response)
    }
}

fn piece(content_type: &str, text: &str) -> HttpBody {
    HttpBody { content_type: content_type.into(), data: Bytes::from(text.to_owned()), extensions: vec![] }
}

fn in_seconds(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: chrono::Utc::now().timestamp() + seconds, nanos: 0 })
}

#[tonic::async_trait]
impl AuthenticationService for Echo {
    async fn sign_in(&self, request: tonic::Request<SignInRequest>) -> Reply<SignInResponse> {
        self.note(request)?;
        Ok(Response::new(SignInResponse {
            access_token: "access-1".into(),
            access_token_expire_time: in_seconds(600),
            refresh_token: "refresh-1".into(),
            refresh_token_expire_time: in_seconds(86_400),
            password_change_required: true,
            ..Default::default()
        }))
    }

    async fn complete_sign_in(&self, request: tonic::Request<CompleteSignInRequest>) -> Reply<SignInResponse> {
        self.note(request)?;
        Ok(Response::new(SignInResponse { challenge: "one-more".into(), ..Default::default() }))
    }

    async fn start_passkey_sign_in(
        &self,
        _: tonic::Request<StartPasskeySignInRequest>,
    ) -> Reply<StartPasskeySignInResponse> {
        Err(Status::unimplemented(""))
    }

    async fn confirm_identity(&self, _: tonic::Request<ConfirmIdentityRequest>) -> Reply<ConfirmIdentityResponse> {
        Err(Status::unimplemented(""))
    }

    async fn start_passkey_confirmation(
        &self,
        _: tonic::Request<StartPasskeyConfirmationRequest>,
    ) -> Reply<StartPasskeyConfirmationResponse> {
        Err(Status::unimplemented(""))
    }

    async fn refresh_session(&self, request: tonic::Request<RefreshSessionRequest>) -> Reply<RefreshSessionResponse> {
        self.note(request)?;
        Ok(Response::new(RefreshSessionResponse {
            access_token: "access-2".into(),
            access_token_expire_time: in_seconds(600),
            refresh_token: "refresh-2".into(),
            refresh_token_expire_time: in_seconds(86_400),
            password_change_required: false,
        }))
    }

    async fn sign_out(&self, request: tonic::Request<SignOutRequest>) -> Reply<SignOutResponse> {
        self.note(request)?;
        Ok(Response::new(SignOutResponse::default()))
    }

    async fn change_password(&self, _: tonic::Request<ChangePasswordRequest>) -> Reply<ChangePasswordResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_sessions(&self, request: tonic::Request<ListSessionsRequest>) -> Reply<ListSessionsResponse> {
        self.note(request)?;
        Ok(Response::new(ListSessionsResponse::default()))
    }

    async fn revoke_session(&self, request: tonic::Request<RevokeSessionRequest>) -> Reply<RevokeSessionResponse> {
        self.note(request)?;
        Ok(Response::new(RevokeSessionResponse {}))
    }

    async fn revoke_other_sessions(
        &self,
        _: tonic::Request<RevokeOtherSessionsRequest>,
    ) -> Reply<RevokeOtherSessionsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_password_policy(&self, _: tonic::Request<GetPasswordPolicyRequest>) -> Reply<PasswordPolicy> {
        Err(Status::unimplemented(""))
    }
}

fn upstream(routes: Routes) -> Upstream {
    let routes = routes.prepare();
    Upstream::new(ServiceExt::<Request<tonic::body::Body>>::map_err(routes, |never: Infallible| match never {}))
}

/// The gateway, with reporting left out of the installation.
pub struct World {
    pub behind: Arc<Behind>,
    router: gateway::Front,
    /// The process ends.
    pub stop: CancellationToken,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl World {
    pub fn new() -> World {
        World::with(&Config { secure_cookies: false, ..Config::default() })
    }

    pub fn with(config: &Config) -> World {
        World::with_upstreams(config, |_| {})
    }

    pub fn with_upstreams(config: &Config, adjust: impl FnOnce(&mut HashMap<String, Upstream>)) -> World {
        let echo = Echo::default();
        let customers =
            Routes::new(ViewServiceServer::new(echo.clone())).add_service(ImportServiceServer::new(echo.clone()));
        let identity = Routes::new(AuthenticationServiceServer::new(echo.clone()));
        let mut upstreams =
            HashMap::from([("customers".to_owned(), upstream(customers)), ("identity".to_owned(), upstream(identity))]);
        adjust(&mut upstreams);
        let stop = CancellationToken::new();
        World { behind: echo.0, router: gateway::build(config, [7; 32], upstreams, stop.clone()).unwrap(), stop }
    }

    pub fn request(&self, method: &str, path: &str) -> Call {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711))));
        Call { router: self.router.clone(), request }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        self.request(method, path).json(body).send().await
    }

    /// The last request that reached a service.
    pub fn seen(&self) -> String {
        self.behind.request.lock().unwrap().clone()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.behind.headers.lock().unwrap().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    pub fn fail_with(&self, status: Status) {
        *self.behind.failure.lock().unwrap() = Some(status);
    }
}

pub struct Call {
    router: gateway::Front,
    request: Request<Body>,
}

impl Call {
    pub fn header(mut self, name: &'static str, value: &str) -> Call {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub fn json(self, body: &str) -> Call {
        self.header("content-type", "application/json").body(body.to_owned())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Call {
        *self.request.body_mut() = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let (parts, body) = self.head().await;
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn head(self) -> (http::response::Parts, Body) {
        self.router.oneshot(self.request).await.unwrap().into_parts()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Status and reason of a problem, with the first field that is to blame.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["instance"], self.header("x-request-id"));
        let field = &problem["fieldViolations"][0];
        match field.is_null() {
            true => format!("{} {}", self.status.as_u16(), problem["reason"].as_str().unwrap()),
            false => format!(
                "{} {}: {}",
                self.status.as_u16(),
                field["field"].as_str().unwrap(),
                field["reason"].as_str().unwrap()
            ),
        }
    }

    /// The value that a cookie was set to, and its attributes.
    pub fn cookie(&self, name: &str) -> Option<(String, String)> {
        self.headers.get_all("set-cookie").iter().find_map(|header| {
            let (found, rest) = header.to_str().unwrap().split_once('=')?;
            let (value, attributes) = rest.split_once("; ")?;
            (found == name).then(|| (value.to_owned(), attributes.to_owned()))
        })
    }
}
