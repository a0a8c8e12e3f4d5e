//! What the columns of a file mean, by their headers.

use platform::locale::Locale;
use unicode_normalization::UnicodeNormalization;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    LoginName,
    DisplayName,
    Email,
    Phone,
    Group,
    Roles,
}

impl Field {
    pub const ALL: [Self; 6] = [Self::LoginName, Self::DisplayName, Self::Email, Self::Phone, Self::Group, Self::Roles];

    /// As answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoginName => "login_name",
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Group => "group",
            Self::Roles => "roles",
        }
    }

    /// The header of the template first; compared without spaces and without regard to case.
    fn headers(self, locale: Locale) -> &'static [&'static str] {
        match (self, locale) {
            (Self::LoginName, Locale::Zh) => &["登录名", "账号", "帐号", "用户名", "登录账号", "登录帐号"],
            (Self::LoginName, Locale::En) => &["Login name", "login_name", "login", "user name", "username", "account"],
            (Self::DisplayName, Locale::Zh) => &["姓名", "名字", "名称", "员工姓名"],
            (Self::DisplayName, Locale::En) => &["Name", "display name", "display_name", "full name", "employee"],
            (Self::Email, Locale::Zh) => &["邮箱", "电子邮箱", "电子邮件", "邮件"],
            (Self::Email, Locale::En) => &["E-mail", "email", "mail", "e-mail address", "email address"],
            (Self::Phone, Locale::Zh) => &["手机", "手机号", "手机号码", "电话", "联系电话"],
            (Self::Phone, Locale::En) => &["Phone", "mobile", "telephone", "phone number", "mobile phone"],
            (Self::Group, Locale::Zh) => &["员工组", "组", "部门", "所属部门", "团队"],
            (Self::Group, Locale::En) => &["Group", "department", "team", "group path"],
            (Self::Roles, Locale::Zh) => &["角色", "员工角色"],
            (Self::Roles, Locale::En) => &["Roles", "role"],
        }
    }

    /// As the template has it.
    pub fn header(self, locale: Locale) -> &'static str {
        self.headers(locale)[0]
    }

    fn of_header(header: &str) -> Option<Self> {
        let key = key(header);
        let means = |field: &Self| {
            [Locale::Zh, Locale::En]
                .iter()
                .any(|locale| field.headers(*locale).iter().any(|known| self::key(known) == key))
        };
        Self::ALL.into_iter().find(means)
    }
}

/// Full and half width alike, lower case, no spaces; a star marks what must be there.
fn key(header: &str) -> String {
    let kept = |character: &char| !character.is_whitespace() && *character != '*';
    header.nfkc().flat_map(char::to_lowercase).filter(kept).collect()
}

/// Where a file holds what.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Columns {
    places: Vec<(Field, usize, String)>,
    pub unknown: Vec<String>,
}

impl Columns {
    /// Of two columns that mean the same, the first counts.
    pub fn of(headers: &[String]) -> Self {
        let mut columns = Self::default();
        for (place, header) in headers.iter().enumerate() {
            match Field::of_header(header) {
                Some(field) if columns.place(field).is_none() => columns.places.push((field, place, header.clone())),
                _ if header.trim().is_empty() => {}
                _ => columns.unknown.push(header.clone()),
            }
        }
        columns
    }

    pub fn place(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(known, ..)| *known == field).map(|(_, place, _)| *place)
    }

    /// The header as it stands in the file.
    pub fn header(&self, field: Field) -> &str {
        self.places.iter().find(|(known, ..)| *known == field).map(|(.., header)| header.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_both_languages() {
        let headers = ["＊ 登录名", "NAME", "Email", "手机号码", "部 门", "Role", "工号", "", "姓名"].map(String::from);
        let columns = Columns::of(&headers);
        for (place, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(columns.place(field), Some(place), "{}", field.name());
        }
        assert_eq!(columns.unknown, ["工号", "姓名"]);
        assert_eq!(columns.header(Field::Phone), "手机号码");
        for locale in [Locale::Zh, Locale::En] {
            let template = Field::ALL.map(|field| field.header(locale).to_owned());
            assert_eq!(Columns::of(&template).unknown, Vec::<String>::new());
        }
    }
}
