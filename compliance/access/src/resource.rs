//! What is acted upon: a class of objects, and the facts about one object that conditions look at.

use domain::ids::{PrincipalId, ProviderId, TenantId};

/// A class of objects. Fields of one object that not every reader of it may see form a class of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A request for quotes.
    Request,
    /// A quote.
    Quote,
    /// A settlement.
    Settlement,
    /// What only the borrower's side needs of a settlement or loan: transactions for their wallet, typed data to sign, the
    /// lender's page where they act.
    WalletCalls,
    /// A loan with its schedule.
    Loan,
    /// A repayment.
    Repayment,
    /// A lender of the registry: state, limits, configuration, health.
    Lender,
    /// An asset whose breaker tripped.
    AssetPause,
    /// Fraud checks of a request: rules, weights, typologies.
    FraudCheck,
    /// Outcome and reasons of a decision about risk.
    RiskDecision,
    /// The rest of it: score, facts, models.
    RiskInside,
    /// A decision that a person has to look at.
    Review,
    /// A model of risk in the registry.
    RiskModel,
    /// A proposal about a model.
    ModelProposal,
    /// What a borrower may owe.
    SpendingLimit,
    /// How the limits of a tenant bind.
    LimitPolicy,
    /// Drift of models.
    Drift,
    /// Identity verification of a person.
    Verification,
    /// A screening with its hits.
    Screening,
    /// A case about a hit or an alert.
    Case,
    /// A suspicious activity report, its existence included (31 USC 5318(g)(2)).
    Sar,
    /// Any other report to an authority.
    Filing,
    /// A version of a legal rule.
    RuleVersion,
    /// A sanctions list in use.
    ScreeningList,
    /// A disclosure or notice to a borrower.
    Document,
    /// Personal data in clear.
    PersonalData,
    /// A legal hold.
    LegalHold,
    /// The erasure of a person's data.
    Erasure,
    /// The export of a person's data.
    Export,
    /// The audit trail and its proofs: no personal data.
    AuditTrail,
    /// A principal with its role.
    Principal,
    /// An API client of an integrator or a lender.
    ApiClient,
    /// An endpoint of webhooks with its deliveries.
    Webhook,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 33] = [
        Self::Request,
        Self::Quote,
        Self::Settlement,
        Self::WalletCalls,
        Self::Loan,
        Self::Repayment,
        Self::Lender,
        Self::AssetPause,
        Self::FraudCheck,
        Self::RiskDecision,
        Self::RiskInside,
        Self::Review,
        Self::RiskModel,
        Self::ModelProposal,
        Self::SpendingLimit,
        Self::LimitPolicy,
        Self::Drift,
        Self::Verification,
        Self::Screening,
        Self::Case,
        Self::Sar,
        Self::Filing,
        Self::RuleVersion,
        Self::ScreeningList,
        Self::Document,
        Self::PersonalData,
        Self::LegalHold,
        Self::Erasure,
        Self::Export,
        Self::AuditTrail,
        Self::Principal,
        Self::ApiClient,
        Self::Webhook,
    ];

    /// The name in logs and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Quote => "quote",
            Self::Settlement => "settlement",
            Self::WalletCalls => "wallet_calls",
            Self::Loan => "loan",
            Self::Repayment => "repayment",
            Self::Lender => "lender",
            Self::AssetPause => "asset_pause",
            Self::FraudCheck => "fraud_check",
            Self::RiskDecision => "risk_decision",
            Self::RiskInside => "risk_inside",
            Self::Review => "review",
            Self::RiskModel => "risk_model",
            Self::ModelProposal => "model_proposal",
            Self::SpendingLimit => "spending_limit",
            Self::LimitPolicy => "limit_policy",
            Self::Drift => "drift",
            Self::Verification => "verification",
            Self::Screening => "screening",
            Self::Case => "case",
            Self::Sar => "sar",
            Self::Filing => "filing",
            Self::RuleVersion => "rule_version",
            Self::ScreeningList => "screening_list",
            Self::Document => "document",
            Self::PersonalData => "personal_data",
            Self::LegalHold => "legal_hold",
            Self::Erasure => "erasure",
            Self::Export => "export",
            Self::AuditTrail => "audit_trail",
            Self::Principal => "principal",
            Self::ApiClient => "api_client",
            Self::Webhook => "webhook",
        }
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Looks at it.
    Read,
    /// Makes it.
    Create,
    /// Accepts a quote.
    Accept,
    /// Hands in a signature.
    Sign,
    /// Withdraws it.
    Cancel,
    /// Reports that it happened outside.
    Record,
    /// Changes it.
    Change,
    /// Stops it for now.
    Suspend,
    /// Takes it up again.
    Resume,
    /// Proposes what another one approves.
    Propose,
    /// Approves what another one made.
    Approve,
    /// Says no to what was proposed.
    Reject,
    /// Decides a review, a case or a hit.
    Decide,
    /// Makes a stored decision again.
    Replay,
    /// Opens personal data in clear.
    Reveal,
    /// Lets it leave the house.
    Release,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::Create,
        Self::Accept,
        Self::Sign,
        Self::Cancel,
        Self::Record,
        Self::Change,
        Self::Suspend,
        Self::Resume,
        Self::Propose,
        Self::Approve,
        Self::Reject,
        Self::Decide,
        Self::Replay,
        Self::Reveal,
        Self::Release,
    ];

    /// The name in logs and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Accept => "accept",
            Self::Sign => "sign",
            Self::Cancel => "cancel",
            Self::Record => "record",
            Self::Change => "change",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Propose => "propose",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Decide => "decide",
            Self::Replay => "replay",
            Self::Reveal => "reveal",
            Self::Release => "release",
        }
    }
}

