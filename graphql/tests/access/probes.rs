//! One probe for each root field and object: how to ask, and about what.

use access::{Band, Class, Resource, decide, fields};
use domain::ids::{PrincipalId, TenantId};
use domain::{Principal, ProviderId};
use usance_graphql::public_id::{Kind, encode};
use uuid::Uuid;

use crate::Told;
use crate::stage::{BANK, Objects, Person, Stage, tenant};

/// What is known of the object.
#[derive(Clone, Debug, Default)]
struct Facts {
    tenant: Option<TenantId>,
    borrower: Option<PrincipalId>,
    provider: Option<ProviderId>,
}

/// A root field on one object.
pub struct Probe {
    pub kind: &'static str,
    pub field: &'static str,
    /// `ID` is the object, `KEY` an idempotency key of its own.
    document: &'static str,
    pub id: String,
    /// Of the same kind, of nothing.
    pub unknown: Option<String>,
    /// What must not stand in an answer to those who may not read it.
    pub secret: String,
    /// Not the class of the field's rule: the object is found as this.
    as_class: Option<Class>,
    facts: Facts,
}

impl Probe {
    pub fn text(&self, id: &str, number: usize) -> String {
        self.document
            .replace("ID", id)
            .replace("KEY", &format!("probe-{number}"))
    }

    /// What the matrix says: the role first, then the object.
    pub fn expected(&self, caller: &Principal) -> Told {
        let root = match self.kind {
            "query" => "Query",
            "mutation" => "Mutation",
            _ => "Subscription",
        };
        let Some(fields::Who::May(action, class)) = fields::of(root, self.field) else {
            panic!("{root}.{} has no rule of its own", self.field);
        };
        if !access::ever(action, class).has(caller.role) {
            return Told::Forbidden;
        }
        let resource = Resource {
            tenant: self.facts.tenant,
            borrower: self.facts.borrower,
            ..Resource::platform(self.as_class.unwrap_or(class))
        };
        let resource = resource.with(self.facts.provider.as_ref()).at_stake(Band::Standard);
        // Of these the role alone is asked: the answer is about what the caller may see.
        if ["requestQuotes", "loans", "quoteRequests", "offers", "riskReviews"].contains(&self.field) {
            return Told::Allowed;
        }
        let told = Told::of(decide(caller, action, &resource));
        // Lists about the platform are empty here, and there is no proposal: that reads as hidden.
        let empty = ["assetPauses", "riskProposals", "decideRiskProposal"].contains(&self.field);
        if empty && told == Told::Allowed {
            Told::Hidden
        } else {
            told
        }
    }
}

pub fn principal_id(person: &Person) -> String {
    encode(Kind::Principal, person.principal.id.0)
}

type Make = (
    &'static str,
    &'static str,
    &'static str,
    Kind,
    fn(&Objects) -> &String,
    bool,
);

