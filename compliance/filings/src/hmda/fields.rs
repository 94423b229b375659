//! The 110 fields of a line, in their order.

macro_rules! fields {
    ($($name:ident $text:literal),+ $(,)?) => {
        /// A field of a line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $(#[doc = $text] $name,)+
        }

        impl Field {
            /// All of them, in their order.
            pub const ALL: [Self; super::FIELDS] = [$(Self::$name,)+];

            /// The name in facts and problems.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

fields! {
    Record "recordIdentifier", Lei "lei", Uli "uli", ApplicationDate "applicationDate", LoanType "loanType",
    LoanPurpose "loanPurpose", Preapproval "preapproval", Construction "constructionMethod", Occupancy "occupancyType",
    Amount "loanAmount", ActionTaken "actionTaken", ActionDate "actionTakenDate", Street "streetAddress", City "city",
    State "state", Zip "zipCode", County "county", Tract "censusTract",
    Ethnicity1 "applicantEthnicity1", Ethnicity2 "applicantEthnicity2", Ethnicity3 "applicantEthnicity3",
    Ethnicity4 "applicantEthnicity4", Ethnicity5 "applicantEthnicity5", EthnicityOther "applicantEthnicityOther",
    CoEthnicity1 "coApplicantEthnicity1", CoEthnicity2 "coApplicantEthnicity2", CoEthnicity3 "coApplicantEthnicity3",
    CoEthnicity4 "coApplicantEthnicity4", CoEthnicity5 "coApplicantEthnicity5", CoEthnicityOther "coApplicantEthnicityOther",
    EthnicityObserved "applicantEthnicityObserved", CoEthnicityObserved "coApplicantEthnicityObserved",
    Race1 "applicantRace1", Race2 "applicantRace2", Race3 "applicantRace3", Race4 "applicantRace4", Race5 "applicantRace5",
    RaceTribe "applicantRaceTribe", RaceAsian "applicantRaceAsian", RacePacific "applicantRacePacific",
    CoRace1 "coApplicantRace1", CoRace2 "coApplicantRace2", CoRace3 "coApplicantRace3", CoRace4 "coApplicantRace4",
    CoRace5 "coApplicantRace5", CoRaceTribe "coApplicantRaceTribe", CoRaceAsian "coApplicantRaceAsian",
    CoRacePacific "coApplicantRacePacific", RaceObserved "applicantRaceObserved", CoRaceObserved "coApplicantRaceObserved",
    Sex "applicantSex", CoSex "coApplicantSex", SexObserved "applicantSexObserved", CoSexObserved "coApplicantSexObserved",
    Age "applicantAge", CoAge "coApplicantAge", Income "income", Purchaser "purchaserType", RateSpread "rateSpread",
    Hoepa "hoepaStatus", Lien "lienStatus", Score "applicantCreditScore", CoScore "coApplicantCreditScore",
    Model "applicantScoringModel", ModelOther "applicantScoringModelOther", CoModel "coApplicantScoringModel",
    CoModelOther "coApplicantScoringModelOther", Denial1 "denialReason1", Denial2 "denialReason2", Denial3 "denialReason3",
    Denial4 "denialReason4", DenialOther "denialReasonOther", LoanCosts "totalLoanCosts", PointsAndFees "totalPointsAndFees",
    Origination "originationCharges", Discount "discountPoints", Credits "lenderCredits", InterestRate "interestRate",
    PrepaymentTerm "prepaymentPenaltyTerm", DebtToIncome "debtToIncomeRatio", LoanToValue "combinedLoanToValueRatio",
    LoanTerm "loanTerm", IntroductoryPeriod "introductoryRatePeriod", Balloon "balloonPayment",
    InterestOnly "interestOnlyPayments", NegativeAmortization "negativeAmortization",
    OtherNonAmortizing "otherNonAmortizingFeatures", PropertyValue "propertyValue", HomeSecured "manufacturedHomeSecuredType",
    HomeLand "manufacturedHomeLandInterest", Units "totalUnits", AffordableUnits "multifamilyAffordableUnits",
    Submission "submissionOfApplication", Payable "initiallyPayable", Nmlsr "nmlsrIdentifier",
    Aus1 "aus1", Aus2 "aus2", Aus3 "aus3", Aus4 "aus4", Aus5 "aus5", AusOther "ausOther",
    AusResult1 "ausResult1", AusResult2 "ausResult2", AusResult3 "ausResult3", AusResult4 "ausResult4",
    AusResult5 "ausResult5", AusResultOther "ausResultOther", Reverse "reverseMortgage", OpenEnd "openEndLineOfCredit",
    Business "businessOrCommercialPurpose",
}
