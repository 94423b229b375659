use super::*;

/// Income 5,000 dollars, 1,000 spent, a year, twelve months of income, half of income, 85 %.
fn inputs(change: impl FnOnce(&mut LimitInputs)) -> LimitDerivation {
    let mut inputs = LimitInputs {
        asked: 100_000,
        income: 500_000,
        spent: 100_000,
        days: 360,
        income_multiple_ppm: 12_000_000,
        debt_to_income_ppm: 500_000,
        principal_share_ppm: 850_000,
        raise_ppm: 1_000_000,
        cut_ppm: 1_000_000,
        wallet_ppm: 1_000_000,
        outstanding: 0,
        reserved: 0,
        frozen: false,
        unit: 100,
    };
    change(&mut inputs);
    derive(&inputs, Some(Source::Application))
}

fn seen(derived: LimitDerivation) -> (Bound, i64, i64) {
    (derived.binding, derived.limit_minor, derived.available_minor)
}

#[test]
fn each_bound_binds() {
    // 85 % of twelve times 1,500.
    assert_eq!(seen(inputs(|_| {})), (Bound::Capacity, 1_530_000, 1_530_000));
    let income = inputs(|i| i.income_multiple_ppm = 2_000_000);
    assert_eq!(seen(income), (Bound::Income, 1_000_000, 1_000_000));
    let asked = |i: &mut LimitInputs| i.asked = 1_530_000;
    let cut = inputs(|i| {
        asked(i);
        i.cut_ppm = 999_999;
    });
    assert_eq!(seen(cut), (Bound::Behavior, 1_529_900, 1_529_900));
    let wallet = inputs(|i| {
        asked(i);
        i.wallet_ppm = 900_000;
    });
    assert_eq!(seen(wallet), (Bound::Wallet, 1_377_000, 1_377_000));
    assert_eq!(wallet.before_wallet_minor, 1_530_000);
    let owed = inputs(|i| {
        asked(i);
        i.reserved = 1;
    });
    assert_eq!(seen(owed), (Bound::Exposure, 1_530_000, 1_529_900));
    let frozen = inputs(|i| i.frozen = true);
    assert_eq!(seen(frozen), (Bound::Frozen, 1_530_000, 0));
}

#[test]
fn a_raise_moves_the_multiple_of_income_and_never_the_capacity() {
    let raised = inputs(|i| {
        i.income_multiple_ppm = 2_000_000;
        i.raise_ppm = 1_500_000;
    });
    assert_eq!(seen(raised), (Bound::Income, 1_500_000, 1_500_000));
    let capped = inputs(|i| i.raise_ppm = 10_000_000);
    assert_eq!(seen(capped), (Bound::Capacity, 1_530_000, 1_530_000));
}

#[test]
fn limits_are_whole_major_units_down_and_never_below_zero() {
    let odd = inputs(|i| i.income = 500_003);
    assert_eq!((odd.limit_minor % 100, odd.limit_minor), (0, 1_530_000));
    let yen = inputs(|i| {
        i.income = 500_003;
        i.unit = 1;
    });
    assert_eq!(yen.limit_minor, 1_530_010);
    for gone in [
        inputs(|i| i.spent = 10_000_000),
        inputs(|i| i.outstanding = i64::MAX),
        inputs(|i| i.income = 0),
    ] {
        assert_eq!(gone.available_minor, 0);
    }
    let credit = inputs(|i| i.outstanding = -500_000);
    assert_eq!(
        credit.available_minor, 1_530_000,
        "what we owe the borrower is no exposure"
    );
}

#[test]
fn numbers_out_of_range_give_no_limit_rather_than_a_wrong_one() {
    let huge = inputs(|i| {
        i.income = i64::MAX;
        i.income_multiple_ppm = 100_000_000;
        i.days = i128::from(u32::MAX);
    });
    assert_eq!((huge.limit_minor, huge.available_minor), (0, 0));
    let debts = inputs(|i| i.spent = i128::from(i64::MAX) * 2);
    assert_eq!(debts.by_capacity_minor, i64::MIN);
    assert_eq!(debts.limit_minor, 0);
}
