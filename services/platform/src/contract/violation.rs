//! Why a value is refused, in both languages. The texts name what to change, never what was sent.

use crate::error::Reason;
pub use crate::error::reason::{MASK_PATH_UNKNOWN, VALUE_REQUIRED};

macro_rules! reasons {
    ($($id:ident: $en:literal, $zh:literal;)*) => {
        $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*
    };
}

reasons! {
    MALFORMED: "The message is malformed.", "消息格式错误。";
    NOT_UTF8: "The text must be valid UTF-8.", "应为有效的 UTF-8 文本。";
    NULL_CHARACTER: "The text must not hold a null character.", "不能包含空字符（U+0000）。";
    TOO_SHORT: "At least {min} characters are needed.", "至少需要 {min} 个字符。";
    TOO_LONG: "At most {max} characters are possible.", "最多 {max} 个字符。";
    PATTERN_MISMATCH: "The value must match {pattern}", "格式不正确，应匹配 {pattern}";
    NOT_AN_EMAIL: "This is no e-mail address.", "不是有效的电子邮件地址。";
    NOT_A_UUID: "This is no UUID.", "不是有效的 UUID。";
    NOT_ONE_OF: "The value must be one of {values}.", "应为以下之一：{values}。";
    ONE_OF_REFUSED: "The value must not be one of {values}.", "不能为以下之一：{values}。";
    TOO_FEW_BYTES: "At least {min} bytes are needed.", "至少需要 {min} 字节。";
    TOO_MANY_BYTES: "At most {max} bytes are possible.", "最多 {max} 字节。";
    TOO_SMALL: "The value must be at least {min}.", "不能小于 {min}。";
    TOO_LARGE: "The value must be at most {max}.", "不能大于 {max}。";
    NOT_FINITE: "The value must be a finite number.", "应为有限的数值。";
    UNKNOWN_VALUE: "There is no such value.", "没有该选项。";
    TOO_FEW: "At least {min} entries are needed.", "至少需要 {min} 项。";
    TOO_MANY: "At most {max} entries are possible.", "最多 {max} 项。";
    NOT_UNIQUE: "No value may stand twice.", "不能有重复的值。";
    TIME_OUT_OF_RANGE: "The time must lie between the years 1 and 9999.", "时间应在公元 1 年至 9999 年之间。";
}
