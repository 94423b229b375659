//! A manifest as a whole.

use domain::Currency;
use domain::eligibility::Capabilities;
use toml::de::DeValue;

use super::ask::{ANSWER, DECLINE, ORDERING, POLLING, QUESTION, SETTLEMENT};
use super::auth::AuthSpec;
use super::call::Call;
use super::loan::{LoanMap, ReasonMap};
use super::offer::OfferMap;
use super::source::{self, Bound, Loaded, ManifestError, Table, whole};

/// A manifest, checked: every expression parses, every name and function in it is known, every key that is needed is there.
#[derive(Debug)]
pub struct Manifest {
    pub(super) base_url: String,
    pub(super) timeout_ms: u64,
    pub(super) capabilities: Capabilities,
    pub(super) auth: AuthSpec,
    pub(super) quote: Quote,
    pub(super) offer: OfferMap,
    pub(super) accept: Call,
    pub(super) status: Call,
    pub(super) cancel: Option<Call>,
    pub(super) loan: LoanMap,
}

/// `[quote]`.
#[derive(Debug)]
pub(super) struct Quote {
    pub call: Call,
    pub items: Bound,
    pub declined: Option<Declined>,
    pub poll: Option<Poll>,
    pub pages: Option<Pages>,
}

/// `[quote.declined]`.
#[derive(Debug)]
pub(super) struct Declined {
    pub when: Bound,
    pub reasons: Option<ReasonMap>,
}

/// `[quote.poll]`.
#[derive(Debug)]
pub(super) struct Poll {
    pub call: Call,
    pub until: Bound,
    pub every_ms: u64,
    pub at_most: u64,
}

/// `[quote.pages]`.
#[derive(Debug)]
pub(super) struct Pages {
    pub param: String,
    pub step: Step,
    pub at_most: u64,
}

/// How the next page is asked for.
#[derive(Debug)]
pub(super) enum Step {
    /// With what this expression gives; nothing ends it.
    Cursor(Bound),
    /// With the next number, as long as this is true.
    Number(u64, Bound),
}

impl Manifest {
    /// Reads a manifest. An error names the table, the key, the line and the column.
    pub fn parse(source: &str) -> Result<Self, ManifestError> {
        source::read(source, Self::load)
    }

    /// What the lender does.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The one currency of a manifest: what a lender answers about an accepted offer does not always name it.
    pub(super) fn currency(&self) -> Currency {
        self.capabilities.amounts[0].currency
    }

    fn load(top: &Table<'_>) -> Loaded<Self> {
        if top.whole("format", 1..2)?.is_none() {
            return Err(top.missing("format"));
        }
        top.optional_text("name")?;
        Ok(Self {
            base_url: top.text("base_url")?.to_owned(),
            timeout_ms: top.whole("timeout_ms", 1..120_001)?.unwrap_or(10_000),
            capabilities: capabilities(top)?,
            auth: AuthSpec::load(&top.need_table("auth")?)?,
            quote: Quote::load(&top.need_table("quote")?)?,
            offer: OfferMap::load(&top.need_table("offer")?)?,
            accept: Call::load_loan(&top.need_table("accept")?, ORDERING)?,
            status: Call::load_loan(&top.need_table("status")?, SETTLEMENT)?,
            cancel: top
                .table("cancel")?
                .map(|table| Call::load_loan(&table, SETTLEMENT))
                .transpose()?,
            loan: LoanMap::load(&top.need_table("loan")?)?,
        })
    }
}

impl Quote {
    fn load(table: &Table<'_>) -> Loaded<Self> {
        let found = Self {
            call: Call::load(table, QUESTION)?,
            items: table.expr("items", ANSWER)?,
            declined: table
                .table("declined")?
                .map(|table| Declined::load(&table))
                .transpose()?,
            poll: table.table("poll")?.map(|table| Poll::load(&table)).transpose()?,
            pages: table.table("pages")?.map(|table| Pages::load(&table)).transpose()?,
        };
        table.finish()?;
        Ok(found)
    }
}

impl Declined {
    fn load(table: &Table<'_>) -> Loaded<Self> {
        let reasons = table.table("reasons")?;
        let found = Self {
            when: table.expr("when", ANSWER)?,
            reasons: reasons
                .map(|table| ReasonMap::load(&table, ANSWER, DECLINE))
                .transpose()?,
        };
        table.finish()?;
        Ok(found)
    }
}

impl Poll {
    fn load(table: &Table<'_>) -> Loaded<Self> {
        let found = Self {
            call: Call::load(table, POLLING)?,
            until: table.expr("until", ANSWER)?,
            every_ms: table.whole("every_ms", 1..60_001)?.unwrap_or(200),
            at_most: table.whole("at_most", 1..1_001)?.unwrap_or(60),
        };
        table.finish()?;
        Ok(found)
    }
}

impl Pages {
    fn load(table: &Table<'_>) -> Loaded<Self> {
        let step = match table.text("kind")? {
            "cursor" => Step::Cursor(table.expr("next", ANSWER)?),
            "number" => {
                let first = table.whole("first", 0..1_001)?.unwrap_or(1);
                Step::Number(first, table.expr("more", ANSWER)?)
            }
            _ => return Err(table.wrong("kind", table.need("kind")?, "expected cursor or number")),
        };
        let found = Self {
            param: table.text("param")?.to_owned(),
            step,
            at_most: table.whole("at_most", 1..101)?.unwrap_or(20),
        };
        table.finish()?;
        Ok(found)
    }
}

/// `[capabilities]`, as in the configuration of any lender.
fn capabilities(top: &Table<'_>) -> Loaded<Capabilities> {
    let value = top.need("capabilities")?;
    let json =
        plain(value.get_ref()).ok_or_else(|| top.wrong("capabilities", value, "only texts and whole numbers"))?;
    let read: Capabilities =
        serde_json::from_value(json).map_err(|error| top.wrong("capabilities", value, error.to_string()))?;
    if read.amounts.len() != 1 {
        let text = "amounts: a manifest lends in one currency; write one manifest for each";
        return Err(top.wrong("capabilities", value, text));
    }
    Ok(read)
}

fn plain(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(_) => whole(value)?.into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Array(items) => items
            .iter()
            .map(|item| plain(item.get_ref()))
            .collect::<Option<Vec<_>>>()?
            .into(),
        DeValue::Table(table) => {
            let member = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
                Some((key.get_ref().to_string(), plain(value.get_ref())?))
            };
            serde_json::Value::Object(table.iter().map(member).collect::<Option<_>>()?)
        }
        DeValue::Float(_) | DeValue::Datetime(_) => return None,
    })
}
