//! Summary of a credit agreement for the borrower.

use domain::Rate;

use super::{amortization, installments, late, problem, required, schedule_sum, security, variable};
use crate::facts::{Agreement, Locale, Period, Unit};
use crate::format::{percent, period};
use crate::model::{Block, Column, Model, Paper, Table, plain, term};
use crate::render::{Kind, Problem};

/// The model of a summary.
pub(crate) fn model(facts: &Agreement) -> Result<Model, Problem> {
    check(facts)?;
    let locale = facts.locale;
    let mut blocks = vec![Block::Para(plain(
        "This summary repeats the main terms of your agreement in plain words. Where it and the agreement differ, the \
         agreement counts.",
    ))];
    blocks.push(Block::Heading(2, "The credit".into()));
    blocks.push(Block::Terms(credit(facts)));
    if !facts.fees.is_empty() {
        blocks.push(Block::Heading(2, "Fees".into()));
        let rows = facts.fees.iter();
        blocks.push(Block::Table(Table {
            columns: vec![Column::left("Fee", 70), Column::right("Amount", 30)],
            rows: rows
                .map(|line| vec![line.label.clone(), locale.money(line.amount)])
                .collect(),
            total: false,
        }));
    }
    blocks.push(Block::Heading(2, "Your rights and what happens if".into()));
    blocks.push(Block::Terms(rights(facts)));
    if let Some(chain) = &facts.onchain {
        blocks.push(Block::Heading(2, "Settlement on chain".into()));
        blocks.push(Block::Terms(vec![
            term("Chain", chain.chain_id.to_string()),
            term("Settlement contract", chain.contract.clone()),
            term("Order", chain.order_hash.clone()),
            term("Wallet that receives the money", chain.wallet.clone()),
        ]));
    }
    blocks.push(Block::Heading(2, "Repayment schedule".into()));
    blocks.push(amortization(&facts.schedule, facts.principal.currency, locale)?);
    Ok(Model {
        kind: Kind::Agreement,
        title: "Summary of Your Credit Agreement".into(),
        locale,
        paper: if locale == Locale::EnUs {
            Paper::Letter
        } else {
            Paper::A4
        },
        sender: facts.lender.clone(),
        recipient: facts.borrower.clone(),
        reference: facts.reference.clone(),
        date: facts.date,
        blocks,
    })
}

fn check(facts: &Agreement) -> Result<(), Problem> {
    required("reference", &facts.reference)?;
    required("governing_law", &facts.governing_law)?;
    super::party("lender", &facts.lender, false)?;
    super::party("borrower", &facts.borrower, false)?;
    schedule_sum(&facts.schedule, facts.principal.currency)?;
    let repaid = facts.schedule.iter().map(|row| row.principal);
    if super::sum("schedule", facts.principal.currency, repaid)? != facts.principal {
        return Err(problem("schedule", "does not pay back the principal"));
    }
    if facts.net_disbursed.currency != facts.principal.currency {
        return Err(problem("net_disbursed", "is in another currency"));
    }
    Ok(())
}

fn credit(facts: &Agreement) -> Vec<(String, Vec<String>)> {
    let locale = facts.locale;
    let mut terms = vec![
        term("Lender", facts.lender.name.clone()),
        term("Date of the agreement", locale.date(facts.date)),
        term("Amount borrowed", locale.money(facts.principal)),
        term("Amount that you receive", locale.money(facts.net_disbursed)),
        term("Interest rate", format!("{} a year", percent(facts.interest_rate))),
    ];
    if let Some(rate) = &facts.variable {
        terms.push(term("Changes of the rate", variable(rate, locale)));
    }
    terms.push(term("Annual percentage rate (APR)", percent(facts.apr)));
    terms.push(("Payments".to_owned(), installments(&facts.schedule, locale)));
    terms
}

fn rights(facts: &Agreement) -> Vec<(String, Vec<String>)> {
    let early = if facts.prepayment.charge == Rate::ZERO {
        "You may pay back early at any time without a charge.".to_owned()
    } else {
        format!(
            "You may pay back early. The charge is {} of the principal paid early.",
            percent(facts.prepayment.charge)
        )
    };
    let withdraw = if facts.cooling_off_days == 0 {
        "The agreement gives no time to withdraw.".to_owned()
    } else {
        format!(
            "You may withdraw within {}.",
            period(Period::new(facts.cooling_off_days, Unit::Day))
        )
    };
    vec![
        term("Withdrawing", withdraw),
        term("Paying early", early),
        term("Paying late", late(&facts.late, facts.locale)),
        match &facts.security {
            Some(of) => term("Security", security(of, facts.locale)),
            None => term("Security", "None."),
        },
        term("Law", facts.governing_law.clone()),
    ]
}
