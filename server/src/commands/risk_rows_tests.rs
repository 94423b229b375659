//! Files of rows in every shape that people send.

use risk::model::{Manifest, Status};

use super::*;

/// Columns ID, LATE, JOB, INCOME and the target BAD; JOB is used by two features and LATE has a special number.
fn manifest(delimiter: &str) -> Manifest {
    let feature = |name: &str, column: &str, more: serde_json::Value| {
        let mut feature = serde_json::json!({
            "name": name, "title": name, "unit": "", "column": column, "category": null, "codes": {}, "missing": ["", "NA"],
            "special": [], "min": 0, "max": 10, "monotone": null, "group": "G", "reference": 1, "source": null
        });
        for (key, value) in more.as_object().unwrap() {
            feature[key] = value.clone();
        }
        feature
    };
    let manifest: Manifest = serde_json::from_value(serde_json::json!({
        "format": 1, "name": "rows", "version": "1.0.0", "kind": "FOREST", "status": "TRAINED", "purpose": "Tests.",
        "expires": "2027-11-21",
        "input": { "delimiter": delimiter, "header": true, "columns": ["ID", "LATE", "JOB", "INCOME", "BAD"] },
        "features": [
            feature("INCOME", "INCOME", serde_json::json!({ "min": 100, "max": 9000 })),
            feature("LATE", "LATE", serde_json::json!({ "special": [96] })),
            feature("JOB_CLERK", "JOB", serde_json::json!({ "category": "clerk" })),
            feature("JOB_SINCE", "JOB", serde_json::json!({ "codes": { "clerk": 2, "none": 0 } })),
        ],
        "training": { "data": "", "data_sha256": "", "rows": 0, "duplicates": 0, "target": "BAD", "split": "",
            "code_sha256": "", "requirements_sha256": "", "seed": 0 },
        "iterations": 1
    }))
    .unwrap();
    assert_eq!(manifest.status, Status::Trained);
    manifest
}

fn read(manifest: &Manifest, text: &[u8]) -> Result<Vec<Vec<f64>>> {
    let mut rows = Rows::open(manifest, text)?;
    let (mut row, mut all) = (Vec::new(), Vec::new());
    while rows.next_into(&mut row)? {
        all.push(row.clone());
    }
    Ok(all)
}

fn error(manifest: &Manifest, text: &str) -> String {
    format!("{:#}", read(manifest, text.as_bytes()).unwrap_err())
}

/// INCOME, LATE, JOB_CLERK, JOB_SINCE of the two rows that all shapes below hold.
const EXPECTED: [[f64; 4]; 2] = [[3000.0, 1.0, 1.0, 2.0], [2500.5, 0.0, 0.0, 0.0]];

#[test]
fn one_content_in_many_shapes_is_read_alike() {
    let shapes = [
        "ID,LATE,JOB,INCOME,BAD\n1,1,clerk,3000,0\n2,0,none,2500.5,1\n",
        // No newline at the end, CRLF, a byte order mark.
        "\u{feff}ID,LATE,JOB,INCOME,BAD\r\n1,1,clerk,3000,0\r\n2,0,none,2500.5,1",
        // Another order, extra columns, no target; quoted, blanks around.
        "JOB,\"extra, 1\",INCOME,LATE\n\"clerk\",\"x \"\"y\"\",\nz\",\"3000\", 1\n none ,,2500.5,0\n",
        // Names in other letters, blank lines.
        "\n\nlate,job,income\n\n1,clerk,3e3\n\n0,none,2500.5\n\n",
        // Other delimiters than the model's.
        "LATE;JOB;INCOME\n1;clerk;3000\n0;none;2500.5\n",
        "LATE\tJOB\tINCOME\n1\tclerk\t3000\n0\tnone\t2500.5\n",
        "LATE  JOB INCOME\n 1 clerk    3000\n0 none 2500.5 \n",
        // No names: all columns, without the target, without the first, without both.
        "1,1,clerk,3000,0\n2,0,none,2500.5,1\n",
        "1,1,clerk,3000\n2,0,none,2500.5\n",
        "1,clerk,3000,0\n0,none,2500.5,1\n",
        "1,clerk,3000\n0,none,2500.5\n",
        "1 1 clerk 3000 0\n2 0 none 2500.5 1\n",
    ];
    for text in shapes {
        let rows = read(&manifest(","), text.as_bytes());
        let rows = rows.unwrap_or_else(|error| panic!("{text:?}: {error:#}"));
        assert_eq!(rows, EXPECTED, "{text:?}");
    }
}

