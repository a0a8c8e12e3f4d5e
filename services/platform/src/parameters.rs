//! The parameters of an installation: what an administrator may set while it runs. Identity keeps them and tells every
//! service with the policy; here stands what there is, what each may be and what it is when nobody has set it. Settings
//! that identity has a configuration for take that in place of the default here.

use crate::access::Policy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer {
        min: i64,
        max: i64,
    },
    /// Nothing less than `least`, but 0 for ever.
    Retention {
        least: i64,
        max: i64,
    },
    /// At most so many characters.
    Text {
        max: usize,
    },
    Boolean,
    Choice(&'static [&'static str]),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Stands in the database, so it must never change.
    pub name: &'static str,
    pub kind: Kind,
    pub default: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

impl Parameter {
    /// As it is set, if it is.
    pub fn set<'p>(&self, policy: &'p Policy) -> Option<&'p str> {
        policy.parameter(self.name)
    }

    /// As it is set, or its default.
    pub fn text<'p>(&self, policy: &'p Policy) -> &'p str
    where
        Self: 'p,
    {
        self.set(policy).unwrap_or(self.default)
    }

    /// Of an integer.
    pub fn integer(&self, policy: &Policy) -> i64 {
        self.text(policy).parse().unwrap_or_default()
    }

    /// Whether a value may be set.
    pub fn admits(&self, value: &str) -> bool {
        self.kind.admits(value)
    }
}

impl Kind {
    fn admits(self, value: &str) -> bool {
        match self {
            // In one spelling, so that equal values are equal texts.
            Self::Integer { min, max } => {
                value.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number) && number.to_string() == value)
            }
            Self::Retention { least, max } => value == "0" || Self::Integer { min: least, max }.admits(value),
            Self::Text { max } => value.chars().count() <= max && !value.chars().any(char::is_control),
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Choice(choices) => choices.contains(&value),
        }
    }
}

macro_rules! parameters {
    ($($id:ident $name:literal $kind:expr, $default:literal, $zh:literal, $en:literal;)*) => {
        $(pub static $id: Parameter =
            Parameter { name: $name, kind: $kind, default: $default, zh: $zh, en: $en };)*

        /// In the order in which they are shown.
        pub static ALL: &[&Parameter] = &[$(&$id),*];
    };
}

const DAY: i64 = 86_400;

/// Logs are to be kept for six months at least (Cybersecurity Law of the People's Republic of China, article 21).
pub const LEAST_AUDIT_DAYS: i64 = 180;

parameters! {
    ORGANIZATION_NAME "organization.name" Kind::Text { max: 100 }, "",
        "单位名称，显示在控制台和邮件中", "Name of the organisation, shown in the console and in mails";
    DEFAULT_LOCALE "organization.default_locale" Kind::Choice(&["zh-CN", "en-US"]), "zh-CN",
        "没有选择语言的人看到的语言", "Language of those who have chosen none";
    SUPPORT_CONTACT "organization.support_contact" Kind::Text { max: 200 }, "",
        "遇到问题时联系谁，显示在控制台中", "Whom to turn to with questions, shown in the console";
    PASSWORD_MIN_LENGTH "password.min_length" Kind::Integer { min: 6, max: 24 }, "8",
        "新密码的最少字符数", "Characters that a new password must have at least";
    PASSWORD_MIN_CHARACTER_KINDS "password.min_character_kinds" Kind::Integer { min: 1, max: 4 }, "3",
        "新密码至少包含几类字符（小写、大写、数字、其他）",
        "Kinds of characters that a new password must have: lower case, upper case, digit, other";
    PASSWORD_REFUSE_COMMON "password.refuse_common" Kind::Boolean, "true",
        "拒绝常见密码", "Refuse common passwords";
    LOCK_OUT_FAILURES "sign_in.lock_out_failures" Kind::Integer { min: 1, max: 1000 }, "10",
        "连续输错多少次密码后锁定", "Wrong passwords in a row that lock a login name";
    LOCK_OUT_SECONDS "sign_in.lock_out_seconds" Kind::Integer { min: 1, max: DAY }, "900",
        "锁定多少秒", "Seconds for which it is locked";
    SESSION_IDLE_SECONDS "session.idle_seconds" Kind::Integer { min: 3600, max: 365 * DAY }, "1209600",
        "会话多少秒不使用后失效", "Seconds for which a session lives without being used";
    SESSION_SECONDS "session.max_seconds" Kind::Integer { min: 3600, max: 365 * DAY }, "5184000",
        "会话最长有效多少秒", "Seconds for which a session lives at most";
    AUDIT_RETENTION_DAYS "audit.retention_days" Kind::Retention { least: LEAST_AUDIT_DAYS, max: 36_500 }, "0",
        "操作日志保留多少天：至少 180 天，0 为永久",
        "Days for which the audit trail is kept: at least 180; 0 stands for ever";
    REVEALS_PER_HOUR "privacy.reveals_per_hour" Kind::Integer { min: 0, max: 100_000 }, "60",
        "每人每小时最多查看多少条记录的完整个人信息（员工与客户资料分别计数）",
        "Records whose masked personal data a person may see in clear within an hour; those of employees and those of \
         customers are counted apart";
}

/// By name.
pub fn named(name: &str) -> Option<&'static Parameter> {
    ALL.iter().copied().find(|parameter| parameter.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_could_be_set_and_every_name_is_its_own() {
        for (index, parameter) in ALL.iter().enumerate() {
            assert!(parameter.admits(parameter.default), "{}", parameter.name);
            assert!(!ALL[..index].iter().any(|other| other.name == parameter.name), "{}", parameter.name);
            assert_eq!(named(parameter.name), Some(*parameter));
        }
        assert_eq!(named("nothing"), None);
    }

    #[test]
    fn values_out_of_bounds_or_in_another_spelling_are_not_admitted() {
        for value in ["-1", "36501", "", "1.5", "+365", "0365", " 365", "00", "x", "1", "179"] {
            assert!(!AUDIT_RETENTION_DAYS.admits(value), "{value}");
        }
        assert!(["0", "180", "365"].iter().all(|value| AUDIT_RETENTION_DAYS.admits(value)));
        assert!(!PASSWORD_REFUSE_COMMON.admits("yes") && !DEFAULT_LOCALE.admits("fr"));
        assert!(ORGANIZATION_NAME.admits(&"张".repeat(100)) && !ORGANIZATION_NAME.admits(&"张".repeat(101)));
        assert!(!ORGANIZATION_NAME.admits("a\nb"));
    }
}
