//! Standard European Consumer Credit Information: Annex II of Directive 2008/48/EC, or Annex I of Directive (EU) 2023/2225
//! with the key information on the first page (Article 10). The sentences are ours; the order and the items are the form's.

use domain::{Money, Rate};

use super::{amortization, installments, late, party, problem, required, schedule_sum, security, sum, variable};
use crate::facts::{Locale, Party, Period, Secci, SecciForm, Unit};
use crate::format::{percent, period};
use crate::model::{Block, Model, Paper, lead, plain, term};
use crate::render::{Kind, Problem};

const EU: Locale = Locale::EnIe;

type Terms = Vec<(String, Vec<String>)>;

/// The model of a form.
pub(crate) fn model(facts: &Secci) -> Result<Model, Problem> {
    check(facts)?;
    let mut blocks = Vec::new();
    match facts.form {
        SecciForm::Ccd2023 => ccd2023(facts, &mut blocks)?,
        SecciForm::Ccd2008 => ccd2008(facts, &mut blocks),
    }
    blocks.push(Block::Heading(2, "Repayment schedule".into()));
    blocks.push(amortization(&facts.schedule, facts.total_amount.currency, EU)?);
    Ok(Model {
        kind: Kind::Secci,
        title: "Standard European Consumer Credit Information".into(),
        locale: EU,
        paper: Paper::A4,
        sender: facts.creditor.clone(),
        recipient: facts.consumer.clone(),
        reference: facts.reference.clone(),
        date: facts.date,
        blocks,
    })
}

fn check(facts: &Secci) -> Result<(), Problem> {
    required("reference", &facts.reference)?;
    required("credit_type", &facts.credit_type)?;
    required("drawdown", &facts.drawdown)?;
    party("creditor", &facts.creditor, true)?;
    party("consumer", &facts.consumer, false)?;
    if let Some(intermediary) = &facts.intermediary {
        party("intermediary", intermediary, true)?;
    }
    let currency = facts.total_amount.currency;
    let scheduled = schedule_sum(&facts.schedule, currency)?;
    if facts.total_payable.currency != currency || facts.total_payable.minor < scheduled.minor {
        return Err(problem("total_payable", "is less than the payments of the schedule"));
    }
    if facts.total_payable.minor < facts.total_amount.minor || facts.total_amount.minor <= 0 {
        return Err(problem("total_amount", "is not positive, or more than what is payable"));
    }
    if facts.withdrawal_days < 14 {
        return Err(problem("withdrawal_days", "the law gives 14 calendar days"));
    }
    let goods = facts.linked.iter().map(|goods| goods.cash_price);
    let costs = facts.costs.iter().map(|line| line.amount).chain(facts.notarial_costs);
    sum("costs", currency, goods.chain(costs))?;
    if facts.aprc.ppm() < 0 {
        return Err(problem("aprc", "is negative"));
    }
    Ok(())
}

fn who(party: &Party) -> Vec<String> {
    let contact = [&party.phone, &party.email, &party.web].into_iter().flatten();
    std::iter::once(&party.name)
        .chain(&party.address)
        .chain(contact)
        .cloned()
        .collect()
}

fn rate(facts: &Secci) -> Vec<String> {
    match &facts.variable {
        None => vec![format!(
            "{} a year, fixed for the whole duration",
            percent(facts.borrowing_rate)
        )],
        Some(of) => vec![
            format!("{} a year, variable", percent(facts.borrowing_rate)),
            variable(of, EU),
        ],
    }
}

fn aprc(facts: &Secci) -> Vec<String> {
    vec![
        percent(facts.aprc),
        format!(
            "It is the total cost of the credit as a yearly percentage of the total amount of credit, to help you compare \
             offers. Here: {} of credit over {}, {} payable in all.",
            EU.money(facts.total_amount),
            period(facts.duration),
            EU.money(facts.total_payable)
        ),
    ]
}

