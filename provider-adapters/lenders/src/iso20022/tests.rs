//! The messages, to the byte.

use domain::{Currency, Money, Reason};
use proptest::prelude::*;

use super::account::Account;
use super::pain001::{self, Transfer};
use super::pain002::{self, Report, Verdict};
use super::xml;
use super::{amount, camt053};

fn account(name: &str, iban: &str, bic: Option<&str>) -> Account {
    Account {
        name: name.into(),
        iban: Some(iban.into()),
        number: None,
        bic: bic.map(str::to_owned),
        routing: None,
    }
}

/// The order of elements is the one of the schema: a bank refuses any other.
#[test]
fn a_payment_is_the_same_bytes_each_time_in_the_order_of_the_schema() {
    let from = account("Example Bank loans", "DE89370400440532013000", Some("COBADEFFXXX"));
    let to = account("O'Neil (client) money", "GB29NWBK60161331926819", None);
    let transfer = Transfer {
        id: "0192f7c0000070008000000000000001",
        at: "2026-03-01T12:00:00.123Z".parse().unwrap(),
        amount: Money::new(118_850, Currency::parse("EUR").unwrap()),
        from: &from,
        to: &to,
        reference: "RF18539007547034",
    };
    let written = pain001::write(&transfer);
    assert_eq!(written, pain001::write(&transfer));
    let flat: String = written.lines().skip(1).collect();
    let expected = [
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn>",
        "<GrpHdr><MsgId>0192f7c0000070008000000000000001</MsgId><CreDtTm>2026-03-01T12:00:00Z</CreDtTm><NbOfTxs>1</NbOfTxs>",
        "<CtrlSum>1188.50</CtrlSum><InitgPty><Nm>Example Bank loans</Nm></InitgPty></GrpHdr>",
        "<PmtInf><PmtInfId>0192f7c0000070008000000000000001</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>",
        "<NbOfTxs>1</NbOfTxs><CtrlSum>1188.50</CtrlSum><ReqdExctnDt><Dt>2026-03-01</Dt></ReqdExctnDt>",
        "<Dbtr><Nm>Example Bank loans</Nm></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></DbtrAcct>",
        "<DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>",
        "<CdtTrfTxInf><PmtId><InstrId>0192f7c0000070008000000000000001</InstrId>",
        "<EndToEndId>0192f7c0000070008000000000000001</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">1188.50</InstdAmt></Amt>",
        "<CdtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></CdtrAgt>",
        "<Cdtr><Nm>O&apos;Neil (client) money</Nm></Cdtr><CdtrAcct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id></CdtrAcct>",
        "<Purp><Cd>LOAN</Cd></Purp><RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp>",
        "<Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>",
    ];
    assert_eq!(flat, expected.concat());
    let (kind, body) = xml::message(written.as_bytes()).unwrap();
    assert_eq!(kind, pain001::MESSAGE);
    assert_eq!(
        body.text_at("PmtInf/CdtTrfTxInf/Cdtr/Nm").unwrap(),
        Some("O'Neil (client) money")
    );
}

fn reports(inner: &str) -> Result<Vec<Report>, xml::FileError> {
    let text = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId></GrpHdr>{inner}\
         </CstmrPmtStsRpt></Document>"
    );
    pain002::read(&xml::message(text.as_bytes())?.1)
}

#[test]
fn the_most_exact_status_that_names_a_payment_counts() {
    let group = |status: &str| format!("<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId>{status}</OrgnlGrpInfAndSts>");
    let rejected = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>";
    let no_money = Verdict::Refused(Reason::new("BANK_AM04", "The lender's account has not enough money."));
    let report = |id: &str, verdict: &Verdict| Report {
        id: id.into(),
        verdict: verdict.clone(),
    };
    assert_eq!(reports(&group(rejected)).unwrap(), [report("M", &no_money)]);
    let payment = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId></OrgnlPmtInfAndSts>";
    assert_eq!(reports(&(group(rejected) + payment)).unwrap(), [report("P", &no_money)]);
    let transfer = |status: &str| {
        format!(
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts><TxInfAndSts>\
             <OrgnlEndToEndId>E</OrgnlEndToEndId>{status}</TxInfAndSts></OrgnlPmtInfAndSts>"
        )
    };
    let own = group("<GrpSts>PART</GrpSts>") + &transfer("<TxSts>RJCT</TxSts>");
    let unsaid = Verdict::Refused(Reason::new("BANK_NARR", "The bank refused the payment."));
    assert_eq!(reports(&own).unwrap(), [report("E", &unsaid)]);
    assert_eq!(
        reports(&(group(rejected) + &transfer(""))).unwrap(),
        [report("E", &Verdict::UnderWay)]
    );
    assert!(
        reports(&group("")).unwrap().is_empty(),
        "without a status there is no news"
    );
    assert!(reports(&group("<GrpSts>OKAY</GrpSts>")).is_err());
    assert!(reports("").is_err());
}

fn statement() -> String {
    let entry = "<Ntry><NtryRef>1</NtryRef><Amt Ccy=\"EUR\">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                 <BookgDt><Dt>2026-03-01</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf>\
                 </Strd></RmtInf></TxDtls></NtryDtls></Ntry>";
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>S</Id>\
         <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{entry}{entry}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn entries(text: &[u8]) -> Result<usize, xml::FileError> {
    let expected = camt053::Expected {
        account: "DE89370400440532013000",
        currency: Currency::parse("EUR").unwrap(),
    };
    let read = camt053::read(&xml::message(text)?.1, expected)?;
    Ok(read.iter().map(|statement| statement.entries.len()).sum())
}

#[test]
fn a_statement_that_was_cut_anywhere_is_none() {
    let whole = statement();
    assert_eq!(entries(whole.as_bytes()), Ok(2));
    for end in 0..whole.len() {
        assert!(entries(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    /// Whatever a bank sends is read or refused.
    #[test]
    fn no_file_makes_the_reader_panic(place in 0_usize..900, bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        let mut text = statement().into_bytes();
        let place = place.min(text.len());
        let end = (place + bytes.len()).min(text.len());
        text.splice(place..end, bytes.iter().copied());
        let _read = entries(&text);
        let _noise = xml::message(&bytes);
    }

    /// Amounts are exact, and only amounts are read.
    #[test]
    fn an_amount_is_read_as_it_is_written(minor in 0_i64..1_000_000_000_000) {
        let written = Money::new(minor, Currency::parse("EUR").unwrap());
        let text = format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><A Ccy=\"EUR\">{}</A></Document>",
            amount::text(written)
        );
        let (_, element) = xml::message(text.as_bytes()).unwrap();
        prop_assert_eq!(amount::money(&element).unwrap(), written);
    }
}
