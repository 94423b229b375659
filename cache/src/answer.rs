//! The answer of the script: whole numbers, back to figures.

use domain::ports::velocity::{ANOTHER_SIGHTING, Counts, Figures, Place, Seen, VelocityError, Window};

/// Reads the answer for that many observations. Anything else than what the script writes is refused.
pub(crate) fn read(numbers: &[i64], observations: usize) -> Result<Seen, VelocityError> {
    let corrupt = || VelocityError::Corrupt("an answer of another length".to_owned());
    let (head, rest) = numbers.split_first_chunk::<6>().ok_or_else(corrupt)?;
    let [flagged_near, flagged_far, flagged, since, latitude, longitude] = *head;
    let each = Window::ALL.len() * 3 + 3;
    if rest.len() % each != 0 {
        return Err(corrupt());
    }
    if rest.len() != observations * each {
        return Err(ANOTHER_SIGHTING);
    }
    let previous_place = known(since).map(|since| {
        let tenths = |number: i64| i16::try_from(number).map_err(|_| VelocityError::Corrupt("not a place".to_owned()));
        let place = Place {
            latitude: tenths(latitude)?,
            longitude: tenths(longitude)?,
        };
        Ok::<_, VelocityError>((place, since))
    });
    Ok(Seen {
        counts: rest.chunks_exact(each).map(counts).collect(),
        flagged_near,
        flagged_far,
        flagged: flagged > 0,
        previous_place: previous_place.transpose()?,
    })
}

fn counts(numbers: &[i64]) -> Counts {
    let mut counts = Counts::default();
    for (figures, chunk) in counts.windows.iter_mut().zip(numbers.chunks_exact(3)) {
        *figures = Figures {
            count: chunk[0],
            sum_minor: chunk[1],
            distinct: chunk[2],
        };
    }
    if let [.., first, last, people] = *numbers {
        counts.since_first = known(first);
        counts.since_last = known(last);
        counts.people = people;
    }
    counts
}

fn known(number: i64) -> Option<i64> {
    (number >= 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_length_is_refused() {
        assert!(read(&[], 0).is_err());
        assert!(read(&[0; 6], 0).is_ok());
        assert_eq!(read(&[0; 6], 1), Err(ANOTHER_SIGHTING));
        assert!(read(&[0; 28], 1).is_err());
        assert!(read(&[0; 27], 1).is_ok());
        assert!(read(&[0, 0, 0, 5, 100_000, 0], 0).is_err(), "no such place");
    }

    #[test]
    fn minus_one_is_none() {
        let mut numbers = [0; 27];
        (numbers[3], numbers[24], numbers[25], numbers[26]) = (-1, -1, 7, 2);
        let seen = read(&numbers, 1).unwrap();
        assert_eq!(seen.previous_place, None);
        let counts = seen.counts[0];
        assert_eq!(
            (counts.since_first, counts.since_last, counts.people),
            (None, Some(7), 2)
        );
    }
}
