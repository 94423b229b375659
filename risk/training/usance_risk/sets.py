"""What each data set is: columns, features with their economics, settings found by cross-validation."""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Feature:
    """One number the model sees; the fields are those of risk/FORMAT.md."""

    name: str
    title: str
    unit: str
    group: str
    monotone: str | None = None
    column: str | None = None
    category: str | None = None
    codes: dict = field(default_factory=dict)
    missing: tuple = ("", "NA")
    special: tuple = ()
    source: str | None = None
    why: str = ""
    """Why the sign is what it is, for the card."""

    def __post_init__(self):
        if self.column is None:
            object.__setattr__(self, "column", self.name)

    @property
    def unordered(self):
        """Codes without a sign: a category a bin in the scorecard."""
        return bool(self.codes) and self.monotone is None


@dataclass(frozen=True)
class Spec:
    """A data set and how a model is made of it."""

    name: str
    title: str
    file: str
    known_sha256: tuple
    columns: tuple
    target: str
    features: tuple
    groups: dict
    forest: dict
    additive: dict
    cost_of_bad: float
    """Loss from a bad loan as a multiple of the gain from a good one; the cut-off is where approving breaks even."""
    protected: dict
    licence: str
    window: str
    limits: tuple
    bar: float
    delimiter: str = ","
    header: bool = True
    good: str = "0"
    bad: str = "1"
    row_number: tuple = ()
    shipped: bool = False
    cross_validated: bool = False
    """The figures come from 5 x 5-fold cross-validation, because the set is too small for a test part."""
    seed: int = 1


def _codes(*names):
    return {name: float(k) for k, name in enumerate(names)}


DELINQUENT = "Delinquent past or present credit obligations with others"
EXCESSIVE = "Excessive obligations in relation to income"
INCOME = "Income insufficient for amount of credit requested"
EXPERIENCE = "Limited credit experience"
INQUIRIES = "Number of recent inquiries on credit bureau report"
COLLATERAL = "Value or type of collateral not sufficient"
EMPLOYMENT = "Length of employment"
RESIDENCE = "Length or kind of residence"