#[test]
fn a_model_of_blanks_reads_runs_of_blanks_and_an_extra_number_of_the_row() {
    let mut model = manifest(" ");
    model.input.columns.remove(0);
    for text in [
        "1 clerk  3000 0 \n0   none 2500.5 1\n",
        "1 clerk 3000\n0 none 2500.5\n",
        "17 1 clerk 3000 0\n18 0 none 2500.5 1\n",
        "17 1 clerk 3000\n18 0 none 2500.5\n",
        "1,clerk,3000,0\n0,none,2500.5,1\n",
    ] {
        let rows = read(&model, text.as_bytes());
        let rows = rows.unwrap_or_else(|error| panic!("{text:?}: {error:#}"));
        assert_eq!(rows, EXPECTED, "{text:?}");
    }
}

#[test]
fn missing_texts_special_numbers_and_unknown_codes_are_missing() {
    let rows = read(&manifest(","), b"LATE,JOB,INCOME\n96,NA,\nNA,pilot,100\n").unwrap();
    assert!(rows[0].iter().all(|value| value.is_nan()), "{rows:?}");
    assert!(rows[1][1].is_nan() && rows[1][3].is_nan());
    assert_eq!((rows[1][0], rows[1][2]), (100.0, 0.0));
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_column() {
    let model = manifest(",");
    let cases = [
        (
            "LATE,JOB,INCOME\n1,clerk,3000\n0,none,12k\n",
            ["line 3", "INCOME", "12k"],
        ),
        (
            "LATE,JOB,INCOME\n1,\"a\nb\",3000\n0,none,?\n",
            ["line 4", "INCOME", "?"],
        ),
        ("LATE,JOB,INCOME\n1,clerk\n", ["line 2", "2 values", "expected 3"]),
        (
            "LATE,JOB,INCOME\n1,clerk,3000,4\n",
            ["line 2", "4 values", "expected 3"],
        ),
        ("LATE,JOB,INCOME\n1,\"clerk\"x,3000\n", ["line 2", "closing quote", ""]),
        ("LATE,JOB,INCOME\n1,\"clerk,3000\n", ["line 2", "not closed", ""]),
        ("LATE,JOB,AMOUNT\n1,clerk,3000\n", ["line 1", "no column", "INCOME"]),
        ("LATE,JOB,INCOME,LATE\n1,clerk,3000,2\n", ["line 1", "LATE", "2 times"]),
        ("1,2\n", ["line 1", "expected 5", "ID,LATE,JOB,INCOME,BAD"]),
        ("", ["no rows", "", ""]),
    ];
    for (text, said) in cases {
        let error = error(&model, text);
        assert!(said.iter().all(|part| error.contains(part)), "{text:?}: {error}");
    }
    let not_text = read(&model, b"LATE,JOB,INCOME\n1,\xff,3000\n").unwrap_err();
    assert!(format!("{not_text:#}").contains("line 2"), "{not_text:#}");
    assert!(error(&model, "\u{0}").contains("line 1"));
    let wide = format!("LATE,JOB,INCOME\n1,{},3000\n", "x".repeat(MAX_RECORD));
    assert!(error(&model, &wide).contains("longer"));
    assert!(
        read(&model, &[0xff, 0xfe, 0x41, 0])
            .unwrap_err()
            .to_string()
            .contains("UTF-16")
    );
}

#[test]
fn a_file_longer_than_the_sample_is_read_to_its_end() {
    let line = |number: usize| format!("{},clerk,{}\n", number % 10, 100 + number);
    let text: String = std::iter::once("LATE,JOB,INCOME\n".to_owned())
        .chain((0..1_000).map(line))
        .collect();
    let rows = read(&manifest(","), text.as_bytes()).unwrap();
    assert_eq!(rows.len(), 1_000);
    assert_eq!(rows[999][..2], [1_099.0, 9.0]);
    // An error far behind the sample still has its line.
    let broken = text.replace(",1099\n", ",x\n");
    assert!(error(&manifest(","), &broken).contains("line 1001"));
}

#[test]
fn a_file_that_fits_two_ways_is_refused() {
    let mut model = manifest(",");
    // Three columns alike: without the first or without the target, nobody can tell.
    model.features.truncate(2);
    model.features[0].min = 0.0;
    model.input.columns = ["ID", "LATE", "INCOME", "BAD"].map(str::to_owned).to_vec();
    let error = error(&model, "1,1,0\n0,2,1\n");
    assert!(error.contains("cannot tell"), "{error}");
}
