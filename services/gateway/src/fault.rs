//! What is wrong with a request before it is a call: a reason and the place in the request where it stands.

use platform::error::Reason;

macro_rules! reasons {
    ($($id:ident: $en:literal, $zh:literal;)*) => {
        $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*

        /// The reasons that the gateway itself gives.
        pub static ALL: &[&Reason] = &[$(&$id),*];
    };
}

reasons! {
    JSON_INVALID: "The body is no valid JSON (line {line}, column {column}).", "请求正文不是有效的 JSON（第 {line} 行第 {column} 列）。";
    JSON_TOO_DEEP: "The body is nested too deeply.", "请求正文嵌套过深。";
    UNKNOWN_FIELD: "There is no such field.", "没有该字段。";
    DUPLICATE_FIELD: "The field stands twice.", "字段重复。";
    WRONG_TYPE: "The value must be of the type {expected}.", "取值类型应为 {expected}。";
    NUMBER_OUT_OF_RANGE: "The number does not fit.", "数值超出范围。";
    TIME_INVALID: "The value must be a time as in RFC 3339, such as 2026-05-01T08:00:00Z.", "应为 RFC 3339 时间，例如 2026-05-01T08:00:00Z。";
    BASE64_INVALID: "The value must be base64.", "应为 base64 编码。";
    ONEOF_CONFLICT: "Only one of {fields} can be set.", "{fields} 只能设置其中一个。";
    PATH_CONFLICT: "The value differs from the one in the path.", "取值与路径中的不一致。";
    PATH_INVALID: "The path does not hold a valid value here.", "路径中的取值无效。";
    UNKNOWN_PARAMETER: "There is no such query parameter.", "没有该查询参数。";
    DUPLICATE_PARAMETER: "The query parameter can stand only once.", "该查询参数只能出现一次。";
    TOO_MANY_PARAMETERS: "There are too many query parameters.", "查询参数过多。";
    BODY_NOT_EXPECTED: "This operation takes no body.", "该操作不接受请求正文。";
    BODY_TOO_LARGE: "The body is larger than {limit} bytes.", "请求正文超过 {limit} 字节。";
    BODY_BROKEN: "The body broke off.", "请求正文不完整。";
    MEDIA_TYPE_UNSUPPORTED: "The body must be of the type {expected}.", "请求正文类型应为 {expected}。";
    ROUTE_NOT_FOUND: "There is no such address.", "没有该地址。";
    METHOD_NOT_ALLOWED: "This address does not know the method.", "该地址不支持此方法。";
    AUTHORIZATION_INVALID: "Only bearer tokens are accepted.", "仅接受 Bearer 令牌。";
    API_KEY_INVALID: "The API key is not valid or has expired.", "API 密钥无效或已过期。";
    CSRF_FAILED: "The request did not come from the console, or its session is over. Reload the page.", "请求并非来自控制台或会话已过期，请刷新页面。";
    RATE_LIMITED: "Too many requests. Try again in {seconds} s.", "请求过于频繁，请在 {seconds} 秒后重试。";
    SERVICE_NOT_DEPLOYED: "The service {service} is not part of this installation.", "本系统未部署 {service} 服务。";
    DEADLINE_EXCEEDED: "The answer took too long.", "处理超时。";
    REQUEST_CANCELLED: "The request was called off.", "请求已取消。";
    NOT_IMPLEMENTED: "The operation is not available.", "该操作不可用。";
    QUOTA_EXCEEDED: "A limit is reached.", "已达到上限。";
    PRECONDITION_FAILED: "The state of the record does not permit this.", "记录当前状态不允许此操作。";
    ALREADY_EXISTS: "There is such a record already.", "记录已存在。";
}

/// A fault at a place: the path of a field as the caller wrote it, or the name of a parameter.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub reason: &'static Reason,
    pub field: String,
    pub args: Vec<(&'static str, String)>,
}

impl Fault {
    pub fn at(field: impl Into<String>, reason: &'static Reason) -> Fault {
        Fault { reason, field: field.into(), args: Vec::new() }
    }

    #[must_use]
    pub fn arg(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Fault {
        self.args.push((name, value.to_string()));
        self
    }
}