GERMAN = Spec(
    name="german",
    title="Statlog (German Credit Data), a German bank, 1973 to 1975",
    file="german.data",
    known_sha256=("b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",),
    columns=("checking_account", "duration_months", "credit_history", "purpose", "amount", "savings", "employed_since",
             "installment_percent", "personal_status_sex", "guarantor", "residence_since", "property", "age",
             "other_installments", "housing", "existing_credits", "job", "dependants", "telephone", "foreign_worker", "class"),
    target="class", good="1", bad="2", delimiter=" ", header=False,
    features=(
        Feature("checking_account", "State of the checking account", "category", "LIQUID_ASSETS",
                codes=_codes("A14", "A13", "A12", "A11"),
                why="categories: none here, 200 DM and more, below 200 DM, below zero; having none is not on that scale"),
        Feature("duration_months", "Term of the credit", "months", "AMOUNT_AND_TERM", "UP", why="a longer term leaves more time to fail"),
        Feature("credit_history", "Credits so far", "category", "CREDIT_HISTORY", codes=_codes("A34", "A32", "A33", "A31", "A30"),
                why="categories of the file, whose labels are known to be partly wrong"),
        Feature("purpose", "Purpose of the credit", "category", "PURPOSE",
                codes=_codes("A40", "A41", "A42", "A43", "A44", "A45", "A46", "A47", "A48", "A49", "A410")),
        Feature("amount", "Amount of the credit", "DM", "AMOUNT_AND_TERM", None,
                why="small and large credits both fail more often in this file"),
        Feature("savings", "Savings account and bonds", "category", "LIQUID_ASSETS", codes=_codes("A64", "A63", "A65", "A62", "A61"),
                why="categories; unknown or none is not on the scale of amounts"),
        Feature("employed_since", "Time in the present employment", "category", "EMPLOYMENT", "UP",
                codes=_codes("A75", "A74", "A73", "A72", "A71"), why="codes rise as the time falls, to unemployed"),
        Feature("installment_percent", "Installment as a share of disposable income", "class 1 to 4", "AMOUNT_AND_TERM", "UP",
                why="a larger share of the income leaves less room"),
        Feature("guarantor", "Co-applicant or guarantor", "category", "COLLATERAL", codes=_codes("A103", "A101", "A102")),
        Feature("residence_since", "Time at the present residence", "class 1 to 4", "RESIDENCE"),
        Feature("property", "Property", "category", "COLLATERAL", "UP", codes=_codes("A121", "A122", "A123", "A124"),
                why="codes rise as what could be sold falls, from real estate to none"),
        Feature("other_installments", "Other installment plans", "category", "OBLIGATIONS", "UP", codes={"A143": 0.0, "A142": 1.0, "A141": 1.0},
                why="none, or with stores or banks"),
        Feature("housing", "Housing", "category", "RESIDENCE", codes=_codes("A152", "A151", "A153")),
        Feature("existing_credits", "Credits at this bank", "count", "OBLIGATIONS"),
        Feature("telephone", "Telephone in the applicant's name", "category", "RESIDENCE", codes=_codes("A192", "A191")),
    ),
    groups={
        "LIQUID_ASSETS": "Insufficient balance in checking and savings accounts",
        "AMOUNT_AND_TERM": INCOME,
        "CREDIT_HISTORY": DELINQUENT,
        "PURPOSE": "Purpose of the credit requested",
        "EMPLOYMENT": EMPLOYMENT,
        "COLLATERAL": COLLATERAL,
        "OBLIGATIONS": EXCESSIVE,
        "RESIDENCE": RESIDENCE,
    },
    forest={"learning_rate": 0.03, "num_leaves": 6, "max_depth": 3, "min_data_in_leaf": 20, "feature_fraction": 0.3,
            "bagging_fraction": 0.7, "lambda_l2": 1.0, "rounds": 300},
    additive={"learning_rate": 0.05, "num_leaves": 2, "max_depth": 1, "min_data_in_leaf": 20, "feature_fraction": 0.3,
              "bagging_fraction": 0.7, "lambda_l2": 5.0, "rounds": 300},
    cost_of_bad=5.0,
    protected={
        "sex": ("personal_status_sex", {"A91": "male", "A92": "female", "A93": "male", "A94": "male", "A95": "female"}, "male"),
        "age": ("age", ((0, "under 25"), (25, "25 to 39"), (40, "40 to 61"), (62, "62 and over")), "40 to 61"),
        "foreign worker": ("foreign_worker", {"A201": "yes", "A202": "no"}, "no"),
    },
    licence="CC BY 4.0, Hofmann, H. (1994), UCI Machine Learning Repository, DOI 10.24432/C5NC77",
    window="credits granted 1973 to 1975; bad credits were drawn more often than they occur (30 %)",
    limits=("1,000 rows, half a century old, in DM: a worked example, not a model for lending today.",
            "Bad credits are over-represented; a PD is one for this mix.",
            "Several codes of the file are known to be mislabelled (Groemping 2019)."),
    bar=0.79, shipped=True, cross_validated=True,
)

