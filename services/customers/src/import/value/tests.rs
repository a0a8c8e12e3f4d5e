use chrono::{FixedOffset, NaiveDate};
use proptest::prelude::*;

use super::names::{Named, Names};
use super::*;
use crate::dictionary::cache::{Dictionaries, Entry};

#[test]
fn dates_are_read_as_they_are_typed() {
    let day = NaiveDate::from_ymd_opt(2024, 1, 5);
    for typed in [
        "2024-1-5",
        "2024-01-05",
        "2024/1/5",
        "2024.01.05",
        "2024年1月5日",
        "2024年01月05号",
        " 20240105 ",
        "２０２４－１－５",
        "2024-01-05 10:30",
        "2024-01-05T10:30:00Z",
        "2024/1/5 0:00:00",
        "2024年1月5日 上午9:05",
        "5 Jan 2024",
        "05-January-2024",
        "Jan 5, 2024",
        "january 5 2024 9:05 AM",
        "45296",
        "45296.4375",
    ] {
        assert_eq!(date(typed), day, "{typed}");
    }
    for typed in [
        "",
        "2024",
        "1990",
        "2024-13-1",
        "2023-2-29",
        "24-1-5",
        "1/5/2024",
        "13/13/2024",
        "5 Janua 2024",
        "5 Jan 24",
        "Jan 2024",
        "5Jan2024",
        "2024-1",
        "2024-1-5x",
        "2024-1-510:30",
        "今天",
        "0000-01-01",
        "999999",
    ] {
        assert_eq!(date(typed), None, "{typed}");
    }
}

#[test]
fn times_are_local_unless_they_say_otherwise() {
    let china = FixedOffset::east_opt(8 * 3600).unwrap();
    let at = |typed: &str| timestamp(typed, china).map(|time| time.to_rfc3339());
    for typed in
        ["2024-1-5 9:30", "2024/01/05 09:30:00", "2024年1月5日 9时30分", "2024-01-05T01:30:00Z", "2024-1-5 上午9:30"]
    {
        assert_eq!(at(typed).as_deref(), Some("2024-01-05T01:30:00+00:00"), "{typed}");
    }
    assert_eq!(at("2024-1-5 9:30 PM").as_deref(), Some("2024-01-05T13:30:00+00:00"));
    assert_eq!(at("2024-1-5").as_deref(), Some("2024-01-04T16:00:00+00:00"));
    assert_eq!(at("2024-1-5 25:00"), None);
}

#[test]
fn phones_keep_their_looks_and_lose_their_width() {
    for (typed, expected) in [
        ("13800138000", "13800138000"),
        (" 138 0013 8000 ", "138 0013 8000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 138-0013-8000", "+86 138-0013-8000"),
        ("（010）6552 9988", "(010)6552 9988"),
        ("12345678-801", "12345678-801"),
        ("0571-88886666转801", "0571-88886666转801"),
        ("13800138000.0", "13800138000"),
        ("95588", "95588"),
        ("110", "110"),
        ("400-812-3123", "400-812-3123"),
        ("+1 650 253 0000", "+1 650 253 0000"),
        ("0571-88886666 ext. 12", "0571-88886666 ext. 12"),
    ] {
        assert_eq!(phone(typed).as_deref(), Some(expected), "{typed}");
    }
    for typed in
        ["1.38E+10", "1380013800", "138001380001", "电话", "张三", "12", "138****8000", "1380013800a", "abc@x.cn"]
    {
        assert_eq!(phone(typed), None, "{typed}");
    }
}

#[test]
fn numbers_lose_their_separators() {
    for (typed, number) in [
        ("1,234.50", "1234.5"),
        ("１２３", "123"),
        ("￥1,200", "1200"),
        ("-5.00", "-5"),
        ("1 234 567", "1234567"),
        ("0.1", "0.1"),
        ("+7", "7"),
    ] {
        assert_eq!(decimal(typed).as_deref(), Some(number), "{typed}");
    }
    for typed in ["", "1,23", "1.2.3", "12,3456", "1e5", "1.2万", "--1", "123456789012345678901", "0.123456789", "."] {
        assert_eq!(decimal(typed), None, "{typed}");
    }
    assert_eq!((integer("12.0"), integer("12.5"), integer("9223372036854775808")), (Some(12), None, None));
    assert_eq!(
        (boolean(" 是"), boolean("No"), boolean("1"), boolean("也许")),
        (Some(true), Some(false), Some(true), None)
    );
}

