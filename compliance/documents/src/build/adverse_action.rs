//! Notice of action taken and statement of reasons: 12 CFR 1002.9, words of form C-1 (Appendix C) and of 1002.9(b)(1);
//! FCRA section 615(a) and (b). With several creditors it is the joint notice of 1002.9(g).

use super::{party, problem, required};
use crate::facts::{ActionTaken, AdverseAction, CreditorAction, Locale, OutsideSources, Party};
use crate::model::{Block, Model, Paper, lead, plain, term};
use crate::render::{Kind, Problem};

const US: Locale = Locale::EnUs;

/// More than four reasons are not likely to help (official comment 9(b)(2)-1).
const MOST_REASONS: usize = 4;

/// FCRA section 609(f)(1)(C): four key factors, and the number of inquiries beside them.
const MOST_FACTORS: usize = 4;

/// The model of a notice.
pub(crate) fn model(facts: &AdverseAction) -> Result<Model, Problem> {
    check(facts)?;
    let joint = facts.creditors.len() > 1;
    let mut blocks = vec![
        Block::Para(plain(format!("Dear {},", facts.applicant.name))),
        Block::Para(plain(introduction(facts, joint))),
        Block::Terms(vec![
            term("Credit requested", facts.requested.clone()),
            term("Date of application", US.date(facts.applied_on)),
        ]),
    ];
    if joint {
        blocks.push(Block::Para(plain(
            "This is one notice for all of the creditors below. Each of them decided by itself and for its own reasons.",
        )));
    }
    for creditor in &facts.creditors {
        decision(creditor, &mut blocks);
    }
    rights(facts, &mut blocks);
    Ok(Model {
        kind: Kind::AdverseAction,
        title: "Notice of Action Taken and Statement of Reasons".into(),
        locale: US,
        paper: Paper::Letter,
        sender: facts.sender.clone(),
        recipient: facts.applicant.clone(),
        reference: facts.reference.clone(),
        date: facts.date,
        blocks,
    })
}

fn check(facts: &AdverseAction) -> Result<(), Problem> {
    required("reference", &facts.reference)?;
    required("requested", &facts.requested)?;
    party("sender", &facts.sender, true)?;
    party("applicant", &facts.applicant, false)?;
    if facts.creditors.is_empty() {
        return Err(problem("creditors", "is empty"));
    }
    if facts.applied_on > facts.date {
        return Err(problem("applied_on", "lies after the date of the notice"));
    }
    for creditor in &facts.creditors {
        party("creditors.creditor", &creditor.creditor, true)?;
        party("creditors.agency", &creditor.agency, true)?;
        if creditor.reasons.is_empty() || creditor.reasons.len() > MOST_REASONS {
            return Err(problem("creditors.reasons", "must be one to four"));
        }
        for reason in &creditor.reasons {
            required("creditors.reasons", &reason.text)?;
        }
        if let ActionTaken::Counteroffer { terms } = &creditor.action {
            required("creditors.action", terms)?;
        }
        if let Some(sources) = &creditor.sources {
            check_sources(sources)?;
        }
    }
    Ok(())
}

fn check_sources(sources: &OutsideSources) -> Result<(), Problem> {
    if sources.agencies.is_empty() && !sources.other_source {
        return Err(problem("creditors.sources", "names no source"));
    }
    for agency in &sources.agencies {
        party("creditors.sources.agencies", agency, true)?;
        if agency.phone.as_deref().unwrap_or_default().trim().is_empty() {
            return Err(problem("creditors.sources.agencies", "needs a telephone"));
        }
    }
    let Some((agency, score)) = &sources.score else {
        return Ok(());
    };
    if *agency >= sources.agencies.len() {
        return Err(problem("creditors.sources.score", "is of no agency in the list"));
    }
    if score.low > score.high || score.score < score.low || score.score > score.high {
        return Err(problem("creditors.sources.score", "lies outside its range"));
    }
    if score.factors.is_empty() || score.factors.len() > MOST_FACTORS {
        return Err(problem("creditors.sources.score", "needs one to four key factors"));
    }
    Ok(())
}

fn introduction(facts: &AdverseAction, joint: bool) -> String {
    let from_creditor = !joint && facts.creditors[0].creditor.name == facts.sender.name;
    if from_creditor {
        "Thank you for your application. Below is the action that we took on it, and why.".to_owned()
    } else {
        format!(
            "Thank you for your application. {} gives you this notice on behalf of the creditor{} named below, with the \
             action that each took on it, and why.",
            facts.sender.name,
            if joint { "s" } else { "" }
        )
    }
}

