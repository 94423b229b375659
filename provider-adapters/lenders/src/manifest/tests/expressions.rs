use std::sync::Arc;

use domain::Currency;
use proptest::prelude::*;
use sdk::normalise::Document;

use crate::manifest::eval::Evaluator;
use crate::manifest::parse::parse;
use crate::manifest::template::written;
use crate::manifest::value::{Json, Located, Value};

const NAMES: crate::manifest::parse::Names = &[("body", &[]), ("ask", &["amount"])];

const BODY: &str = r#"{
    "rate": "12 %", "price": "25750USD", "number": 12.10, "text": "abc", "none": null, "na": "NA", "yes": true,
    "list": [{"id": 1, "amount": 1.5}, {"id": 2, "amount": 2.5}, {"id": 3, "amount": 3}],
    "term": "PT5M", "day": "03/04/2026", "strange key": "x"
}"#;

fn body() -> Located {
    let document = Document::parse(BODY.as_bytes()).unwrap();
    Located::body(Arc::new(Json::from(document.root())))
}

fn eval(source: &str) -> Result<Value, String> {
    let expr = parse(source, NAMES).map_err(|m| format!("{}: {}", m.at, m.what))?;
    let evaluator = Evaluator::new(Currency::usd());
    let value = evaluator.value(&expr, &[body(), Value::Absent.into()]);
    value
        .map(|found| found.value)
        .map_err(|f| format!("{}: {}", f.field, f.detail))
}

fn text(source: &str) -> String {
    eval(source)
        .and_then(|value| written(&value.into()).map_err(|f| f.detail))
        .unwrap_or_else(|error| error)
}

