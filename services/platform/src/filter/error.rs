//! What can be wrong with a filter or an ordering: a position, a stable reason id and a text in both languages.
//! The gateway shows these as field violations, so every message says what the caller has to change.

use super::Comparator;
use super::schema::FieldType;

/// The first fault found in a filter or an `order_by` text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} (at character {position})", self.message_en())]
pub struct FilterError {
    /// Where the fault is, counted in characters from 0.
    pub position: usize,
    pub kind: FilterErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// The grammar wants something else here; `found` is `None` at the end of the text.
    Syntax {
        expected: Expected,
        found: Option<String>,
    },
    /// Postgres has no text with U+0000, so no field can hold it.
    NullCharacter,
    TooComplex(Limit),
    UnknownField {
        field: String,
        nearest: Option<String>,
    },
    NotFilterable {
        field: String,
    },
    NotSortable {
        field: String,
    },
    SortedTwice {
        field: String,
    },
    /// Free text where no search field is declared.
    BareText {
        text: String,
    },
    WrongType {
        field: String,
        expected: FieldType,
        found: String,
    },
    /// Not among the names of an enumeration.
    UnknownValue {
        field: String,
        value: String,
        nearest: Option<String>,
    },
    OperatorNotAllowed {
        field: String,
        comparator: Comparator,
        field_type: FieldType,
    },
    UnknownFunction {
        name: String,
        nearest: Option<String>,
    },
    WrongArguments {
        function: &'static str,
    },
    /// The keys of a page token don't belong to this ordering.
    KeysMismatch,
}

/// What the grammar expects at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Condition,
    FieldName,
    Value,
    Comparator,
    ClosingQuote,
    ClosingParenthesis,
    Escape,
    QuotedBackslash,
    Or,
    SortDirection,
    Comma,
}

/// The bounds that keep one filter cheap to check and to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Characters(usize),
    Depth(usize),
    Restrictions(usize),
    Wildcards(usize),
    SortFields(usize),
}

impl FilterError {
    pub(super) fn new(position: usize, kind: FilterErrorKind) -> Self {
        Self { position, kind }
    }

    pub(super) fn syntax(position: usize, expected: Expected, found: Option<&str>) -> Self {
        Self::new(position, FilterErrorKind::Syntax { expected, found: found.map(shorten) })
    }

    /// The stable id that programs may depend on.
    pub fn reason(&self) -> &'static str {
        match self.kind {
            FilterErrorKind::Syntax { .. } => "FILTER_SYNTAX",
            FilterErrorKind::NullCharacter => "FILTER_INVALID_CHARACTER",
            FilterErrorKind::TooComplex(_) => "FILTER_TOO_COMPLEX",
            FilterErrorKind::UnknownField { .. } => "FILTER_UNKNOWN_FIELD",
            FilterErrorKind::NotFilterable { .. } => "FILTER_FIELD_NOT_FILTERABLE",
            FilterErrorKind::NotSortable { .. } => "FILTER_FIELD_NOT_SORTABLE",
            FilterErrorKind::SortedTwice { .. } => "FILTER_FIELD_SORTED_TWICE",
            FilterErrorKind::BareText { .. } => "FILTER_BARE_TEXT",
            FilterErrorKind::WrongType { .. } => "FILTER_WRONG_TYPE",
            FilterErrorKind::UnknownValue { .. } => "FILTER_UNKNOWN_VALUE",
            FilterErrorKind::OperatorNotAllowed { .. } => "FILTER_OPERATOR_NOT_ALLOWED",
            FilterErrorKind::UnknownFunction { .. } => "FILTER_UNKNOWN_FUNCTION",
            FilterErrorKind::WrongArguments { .. } => "FILTER_WRONG_ARGUMENTS",
            FilterErrorKind::KeysMismatch => "FILTER_KEYS_MISMATCH",
        }
    }

    pub fn message_en(&self) -> String {
        match &self.kind {
            FilterErrorKind::Syntax { expected, found: Some(found) } => {
                format!("expected {}, found \"{found}\"", expected.en())
            }
            FilterErrorKind::Syntax { expected, found: None } => {
                format!("expected {}, but the text ends here", expected.en())
            }
            FilterErrorKind::NullCharacter => "the null character is not allowed".into(),
            FilterErrorKind::TooComplex(limit) => limit.en(),
            FilterErrorKind::UnknownField { field, nearest } => {
                format!("there is no field \"{field}\"{}", did_you_mean_en(nearest.as_deref()))
            }
            FilterErrorKind::NotFilterable { field } => format!("the field \"{field}\" can't be used in a filter"),
            FilterErrorKind::NotSortable { field } => format!("the list can't be sorted by \"{field}\""),
            FilterErrorKind::SortedTwice { field } => format!("the field \"{field}\" is named twice"),
            FilterErrorKind::BareText { text } => {
                format!("\"{text}\" stands alone; write a condition such as field = \"{text}\"")
            }
            FilterErrorKind::WrongType { field, expected, found } => {
                format!("the field \"{field}\" takes {}, not \"{found}\"", expected.name_en())
            }
            FilterErrorKind::UnknownValue { field, value, nearest } => {
                let hint = did_you_mean_en(nearest.as_deref());
                format!("the field \"{field}\" has no value \"{value}\"{hint}")
            }
            FilterErrorKind::OperatorNotAllowed { field, comparator, field_type } => format!(
                "the operator {comparator} can't be used with the field \"{field}\", which holds {}; use {}",
                field_type.name_en(),
                field_type.comparators_text()
            ),
            FilterErrorKind::UnknownFunction { name, nearest } => {
                format!("there is no function {name}(){}", did_you_mean_en(nearest.as_deref()))
            }
            FilterErrorKind::WrongArguments { function: "days_ago" } => {
                "days_ago(n) takes one whole number of days between -36500 and 36500".into()
            }
            FilterErrorKind::WrongArguments { function } => format!("{function}() takes no arguments"),
            FilterErrorKind::KeysMismatch => {
                "the page keys don't belong to this ordering; start at the first page".into()
            }
        }
    }

    pub fn message_zh(&self) -> String {
        match &self.kind {
            FilterErrorKind::Syntax { expected, found: Some(found) } => {
                format!("此处应为{}，实际为“{found}”", expected.zh())
            }
            FilterErrorKind::Syntax { expected, found: None } => format!("此处应为{}，但文本已结束", expected.zh()),
            FilterErrorKind::NullCharacter => "不允许使用空字符（U+0000）".into(),
            FilterErrorKind::TooComplex(limit) => limit.zh(),
            FilterErrorKind::UnknownField { field, nearest } => {
                format!("没有字段“{field}”{}", did_you_mean_zh(nearest.as_deref()))
            }
            FilterErrorKind::NotFilterable { field } => format!("字段“{field}”不能用于筛选"),
            FilterErrorKind::NotSortable { field } => format!("不能按字段“{field}”排序"),
            FilterErrorKind::SortedTwice { field } => format!("字段“{field}”重复出现"),
            FilterErrorKind::BareText { text } => format!("“{text}”前缺少字段，请写成条件，例如 字段 = \"{text}\""),
            FilterErrorKind::WrongType { field, expected, found } => {
                format!("字段“{field}”的值应为{}，不能是“{found}”", expected.name_zh())
            }
            FilterErrorKind::UnknownValue { field, value, nearest } => {
                format!("字段“{field}”没有取值“{value}”{}", did_you_mean_zh(nearest.as_deref()))
            }
            FilterErrorKind::OperatorNotAllowed { field, comparator, field_type } => format!(
                "字段“{field}”的类型为{}，不能使用运算符 {comparator}，可用：{}",
                field_type.name_zh(),
                field_type.comparators_text()
            ),
            FilterErrorKind::UnknownFunction { name, nearest } => {
                format!("没有函数 {name}(){}", did_you_mean_zh(nearest.as_deref()))
            }
            FilterErrorKind::WrongArguments { function: "days_ago" } => {
                "days_ago(n) 需要一个 -36500 到 36500 之间的整数（天数）".into()
            }
            FilterErrorKind::WrongArguments { function } => format!("{function}() 不接受参数"),
            FilterErrorKind::KeysMismatch => "分页标记与当前排序不符，请从第一页开始".into(),
        }
    }
}

