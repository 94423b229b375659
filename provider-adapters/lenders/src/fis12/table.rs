//! The next-allowed-action table of a personal loan: what may be said when.

/// What a buyer application asks. Each is answered by a callback named `on_` and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// What do you lend?
    Search,
    /// What does this cost?
    Select,
    /// Prepare the agreement.
    Init,
    /// Conclude it.
    Confirm,
    /// Where does it stand?
    Status,
    /// Withdraw it.
    Cancel,
    /// Change it. Only the lender says it here, as `on_update`.
    Update,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 7] = [
        Self::Search,
        Self::Select,
        Self::Init,
        Self::Confirm,
        Self::Status,
        Self::Cancel,
        Self::Update,
    ];

    /// Its name, which is also its path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Select => "select",
            Self::Init => "init",
            Self::Confirm => "confirm",
            Self::Status => "status",
            Self::Cancel => "cancel",
            Self::Update => "update",
        }
    }

    /// The action that the callback of that name answers.
    pub fn of_callback(name: &str) -> Option<Self> {
        let name = name.strip_prefix("on_")?;
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// How far a transaction has come: the last answer that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing was answered yet.
    Opened,
    /// `on_search`.
    Found,
    /// `on_select`.
    Selected,
    /// `on_init`, perhaps with forms to fill in.
    Initialized,
    /// `on_confirm`.
    Confirmed,
    /// `on_cancel`.
    Cancelled,
}

/// At that stage that may be asked, and its answer leads there.
const NEXT: [(Stage, Action, Stage); 13] = [
    (Stage::Opened, Action::Search, Stage::Found),
    (Stage::Found, Action::Select, Stage::Selected),
    (Stage::Selected, Action::Select, Stage::Selected),
    (Stage::Selected, Action::Init, Stage::Initialized),
    (Stage::Initialized, Action::Init, Stage::Initialized),
    (Stage::Initialized, Action::Confirm, Stage::Confirmed),
    (Stage::Initialized, Action::Cancel, Stage::Cancelled),
    (Stage::Confirmed, Action::Cancel, Stage::Cancelled),
    (Stage::Found, Action::Status, Stage::Found),
    (Stage::Selected, Action::Status, Stage::Selected),
    (Stage::Initialized, Action::Status, Stage::Initialized),
    (Stage::Confirmed, Action::Status, Stage::Confirmed),
    (Stage::Cancelled, Action::Status, Stage::Cancelled),
];

/// What a lender may say without having been asked.
const UNASKED: [(Stage, Action); 6] = [
    (Stage::Found, Action::Status),
    (Stage::Selected, Action::Status),
    (Stage::Initialized, Action::Status),
    (Stage::Confirmed, Action::Status),
    (Stage::Confirmed, Action::Update),
    (Stage::Cancelled, Action::Update),
];

/// The stage after an action's answer; none when the action is not allowed there.
pub fn next(stage: Stage, action: Action) -> Option<Stage> {
    let row = NEXT.iter().find(|(from, asked, _)| *from == stage && *asked == action);
    row.map(|(_, _, to)| *to)
}

/// Whether a lender may say that unasked.
pub fn may_come_unasked(stage: Stage, action: Action) -> bool {
    UNASKED.contains(&(stage, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journey_goes_forward_only_and_one_step_at_a_time() {
        let way = [Action::Search, Action::Select, Action::Init, Action::Confirm];
        let mut stage = Stage::Opened;
        for (i, action) in way.into_iter().enumerate() {
            for later in &way[i + 1..] {
                assert_eq!(next(stage, *later), None, "{later:?} at {stage:?}");
            }
            stage = next(stage, action).unwrap();
        }
        assert_eq!(stage, Stage::Confirmed);
        for action in way {
            assert_eq!(next(stage, action), None, "{action:?} after the end");
        }
    }

    #[test]
    fn only_news_comes_unasked() {
        for action in [
            Action::Search,
            Action::Select,
            Action::Init,
            Action::Confirm,
            Action::Cancel,
        ] {
            assert!(!may_come_unasked(Stage::Initialized, action) && !may_come_unasked(Stage::Confirmed, action));
        }
        assert!(may_come_unasked(Stage::Confirmed, Action::Update));
        assert!(!may_come_unasked(Stage::Opened, Action::Status));
        assert_eq!(Action::of_callback("on_update"), Some(Action::Update));
        assert_eq!(Action::of_callback("update"), None);
    }
}