_MONTHS_LATE = {str(k): float(max(k, 0)) for k in range(-2, 9)}
_USE = {str(k): float(min(k, 1)) for k in range(-2, 9)}
_TAIWAN_MONTHS = (("PAY_0", "September"), ("PAY_2", "August"), ("PAY_3", "July"), ("PAY_4", "June"), ("PAY_5", "May"), ("PAY_6", "April"))
_TAIWAN_FEATURES = (
    Feature("LIMIT_BAL", "Credit limit of the card and its family", "NT$", "CREDIT_LIMIT", "DOWN",
            why="a higher limit was given to those the bank knew as safer"),
    Feature("EDUCATION", "Education", "category", "EDUCATION",
            codes={"1": 1.0, "2": 2.0, "3": 3.0, "0": 4.0, "4": 4.0, "5": 4.0, "6": 4.0},
            why="graduate school, university, high school, other or unknown; not an order"),
    *(Feature(f"{c}_LATE", f"Months late in {m}", "months", "DELINQUENT_OBLIGATIONS", "UP", column=c, codes=_MONTHS_LATE,
              why="a longer delay is a worse sign; codes -2 to 0 are not late") for c, m in _TAIWAN_MONTHS),
    *(Feature(f"{c}_USE", f"Use of the card in {m}", "category", "USE_OF_CREDIT", column=c, codes=_USE,
              why="no use (-2), paid in full (-1), revolving (0), late (1): kinds, not an order") for c, m in _TAIWAN_MONTHS),
    *(Feature(f"BILL_AMT{k}", f"Bill of {m}", "NT$", "BALANCES", why="a bill shows use and wealth alike")
      for k, (_, m) in enumerate(_TAIWAN_MONTHS, 1)),
    *(Feature(f"PAY_AMT{k}", f"Paid in {m}", "NT$", "PAYMENTS", "DOWN", why="a larger payment leaves less to fail on")
      for k, (_, m) in enumerate(_TAIWAN_MONTHS, 1)),
)

TAIWAN = Spec(
    name="taiwan",
    title="Default of Credit Card Clients, a bank in Taiwan, April to September 2005",
    file="taiwan.csv",
    known_sha256=("501bdf5d9c8998079cd5bcc447569b16fb59480393ee09c9721e53333e4100e0",),
    columns=("ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", "PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6",
             "BILL_AMT1", "BILL_AMT2", "BILL_AMT3", "BILL_AMT4", "BILL_AMT5", "BILL_AMT6",
             "PAY_AMT1", "PAY_AMT2", "PAY_AMT3", "PAY_AMT4", "PAY_AMT5", "PAY_AMT6", "class"),
    target="class", row_number=("ID",),
    features=_TAIWAN_FEATURES,
    groups={
        "DELINQUENT_OBLIGATIONS": DELINQUENT,
        "USE_OF_CREDIT": "Revolving use of existing credit",
        "CREDIT_LIMIT": "Low credit limit on existing accounts",
        "BALANCES": "Amount owed on existing accounts",
        "PAYMENTS": "Payments too low in relation to the amount owed",
        "EDUCATION": "Education",
    },
    forest={"learning_rate": 0.03, "num_leaves": 31, "max_depth": 6, "min_data_in_leaf": 100, "feature_fraction": 0.5,
            "bagging_fraction": 0.7, "lambda_l2": 10.0, "max_bin": 63, "rounds": 250},
    additive={"learning_rate": 0.1, "num_leaves": 2, "max_depth": 1, "min_data_in_leaf": 100, "feature_fraction": 0.5,
              "bagging_fraction": 0.7, "lambda_l2": 10.0, "rounds": 600},
    cost_of_bad=5.0,
    protected={
        "sex": ("SEX", {"1": "male", "2": "female"}, "male"),
        "marital status": ("MARRIAGE", {"1": "married", "2": "single", "3": "other", "0": "other"}, "married"),
        "age": ("AGE", ((0, "under 25"), (25, "25 to 39"), (40, "40 to 61"), (62, "62 and over")), "40 to 61"),
    },
    licence="CC BY 4.0, Yeh, I-C. (2009), UCI Machine Learning Repository, DOI 10.24432/C55S3H",
    window="April to September 2005, default in October 2005",
    limits=("One bank in one crisis year; no dates, so drift over time cannot be tested.",
            "Behaviour of people who already hold a card: it says nothing about new applicants.",
            "Part of the rows of the published file (22,534 of 30,000) was used."),
    bar=0.784, shipped=True,
)

