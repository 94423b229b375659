//! The journey as it should go.

use domain::Rate;
use domain::offer::{AprConvention, Binding, FeeTiming, Payee};
use sandbox::fis12::Fault;
use sdk::{Answer, Lender as _, LenderError, LenderStatus, validate_answer};
use uuid::Uuid;

use super::{Stage, inr, order, request};

fn settlement(number: u128) -> domain::SettlementId {
    domain::SettlementId(Uuid::from_u128(number))
}

#[tokio::test]
async fn an_order_of_the_network_becomes_a_canonical_offer() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    assert_eq!(offers.len(), 2, "the item that is too small is not asked for");
    let offer = &offers[0];
    assert_eq!(offer.amounts.offered, inr(20_000_000));
    assert_eq!(offer.amounts.net_disbursed, inr(19_770_000));
    assert_eq!(offer.binding, Binding::Prequalified);
    assert_eq!(offer.valid_until - offer.issued_at, chrono::TimeDelta::days(15));
    assert_eq!(offer.rate.nominal, Rate::from_percent(12));
    let dues: Vec<String> = offer.repayment.schedule.iter().map(|p| p.due.to_string()).collect();
    assert_eq!(
        dues,
        ["2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31"]
    );
    assert!(offer.repayment.schedule.iter().all(|p| p.total == inr(4_120_796)));
    assert_eq!(offer.repayment.prepayment_charge, Rate::from_ppm(47_200));
    assert_eq!(offer.repayment.late.penal_rate, Rate::from_percent(24));
    assert_eq!(offer.repayment.cooling_off_days, 3);
    // What the lender declares is passed on as it stands; ours is computed elsewhere.
    assert_eq!(offer.declared.apr, Rate::from_percent(5));
    assert_eq!(offer.declared.convention, AprConvention::IndiaNominal);
    let fees: Vec<_> = offer
        .fees
        .iter()
        .map(|f| (f.code.as_str(), f.payee, f.amount.minor))
        .collect();
    assert_eq!(
        fees,
        [
            ("processing", Payee::Provider, 180_000),
            ("insurance", Payee::ThirdParty, 50_000)
        ]
    );
    assert!(offer.fees.iter().all(|fee| fee.timing == FeeTiming::UpfrontDeducted));
    validate_answer(
        &Answer::Offers(offers),
        &request(),
        "2026-03-01T12:00:00Z".parse().unwrap(),
    )
    .unwrap();
}

#[tokio::test]
async fn without_a_calendar_the_installments_are_dated_from_today_and_the_last_one_takes_the_rest() {
    let stage = Stage::new().await;
    stage.bank.fails("select", Fault::Rate("41208 INR"));
    let offers = stage.offers().await;
    let schedule = &offers[0].repayment.schedule;
    let paid: Vec<_> = schedule.iter().map(|p| (p.due.to_string(), p.total.minor)).collect();
    assert_eq!(paid[0], ("2026-04-01".to_owned(), 4_120_800));
    assert_eq!(paid[4], ("2026-08-01".to_owned(), 4_120_780));
    stage.bank.fails("select", Fault::Rate("46360 INR"));
    let refused = stage.quote().await;
    assert!(
        matches!(&refused, Err(LenderError::Malformed { field, .. }) if field.ends_with("INSTALLMENT_AMOUNT")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_loan_is_accepted_confirmed_and_paid_out_once() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    let receipt = stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    assert_eq!(
        (receipt.loan_ref.as_str(), &receipt.status),
        ("LOAN-77", &LenderStatus::Accepted)
    );
    // The first item was not the last one selected: the lender must have it in hand again.
    let chosen = |name: &str, at: usize| stage.bank.heard(name)[at]["message"]["order"]["items"][0]["id"].clone();
    assert_eq!(
        (chosen("select", 2), chosen("init", 0)),
        ("loan-a".into(), "loan-a".into())
    );
    assert_eq!(stage.lender.accept(&order(&offers[0], 7)).await.unwrap(), receipt);
    assert_eq!(stage.confirmed(), 1);
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
    stage.bank.books().disbursed = true;
    let paid = stage.lender.status(settlement(7)).await.unwrap();
    let LenderStatus::Disbursed { amount, evidence, .. } = &paid else {
        panic!("{paid:?}")
    };
    assert_eq!((*amount, evidence.as_str()), (inr(19_770_000), "UTR-4711"));
    assert_eq!(stage.lender.status(settlement(8)).await.unwrap(), LenderStatus::Unknown);
    assert_eq!(stage.confirmed(), 1);
}

#[tokio::test]
async fn an_offer_is_taken_by_one_settlement_on_its_own_terms() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    let mut more = order(&offers[0], 7);
    more.net_disbursed = inr(19_770_001);
    assert!(matches!(stage.lender.accept(&more).await, Err(LenderError::Refused(_))));
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    assert!(matches!(
        stage.lender.accept(&order(&offers[0], 8)).await,
        Err(LenderError::Refused(_))
    ));
    assert!(matches!(
        stage.lender.accept(&order(&offers[1], 7)).await,
        Err(LenderError::Refused(_))
    ));
    assert_eq!(stage.confirmed(), 1);
}

#[tokio::test]
async fn a_form_before_the_price_is_handed_over_and_the_question_goes_on_after_it() {
    let stage = Stage::new().await;
    stage.bank.asks_for("search", "PERSONAL_INFORMATION");
    let declined = stage.quote().await.unwrap();
    let Answer::Declined(reasons) = declined else {
        panic!("an offer without the form")
    };
    assert_eq!(reasons[0].code, "LENDER_FORM_NEEDED");
    let (transaction, form) = stage.lender.form_of_request(&request()).await.unwrap().unwrap();
    assert_eq!(form.id, "PERSONAL_INFORMATION");
    assert!(form.url.ends_with("/PERSONAL_INFORMATION?lang=en"));
    assert!(reasons[0].text.ends_with(&form.url), "the borrower is shown the link");
    // Asking again changes nothing, and asks the lender nothing.
    assert!(matches!(stage.quote().await.unwrap(), Answer::Declined(_)));
    assert_eq!(stage.bank.heard("search").len(), 1);
    stage
        .lender
        .form_sent(&form.id, &transaction, "RECEIPT-1")
        .await
        .unwrap();
    assert_eq!(stage.offers().await.len(), 2);
    let response = &stage.bank.heard("select")[0]["message"]["order"]["items"][0]["xinput"];
    assert_eq!(response["form_response"]["submission_id"], "RECEIPT-1");
    assert_eq!(stage.bank.heard("search").len(), 1);
}

#[tokio::test]
async fn forms_after_the_acceptance_hold_the_loan_until_each_is_sent() {
    let mut stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.bank.asks_for("init", "KYC");
    stage.bank.asks_for("init", "EMANDATE");
    let receipt = stage.lender.accept(&order(&offers[1], 7)).await.unwrap();
    assert_eq!((receipt.status, stage.confirmed()), (LenderStatus::Accepted, 0));
    for (step, title) in ["KYC", "EMANDATE"].into_iter().enumerate() {
        let form = stage.lender.form_of_settlement(settlement(7)).await.unwrap().unwrap();
        assert_eq!(form.title.as_deref(), Some(title));
        assert_eq!(
            stage.lender.status(settlement(7)).await.unwrap(),
            LenderStatus::Accepted
        );
        assert_eq!(
            stage.bank.heard("init").len(),
            step + 1,
            "nothing moves without the form"
        );
        stage.restart();
        let transaction = receipt.loan_ref.clone();
        stage
            .lender
            .form_sent(&form.id, &transaction, &format!("R-{step}"))
            .await
            .unwrap();
        assert_eq!(
            stage.lender.status(settlement(7)).await.unwrap(),
            LenderStatus::Accepted
        );
    }
    assert_eq!(stage.confirmed(), 1);
    assert_eq!(stage.lender.form_of_settlement(settlement(7)).await.unwrap(), None);
}

#[tokio::test]
async fn a_loan_that_was_not_paid_out_can_be_withdrawn() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    assert_eq!(
        stage.lender.cancel(settlement(7)).await.unwrap(),
        LenderStatus::Cancelled
    );
    assert_eq!(stage.bank.heard("cancel")[0]["message"]["order_id"], "LOAN-77");
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Cancelled
    );
    assert_eq!(stage.lender.cancel(settlement(9)).await.unwrap(), LenderStatus::Unknown);
}

