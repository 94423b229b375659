//! What a refusal of the lender's means to us.

use domain::Reason;
use sdk::LenderError;
use sdk::normalise::{Document, Reader};

/// Bytes of a lender's sentence that are passed on.
const MAX_SENTENCE: usize = 200;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A decision about this borrower or this loan.
    Business(Reason),
    /// Anything else.
    Lender(LenderError),
}

impl From<LenderError> for Fault {
    fn from(error: LenderError) -> Self {
        Self::Lender(error)
    }
}

impl From<sdk::normalise::Refusal> for Fault {
    fn from(refusal: sdk::normalise::Refusal) -> Self {
        Self::Lender(refusal.into())
    }
}

impl Fault {
    /// Of an error object: `{type, code, message}`. The network's codes: 30016 signature, 30022 stale, 31001 broken inside, other 3xxxx a
    /// message that it does not like, 4xxxx and 5xxxx decisions of business and policy.
    pub(super) fn of(error: &Reader<'_>) -> Self {
        let text = |name: &str| -> String {
            let field = error.get(name).optional().ok().flatten();
            field
                .and_then(|field| field.text().ok().map(str::to_owned))
                .unwrap_or_default()
        };
        let (kind, code) = (text("type"), text("code"));
        let known: String = code.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        match code.as_str() {
            "30016" | "10001" => LenderError::Refused("it does not accept our signature".into()).into(),
            "30022" => LenderError::Refused("it takes our message for stale".into()).into(),
            "31001" | "31002" | "31003" => LenderError::Unavailable(format!("error {known}")).into(),
            _ if code.starts_with(['4', '5'])
                || matches!(kind.as_str(), "DOMAIN-ERROR" | "POLICY-ERROR" | "BUSINESS-ERROR") =>
            {
                let message: String = text("message")
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(MAX_SENTENCE)
                    .collect();
                let message = if message.is_empty() {
                    "This lender declined.".to_owned()
                } else {
                    message
                };
                let code = if known.is_empty() {
                    "LENDER_DECLINED".to_owned()
                } else {
                    format!("LENDER_{known}")
                };
                Self::Business(Reason::new(code, message))
            }
            _ => LenderError::Refused(format!("error {known}")).into(),
        }
    }

    /// For calls in which a decision about the loan is no answer.
    pub(super) fn into_error(self) -> LenderError {
        match self {
            Self::Lender(error) => error,
            Self::Business(reason) => LenderError::Refused(reason.code),
        }
    }
}

/// Reads the synchronous answer: `ACK` or `NACK`.
pub(super) fn acknowledged(status: u16, body: &[u8]) -> Result<(), Fault> {
    match status {
        429 => return Err(LenderError::RateLimited.into()),
        500.. => return Err(LenderError::Unavailable(format!("status {status}")).into()),
        300..400 => return Err(LenderError::Refused(format!("status {status}")).into()),
        _ => {}
    }
    let document = match Document::parse(body) {
        Ok(document) => document,
        Err(_) if status >= 400 => return Err(LenderError::Refused(format!("status {status}")).into()),
        Err(refusal) => return Err(refusal.into()),
    };
    let body = Reader::new(&document);
    if body.get("error").exists() {
        return Err(Fault::of(&body.get("error")));
    }
    if status >= 400 {
        return Err(LenderError::Refused(format!("status {status}")).into());
    }
    let ack = body.at("message.ack.status");
    let acknowledged = ack.field()?.one_of(&[("ACK", true), ("NACK", false)])?;
    if acknowledged {
        Ok(())
    } else {
        Err(LenderError::Refused("not acknowledged, without a reason".into()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Fault {
        let body = format!(
            r#"{{"message":{{"ack":{{"status":"NACK"}}}},"error":{{"type":"X","code":"{code}","message":"No."}}}}"#
        );
        acknowledged(200, body.as_bytes()).unwrap_err()
    }

    #[test]
    fn each_kind_of_refusal_has_its_consequence() {
        assert!(matches!(refused("30016"), Fault::Lender(LenderError::Refused(_))));
        assert!(matches!(refused("31001"), Fault::Lender(LenderError::Unavailable(_))));
        assert_eq!(refused("40000"), Fault::Business(Reason::new("LENDER_40000", "No.")));
        assert!(matches!(refused("30000"), Fault::Lender(LenderError::Refused(_))));
        let of = |status, body: &str| acknowledged(status, body.as_bytes()).unwrap_err();
        assert_eq!(of(429, ""), Fault::Lender(LenderError::RateLimited));
        assert!(matches!(of(503, ""), Fault::Lender(LenderError::Unavailable(_))));
        assert!(matches!(of(401, "<html>"), Fault::Lender(LenderError::Refused(_))));
        assert!(matches!(of(200, "{}"), Fault::Lender(LenderError::Malformed { .. })));
        assert!(matches!(
            of(200, "<html>"),
            Fault::Lender(LenderError::Malformed { .. })
        ));
        assert_eq!(acknowledged(200, br#"{"message":{"ack":{"status":"ACK"}}}"#), Ok(()));
    }
}
