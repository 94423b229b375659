//! The codes of account reporting as US bureaus use them (Metro 2), by their public meanings.

use domain::ports::{MonthState, TradelineKind};

/// Portfolio type of the base segment.
pub fn portfolio(code: &str) -> TradelineKind {
    match code {
        "C" => TradelineKind::Line,
        "I" => TradelineKind::Installment,
        "M" => TradelineKind::Mortgage,
        "O" => TradelineKind::Open,
        "R" => TradelineKind::Revolving,
        _ => TradelineKind::Unknown,
    }
}

/// One place of the payment history profile.
pub fn history(code: char) -> MonthState {
    match code {
        // E: nothing owed, and current.
        '0' | 'E' => MonthState::Current,
        '1'..='6' => MonthState::Late(u8::try_from(u32::from(code) - u32::from('0')).unwrap_or(6)),
        // B: before the account was reported. D: nothing reported for the month.
        'B' | 'D' | ' ' => MonthState::NotReported,
        // Collection, foreclosure, voluntary surrender, repossession, charge-off.
        'G' | 'H' | 'J' | 'K' | 'L' => MonthState::Lost,
        _ => MonthState::Unknown,
    }
}

/// What an account status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The account is open and stands like this.
    Open(MonthState),
    /// It was paid or went elsewhere; this is how it was when it ended.
    Ended(MonthState),
    /// The reporter takes everything about it back.
    Deleted,
}

/// Account status with the payment rating, which says of a closed account how it stood.
pub fn status(code: &str, rating: Option<&str>) -> Status {
    let rated = || {
        let mut letters = rating.unwrap_or("0").chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => history(letter),
            _ => MonthState::Unknown,
        }
    };
    match code {
        "05" | "13" => Status::Ended(rated()),
        "11" => Status::Open(MonthState::Current),
        "71" => Status::Open(MonthState::Late(1)),
        "78" => Status::Open(MonthState::Late(2)),
        "80" => Status::Open(MonthState::Late(3)),
        "82" => Status::Open(MonthState::Late(4)),
        "83" => Status::Open(MonthState::Late(5)),
        "84" => Status::Open(MonthState::Late(6)),
        // Paid in full after surrender, collection, repossession, charge-off, foreclosure.
        "61" | "62" | "63" | "64" | "65" => Status::Ended(MonthState::Lost),
        // Claim filed, deed in lieu, collection, foreclosure, surrender, repossession, charge-off.
        "88" | "89" | "93" | "94" | "95" | "96" | "97" => Status::Open(MonthState::Lost),
        "DA" | "DF" => Status::Deleted,
        _ => Status::Open(MonthState::Unknown),
    }
}

/// Whether the person owes what stands on the account, by the ECOA code: not as an authorized user (3), of a business (W), after the
/// association ended (T) or was deleted (Z), or when the code is of somebody who died (X). A code that we do not know counts.
pub fn owes(ecoa: &str) -> bool {
    !matches!(ecoa, "3" | "T" | "W" | "X" | "Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_profile_is_read_by_its_public_codes() {
        let read: Vec<_> = "0169EBDGL?".chars().map(history).collect();
        use MonthState::{Current, Late, Lost, NotReported, Unknown};
        let wanted = [
            Current,
            Late(1),
            Late(6),
            Unknown,
            Current,
            NotReported,
            NotReported,
            Lost,
            Lost,
            Unknown,
        ];
        assert_eq!(read, wanted);
    }

    #[test]
    fn a_status_says_how_the_account_stands_and_whether_it_ended() {
        assert_eq!(status("11", None), Status::Open(MonthState::Current));
        assert_eq!(status("84", None), Status::Open(MonthState::Late(6)));
        assert_eq!(status("13", Some("2")), Status::Ended(MonthState::Late(2)));
        assert_eq!(status("13", Some("22")), Status::Ended(MonthState::Unknown));
        assert_eq!(status("64", None), Status::Ended(MonthState::Lost));
        assert_eq!(status("97", None), Status::Open(MonthState::Lost));
        assert_eq!(status("DF", None), Status::Deleted);
        assert_eq!(status("99", None), Status::Open(MonthState::Unknown));
        assert!(owes("1") && owes("9") && !owes("3") && !owes("T"));
    }
}
