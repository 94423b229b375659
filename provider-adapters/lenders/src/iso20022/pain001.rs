//! The instruction to pay out: one credit transfer as `pain.001.001.09`.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::Money;

use super::account::Account;
use super::amount;
use super::xml::escaped;

/// Name of the message.
pub(super) const MESSAGE: &str = "pain.001.001.09";

/// What is paid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer<'a> {
    /// Message, payment and end-to-end id in one: the settlement.
    pub id: &'a str,
    /// When the message is made.
    pub at: DateTime<Utc>,
    /// Amount.
    pub amount: Money,
    /// The account that pays.
    pub from: &'a Account,
    /// The account that is paid.
    pub to: &'a Account,
    /// The creditor reference of the loan: the payee sees what later payments must carry.
    pub reference: &'a str,
}

/// The file. The same transfer gives the same bytes.
pub(super) fn write(transfer: &Transfer<'_>) -> String {
    let Transfer {
        id,
        at,
        amount,
        from,
        to,
        reference,
    } = *transfer;
    let (id, reference) = (escaped(id), escaped(reference));
    let (sum, currency) = (amount::text(amount), amount.currency.code());
    let made = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let day = at.date_naive();
    let (debtor, debtor_account, debtor_bank) = (from.name_xml(), from.id_xml(), from.agent_xml());
    let (client, client_account, client_bank) = (to.name_xml(), to.id_xml(), to.agent_xml());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{MESSAGE}\"><CstmrCdtTrfInitn>\n\
         <GrpHdr><MsgId>{id}</MsgId><CreDtTm>{made}</CreDtTm><NbOfTxs>1</NbOfTxs><CtrlSum>{sum}</CtrlSum><InitgPty>{debtor}</InitgPty></GrpHdr>\n\
         <PmtInf><PmtInfId>{id}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg><NbOfTxs>1</NbOfTxs><CtrlSum>{sum}</CtrlSum>\n\
         <ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt>\n\
         <Dbtr>{debtor}</Dbtr><DbtrAcct>{debtor_account}<Ccy>{currency}</Ccy></DbtrAcct><DbtrAgt>{debtor_bank}</DbtrAgt><ChrgBr>SLEV</ChrgBr>\n\
         <CdtTrfTxInf><PmtId><InstrId>{id}</InstrId><EndToEndId>{id}</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"{currency}\">{sum}</InstdAmt></Amt>\n\
         <CdtrAgt>{client_bank}</CdtrAgt><Cdtr>{client}</Cdtr><CdtrAcct>{client_account}</CdtrAcct><Purp><Cd>LOAN</Cd></Purp>\n\
         <RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp><Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>\n\
         </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>\n"
    )
}