/// Fields about an object of a borrower; the last says that the object is known by its lender as well.
const OF_OBJECTS: &[Make] = &[
    (
        "query",
        "quoteRequest",
        "query { quoteRequest(id: \"ID\") { id state } }",
        Kind::Request,
        |o| &o.request,
        false,
    ),
    (
        "query",
        "quote",
        "query { quote(id: \"ID\") { digest } }",
        Kind::Quote,
        |o| &o.quote,
        true,
    ),
    (
        "query",
        "settlement",
        "query { settlement(id: \"ID\") { state createdAt } }",
        Kind::Settlement,
        |o| &o.settlement,
        true,
    ),
    (
        "query",
        "loan",
        "query { loan(id: \"ID\") { state provider } }",
        Kind::Loan,
        |o| &o.loan,
        true,
    ),
    (
        "query",
        "node",
        "query { node(id: \"ID\") { __typename } }",
        Kind::Loan,
        |o| &o.loan,
        true,
    ),
    (
        "query",
        "node",
        "query { node(id: \"ID\") { __typename } }",
        Kind::Request,
        |o| &o.request,
        false,
    ),
    (
        "query",
        "node",
        "query { node(id: \"ID\") { __typename } }",
        Kind::Quote,
        |o| &o.quote,
        true,
    ),
    (
        "query",
        "node",
        "query { node(id: \"ID\") { __typename } }",
        Kind::Settlement,
        |o| &o.settlement,
        true,
    ),
    (
        "query",
        "fraudChecks",
        "query { fraudChecks(requestId: \"ID\") { outcome rules } }",
        Kind::Request,
        |o| &o.request,
        false,
    ),
    (
        "query",
        "riskDecision",
        "query { riskDecision(id: \"ID\") { outcome } }",
        Kind::Decision,
        |o| &o.decision,
        false,
    ),
    (
        "query",
        "riskDecisions",
        "query { riskDecisions(request: \"ID\") { outcome } }",
        Kind::Request,
        |o| &o.request,
        false,
    ),
    (
        "query",
        "riskReplay",
        "query { riskReplay(id: \"ID\") { same storedSha256 } }",
        Kind::Decision,
        |o| &o.decision,
        false,
    ),
    (
        "subscription",
        "quoteUpdates",
        "subscription { quoteUpdates(requestId: \"ID\") { __typename } }",
        Kind::Request,
        |o| &o.request,
        false,
    ),
    (
        "mutation",
        "acceptQuote",
        "mutation { acceptQuote(idempotencyKey: \"KEY\", input: { quoteId: \"ID\", digest: \"0x0000000000000000000000000000000000000000000000000000000000000001\" }) { settlement { id } refusals { code } } }",
        Kind::Quote,
        |o| &o.quote,
        false,
    ),
    (
        "mutation",
        "submitSignature",
        "mutation { submitSignature(idempotencyKey: \"KEY\", settlementId: \"ID\", signature: \"0x0101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101\") { settlement { id } refusals { code } } }",
        Kind::Settlement,
        |o| &o.settlement,
        true,
    ),
    (
        "mutation",
        "cancelSettlement",
        "mutation { cancelSettlement(idempotencyKey: \"KEY\", settlementId: \"ID\") { settlement { id } refusals { code } } }",
        Kind::Settlement,
        |o| &o.settlement,
        true,
    ),
    (
        "mutation",
        "recordRepayment",
        "mutation { recordRepayment(idempotencyKey: \"KEY\", input: { loanId: \"ID\", amount: { amount: \"1.00\", currency: \"USD\" }, paidAt: \"2027-01-15T08:00:00Z\", evidence: \"KEY\" }) { repayment { id } refusals { code } } }",
        Kind::Loan,
        |o| &o.loan,
        true,
    ),
    (
        "query",
        "verification",
        "query { verification(id: \"ID\") { state borrower } }",
        Kind::Verification,
        |o| &o.verification,
        false,
    ),
    (
        "query",
        "document",
        "query { document(id: \"ID\") { about { kind } html } }",
        Kind::Document,
        |o| &o.document,
        false,
    ),
    (
        "query",
        "riskReview",
        "query { riskReview(id: \"ID\") { state score } }",
        Kind::Review,
        |o| &o.review,
        false,
    ),
    (
        "mutation",
        "decideRiskReview",
        "mutation { decideRiskReview(idempotencyKey: \"KEY\", id: \"ID\", clear: false, note: \"n\") { review { score } refusals { code } } }",
        Kind::Review,
        |o| &o.review,
        false,
    ),
];

