//! The ranked table of a closed request, for people.

use serde_json::Value;

use super::quote::Book;
use super::table::{Align, Cell, Table, Tone, paint, printable};

/// The request in one line, the quotes best first, and who made none and why.
pub fn render(book: &Book, colour: bool) -> String {
    let request = &book.request;
    let mut text = format!(
        "{} over {} {}, ranked by {}: {} from {} lenders\n\n",
        money_with_code(request.get("amount")),
        request
            .pointer("/term/count")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        words(at(request, "/term/unit")) + "s",
        words(at(request, "/rankBy")).replace("apr", "verified APR"),
        counted(book.quotes.len(), "quote"),
        request.get("lenders").and_then(Value::as_array).map_or(0, Vec::len)
    );
    if book.quotes.is_empty() {
        text.push_str("No lender made a quote.\n");
    } else {
        text.push_str(&quotes(&book.quotes).render(colour));
    }
    for reason in list(request, "refusal") {
        text.push_str(&paint(
            &format!("refused: {}\n", printable(at(reason, "/text"))),
            Tone::Bad,
            colour,
        ));
    }
    let without = losers(request);
    if !without.is_empty() {
        text.push('\n');
        text.push_str(&without.render(colour));
    }
    if book.quotes.iter().any(misdeclared) {
        text.push_str(
            "\n! the lender declares another APR than its own cash flows give; the verified one is ranked.\n",
        );
    }
    text
}

fn quotes(quotes: &[Value]) -> Table {
    let (name, number) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("#", number),
        ("lender", name),
        ("product", name),
        ("you receive", number),
        ("verified APR", number),
        ("declared APR", number),
        ("payment", number),
        ("total cost", number),
        ("worst scenario", number),
        ("binding", name),
        ("note", name),
    ]);
    for quote in quotes {
        let position = quote.get("position").and_then(Value::as_u64).unwrap_or_default();
        let (mark, tone) = if misdeclared(quote) {
            (" !", Tone::Bad)
        } else {
            ("  ", Tone::Plain)
        };
        let (worst, worst_tone) = worst(quote);
        table.row(vec![
            position.to_string().into(),
            at(quote, "/provider").into(),
            words(at(quote, "/product")).into(),
            money(quote.get("netDisbursed")).into(),
            percent(quote.get("verifiedApr")).into(),
            Cell::new(percent(quote.get("declaredApr")) + mark, tone),
            money(quote.get("largestPayment")).into(),
            money(
                scenario(quote, "BASE")
                    .and_then(|s| s.get("totalCost"))
                    .or(quote.get("financeCharge")),
            )
            .into(),
            Cell::new(worst, worst_tone),
            words(at(quote, "/binding")).into(),
            Cell::new(note(quote), Tone::Dim),
        ]);
    }
    table
}

fn losers(request: &Value) -> Table {
    let mut table = Table::new(&[
        ("no quote from", Align::Left),
        ("because", Align::Left),
        ("reasons", Align::Left),
    ]);
    for loser in list(request, "losers") {
        let reasons: Vec<&str> = list(loser, "reasons").map(|reason| at(reason, "/text")).collect();
        table.row(vec![
            at(loser, "/provider").into(),
            words(at(loser, "/kind")).into(),
            reasons.join("; ").into(),
        ]);
    }
    table
}

fn misdeclared(quote: &Value) -> bool {
    list(quote, "flags").any(|flag| flag == "APR_MISDECLARED")
}

fn scenario<'a>(quote: &'a Value, kind: &str) -> Option<&'a Value> {
    list(quote, "scenarios").find(|scenario| at(scenario, "/kind") == kind)
}

