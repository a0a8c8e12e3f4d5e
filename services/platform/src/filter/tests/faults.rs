//! Every fault, with its position, its id and a text that says what to change.

use super::samples::schema;
use crate::filter::{
    Column, FieldType, FilterError, MAX_CHARACTERS, MAX_DEPTH, MAX_RESTRICTIONS, MAX_WILDCARDS, OrderBy, Schema,
    compile,
};

fn fault(text: &str) -> FilterError {
    match compile(text, &schema()) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error,
    }
}

fn order_fault(text: &str) -> FilterError {
    match OrderBy::parse(text, &schema()) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error,
    }
}

#[track_caller]
fn assert_fault(error: &FilterError, position: usize, reason: &str, en: &str, zh: &str) {
    assert_eq!((error.position, error.reason()), (position, reason), "{error}");
    assert_eq!((error.message_en().as_str(), error.message_zh().as_str()), (en, zh));
}

#[test]
fn a_slip_in_the_grammar_is_shown_where_it_is() {
    let places = [
        ("number = 1 AND", 14),
        ("number = 1 OR", 13),
        ("AND number = 1", 0),
        ("OR", 0),
        ("NOT", 3),
        ("NOT NOT number = 1", 4),
        ("number = ", 9),
        ("number = 1 = 2", 11),
        ("number = = 2", 9),
        ("number = AND", 9),
        ("= 1", 0),
        ("(number = 1", 11),
        ("number = 1)", 10),
        ("()", 1),
        ("number = 1, number = 2", 10),
        ("string = \"张三", 12),
        ("string = \"a\\x\"", 12),
        ("string = a\\*", 10),
        ("string = - 1", 11),
        ("string = -\"a\"", 10),
        ("string = (a OR)", 14),
        ("string = (a b)", 12),
        ("string = ((a))", 10),
        ("now() < moment", 3),
        ("moment < now(", 13),
        ("moment < days_ago(1 2)", 20),
        ("moment < days_ago(now())", 21),
        (".number = 1", 0),
        ("number. = 1", 8),
        ("custom..number = 1", 0),
        ("custom.\"\" = 1", 7),
        ("string\"x\" = 1", 6),
        ("str*ng = 1", 0),
    ];
    for (text, position) in places {
        let error = fault(text);
        assert_eq!((error.position, error.reason()), (position, "FILTER_SYNTAX"), "{text}: {error}");
    }
}

#[test]
fn a_slip_in_the_grammar_says_what_belongs_there() {
    assert_fault(
        &fault("(number = 1"),
        11,
        "FILTER_SYNTAX",
        "expected a closing parenthesis, but the text ends here",
        "此处应为右括号，但文本已结束",
    );
    assert_fault(
        &fault("number = 1 AND OR"),
        15,
        "FILTER_SYNTAX",
        "expected a condition, found \"OR\"",
        "此处应为条件，实际为“OR”",
    );
}

#[test]
fn positions_count_characters() {
    assert_eq!(fault("string = 张三 AND 区域 = 北京").position, 16);
}

#[test]
fn an_unknown_field_suggests_the_nearest_one() {
    assert_fault(
        &fault("numbr = 1"),
        0,
        "FILTER_UNKNOWN_FIELD",
        "there is no field \"numbr\"; did you mean \"number\"?",
        "没有字段“numbr”，是否指“number”？",
    );
    assert_fault(
        &fault("string = a AND custom.amonut > 5"),
        15,
        "FILTER_UNKNOWN_FIELD",
        "there is no field \"custom.amonut\"; did you mean \"custom.amount\"?",
        "没有字段“custom.amonut”，是否指“custom.amount”？",
    );
    assert_fault(
        &fault("password:*"),
        0,
        "FILTER_UNKNOWN_FIELD",
        "there is no field \"password\"",
        "没有字段“password”",
    );
}

#[test]
fn a_field_that_filters_may_not_see_is_refused_but_not_suggested() {
    assert_fault(
        &fault("secret = x"),
        0,
        "FILTER_FIELD_NOT_FILTERABLE",
        "the field \"secret\" can't be used in a filter",
        "字段“secret”不能用于筛选",
    );
    assert_eq!(fault("secre = x").message_en(), "there is no field \"secre\"");
}

