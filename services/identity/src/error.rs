//! Why identity refuses, in both languages.

macro_rules! reasons {
    ($($id:ident: $en:literal, $zh:literal;)*) => {
        $(pub static $id: platform::error::Reason = platform::error::Reason { id: stringify!($id), en: $en, zh: $zh };)*
    };
}

reasons! {
    SIGN_IN_FAILED: "Login name or password is wrong, or the account can't be used now.", "登录名或密码错误，或账号当前不可用。";
    SIGN_IN_BUSY: "Too many sign-ins at once. Try again soon.", "登录请求过多，请稍后重试。";
    SIGN_IN_FAILURES: "Too many failed attempts from your network. Try again later.", "您所在网络的失败次数过多，请稍后再试。";
    SECOND_FACTOR_WRONG: "The second factor is wrong, was used already, or can't be used now.", "二次验证有误、已被使用或当前不可用。";
    SECOND_FACTOR_MISSING: "Set up an authenticator app or a passkey first.", "请先设置验证器或通行密钥。";
    SECOND_FACTOR_LAST: "Your role asks for a second factor. Set up another one before you remove the last.", "您的角色要求二次验证，请先添加另一种方式，再移除最后一个。";
    CHALLENGE_INVALID: "This took too long, was tried too often or is done already. Begin anew.", "操作已超时、尝试次数过多或已完成，请重新开始。";
    ONE_PROOF: "Give exactly one proof of who you are.", "请提供且仅提供一种验证方式。";
    PROOF_WRONG: "This is wrong, was used already, or can't be used now.", "验证有误、已被使用或当前不可用。";
    TOTP_CODE_WRONG: "The code is wrong. Check the clock of the device.", "验证码错误，请检查设备时间。";
    PASSKEY_INVALID: "This is not the answer of a passkey to what was asked.", "通行密钥的响应无效。";
    PASSKEY_KNOWN: "The passkey is set up already.", "该通行密钥已被使用。";
    PASSKEYS_UNAVAILABLE: "Passkeys need an installation whose address is a name.", "系统地址不是域名，无法使用通行密钥。";
    CREDENTIALS_TOO_MANY: "Nobody needs more than {most} apps and passkeys.", "验证器与通行密钥合计最多 {most} 个。";
    REFRESH_TOKEN_INVALID: "The session is over. Sign in again.", "会话已结束，请重新登录。";
    REFRESH_TOKEN_REUSED: "The refresh token was used before. Sign in again.", "刷新令牌已被使用，请重新登录。";
    CURRENT_PASSWORD_WRONG: "The current password is wrong.", "当前密码错误。";
    PASSWORD_TOO_SHORT: "The password needs at least {min_length} characters.", "密码至少需要 {min_length} 个字符。";
    PASSWORD_TOO_SIMPLE: "The password needs {min_character_kinds} of: lower case, upper case, digits, other characters.", "密码须包含小写字母、大写字母、数字、其他字符中的至少 {min_character_kinds} 类。";
    PASSWORD_COMMON: "The password is among the first that anybody would guess.", "该密码过于常见，容易被猜中。";
    PASSWORD_HOLDS_LOGIN_NAME: "The password must not hold the login name.", "密码不能包含登录名。";
    PASSWORD_UNCHANGED: "The new password must differ from the current one.", "新密码不能与当前密码相同。";
    PASSWORD_REUSED: "The password is one of your last {remembered}.", "不能使用最近 {remembered} 次用过的密码。";
    LINK_INVALID: "The link was used already or is no longer valid. Ask for a new one.", "链接已被使用或已失效，请重新获取。";
    MAIL_NOT_SET_UP: "This installation sends no e-mail, so nobody can be invited. Create an initial password.", "系统未配置邮件发送，无法邀请，请使用初始密码。";
    EMAIL_MISSING: "The employee has no e-mail address to send the link to.", "该员工没有电子邮箱，无法发送链接。";
    EMPLOYEE_HAS_PASSWORD: "The employee has set a password already.", "该员工已设置密码。";
    EMPLOYEE_DISABLED: "The employee is disabled.", "该员工已停用。";
    LOGIN_NAME_TAKEN: "The login name is taken.", "登录名已被使用。";
    EMPLOYEE_UNKNOWN: "There is no such employee.", "员工不存在。";
    EMPLOYEE_IS_SELF: "You can't do this to yourself.", "不能对自己执行此操作。";
    LAST_ADMINISTRATOR: "The last active administrator must stay one.", "必须保留至少一名在用的管理员。";
    EMPLOYEE_OWNS_CUSTOMERS: "The employee owns {count} customers. Hand them over first.", "该员工名下还有 {count} 个客户，请先移交。";
    EMPLOYEE_ALREADY_GROUPED: "{name} is in a group already.", "{name} 已在其他员工组中。";
    GROUP_UNKNOWN: "There is no such group.", "员工组不存在。";
    GROUP_CYCLE: "A group can't stand below itself.", "员工组不能移动到自身或其下级之下。";
    GROUP_IS_ROOT: "The root group can't be moved or deleted.", "根组不能移动或删除。";
    GROUP_NAME_TAKEN: "There is a group {name} under this parent already.", "同一上级下已有名为 {name} 的员工组。";
    GROUP_TOO_DEEP: "Groups may stand {max_depth} levels deep.", "员工组最多 {max_depth} 级。";
    OUTSIDE_SCOPE: "This lies outside the groups that you may manage.", "超出您可管理的员工组范围。";
    ROLE_UNKNOWN: "There is no such role.", "角色不存在。";
    ROLE_EXCEEDS_OWN: "Nobody can give more than they hold themselves.", "不能授予超出自身权限的内容。";
    ROLE_IS_ADMINISTRATOR: "The administrator role keeps all its permissions.", "管理员角色的权限不能更改，也不能删除。";
    ROLE_IN_USE: "{count} employees hold the role.", "仍有 {count} 名员工拥有该角色。";
    ROLE_NAME_TAKEN: "There is a role of this name already.", "角色名称已存在。";
    PERMISSION_NOT_GRANTABLE: "Only services hold this permission.", "该权限仅供系统服务使用。";
    SCOPE_NOT_APPLICABLE: "This permission does not know this scope.", "该权限不支持此数据范围。";
    GROUPS_BY_SCOPE: "Groups are named for the scope of chosen groups, and only for it.", "仅在数据范围为指定员工组时填写员工组，且必须填写。";
    ROLE_FOR_CUSTOMERS: "The role is for users of the portal.", "该角色仅供门户客户使用。";
    API_KEY_INVALID: "The API key is not valid or has expired.", "API 密钥无效或已过期。";
    API_KEY_LIMIT: "There are {limit} keys already. Revoke one first.", "密钥数量已达上限 {limit}，请先撤销其中一个。";
    PERMISSION_NOT_HELD: "The holder of the key lacks this permission.", "密钥持有者没有该权限。";
    TIME_IN_THE_PAST: "The time must lie in the future.", "时间必须晚于当前时间。";
    PROVIDER_NAME_TAKEN: "There is a provider of this name already.", "已有同名的登录提供方。";
    PROVIDER_UNAVAILABLE: "The provider does not answer. Try again soon.", "登录提供方暂时无响应，请稍后重试。";
    ISSUER_INSECURE: "The provider must be reached by https.", "登录提供方必须使用 https 地址。";
    PUBLIC_URL_MISSING: "Single sign-on needs the setting identity.public_url.", "单点登录需要先配置 identity.public_url。";
    SIGN_ON_FAILED: "The sign-on did not succeed. Begin again.", "单点登录未成功，请重新开始。";
    SIGN_ON_UNKNOWN: "Nobody here belongs to this identity. Sign in with your password and link it, or ask an administrator.", "该身份未关联任何员工，请用密码登录后自行关联，或联系管理员。";
    SIGN_ON_LINK_TAKEN: "The identity belongs to another employee, or you are linked to another one there.", "该身份已关联其他员工，或您已关联该提供方的其他身份。";
    SCIM_FILTER_FAULTY: "The filter can't be read (at character {position}).", "无法解析筛选条件（第 {position} 个字符）。";
    SCIM_FILTER_INVALID: "The filter names an attribute or a comparison that is not supported.", "筛选条件中的属性或比较方式不受支持。";
    SCIM_PATCH_FAULTY: "The operations are not as RFC 7644 has them.", "操作列表不符合 RFC 7644。";
    SCIM_PATH_INVALID: "The path of an operation can't be read.", "操作的 path 无法解析。";
    SCIM_NO_TARGET: "Nothing matches the path of an operation.", "操作的 path 没有匹配的目标。";
    SCIM_VERSION_STALE: "The resource has changed meanwhile. Read it again.", "资源已被更改，请重新读取。";
    SCIM_PROTECTED: "Of people who can give roles, provisioning changes nothing; it can disable and remove them.", "对可授予角色的人员，只能停用或删除，不能通过 SCIM 修改。";
    GIVEN_TWICE: "This is given twice.", "重复指定。";
    SESSION_SHORTER_THAN_IDLE: "A session must live at least as long as it may be idle, and longer than an access token.", "会话最长有效时间不能短于闲置失效时间，且两者须长于访问令牌的有效期。";
    FEEDBACK_TOO_MUCH: "You have {count} open entries. Wait for answers first.", "您还有 {count} 条反馈未处理，请等待答复。";
    MASKED_VALUE: "You see this value masked, so you can't write asterisks into it.", "您看到的是脱敏内容，不能写入带星号的值。";
    WEBHOOK_NAME_TAKEN: "There is a webhook of this name already.", "Webhook 名称已存在。";
    WEBHOOK_TOO_MANY: "There may be {max} webhooks.", "最多可设置 {max} 个 Webhook。";
    WEBHOOK_URL_INVALID: "This is no address that messages can be sent to.", "该网址无法接收消息。";
    WEBHOOK_URL_HTTPS: "The address must begin with https.", "网址必须以 https 开头。";
    WEBHOOK_ADDRESS_REFUSED: "No message may go to this address.", "不允许向该地址发送消息。";
    WEBHOOK_EVENT_TYPE_UNKNOWN: "There is no such event.", "事件类型不存在。";
    WEBHOOK_DISABLED: "The webhook is disabled.", "该 Webhook 已停用。";
    WEBHOOK_DELIVERY_PENDING: "The delivery is under way.", "该消息正在发送中。";
    TIME_BEFORE_START: "The end must lie behind the start.", "结束时间必须晚于开始时间。";
    EMPLOYEE_HOLDS_MORE: "The employee holds more than you do.", "该员工的权限超出您的权限。";
    AVATAR_TYPE: "A picture is a PNG, a JPEG or a WebP.", "头像仅支持 PNG、JPEG 或 WebP 图片。";
    AVATAR_BROKEN: "The picture is damaged.", "图片已损坏。";
    AVATAR_TOO_LARGE: "A picture has at most {max} MB.", "图片不能超过 {max} MB。";
    AVATAR_TOO_WIDE: "A picture has at most {max} pixels a side.", "图片边长不能超过 {max} 像素。";
    FILE_HEADER_MISSING: "The file has no column {header}.", "文件缺少“{header}”列。";
    GROUP_AMBIGUOUS: "There are several groups {name}. Give the path.", "有多个名为 {name} 的员工组，请填写完整路径。";
    ROLE_NAME_UNKNOWN: "There is no role {name}.", "不存在名为 {name} 的角色。";
    LOGIN_NAME_TWICE: "The login name stands in row {row} already.", "登录名与第 {row} 行重复。";
}