fn withdrawal(facts: &Secci) -> String {
    format!(
        "Yes. You may withdraw from the credit agreement within {} calendar days.",
        facts.withdrawal_days
    )
}

fn early(facts: &Secci) -> String {
    let right =
        "Yes. You may repay early at any time, in full or in part, and the cost for the remaining time is taken off.";
    if facts.early_repayment_compensation == Rate::ZERO {
        format!("{right} The creditor asks for no compensation.")
    } else {
        format!(
            "{right} The creditor is entitled to a compensation of {} of the amount repaid early.",
            percent(facts.early_repayment_compensation)
        )
    }
}

fn linked(facts: &Secci, terms: &mut Terms) {
    if let Some(goods) = &facts.linked {
        let price = EU.money(goods.cash_price);
        terms.push((
            "Goods or services that the credit is for".to_owned(),
            vec![goods.description.clone(), format!("Cash price: {price}")],
        ));
    }
}

fn missing_payments() -> Block {
    Block::Callout(lead(
        "Warning.",
        "Missing payments could have severe consequences for you, such as a forced sale, and could make it harder to obtain \
         credit.",
    ))
}

fn ccd2023(facts: &Secci, blocks: &mut Vec<Block>) -> Result<(), Problem> {
    blocks.push(Block::Heading(2, "Key information".into()));
    let mut key: Terms = vec![("Creditor".to_owned(), who(&facts.creditor))];
    if let Some(intermediary) = &facts.intermediary {
        key.push(("Credit intermediary".to_owned(), who(intermediary)));
    }
    key.push(term("Total amount of credit", EU.money(facts.total_amount)));
    key.push(term("Duration of the credit agreement", period(facts.duration)));
    key.push(("Borrowing rate".to_owned(), rate(facts)));
    key.push(("Annual percentage rate of charge (APR)".to_owned(), aprc(facts)));
    key.push(term("Total amount you will have to pay", EU.money(facts.total_payable)));
    linked(facts, &mut key);
    key.push(term("Costs in the case of late payments", late(&facts.late, EU)));
    key.push(("Installments".to_owned(), installments(&facts.schedule, EU)));
    key.push(term("Right of withdrawal", withdrawal(facts)));
    key.push(term("Early repayment", early(facts)));
    if key.iter().map(|(_, lines)| lines.len()).sum::<usize>() > 40 {
        return Err(problem("schedule", "the key information does not fit its pages"));
    }
    blocks.push(Block::Terms(key));
    blocks.push(missing_payments());
    blocks.push(Block::PageBreak);
    blocks.push(Block::Heading(
        2,
        "1. Further information on the credit agreement".into(),
    ));
    let mut product = vec![
        term("Type of credit", facts.credit_type.clone()),
        term("Conditions of drawdown", facts.drawdown.clone()),
    ];
    product.push(match &facts.security {
        Some(of) => term("Security required", security(of, EU)),
        None => term("Security required", "None"),
    });
    blocks.push(Block::Terms(product));
    costs(facts, "2. Costs of the credit", blocks);
    rights(facts, "3. Other important legal aspects", blocks);
    distance(facts, "4. Distance marketing of financial services", blocks);
    Ok(())
}

fn ccd2008(facts: &Secci, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(
        2,
        "1. Identity and contact details of the creditor and the credit intermediary".into(),
    ));
    let mut parties: Terms = vec![("Creditor".to_owned(), who(&facts.creditor))];
    if let Some(intermediary) = &facts.intermediary {
        parties.push(("Credit intermediary".to_owned(), who(intermediary)));
    }
    blocks.push(Block::Terms(parties));
    blocks.push(Block::Heading(2, "2. Main features of the credit product".into()));
    let mut product = vec![
        term("Type of credit", facts.credit_type.clone()),
        term("Total amount of credit", EU.money(facts.total_amount)),
        term("Conditions of drawdown", facts.drawdown.clone()),
        term("Duration of the credit agreement", period(facts.duration)),
        ("Installments".to_owned(), installments(&facts.schedule, EU)),
        term("Total amount you will have to pay", EU.money(facts.total_payable)),
    ];
    linked(facts, &mut product);
    if let Some(of) = &facts.security {
        product.push(term("Security required", security(of, EU)));
    }
    blocks.push(Block::Terms(product));
    blocks.push(Block::Heading(2, "3. Costs of the credit".into()));
    blocks.push(Block::Terms(vec![
        ("Borrowing rate".to_owned(), rate(facts)),
        ("Annual percentage rate of charge (APR)".to_owned(), aprc(facts)),
    ]));
    costs(facts, "Related costs", blocks);
    blocks.push(Block::Terms(vec![term(
        "Costs in the case of late payments",
        late(&facts.late, EU),
    )]));
    blocks.push(missing_payments());
    rights(facts, "4. Other important legal aspects", blocks);
    distance(facts, "5. Distance marketing of financial services", blocks);
}

