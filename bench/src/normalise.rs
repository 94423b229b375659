//! The normaliser: one FIS12 `on_select` answer, from bytes to exact values.

use std::hint::black_box;

use async_trait::async_trait;
use domain::Currency;
use sdk::normalise::{Document, Reader, Refusal};

use crate::figure::{Figure, Metric, Samples};
use crate::numbers::time;

/// A made-up answer in the network's shape: 15 terms, 7 lines of the breakup, 24 installments.
const ANSWER: &[u8] = include_bytes!("../../provider-adapters/sdk/tests/fixtures/fis12-on-select.json");

/// Reads every value that an offer is made of. Returns how many.
fn read(currency: Currency) -> Result<usize, Refusal> {
    let document = Document::parse(black_box(ANSWER))?;
    let order = Reader::new(&document).at("message.order");
    let item = order.get("items").index(0);
    black_box(item.at("price.value").field()?.money(currency)?);
    let terms = item.get("tags").find("descriptor.code", "LOAN_INFO")?.get("list");
    let term = |code: &str| terms.find("descriptor.code", code)?.get("value").field();
    black_box(term("INTEREST_RATE")?.yearly_rate()?);
    black_box(term("ANNUAL_PERCENTAGE_RATE")?.percent_rounded_half_even()?);
    black_box(term("TERM")?.term()?);
    black_box(term("REPAYMENT_FREQUENCY")?.interval()?);
    black_box(term("COOL_OFF_PERIOD")?.whole_days_down()?);
    black_box(term("NUMBER_OF_INSTALLMENTS_OF_REPAYMENT")?.count()?);
    black_box(term("INSTALLMENT_AMOUNT")?.money(currency)?);
    black_box(term("INTEREST_RATE_TYPE")?.one_of(&[("FIXED", true), ("FLOATING", false)])?);
    let charges = [
        "APPLICATION_FEE",
        "FORECLOSURE_FEE",
        "INTEREST_RATE_CONVERSION_CHARGE",
        "DELAY_PENALTY_FEE",
        "OTHER_PENALTY_FEE",
    ];
    for code in charges {
        black_box(term(code)?.charge(currency)?);
    }
    black_box(order.at("quote.ttl").field()?.span()?);
    let lines = order.at("quote.breakup").items()?;
    for line in &lines {
        black_box(line.get("title").field()?.breakup_title()?);
        black_box(line.at("price.value").field()?.money(currency)?);
    }
    let payments = order.get("payments").items()?;
    for payment in &payments {
        black_box(payment.at("params.amount").field()?.money(currency)?);
        black_box(payment.at("time.range.end").field()?.date()?);
    }
    Ok(10 + charges.len() + 2 * lines.len() + 2 * payments.len())
}

/// Time of one answer.
#[derive(Debug)]
pub struct Normalise {
    currency: Currency,
}

impl Normalise {
    /// Fails when the answer is not read whole.
    pub fn new() -> anyhow::Result<Self> {
        let currency = Currency::parse("INR")?;
        anyhow::ensure!(read(currency)? == 77, "the sample answer has lost fields");
        Ok(Self { currency })
    }
}

#[async_trait]
impl Figure for Normalise {
    fn name(&self) -> &'static str {
        "normalise_fis12"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[Metric::target("one answer, 77 values", "µs", 100)];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        Ok(vec![Some(time(|| read(self.currency)))])
    }
}