impl Expected {
    fn en(self) -> &'static str {
        match self {
            Self::Condition => "a condition",
            Self::FieldName => "a field name",
            Self::Value => "a value",
            Self::Comparator => "one of = != < <= > >= :",
            Self::ClosingQuote => "a closing quote",
            Self::ClosingParenthesis => "a closing parenthesis",
            Self::Escape => "one of \" ' \\ * n r t after the backslash",
            Self::QuotedBackslash => "a quoted string around a backslash",
            Self::Or => "OR or a closing parenthesis in a list of values",
            Self::SortDirection => "asc, desc or a comma",
            Self::Comma => "a comma or a closing parenthesis",
        }
    }

    fn zh(self) -> &'static str {
        match self {
            Self::Condition => "条件",
            Self::FieldName => "字段名",
            Self::Value => "值",
            Self::Comparator => "运算符（= != < <= > >= :）",
            Self::ClosingQuote => "右引号",
            Self::ClosingParenthesis => "右括号",
            Self::Escape => "反斜杠后的 \" ' \\ * n r t 之一",
            Self::QuotedBackslash => "用引号括起的反斜杠",
            Self::Or => "值列表中的 OR 或右括号",
            Self::SortDirection => "asc、desc 或逗号",
            Self::Comma => "逗号或右括号",
        }
    }
}

impl Limit {
    fn en(self) -> String {
        match self {
            Self::Characters(n) => format!("the text may have at most {n} characters"),
            Self::Depth(n) => format!("parentheses may be nested at most {n} deep"),
            Self::Restrictions(n) => format!("a filter may have at most {n} conditions"),
            Self::Wildcards(n) => format!("a value may have at most {n} wildcards"),
            Self::SortFields(n) => format!("a list may be sorted by at most {n} fields"),
        }
    }

    fn zh(self) -> String {
        match self {
            Self::Characters(n) => format!("文本最多 {n} 个字符"),
            Self::Depth(n) => format!("括号最多嵌套 {n} 层"),
            Self::Restrictions(n) => format!("筛选最多包含 {n} 个条件"),
            Self::Wildcards(n) => format!("一个值最多包含 {n} 个通配符"),
            Self::SortFields(n) => format!("最多按 {n} 个字段排序"),
        }
    }
}

fn did_you_mean_en(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default()
}

fn did_you_mean_zh(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("，是否指“{name}”？")).unwrap_or_default()
}

/// Keeps a quoted piece of the caller's text short enough for a message.
pub(super) fn shorten(text: &str) -> String {
    const KEPT: usize = 40;
    if text.chars().count() <= KEPT { text.into() } else { text.chars().take(KEPT).chain(['…']).collect() }
}

/// The known name that a misspelt one most probably stands for.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    // Nothing real is this long, and the distance costs the product of both lengths.
    const LONGEST: usize = 64;
    let length = wanted.chars().count();
    if length > LONGEST {
        return None;
    }
    let wanted = wanted.to_lowercase();
    known
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= (length / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.into())
}