/// Fields about a person, a tenant, a lender or the platform: kind, field, document.
const OF_PEOPLE: &[(&str, &str, &str)] = &[
    (
        "query",
        "spendingLimits",
        "query { spendingLimits(borrower: \"ID\") { mode } }",
    ),
    (
        "query",
        "personalDataExport",
        "query { personalDataExport(subject: \"ID\") { subject document } }",
    ),
    ("query", "principal", "query { principal(id: \"ID\") { role } }"),
    (
        "mutation",
        "changeRole",
        "mutation { changeRole(idempotencyKey: \"KEY\", id: \"ID\", role: BORROWER, groups: [], reason: \"r\") { principal { role } refusals { code } } }",
    ),
];
const OF_TENANTS: &[(&str, &str, &str)] = &[
    ("query", "limitPolicy", "query { limitPolicy(tenant: \"ID\") { mode } }"),
    (
        "mutation",
        "setLimitPolicy",
        "mutation { setLimitPolicy(idempotencyKey: \"KEY\", tenant: \"ID\", mode: ADVISE, reason: \"r\") { policy { mode } refusals { code } } }",
    ),
];
const OF_LENDERS: &[(&str, &str, &str)] = &[
    ("query", "provider", "query { provider(id: \"ID\") { state } }"),
    ("query", "providers", "query { providers { state } }"),
    (
        "query",
        "conformanceReports",
        "query { conformanceReports(provider: \"ID\") { target } }",
    ),
    (
        "mutation",
        "submitConformanceReport",
        "mutation { submitConformanceReport(idempotencyKey: \"KEY\", provider: \"ID\", report: \"{}\") { report { id } refusals { code } } }",
    ),
    (
        "mutation",
        "suspendProvider",
        "mutation { suspendProvider(idempotencyKey: \"KEY\", id: \"ID\", reason: \"r\") { provider { state } refusals { code } } }",
    ),
    (
        "mutation",
        "resumeProvider",
        "mutation { resumeProvider(idempotencyKey: \"KEY\", id: \"ID\", reason: \"r\") { provider { state } refusals { code } } }",
    ),
    (
        "mutation",
        "changeProviderState",
        "mutation { changeProviderState(idempotencyKey: \"KEY\", id: \"ID\", state: CERTIFIED, reason: \"r\") { provider { state } refusals { code } } }",
    ),
    (
        "mutation",
        "setProviderLimits",
        "mutation { setProviderLimits(idempotencyKey: \"KEY\", id: \"ID\", limits: { maxConcurrent: 10, maxWaiting: 10, maxConcurrentMoney: 10, quotesPerSecond: 10, burst: 10 }, reason: \"r\") { provider { state } refusals { code } } }",
    ),
];
const OF_THE_PLATFORM: &[(&str, &str, &str)] = &[
    ("query", "assetPauses", "query { assetPauses { at } }"),
    ("query", "reconciliation", "query { reconciliation { at clean } }"),
    ("query", "riskModels", "query { riskModels { id } }"),
    ("query", "riskModel", "query { riskModel(id: \"ID\") { name } }"),
    ("query", "riskProposals", "query { riskProposals { id } }"),
    ("query", "riskDrift", "query { riskDrift { model } }"),
    (
        "mutation",
        "changeRiskModelState",
        "mutation { changeRiskModelState(idempotencyKey: \"KEY\", id: \"ID\", state: RETIRED, reason: \"r\") { model { id } refusals { code } } }",
    ),
    (
        "mutation",
        "proposeRiskModel",
        "mutation { proposeRiskModel(idempotencyKey: \"KEY\", input: { kind: PROMOTE, model: \"ID\", reason: \"r\" }) { proposal { id } refusals { code } } }",
    ),
];

/// Root fields whose objects are tried beside their use cases in the aggregator; here their roles alone are asked, with every other field.
pub const BY_ROLE: &[&str] = &[
    "apiClients",
    "assignCase",
    "auditAnchors",
    "auditCheckpoints",
    "auditConsistency",
    "auditEntries",
    "auditExport",
    "auditKey",
    "auditProof",
    "caseReports",
    "cases",
    "checkCase",
    "createApiClient",
    "createWebhookEndpoint",
    "decideCase",
    "decideRules",
    "decideVerification",
    "deleteWebhookEndpoint",
    "draftReport",
    "erasureRequests",
    "legalHolds",
    "lockableTokens",
    "notices",
    "obligations",
    "placeLegalHold",
    "proposeRules",
    "proposeVerification",
    "refreshScreening",
    "releaseLegalHold",
    "releaseReport",
    "replayWebhookDelivery",
    "requestErasure",
    "retentionPolicies",
    "revokeApiClient",
    "rotateApiClientSecret",
    "rotatePersonalKeys",
    "rotateWebhookSecret",
    "ruleChanges",
    "ruleDifferences",
    "rulePublication",
    "rulePublications",
    "rules",
    "screeningStatus",
    "sendTestWebhook",
    "startVerification",
    "updateWebhookEndpoint",
    "verificationLink",
    "verifications",
    "webhookDeliveries",
    "webhookEndpoints",
    "webhookEvents",
];

fn nothing(kind: Kind) -> String {
    encode(kind, Uuid::from_u128(0xFFFF_FFFF))
}