/// The dearest of the scenarios, with its name.
fn worst(quote: &Value) -> (String, Tone) {
    let minor = |scenario: &&Value| at(scenario, "/totalCost/minor").parse::<i128>().unwrap_or(i128::MIN);
    let Some(worst) = list(quote, "scenarios").max_by_key(minor) else {
        return ("-".to_owned(), Tone::Dim);
    };
    let name = match at(worst, "/kind") {
        "BASE" => "as agreed",
        "RATE_PLUS_200BP" => "rate +2 %",
        "LATE_ONCE" => "late once",
        "EXIT_AT_THIRD" => "early exit",
        "PRICE_MINUS_20" => "price -20 %",
        "PRICE_MINUS_40" => "price -40 %",
        other => other,
    };
    let liquidated = worst.get("liquidated").and_then(Value::as_bool).unwrap_or(false);
    let (name, tone) = if liquidated {
        (format!("{name}, sold"), Tone::Warn)
    } else {
        (name.to_owned(), Tone::Plain)
    };
    (format!("{} {name}", money(worst.get("totalCost"))), tone)
}

fn note(quote: &Value) -> String {
    let mut notes = Vec::new();
    for flag in list(quote, "flags").filter_map(Value::as_str) {
        match flag {
            // Shown at the declared APR and in the column of binding.
            "APR_MISDECLARED" | "NOT_BINDING" => {}
            "PARTIAL_AMOUNT" => notes.push("less than asked".to_owned()),
            "SHORTER_TERM" => notes.push("for a shorter time than asked".to_owned()),
            "HARD_INQUIRY" => notes.push("hard inquiry".to_owned()),
            other => notes.push(words(other)),
        }
    }
    if list(quote, "collateral").next().is_some() {
        let assets = list(quote, "collateral").map(|asset| {
            let decimals = asset.get("decimals").and_then(Value::as_u64).unwrap_or_default();
            format!("{} {}", scaled(at(asset, "/units"), decimals), at(asset, "/symbol"))
        });
        notes.push(format!("locks {}", assets.collect::<Vec<_>>().join(" and ")));
    }
    match at(quote, "/chainId") {
        "" => {}
        chain => notes.push(format!("chain {chain}")),
    }
    notes.join(", ")
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// `HOME_IMPROVEMENT` gives `home improvement`.
fn words(code: &str) -> String {
    code.to_lowercase().replace('_', " ")
}

fn counted(count: usize, name: &str) -> String {
    if count == 1 {
        format!("1 {name}")
    } else {
        format!("{count} {name}s")
    }
}

/// `1250.00` gives `1,250.00`.
fn money(value: Option<&Value>) -> String {
    value.map_or_else(|| "-".to_owned(), |money| grouped(at(money, "/amount")))
}

fn money_with_code(value: Option<&Value>) -> String {
    let code = value.map_or("", |money| at(money, "/currency"));
    format!("{} {}", money(value), printable(code))
}

fn grouped(amount: &str) -> String {
    let (sign, rest) = amount.strip_prefix('-').map_or(("", amount), |rest| ("-", rest));
    let (whole, fraction) = rest
        .split_once('.')
        .map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.chars().count() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    fraction.map_or(text.clone(), |fraction| format!("{text}.{fraction}"))
}

/// Per cent with two decimals, half up, from whole parts per million.
fn percent(rate: Option<&Value>) -> String {
    let ppm = rate.and_then(|rate| at(rate, "/ppm").parse::<i128>().ok());
    ppm.map_or_else(
        || "-".to_owned(),
        |ppm| {
            let hundredths = (ppm + 50).div_euclid(100);
            let sign = if hundredths < 0 { "-" } else { "" };
            let whole = grouped(&(hundredths / 100).abs().to_string());
            format!("{sign}{whole}.{:02} %", (hundredths % 100).abs())
        },
    )
}

/// Base units as a decimal without trailing zeros.
fn scaled(units: &str, decimals: u64) -> String {
    let decimals = usize::try_from(decimals).unwrap_or_default().min(77);
    let padded = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded
        .split_at_checked(padded.len() - decimals)
        .unwrap_or((&padded, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usd(amount: &str, minor: &str) -> Value {
        json!({ "amount": amount, "minor": minor, "currency": "USD" })
    }

    fn quote(position: u32, provider: &str, flags: &[&str]) -> Value {
        json!({
            "position": position, "provider": provider, "product": "INSTALLMENT", "binding": "FIRM",
            "netDisbursed": usd("4850.00", "485000"), "verifiedApr": { "ppm": "129249" },
            "declaredApr": { "ppm": "99000" }, "largestPayment": usd("230.72", "23072"),
            "financeCharge": usd("687.28", "68728"), "flags": flags,
            "scenarios": [
                { "kind": "BASE", "totalCost": usd("687.28", "68728"), "liquidated": false },
                { "kind": "LATE_ONCE", "totalCost": usd("1702.28", "170228"), "liquidated": false },
            ],
            "collateral": [], "chainId": null,
        })
    }

    fn request() -> Value {
        json!({
            "amount": usd("5000.00", "500000"), "term": { "count": 24, "unit": "MONTH" }, "rankBy": "APR",
            "lenders": [{ "provider": "fintech" }, { "provider": "strict" }],
            "losers": [{ "provider": "strict", "kind": "DECLINED", "reasons": [{ "code": "R1", "text": "Income too low" }] }],
            "refusal": [],
        })
    }

    #[test]
    fn the_table_shows_the_declared_rate_beside_the_verified_one() {
        let book = Book {
            request: request(),
            quotes: vec![quote(1, "fintech", &["APR_MISDECLARED", "HARD_INQUIRY"])],
        };
        let expected = "\
5,000.00 USD over 24 months, ranked by verified APR: 1 quote from 2 lenders

#  lender   product      you receive  verified APR  declared APR  payment  total cost      worst scenario  binding  note
-  -------  -----------  -----------  ------------  ------------  -------  ----------  ------------------  -------  ------------
1  fintech  installment     4,850.00       12.92 %      9.90 % !   230.72      687.28  1,702.28 late once  firm     hard inquiry

no quote from  because   reasons
-------------  --------  --------------
strict         declined  Income too low

! the lender declares another APR than its own cash flows give; the verified one is ranked.
";
        assert_eq!(render(&book, false), expected);
    }

    #[test]
    fn an_onchain_quote_says_what_it_locks_and_where() {
        let mut quote = quote(1, "desk-one", &["NOT_BINDING"]);
        quote["collateral"] = json!([{ "units": "3571500000000000000", "decimals": 18, "symbol": "dWETH" }]);
        quote["chainId"] = json!("31337");
        assert_eq!(note(&quote), "locks 3.5715 dWETH, chain 31337");
    }

    #[test]
    fn a_request_that_is_refused_says_why() {
        let mut request = request();
        request["refusal"] = json!([{ "code": "X", "text": "No rules for this country" }]);
        let text = render(
            &Book {
                request,
                quotes: vec![],
            },
            false,
        );
        assert!(
            text.contains("No lender made a quote.\nrefused: No rules for this country\n"),
            "{text}"
        );
    }

    #[test]
    fn numbers_are_rounded_half_up_and_grouped() {
        let rate = |ppm: &str| percent(Some(&json!({ "ppm": ppm })));
        assert_eq!(
            (rate("96857").as_str(), rate("96850").as_str(), rate("-50").as_str()),
            ("9.69 %", "9.69 %", "0.00 %")
        );
        assert_eq!(rate("22387239000"), "2,238,723.90 %");
        assert_eq!(percent(None), "-");
        assert_eq!(
            (grouped("-1234567.50").as_str(), grouped("999").as_str()),
            ("-1,234,567.50", "999")
        );
        assert_eq!((scaled("0", 6).as_str(), scaled("1500000", 6).as_str()), ("0", "1.5"));
    }

    #[test]
    fn missing_fields_are_no_panic() {
        let book = Book {
            request: json!({}),
            quotes: vec![json!({})],
        };
        assert!(render(&book, true).contains('-'));
    }
}
