//! From a request to offers: `search`, then `select` of each item that fits.

use std::time::Instant;

use domain::Reason;
use domain::eligibility::approximate_days;
use domain::offer::Offer;
use domain::ports::JourneyKey;
use domain::request::CreditRequest;
use sdk::normalise::{Document, Reader};
use sdk::{Answer, Ask, LenderError};

use super::fault::Fault;
use super::journey::{Item, Journey, Terms};
use super::lender::Fis12Lender;
use super::messages;
use super::offer::{self, Breakup, Setting};
use super::state;
use super::table::{Action, Stage};

/// Items of one catalog that are priced.
const MAX_ITEMS: usize = 4;

/// What a priced item came to.
enum Priced {
    Offer(Box<Offer>),
    /// The lender wants a form first.
    Form,
    /// The loan is larger than what was asked for.
    Larger,
}

impl Fis12Lender {
    pub(super) async fn answer(&self, ask: &Ask) -> Result<Answer, Fault> {
        let topic = topic(&ask.request);
        let mut journey = if let Some(mut journey) = self.find(JourneyKey::Topic(&topic)).await? {
            if journey.waits() {
                self.look_at_form(&mut journey, ask.deadline).await?;
            }
            journey
        } else {
            let mut journey = Journey::new(self.exchange.id());
            journey.topic = Some(topic);
            if let Some(declined) = self.search(&mut journey, ask).await? {
                return Ok(declined);
            }
            journey
        };
        if journey.waits() {
            self.save(&mut journey).await?;
            return Ok(needs_form(&journey));
        }
        let mut offers = Vec::new();
        let items: Vec<String> = journey.items.iter().map(|item| item.id.clone()).collect();
        for id in items {
            match self.select(&mut journey, &id, &ask.request, ask.deadline).await? {
                Priced::Offer(offer) => offers.push(*offer),
                Priced::Larger => {}
                Priced::Form => {
                    self.save(&mut journey).await?;
                    if offers.is_empty() {
                        return Ok(needs_form(&journey));
                    }
                    return Ok(Answer::Offers(offers));
                }
            }
        }
        // The next question is a journey of its own.
        journey.topic = None;
        self.save(&mut journey).await?;
        if offers.is_empty() {
            return Ok(Answer::Declined(vec![no_offer()]));
        }
        Ok(Answer::Offers(offers))
    }

    /// The catalog: which items fit, and whether a form comes first. Returns the decline when none fits.
    async fn search(&self, journey: &mut Journey, ask: &Ask) -> Result<Option<Answer>, Fault> {
        let message = messages::search(self.exchange.inbox.parties());
        let body = self
            .exchange
            .ask(
                &journey.transaction,
                journey.stage,
                Action::Search,
                &message,
                ask.deadline,
            )
            .await?;
        journey.stage = Stage::Found;
        let document = Document::parse(&body)?;
        for provider in Reader::new(&document).at("message.catalog.providers").items()? {
            let items: Vec<_> = provider.get("items").items()?;
            for item in items {
                if journey.items.len() == MAX_ITEMS || !fits(&item, &ask.request)? {
                    continue;
                }
                journey.provider = state::bounded(&provider.get("id"))?;
                let parent = item.get("parent_item_id");
                journey.items.push(Item {
                    id: state::bounded(&item.get("id"))?,
                    parent: if parent.exists() {
                        Some(state::bounded(&parent)?)
                    } else {
                        None
                    },
                    terms: None,
                });
                if journey.form.is_none() {
                    journey.form = state::form(&item, self.network)?;
                }
            }
            // One lender stands behind a platform here; another one's items would need a transaction of their own.
            if !journey.items.is_empty() {
                break;
            }
        }
        let none = journey.items.is_empty();
        Ok(none.then(|| Answer::Declined(vec![no_offer()])))
    }

