//! From a request and its signals to the facts that fraud rules look at.

use domain::ports::velocity::{
    Counts, Entity, EntityKind, HashedKey, Observation, Seen, Sighting, VelocityError, Window,
};
use domain::request::CreditRequest;
use risk::fraud::{FraudFacts, FraudOutcome, FraudResult, signals as pure};

use super::signals::Signals;
use crate::{World, store};

/// Gathers every fact that can be had. Gathering twice for one call, or for one request, counts
/// once. It never fails: what could not be had is none, and `unavailable` says when the counters could not be asked.
pub async fn gather(world: &World, request: &CreditRequest, signals: &Signals) -> FraudFacts {
    let mut facts = FraudFacts {
        form_seconds: signals.form_seconds.map(i64::from),
        paste_count: signals.paste_count.map(i64::from),
        ip_class: signals
            .origin
            .ip_class
            .or_else(|| signals.origin.ip.and_then(pure::own_class)),
        ..FraudFacts::default()
    };
    let holder = signals.payout_holder.as_deref();
    facts.holder_name = holder.and_then(|holder| pure::names(holder, &request.applicant.full_name));
    let email = signals.email.as_deref();
    let folded = email.and_then(|email| facts.see_email(email, &world.fraud.rules));
    let sighting = sighting(world, request, signals, folded.as_deref());
    facts.entities = sighting.observations.iter().map(|seen| seen.entity).collect();
    let (seen, signed_up) = futures::join!(world.velocity.observe(&sighting), signed_up_seconds(world, request));
    facts.sign_up_seconds = signed_up;
    match seen {
        Ok(seen) => count(&mut facts, request, &sighting, &seen),
        Err(error) => {
            facts.unavailable = true;
            told(&error);
        }
    }
    let anomaly = world.fraud.anomaly.as_ref();
    facts.anomaly_permille = anomaly.and_then(|model| model.permille(&facts, amount_to_income_ppm(request)));
    facts
}

/// The amount over the income of a year; none without an income.
fn amount_to_income_ppm(request: &CreditRequest) -> Option<i64> {
    let year = i128::from(request.applicant.monthly_income.minor) * 12;
    let ppm = (i128::from(request.amount.minor) * 1_000_000).checked_div(year)?;
    i64::try_from(ppm).ok()
}

/// Flags the person of a request that was declined for fraud, so that whoever shares something with them is looked at.
/// Losing it changes no decision, so a failure is told and no more.
pub async fn flag_declined(world: &World, facts: &FraudFacts, result: &FraudResult) {
    let person = facts.entities.iter().find(|entity| entity.kind == EntityKind::Person);
    if let (FraudOutcome::Decline, Some(person)) = (result.outcome, person)
        && let Err(error) = world.velocity.flag(person.key, world.clock.now()).await
    {
        told(&error);
    }
}

fn told(error: &VelocityError) {
    let kind = match error {
        VelocityError::TimedOut => "timed_out",
        VelocityError::Unavailable(_) => "unavailable",
        VelocityError::Corrupt(_) => "corrupt",
        VelocityError::Invalid(_) => "invalid",
    };
    metrics::counter!("usance_fraud_counter_errors_total", "kind" => kind).increment(1);
    tracing::warn!(%error, "fraud counters");
}

async fn signed_up_seconds(world: &World, request: &CreditRequest) -> Option<i64> {
    let mut conn = world.db.acquire().await.ok()?;
    let since = store::identity::principal_since(&mut conn, request.borrower.0).await;
    // The request itself needs the database: it tells what is wrong with it.
    let since = since.ok().flatten()?;
    Some((request.at - since).num_seconds().max(0))
}

