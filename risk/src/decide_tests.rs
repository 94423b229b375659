use chrono::Duration;
use domain::calendar::{Period, Unit};
use domain::money::Currency;
use domain::request::{Applicant, CreditRequest, Employment};
use proptest::prelude::*;

use super::*;
use crate::Engine;
use crate::facts::Source;
use crate::fraud::FraudFacts;
use crate::testing::{self, any_features, codes, decided, features, known, now, request, usd, wallet};

fn asked(change: impl FnOnce(&mut CreditRequest)) -> RiskDecision {
    decided(&FeatureSet::of(&request(change)))
}

fn applied(change: impl FnOnce(&mut Applicant)) -> RiskDecision {
    asked(|request| change(&mut request.applicant))
}

/// Fraud rules of this build ask for a review, or decline.
fn fraud(outcome: FraudOutcome) -> FraudFacts {
    let rules = crate::fraud::FraudRules::built_in().unwrap();
    let of = |people: i64, requests: i64| FraudFacts {
        device_people_24h: Some(people),
        device_people_30d: Some(people),
        device_requests_1m: Some(requests),
        device_requests_1h: Some(requests),
        device_requests_24h: Some(requests),
        flagged_near: Some(people / 10),
        payout_people_30d: Some(people),
        wallet_people_30d: Some(people),
        ..FraudFacts::default()
    };
    let tried = (0..100).flat_map(|people| [of(people, 0), of(people, people), of(0, people)]);
    let fits = |facts: &FraudFacts| fraud::assess(&rules, facts, usd(5_000)).outcome == outcome;
    tried.into_iter().find(fits).unwrap()
}

#[test]
fn a_sound_applicant_gets_an_offer_without_reasons() {
    let decision = asked(|_| {});
    assert_eq!(
        (decision.outcome, decision.score, decision.pd_ppm),
        (Outcome::Offer, 665, 2_098)
    );
    // 85 % of twelve months of (half the income less housing and debts).
    assert_eq!((decision.limit, decision.available), (usd(8_670), usd(8_670)));
    assert!(decision.reasons.is_empty() && decision.explanation.is_empty());
    let band = decision.apr_band.unwrap();
    assert_eq!((band.low_ppm, band.high_ppm), (119_000, 199_000));
    let rule = &decision.rule_versions[0];
    assert_eq!((rule.id.as_str(), rule.version), ("usance-points", 1));
    assert_eq!(decision.derivation.unwrap().binding, Bound::Capacity);
}

#[test]
fn ratios_are_exact_and_rounded_against_the_applicant() {
    let policy = crate::Policy::built_in().unwrap();
    let of = |change: fn(&mut CreditRequest)| View::of(&policy, &FeatureSet::of(&request(change)));
    let view = of(|_| {});
    // 416.666… a month; with 1,750 it is 41.6666… % of 5,200.
    assert_eq!(
        (view.get(Fact::PaymentToIncomePpm), view.get(Fact::DebtToIncomePpm)),
        (Some(80_129), Some(416_667))
    );
    let short = of(|r| r.term = Period::new(9, Unit::Day));
    assert_eq!(short.get(Fact::PaymentToIncomePpm), Some(961_539));
}

#[test]
fn more_than_the_limit_is_countered_at_the_limit_with_values_for_the_audit() {
    let decision = asked(|r| r.amount = usd(10_000));
    assert_eq!((decision.outcome, decision.limit), (Outcome::Counter, usd(8_670)));
    assert_eq!(codes(&decision)[0], "OBLIGATIONS_EXCESSIVE");
    assert_eq!(decision.explanation.len(), 7);
    assert_eq!(asked(|r| r.amount = usd(8_670)).outcome, Outcome::Offer);
    let cent_more = asked(|r| r.amount = Money::new(867_001, Currency::usd()));
    assert_eq!(cent_more.outcome, Outcome::Counter);
}

