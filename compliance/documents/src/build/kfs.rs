//! Key facts statement of India, RBI/2024-25/18: Annex A (parts 1 and 2), Annex B (computation of the APR), Annex C
//! (repayment schedule).

use domain::{Money, Rate};

use super::{amortization, capital, late, party, problem, required, schedule_sum, stretches, sum};
use crate::facts::{ChargePayee, Kfs, KfsCharge, Locale, Period, Unit, VariableRate};
use crate::format::{every, percent, period};
use crate::model::{Block, Column, Model, Paper, Table, lead, term};
use crate::render::{Kind, Problem};

const IN: Locale = Locale::EnIn;

type Terms = Vec<(String, Vec<String>)>;

/// The model of a statement.
pub(crate) fn model(facts: &Kfs) -> Result<Model, Problem> {
    check(facts)?;
    let mut blocks = vec![Block::Heading(
        2,
        "Annex A, Part 1: Interest rate and fees/charges".into(),
    )];
    part_one(facts, &mut blocks)?;
    blocks.push(Block::Heading(
        2,
        "Annex A, Part 2: Other qualitative information".into(),
    ));
    blocks.push(Block::Terms(part_two(facts)));
    let days = period(Period::new(facts.valid_working_days, Unit::Day)).replace("day", "working day");
    let validity = format!("You may agree to these terms within {days}; the lender is bound by them until then.");
    blocks.push(Block::Callout(lead("Validity.", validity)));
    blocks.push(Block::PageBreak);
    blocks.push(Block::Heading(
        2,
        "Annex B: Computation of the annual percentage rate".into(),
    ));
    blocks.push(annex_b(facts)?);
    blocks.push(Block::Small(
        "The APR is the monthly internal rate of return of the payments on the net disbursed amount, times twelve."
            .into(),
    ));
    blocks.push(Block::Heading(2, "Annex C: Repayment schedule".into()));
    blocks.push(amortization(&facts.schedule, facts.sanctioned.currency, IN)?);
    Ok(Model {
        kind: Kind::Kfs,
        title: "Key Facts Statement".into(),
        locale: IN,
        paper: Paper::A4,
        sender: facts.lender.clone(),
        recipient: facts.borrower.clone(),
        reference: facts.proposal.clone(),
        date: facts.date,
        blocks,
    })
}

fn check(facts: &Kfs) -> Result<(), Problem> {
    required("proposal", &facts.proposal)?;
    required("loan_type", &facts.loan_type)?;
    party("lender", &facts.lender, false)?;
    party("borrower", &facts.borrower, false)?;
    for (field, text) in [
        ("qualitative.recovery_clause", &facts.qualitative.recovery_clause),
        ("qualitative.grievance_clause", &facts.qualitative.grievance_clause),
        ("qualitative.nodal_phone", &facts.qualitative.nodal_phone),
        ("qualitative.nodal_email", &facts.qualitative.nodal_email),
    ] {
        required(field, text)?;
    }
    let currency = facts.sanctioned.currency;
    schedule_sum(&facts.schedule, currency)?;
    let repaid = sum("schedule", currency, facts.schedule.iter().map(|row| row.principal))?;
    if repaid != facts.sanctioned {
        return Err(problem("schedule", "does not pay back the sanctioned amount"));
    }
    let once = facts.charges.iter().filter(|charge| charge.recurring.is_none());
    let charges = sum("charges", currency, once.map(|charge| charge.amount))?;
    if sum("net_disbursed", currency, [facts.net_disbursed, charges])? != facts.sanctioned {
        return Err(problem(
            "net_disbursed",
            "is not the sanctioned amount less the charges that are paid once",
        ));
    }
    if facts.disbursed_on > facts.schedule[0].due {
        return Err(problem("disbursed_on", "lies after the first installment"));
    }
    if facts.valid_working_days == 0 {
        return Err(problem("valid_working_days", "must be one or more"));
    }
    Ok(())
}

fn kind(facts: &Kfs) -> &'static str {
    if facts.floating.is_some() { "Floating" } else { "Fixed" }
}

/// Regular installment, its number and its interval.
fn installment(facts: &Kfs) -> (String, usize, Money) {
    let all = stretches(&facts.schedule);
    let Some(longest) = all.iter().max_by_key(|stretch| stretch.count) else {
        return (String::new(), 0, facts.sanctioned);
    };
    let text = longest.interval.map_or_else(
        || "Single or irregular".to_owned(),
        |interval| capital(&every(interval)),
    );
    (text, facts.schedule.len(), longest.amount)
}