/// Why personal data is opened. Stated by the caller, kept in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The person asked for their own data.
    OwnData,
    /// To work on a case.
    Case,
    /// To verify an identity.
    Verification,
    /// A report that the law asks for.
    LegalReport,
}

/// How much is at stake. The amounts are configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// Up to the configured amount.
    Standard,
    /// Above it.
    Large,
}

/// What is known of the object. A condition over a fact that is missing does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its class.
    pub class: Class,
    /// Whose data it is; none for what belongs to the platform.
    pub tenant: Option<TenantId>,
    /// The person whom it is about.
    pub borrower: Option<PrincipalId>,
    /// The lender whom it is with.
    pub provider: Option<&'a ProviderId>,
    /// Who made, proposed or raised it.
    pub maker: Option<PrincipalId>,
    /// Who works on it.
    pub assignee: Option<PrincipalId>,
    /// How much is at stake.
    pub band: Option<Band>,
    /// Why it is looked at.
    pub purpose: Option<Purpose>,
}

impl<'a> Resource<'a> {
    /// Something of that class of which nothing else is known: it belongs to the platform.
    pub const fn platform(class: Class) -> Self {
        Self {
            class,
            tenant: None,
            borrower: None,
            provider: None,
            maker: None,
            assignee: None,
            band: None,
            purpose: None,
        }
    }

    /// An object of a tenant.
    pub const fn of_tenant(class: Class, tenant: TenantId) -> Self {
        Self {
            tenant: Some(tenant),
            ..Self::platform(class)
        }
    }

    /// An object about a borrower of a tenant.
    pub const fn about(class: Class, tenant: TenantId, borrower: PrincipalId) -> Self {
        Self {
            tenant: Some(tenant),
            borrower: Some(borrower),
            ..Self::platform(class)
        }
    }

    /// The same, with that lender.
    #[must_use]
    pub const fn with(self, provider: Option<&'a ProviderId>) -> Self {
        Self { provider, ..self }
    }

    /// The same, made by that principal.
    #[must_use]
    pub const fn made_by(self, maker: PrincipalId) -> Self {
        Self {
            maker: Some(maker),
            ..self
        }
    }

    /// The same, assigned to that principal or to nobody.
    #[must_use]
    pub const fn assigned_to(self, assignee: Option<PrincipalId>) -> Self {
        Self { assignee, ..self }
    }

    /// The same, with so much at stake.
    #[must_use]
    pub const fn at_stake(self, band: Band) -> Self {
        Self {
            band: Some(band),
            ..self
        }
    }

    /// The same, looked at for that purpose.
    #[must_use]
    pub const fn for_purpose(self, purpose: Purpose) -> Self {
        Self {
            purpose: Some(purpose),
            ..self
        }
    }

    /// The same facts as another class: a part of the object.
    #[must_use]
    pub const fn as_class(self, class: Class) -> Self {
        Self { class, ..self }
    }
}
