//! Logs of the settlement contract as events.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use domain::ports::{LoanEvent, LoanEventKind};

use crate::bindings::aggregator::CreditAggregator as sol;
use crate::rpc::RawLog;

/// What is read; the contract's other events are left out.
pub(super) const TOPICS: [B256; 8] = [
    sol::Originated::SIGNATURE_HASH,
    sol::Repaid::SIGNATURE_HASH,
    sol::Closed::SIGNATURE_HASH,
    sol::Refinanced::SIGNATURE_HASH,
    sol::Liquidated::SIGNATURE_HASH,
    sol::Defaulted::SIGNATURE_HASH,
    sol::CollateralChanged::SIGNATURE_HASH,
    sol::BreakerTripped::SIGNATURE_HASH,
];

/// The events of one block, in order; a log that is none of ours is left out.
pub(super) fn decode_block<'a>(logs: impl Iterator<Item = &'a RawLog>) -> Vec<LoanEvent> {
    let mut events: Vec<LoanEvent> = logs.filter_map(decode).collect();
    events.sort_by_key(|event| event.log_index);
    for index in 0..events.len() {
        let (before, rest) = events.split_at_mut(index);
        finish(&mut rest[0], before);
    }
    events
}

/// The contract does not say whether a liquidation ended the loan, but its payment, told just before, does: nothing is left to
/// pay, or what is left will never be paid.
fn finish(event: &mut LoanEvent, before: &[LoanEvent]) {
    let LoanEventKind::Liquidated { ended, shortfall, .. } = &mut event.kind else {
        return;
    };
    let payment = before.iter().rev().find_map(|other| match other.kind {
        LoanEventKind::Repaid { outstanding, .. } if other.loan == event.loan && other.tx_hash == event.tx_hash => {
            Some(outstanding)
        }
        _ => None,
    });
    *ended = *shortfall > 0 || payment == Some(0);
}

fn decode(log: &RawLog) -> Option<LoanEvent> {
    let (loan, kind) = match *log.topics.first()? {
        sol::Originated::SIGNATURE_HASH => originated(&read(log)?)?,
        sol::Repaid::SIGNATURE_HASH => repaid(&read(log)?)?,
        sol::Closed::SIGNATURE_HASH => (read::<sol::Closed>(log)?.loanId, LoanEventKind::Closed),
        sol::Refinanced::SIGNATURE_HASH => {
            let e: sol::Refinanced = read(log)?;
            let new_loan = e.newLoanId;
            (e.loanId, LoanEventKind::Refinanced { new_loan })
        }
        sol::Liquidated::SIGNATURE_HASH => liquidated(&read(log)?)?,
        sol::Defaulted::SIGNATURE_HASH => {
            let e: sol::Defaulted = read(log)?;
            let kind = LoanEventKind::Defaulted {
                outstanding: amount(e.outstanding)?,
                seized: amount(e.seized)?,
                returned: amount(e.returned)?,
            };
            (e.loanId, kind)
        }
        sol::CollateralChanged::SIGNATURE_HASH => {
            let e: sol::CollateralChanged = read(log)?;
            let held = amount(e.held)?;
            (e.loanId, LoanEventKind::CollateralChanged { by: e.by, held })
        }
        sol::BreakerTripped::SIGNATURE_HASH => {
            let e: sol::BreakerTripped = read(log)?;
            let kind = LoanEventKind::BreakerTripped {
                asset: e.asset,
                used: amount(e.used)?,
                // Not bounded by what can be lent: the refusal is the point, not its size.
                refused: amount(e.refused).unwrap_or(u128::MAX),
                cap: amount(e.cap)?,
            };
            (B256::ZERO, kind)
        }
        _ => return None,
    };
    Some(LoanEvent {
        loan,
        tx_hash: log.transaction_hash?,
        log_index: log.log_index?.to(),
        kind,
    })
}

fn originated(e: &sol::Originated) -> Option<(B256, LoanEventKind)> {
    let kind = LoanEventKind::Originated {
        order_hash: e.offerHash,
        lender: e.lender,
        borrower: e.borrower,
        principal: amount(e.principal)?,
        fee: amount(e.fee)?,
    };
    Some((e.loanId, kind))
}

fn repaid(e: &sol::Repaid) -> Option<(B256, LoanEventKind)> {
    let kind = LoanEventKind::Repaid {
        payer: e.payer,
        late_fee: amount(e.lateFee)?,
        interest: amount(e.interest)?,
        principal: amount(e.principal)?,
        outstanding: amount(e.outstanding)?,
    };
    Some((e.loanId, kind))
}