#[expect(clippy::too_many_lines, reason = "one list after the other")]
pub fn all(stage: &Stage) -> Vec<Probe> {
    let bank: ProviderId = BANK.parse().unwrap();
    let mut probes = Vec::new();
    // Cancelling and deciding change what other probes look at, so they come last.
    for &(kind, field, document, of, id, lender) in OF_OBJECTS {
        for objects in &stage.objects {
            let as_class = (field == "node").then_some(match of {
                Kind::Request => Class::Request,
                Kind::Quote => Class::Quote,
                Kind::Settlement => Class::Settlement,
                _ => Class::Loan,
            });
            probes.push(Probe {
                kind,
                field,
                document,
                id: id(objects).clone(),
                unknown: Some(nothing(of)),
                secret: encode(Kind::Principal, objects.borrower.0),
                as_class,
                facts: Facts {
                    tenant: Some(objects.tenant),
                    borrower: Some(objects.borrower),
                    provider: lender.then(|| bank.clone()),
                },
            });
        }
    }
    let plain = |(kind, field, document): (&'static str, &'static str, &'static str),
                 id: String,
                 unknown: Option<String>,
                 facts: Facts| Probe {
        kind,
        field,
        document,
        id,
        unknown,
        secret: String::new(),
        as_class: None,
        facts,
    };
    for entry in OF_PEOPLE {
        let borrowers = ["borrower", "second borrower", "foreign borrower"];
        let staff = [
            "officer of the tenant",
            "officer of another tenant",
            "admin",
            "admin of another tenant",
        ];
        let names: &[&str] = if ["spendingLimits", "personalDataExport"].contains(&entry.1) {
            &borrowers
        } else {
            &staff
        };
        for name in names {
            let person = stage.person(name);
            let facts = Facts {
                tenant: Some(person.principal.tenant),
                borrower: Some(person.principal.id),
                provider: None,
            };
            probes.push(plain(
                *entry,
                principal_id(person),
                Some(nothing(Kind::Principal)),
                facts,
            ));
        }
    }
    for entry in OF_TENANTS {
        for number in [1, 2] {
            let facts = Facts {
                tenant: Some(tenant(number)),
                ..Facts::default()
            };
            let id = encode(Kind::Tenant, tenant(number).0);
            probes.push(plain(*entry, id, Some(nothing(Kind::Tenant)), facts));
        }
    }
    for entry in OF_LENDERS {
        let facts = Facts {
            provider: Some(bank.clone()),
            ..Facts::default()
        };
        let unknown = (entry.1 != "providers").then(|| "no-such-lender".to_owned());
        probes.push(plain(*entry, BANK.to_owned(), unknown, facts));
    }
    for entry in OF_THE_PLATFORM {
        probes.push(plain(*entry, stage.model.clone(), None, Facts::default()));
    }
    probes.extend(special(stage));
    probes
}

/// Root fields whose object is the caller's own wish.
fn special(stage: &Stage) -> Vec<Probe> {
    let plain = |kind, field, document, id| Probe {
        kind,
        field,
        document,
        id,
        unknown: None,
        secret: String::new(),
        as_class: None,
        facts: Facts::default(),
    };
    vec![
        // An empty key does nothing; whom a caller may ask for is a test of its own.
        Probe {
            facts: Facts {
                tenant: Some(tenant(1)),
                borrower: Some(stage.objects[0].borrower),
                provider: None,
            },
            ..plain("mutation", "requestQuotes", REQUEST, String::new())
        },
        plain("query", "loans", "query { loans { totalCount } }", String::new()),
        Probe {
            unknown: Some(nothing(Kind::Case)),
            ..plain(
                "query",
                "case",
                "query { case(id: \"ID\") { subject evidence } }",
                stage.case.clone(),
            )
        },
        plain(
            "query",
            "ruleReplay",
            "query { ruleReplay(request: \"ID\") { same } }",
            stage.objects[2].request.clone(),
        ),
        plain(
            "query",
            "quoteRequests",
            "query { quoteRequests { pageInfo { hasNextPage } } }",
            String::new(),
        ),
        plain(
            "query",
            "offers",
            "query { offers { pageInfo { hasNextPage } } }",
            String::new(),
        ),
        plain("query", "riskReviews", "query { riskReviews { id } }", String::new()),
        plain(
            "mutation",
            "decideRiskProposal",
            "mutation { decideRiskProposal(idempotencyKey: \"KEY\", id: \"ID\", approve: false, reason: \"r\") { proposal { id } refusals { code } } }",
            nothing(Kind::Proposal),
        ),
    ]
}

const REQUEST: &str = "mutation { requestQuotes(idempotencyKey: \"\", input: { amount: { amount: \"1.00\", currency: \"USD\" }, term: { count: 1, unit: MONTH }, purpose: OTHER, country: \"US\", applicant: { fullName: \"A\", monthlyIncome: { amount: \"1.00\", currency: \"USD\" }, monthlyHousingCost: { amount: \"1.00\", currency: \"USD\" }, monthlyDebtPayments: { amount: \"1.00\", currency: \"USD\" }, employment: EMPLOYED, employmentMonths: 1, residenceMonths: 1, inquiries6m: 1 } }) { request { id } refusals { code } } }";
