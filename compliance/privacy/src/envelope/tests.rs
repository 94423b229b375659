use proptest::prelude::*;

use super::*;
use crate::pii::Purpose;
use crate::places::{Place, Whose, fields};

fn key() -> DataKey {
    DataKey::generate(KeyId(Uuid::from_u128(7))).unwrap()
}

#[test]
fn a_value_comes_back_and_no_two_ciphertexts_of_it_are_equal() {
    let (key, aad) = (key(), Aad::new("field").part(b"row 1"));
    let one = key.seal(&aad, b"Jane").unwrap();
    let two = key.seal(&aad, b"Jane").unwrap();
    assert_ne!(one, two);
    let opened = key.open(&aad, &one).unwrap();
    assert_eq!(opened.expose(Purpose::Sealing).value(), b"Jane");
    assert_eq!(one.key_id(), key.id());
    let again = Sealed::from_bytes(two.clone().into_bytes()).unwrap();
    assert_eq!(again, two);
}

#[test]
fn another_key_of_the_same_name_does_not_open_and_a_key_of_another_name_is_told_apart() {
    let (ours, theirs, aad) = (key(), key(), Aad::new("field"));
    let sealed = ours.seal(&aad, b"x").unwrap();
    assert_eq!(theirs.open(&aad, &sealed).err(), Some(SealError::Foreign));
    let renamed = DataKey::from_slice(KeyId(Uuid::from_u128(8)), ours.secret()).unwrap();
    assert_eq!(renamed.open(&aad, &sealed).err(), Some(SealError::OtherKey));
}

#[test]
fn the_name_of_the_key_on_a_value_cannot_be_exchanged() {
    let (ours, aad) = (key(), Aad::new("field"));
    let other = KeyId(Uuid::from_u128(8));
    let mut bytes = ours.seal(&aad, b"x").unwrap().into_bytes();
    bytes[1..17].copy_from_slice(other.0.as_bytes());
    let renamed = DataKey::from_slice(other, ours.secret()).unwrap();
    let sealed = Sealed::from_bytes(bytes).unwrap();
    assert_eq!(renamed.open(&aad, &sealed).err(), Some(SealError::Foreign));
}

#[test]
fn what_is_no_sealed_value_is_refused_by_its_form() {
    for bytes in [vec![], vec![1; HEAD + TAG - 1], vec![2; 200], vec![0; 200]] {
        assert_eq!(Sealed::from_bytes(bytes).err(), Some(SealError::Format));
    }
}

fn whose() -> impl Strategy<Value = (Whose, Place)> {
    let fields = prop::sample::select(fields().collect::<Vec<_>>());
    (any::<u128>(), any::<u128>(), fields, any::<u128>(), any::<u32>()).prop_map(|(t, s, field, row, version)| {
        let whose = Whose {
            tenant: Uuid::from_u128(t),
            subject: Uuid::from_u128(s),
        };
        (whose, Place::new(field, Uuid::from_u128(row), version))
    })
}

/// One part of where a value belongs, changed.
fn moved((whose, place): (Whose, Place), part: u8, to: u128) -> (Whose, Place) {
    let (mut w, mut p) = (whose, place);
    let to = Uuid::from_u128(to);
    match part {
        0 => w.tenant = to,
        1 => w.subject = to,
        2 => p.row = to,
        3 => p.version = p.version.wrapping_add(1 + to.as_fields().0 % 1_000),
        _ => {
            let others: Vec<_> = fields().filter(|f| f.column_name() != p.field.column_name()).collect();
            p.field = others[to.as_fields().0 as usize % others.len()];
        }
    }
    (w, p)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_ciphertext_moved_to_another_tenant_person_row_version_or_column_never_opens(
        from in whose(), part in 0_u8..5, to in any::<u128>(), plain in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let key = key();
        let sealed = key.seal(&from.1.aad(from.0), &plain).unwrap();
        let opened = key.open(&from.1.aad(from.0), &sealed).unwrap();
        prop_assert_eq!(opened.expose(Purpose::Sealing).value(), &plain);
        let (whose, place) = moved(from, part, to);
        prop_assume!((whose, place) != from);
        prop_assert_eq!(key.open(&place.aad(whose), &sealed).err(), Some(SealError::Foreign));
    }

    #[test]
    fn no_byte_of_a_ciphertext_can_be_flipped(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (key, aad) = (key(), Aad::new("field"));
        let mut bytes = key.seal(&aad, b"some personal value").unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let opened = Sealed::from_bytes(bytes).and_then(|sealed| key.open(&aad, &sealed));
        prop_assert!(opened.is_err());
    }
}