#[test]
fn every_knock_out_declines_whatever_the_score() {
    let put = |fact, value, source| decided(&features(|set| set.put(fact, known(value, source))));
    let cases = [
        (applied(|a| a.monthly_income = usd(0)), "INCOME_INSUFFICIENT"),
        (applied(|a| a.delinquencies_24m = 6), "DELINQUENT_OBLIGATIONS"),
        (put(Fact::Late90In24m, 2, Source::Bureau), "DELINQUENT_OBLIGATIONS"),
        (
            applied(|a| a.monthly_debt_payments = usd(2_500)),
            "OBLIGATIONS_EXCESSIVE",
        ),
        (
            put(Fact::OwnWorstLateDays, 120, Source::Own),
            "POOR_PERFORMANCE_WITH_US",
        ),
    ];
    let knock_outs = crate::Policy::built_in().unwrap().knock_outs().len();
    assert_eq!(cases.len(), knock_outs, "a knock-out is not tried");
    for (decision, code) in cases {
        assert_eq!((decision.outcome, codes(&decision)[0]), (Outcome::Decline, code));
        assert!(decision.limit.is_zero() && decision.available.is_zero() && decision.apr_band.is_none());
    }
    assert_eq!(put(Fact::Late90In24m, 1, Source::Bureau).outcome, Outcome::Offer);
    assert_eq!(put(Fact::OwnWorstLateDays, 119, Source::Own).outcome, Outcome::Offer);
}

#[test]
fn what_cannot_be_used_is_missing_and_never_passes() {
    let euro = Money::new(500_000, Currency::parse("EUR").unwrap());
    for change in [
        (|r, m| r.applicant.monthly_income = m) as fn(&mut CreditRequest, Money),
        |r, m| r.applicant.monthly_housing_cost = m,
        |r, m| r.applicant.monthly_debt_payments = m,
    ] {
        for money in [euro, usd(-1)] {
            let decision = asked(|r| change(r, money));
            assert_eq!(
                (decision.outcome, codes(&decision)),
                (Outcome::MoreInfo, vec!["APPLICATION_INCOMPLETE"])
            );
            assert!(decision.limit.is_zero() && decision.derivation.is_none());
        }
    }
    assert_eq!(asked(|r| r.amount = usd(0)).outcome, Outcome::MoreInfo);
    assert_eq!(asked(|r| r.term = Period::new(0, Unit::Day)).outcome, Outcome::MoreInfo);
}

#[test]
fn facts_older_than_the_policy_says_are_missing() {
    let aged = |days: i64| {
        decided(&features(|set| {
            let mut income = known(800_000, Source::Bank);
            income.as_of = now() - Duration::days(days);
            set.put(Fact::VerifiedIncomeMinor, income);
            set.put(Fact::IncomeMonths, known(6, Source::Bank));
        }))
    };
    let source = |decision: &RiskDecision| decision.derivation.unwrap().income_source;
    assert_eq!(source(&aged(30)), Some(Source::Bank));
    assert_eq!(source(&aged(31)), Some(Source::Application));
    assert!(aged(30).limit.minor > aged(31).limit.minor);
}

#[test]
fn verified_income_wins_over_declared_when_it_was_seen_long_enough() {
    let seen = |months| {
        decided(&features(|set| {
            set.put(Fact::VerifiedIncomeMinor, known(300_000, Source::Bank));
            set.put(Fact::IncomeMonths, known(months, Source::Bank));
        }))
    };
    assert_eq!(seen(2).derivation.unwrap().income_source, Some(Source::Application));
    let lower = seen(3);
    // Housing, debts and payment are 72 % of 3,000, so nothing is left each month.
    let derived = lower.derivation.unwrap();
    assert_eq!((lower.outcome, derived.binding), (Outcome::Decline, Bound::Capacity));
    assert_eq!((derived.income_source, derived.limit_minor), (Some(Source::Bank), 0));
    assert!(lower.score < seen(2).score);
}

#[test]
fn debts_seen_in_the_account_count_when_they_are_more_than_declared() {
    let debts = |minor| {
        decided(&features(|set| {
            set.put(Fact::RecurringDebtMinor, known(minor, Source::Bank));
        }))
    };
    assert_eq!(debts(10_000).limit, usd(8_670));
    assert!(debts(60_000).limit.minor < 867_000);
}

#[test]
fn reasons_name_only_what_counts_against_and_the_weightiest_first() {
    let decision = applied(|a| {
        a.delinquencies_24m = 3;
        a.inquiries_6m = 6;
        a.revolving_utilization_percent = Some(95);
        a.employment_months = 2;
        a.residence_months = 1;
    });
    assert_eq!(decision.outcome, Outcome::Decline);
    let expected = [
        "DELINQUENT_OBLIGATIONS",
        "OBLIGATIONS_EXCESSIVE",
        "RECENT_INQUIRIES",
        "EMPLOYMENT_LENGTH",
    ];
    assert_eq!(codes(&decision), expected);
    let named: i32 = decision.explanation.iter().map(|value| value.points).sum();
    assert_eq!(
        named,
        decision.score - 586,
        "the values add up to the distance from the reference"
    );
    let no_file = applied(|a| {
        a.delinquencies_24m = 2;
        a.credit_history_months = None;
        a.revolving_utilization_percent = None;
        a.employment_months = 0;
    });
    assert!(codes(&no_file).contains(&"NO_CREDIT_FILE"));
}

