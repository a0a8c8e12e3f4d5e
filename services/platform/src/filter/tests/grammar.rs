//! What binds to what, and what the words of a filter are.

use proptest::prelude::*;

use crate::filter::{ArgumentKind, Literal, Node, parse};

/// The tree as text: `and`, `or` and `not` before their parts.
fn shape(text: &str) -> String {
    show(&parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).root)
}

fn show(node: &Node) -> String {
    let join = |parts: &[Node]| parts.iter().map(|part| format!(" {}", show(part))).collect::<String>();
    match node {
        Node::And(parts) => format!("(and{})", join(parts)),
        Node::Or(parts) => format!("(or{})", join(parts)),
        Node::Not(inner) => format!("(not {})", show(inner)),
        Node::Bare { literal, .. } => format!("{:?}", literal.text()),
        Node::Restriction(restriction) => {
            format!("{}{}{}", restriction.field, restriction.comparator, argument(&restriction.argument.kind))
        }
    }
}

fn argument(kind: &ArgumentKind) -> String {
    match kind {
        ArgumentKind::Literal(literal) => literal.pieces.join("⁕"),
        ArgumentKind::Call { function, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(Literal::text).collect();
            format!("{function}({})", arguments.join(";"))
        }
        ArgumentKind::AnyOf(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| argument(&choice.kind)).collect();
            format!("[{}]", choices.join("|"))
        }
    }
}

#[test]
fn or_binds_tighter_than_and() {
    assert_eq!(shape("a = 1 AND b = 2 OR c = 3"), "(and a=1 (or b=2 c=3))");
    assert_eq!(shape("a = 1 OR b = 2 AND c = 3"), "(and (or a=1 b=2) c=3)");
    assert_eq!(shape("(a = 1 AND b = 2) OR c = 3"), "(or (and a=1 b=2) c=3)");
}

#[test]
fn conditions_side_by_side_all_hold() {
    assert_eq!(shape("a=1 b=2 OR c=3 d=4"), "(and a=1 (or b=2 c=3) d=4)");
    assert_eq!(shape("a=1 AND b=2 c=3"), "(and a=1 b=2 c=3)");
    assert_eq!(shape("(a=1)(b=2)"), "(and a=1 b=2)");
}

#[test]
fn not_and_minus_negate_one_condition() {
    assert_eq!(shape("NOT a=1 OR b=2"), "(or (not a=1) b=2)");
    assert_eq!(shape("-a=1 -(b=2 c=3)"), "(and (not a=1) (not (and b=2 c=3)))");
    assert_eq!(shape("NOT(a=1)"), "(not a=1)");
    assert_eq!(shape("a=1 AND NOT b=2"), "(and a=1 (not b=2))");
}

#[test]
fn an_empty_filter_is_no_condition() {
    assert_eq!(shape(""), "(and)");
    assert_eq!(shape(" \t\n\u{3000}"), "(and)");
}

#[test]
fn every_comparator_is_read_with_and_without_spaces() {
    for comparator in ["=", "!=", "<", "<=", ">", ">=", ":"] {
        let expected = format!("a{comparator}1");
        assert_eq!(shape(&format!("a{comparator}1")), expected);
        assert_eq!(shape(&format!("a {comparator} 1")), expected);
    }
}

#[test]
fn keywords_are_upper_case_and_whole_words() {
    assert_eq!(shape("a=1 or b=2"), "(and a=1 \"or\" b=2)");
    assert_eq!(shape("ORDER=1 ANDY=2 NOTE=3"), "(and ORDER=1 ANDY=2 NOTE=3)");
    assert_eq!(shape("a=\"AND\""), "a=AND");
}

#[test]
fn names_have_segments() {
    assert_eq!(shape("custom.budget>5"), "custom.budget>5");
    assert_eq!(shape("custom.\"预 算\".x>5"), "custom.预 算.x>5");
    assert_eq!(shape("\"level\"=A"), "level=A");
    assert_eq!(shape("区域=北京"), "区域=北京");
}

#[test]
fn values_are_words_or_quoted() {
    assert_eq!(shape("a=user.name+x@example.com"), "a=user.name+x@example.com");
    assert_eq!(shape("a = -5 b = -0.5"), "(and a=-5 b=-0.5)");
    assert_eq!(
        shape("a=2026-01-31 b>2026-01-31T08:30:00+08:00 c=1"),
        "(and a=2026-01-31 b>2026-01-31T08:30:00+08:00 c=1)"
    );
    assert_eq!(shape("a<\"2026-01-31T08:30:00Z\""), "a<2026-01-31T08:30:00Z");
    assert_eq!(shape("a=90s b=hello!"), "(and a=90s b=hello!)");
    assert_eq!(shape("a=\"\" b=''"), "(and a= b=)");
}

#[test]
fn quoted_strings_have_escapes() {
    assert_eq!(shape(r#"a="say \"hi\" \\ \*""#), r#"a=say "hi" \ *"#);
    assert_eq!(shape(r#"a='it\'s "so"'"#), r#"a=it's "so""#);
    assert_eq!(shape(r#"a="say ""hi""" b='it''s'"#), r#"(and a=say "hi" b=it's)"#);
    assert_eq!(shape(r#"a="x\n\r\ty""#), "a=x\n\r\ty");
}

#[test]
fn stars_are_wildcards_unless_escaped() {
    assert_eq!(shape("a=张*"), "a=张⁕");
    assert_eq!(shape(r#"a="*a\*b*c""#), "a=⁕a*b⁕c");
    assert_eq!(shape("a:*"), "a:⁕");
}

#[test]
fn an_argument_may_be_a_call_or_a_list() {
    assert_eq!(shape("a >= days_ago(30)"), "a>=days_ago(30)");
    assert_eq!(shape("a=me() b<now()"), "(and a=me() b<now())");
    assert_eq!(shape("a=f(1, -2,'x y')"), "a=f(1;-2;x y)");
    assert_eq!(shape("a=(A OR \"B C\" OR me())"), "a=[A|B C|me()]");
    assert_eq!(shape("a<(5)"), "a<5");
}

/// Nearly a filter: what a fuzzer would find out byte by byte.
fn almost_a_filter() -> impl Strategy<Value = String> {
    let tokens = [
        "a",
        "b.c",
        "AND",
        "OR",
        "NOT",
        "-",
        "(",
        ")",
        "=",
        "!=",
        ":",
        "<",
        ">=",
        "\"",
        "'",
        "\\",
        "*",
        ",",
        ".",
        "!",
        "\"x\"",
        "now()",
        "2026-01-31T08:",
        "张",
        " ",
        "\0",
        "🦀",
        "1.5",
    ];
    proptest::collection::vec(proptest::sample::select(tokens.to_vec()), 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), ".{0,200}", almost_a_filter()]) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.position <= text.chars().count());
            prop_assert!(!error.message_en().is_empty() && !error.message_zh().is_empty());
        }
    }
}