    async fn select(
        &self,
        journey: &mut Journey,
        id: &str,
        request: &CreditRequest,
        deadline: Instant,
    ) -> Result<Priced, Fault> {
        let body = self.say_select(journey, id, deadline).await?;
        let document = Document::parse(&body)?;
        let order = Reader::new(&document).at("message.order");
        let item = state::item(&order, id)?;
        if let Some(form) = state::form(&item, self.network)? {
            journey.form = Some(form);
            if !order.get("quote").exists() {
                return Ok(Priced::Form);
            }
        }
        let breakup = Breakup::read(&order.get("quote"), request.amount.currency)?;
        if breakup.principal.minor > request.amount.minor {
            return Ok(Priced::Larger);
        }
        let reference = format!("{}:{id}", journey.transaction);
        let setting = Setting {
            request,
            reference: &reference,
            now: self.exchange.signer.clock.now(),
            inquiry: self.capabilities.inquiry,
            tax: self.tax,
        };
        let offer = offer::read(&order, &item, &setting)?;
        if let Some(known) = journey.items.iter_mut().find(|item| item.id == id) {
            known.terms = Some(terms(&breakup));
        }
        Ok(Priced::Offer(Box::new(offer)))
    }

    /// `select`, and the answer as it came.
    pub(super) async fn say_select(
        &self,
        journey: &mut Journey,
        id: &str,
        deadline: Instant,
    ) -> Result<Vec<u8>, Fault> {
        let item = journey.item(id).cloned();
        let item = item.ok_or_else(|| LenderError::Refused("no such item".into()))?;
        let message = messages::order(journey, &item);
        let body = self
            .exchange
            .ask(&journey.transaction, journey.stage, Action::Select, &message, deadline)
            .await?;
        journey.form = None;
        journey.stage = Stage::Selected;
        journey.selected = Some(id.to_owned());
        Ok(body)
    }

    /// Whether the borrower sent the form of a question meanwhile.
    async fn look_at_form(&self, journey: &mut Journey, deadline: Instant) -> Result<(), Fault> {
        let message = messages::status(journey);
        let asked = self
            .exchange
            .ask(&journey.transaction, journey.stage, Action::Status, &message, deadline)
            .await;
        match asked {
            Ok(body) => {
                let document = Document::parse(&body)?;
                Ok(state::fold_form(journey, &Reader::new(&document).at("message.order"))?)
            }
            // It has no order to tell of yet.
            Err(Fault::Business(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// What a journey that waits for a form is found again by: the same wish of the same borrower.
pub(super) fn topic(request: &CreditRequest) -> String {
    let (amount, term) = (request.amount, request.term);
    let (minor, currency) = (amount.minor, amount.currency.code());
    format!("{}/{minor}{currency}/{}{:?}", request.borrower, term.count, term.unit)
}

fn no_offer() -> Reason {
    Reason::new("NO_OFFER", "This lender has no loan that fits.")
}

pub(super) fn terms(breakup: &Breakup) -> Terms {
    Terms {
        principal: breakup.principal,
        interest: breakup.interest,
        net: breakup.net,
    }
}

fn needs_form(journey: &Journey) -> Answer {
    let link = journey.form.as_ref().map_or("", |form| form.url.as_str());
    let text = format!("This lender asks you to fill in its own form before it names a price: {link}");
    Answer::Declined(vec![Reason::new("LENDER_FORM_NEEDED", text)])
}

/// Whether an item of the catalog may suit: its ranges, where it states them.
fn fits(item: &Reader<'_>, request: &CreditRequest) -> Result<bool, LenderError> {
    let tags = item.get("tags");
    let list = tags.find("descriptor.code", "INFO")?.get("list");
    let value = |code: &str| list.find("descriptor.code", code).map(|tag| tag.get("value"));
    let (currency, asked) = (request.amount.currency, request.amount.minor);
    let days = approximate_days(request.term);
    let amount = |code: &str| -> Result<Option<i64>, LenderError> {
        Ok(value(code)?
            .optional()?
            .map(|field| field.money(currency))
            .transpose()?
            .map(|money| money.minor))
    };
    let tenure = |code: &str| -> Result<Option<u32>, LenderError> {
        let term = value(code)?.optional()?.map(|field| field.term()).transpose()?;
        Ok(term.map(approximate_days))
    };
    Ok(amount("MIN_LOAN_AMOUNT")?.is_none_or(|least| asked >= least)
        && amount("MAX_LOAN_AMOUNT")?.is_none_or(|most| asked <= most)
        && tenure("MIN_TENURE")?.is_none_or(|least| days >= least)
        && tenure("MAX_TENURE")?.is_none_or(|most| days <= most))
}