fn part_one(facts: &Kfs, blocks: &mut Vec<Block>) -> Result<(), Problem> {
    let disbursal = match &facts.staged_disbursal_clause {
        None => vec!["100% upfront".to_owned()],
        Some(clause) => vec!["In stages".to_owned(), format!("Clause of the agreement: {clause}")],
    };
    let mut first: Terms = vec![term("1. Loan proposal/account no.", facts.proposal.clone())];
    first.push(term("Type of loan", facts.loan_type.clone()));
    if let Some(provider) = &facts.service_provider {
        first.push(term("Lending service provider", provider.name.clone()));
    }
    first.push(term("2. Sanctioned loan amount", IN.money(facts.sanctioned)));
    first.push(("3. Disbursal schedule".to_owned(), disbursal));
    first.push(term("4. Loan term", period(facts.term)));
    blocks.push(Block::Terms(first));
    blocks.push(Block::Heading(3, "5. Installment details".into()));
    let (interval, count, amount) = installment(facts);
    let days = (facts.schedule[0].due - facts.disbursed_on).num_days();
    blocks.push(Block::Table(Table {
        columns: vec![
            Column::left("Type of installments", 26),
            Column::right("Number of EPIs", 18),
            Column::right("EPI", 22),
            Column::left("Commencement of repayment, post sanction", 34),
        ],
        rows: vec![vec![
            interval,
            count.to_string(),
            IN.money(amount),
            format!("{} ({days} days after disbursal)", IN.date(facts.schedule[0].due)),
        ]],
        total: false,
    }));
    let rate = format!(
        "{} a year, {}",
        percent(facts.interest_rate),
        kind(facts).to_lowercase()
    );
    blocks.push(Block::Terms(vec![term("6. Interest rate and type", rate)]));
    if let Some(floating) = &facts.floating {
        blocks.push(Block::Heading(
            3,
            "7. Additional information in case of floating rate of interest".into(),
        ));
        blocks.push(floating_table(floating)?);
    }
    blocks.push(Block::Heading(3, "8. Fees and charges".into()));
    blocks.push(charges(facts));
    blocks.push(Block::Callout(lead(
        "9. Annual percentage rate (APR):",
        percent(facts.apr),
    )));
    blocks.push(Block::Heading(3, "10. Details of contingent charges".into()));
    blocks.push(Block::Terms(contingent(facts)));
    Ok(())
}

fn floating_table(rate: &VariableRate) -> Result<Block, Problem> {
    let last = rate
        .index_rate
        .plus(rate.spread)
        .map_err(|_| problem("floating", "the rate is out of range"))?;
    let effect = rate.plus_25bp.as_ref();
    let row = vec![
        rate.index.clone(),
        percent(rate.index_rate),
        percent(rate.spread),
        percent(last),
        every(rate.reset_every),
        effect.map_or_else(|| "not stated".into(), |effect| IN.money(effect.installment)),
        effect.map_or_else(|| "not stated".into(), |effect| effect.installments.to_string()),
    ];
    Ok(Block::Table(Table {
        columns: vec![
            Column::left("Reference benchmark", 18),
            Column::right("Benchmark rate (B)", 14),
            Column::right("Spread (S)", 11),
            Column::right("Final rate R = B + S", 13),
            Column::left("Reset periodicity", 14),
            Column::right("EPI if R rises by 0.25", 16),
            Column::right("EPIs if R rises by 0.25", 14),
        ],
        rows: vec![row],
        total: false,
    }))
}

