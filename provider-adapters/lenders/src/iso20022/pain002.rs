//! What the bank says of our transfers before it books them: `pain.002`.

use domain::Reason;

use super::xml::{Element, Read};

/// What a report says of one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Our end-to-end id.
    pub id: String,
    pub verdict: Verdict,
}

/// What it means for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// On its way, or done: only a booked entry is evidence.
    UnderWay,
    /// It will not be paid.
    Refused(Reason),
    /// Refused as a copy of one that the bank has: says nothing of the first.
    Copy(String),
}

/// Reads a report. Our messages have one transfer, so the most exact status that names it counts.
pub(super) fn read(body: &Element) -> Read<Vec<Report>> {
    let group = body.need("OrgnlGrpInfAndSts")?;
    let mut reports = Vec::new();
    for payment in body.all("OrgnlPmtInfAndSts") {
        let before = reports.len();
        for transfer in payment.all("TxInfAndSts") {
            let id = transfer.need("OrgnlEndToEndId")?.text();
            let own = verdict(transfer, "TxSts")?;
            let outer = || verdict(payment, "PmtInfSts");
            let whole = || verdict(group, "GrpSts");
            let verdict = own.map_or_else(|| Ok(outer()?.or(whole()?)), |own| Ok(Some(own)))?;
            push(&mut reports, id, verdict);
        }
        if reports.len() == before {
            let id = payment.need("OrgnlPmtInfId")?.text();
            let verdict = verdict(payment, "PmtInfSts")?.or(verdict(group, "GrpSts")?);
            push(&mut reports, id, verdict);
        }
    }
    if reports.is_empty() {
        let id = group.need("OrgnlMsgId")?.text();
        push(&mut reports, id, verdict(group, "GrpSts")?);
    }
    Ok(reports)
}

fn push(reports: &mut Vec<Report>, id: &str, verdict: Option<Verdict>) {
    if let Some(verdict) = verdict {
        reports.push(Report {
            id: id.to_owned(),
            verdict,
        });
    }
}

fn verdict(element: &Element, status: &str) -> Read<Option<Verdict>> {
    let Some(status) = element.one(status)? else {
        return Ok(None);
    };
    Ok(Some(match status.text() {
        "RJCT" | "CANC" => {
            let information = element.all("StsRsnInf").next();
            let code = information.map(|info| info.text_at("Rsn/Cd")).transpose()?.flatten();
            refusal(code.unwrap_or("NARR"))
        }
        "ACCP" | "ACTC" | "ACCC" | "ACSP" | "ACSC" | "ACWC" | "ACWP" | "ACFC" | "ACPD" | "RCVD" | "PDNG" | "PART" => {
            Verdict::UnderWay
        }
        _ => return Err(status.refuse("is not a status")),
    }))
}

/// By the external status reason codes of ISO 20022. Free text of the bank is not repeated.
fn refusal(code: &str) -> Verdict {
    let plain = code.len() <= 4 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let code = if plain { code } else { "NARR" };
    if matches!(code, "AM05" | "DUPL" | "DU01" | "DU02" | "DU03" | "DU04" | "DU05") {
        return Verdict::Copy(code.to_owned());
    }
    let text = match code {
        "AC01" | "AC02" | "AC03" => "The bank does not know the account.",
        "AC04" | "AC07" => "The account is closed.",
        "AC06" => "The account is blocked.",
        "AG01" => "The account may not be used for this.",
        "AM02" | "AM14" => "The amount is above what the bank may pay at once.",
        "AM04" => "The lender's account has not enough money.",
        "AM09" | "AM12" => "The amount is wrong.",
        "BE01" | "BE04" | "BE06" => "The name or address does not fit the account.",
        "RC01" | "RC03" | "RC04" => "The bank code is wrong.",
        "RR01" | "RR02" | "RR03" | "RR04" => "The bank lacks what the law asks for.",
        _ => "The bank refused the payment.",
    };
    Verdict::Refused(Reason::new(format!("BANK_{code}"), text))
}