#[test]
fn students_and_retired_people_are_not_marked_down_for_not_working() {
    for employment in [Employment::Student, Employment::Retired] {
        let decision = applied(|a| {
            a.employment = employment;
            a.employment_months = 0;
        });
        assert_eq!(decision.outcome, Outcome::Offer);
    }
}

#[test]
fn worse_facts_never_raise_the_score() {
    let score = |change: &dyn Fn(&mut Applicant)| applied(|a| change(a)).score;
    for (worse, better) in (0..40).zip(1..41) {
        assert!(score(&|a| a.delinquencies_24m = better) <= score(&|a| a.delinquencies_24m = worse));
        assert!(score(&|a| a.inquiries_6m = better) <= score(&|a| a.inquiries_6m = worse));
        assert!(score(&|a| a.employment_months = worse * 3) <= score(&|a| a.employment_months = better * 3));
        assert!(score(&|a| a.residence_months = worse * 3) <= score(&|a| a.residence_months = better * 3));
        assert!(
            score(&|a| a.credit_history_months = Some(worse * 5))
                <= score(&|a| a.credit_history_months = Some(better * 5))
        );
        let used = |percent: u32| score(&|a| a.revolving_utilization_percent = Some(percent * 4));
        assert!(used(better) <= used(worse));
    }
}

#[test]
fn scores_are_those_of_the_table_that_came_before() {
    // Computed by the integer code of the former engine, apart from this one.
    let cases: [(i64, u32, u32, u32, i32); 4] = [
        (5_000, 0, 1, 36, 665),
        (10_000, 0, 1, 36, 633),
        (5_000, 3, 6, 3, 510),
        (5_000, 6, 1, 36, 560),
    ];
    for (dollars, late, inquiries, months, score) in cases {
        let decision = asked(|r| {
            r.amount = usd(dollars);
            r.applicant.delinquencies_24m = late;
            r.applicant.inquiries_6m = inquiries;
            r.applicant.employment_months = months;
        });
        assert_eq!(decision.score, score, "{dollars} {late} {inquiries} {months}");
    }
}

#[test]
fn the_strongest_outcome_wins() {
    let sound = |_: &mut FeatureSet| {};
    let too_much = |set: &mut FeatureSet| set.amount_minor = 1_000_000;
    let incomplete = |set: &mut FeatureSet| {
        set.facts.remove(&Fact::ResidenceMonths);
    };
    let late = |set: &mut FeatureSet| set.put(Fact::Delinquencies24m, known(6, Source::Bureau));
    let rows: [(fn(&mut FeatureSet), Outcome, Outcome); 4] = [
        (sound, Outcome::Offer, Outcome::MoreInfo),
        (too_much, Outcome::Counter, Outcome::MoreInfo),
        (incomplete, Outcome::MoreInfo, Outcome::MoreInfo),
        (late, Outcome::Decline, Outcome::Decline),
    ];
    for (change, alone, reviewed) in rows {
        let with = |outcome| {
            decided(&features(|set| {
                change(set);
                set.fraud = fraud(outcome);
            }))
        };
        assert_eq!(with(FraudOutcome::Approve).outcome, alone);
        assert_eq!(with(FraudOutcome::Review).outcome, reviewed);
        assert_eq!(with(FraudOutcome::Decline).outcome, Outcome::Decline);
    }
}

#[test]
fn the_applicant_hears_of_fraud_checks_by_the_approved_text_alone() {
    let notice = crate::fraud::FraudRules::built_in().unwrap().notice().clone();
    let review = decided(&features(|set| set.fraud = fraud(FraudOutcome::Review)));
    assert_eq!(review.reasons, vec![Reason::new("REVIEW_NEEDED", notice.text.clone())]);
    let decline = decided(&features(|set| set.fraud = fraud(FraudOutcome::Decline)));
    assert_eq!(decline.reasons, vec![notice]);
    for decision in [review, decline] {
        assert!(!decision.fraud.fired.is_empty(), "officers see what fired");
        assert!(decision.explanation.is_empty() && decision.limit.is_zero());
    }
}

#[test]
fn an_officers_clearance_lets_a_review_pass_until_its_end_and_never_a_decline() {
    let cleared = |outcome, hours| {
        let set = features(|set| {
            set.fraud = fraud(outcome);
            set.exposure.cleared_until = Some(now() + Duration::hours(hours));
        });
        decided(&set).outcome
    };
    assert_eq!(cleared(FraudOutcome::Review, 1), Outcome::Offer);
    assert_eq!(cleared(FraudOutcome::Review, 0), Outcome::MoreInfo);
    assert_eq!(cleared(FraudOutcome::Decline, 1), Outcome::Decline);
}

