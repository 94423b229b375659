//! The facts as elements of the schema, in its order.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::{Address, Amount, Filing, Institution, NARRATIVE_PART, Name, Sar, Subject, Transmitter};
use crate::text::xml;

/// The file.
pub(super) fn batch(sar: &Sar) -> String {
    Writer::default().batch(sar)
}

/// Writes elements with sequence numbers that are unique in the file.
#[derive(Default)]
struct Writer {
    out: String,
    numbers: u32,
    depth: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(self.depth));
    }

    fn element(&mut self, name: &str, value: &str) {
        self.line(&format!("<fc2:{name}>{}</fc2:{name}>", xml(value)));
    }

    fn optional(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.element(name, value);
        }
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.element(name, "Y");
        }
    }

    fn group(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.numbers += 1;
        let number = self.numbers;
        self.line(&format!("<fc2:{name} SeqNum=\"{number}\">"));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(&format!("</fc2:{name}>"));
    }

    fn batch(mut self, sar: &Sar) -> String {
        let amount = whole_dollars_up(&sar.amount);
        let subjects = sar.subjects.len().max(1);
        self.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        self.line(&format!(
            "<fc2:EFilingBatchXML TotalAmount=\"{}\" PartyCount=\"{subjects}\" ActivityCount=\"1\" \
             ActivityAttachmentCount=\"0\" AttachmentCount=\"0\" xmlns:fc2=\"www.fincen.gov/base\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"www.fincen.gov/base https://www.fincen.gov/base/EFL_SARXBatchSchema.xsd\">",
            amount.unwrap_or(0)
        ));
        self.depth = 1;
        self.element("FormTypeCode", "SARX");
        self.group("Activity", |w| w.activity(sar));
        self.depth = 0;
        self.line("</fc2:EFilingBatchXML>");
        self.out
    }

    fn activity(&mut self, sar: &Sar) {
        if let Filing::Correction(prior) | Filing::Continuing(prior) = &sar.filing {
            self.element("EFilingPriorDocumentNumber", prior);
        }
        self.element("FilingDateText", &day(sar.filed_on));
        self.group("ActivityAssociation", |w| {
            w.flag(
                "ContinuingActivityReportIndicator",
                matches!(sar.filing, Filing::Continuing(_)),
            );
            w.flag(
                "CorrectsAmendsPriorReportIndicator",
                matches!(sar.filing, Filing::Correction(_)),
            );
            w.flag("InitialReportIndicator", sar.filing == Filing::Initial);
            w.flag("JointReportIndicator", sar.joint);
        });
        self.transmitter(&sar.transmitter);
        self.institution("30", &sar.filer);
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "8");
            w.full_name("L", &sar.contact_office);
            w.phone(&sar.contact_phone);
        });
        for one in &sar.institutions {
            self.institution("34", one);
        }
        for one in &sar.subjects {
            self.subject(one);
        }
        if sar.subjects.is_empty() {
            self.group("Party", |w| {
                w.element("ActivityPartyTypeCode", "33");
                w.flag("AllCriticalSubjectInformationUnavailableIndicator", true);
            });
        }
        self.suspicious(sar);
        let letters: Vec<char> = sar.narrative.chars().collect();
        for (number, part) in (1..).zip(letters.chunks(NARRATIVE_PART)) {
            // A part must not begin or end with a blank either; the blank between two parts is left out.
            let part: String = part.iter().collect();
            self.group("ActivityNarrativeInformation", |w| {
                w.element("ActivityNarrativeSequenceNumber", &format!("{number}"));
                w.element("ActivityNarrativeText", part.trim());
            });
        }
    }

    fn transmitter(&mut self, of: &Transmitter) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "35");
            w.full_name("L", &of.name);
            w.address(&of.address);
            w.phone(&of.phone);
            w.identification("28", &of.control_code, None);
            w.identification("4", &of.tin, None);
        });
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "37");
            w.full_name("L", &of.contact);
        });
    }

    fn institution(&mut self, code: &str, of: &Institution) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", code);
            w.element("PrimaryRegulatorTypeCode", &of.regulator);
            w.full_name("L", &of.legal_name);
            if let Some(name) = &of.trade_name {
                w.full_name("DBA", name);
            }
            w.address(&of.address);
            w.identification(&of.tin_type, &of.tin, None);
            for kind in &of.organization_types {
                w.group("OrganizationClassificationTypeSubtype", |w| {
                    w.element("OrganizationTypeID", kind);
                });
            }
        });
    }

    fn subject(&mut self, of: &Subject) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "33");
            w.flag("BirthDateUnknownIndicator", !of.entity && of.born_on.is_none());
            if let Some(born) = of.born_on {
                w.element("IndividualBirthDateText", &day(born));
            }
            w.flag("PartyAsEntityOrganizationIndicator", of.entity);
            w.flag("UnknownGenderIndicator", !of.entity);
            for (at, name) in of.names.iter().enumerate() {
                w.group("PartyName", |w| w.name(of.entity, at == 0, name));
            }
            for one in &of.addresses {
                w.address(one);
            }
            for one in &of.identifications {
                w.identification(&one.kind, &one.number, one.country.as_ref());
            }
            if of.identifications.is_empty() {
                w.group("PartyIdentification", |w| w.flag("TINUnknownIndicator", true));
            }
            if let Some(tin) = &of.borrower_of {
                w.group("PartyAssociation", |w| {
                    w.flag("BorrowerIndicator", true);
                    w.element("SubjectRelationshipFinancialInstitutionTINText", tin);
                });
            }
        });
    }

    fn name(&mut self, entity: bool, legal: bool, name: &Name) {
        self.flag("EntityLastNameUnknownIndicator", legal && name.last.is_none());
        self.flag("FirstNameUnknownIndicator", legal && !entity && name.first.is_none());
        self.element("PartyNameTypeCode", if legal { "L" } else { "AKA" });
        self.optional("RawEntityIndividualLastName", name.last.as_ref());
        self.optional("RawIndividualFirstName", name.first.as_ref());
        self.optional("RawIndividualMiddleName", name.middle.as_ref());
    }

    fn full_name(&mut self, code: &str, name: &str) {
        self.group("PartyName", |w| {
            w.element("PartyNameTypeCode", code);
            w.element("RawPartyFullName", name);
        });
    }

    fn address(&mut self, of: &Address) {
        self.group("Address", |w| {
            w.flag("CityUnknownIndicator", of.city.is_none());
            w.flag("CountryCodeUnknownIndicator", of.country.is_none());
            w.optional("RawCityText", of.city.as_ref());
            w.optional("RawCountryCodeText", of.country.as_ref());
            w.optional("RawStateCodeText", of.state.as_ref());
            w.optional("RawStreetAddress1Text", of.street.as_ref());
            w.optional("RawZIPCode", of.zip.as_ref());
            w.flag("StateCodeUnknownIndicator", of.state.is_none());
            w.flag("StreetAddressUnknownIndicator", of.street.is_none());
            w.flag("ZIPCodeUnknownIndicator", of.zip.is_none());
        });
    }

    fn phone(&mut self, number: &str) {
        self.group("PhoneNumber", |w| w.element("PhoneNumberText", number));
    }

    fn identification(&mut self, kind: &str, number: &str, country: Option<&String>) {
        self.group("PartyIdentification", |w| {
            w.optional("OtherIssuerCountryText", country);
            w.element("PartyIdentificationNumberText", number);
            w.element("PartyIdentificationTypeCode", kind);
        });
    }

    fn suspicious(&mut self, sar: &Sar) {
        self.group("SuspiciousActivity", |w| {
            w.flag("AmountUnknownIndicator", sar.amount == Amount::Unknown);
            w.flag("NoAmountInvolvedIndicator", sar.amount == Amount::None);
            w.element("SuspiciousActivityFromDateText", &day(sar.from));
            w.element("SuspiciousActivityToDateText", &day(sar.to));
            if let Some(amount) = whole_dollars_up(&sar.amount) {
                w.element("TotalSuspiciousAmountText", &amount.to_string());
            }
            for one in &sar.classifications {
                w.group("SuspiciousActivityClassification", |w| {
                    w.optional("OtherSuspiciousActivityTypeText", one.other.as_ref());
                    w.element("SuspiciousActivitySubtypeID", &one.subtype_id.to_string());
                    w.element("SuspiciousActivityTypeID", &one.type_id.to_string());
                });
            }
        });
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}

/// Whole dollars; cents are rounded up.
fn whole_dollars_up(amount: &Amount) -> Option<i64> {
    match amount {
        Amount::Known(amount) => Some(amount.minor.div_euclid(100) + i64::from(amount.minor.rem_euclid(100) > 0)),
        Amount::Unknown | Amount::None => None,
    }
}