fn charges(facts: &Kfs) -> Block {
    let often = |charge: &KfsCharge| match charge.recurring {
        None => "One-time".to_owned(),
        Some(interval) => format!("Recurring, {}", every(interval)),
    };
    let rows = facts.charges.iter().map(|charge| {
        let amount = IN.money(charge.amount);
        let (a, b) = match charge.payee {
            ChargePayee::Lender => (amount, String::new()),
            ChargePayee::ThirdParty => (String::new(), amount),
        };
        vec![charge.label.clone(), often(charge), a, b]
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        rows.push(vec!["None".into(), String::new(), String::new(), String::new()]);
    }
    Block::Table(Table {
        columns: vec![
            Column::left("Charge", 34),
            Column::left("One-time or recurring", 22),
            Column::right("Payable to the lender (A)", 22),
            Column::right("Payable to a third party through the lender (B)", 26),
        ],
        rows,
        total: false,
    })
}

fn contingent(facts: &Kfs) -> Terms {
    let of = &facts.contingent;
    let none = || "None".to_owned();
    let foreclosure = if of.foreclosure == Rate::ZERO {
        none()
    } else {
        format!("{} of the principal repaid early", percent(of.foreclosure))
    };
    vec![
        term("(i) Penal charges in case of delayed payment", late(&of.late, IN)),
        term("(ii) Other penal charges", of.other_penal.clone().unwrap_or_else(none)),
        term("(iii) Foreclosure charges", foreclosure),
        term(
            "(iv) Charges for switching between floating and fixed rate",
            of.switching.map_or_else(none, |amount| IN.money(amount)),
        ),
        term("(v) Any other charges", of.other.clone().unwrap_or_else(none)),
    ]
}

fn part_two(facts: &Kfs) -> Terms {
    let of = &facts.qualitative;
    let mut terms = vec![
        term(
            "1. Clause of the loan agreement on recovery agents",
            of.recovery_clause.clone(),
        ),
        term(
            "2. Clause of the loan agreement on grievance redressal",
            of.grievance_clause.clone(),
        ),
        (
            "3. Nodal grievance redressal officer".to_owned(),
            vec![of.nodal_phone.clone(), of.nodal_email.clone()],
        ),
        term(
            "4. Loan may be transferred to others or securitised",
            if of.transferable { "Yes" } else { "No" },
        ),
    ];
    if let Some(joint) = &of.co_lending {
        terms.push((
            "5. Collaborative lending".to_owned(),
            vec![
                format!(
                    "Originating entity: {} ({})",
                    joint.originator,
                    percent(joint.originator_share)
                ),
                format!("Partner entity: {} ({})", joint.partner, percent(joint.partner_share)),
                format!("Blended rate of interest: {} a year", percent(joint.blended_rate)),
            ],
        ));
    }
    let cooling = format!(
        "Within {} you may give the loan back without a penalty on prepayment.",
        period(Period::new(of.cooling_off_days, Unit::Day))
    );
    terms.push(term("6(i). Cooling-off period of a digital loan", cooling));
    terms.push(term(
        "6(ii). Service provider acting as recovery agent",
        of.recovery_agent.clone().unwrap_or_else(|| "None".into()),
    ));
    terms
}

fn annex_b(facts: &Kfs) -> Result<Block, Problem> {
    let currency = facts.sanctioned.currency;
    let interest = sum("schedule", currency, facts.schedule.iter().map(|row| row.interest))?;
    let paid = sum("schedule", currency, facts.schedule.iter().map(|row| row.total))?;
    let by = |payee: ChargePayee| {
        let of = facts
            .charges
            .iter()
            .filter(move |charge| charge.payee == payee && charge.recurring.is_none());
        sum("charges", currency, of.map(|charge| charge.amount))
    };
    let (lender, third) = (by(ChargePayee::Lender)?, by(ChargePayee::ThirdParty)?);
    let (interval, count, amount) = installment(facts);
    let last = facts.schedule.last().map_or(facts.disbursed_on, |row| row.due);
    let row = |number: &str, what: &str, value: String| vec![number.to_owned(), what.to_owned(), value];
    let rows = vec![
        row("1", "Sanctioned loan amount", IN.money(facts.sanctioned)),
        row("2", "Loan term", period(facts.term)),
        row("2(b)", "Type of installments", interval),
        row("", "Amount of each EPI", IN.money(amount)),
        row("", "Number of EPIs", count.to_string()),
        row("2(d)", "Commencement of repayments", IN.date(facts.schedule[0].due)),
        row("3", "Interest rate type", kind(facts).to_owned()),
        row("4", "Rate of interest", percent(facts.interest_rate)),
        row("5", "Total interest over the entire tenor", IN.money(interest)),
        row(
            "6",
            "Fees and charges payable",
            IN.money(sum("charges", currency, [lender, third])?),
        ),
        row("A", "Payable to the lender", IN.money(lender)),
        row(
            "B",
            "Payable to a third party routed through the lender",
            IN.money(third),
        ),
        row("7", "Net disbursed amount (1 less 6)", IN.money(facts.net_disbursed)),
        row("8", "Total amount to be paid by the borrower", IN.money(paid)),
        row("9", "Annual percentage rate", percent(facts.apr)),
        row("10", "Disbursement", IN.date(facts.disbursed_on)),
        row("11", "Due date of the last installment", IN.date(last)),
    ];
    Ok(Block::Table(Table {
        columns: vec![
            Column::left("No.", 10),
            Column::left("Parameter", 55),
            Column::right("Details", 35),
        ],
        rows,
        total: false,
    }))
}
