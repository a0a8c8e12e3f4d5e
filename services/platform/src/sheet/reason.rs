//! Why a file can't be read or made.

use crate::error::Reason;

macro_rules! reasons {
    ($($id:ident: $en:literal, $zh:literal;)*) => {
        $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*
    };
}

reasons! {
    FILE_NAME_REQUIRED: "The name of the file, with its ending, is needed.", "请提供带扩展名的文件名。";
    FILE_TOO_LARGE: "A file has at most {max} MB.", "文件不能超过 {max} MB。";
    FILE_EMPTY: "The file is empty.", "文件是空的。";
    FILE_NO_ROWS: "The file has a header but no rows.", "文件只有表头，没有数据行。";
    FILE_TYPE_REFUSED: "A file of type {type} can't be imported. Save it as CSV, XLSX or VCF.", "不支持 {type} 类型的文件，请另存为 CSV、XLSX 或 VCF。";
    FILE_XLS: "This is a workbook of the old type XLS. Save it as XLSX.", "这是旧版 XLS 工作簿，请另存为 XLSX。";
    FILE_ENCRYPTED: "The workbook has a password. Save it without one.", "工作簿已加密，请取消密码后再上传。";
    FILE_BROKEN: "The file is damaged or is not what its ending says.", "文件已损坏，或内容与扩展名不符。";
    FILE_BOMB: "The file unpacks to more than can be read.", "文件解压后过大，无法读取。";
    FILE_ENCODING_UNKNOWN: "Line {row} is not valid {encoding}. Save the file as UTF-8.", "第 {row} 行不是有效的 {encoding} 编码，请将文件另存为 UTF-8。";
    FILE_NUL: "Line {row} holds a null character; this is no text.", "第 {row} 行含有空字符，不是文本文件。";
    FILE_TOO_MANY_COLUMNS: "Line {row} has more than {max} columns.", "第 {row} 行超过 {max} 列。";
    FILE_TOO_MANY_ROWS: "A file has at most {max} rows.", "文件不能超过 {max} 行。";
    FILE_CELL_TOO_LONG: "A cell in line {row} has more than {max} characters. A quotation mark may be missing.", "第 {row} 行有单元格超过 {max} 个字符，可能缺少引号。";
    FILE_HEADER_TOO_LONG: "Column {column} of line {row} has a header of more than {max} characters. Does the file begin with its header?", "第 {row} 行第 {column} 列的表头超过 {max} 个字符，请确认文件首行是表头。";
    FILE_CARD_BROKEN: "Card {row} of the file can't be read.", "文件中第 {row} 张名片无法读取。";
    FILE_CARD_TOO_LONG: "Card {row} of the file has more than {max} MB.", "文件中第 {row} 张名片超过 {max} MB。";
    EXPORT_TOO_LONG: "A sheet has at most 1,048,575 rows. Export as CSV or filter more.", "工作表最多 1048575 行，请导出为 CSV 或缩小筛选范围。";
}
