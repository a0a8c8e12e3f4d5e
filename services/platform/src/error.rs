//! The closed set of errors that leave a service, in the caller's language, with the cause kept inside.
//! `Error` → `tonic::Status` with `google.rpc` details; the gateway makes RFC 9457 problems of them.

use bytes::Bytes;
use contracts::google::rpc;
use prost::{Message, Name};
use tonic::{Code, Status};

use crate::filter::FilterError;
use crate::locale::{self, Locale};

/// A stable name for what went wrong, with its text in both languages. `{name}` is replaced by the argument `name`.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// UPPER_SNAKE_CASE; callers may rely on it.
    pub id: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
}

impl Reason {
    pub fn text(&self, locale: Locale, args: &[(&'static str, String)]) -> String {
        let template = match locale {
            Locale::Zh => self.zh,
            Locale::En => self.en,
        };
        let mut text = template.to_owned();
        for (name, value) in args {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

/// One field that is not as it must be.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Path in the request by proto names, such as `customer.addresses[2].street`.
    pub field: String,
    pub reason: &'static Reason,
    pub args: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub struct Error {
    code: Code,
    reason: &'static Reason,
    args: Vec<(&'static str, String)>,
    violations: Vec<Violation>,
    cause: Option<anyhow::Error>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: Code, reason: &'static Reason) -> Self {
        Self { code, reason, args: Vec::new(), violations: Vec::new(), cause: None }
    }

    /// INVALID_ARGUMENT for one field.
    pub fn invalid(field: impl Into<String>, reason: &'static Reason) -> Self {
        Self::new(Code::InvalidArgument, &reason::INVALID_REQUEST).field(field, reason)
    }

    /// INVALID_ARGUMENT for several fields.
    pub fn invalid_fields(violations: Vec<Violation>) -> Self {
        Self { violations, ..Self::new(Code::InvalidArgument, &reason::INVALID_REQUEST) }
    }

    /// INVALID_ARGUMENT for the field that holds an expression, with the place of the fault as people count.
    pub fn filter(field: &str, error: &FilterError) -> Self {
        let message = match locale::current() {
            Locale::Zh => error.message_zh(),
            Locale::En => error.message_en(),
        };
        Self::invalid(field, &reason::FILTER_INVALID).arg("message", message).arg("position", error.position + 1)
    }

    /// A record that does not exist or that the caller may not see: the two can't be told apart.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, &reason::NOT_FOUND)
    }

    pub fn stale_etag() -> Self {
        Self::new(Code::Aborted, &reason::STALE_ETAG)
    }

    pub fn failed_precondition(reason: &'static Reason) -> Self {
        Self::new(Code::FailedPrecondition, reason)
    }

    pub fn already_exists(field: impl Into<String>, reason: &'static Reason) -> Self {
        Self::new(Code::AlreadyExists, reason).field(field, reason)
    }

    /// Speaks of fields by the names that they have in this request: what begins with `from` begins with `to`.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        for violation in &mut self.violations {
            if let Some(rest) = violation.field.strip_prefix(from) {
                violation.field = format!("{to}{rest}");
            }
        }
        self
    }

    pub fn permission_denied(reason: &'static Reason) -> Self {
        Self::new(Code::PermissionDenied, reason)
    }

    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::Unavailable, &reason::UNAVAILABLE) }
    }

    /// A fault of ours: logged with its cause, answered without it.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal, &reason::INTERNAL) }
    }

    /// Adds a value for `{name}` in the text; it is also answered as metadata of the reason.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike stand at the call as they are")]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        if let Some(last) = self.violations.last_mut() {
            last.args.push((name, value.clone()));
        }
        self.args.push((name, value));
        self
    }

    #[must_use]
    pub fn field(mut self, field: impl Into<String>, reason: &'static Reason) -> Self {
        self.violations.push(Violation { field: field.into(), reason, args: Vec::new() });
        self
    }

    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether the same work may go through when it is tried again: somebody else took a value or a row meanwhile.
    pub fn is_conflict(&self) -> bool {
        matches!(self.code, Code::Aborted | Code::AlreadyExists)
    }

    pub fn reason(&self) -> &'static Reason {
        self.reason
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason.text(Locale::En, &self.args))?;
        for violation in &self.violations {
            write!(f, "; {}: {}", violation.field, violation.reason.text(Locale::En, &violation.args))?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause:#}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// A database error that no caller caused. Names of constraints are mapped beside the query with [`on_constraint`].
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::not_found(),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => Self::unavailable(error),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // Serialisation failure, deadlock: the caller may try again.
                Some("40001" | "40P01") => Self { cause: Some(error.into()), ..Self::stale_etag() },
                // Statement timeout, shutdown of the server.
                Some("57014" | "57P01" | "57P02" | "57P03" | "53300") => Self::unavailable(error),
                _ => Self::internal(error),
            },
            _ => Self::internal(error),
        }
    }
}

/// What the violation of a constraint is answered with.
pub type Answer = fn() -> Error;