#[test]
fn a_value_of_the_wrong_type_names_the_right_one() {
    assert_fault(
        &fault("string = a number > many"),
        20,
        "FILTER_WRONG_TYPE",
        "the field \"number\" takes a whole number, not \"many\"",
        "字段“number”的值应为整数，不能是“many”",
    );
    let wrong = [
        "number = 1.5",
        "number = 9223372036854775808",
        "number = ''",
        "number = 1*",
        "amount = 1e5",
        "amount = 1_000",
        "amount = .5",
        "amount = 5.",
        "amount = 99999999999999999999999999999999",
        "flag = TRUE",
        "flag = 1",
        "day = 2026-02-30",
        "day = 2026-1-5",
        "day = 0000-01-01",
        "moment = 0001-01-01T00:00:00+08:00",
        "day = 2026-01-05T00:00:00Z",
        "day = now()",
        "day = 20s",
        "moment = 2026-02-30",
        "moment = 2026-01-05T00:00:00",
        "moment = yesterday",
        "moment = me()",
        "took > 5",
        "took > 1.5h",
        "took > 9223372036854775807d",
        "took > 秒",
        "owner = me",
        "owner = today()",
        "tags : a*",
        "tags : me()",
        "string = now()",
        "kind = me()",
        "custom.number = 五",
        "number = (1 OR x)",
    ];
    for text in wrong {
        assert_eq!(fault(text).reason(), "FILTER_WRONG_TYPE", "{text}");
    }
    assert_eq!(fault("number = (1 OR x)").position, 15);
}

#[test]
fn an_unknown_name_of_an_enumeration_suggests_the_nearest_one() {
    assert_fault(
        &fault("kind = PRESON"),
        7,
        "FILTER_UNKNOWN_VALUE",
        "the field \"kind\" has no value \"PRESON\"; did you mean \"PERSON\"?",
        "字段“kind”没有取值“PRESON”，是否指“PERSON”？",
    );
    assert_fault(
        &fault("stage = (won OR 流失客户)"),
        16,
        "FILTER_UNKNOWN_VALUE",
        "the field \"stage\" has no value \"流失客户\"",
        "字段“stage”没有取值“流失客户”",
    );
}

#[test]
fn an_operator_that_makes_no_sense_names_those_that_do() {
    assert_fault(
        &fault("flag > true"),
        5,
        "FILTER_OPERATOR_NOT_ALLOWED",
        "the operator > can't be used with the field \"flag\", which holds true or false; use = != :",
        "字段“flag”的类型为true 或 false，不能使用运算符 >，可用：= != :",
    );
    for text in ["tags = a", "tags != a", "code < 33", "kind >= PERSON", "owner < me()", "number != (1 OR 2)"] {
        assert_eq!(fault(text).reason(), "FILTER_OPERATOR_NOT_ALLOWED", "{text}");
    }
}

#[test]
fn functions_are_a_closed_set() {
    assert_fault(
        &fault("moment > day_ago(3)"),
        9,
        "FILTER_UNKNOWN_FUNCTION",
        "there is no function day_ago(); did you mean \"days_ago\"?",
        "没有函数 day_ago()，是否指“days_ago”？",
    );
    assert_fault(
        &fault("moment > days_ago(soon)"),
        9,
        "FILTER_WRONG_ARGUMENTS",
        "days_ago(n) takes one whole number of days between -36500 and 36500",
        "days_ago(n) 需要一个 -36500 到 36500 之间的整数（天数）",
    );
    assert_fault(&fault("owner = me(1)"), 8, "FILTER_WRONG_ARGUMENTS", "me() takes no arguments", "me() 不接受参数");
    for text in ["moment > days_ago()", "moment > days_ago(1,2)", "moment > days_ago(36501)"] {
        assert_eq!(fault(text).reason(), "FILTER_WRONG_ARGUMENTS", "{text}");
    }
}

#[test]
fn bare_text_needs_a_search_field() {
    assert_fault(
        &fault("number = 1 张三"),
        11,
        "FILTER_BARE_TEXT",
        "\"张三\" stands alone; write a condition such as field = \"张三\"",
        "“张三”前缺少字段，请写成条件，例如 字段 = \"张三\"",
    );
    let searchable = Schema::new().field("name", FieldType::Text, Column::sql("name")).search_field("name");
    assert!(compile("张三", &searchable).is_ok());
}