fn action(creditor: &CreditorAction) -> String {
    let name = &creditor.creditor.name;
    match &creditor.action {
        ActionTaken::Denied => format!("{name} is not able to offer you the credit that you asked for."),
        ActionTaken::Counteroffer { terms } => {
            format!("{name} is not able to offer you credit on the terms that you asked for. It offered: {terms}")
        }
        ActionTaken::Incomplete => format!("{name} took action on your application because it was incomplete."),
        ActionTaken::Terminated => format!("{name} ended your account or changed its terms."),
    }
}

fn address(party: &Party) -> Vec<String> {
    let contact = [&party.phone, &party.email, &party.web].into_iter().flatten();
    let lines = party.address.iter().chain(contact).cloned();
    std::iter::once(party.name.clone()).chain(lines).collect()
}

fn decision(creditor: &CreditorAction, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, creditor.creditor.name.clone()));
    blocks.push(Block::Terms(vec![
        term("Action taken", action(creditor)),
        ("Creditor".to_owned(), address(&creditor.creditor)),
    ]));
    blocks.push(Block::Heading(
        3,
        "Principal reasons for the action taken concerning credit".into(),
    ));
    blocks.push(Block::List(
        creditor.reasons.iter().map(|reason| reason.text.clone()).collect(),
    ));
    if let Some(sources) = &creditor.sources {
        self::sources(&creditor.creditor.name, sources, blocks);
    }
}

fn sources(creditor: &str, sources: &OutsideSources, blocks: &mut Vec<Block>) {
    let title = "Disclosure of use of information obtained from an outside source";
    blocks.push(Block::Heading(3, title.into()));
    if !sources.agencies.is_empty() {
        blocks.push(Block::Para(plain(format!(
            "The credit decision of {creditor} was based in whole or in part on information obtained in a report from the \
             consumer reporting agency or agencies listed below. You have a right under the Fair Credit Reporting Act to \
             know the information contained in your credit file at the consumer reporting agency. The reporting agency \
             played no part in the decision and is unable to supply specific reasons why credit was denied to you. You \
             also have a right to a free copy of your report from the reporting agency, if you request it no later than \
             60 days after you receive this notice. In addition, if you find that any information contained in the report \
             you receive is inaccurate or incomplete, you have the right to dispute the matter with the reporting agency."
        ))));
        let agencies = sources.agencies.iter();
        blocks.push(Block::Terms(
            agencies
                .map(|agency| ("Consumer reporting agency".to_owned(), address(agency)))
                .collect(),
        ));
    }
    if let Some((agency, used)) = &sources.score {
        let agency = &sources.agencies[*agency].name;
        blocks.push(Block::Para(plain(format!(
            "{creditor} also obtained your credit score from {agency} and used it in making the credit decision. Your \
             credit score is a number that reflects the information in your consumer report. Your credit score can \
             change, depending on how the information in your consumer report changes."
        ))));
        let mut factors = used.factors.clone();
        if used.inquiries_factor {
            factors.push("Number of recent inquiries on consumer report, as a key factor".into());
        }
        blocks.push(Block::Terms(vec![
            term("Your credit score", used.score.to_string()),
            term("Date", US.date(used.date)),
            term(
                "Scores range",
                format!("from a low of {} to a high of {}", used.low, used.high),
            ),
            (
                "Key factors that adversely affected your credit score".to_owned(),
                factors,
            ),
        ]));
    }
    if sources.other_source {
        blocks.push(Block::Para(plain(format!(
            "The credit decision of {creditor} was based in whole or in part on information obtained from an affiliate or \
             from an outside source other than a consumer reporting agency. Under the Fair Credit Reporting Act, you have \
             the right to make a written request, no later than 60 days after you receive this notice, for disclosure of \
             the nature of this information."
        ))));
    }
}

fn rights(facts: &AdverseAction, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, "Notice: Equal Credit Opportunity Act".into()));
    blocks.push(Block::Para(plain(
        "The Federal Equal Credit Opportunity Act prohibits creditors from discriminating against credit applicants on the \
         basis of race, color, religion, national origin, sex, marital status, age (provided the applicant has the \
         capacity to enter into a binding contract); because all or part of the applicant's income derives from any \
         public assistance program; or because the applicant has in good faith exercised any right under the Consumer \
         Credit Protection Act. The Federal agency that administers compliance with this law concerning each creditor is:",
    )));
    let agencies = facts.creditors.iter().map(|creditor| {
        let lines = address(&creditor.agency);
        (creditor.creditor.name.clone(), lines)
    });
    blocks.push(Block::Terms(agencies.collect()));
    let contact = [&facts.sender.phone, &facts.sender.email].into_iter().flatten();
    let ways: Vec<&str> = contact.map(String::as_str).collect();
    let how = if ways.is_empty() {
        String::new()
    } else {
        format!(": {}", ways.join(", "))
    };
    blocks.push(Block::Callout(lead(
        "Questions?",
        format!(
            "If you have any questions regarding this notice, please contact {}{how}.",
            facts.sender.name
        ),
    )));
}
