//! The GraphQL schema. Resolvers parse, call one use case and convert back.

use async_graphql::{Error as GqlError, ErrorExtensions, MergedObject, Schema, SchemaBuilder};

use crate::problem;

pub mod audit;
pub mod cases;
mod cases_root;
pub mod conformance;
pub mod direct;
pub mod fraud;
pub mod input;
pub mod kyc;
pub mod lists;
pub mod loan;
mod mutation;
pub mod operator;
pub mod page;
pub mod principal;
pub mod privacy;
pub mod program;
pub mod provider;
mod query;
pub mod quote;
pub mod request;
pub mod risk;
mod risk_root;
pub mod rules;
pub mod screening;
mod subscription;
pub mod value;
pub mod webhook;
mod webhook_root;

pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;

/// Deepest query; the standard introspection query needs 15.
const MAX_DEPTH: usize = 16;
/// Most fields of one query, aliases and list sizes counted.
const MAX_COMPLEXITY: usize = 32_000;
/// Most directives on one field.
const MAX_DIRECTIVES: usize = 8;

/// All reads.
#[derive(MergedObject, Debug)]
#[graphql(name = "Query")]
pub struct Reads(
    Query,
    risk_root::RiskQuery,
    rules::RulesQuery,
    privacy::PrivacyQuery,
    kyc::KycQuery,
    principal::PrincipalQuery,
    audit::AuditQuery,
    cases_root::CaseQuery,
    screening::ScreeningQuery,
    lists::ListQuery,
    program::ProgramQuery,
    webhook_root::WebhookQuery,
);

/// All writes.
#[derive(MergedObject, Debug)]
#[graphql(name = "Mutation")]
pub struct Writes(
    Mutation,
    risk_root::RiskMutation,
    rules::RulesMutation,
    privacy::PrivacyMutation,
    kyc::KycMutation,
    principal::PrincipalMutation,
    cases_root::CaseMutation,
    screening::ScreeningMutation,
    conformance::ConformanceMutation,
    program::ProgramMutation,
    webhook_root::WebhookMutation,
);

/// The schema with its limits.
pub type UsanceSchema = Schema<Reads, Writes, Subscription>;

/// The schema before its execution mode is chosen.
pub fn builder(introspection: bool) -> SchemaBuilder<Reads, Writes, Subscription> {
    let reads = Reads(
        Query,
        risk_root::RiskQuery,
        rules::RulesQuery,
        privacy::PrivacyQuery,
        kyc::KycQuery,
        principal::PrincipalQuery,
        audit::AuditQuery,
        cases_root::CaseQuery,
        screening::ScreeningQuery,
        lists::ListQuery,
        program::ProgramQuery,
        webhook_root::WebhookQuery,
    );
    let writes = Writes(
        Mutation,
        risk_root::RiskMutation,
        rules::RulesMutation,
        privacy::PrivacyMutation,
        kyc::KycMutation,
        principal::PrincipalMutation,
        cases_root::CaseMutation,
        screening::ScreeningMutation,
        conformance::ConformanceMutation,
        program::ProgramMutation,
        webhook_root::WebhookMutation,
    );
    let builder = Schema::build(reads, writes, Subscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .limit_directives(MAX_DIRECTIVES)
        .limit_recursive_depth(MAX_DEPTH * 2);
    if introspection {
        builder
    } else {
        builder.disable_introspection().disable_suggestions()
    }
}

/// The schema in its definition language.
pub fn sdl() -> String {
    let mut text = builder(true).finish().sdl();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// An error of a use case as a GraphQL error with a stable code.
pub(crate) fn fail(error: aggregator::Error) -> GqlError {
    let problem = problem::Problem::from(error);
    let message = problem.detail.clone().unwrap_or_else(|| problem.title.to_owned());
    let field = problem.errors.first().map(|e| e.pointer.clone());
    GqlError::new(message).extend_with(|_, extensions| {
        extensions.set("code", problem.code.clone());
        if let Some(field) = field {
            extensions.set("field", field);
        }
    })
}

/// The caller of this operation, or an UNAUTHORIZED error.
pub(crate) fn caller<'a>(ctx: &'a async_graphql::Context<'_>) -> Result<&'a domain::Principal, GqlError> {
    ctx.data_opt::<domain::Principal>().ok_or_else(|| {
        GqlError::new("A valid access token is needed.").extend_with(|_, e| e.set("code", "UNAUTHORIZED"))
    })
}

/// The interface of this operation.
pub(crate) fn api<'a>(ctx: &'a async_graphql::Context<'_>) -> Result<&'a crate::Api, GqlError> {
    ctx.data::<crate::Api>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_and_document_are_current() {
        assert!(
            super::sdl() == include_str!("../../schema.graphql"),
            "graphql/schema.graphql is stale: run `make gen`"
        );
        let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        assert!(
            document == crate::openapi::document(),
            "graphql/openapi.json is stale: run `make gen`"
        );
    }
}