#[test]
fn what_is_owed_counts_and_a_limit_used_up_refuses_nobody() {
    let owing = |outstanding, reserved| {
        decided(&features(|set| {
            set.exposure.outstanding_minor = outstanding;
            set.exposure.reserved_minor = reserved;
        }))
    };
    let some = owing(300_000, 67_000);
    assert_eq!(
        (some.outcome, some.limit, some.available),
        (Outcome::Offer, usd(8_670), usd(5_000))
    );
    let cent = owing(300_000, 67_001);
    assert_eq!((cent.outcome, cent.available), (Outcome::Counter, usd(4_999)));
    assert_eq!(cent.derivation.unwrap().binding, Bound::Exposure);
    let all = owing(867_000, 0);
    assert_eq!((all.outcome, all.available), (Outcome::Counter, usd(0)));
    assert_eq!(codes(&all)[0], "OBLIGATIONS_EXCESSIVE");
}

#[test]
fn a_borrower_who_is_late_now_gets_nothing_new() {
    let late = |days| decided(&features(|set| set.exposure.late_days = days));
    assert_eq!(late(29).outcome, Outcome::Offer);
    let frozen = late(30);
    assert_eq!(
        (frozen.outcome, codes(&frozen)[0], frozen.derivation.unwrap().binding),
        (Outcome::Decline, "POOR_PERFORMANCE_WITH_US", Bound::Frozen)
    );
}

#[test]
fn loans_repaid_on_time_raise_the_multiple_and_late_days_cut_the_limit() {
    // A high capacity, so that the multiple of income binds: band 620 to 679, six months of income.
    let limit = |closed: i64, late: Option<i64>| {
        let set = features(|set| {
            set.term_days = 36_000;
            set.put(Fact::OwnLoansClosed, known(closed, Source::Own));
            if let Some(late) = late {
                set.put(Fact::OwnLateDays12m, known(late, Source::Own));
            }
        });
        decided(&set)
    };
    let multiple = if limit(0, None).score >= 680 { 12 } else { 6 };
    let base = 5_200 * multiple;
    assert_eq!(limit(0, Some(0)).limit, usd(base));
    assert_eq!(limit(1, Some(0)).limit, usd(base * 11 / 10));
    assert_eq!(limit(3, Some(5)).limit, usd(base * 5 / 4));
    assert_eq!(limit(9, Some(0)).limit, usd(base * 3 / 2));
    assert_eq!(limit(9, Some(6)).limit, usd(base), "late days earn no raise");
    assert_eq!(limit(9, None).limit, usd(base), "what is not known earns no raise");
    assert_eq!(limit(0, Some(15)).limit, usd(base * 3 / 4));
    assert_eq!(limit(0, Some(30)).limit, usd(base / 2));
    let worst = limit(0, Some(90));
    assert_eq!(
        (worst.outcome, codes(&worst)[0]),
        (Outcome::Decline, "POOR_PERFORMANCE_WITH_US")
    );
}

#[test]
fn a_wallet_lowers_the_limit_and_refuses_nobody() {
    let with = |facts| decided(&features(|set| set.wallet = facts));
    assert_eq!(with(None).limit, usd(8_670));
    assert_eq!(with(Some(wallet(|_| {}))).limit, usd(8_670));
    let unproven = with(Some(wallet(|w| w.proven_link = false)));
    assert_eq!(unproven.limit, usd(7_803));
    assert_eq!(unproven.outcome, Outcome::Offer);
    let flagged = with(Some(wallet(|w| {
        w.flagged_contacts = Some(4);
        w.liquidations = Some(5);
        w.days_since_liquidation = Some(3);
    })));
    assert_eq!(flagged.limit, usd(1_734));
    assert_eq!(
        (flagged.outcome, codes(&flagged)[0]),
        (Outcome::Counter, "WALLET_FLAGGED_CONTACT")
    );
    assert_eq!(flagged.derivation.unwrap().binding, Bound::Wallet);
    assert_eq!(flagged.score, with(None).score);
}

#[test]
fn nothing_is_decided_by_a_model_after_its_last_day() {
    let at = |text: &str| {
        let set = features(|set| {
            let later: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
            set.facts.values_mut().for_each(|known| known.as_of = later);
            set.at = later;
        });
        decided(&set)
    };
    assert_eq!(at("2028-11-21T23:59:59Z").outcome, Outcome::Offer);
    let after = at("2028-11-22T00:00:00Z");
    assert_eq!(
        (after.outcome, codes(&after)),
        (Outcome::MoreInfo, vec!["REVIEW_NEEDED"])
    );
}

