//! Everything that we hold of a person, for the person: GDPR Articles 15 and 20. Complete over the registry of places: a place
//! without an answer here does not compile past the test below.

use ::privacy::places::{self, Protection};
use ::privacy::{Field, Purpose, RecordClass, Whose};
use domain::Principal;
use domain::ids::PrincipalId;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::vault::Reading;
use crate::Aggregator;
use crate::access::{Action, Class};
use crate::api::Error;
use crate::store::from_json;
use crate::store::privacy as rows;

/// How a place answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Opened from `privacy.field`.
    Opened,
    /// The law forbids to tell; said to everybody in the same words, whether there is something or not.
    NotTold,
    /// In that part of the export.
    Part(&'static str),
    /// Nothing that tells more than another part.
    Elsewhere(&'static str),
}

fn answer(field: &Field) -> Option<Answer> {
    if field.protection == Protection::Sealed {
        let told = !matches!(field.class, RecordClass::Filing | RecordClass::Screening);
        return Some(if told { Answer::Opened } else { Answer::NotTold });
    }
    Some(match field.table {
        "quoting.request" | "quoting.quote" => Answer::Part("requests"),
        "compliance.decision" => Answer::Part("decisions"),
        "risk.review" | "risk.limit_account" => Answer::Part("risk"),
        "lending.settlement"
        | "lending.loan"
        | "lending.installment"
        | "lending.repayment"
        | "lending.venue_position" => Answer::Part("credits"),
        "identity.principal" | "identity.idempotency_key" => Answer::Part("account"),
        "events.outbox" => Answer::Elsewhere("says by ids what the other parts say"),
        "networks.question" => Answer::Elsewhere("offers of lenders, which the requests show"),
        "chain.event" => Answer::Elsewhere("what everybody can read on the public chain of your wallet"),
        "networks.provider_journey" => Answer::Elsewhere("references of lenders, which the credits name"),
        "redis" => {
            Answer::Elsewhere("keyed hashes that end by themselves; nobody can tell whose they are without the value")
        }
        _ => return None,
    })
}

/// What the person is told about withheld records, always.
const WITHHELD: &str =
    "Where a law forbids us to disclose records of checks or reports, they are not part of this export.";

impl Aggregator {
    /// Everything that we hold of a person, as one JSON document: for the person, an integrator of their tenant, or an officer
    /// for them. Each value that is read in clear is noted.
    pub async fn export_person(&self, caller: &Principal, subject: PrincipalId) -> Result<Value, Error> {
        let mut tx = self.world.db.begin().await?;
        let whose = self
            .person(&mut tx, (caller, Action::Read, Class::Export), subject)
            .await?;
        let requests = rows::request_ids(&mut tx, whose).await?;
        let part = |text: String| from_json::<Value>(&text);
        let mut export = Map::new();
        export.insert("format".into(), "usance/personal-data/1".into());
        export.insert("madeAt".into(), json!(self.world.clock.now()));
        export.insert("subject".into(), json!(subject));
        export.insert("tenant".into(), json!(whose.tenant));
        export.insert("places".into(), registry());
        export.insert("personal".into(), self.opened_values(&mut tx, (whose, caller)).await?);
        export.insert("requests".into(), part(rows::export_requests(&mut tx, whose).await?)?);
        export.insert(
            "decisions".into(),
            part(rows::export_decisions(&mut tx, &requests).await?)?,
        );
        export.insert("risk".into(), part(rows::export_risk(&mut tx, whose).await?)?);
        export.insert("credits".into(), part(rows::export_lending(&mut tx, whose).await?)?);
        export.insert("account".into(), part(rows::export_identity(&mut tx, whose).await?)?);
        export.insert("withheld".into(), WITHHELD.into());
        tx.commit().await?;
        Ok(Value::Object(export))
    }

    async fn opened_values(
        &self,
        conn: &mut PgConnection,
        (whose, caller): (Whose, &Principal),
    ) -> Result<Value, Error> {
        let reading = Reading {
            by: Some(caller),
            purpose: Purpose::SubjectAccess,
        };
        let mut values = Vec::new();
        for row in rows::fields_of(conn, whose).await? {
            let field = places::find(&row.table_name, &row.column_name);
            if field.and_then(answer) != Some(Answer::Opened) {
                continue;
            }
            let opened = self.world.vault.read(conn, &row, reading).await?;
            let exposed = opened.expose(Purpose::SubjectAccess);
            // What is no JSON goes as text: nothing is left out for its form.
            let value = serde_json::from_slice::<Value>(exposed.value())
                .unwrap_or_else(|_| String::from_utf8_lossy(exposed.value()).into_owned().into());
            values.push(json!({
                "place": format!("{}.{}", row.table_name, row.column_name), "row": row.row_id, "class": row.class,
                "recordedAt": row.recorded_at, "value": value,
            }));
        }
        Ok(values.into())
    }
}

/// Where something of a person can lie, what it is, and where in the export it stands.
fn registry() -> Value {
    let line = |field: &&Field| {
        let stands = match answer(field) {
            Some(Answer::Opened) => "personal",
            Some(Answer::Part(part)) => part,
            Some(Answer::Elsewhere(why)) => why,
            Some(Answer::NotTold) | None => return None,
        };
        Some(json!({ "place": field.column_name(), "what": field.what, "stands": stands }))
    };
    places::REGISTRY.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_registry_has_an_answer_in_the_export() {
        for field in places::REGISTRY {
            assert!(answer(field).is_some(), "{} has no answer", field.column_name());
        }
    }

    #[test]
    fn checks_and_reports_are_never_told() {
        for field in
            places::fields().filter(|field| matches!(field.class, RecordClass::Filing | RecordClass::Screening))
        {
            assert_eq!(answer(field), Some(Answer::NotTold));
        }
    }
}
