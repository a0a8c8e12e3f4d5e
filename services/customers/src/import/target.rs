//! The fields that columns can fill: their paths, what headers call them, and the guess that a header allows.

use super::value::names::Names;
use crate::customer::rules::CODED;
use crate::field::Fields;
use crate::search::text::normalize;

/// Where the values of a column go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By path, one of [`BUILT_IN`].
    BuiltIn(&'static str),
    /// By the key of the field.
    Custom(String),
}

pub struct BuiltIn {
    pub path: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    /// What else people call it.
    synonyms: &'static [&'static str],
}

macro_rules! built_in {
    ($($path:literal, $zh:literal, $en:literal, [$($synonym:literal),*];)*) => {
        /// In the order of templates.
        pub static BUILT_IN: &[BuiltIn] =
            &[$(BuiltIn { path: $path, zh: $zh, en: $en, synonyms: &[$($synonym),*] }),*];
    };
}

built_in! {
    "number", "客户编号", "Number", ["编号", "客户号", "客户编码", "客户代码", "会员号", "会员编号", "customer number", "customer no", "no.", "code", "customer id", "customer code"];
    "name", "客户名称", "Name", ["名称", "姓名", "客户姓名", "客户", "客户名", "公司名称", "企业名称", "单位名称", "公司", "单位", "会员姓名", "患者姓名", "customer name", "full name", "customer", "company", "company name", "organization name", "account name"];
    "kind", "客户类型", "Kind", ["类型", "客户性质", "性质", "个人/企业", "类别", "客户类别", "customer type", "type", "customer kind"];
    "phone", "电话", "Phone", ["手机", "手机号", "手机号码", "联系电话", "联系方式", "电话号码", "移动电话", "固定电话", "座机", "公司电话", "联系手机", "mobile", "mobile phone", "cell phone", "cell", "telephone", "tel", "tel.", "phone number", "contact number"];
    "email", "邮箱", "Email", ["电子邮箱", "电子邮件", "邮件", "邮箱地址", "e-mail", "email address", "mail"];
    "region", "地区", "Region", ["省市区", "所在地区", "区域", "地域", "所在地", "所属地区", "行政区划", "省/市/区", "省份", "城市", "area", "province", "city", "district"];
    "addresses.street", "地址", "Address", ["详细地址", "联系地址", "通讯地址", "家庭住址", "住址", "公司地址", "办公地址", "街道地址", "注册地址", "street", "street address", "mailing address"];
    "addresses.postal_code", "邮编", "Postal code", ["邮政编码", "postcode", "zip", "zip code"];
    "industry", "行业", "Industry", ["所属行业", "行业类别", "所在行业", "sector"];
    "source", "客户来源", "Source", ["来源", "来源渠道", "获客渠道", "渠道", "lead source", "channel"];
    "level", "客户级别", "Level", ["级别", "会员级别", "customer level", "tier"];
    "grade", "客户等级", "Grade", ["等级", "价值等级", "会员等级", "customer grade", "rating"];
    "credit", "信用等级", "Credit", ["信用", "信用级别", "资信等级", "credit rating"];
    "satisfaction", "满意度", "Satisfaction", ["客户满意度", "satisfaction score"];
    "status", "客户状态", "Status", ["状态", "customer status"];
    "gender", "性别", "Gender", ["sex"];
    "birthday", "生日", "Birthday", ["出生日期", "出生年月日", "出生年月", "birth date", "date of birth", "dob", "birthdate"];
    "id_number", "证件号码", "ID number", ["身份证", "身份证号", "身份证号码", "证件号", "统一社会信用代码", "社会信用代码", "信用代码", "税号", "纳税人识别号", "营业执照号", "id card", "id no", "unified social credit code", "uscc", "tax number", "tax id"];
    "legal_representative", "法定代表人", "Legal representative", ["法人", "法人代表", "法人姓名", "负责人姓名", "legal person"];
    "bank_name", "开户银行", "Bank", ["开户行", "银行", "银行名称", "bank name"];
    "bank_account", "银行账号", "Bank account", ["银行帐号", "账号", "帐号", "银行卡号", "账户", "account number", "bank account number"];
    "website", "网址", "Website", ["网站", "公司网址", "官网", "主页", "web site", "url", "homepage", "web"];
    "owner_id", "负责人", "Owner", ["归属人", "所属员工", "业务员", "客户经理", "销售", "销售员", "销售人员", "跟进人", "所有人", "负责员工", "account manager", "sales rep", "salesperson", "owner name", "assigned to"];
    "remark", "备注", "Remark", ["说明", "备注说明", "附注", "描述", "remarks", "note", "notes", "comment", "comments", "memo", "description"];
}

pub fn built_in(path: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|field| field.path == path)
}

impl Target {
    /// The target of a path; nothing when no field in use has it.
    pub fn of(path: &str, fields: &Fields) -> Option<Self> {
        match path.strip_prefix("custom_fields.") {
            Some(key) => {
                let field = fields.by_key(key).filter(|field| !field.retired && fields.is_writable(key))?;
                Some(Self::Custom(field.key.clone()))
            }
            None => built_in(path).map(|field| Self::BuiltIn(field.path)),
        }
    }

    pub fn path(&self) -> String {
        match self {
            Self::BuiltIn(path) => (*path).to_owned(),
            Self::Custom(key) => format!("custom_fields.{key}"),
        }
    }