_LATE = (96.0, 98.0)
GMSC = Spec(
    name="gmsc",
    title="Give Me Some Credit, serious delinquency within two years",
    file="gmsc.csv",
    known_sha256=("4583d0bb1b8a36b2a413f4b6409f2ec1ab7b3c95f91d883058eed9160a050dcb",),
    columns=("", "SeriousDlqin2yrs", "RevolvingUtilizationOfUnsecuredLines", "age", "NumberOfTime30-59DaysPastDueNotWorse",
             "DebtRatio", "MonthlyIncome", "NumberOfOpenCreditLinesAndLoans", "NumberOfTimes90DaysLate",
             "NumberRealEstateLoansOrLines", "NumberOfTime60-89DaysPastDueNotWorse", "NumberOfDependents"),
    target="SeriousDlqin2yrs", row_number=("",),
    features=(
        Feature("RevolvingUtilizationOfUnsecuredLines", "Use of revolving credit lines", "share of the limits", "UTILIZATION",
                why="holds an amount instead of a share where it is above 10 (7.7 % bad there, 41 % between 1 and 2), so it has no sign"),
        Feature("age", "Age", "years", "AGE", "DOWN", why="never counts against an older applicant (12 CFR 1002.6(b)(2))"),
        Feature("NumberOfTime30-59DaysPastDueNotWorse", "Times 30 to 59 days late in two years", "count", "DELINQUENT_OBLIGATIONS", "UP",
                special=_LATE, why="more delays are a worse sign; 96 and 98 are codes"),
        Feature("DebtRatio", "Monthly debt service over income", "ratio", "OBLIGATIONS",
                why="holds an amount instead of a ratio where the income is missing, so it has no sign"),
        Feature("MonthlyIncome", "Monthly income", "USD", "INCOME", "DOWN", special=(0.0, 1.0),
                why="more income carries more debt; 0 and 1 stand for an unknown income"),
        Feature("NumberOfOpenCreditLinesAndLoans", "Open credit lines and loans", "count", "CREDIT_EXPERIENCE",
                why="few show little experience, many show much debt"),
        Feature("NumberOfTimes90DaysLate", "Times 90 days late or more", "count", "DELINQUENT_OBLIGATIONS", "UP", special=_LATE,
                why="more delays are a worse sign; 96 and 98 are codes"),
        Feature("NumberRealEstateLoansOrLines", "Real-estate loans and lines", "count", "OBLIGATIONS",
                why="one shows a home and a bank's trust, many show debt"),
        Feature("NumberOfTime60-89DaysPastDueNotWorse", "Times 60 to 89 days late in two years", "count", "DELINQUENT_OBLIGATIONS", "UP",
                special=_LATE, why="more delays are a worse sign; 96 and 98 are codes"),
        Feature("NumberOfDependents", "Dependents", "count", "INCOME", why="share the income"),
    ),
    groups={
        "UTILIZATION": "Proportion of balances to credit limits too high on revolving accounts",
        "AGE": "Age",
        "DELINQUENT_OBLIGATIONS": DELINQUENT,
        "OBLIGATIONS": EXCESSIVE,
        "INCOME": "Income insufficient for amount of credit requested",
        "CREDIT_EXPERIENCE": EXPERIENCE,
    },
    forest={"learning_rate": 0.04, "num_leaves": 20, "max_depth": 5, "min_data_in_leaf": 100, "feature_fraction": 0.5,
            "bagging_fraction": 0.7, "lambda_l2": 5.0, "rounds": 220},
    additive={"learning_rate": 0.1, "num_leaves": 2, "max_depth": 1, "min_data_in_leaf": 200, "feature_fraction": 0.6,
              "bagging_fraction": 0.7, "lambda_l2": 5.0, "rounds": 600},
    cost_of_bad=20.0,
    protected={"age": ("age", ((0, "under 25"), (25, "25 to 39"), (40, "40 to 61"), (62, "62 and over")), "40 to 61")},
    licence="rules of the Kaggle competition: used where present, neither the rows nor the model are published",
    window="published 2011, two years of outcome; dates are not given",
    limits=("No dates and no applicants that were declined.",
            "609 rows of the published file occur twice and were dropped before splitting."),
    bar=0.865,
)

