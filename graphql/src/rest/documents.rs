//! The documents behind the REST routes. A test parses and validates each against the schema.

/// A document, where its payload stands in the data, and which field of the payload is the answer.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The document.
    pub text: &'static str,
    /// JSON pointer of the payload.
    pub root: &'static str,
    /// JSON pointer of the answer, from the payload.
    pub field: &'static str,
}

macro_rules! money {
    () => {
        "{ amount minor currency }"
    };
}
macro_rules! units {
    () => {
        "{ units decimals symbol }"
    };
}
macro_rules! rate {
    () => {
        "{ percent ppm }"
    };
}
macro_rules! quote {
    () => {
        concat!(
            "{ id position provider product binding validUntil digest principal ",
            money!(),
            " netDisbursed ",
            money!(),
            " nominalRate ",
            rate!(),
            " verifiedApr ",
            rate!(),
            " convention usApr ",
            rate!(),
            " euAprc ",
            rate!(),
            " inApr ",
            rate!(),
            " declaredApr ",
            rate!(),
            " declaredConvention totalOfPayments ",
            money!(),
            " financeCharge ",
            money!(),
            " largestPayment ",
            money!(),
            " flags scenarios { kind totalCost ",
            money!(),
            " apr ",
            rate!(),
            " liquidated } fees { code payee amount ",
            money!(),
            " timing mandatory } schedule { due principal ",
            money!(),
            " interest ",
            money!(),
            " fees ",
            money!(),
            " total ",
            money!(),
            " } collateral { units symbol decimals token chainId } loanToValue ",
            rate!(),
            " chainId venue { chainId name debt { units symbol decimals token chainId } collateral { units symbol decimals token chainId }",
            " gasEstimate router } }"
        )
    };
}
macro_rules! request {
    () => {
        concat!(
            "{ id state amount ",
            money!(),
            " term { count unit } rankBy createdAt deadlineAt",
            " lenders { provider waiting answeredMs quotes } losers { provider kind reasons { code text } }",
            " refusal { code text } refinances }"
        )
    };
}
macro_rules! call {
    () => {
        "{ title chainId to data value gasLimit }"
    };
}
macro_rules! settlement {
    () => {
        concat!(
            "{ id state provider quote { id } loan { id state } approvals ",
            call!(),
            " typedData calls ",
            call!(),
            " txHash confirmations confirmationsNeeded failure { code text } handoff { title url } createdAt }"
        )
    };
}
macro_rules! installment {
    () => {
        concat!(
            "{ number due principal ",
            units!(),
            " interest ",
            units!(),
            " fees ",
            units!(),
            " total ",
            units!(),
            " paid ",
            units!(),
            " }"
        )
    };
}
macro_rules! loan {
    () => {
        concat!(
            "{ id state provider principal ",
            units!(),
            " outstanding ",
            units!(),
            " nextDue ",
            installment!(),
            " chainId onchainId startedAt closedAt endedBy shortfall ",
            units!(),
            " refinances { id } refinancedBy { id } settlement { id state } }"
        )
    };
}
macro_rules! repayment {
    () => {
        concat!(
            "{ id channel amount ",
            units!(),
            " lateFee ",
            units!(),
            " interest ",
            units!(),
            " principal ",
            units!(),
            " evidence paidAt }"
        )
    };
}
macro_rules! provider {
    () => {
        concat!(
            "{ id name kind state version revision suspension { by cause probationAt } limits ",
            "{ maxConcurrent maxWaiting maxConcurrentMoney quotesPerSecond burst } configSha256 configured reason changedBy",
            " changedAt createdAt health(minutes: $minutes) { minutes calls errors results { result count } p50Ms p99Ms quotes",
            " misdeclared accepted aprGapMedianPpm aprGapWorstPpm acceptCalls acceptFailures lastGood } }"
        )
    };
}
macro_rules! refusals {
    () => {
        "refusals { code message field }"
    };
}

macro_rules! documents {
    ($($name:ident ($root:literal, $field:literal) = [$($text:expr),+ $(,)?];)+) => {
        $(
            pub const $name: Named = Named { text: concat!($($text),+), root: $root, field: $field };
        )+
        #[cfg(test)]
        pub const ALL: &[(&str, Named)] = &[$((stringify!($name), $name)),+];
    };
}

