//! What fraud rules look at. Every fact may be missing: none means that it could not be had, never zero.

use domain::ports::velocity::Entity;
use serde::{Deserialize, Serialize};

macro_rules! facts {
    (
        numbers { $($(#[doc = $doc:literal])+ $number:ident / $Number:ident / $name:literal,)+ }
        cases { $($(#[doc = $case_doc:literal])+ $case:ident / $Case:ident / $case_name:literal: $type:ty,)+ }
    ) => {
        /// The facts of one request. Personal values are not among them: people and things are keyed hashes.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct FraudFacts {
            /// The counters could not be asked: what they would have said is unknown.
            #[serde(default)]
            pub unavailable: bool,
            /// What was seen, as keyed hashes, for hard lists and overrides.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub entities: Vec<Entity>,
            $($(#[doc = $doc])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $number: Option<i64>,)+
            $($(#[doc = $case_doc])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $case: Option<$type>,)+
        }

        /// A fact by its name in the rules file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
        pub(crate) enum Fact {
            $(#[serde(rename = $name)] $Number,)+
            $(#[serde(rename = $case_name)] $Case,)+
        }

        impl Fact {
            #[cfg(test)]
            pub(crate) const NUMBERS: &'static [Self] = &[$(Self::$Number),+];

            /// Every value of a fact that has cases; none of a number.
            pub(crate) fn cases(self) -> Option<&'static [&'static str]> {
                match self {
                    $(Self::$Number => None,)+
                    $(Self::$Case => Some(<$type>::NAMES),)+
                }
            }

            /// The number, or the place of the case among its names.
            pub(crate) fn of(self, facts: &FraudFacts) -> Option<i64> {
                match self {
                    $(Self::$Number => facts.$number,)+
                    $(Self::$Case => facts.$case.map(<$type>::place),)+
                }
            }

            #[cfg(test)]
            pub(crate) fn set(self, facts: &mut FraudFacts, value: Option<i64>) {
                match self {
                    $(Self::$Number => facts.$number = value,)+
                    $(Self::$Case => facts.$case = value.and_then(<$type>::at),)+
                }
            }
        }
    };
}

macro_rules! case {
    ($(#[doc = $doc:literal])+ $type:ident { $($(#[doc = $case_doc:literal])+ $case:ident = $name:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[doc = $case_doc])+ #[serde(rename = $name)] $case,)+
        }

        impl $type {
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),+];

            pub(crate) fn place(self) -> i64 {
                self as i64
            }

            /// The case of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$case),)+
                    _ => None,
                }
            }

            #[cfg(test)]
            pub(crate) fn at(place: i64) -> Option<Self> {
                [$(Self::$case),+].into_iter().find(|case| case.place() == place)
            }
        }
    };
}

case! {
    /// Whose mail an e-mail address is at.
    EmailDomain {
        /// A domain of the applicant's employer or own.
        Other = "OTHER",
        /// A provider where anybody gets an address.
        Free = "FREE",
        /// A provider of addresses that are thrown away.
        Disposable = "DISPOSABLE",
        /// Not an e-mail address.
        Invalid = "INVALID",
    }
}

case! {
    /// How the name of an account's holder compares with the applicant's.
    NameMatch {
        /// The same name, in any order of its words.
        Same = "SAME",
        /// A word in common, or initials that fit.
        Partial = "PARTIAL",
        /// Nothing in common.
        Different = "DIFFERENT",
    }
}

case! {
    /// Where an internet address is.
    IpClass {
        /// At a home.
        Residential = "RESIDENTIAL",
        /// Of a mobile network.
        Mobile = "MOBILE",
        /// At an office or a school.
        Business = "BUSINESS",
        /// In a data centre.
        Hosting = "HOSTING",
        /// Of a proxy or a virtual private network.
        Proxy = "PROXY",
        /// An exit of Tor.
        Tor = "TOR",
        /// Of no public network: loopback, private, reserved.
        Private = "PRIVATE",
    }
}

facts! {
    numbers {
        /// Requests of the person in 10 minutes, this one included, as in all counts.
        person_requests_10m / PersonRequests10m / "PERSON_REQUESTS_10M",
        /// Requests of the person in 24 hours.
        person_requests_24h / PersonRequests24h / "PERSON_REQUESTS_24H",
        /// Requests of the person in 30 days.
        person_requests_30d / PersonRequests30d / "PERSON_REQUESTS_30D",
        /// Devices of the person in 24 hours.
        person_devices_24h / PersonDevices24h / "PERSON_DEVICES_24H",
        /// Devices of the person in 30 days.
        person_devices_30d / PersonDevices30d / "PERSON_DEVICES_30D",
        /// Payout accounts of the person in 30 days.
        person_payouts_30d / PersonPayouts30d / "PERSON_PAYOUTS_30D",
        /// Seconds since the person's request before this one.
        person_pause_seconds / PersonPauseSeconds / "PERSON_PAUSE_SECONDS",
        /// Requests from the device in a minute.
        device_requests_1m / DeviceRequests1m / "DEVICE_REQUESTS_1M",
        /// Requests from the device in an hour.
        device_requests_1h / DeviceRequests1h / "DEVICE_REQUESTS_1H",
        /// Requests from the device in 24 hours.
        device_requests_24h / DeviceRequests24h / "DEVICE_REQUESTS_24H",
        /// People at the device in 24 hours.
        device_people_24h / DevicePeople24h / "DEVICE_PEOPLE_24H",
        /// People at the device in 30 days.
        device_people_30d / DevicePeople30d / "DEVICE_PEOPLE_30D",
        /// Seconds since the device was first seen, with anybody; 0 the first time.
        device_age_seconds / DeviceAgeSeconds / "DEVICE_AGE_SECONDS",
        /// Requests from the network in a minute.
        network_requests_1m / NetworkRequests1m / "NETWORK_REQUESTS_1M",
        /// People in the network in an hour.
        network_people_1h / NetworkPeople1h / "NETWORK_PEOPLE_1H",
        /// Requests with the e-mail address in 24 hours.
        email_requests_24h / EmailRequests24h / "EMAIL_REQUESTS_24H",
        /// People with the e-mail address in 30 days, tags and dots not counted.
        email_people_30d / EmailPeople30d / "EMAIL_PEOPLE_30D",
        /// People with the payout account in 30 days.
        payout_people_30d / PayoutPeople30d / "PAYOUT_PEOPLE_30D",
        /// What was asked for to that payout account in 24 hours, in per cent of this amount: 100 is this request alone.
        payout_amount_24h_percent / PayoutAmount24hPercent / "PAYOUT_AMOUNT_24H_PERCENT",
        /// People with the wallet in 30 days.
        wallet_people_30d / WalletPeople30d / "WALLET_PEOPLE_30D",
        /// Requests with the wallet in 24 hours.
        wallet_requests_24h / WalletRequests24h / "WALLET_REQUESTS_24H",
        /// Days since the wallet's first transaction.
        wallet_age_days / WalletAgeDays / "WALLET_AGE_DAYS",
        /// Requests of the partner in a minute.
        partner_requests_1m / PartnerRequests1m / "PARTNER_REQUESTS_1M",
        /// People linked to one entity of the person, at the entity that has most, the person included.
        linked_people / LinkedPeople / "LINKED_PEOPLE",
        /// Flagged people who share a device, e-mail address, payout account or wallet with the person.
        flagged_near / FlaggedNear / "FLAGGED_NEAR",
        /// Flagged people at two such steps.
        flagged_far / FlaggedFar / "FLAGGED_FAR",
        /// 1 when the person is flagged, else 0.
        person_flagged / PersonFlagged / "PERSON_FLAGGED",
        /// 1 when the e-mail address has a tag after a plus sign, else 0.
        email_tagged / EmailTagged / "EMAIL_TAGGED",
        /// Per cent of digits in the part of the e-mail address before the @.
        email_digits_percent / EmailDigitsPercent / "EMAIL_DIGITS_PERCENT",
        /// Seconds from sign-up to this request.
        sign_up_seconds / SignUpSeconds / "SIGN_UP_SECONDS",
        /// Seconds that the form was open.
        form_seconds / FormSeconds / "FORM_SECONDS",
        /// Fields of the form that were pasted into.
        paste_count / PasteCount / "PASTE_COUNT",
        /// Speed of a journey from the place of the request before, km an hour.
        travel_kmh / TravelKmh / "TRAVEL_KMH",
        /// How strange the request is to the anomaly model, 0 to 1000.
        anomaly_permille / AnomalyPermille / "ANOMALY_PERMILLE",
    }
    cases {
        /// Whose mail the e-mail address is at.
        email_domain / EmailDomain / "EMAIL_DOMAIN": EmailDomain,
        /// Name of the payout account's holder against the applicant's.
        holder_name / HolderName / "HOLDER_NAME": NameMatch,
        /// Where the internet address is.
        ip_class / IpClass / "IP_CLASS": IpClass,
    }
}