fn entry(code: &str, name: &str, parent: &str) -> Entry {
    Entry {
        code: code.into(),
        name_zh: name.into(),
        name_en: String::new(),
        parent_code: parent.into(),
        retired: false,
    }
}

fn regions() -> Names {
    let entries = vec![
        entry("110000", "北京市", ""),
        entry("110100", "市辖区", "110000"),
        entry("110105", "朝阳区", "110100"),
        entry("210000", "辽宁省", ""),
        entry("211300", "朝阳市", "210000"),
        entry("211321", "朝阳县", "211300"),
        entry("330000", "浙江省", ""),
        entry("330100", "杭州市", "330000"),
        entry("330106", "西湖区", "330100"),
        entry("360000", "江西省", ""),
        entry("360100", "南昌市", "360000"),
        entry("360103", "西湖区", "360100"),
        entry("220000", "吉林省", ""),
        entry("220200", "吉林市", "220000"),
        entry("620000", "甘肃省", ""),
        entry("620200", "嘉峪关市", "620000"),
        entry("620201", "嘉峪关市", "620200"),
        entry("450000", "广西壮族自治区", ""),
    ];
    Names::of(&Dictionaries::new([("region".to_owned(), true, entries)]), "region")
}

#[test]
fn regions_go_by_code_path_and_short_name() {
    let regions = regions();
    for (typed, code) in [
        ("330106", "330106"),
        ("浙江省杭州市西湖区", "330106"),
        ("浙江/杭州/西湖", "330106"),
        ("杭州西湖区", "330106"),
        ("浙江 杭州", "330100"),
        ("杭州", "330100"),
        ("浙江", "330000"),
        ("广西", "450000"),
        ("北京", "110000"),
        ("北京市朝阳区", "110105"),
        ("北京-朝阳", "110105"),
        ("吉林", "220000"),
        ("吉林市", "220200"),
        ("嘉峪关", "620200"),
        ("辽宁朝阳县", "211321"),
    ] {
        assert_eq!(regions.find(typed), Named::Code(code.into()), "{typed}");
    }
    let Named::Several(meant) = regions.find("西湖区") else { panic!("{:?}", regions.find("西湖区")) };
    assert_eq!(meant, ["浙江省/杭州市/西湖区", "江西省/南昌市/西湖区"]);
    assert!(matches!(regions.find("朝阳"), Named::Several(_)));
    assert_eq!(regions.find("火星"), Named::Nothing);
    assert_eq!(regions.find("市辖区"), Named::Nothing);
}

#[test]
fn codes_go_by_name_in_either_language() {
    let mut entries = vec![entry("vip", "贵宾", ""), entry("a", "同名", ""), entry("b", "同名", "")];
    entries[0].name_en = "Very Important".into();
    let names = Names::of(&Dictionaries::new([("level".to_owned(), false, entries)]), "level");
    for typed in ["VIP", "贵宾", " very important ", "ｖｉｐ"] {
        assert_eq!(names.find(typed), Named::Code("vip".into()), "{typed}");
    }
    assert!(matches!(names.find("同名"), Named::Several(_)));
    assert_eq!(names.find("gold"), Named::Nothing);
}

proptest! {
    #[test]
    fn no_cell_makes_a_parser_panic(cell in "\\PC{0,40}|[0-9 .,:/年月日+()-]{0,30}") {
        let _ = (date(&cell), timestamp(&cell, FixedOffset::east_opt(0).unwrap()), phone(&cell));
        let _ = (decimal(&cell), integer(&cell), boolean(&cell), line(&cell), regions().find(&cell));
    }

    #[test]
    fn dates_come_back(days in 1_i32..3_000_000) {
        let day = NaiveDate::from_num_days_from_ce_opt(days).unwrap();
        prop_assert_eq!(date(&day.format("%Y-%m-%d").to_string()), Some(day));
        prop_assert_eq!(date(&day.format("%Y年%-m月%-d日").to_string()), Some(day));
    }
}
