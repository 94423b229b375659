//! Truth in Lending disclosure: 12 CFR 1026.17 and 1026.18, words of model forms H-2 and H-3 (Appendix H).

use domain::{Money, Rate};

use super::{late, payments_table, problem, schedule_sum, security, sum, variable};
use crate::facts::{Locale, RegZ};
use crate::format::percent;
use crate::model::{Block, Column, Figure, Model, Paper, Table, term};
use crate::render::{Kind, Problem};

const US: Locale = Locale::EnUs;

/// The model of a disclosure.
pub(crate) fn model(facts: &RegZ) -> Result<Model, Problem> {
    check(facts)?;
    let mut blocks = vec![figures(facts)];
    blocks.push(Block::Heading(2, "Your payment schedule will be".into()));
    blocks.push(payments_table(&facts.schedule, US));
    blocks.push(Block::Terms(terms(facts)));
    blocks.push(Block::Small(
        "See your contract documents for any additional information about nonpayment, default, any required repayment in \
         full before the scheduled date, and prepayment refunds and penalties."
            .into(),
    ));
    blocks.push(itemization_heading(facts));
    blocks.push(itemization(facts));
    Ok(Model {
        kind: Kind::RegZ,
        title: "Truth in Lending Disclosure".into(),
        locale: US,
        paper: Paper::Letter,
        sender: facts.creditor.clone(),
        recipient: facts.consumer.clone(),
        reference: facts.reference.clone(),
        date: facts.date,
        blocks,
    })
}

fn check(facts: &RegZ) -> Result<(), Problem> {
    super::required("reference", &facts.reference)?;
    super::party("creditor", &facts.creditor, false)?;
    super::party("consumer", &facts.consumer, false)?;
    let currency = facts.amount_financed.currency;
    let total = sum(
        "total_of_payments",
        currency,
        [facts.amount_financed, facts.finance_charge],
    )?;
    if total != facts.total_of_payments {
        return Err(problem(
            "total_of_payments",
            "is not the amount financed plus the finance charge",
        ));
    }
    if schedule_sum(&facts.schedule, currency)? != facts.total_of_payments {
        return Err(problem("schedule", "does not add up to the total of payments"));
    }
    if facts.finance_charge.minor < 0 || facts.amount_financed.minor <= 0 {
        return Err(problem("finance_charge", "an amount is negative"));
    }
    let items = sum(
        "itemization",
        currency,
        facts.itemization.iter().map(|line| line.amount),
    )?;
    if items != facts.amount_financed {
        return Err(problem("itemization", "does not add up to the amount financed"));
    }
    let prepaid = facts.prepaid_finance_charge.iter().map(|line| line.amount);
    if sum("prepaid_finance_charge", currency, prepaid)?.minor > facts.finance_charge.minor {
        return Err(problem("prepaid_finance_charge", "is more than the finance charge"));
    }
    if facts.apr.ppm() < 0 {
        return Err(problem("apr", "is negative"));
    }
    Ok(())
}

fn figures(facts: &RegZ) -> Block {
    let figure = |label: &str, note: &str, value: String, prominent| Figure {
        label: label.into(),
        note: note.into(),
        value,
        prominent,
    };
    let money = |amount: Money| US.money(amount);
    Block::Figures(vec![
        figure(
            "ANNUAL PERCENTAGE RATE",
            "The cost of your credit as a yearly rate.",
            percent(facts.apr),
            true,
        ),
        figure(
            "FINANCE CHARGE",
            "The dollar amount the credit will cost you.",
            money(facts.finance_charge),
            true,
        ),
        figure(
            "Amount Financed",
            "The amount of credit provided to you or on your behalf.",
            money(facts.amount_financed),
            false,
        ),
        figure(
            "Total of Payments",
            "The amount you will have paid after you have made all payments as scheduled.",
            money(facts.total_of_payments),
            false,
        ),
    ])
}

fn terms(facts: &RegZ) -> Vec<(String, Vec<String>)> {
    let mut terms = Vec::new();
    if let Some(rate) = &facts.variable {
        let text = format!(
            "{} An increase will take the form of higher payments.",
            variable(rate, US)
        );
        terms.push(term("Variable rate", text));
    }
    if facts.demand_feature {
        terms.push(term("Demand feature", "This obligation has a demand feature."));
    }
    terms.push(match &facts.security {
        Some(of) => term("Security", security(of, US)),
        None => term("Security", "You are giving no security interest."),
    });
    terms.push(term("Late charge", late(&facts.late, US)));
    let penalty = if facts.prepayment.charge == Rate::ZERO {
        "If you pay off early, you will not have to pay a penalty.".to_owned()
    } else {
        let charge = percent(facts.prepayment.charge);
        format!("If you pay off early, you may have to pay a penalty: {charge} of the principal paid early.")
    };
    let refund = if facts.prepayment.finance_charge_kept {
        "You will not be entitled to a refund of part of the finance charge."
    } else {
        "You may be entitled to a refund of part of the finance charge."
    };
    terms.push(("Prepayment".to_owned(), vec![penalty, refund.to_owned()]));
    terms
}

fn itemization_heading(facts: &RegZ) -> Block {
    let text = format!(
        "Itemization of the amount financed of {}",
        US.money(facts.amount_financed)
    );
    Block::Heading(2, text)
}

fn itemization(facts: &RegZ) -> Block {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in &facts.itemization {
        rows.push(vec![line.label.clone(), US.money(line.amount)]);
    }
    rows.push(vec!["Amount financed".into(), US.money(facts.amount_financed)]);
    if facts.prepaid_finance_charge.is_empty() {
        return itemized(rows, true);
    }
    for line in &facts.prepaid_finance_charge {
        let label = format!(
            "Prepaid finance charge: {} (not part of the amount financed)",
            line.label
        );
        rows.push(vec![label, US.money(line.amount)]);
    }
    itemized(rows, false)
}

fn itemized(rows: Vec<Vec<String>>, total: bool) -> Block {
    Block::Table(Table {
        columns: vec![Column::left("Item", 72), Column::right("Amount", 28)],
        rows,
        total,
    })
}