fn costs(facts: &Secci, heading: &str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, heading.to_owned()));
    let service = facts.compulsory_service.clone();
    let mut terms = vec![term(
        "Insurance or another service that you must take",
        service.unwrap_or_else(|| "None".into()),
    )];
    let zero = |amount: &Money| amount.is_zero();
    let lines: Vec<String> = facts
        .costs
        .iter()
        .filter(|line| !zero(&line.amount))
        .map(|line| format!("{}: {}", line.label, EU.money(line.amount)))
        .collect();
    let none = vec!["None".to_owned()];
    terms.push((
        "Other costs of the credit agreement".to_owned(),
        if lines.is_empty() { none } else { lines },
    ));
    if let Some(when) = &facts.costs_may_change {
        terms.push(term("When these costs can change", when.clone()));
    }
    if let Some(notary) = facts.notarial_costs {
        terms.push(term("Notarial costs", EU.money(notary)));
    }
    blocks.push(Block::Terms(terms));
}

fn rights(facts: &Secci, heading: &str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, heading.to_owned()));
    let mut terms = Vec::new();
    if facts.form == SecciForm::Ccd2008 {
        terms.push(term("Right of withdrawal", withdrawal(facts)));
        terms.push(term("Early repayment", early(facts)));
    }
    terms.push(term(
        "Consultation of a database",
        "If your application is refused after a database was consulted, the creditor must tell you at once and free of \
         charge the result and the database, unless the law forbids it.",
    ));
    terms.push(term(
        "Right to a draft credit agreement",
        "On request you receive a copy of the draft agreement free of charge, unless the creditor is at that time \
         unwilling to enter into the agreement with you.",
    ));
    if let Some(day) = facts.valid_until {
        let text = format!("The creditor is bound by this information until {}.", EU.date(day));
        terms.push(term("Validity", text));
    }
    if facts.personalised_price {
        terms.push(term(
            "Personalised price",
            "This offer was personalised on the basis of automated processing of personal data.",
        ));
    }
    blocks.push(Block::Terms(terms));
    if facts.form == SecciForm::Ccd2023 {
        blocks.push(Block::Para(plain(
            "Where the assessment of your creditworthiness uses automated processing, you may ask for a person to review \
             it, for an explanation of it, and express your view.",
        )));
    }
}

fn distance(facts: &Secci, heading: &str, blocks: &mut Vec<Block>) {
    let Some(of) = &facts.distance else {
        return;
    };
    blocks.push(Block::Heading(2, heading.to_owned()));
    let days = period(Period::new(facts.withdrawal_days, Unit::Day));
    let how = format!(
        "Tell the creditor within {days} of the agreement, on paper or another durable medium. Then repay the capital and \
         the interest of the days until then within 30 days."
    );
    blocks.push(Block::Terms(vec![
        term("Registration", of.registration.clone()),
        term("Supervisory authority", of.supervisor.clone()),
        term("How to withdraw", how),
        term("Law and competent court", of.law_and_court.clone()),
        term("Language", of.language.clone()),
        term("Complaint and redress out of court", of.redress.clone()),
    ]));
}