fn liquidated(e: &sol::Liquidated) -> Option<(B256, LoanEventKind)> {
    let kind = LoanEventKind::Liquidated {
        liquidator: e.liquidator,
        late: e.late,
        seized: amount(e.seized)?,
        returned: amount(e.returned)?,
        shortfall: amount(e.shortfall)?,
        ended: false,
    };
    Some((e.loanId, kind))
}

fn read<E: SolEvent>(log: &RawLog) -> Option<E> {
    E::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok()
}

fn amount(value: U256) -> Option<u128> {
    u128::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, Bytes, U64};

    fn log(event: &impl SolEvent, index: u64) -> RawLog {
        let data = event.encode_log_data();
        RawLog {
            address: Address::repeat_byte(9),
            topics: data.topics().to_vec(),
            data: data.data,
            block_hash: Some(B256::ZERO),
            transaction_hash: Some(B256::repeat_byte(8)),
            log_index: Some(U64::from(index)),
            removed: false,
        }
    }

    fn repaid(outstanding: u64) -> sol::Repaid {
        sol::Repaid {
            loanId: B256::repeat_byte(1),
            payer: Address::repeat_byte(2),
            lateFee: U256::from(3),
            interest: U256::from(4),
            principal: U256::from(5),
            outstanding: U256::from(outstanding),
        }
    }

    fn liquidated(shortfall: u64) -> sol::Liquidated {
        sol::Liquidated {
            loanId: B256::repeat_byte(1),
            liquidator: Address::repeat_byte(2),
            late: false,
            seized: U256::from(7),
            returned: U256::ZERO,
            shortfall: U256::from(shortfall),
        }
    }

    #[test]
    fn a_good_log_is_read() {
        let event = decode(&log(&repaid(6), 7)).unwrap();
        assert_eq!((event.loan, event.log_index), (B256::repeat_byte(1), 7));
        let LoanEventKind::Repaid {
            late_fee,
            interest,
            principal,
            outstanding,
            ..
        } = event.kind
        else {
            panic!()
        };
        assert_eq!((late_fee, interest, principal, outstanding), (3, 4, 5, 6));
    }

    #[test]
    fn a_liquidation_ended_the_loan_when_nothing_is_left_or_the_rest_is_lost() {
        for (outstanding, shortfall, expected) in [(6, 0, false), (0, 0, true), (6, 6, true)] {
            let logs = [log(&liquidated(shortfall), 5), log(&repaid(outstanding), 4)];
            let events = decode_block(logs.iter());
            let LoanEventKind::Liquidated { ended, .. } = events[1].kind else {
                panic!("sorted by position: {events:?}")
            };
            assert_eq!(ended, expected, "{outstanding} {shortfall}");
        }
    }

    #[test]
    fn two_liquidations_of_one_transaction_have_their_own_payments() {
        let logs = [
            log(&repaid(6), 1),
            log(&liquidated(0), 2),
            log(&repaid(0), 3),
            log(&liquidated(0), 4),
        ];
        let ended: Vec<bool> = decode_block(logs.iter())
            .into_iter()
            .filter_map(|event| match event.kind {
                LoanEventKind::Liquidated { ended, .. } => Some(ended),
                _ => None,
            })
            .collect();
        assert_eq!(ended, [false, true]);
    }

    #[test]
    fn a_breaker_is_of_no_loan() {
        let event = sol::BreakerTripped {
            asset: Address::repeat_byte(3),
            used: U256::from(1),
            refused: U256::MAX,
            cap: U256::from(2),
        };
        let event = decode(&log(&event, 0)).unwrap();
        assert_eq!(event.loan, B256::ZERO);
        assert!(matches!(
            event.kind,
            LoanEventKind::BreakerTripped {
                refused: u128::MAX,
                cap: 2,
                ..
            }
        ));
    }

    #[test]
    fn malformed_logs_are_left_out() {
        let good = log(&repaid(6), 7);
        let cut = RawLog {
            data: Bytes::from_static(&[1, 2, 3]),
            ..good.clone()
        };
        let unknown = RawLog {
            topics: vec![B256::repeat_byte(1)],
            ..good.clone()
        };
        let bare = RawLog {
            topics: vec![],
            ..good.clone()
        };
        let pending = RawLog {
            transaction_hash: None,
            ..good.clone()
        };
        let mut huge = good;
        huge.data = [&[0xff; 32], &huge.data[32..]].concat().into();
        for log in [cut, unknown, bare, pending, huge] {
            assert_eq!(decode(&log), None, "{log:?}");
        }
    }
}