#[test]
fn extreme_numbers_neither_overflow_nor_pass() {
    let most = Money::new(i64::MAX, Currency::usd());
    let decision = asked(|r| {
        r.amount = most;
        r.term = Period::new(u32::MAX, Unit::Year);
        r.applicant.monthly_income = usd(1);
        r.applicant.monthly_housing_cost = most;
        r.applicant.monthly_debt_payments = most;
        r.applicant.revolving_utilization_percent = Some(u32::MAX);
        r.applicant.delinquencies_24m = u32::MAX;
    });
    assert_eq!(decision.outcome, Outcome::Decline);
    let rich = asked(|r| {
        r.applicant.monthly_income = most;
        r.term = Period::new(u32::MAX, Unit::Day);
    });
    assert!(matches!(rich.outcome, Outcome::Offer | Outcome::Decline));
}

#[test]
fn features_print_nothing_of_the_person() {
    let set = features(|set| set.wallet = Some(wallet(|_| {})));
    let printed = format!("{set:?} {:?} {:?}", set.facts, set.wallet);
    for value in ["520000", "140000", "36,", "1500", "700000"] {
        assert!(!printed.contains(value), "{printed}");
    }
}

#[test]
fn the_better_source_wins_and_the_other_is_kept() {
    let set = features(|set| {
        set.put(Fact::Delinquencies24m, known(2, Source::Bureau));
        set.put(Fact::Delinquencies24m, known(0, Source::Application));
        set.put(Fact::Inquiries6m, known(1, Source::Bureau));
    });
    assert_eq!(set.facts[&Fact::Delinquencies24m], known(2, Source::Bureau));
    let lesser: Vec<i64> = set.overruled.iter().map(|overruled| overruled.known.value).collect();
    assert_eq!(lesser, [0, 0], "equal words contradict nobody");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_decision_replays_to_the_same_bytes(set in any_features()) {
        let engine = Engine::built_in().unwrap();
        let decision = engine.decide(&set).unwrap();
        let stored = (to_canonical_json(&set).unwrap(), to_canonical_json(&decision).unwrap());
        prop_assert_eq!(&engine.replay(&stored.0, &stored.1).unwrap(), &stored.1);
        let read: RiskDecision = serde_json::from_slice(&stored.1).unwrap();
        prop_assert_eq!(&read, &decision);
        let again: FeatureSet = serde_json::from_slice(&stored.0).unwrap();
        prop_assert_eq!(again, set);
    }

    #[test]
    fn a_decision_never_contradicts_itself(set in any_features()) {
        let decision = decided(&set);
        let lends = matches!(decision.outcome, Outcome::Offer | Outcome::Counter);
        prop_assert_eq!(decision.reasons.is_empty(), decision.outcome == Outcome::Offer);
        prop_assert!(decision.reasons.len() <= 4);
        prop_assert_eq!(decision.apr_band.is_some(), lends);
        prop_assert!(lends || (decision.limit.is_zero() && decision.available.is_zero()));
        prop_assert!(decision.available.minor <= decision.limit.minor && decision.available.minor >= 0);
        prop_assert_eq!(decision.outcome == Outcome::Offer, lends && decision.available.minor >= set.amount_minor);
        prop_assert!(decision.explanation.is_empty() || matches!(decision.outcome, Outcome::Decline | Outcome::Counter));
        prop_assert!(decision.pd_ppm <= 1_000_000);
    }

    #[test]
    fn a_wallet_only_lowers(set in any_features(), wallet in testing::any_wallet()) {
        let without = decided(&FeatureSet { wallet: None, ..set.clone() });
        let with = decided(&FeatureSet { wallet: Some(wallet), ..set });
        prop_assert!(with.limit.minor <= without.limit.minor);
        prop_assert!(with.available.minor <= without.available.minor);
        prop_assert!(strength(with.outcome) >= strength(without.outcome));
        prop_assert_eq!(with.outcome == Outcome::Decline, without.outcome == Outcome::Decline);
        prop_assert_eq!((with.score, with.pd_ppm, with.apr_band.is_some()), (without.score, without.pd_ppm, without.apr_band.is_some()));
        let result = with.wallet.unwrap();
        prop_assert!(result.limit_factor_ppm <= FULL && result.ltv_factor_ppm <= FULL);
    }
}