#[test]
fn arithmetic_is_exact_and_what_would_round_is_refused() {
    for (source, result) in [
        ("0.1 + 0.2", "0.3"),
        ("body.number * 2 - 1", "23.2"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("-2 + 1", "-1"),
        ("10 / 4", "2.5"),
        ("10 / 3", ": does not divide exactly: use div_half_even()"),
        ("1 / 0.125", "8"),
        ("0.3 / 30", "0.01"),
        (
            "100000000000000000000 / 3",
            ": does not divide exactly: use div_half_even()",
        ),
        ("1 / 0", ": is zero and cannot divide"),
        ("div_half_even(10, 3, 2)", "3.33"),
        ("round_up(1.01, 1)", "1.1"),
        ("round_down(1.09, 1)", "1.0"),
        ("round_half_even(0.125, 2)", "0.12"),
        ("major(money('1.01') + money('2.02'))", "3.03"),
        ("major(money('1.01') * 3)", "3.03"),
        (
            "major(money('1.01') * 0.5)",
            ": the product is finer than the minor unit: use round_money_half_even()",
        ),
        ("minor_units(share_half_even(money(50), percent('1 %')))", "50"),
        (
            "99999999999999999999999999 * 99999999999999999999999999",
            ": the result is too large",
        ),
    ] {
        assert_eq!(text(source), result, "{source}");
    }
}

#[test]
fn a_refusal_names_the_field_of_the_lender_and_never_quotes_it() {
    for (source, refusal) in [
        ("percent(body.text)", "text: has no number"),
        ("percent(body.number)", "number: has no unit"),
        ("money(body.list[1].fee)", "list[1].fee: is missing"),
        ("money(body.none)", "none: is missing"),
        ("date(body.day)", "day: has more than one meaning"),
        ("body.text.inner", "text: expected an object, found a text"),
        ("body.text + 1", ": expected a text, found a number"),
        ("body.text * 2", "text: expected a number, found a text"),
        ("body.list == 1", "list: a list cannot be compared with a number"),
        ("word(body.text, 'x', 'Y')", "text: is not one of the known words"),
        (
            "find(body.list, x => x.amount > 2)",
            "list: has more than one item that fits",
        ),
        ("in_days(term(body.term))", "term: is no whole number of that unit"),
        (
            "if body.text then 1 else 2",
            "text: expected true or false, found a text",
        ),
    ] {
        assert_eq!(text(source), refusal, "{source}");
    }
}

#[test]
fn what_lenders_write_is_read_by_the_normaliser() {
    for (source, result) in [
        ("in_percent(percent(body.rate))", "12"),
        ("in_percent(fraction('0.125'))", "12.5"),
        ("in_percent(bps(1250))", "12.5"),
        ("in_percent(percent_rounded_half_even('9.69449'))", "9.6945"),
        ("minor_units(money(body.price))", "2575000"),
        ("minor_units(minor('5')) ", "5"),
        ("in_months(term(body.term))", "5"),
        ("in_months(months('2 years'))", "24"),
        ("in_months(term_of(3, 'MONTH'))", "3"),
        ("date_dmy(body.day)", "2026-04-03"),
        ("date_mdy(body.day)", "2026-03-04"),
        ("after(date('2026-01-31'), months(1))", "2026-02-28"),
        ("after(date('2026-01-31'), months(1), 2)", "2026-03-31"),
        (
            "later(instant('2026-01-31T10:00:00Z'), 'PT20M')",
            "2026-01-31T10:20:00Z",
        ),
        (
            "later(instant('2026-01-31T10:00:00+05:30'), 60)",
            "2026-01-31T04:31:00Z",
        ),
        ("minor_units(charge_half_even('2% + 18% GST', money(1000)))", "2360"),
        ("minor_units(charge_half_even('NA', money(1000)))", "0"),
        ("bool('YES')", "true"),
        ("count('1,000')", "1000"),
        ("cooling_off_days('P3D')", "3"),
    ] {
        assert_eq!(text(source), result, "{source}");
    }
}

#[test]
fn paths_defaults_conditions_and_lists() {
    for (source, result) in [
        ("body.na ?? 'none'", "none"),
        ("body.none ?? body.text", "abc"),
        ("body['strange key']", "x"),
        ("body.list[2].id", "3"),
        ("body.list[9].id == null", "true"),
        ("body.x == 1", "false"),
        ("body.x != 1", "true"),
        ("body.none == null and body.x.y.z == null", "true"),
        ("not present(body.na) or 1 / 0 == 1", "true"),
        ("if body.yes then 'a' else 1 / 0", "a"),
        ("sum(map(body.list, x => x.amount))", "7.0"),
        ("len(filter(body.list, x => x.amount >= 2.5))", "2"),
        ("find(body.list, x => x.id == 2).amount", "2.5"),
        ("len(join(range(2), [body.text]))", "3"),
        ("major(sum_money([]))", "0.00"),
        ("min(2, 1) + max(2, 1)", "3"),
        ("upper(body.text) + \"'\"", "ABC'"),
        ("word('fixed rate', 'FIXED_RATE', 'FIXED', 'x')", "FIXED"),
        ("word('other', 'FIXED_RATE', 'FIXED', 'x')", "x"),
        ("text(12.10)", "12.10"),
    ] {
        assert_eq!(text(source), result, "{source}");
    }
}

#[test]
fn mistakes_are_found_when_the_expression_is_read_with_their_place() {
    for (source, mistake) in [
        ("1 + prcent('x')", "4: unknown function `prcent`"),
        ("1 + bdy.x", "4: unknown name `bdy`; there are body, ask"),
        ("ask.amout", "3: no member `amout`; there are amount"),
        ("map(body, body => 1)", "10: the name `body` is taken"),
        (
            "map(body.list, x => x) + x",
            "25: unknown name `x`; there are body, ask",
        ),
        ("percent()", "0: `percent` takes text"),
        ("percent(1, 2)", "0: `percent` takes text"),
        ("1 +", "3: the expression ends too early"),
        ("'abc", "0: this text does not end"),
        ("1 ; 2", "2: ';' has no meaning here"),
        ("1 2", "2: the expression should end here"),
        (
            "body.list[x]",
            "10: expected a quoted name or a number; use find() to search",
        ),
        ("if 1 then 2", "11: expected `else`"),
    ] {
        assert_eq!(text(source), mistake, "{source}");
    }
}

#[test]
fn evaluation_is_bounded() {
    let deep = format!("{}1{}", "(".repeat(30), ")".repeat(30));
    assert!(text(&deep).ends_with("is nested too deep"), "{}", text(&deep));
    assert!(text(&vec!["1"; 200].join("+")).ends_with("is too long: split it"));
    assert!(text(&format!("'{}'", "x".repeat(3_000))).ends_with("is longer than 2000 bytes"));
    assert_eq!(text("range(1001)"), ": has too many items");
    assert_eq!(text("len(join(range(1000), range(1000)))"), ": has too many items");
    let nested = "map(range(1000), a => map(range(1000), b => map(range(1000), c => 1)))";
    assert_eq!(text(nested), ": takes too many steps");
    assert_eq!(
        text("sum(map(range(1000), n => len(map(range(1000), m => 'x'))))"),
        ": takes too many steps"
    );
    // Brackets around chains around brackets: the height of the tree counts, not only the brackets.
    let mut tower = "1".to_owned();
    for _ in 0..6 {
        tower = format!("({tower}){}", "+1".repeat(12));
    }
    assert!(text(&tower).ends_with("is nested too deep"));
}

proptest! {
    #[test]
    fn no_text_makes_reading_or_evaluation_panic(source in "[a-z0-9 .+*/()\\[\\]'=<>?,{}-]{0,60}") {
        let _ = text(&source);
    }

    #[test]
    fn no_words_in_any_order_make_evaluation_panic(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "body", ".list", ".rate", "[0]", "(", ")", "+", "-", "*", "/", "==", "??", "if ", " then ", " else ", "not ",
            "map(", "x => ", ",", "x", "percent(", "money(", "term(", "date(", "sum(", "range(", "1", "99999999999999999999", "'a'",
        ]), 0..14,
    )) {
        let _ = text(&words.concat());
    }
}