pub(super) use {documents, money, refusals};

documents! {
    REQUEST_QUOTES ("/requestQuotes", "/request") = [
        "mutation($key: String!, $input: RequestQuotesInput!) { requestQuotes(idempotencyKey: $key, input: $input) { request ",
        request!(), refusals!(), " } }",
    ];
    QUOTE_REQUEST ("/quoteRequest", "") = ["query($id: ID!) { quoteRequest(id: $id) ", request!(), " }"];
    QUOTES ("/quoteRequest", "/quotes") = [
        "query($id: ID!, $first: Int, $after: String) { quoteRequest(id: $id) { quotes(first: $first, after: $after) { nodes ",
        quote!(), " pageInfo { hasNextPage endCursor } totalCount } } }",
    ];
    QUOTE ("/quote", "") = ["query($id: ID!) { quote(id: $id) ", quote!(), " }"];
    ACCEPT ("/acceptQuote", "/settlement") = [
        "mutation($key: String!, $input: AcceptQuoteInput!) { acceptQuote(idempotencyKey: $key, input: $input) { settlement ",
        settlement!(), refusals!(), " } }",
    ];
    SETTLEMENT ("/settlement", "") = ["query($id: ID!) { settlement(id: $id) ", settlement!(), " }"];
    SIGN ("/submitSignature", "/settlement") = [
        "mutation($key: String!, $id: ID!, $signature: String!) { submitSignature(idempotencyKey: $key, settlementId: $id,",
        " signature: $signature) { settlement ", settlement!(), refusals!(), " } }",
    ];
    CANCEL ("/cancelSettlement", "/settlement") = [
        "mutation($key: String!, $id: ID!) { cancelSettlement(idempotencyKey: $key, settlementId: $id) { settlement ",
        settlement!(), refusals!(), " } }",
    ];
    LOANS ("/loans", "") = [
        "query($first: Int, $after: String) { loans(first: $first, after: $after) { edges { cursor node ", loan!(),
        " } pageInfo { hasNextPage endCursor } totalCount } }",
    ];
    LOAN ("/loan", "") = ["query($id: ID!) { loan(id: $id) ", loan!(), " }"];
    SCHEDULE ("/loan", "/schedule") = ["query($id: ID!) { loan(id: $id) { schedule ", installment!(), " } }"];
    REPAYMENTS ("/loan", "/repayments") = ["query($id: ID!) { loan(id: $id) { repayments ", repayment!(), " } }"];
    RECORD_REPAYMENT ("/recordRepayment", "/repayment") = [
        "mutation($key: String!, $input: RecordRepaymentInput!) { recordRepayment(idempotencyKey: $key, input: $input) { repayment ",
        repayment!(), refusals!(), " } }",
    ];
    PAYOFF_QUOTE ("/loan", "/payoffQuote") = [
        "query($id: ID!, $at: DateTime) { loan(id: $id) { payoffQuote(at: $at) { at amount ", units!(), " calls ", call!(),
        " } } }",
    ];
    REPAYMENT_CALLS ("/loan", "/repaymentCalls") = [
        "query($id: ID!, $amount: RepayChoice!, $units: String) { loan(id: $id) { repaymentCalls(amount: $amount, units: $units) ", call!(), " } }",
    ];
    COLLATERAL ("/loan", "/collateral") = [
        "query($id: ID!) { loan(id: $id) { collateral { held { units symbol decimals token chainId } ltvBps liquidationLtvBps late",
        " } } }",
    ];
    ADD_COLLATERAL_CALLS ("/loan", "/addCollateralCalls") = [
        "query($id: ID!, $units: String!) { loan(id: $id) { addCollateralCalls(amount: $units) ", call!(), " } }",
    ];
    WITHDRAW_COLLATERAL_CALLS ("/loan", "/withdrawCollateralCalls") = [
        "query($id: ID!, $units: String, $to: String) { loan(id: $id) { withdrawCollateralCalls(amount: $units, to: $to) ",
        call!(), " } }",
    ];
    ASSET_PAUSES ("", "/assetPauses") = ["query { assetPauses { chainId asset used refused cap txHash at } }"];
    PROVIDERS ("", "/providers") = ["query($minutes: Int) { providers ", provider!(), " }"];
    PROVIDER ("/provider", "") = ["query($id: ID!, $minutes: Int) { provider(id: $id) ", provider!(), " }"];
    PROVIDER_HISTORY ("/provider", "/history") = [
        "query($id: ID!, $first: Int) { provider(id: $id) { history(first: $first) ",
        "{ revision kind from to version reason by at } } }",
    ];
    PROVIDER_VERSIONS ("/provider", "/versions") = [
        "query($id: ID!, $first: Int) { provider(id: $id) { versions(first: $first) { number config configSha256 limits ",
        "{ maxConcurrent maxWaiting maxConcurrentMoney quotesPerSecond burst } by at } } }",
    ];
    SUSPEND_PROVIDER ("/suspendProvider", "/provider") = [
        "mutation($key: String!, $id: ID!, $reason: String!, $minutes: Int) { suspendProvider(idempotencyKey: $key, id: $id,",
        " reason: $reason) { provider ", provider!(), refusals!(), " } }",
    ];
    RESUME_PROVIDER ("/resumeProvider", "/provider") = [
        "mutation($key: String!, $id: ID!, $reason: String!, $minutes: Int) { resumeProvider(idempotencyKey: $key, id: $id,",
        " reason: $reason) { provider ", provider!(), refusals!(), " } }",
    ];
    CHANGE_PROVIDER_STATE ("/changeProviderState", "/provider") = [
        "mutation($key: String!, $id: ID!, $state: ProviderStatus!, $reason: String!, $minutes: Int) ",
        "{ changeProviderState(idempotencyKey: $key, id: $id, state: $state, reason: $reason) { provider ", provider!(),
        refusals!(), " } }",
    ];
    SET_PROVIDER_LIMITS ("/setProviderLimits", "/provider") = [
        "mutation($key: String!, $id: ID!, $limits: ProviderLimitsInput!, $reason: String!, $minutes: Int) ",
        "{ setProviderLimits(idempotencyKey: $key, id: $id, limits: $limits, reason: $reason) { provider ", provider!(),
        refusals!(), " } }",
    ];
    EVENTS ("/quoteUpdates", "") = [
        "subscription($id: ID!) { quoteUpdates(requestId: $id) { __typename ... on Quote ", quote!(),
        " ... on Loser { provider kind reasons { code text } } ... on QuoteRequest ", request!(), " } }",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::Request;

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL.iter().filter(|(name, _)| *name != "EVENTS") {
            let variables = serde_json::json!({
                "id": "x", "key": "k", "signature": "0x", "amount": "PAYOFF", "units": "1", "input": input_of(name),
                "reason": "r", "state": "LIVE", "minutes": 60, "first": 100, "limits": {
                    "maxConcurrent": 1, "maxWaiting": 1, "maxConcurrentMoney": 1, "quotesPerSecond": 1, "burst": 1,
                },
            });
            let declared = declared(document.text);
            let given = variables
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| declared.contains(&format!("${key}:")));
            let given = serde_json::Value::Object(given.map(|(k, v)| (k.clone(), v.clone())).collect());
            let request = Request::new(document.text).variables(async_graphql::Variables::from_json(given));
            let response = schema.execute(request).await;
            let executed = response.errors.iter().all(|error| !error.path.is_empty());
            assert!(executed, "{name}: {:?}", response.errors);
            assert!(!response.errors.is_empty(), "{name} ran without a caller");
        }
    }

    fn declared(text: &str) -> String {
        text.split(')').next().unwrap_or_default().to_owned()
    }

    fn input_of(name: &str) -> serde_json::Value {
        let money = serde_json::json!({ "amount": "1.00", "currency": "USD" });
        match name {
            "REQUEST_QUOTES" => serde_json::json!({
                "amount": money, "term": { "count": 1, "unit": "MONTH" }, "purpose": "OTHER", "country": "US",
                "applicant": {
                    "fullName": "A", "monthlyIncome": money, "monthlyHousingCost": money, "monthlyDebtPayments": money,
                    "employment": "EMPLOYED", "employmentMonths": 1, "residenceMonths": 1, "inquiries6m": 1,
                },
            }),
            "ACCEPT" => serde_json::json!({ "quoteId": "x", "digest": "0x" }),
            _ => serde_json::json!({
                "loanId": "x", "amount": money, "paidAt": "2026-01-01T00:00:00Z", "evidence": "e",
            }),
        }
    }
}