    /// The names by which the codes of such a column go.
    pub fn names(&self, fields: &Fields) -> Option<(String, Names)> {
        let path = self.path();
        let names = match self {
            Self::BuiltIn("kind") => Names::fixed(&[
                ("1", &["个人", "个人客户", "自然人", "person", "individual", "personal", "1", "CUSTOMER_KIND_PERSON"]),
                (
                    "2",
                    &[
                        "企业",
                        "企业客户",
                        "公司",
                        "单位",
                        "组织",
                        "机构",
                        "法人",
                        "organization",
                        "org",
                        "organisation",
                        "company",
                        "enterprise",
                        "business",
                        "2",
                        "CUSTOMER_KIND_ORGANIZATION",
                    ],
                ),
            ]),
            Self::BuiltIn("gender") => Names::fixed(&[
                ("1", &["男", "男性", "先生", "male", "m", "1", "GENDER_MALE"]),
                ("2", &["女", "女性", "女士", "小姐", "female", "f", "2", "GENDER_FEMALE"]),
            ]),
            Self::BuiltIn("satisfaction") => Names::fixed(&[
                ("1", &["1", "非常不满意", "很不满意", "very dissatisfied"]),
                ("2", &["2", "不满意", "dissatisfied"]),
                ("3", &["3", "一般", "中等", "neutral"]),
                ("4", &["4", "满意", "satisfied"]),
                ("5", &["5", "非常满意", "很满意", "very satisfied"]),
            ]),
            Self::BuiltIn(path) => {
                let (_, dictionary) = CODED.iter().find(|(field, _)| field == path)?;
                Names::of(fields.dictionaries(), dictionary)
            }
            Self::Custom(key) => {
                let field = fields.by_key(key).filter(|field| !field.dictionary.is_empty())?;
                Names::of(fields.dictionaries(), &field.dictionary)
            }
        };
        Some((path, names))
    }
}

/// The paths without those that fill nothing any more: a field may have been retired since.
pub fn in_use(mut paths: Vec<String>, fields: &Fields) -> Vec<String> {
    for path in &mut paths {
        if Target::of(path, fields).is_none() {
            path.clear();
        }
    }
    paths
}

/// The paths that the columns of a header seem to fill; of two that seem the same the first has it.
pub fn guess(header: &[String], fields: &Fields) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    let guesses = header.iter().map(|cell| {
        let path = guess_one(cell, fields).filter(|path| !taken.contains(path)).unwrap_or_default();
        taken.push(path.clone());
        path
    });
    guesses.collect()
}

fn guess_one(cell: &str, fields: &Fields) -> Option<String> {
    let wanted = essence(cell);
    if wanted.is_empty() {
        return None;
    }
    let fits = |name: &str| essence(name) == wanted;
    // What the house has named itself comes before what others may mean by it.
    let named = BUILT_IN.iter().find(|field| fits(field.zh) || fits(field.en) || essence(field.path) == wanted);
    if let Some(field) = named {
        return Some(field.path.to_owned());
    }
    let key = cell.trim().strip_prefix("custom_fields.").unwrap_or(cell.trim());
    let custom = fields.active().filter(|field| fields.is_writable(&field.key)).find(|field| {
        fits(&field.label_zh) || (!field.label_en.is_empty() && fits(&field.label_en)) || field.key == key
    });
    if let Some(field) = custom {
        return Some(format!("custom_fields.{}", field.key));
    }
    let field = BUILT_IN.iter().find(|field| field.synonyms.iter().any(|name| fits(name)))?;
    Some(field.path.to_owned())
}

/// A header without what people add to it: `*手机号（必填）：` is `手机号`.
fn essence(header: &str) -> String {
    let text = normalize(header);
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for character in text.chars() {
        match character {
            '(' | '[' | '【' | '〔' | '{' => depth += 1,
            ')' | ']' | '】' | '〕' | '}' => depth = depth.saturating_sub(1),
            '*' | ':' | '_' | '-' | '/' | '.' | '\'' | '"' | '、' | '#' => {}
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use contracts::customers::Field;

    use super::*;

    fn fields() -> Fields {
        let field = |key: &str, zh: &str, en: &str| Field {
            key: key.into(),
            label_zh: zh.into(),
            label_en: en.into(),
            ..Field::default()
        };
        let retired = Field { retired: true, ..field("old", "旧字段", "Old") };
        Fields::new(
            1,
            vec![field("budget", "预算", "Budget"), field("channel", "渠道", ""), retired],
            Default::default(),
        )
    }

    fn guessed(header: &[&str]) -> Vec<String> {
        guess(&header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>(), &fields())
    }

    #[test]
    fn headers_are_understood_in_both_languages_and_however_they_are_dressed() {
        let header = [
            "*姓名",
            "手机号（必填）",
            "Ｅ－ｍａｉｌ：",
            "省市区",
            " Date of Birth ",
            "customer_no",
            "预算(万元)",
            "Budget",
        ];
        assert_eq!(
            guessed(&header),
            ["name", "phone", "email", "region", "birthday", "number", "custom_fields.budget", ""]
        );
        assert_eq!(
            guessed(&["客户名称", "名称", "旧字段", "", "错误代码", "Error codes"]),
            ["name", "", "", "", "", ""]
        );
    }

    #[test]
    fn a_field_of_the_house_comes_before_a_synonym() {
        assert_eq!(guessed(&["渠道", "来源"]), ["custom_fields.channel", "source"]);
    }

    #[test]
    fn no_two_fields_share_a_name() {
        let mut known: Vec<(String, &str)> = Vec::new();
        for field in BUILT_IN {
            for name in [field.zh, field.en].iter().chain(field.synonyms) {
                let name = essence(name);
                assert!(!name.is_empty());
                let other = known.iter().find(|(taken, path)| *taken == name && *path != field.path);
                assert!(other.is_none(), "{name} is {} and {:?}", field.path, other);
                known.push((name, field.path));
            }
        }
    }
}