#[tokio::test]
async fn before_the_confirmation_a_withdrawal_binds_nobody() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.bank.asks_for("init", "KYC");
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    assert_eq!(
        stage.lender.cancel(settlement(7)).await.unwrap(),
        LenderStatus::Cancelled
    );
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Cancelled
    );
    assert_eq!((stage.confirmed(), stage.bank.heard("cancel").len()), (0, 0));
}

#[tokio::test]
async fn a_loan_that_was_paid_out_cannot_be_withdrawn() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    stage.bank.books().disbursed = true;
    let status = stage.lender.cancel(settlement(7)).await.unwrap();
    assert!(matches!(status, LenderStatus::Disbursed { .. }));
    assert!(stage.bank.heard("cancel").is_empty());
}

#[tokio::test]
async fn nothing_of_the_person_leaves_before_the_person_hands_it_over() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    let said = format!("{:?}", stage.bank.books().heard);
    assert!(!said.contains("Asha") && !said.contains("77777"));
}

#[tokio::test]
async fn a_restart_between_price_and_acceptance_loses_nothing() {
    let mut stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.restart();
    let receipt = stage.lender.accept(&order(&offers[1], 7)).await.unwrap();
    stage.restart();
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
    assert_eq!(stage.lender.accept(&order(&offers[1], 7)).await.unwrap(), receipt);
    assert_eq!(stage.confirmed(), 1);
    stage.bank.fails("status", Fault::Nack("31001"));
    assert!(matches!(
        stage.lender.status(settlement(7)).await,
        Err(LenderError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_form_sent_on_the_lenders_own_page_needs_no_word_of_ours() {
    let mut stage = Stage::new().await;
    stage.bank.asks_for("search", "PERSONAL_INFORMATION");
    stage.bank.asks_for("init", "KYC");
    assert!(matches!(stage.quote().await.unwrap(), Answer::Declined(_)));
    let (transaction, form) = stage.lender.form_of_request(&request()).await.unwrap().unwrap();
    stage.bank.borrower_sends(&transaction, &form.id).await;
    stage.restart();
    let offers = stage.offers().await;
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    let form = stage.lender.form_of_settlement(settlement(7)).await.unwrap().unwrap();
    assert_eq!((form.id.as_str(), stage.confirmed()), ("KYC", 0));
    stage.bank.borrower_sends(&transaction, "KYC").await;
    assert_eq!(stage.bank.last_reply("on_status").unwrap().status, 200);
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
    assert_eq!(stage.confirmed(), 1);
}

#[tokio::test]
async fn a_callback_may_come_to_any_process() {
    let mut stage = Stage::new().await;
    let asking = std::sync::Arc::clone(&stage.lender);
    // From now on callbacks come to another process.
    stage.restart();
    let Answer::Offers(offers) = asking.quote(&super::ask()).await.unwrap() else {
        panic!("no offers")
    };
    asking.accept(&order(&offers[0], 7)).await.unwrap();
    assert_eq!(stage.confirmed(), 1);
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
}