#[test]
fn a_null_character_is_refused_anywhere() {
    let zh = "不允许使用空字符（U+0000）";
    assert_fault(&fault("string = \"a\0\""), 11, "FILTER_INVALID_CHARACTER", "the null character is not allowed", zh);
    assert_eq!(fault("\0").reason(), "FILTER_INVALID_CHARACTER");
}

#[test]
fn a_filter_has_limits_and_may_reach_them() {
    let assert_limit = |within: String, beyond: String, position: usize, en: &str| {
        assert!(compile(&within, &schema()).is_ok(), "{within}");
        let error = fault(&beyond);
        assert_eq!((error.position, error.reason()), (position, "FILTER_TOO_COMPLEX"), "{error}");
        assert_eq!(error.message_en(), en);
        assert!(!error.message_zh().is_empty());
    };
    let of_length = |length: usize| format!("string = \"{}\"", "字".repeat(length - 11));
    let too_long = "the text may have at most 4000 characters";
    assert_limit(of_length(MAX_CHARACTERS), of_length(MAX_CHARACTERS + 1), MAX_CHARACTERS, too_long);

    let nested = |depth: usize| format!("{}number=1{}", "(".repeat(depth), ")".repeat(depth));
    let too_deep = "parentheses may be nested at most 32 deep";
    assert_limit(nested(MAX_DEPTH), nested(MAX_DEPTH + 1), MAX_DEPTH, too_deep);

    let conditions = |count: usize| vec!["number=1"; count].join(" OR ");
    let too_many = "a filter may have at most 100 conditions";
    assert_limit(conditions(MAX_RESTRICTIONS), conditions(MAX_RESTRICTIONS + 1), 1200, too_many);

    let choices = |count: usize| format!("number=({})", vec!["1"; count].join(" OR "));
    assert_limit(choices(MAX_RESTRICTIONS), choices(MAX_RESTRICTIONS + 1), 508, too_many);

    let stars = |count: usize| format!("string={}", "*a".repeat(count));
    let too_wild = "a value may have at most 8 wildcards";
    assert_limit(stars(MAX_WILDCARDS), stars(MAX_WILDCARDS + 1), 7, too_wild);

    assert_eq!(fault(&"(".repeat(MAX_CHARACTERS)).position, MAX_DEPTH);
    assert_eq!(fault(&"NOT (".repeat(MAX_CHARACTERS / 5)).reason(), "FILTER_TOO_COMPLEX");
}

#[test]
fn a_long_word_is_shortened_in_the_message() {
    let error = fault(&format!("number = {}", "长".repeat(3_000)));
    assert!(error.message_en().chars().count() < 120, "{error}");
    assert!(fault(&format!("{} = 1", "长".repeat(3_000))).message_zh().chars().count() < 120);
}

#[test]
fn an_ordering_has_its_own_faults() {
    assert_fault(
        &order_fault("number, strng desc"),
        8,
        "FILTER_UNKNOWN_FIELD",
        "there is no field \"strng\"; did you mean \"string\"?",
        "没有字段“strng”，是否指“string”？",
    );
    assert_fault(
        &order_fault("tags"),
        0,
        "FILTER_FIELD_NOT_SORTABLE",
        "the list can't be sorted by \"tags\"",
        "不能按字段“tags”排序",
    );
    assert_fault(
        &order_fault("number  down"),
        8,
        "FILTER_SYNTAX",
        "expected asc, desc or a comma, found \"down\"",
        "此处应为asc、desc 或逗号，实际为“down”",
    );
    assert_fault(
        &order_fault("number, number desc"),
        8,
        "FILTER_FIELD_SORTED_TWICE",
        "the field \"number\" is named twice",
        "字段“number”重复出现",
    );
    let many = order_fault("string, text, code, kind, stage, number");
    assert_eq!((many.position, many.reason()), (33, "FILTER_TOO_COMPLEX"));
    assert_eq!(order_fault("number,, string").position, 7);
    assert_eq!(order_fault("number,").position, 7);
    assert_eq!(order_fault(&"x".repeat(MAX_CHARACTERS + 1)).reason(), "FILTER_TOO_COMPLEX");
}
