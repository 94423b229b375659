//! Text of a file to the value of a feature, as training read it.

use super::Feature;

/// A text that is neither a number nor a sign of a missing value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" in column {column} is not a number; signs of a missing value are {missing}")]
pub struct ValueError {
    /// Where.
    pub column: String,
    /// What stands there, shortened.
    pub text: String,
    /// What may stand for a missing value.
    pub missing: String,
}

fn number(text: &str) -> Option<f64> {
    // Rust also reads "inf", "infinity" and "nan", which no column means.
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Whether two texts name the same thing: `1` and `1.0` do.
fn same(text: &str, other: &str) -> bool {
    text == other || number(text).is_some_and(|left| number(other) == Some(left))
}

impl Feature {
    /// The value of a column's text; NaN is missing.
    pub fn value(&self, text: &str) -> Result<f64, ValueError> {
        let text = text.trim();
        if self.missing.iter().any(|missing| missing.trim() == text) {
            return Ok(f64::NAN);
        }
        if let Some(category) = &self.category {
            return Ok(f64::from(u8::from(same(text, category.trim()))));
        }
        if !self.codes.is_empty() {
            let code = self.codes.get(text).copied();
            let by_number = || {
                self.codes
                    .iter()
                    .find(|(known, _)| same(text, known))
                    .map(|(_, code)| *code)
            };
            return Ok(code.or_else(by_number).unwrap_or(f64::NAN));
        }
        match number(text) {
            Some(number) if self.special.contains(&number) => Ok(f64::NAN),
            Some(number) => Ok(number),
            None => Err(self.unreadable(text)),
        }
    }

    fn unreadable(&self, text: &str) -> ValueError {
        let missing: Vec<String> = self.missing.iter().map(|missing| format!("\"{missing}\"")).collect();
        ValueError {
            column: self.column.clone(),
            text: text.chars().take(40).collect(),
            missing: if missing.is_empty() {
                "none".to_owned()
            } else {
                missing.join(", ")
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::samples::feature;

    #[test]
    fn numbers_missing_texts_and_special_numbers_are_told_apart() {
        let mut feature = feature("LATE", "HISTORY");
        feature.missing = vec![String::new(), "NA".to_owned()];
        feature.special = vec![96.0, 98.0];
        assert_eq!(feature.value(" 1.5e1 "), Ok(15.0));
        for text in ["", "  ", "NA", "96", "98.0"] {
            assert!(feature.value(text).unwrap().is_nan(), "{text}");
        }
        for text in ["x", "1,5", "nan", "inf", "-Infinity", "0x10", "1e999"] {
            let error = feature.value(text).unwrap_err();
            assert_eq!((error.column.as_str(), error.text.as_str()), ("LATE", text));
        }
    }

    #[test]
    fn a_category_is_one_or_nothing_and_a_code_is_known_or_missing() {
        let mut category = feature("CAR", "ASSETS");
        category.category = Some("2".to_owned());
        category.missing = vec!["?".to_owned()];
        let values = ["2", "2.0", "3", "A43", "?"].map(|text| category.value(text).unwrap());
        assert_eq!(values[..4], [1.0, 1.0, 0.0, 0.0]);
        assert!(values[4].is_nan());
        let mut coded = feature("SINCE", "JOB");
        coded.codes = [("A71".to_owned(), 0.0), ("A72".to_owned(), 1.0)].into();
        assert_eq!(coded.value("A72"), Ok(1.0));
        assert!(coded.value("A79").unwrap().is_nan());
    }
}
