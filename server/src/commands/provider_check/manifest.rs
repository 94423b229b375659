//! A lender with a manifest: the kit plays the lender from the recorded answers, well and badly.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use domain::Money;
use domain::ports::Clock;
use kit::Area;
use kit::adapter::{Options as Kit, Step, Subject};
use kit::door::Door;
use kit::recorded::{Paging, Recorded, Route as Call};
use lenders::manifest::{Paged, Route, STAND_IN};
use lenders::{Manifest, ManifestConfig, ManifestLender};
use sdk::{HttpClient, NetworkPolicy};

use super::super::provider_try::{Case, request};
use super::{Exit, Options, print, progress, read};
use crate::clock::UuidV7Ids;

/// Where the player of a lender gives tokens.
const TOKENS: &str = "/usance-kit/token";
/// The applicant of the run, found by no chance.
const PRIVATE: [i64; 3] = [723_941, 148_373, 31_719];

/// The instant at which the answers were recorded.
struct Recording(DateTime<Utc>);

impl Clock for Recording {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

pub(super) async fn check(options: &Options, config: ManifestConfig) -> Result<Exit> {
    let manifest = Manifest::parse(&read(&config.file)?).with_context(|| config.file.display().to_string())?;
    let folder = config.file.parent().unwrap_or_else(|| Path::new(""));
    let fixture = match &options.fixture {
        Some(file) => file.clone(),
        None => folder.join("fixtures/quote.toml"),
    };
    let case = Case::read(&fixture)?;
    if let Some(todo) = &case.todo {
        eprintln!("TODO in {}: {todo}", fixture.display());
    }
    let played = played(&manifest, &case, fixture.parent().unwrap_or_else(|| Path::new("")))?;
    let mut request = request(&manifest, &case)?;
    let currency = request.amount.currency;
    let private = PRIVATE.map(|minor| Money::new(minor, currency));
    let applicant = &mut request.applicant;
    "Kit Canary".clone_into(&mut applicant.full_name);
    [
        applicant.monthly_income,
        applicant.monthly_housing_cost,
        applicant.monthly_debt_payments,
    ] = private;
    let door = Door::local().await.context("cannot listen on this machine")?;
    let network = NetworkPolicy::AllowLoopback;
    let clock: Arc<dyn Clock> = Arc::new(Recording(request.at));
    let config = ManifestConfig {
        url: Some(door.url()),
        token_url: Some(door.url() + TOKENS),
        ..config
    };
    let mut kit = Kit::new(Arc::clone(&clock), Arc::new(UuidV7Ids));
    let lender = ManifestLender::played(&config, HttpClient::new(network)?, network, clock, kit.patience)?;
    let open = door.open(Arc::new(played));
    let subject = Subject {
        lender: Arc::new(lender),
        faults: Arc::clone(open.faults()),
        request,
        secrets: vec![STAND_IN.to_owned()],
    };
    if manifest.routes().status.unknown.contains(&404) {
        // The lender documents that it never heard of the loan.
        kit.scenarios.retain(|scenario| scenario.id != "fault.status-404");
    }
    match options.only {
        None => {}
        Some(Area::Adapter) => (kit.bends, kit.scenarios) = (false, Vec::new()),
        Some(Area::Answer) => kit.scenarios.clear(),
        Some(Area::Fault) => kit.bends = false,
        Some(area) => bail!("the area {area} has no checks of a manifest: there are adapter, answer and fault"),
    }
    let report = kit::adapter::check(&subject, &kit, &progress(options)).await;
    let exit = print(options, &report)?;
    Ok(if case.todo.is_some() { Exit::Failure } else { exit })
}

/// The lender, from its recorded answers.
fn played(manifest: &Manifest, case: &Case, folder: &Path) -> Result<Recorded> {
    let Some(loan) = &case.loan else {
        bail!(
            "the recording has no [loan]: `accept`, `status` and `cancel` name files with the answers to those calls; \
             $LOAN and $SETTLEMENT in them become the ids of a run"
        );
    };
    let routes = manifest.routes();
    let text = |file: &Path| read(&folder.join(file));
    let call = |step, route: &Route| Call {
        step,
        method: route.method.clone(),
        path: route.path.clone(),
    };
    let pages: Vec<String> = case.answers.iter().map(|file| text(file)).collect::<Result<_>>()?;
    let mut played = Recorded::new();
    if routes.token {
        played = played.tokens_at(TOKENS);
    }
    if let Some(status) = routes.status.unknown.first() {
        played = played.unknown(
            *status,
            loan.unknown.as_ref().map_or(Ok("{}".into()), |f| text(f))?.as_str(),
        );
    } else if let Some(file) = &loan.unknown {
        played = played.unknown(200, &text(file)?);
    }
    if let Some(paged) = &routes.pages {
        played = played.paged(match paged {
            Paged::Cursor(param) => Paging::Cursor(param.clone()),
            Paged::Number(param, first) => Paging::Number(param.clone(), *first),
        });
    }
    let one = |step, route: &Route, file: &Path| -> Result<(Call, Vec<String>)> {
        Ok((call(step, route), vec![text(file)?]))
    };
    let mut calls = Vec::new();
    match (&routes.poll, &case.first) {
        (Some(poll), Some(first)) => {
            calls.push(one(Step::Quote, &routes.quote, first)?);
            calls.push((call(Step::Quote, poll), pages));
        }
        (Some(_), None) => bail!("the manifest polls: `first` of the recording names the answer before the first poll"),
        (None, _) => calls.push((call(Step::Quote, &routes.quote), pages)),
    }
    calls.push(one(Step::Accept, &routes.accept, &loan.accept)?);
    calls.push(one(Step::Status, &routes.status, &loan.status)?);
    if let Some(cancel) = &routes.cancel {
        let Some(file) = &loan.cancel else {
            bail!("the manifest has [cancel]: `cancel` under [loan] of the recording names its answer");
        };
        calls.push(one(Step::Cancel, cancel, file)?);
    }
    Ok(calls
        .into_iter()
        .fold(played, |played, (call, answers)| played.pages(call, answers)))
}
