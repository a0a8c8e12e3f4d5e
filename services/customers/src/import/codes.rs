//! What can be wrong with a row, by stable codes, and how it is kept until somebody reads it in their language.

use contracts::customers::ImportCellError;
use platform::error::{Reason, Violation};
use platform::locale::Locale;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($id:ident: $en:literal, $zh:literal;)*) => {
        $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*
        static CODES: &[&Reason] = &[$(&$id),*];
    };
}

codes! {
    REQUIRED: "A value is required.", "该项必填。";
    INVALID_DATE: "There is no such date. Write it like 2024-01-05.", "日期无效，请写成 2024-01-05 的形式。";
    DATE_IN_FUTURE: "The date lies in the future.", "该日期晚于今天。";
    INVALID_PHONE: "This is no phone number.", "电话号码无效。";
    INVALID_EMAIL: "This is no e-mail address.", "电子邮件地址无效。";
    INVALID_NUMBER: "This is no number that the field can hold.", "数值无效。";
    INVALID_BOOLEAN: "Write yes or no.", "请填写“是”或“否”。";
    INVALID_ID_NUMBER: "The number's check digit does not fit.", "证件号码的校验位不符。";
    INVALID_VALUE: "The value is not valid.", "取值无效。";
    UNKNOWN_CODE: "There is no such entry.", "没有该选项。";
    CODE_RETIRED: "The entry is retired.", "该选项已停用。";
    AMBIGUOUS: "This may mean {candidates}.", "含义不明确，可能是 {candidates}。";
    TOO_SHORT: "At least {min} characters are needed.", "至少需要 {min} 个字符。";
    TOO_SMALL: "The value must be at least {min}.", "不能小于 {min}。";
    TOO_LARGE: "The value must be at most {max}.", "不能大于 {max}。";
    TOO_MANY_DECIMALS: "At most {max} digits can stand behind the point.", "最多 {max} 位小数。";
    PATTERN_MISMATCH: "The value does not have the form that is asked for. {hint}", "格式不符合要求。{hint}";
    INVALID_URL: "Write an address that begins with https:// or http://.", "请填写以 https:// 或 http:// 开头的网址。";
    TOO_LONG: "At most {max} characters are possible.", "最多 {max} 个字符。";
    MASKED_VALUE: "The value is masked; leave it out or give the whole value.", "该值已脱敏，请留空不改或填写完整的值。";
    CELL_ERROR: "The cell holds an error of the spreadsheet.", "单元格是公式错误值。";
    PRECISION_LOST: "The spreadsheet has rounded the number. Format the column as text.", "数字过长已被表格软件舍入，请将该列设为文本格式。";
    EXTRA_CELLS: "The row has more cells than the header. A quotation mark may be missing.", "该行单元格多于表头，可能缺少引号。";
    DUPLICATE_IN_FILE: "Line {row} holds the same.", "与第 {row} 行重复。";
    EXISTS: "The customer exists.", "该客户已存在。";
    EXISTS_ELSEWHERE: "The customer exists, and you may not change it.", "该客户已存在，您无权修改。";
    SEVERAL_EXIST: "Several customers fit.", "有多个客户与之相符。";
    NUMBER_TAKEN: "Another customer has this number.", "该客户编号已被使用。";
    VALUE_TAKEN: "Another customer has this value.", "已有客户使用该值。";
    UNKNOWN_EMPLOYEE: "There is no such active employee.", "没有该在职员工。";
    FORBIDDEN_OWNER: "You may not import customers for this employee.", "您无权为该员工导入客户。";
}

/// Names of arguments, so that stored ones can be used again.
pub const ARGS: [&str; 5] = ["row", "min", "max", "candidates", "hint"];

/// One fault of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// Index of the column; none when the whole row is meant.
    pub column: Option<usize>,
    pub field: String,
    pub code: &'static Reason,
    pub args: Vec<(&'static str, String)>,
}