HMEQ = Spec(
    name="hmeq",
    title="Home equity loans (HMEQ)",
    file="hmeq.csv",
    known_sha256=("a5942b3cf8d2dd52e7467f146a91dbab4c3c7fe9f4f58a5db66ca3cf10e2cd9a",),
    columns=("BAD", "LOAN", "MORTDUE", "VALUE", "REASON", "JOB", "YOJ", "DEROG", "DELINQ", "CLAGE", "NINQ", "CLNO", "DEBTINC"),
    target="BAD",
    features=(
        Feature("LOAN", "Amount of the loan", "USD", "AMOUNT", why="no sign: the lender cut the amount by the risk it saw"),
        Feature("MORTDUE", "Owed on the mortgage", "USD", "COLLATERAL", why="no sign without the value beside it"),
        Feature("VALUE", "Value of the property", "USD", "COLLATERAL", why="no sign without the debt beside it"),
        Feature("REASON_DEBTCON", "Purpose is to consolidate debt", "yes/no", "AMOUNT", column="REASON", category="DebtCon"),
        Feature("JOB", "Occupation", "category", "EMPLOYMENT", codes=_codes("Office", "ProfExe", "Mgr", "Other", "Self", "Sales")),
        Feature("YOJ", "Years in the present job", "years", "EMPLOYMENT", why="not monotone in this file"),
        Feature("DEROG", "Major derogatory reports", "count", "DELINQUENT_OBLIGATIONS", "UP", why="more reports are a worse sign"),
        Feature("DELINQ", "Delinquent credit lines", "count", "DELINQUENT_OBLIGATIONS", "UP", why="more delays are a worse sign"),
        Feature("CLAGE", "Age of the oldest credit line", "months", "CREDIT_EXPERIENCE", "DOWN", why="a longer history is a better sign"),
        Feature("NINQ", "Recent credit inquiries", "count", "INQUIRIES", "UP", why="many requests show need"),
        Feature("CLNO", "Credit lines", "count", "CREDIT_EXPERIENCE", why="few show little experience, many show much debt"),
        Feature("DEBTINC", "Debt to income", "percent", "OBLIGATIONS", why="its absence is the strongest sign in this file; no sign is forced"),
    ),
    groups={
        "AMOUNT": "Amount and purpose of the credit requested",
        "COLLATERAL": COLLATERAL,
        "EMPLOYMENT": EMPLOYMENT,
        "DELINQUENT_OBLIGATIONS": DELINQUENT,
        "CREDIT_EXPERIENCE": EXPERIENCE,
        "INQUIRIES": INQUIRIES,
        "OBLIGATIONS": "Excessive or unverified obligations in relation to income",
    },
    forest={"learning_rate": 0.08, "num_leaves": 48, "max_depth": 6, "min_data_in_leaf": 3, "feature_fraction": 0.6,
            "bagging_fraction": 0.9, "lambda_l2": 1.0, "rounds": 220},
    additive={"learning_rate": 0.1, "num_leaves": 2, "max_depth": 1, "min_data_in_leaf": 10, "feature_fraction": 0.6,
              "bagging_fraction": 0.9, "lambda_l2": 1.0, "rounds": 400},
    cost_of_bad=5.0,
    protected={},
    licence="unclear (teaching site): used where present, neither the rows nor the model are published",
    window="not documented",
    limits=("A missing debt-to-income ratio nearly gives the outcome away: it may have been recorded after the fact.",
            "No protected attribute is in the file, so fairness cannot be measured."),
    bar=0.950,
)

ALL = {spec.name: spec for spec in (GERMAN, TAIWAN, GMSC, HMEQ)}
