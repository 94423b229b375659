//! Bank accounts.

use serde::{Deserialize, Serialize};

use super::reference::remainder;
use super::xml::escaped;

/// An account at a bank: an IBAN, or a number with the bank's code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose it is, 1 to 70 characters that every bank can write.
    pub name: String,
    /// International account number.
    #[serde(default)]
    pub iban: Option<String>,
    /// Any other account number, 1 to 34 letters and digits.
    #[serde(default)]
    pub number: Option<String>,
    /// BIC of the bank, 8 or 11 characters.
    #[serde(default)]
    pub bic: Option<String>,
    /// Routing number of a bank of the United States, 9 digits.
    #[serde(default)]
    pub routing: Option<String>,
}

/// The holder is personal data.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

impl Account {
    /// The field that is wrong, and how: check digits included.
    pub fn complaint(&self) -> Option<(&'static str, &'static str)> {
        let plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/-?:().,'+ ".contains(&b))
        };
        let code = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let name = (1..=70).contains(&self.name.len()) && plain(&self.name) && self.name.trim() == self.name;
        let rules = [
            (name, "name", "1 to 70 characters of the Latin set of payments"),
            (
                self.iban.is_some() != self.number.is_some(),
                "iban",
                "expected either `iban` or `number`",
            ),
            (self.iban.as_deref().is_none_or(is_iban), "iban", "is not an IBAN"),
            (
                self.number.as_deref().is_none_or(|text| text.len() <= 34 && code(text)),
                "number",
                "1 to 34 letters, upper case, and digits",
            ),
            (
                self.bic
                    .as_deref()
                    .is_none_or(|text| code(text) && [8, 11].contains(&text.len())),
                "bic",
                "8 or 11 letters, upper case, and digits",
            ),
            (
                self.routing.as_deref().is_none_or(is_routing),
                "routing",
                "is not a routing number",
            ),
            (
                self.number.is_none() || self.bic.is_some() != self.routing.is_some(),
                "number",
                "needs either `bic` or `routing`",
            ),
        ];
        rules
            .into_iter()
            .find(|(holds, ..)| !holds)
            .map(|(_, field, detail)| (field, detail))
    }

    /// The number by which a statement names it.
    pub(super) fn id(&self) -> &str {
        self.iban.as_deref().or(self.number.as_deref()).unwrap_or_default()
    }

    /// `Id` of `CashAccount`.
    pub(super) fn id_xml(&self) -> String {
        match &self.iban {
            Some(iban) => format!("<Id><IBAN>{}</IBAN></Id>", escaped(iban)),
            None => format!("<Id><Othr><Id>{}</Id></Othr></Id>", escaped(self.id())),
        }
    }

    /// `FinInstnId` of the bank.
    pub(super) fn agent_xml(&self) -> String {
        let inner = match (&self.bic, &self.routing) {
            (Some(bic), _) => format!("<BICFI>{}</BICFI>", escaped(bic)),
            (None, Some(routing)) => format!(
                "<ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>{}</MmbId></ClrSysMmbId>",
                escaped(routing)
            ),
            (None, None) => "<Othr><Id>NOTPROVIDED</Id></Othr>".to_owned(),
        };
        format!("<FinInstnId>{inner}</FinInstnId>")
    }

    /// `Nm` of the holder.
    pub(super) fn name_xml(&self) -> String {
        format!("<Nm>{}</Nm>", escaped(&self.name))
    }
}

fn is_iban(text: &str) -> bool {
    let shaped = (15..=34).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && text[..2].bytes().all(|b| b.is_ascii_uppercase());
    shaped && remainder(&format!("{}{}", &text[4..], &text[..4])) == Some(1)
}

/// Nine digits whose weighted sum is a multiple of ten.
fn is_routing(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let weighted: u32 = digits
        .iter()
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(d, w)| d * w)
        .sum();
    text.len() == 9 && digits.len() == 9 && weighted > 0 && weighted.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_are_checked_by_their_check_digits() {
        assert!(is_iban("DE89370400440532013000") && is_iban("GB29NWBK60161331926819"));
        assert!(
            !is_iban("DE88370400440532013000")
                && !is_iban("DE89 3704 0044 0532 0130 00")
                && !is_iban("89DE370400440532")
        );
        assert!(
            is_routing("021000021") && !is_routing("021000022") && !is_routing("02100002") && !is_routing("000000000")
        );
    }

    #[test]
    fn a_complaint_names_the_field() {
        let good = Account {
            name: "Usance client money".into(),
            iban: None,
            number: Some("100200300".into()),
            bic: None,
            routing: Some("021000021".into()),
        };
        assert_eq!(good.complaint(), None);
        let field = |account: Account| account.complaint().map(|(field, _)| field);
        assert_eq!(
            field(Account {
                name: "Zoë".into(),
                ..good.clone()
            }),
            Some("name")
        );
        assert_eq!(
            field(Account {
                number: None,
                ..good.clone()
            }),
            Some("iban")
        );
        assert_eq!(
            field(Account {
                routing: Some("021000022".into()),
                ..good.clone()
            }),
            Some("routing")
        );
        assert_eq!(
            field(Account {
                routing: None,
                ..good.clone()
            }),
            Some("number")
        );
        assert_eq!(
            field(Account {
                bic: Some("SHORT".into()),
                ..good
            }),
            Some("bic")
        );
    }
}