/// Turns the violation of a named constraint into an answer; other errors stay what they are.
pub fn on_constraint(error: sqlx::Error, answers: &[(&str, Answer)]) -> Error {
    let name = match &error {
        sqlx::Error::Database(database) => database.constraint().map(str::to_owned),
        _ => None,
    };
    match name.and_then(|name| answers.iter().find(|(constraint, _)| *constraint == name)) {
        Some((_, answer)) => answer(),
        None => error.into(),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let locale = locale::current();
        if let Some(cause) = &error.cause {
            match error.code {
                Code::Internal => tracing::error!(reason = error.reason.id, "{cause:#}"),
                _ => tracing::warn!(reason = error.reason.id, "{cause:#}"),
            }
        }
        let text = error.reason.text(locale, &error.args);
        let mut details = vec![any(&rpc::ErrorInfo {
            reason: error.reason.id.to_owned(),
            domain: "changke".to_owned(),
            metadata: error.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        })];
        details.push(any(&rpc::LocalizedMessage { locale: locale.tag().to_owned(), message: text.clone() }));
        if !error.violations.is_empty() {
            let field_violations = error
                .violations
                .iter()
                .map(|violation| {
                    let text = violation.reason.text(locale, &violation.args);
                    rpc::bad_request::FieldViolation {
                        field: violation.field.clone(),
                        description: text.clone(),
                        reason: violation.reason.id.to_owned(),
                        localized_message: Some(rpc::LocalizedMessage {
                            locale: locale.tag().to_owned(),
                            message: text,
                        }),
                    }
                })
                .collect();
            details.push(any(&rpc::BadRequest { field_violations }));
        }
        let status = rpc::Status { code: error.code as i32, message: text.clone(), details };
        Status::with_details(error.code, text, Bytes::from(status.encode_to_vec()))
    }
}

fn any<M: Message + Name>(message: &M) -> prost_types::Any {
    prost_types::Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

/// Reasons that any service may give.
pub mod reason {
    use super::Reason;

    macro_rules! reasons {
        ($($id:ident: $en:literal, $zh:literal;)*) => {
            $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*
        };
    }

    reasons! {
        INVALID_REQUEST: "The request is not valid.", "请求内容有误。";
        NOT_FOUND: "There is no such record.", "记录不存在。";
        STALE_ETAG: "The record was changed by someone else meanwhile. Load it again.", "记录已被他人修改，请重新加载。";
        ETAG_REQUIRED: "The etag of the record is required.", "必须提供记录的 etag。";
        UNAVAILABLE: "The service can't answer right now. Try again soon.", "服务暂时不可用，请稍后重试。";
        INTERNAL: "Something went wrong on our side.", "系统内部错误。";
        UNAUTHENTICATED: "Sign in first.", "请先登录。";
        TOKEN_INVALID: "The token is not valid or has expired.", "令牌无效或已过期。";
        PERMISSION_DENIED: "You lack the permission {permission}.", "您没有权限 {permission}。";
        STEP_UP_REQUIRED: "Confirm who you are first.", "请先重新验证身份。";
        SECOND_FACTOR_REQUIRED: "Set up a second factor first.", "请先设置二次验证。";
        PASSWORD_CHANGE_REQUIRED: "Replace the initial password first.", "请先修改初始密码。";
        PERSON_REQUIRED: "Only a person who signed in can do this, not an API key.", "仅限本人登录后操作，不能使用 API 密钥。";
        POLICY_STALE: "Permissions can't be checked right now. Try again soon.", "暂时无法校验权限，请稍后重试。";
        FIELD_MASKED: "You may not filter or sort by {field}.", "您无权按 {field} 筛选或排序。";
        PAGE_TOKEN_INVALID: "The page token is not valid for this request.", "分页标记与本次请求不符。";
        FILTER_INVALID: "{message} (at character {position})", "{message}（第 {position} 个字符）";
        MASK_PATH_UNKNOWN: "There is no field {path} that can be changed.", "不存在可修改的字段 {path}。";
        MASK_EMPTY: "Name at least one field to change.", "请至少指定一个要修改的字段。";
        IDEMPOTENCY_KEY_REUSED: "The idempotency key was used for another request.", "该幂等键已用于其他请求。";
        IDEMPOTENCY_KEY_INVALID: "The idempotency key must have 1 to 128 printable ASCII characters.", "幂等键须为 1 至 128 个可打印 ASCII 字符。";
        DEAD_LETTER_FAILED: "The event failed again; the letter says why.", "该事件再次处理失败，原因见死信。";
        JOB_REPLACED: "A newer job of the same kind is pending or running.", "同类的新任务正在等待或运行。";
        REVEALS_EXHAUSTED: "You have revealed the most records that an hour allows ({limit}). Try again later.", "您一小时内查看完整信息的次数已达上限（{limit}），请稍后再试。";
        NO_PLACE_FOR_FILES: "This installation has no place for files. Its administrator can set one up.", "系统尚未配置文件存储，请联系管理员。";
        VALUE_INVALID: "The value is not valid.", "取值无效。";
        VALUE_REQUIRED: "A value is required.", "该项必填。";
    }
}
