use super::{POLLED, example};
use crate::manifest::{Manifest, ManifestError, Place};

fn error(from: &str, to: &str) -> String {
    assert!(example().contains(from), "{from}");
    Manifest::parse(&example().replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn an_error_names_table_key_line_and_column() {
    let line = |text: &str| example().lines().position(|l| l.starts_with(text)).unwrap() + 1;
    let nominal = line("nominal");
    assert_eq!(
        error(
            "nominal = \"percent(item.interest)\"",
            "nominal = \"prcent(item.interest)\""
        ),
        format!("line {nominal}, column 12: [offer.rate] nominal: unknown function `prcent`")
    );
    let amount = line("amount = \"major");
    assert_eq!(
        error("amount = \"major(ask.amount)\"", "amount = '''\nmajor(ask.amout)'''"),
        format!(
            "line {}, column 10: [quote.body] amount: no member `amout`; there are id, amount, currency, term, purpose, products, \
             country, region, monthly_income, monthly_housing_cost, monthly_debt_payments, employment, employment_months, \
             residence_months, delinquencies_24m, inquiries_6m, credit_history_months, revolving_utilization_percent, \
             military_covered",
            amount + 1
        )
    );
    let typed = Manifest::parse(&example().replacen("kind = \"cursor\"", "kind = \"cursr\"", 1)).unwrap_err();
    let place = Place {
        line: line("kind = \"cursor\""),
        column: 8,
    };
    assert_eq!(
        typed,
        ManifestError::Value {
            table: "quote.pages".into(),
            key: "kind".into(),
            place,
            what: "expected cursor or number".into()
        }
    );
}

#[test]
fn what_is_missing_or_unknown_is_refused() {
    for (from, to, message) in [
        (
            "format = 1",
            "format = 2",
            "[] format: expected a whole number from 1 to 1",
        ),
        ("format = 1\n", "", "[] needs the key `format`"),
        (
            "method = \"POST\"\npath = \"/offers/search\"",
            "method = \"POST\"",
            "[quote] needs the key `path`",
        ),
        ("provider_ref", "providerref", "[offer] needs the key `provider_ref`"),
        (
            "issued_at = \"now\"",
            "issued_at = \"now\"\nissuer = \"now\"",
            "[offer] has no key `issuer`",
        ),
        ("currency = \"USD\"", "currency = \"XXQ\"", "[] capabilities:"),
        (
            "grace_days = 10",
            "grace_days = 10.5",
            "[offer.repayment.late] grace_days: binary floats are not exact",
        ),
        (
            "grace_days = 10",
            "grace_days = -1",
            "write a negative number as an expression",
        ),
        ("[loan]", "[loann]", "[loan] needs the key `state`"),
        ("format = 1", "format = ", "not TOML"),
    ] {
        let error = error(from, to);
        assert!(error.contains(message), "{error} / {message}");
    }
}

#[test]
fn a_secret_never_stands_in_a_manifest() {
    let key = "key = { env = \"HARBOR_API_KEY\" }";
    let refused = error(key, "key = \"s3cret\"");
    assert!(
        refused.contains("a secret never stands in a manifest") && !refused.contains("s3cret"),
        "{refused}"
    );
    assert!(error(key, "key = { env = \"A\", file = \"b\" }").contains("either `env` or `file`"));
    assert!(error(key, "key = {}").contains("either `env` or `file`"));
}

#[test]
fn a_request_cannot_leave_its_path_or_set_our_headers() {
    for (from, to, message) in [
        ("path = \"/loans\"", "path = \"loans\"", "a path starts with a slash"),
        ("path = \"/loans\"", "path = \"/loans?x=1\"", "only plain characters"),
        ("path = \"/loans\"", "path = \"/../admin\"", "only plain characters"),
        (
            "path = \"/loans\"",
            "path = \"/loans/{order.provider_ref\"",
            "this `{` is not closed",
        ),
        ("path = \"/loans\"", "path = \"/loans/{ask.id}\"", "unknown name `ask`"),
        (
            "{ idempotency-key = \"ask.id\" }",
            "{ authorization = \"ask.id\" }",
            "cannot be set here",
        ),
        (
            "{ idempotency-key = \"ask.id\" }",
            "{ Host = \"ask.id\" }",
            "cannot be set here",
        ),
        (
            "{ idempotency-key = \"ask.id\" }",
            "{ \"a b\" = \"ask.id\" }",
            "cannot be set here",
        ),
        ("header = \"x-api-key\"", "header = \"x api\"", "is not a header's name"),
    ] {
        let error = error(from, to);
        assert!(error.contains(message), "{error} / {message}");
    }
}

#[test]
fn names_are_known_only_where_they_have_a_value() {
    let early = POLLED.replacen("path = \"/applications\"", "path = \"/applications/{first.id}\"", 1);
    let error = Manifest::parse(&early).unwrap_err().to_string();
    assert!(error.contains("unknown name `first`; there are ask, now"), "{error}");
    let outside = POLLED.replacen("issued_at = \"now\"", "issued_at = \"row.at\"", 1);
    let error = Manifest::parse(&outside).unwrap_err().to_string();
    assert!(error.contains("unknown name `row`"), "{error}");
}