impl RowFault {
    pub fn row(code: &'static Reason) -> Self {
        Self { column: None, field: String::new(), code, args: Vec::new() }
    }

    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike stand at the call as they are")]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

/// The code for what a rule of the contract or of the customer says.
pub fn code_of(violation: &Violation) -> &'static Reason {
    match violation.reason.id {
        "VALUE_REQUIRED" | "NAME_BLANK" | "TOO_SHORT" => &REQUIRED,
        "TOO_LONG" => &TOO_LONG,
        "NOT_AN_EMAIL" => &INVALID_EMAIL,
        "PHONE_INVALID" => &INVALID_PHONE,
        "DATE_INVALID" => &INVALID_DATE,
        "DATE_IN_FUTURE" => &DATE_IN_FUTURE,
        "ID_NUMBER_INVALID" => &INVALID_ID_NUMBER,
        "CODE_UNKNOWN" => &UNKNOWN_CODE,
        "CODE_RETIRED" => &CODE_RETIRED,
        "MASKED_VALUE" => &MASKED_VALUE,
        "TOO_SMALL" | "TOO_LARGE" => &INVALID_NUMBER,
        _ => &INVALID_VALUE,
    }
}

/// The code for what a custom field says, whose rules have limits of their own.
pub fn code_of_custom(violation: &Violation) -> &'static Reason {
    match violation.reason.id {
        "TOO_SHORT" => &TOO_SHORT,
        "TOO_SMALL" => &TOO_SMALL,
        "TOO_LARGE" => &TOO_LARGE,
        "TOO_MANY_DECIMALS" => &TOO_MANY_DECIMALS,
        "FIELD_PATTERN_MISMATCH" => &PATTERN_MISMATCH,
        "URL_INVALID" => &INVALID_URL,
        _ => code_of(violation),
    }
}

/// A fault as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    column: Option<usize>,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    field: String,
    code: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    args: Vec<(String, String)>,
}

pub fn to_json(faults: &[RowFault]) -> serde_json::Value {
    let stored: Vec<Stored> = faults
        .iter()
        .map(|fault| Stored {
            column: fault.column,
            field: fault.field.clone(),
            code: fault.code.id.to_owned(),
            args: fault.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        })
        .collect();
    // Strings and numbers always become JSON.
    serde_json::to_value(stored).unwrap_or_default()
}

/// Stored faults in a reader's language.
pub fn to_messages(json: &serde_json::Value, headers: &[String], locale: Locale) -> Vec<ImportCellError> {
    let stored: Vec<Stored> = Vec::deserialize(json).unwrap_or_default();
    let faults = stored.into_iter().map(|fault| {
        let args: Vec<(&'static str, String)> = fault
            .args
            .into_iter()
            .filter_map(|(name, value)| Some((*ARGS.iter().find(|known| **known == name)?, value)))
            .collect();
        let reason = CODES.iter().find(|code| code.id == fault.code);
        ImportCellError {
            header: fault.column.and_then(|column| headers.get(column)).cloned().unwrap_or_default(),
            field: fault.field,
            message: reason.map(|reason| reason.text(locale, &args)).unwrap_or_default(),
            code: fault.code,
        }
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_fault_is_told_in_the_language_of_whoever_reads_it() {
        let faults = [
            RowFault { column: Some(1), field: "phone".into(), ..RowFault::row(&DUPLICATE_IN_FILE) }.arg("row", 7),
            RowFault::row(&EXTRA_CELLS),
        ];
        let headers = ["姓名".to_owned(), "手机".to_owned()];
        let messages = to_messages(&to_json(&faults), &headers, Locale::Zh);
        assert_eq!(messages[0].message, "与第 7 行重复。");
        assert_eq!((messages[0].header.as_str(), messages[0].code.as_str()), ("手机", "DUPLICATE_IN_FILE"));
        assert_eq!(messages[1].header, "");
        assert_eq!(to_messages(&to_json(&faults), &headers, Locale::En)[0].message, "Line 7 holds the same.");
    }

    #[test]
    fn every_argument_of_a_text_can_be_stored() {
        for code in CODES {
            for piece in code.en.split('{').skip(1) {
                let name = piece.split('}').next().unwrap();
                assert!(ARGS.contains(&name), "{} of {}", name, code.id);
                assert!(code.zh.contains(&format!("{{{name}}}")));
            }
        }
    }
}