fn sighting(world: &World, request: &CreditRequest, signals: &Signals, email: Option<&str>) -> Sighting {
    let keys = &world.fraud.keys;
    let person = keys.person(request.tenant, request.borrower);
    let entity = |kind| Entity { kind, key: person };
    let seen = |entity, distinct| Observation {
        entity,
        amount_minor: request.amount.minor,
        distinct,
    };
    let device = signals.device_id.as_deref().map(|id| keys.device(id));
    let currency = request.amount.currency;
    let payout = signals
        .payout_account
        .as_deref()
        .map(|account| keys.payout_account(account, currency));
    // Strangers do not share what is no public network; this machine's own callers would seem to.
    let public = signals.origin.ip.filter(|ip| pure::own_class(*ip).is_none());
    let network = public.map(|ip| keys.network(&pure::network(ip)));
    let key = |entity: Entity| entity.key;
    let mut observations = vec![
        seen(entity(EntityKind::Person), device.map(key)),
        seen(keys.partner(request.tenant), Some(person)),
    ];
    if let Some(payout) = payout {
        observations.push(seen(entity(EntityKind::PersonPayout), Some(payout.key)));
    }
    let wallet = request.wallet.map(|wallet| keys.wallet(wallet));
    let shared = [device, network, email.map(|email| keys.email(email)), payout, wallet];
    observations.extend(shared.into_iter().flatten().map(|entity| seen(entity, Some(person))));
    Sighting {
        id: signals.sighting.unwrap_or(request.id.0),
        at: request.at,
        person,
        place: signals.origin.place,
        observations,
    }
}

/// Puts the counters' answer into the facts.
fn count(facts: &mut FraudFacts, request: &CreditRequest, sighting: &Sighting, seen: &Seen) {
    facts.flagged_near = Some(seen.flagged_near);
    facts.flagged_far = Some(seen.flagged_far);
    facts.person_flagged = Some(seen.flagged.into());
    facts.linked_people = seen
        .counts
        .iter()
        .map(|counts| counts.people)
        .max()
        .filter(|people| *people > 0);
    let journey = sighting.place.zip(seen.previous_place);
    facts.travel_kmh = journey.map(|(here, (there, seconds))| pure::travel_kmh(there, here, seconds));
    for (observation, counts) in sighting.observations.iter().zip(&seen.counts) {
        let number = |window| Some(counts.of(window).count);
        let distinct = |window| distinct(observation.distinct, counts, window);
        match observation.entity.kind {
            EntityKind::Person => {
                facts.person_requests_10m = number(Window::TenMinutes);
                facts.person_requests_24h = number(Window::Day);
                facts.person_requests_30d = number(Window::Month);
                facts.person_pause_seconds = counts.since_last;
                facts.person_devices_24h = distinct(Window::Day);
                facts.person_devices_30d = distinct(Window::Month);
            }
            EntityKind::PersonPayout => facts.person_payouts_30d = distinct(Window::Month),
            EntityKind::Device => {
                facts.device_requests_1m = number(Window::Minute);
                facts.device_requests_1h = number(Window::Hour);
                facts.device_requests_24h = number(Window::Day);
                facts.device_people_24h = distinct(Window::Day);
                facts.device_people_30d = distinct(Window::Month);
                facts.device_age_seconds = Some(counts.since_first.unwrap_or(0));
            }
            EntityKind::Network => {
                facts.network_requests_1m = number(Window::Minute);
                facts.network_people_1h = distinct(Window::Hour);
            }
            EntityKind::Email => {
                facts.email_requests_24h = number(Window::Day);
                facts.email_people_30d = distinct(Window::Month);
            }
            EntityKind::PayoutAccount => {
                facts.payout_people_30d = distinct(Window::Month);
                let sum = i128::from(counts.of(Window::Day).sum_minor) * 100;
                let percent = sum.checked_div(request.amount.minor.into());
                facts.payout_amount_24h_percent = percent.and_then(|percent| i64::try_from(percent).ok());
            }
            EntityKind::Wallet => {
                facts.wallet_people_30d = distinct(Window::Month);
                facts.wallet_requests_24h = number(Window::Day);
            }
            EntityKind::Partner => facts.partner_requests_1m = number(Window::Minute),
        }
    }
}

/// Different values in a window; none when this request did not show one.
fn distinct(value: Option<HashedKey>, counts: &Counts, window: Window) -> Option<i64> {
    value.map(|_| counts.of(window).distinct)
}
