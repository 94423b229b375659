//! Files in, scores out.

use super::*;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../risk/models")
}

fn options(model: &str, input: &Path, output: &Path, json: bool) -> ScoreOptions {
    ScoreOptions {
        model: models().join(model),
        input: input.to_owned(),
        json,
        output: Some(output.to_owned()),
        reasons: Reasons::Declined,
        trust: None,
    }
}

/// The training files are the rows that the shipped models know best.
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../risk/training/data")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn scored(model: &str, text: &str, json: bool) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::write(&input, text)?;
    let result = score(&options(model, &input, &output, json));
    assert!(!folder.path().join("out.part").exists());
    assert_eq!(output.exists(), result.is_ok());
    result?;
    Ok(std::fs::read_to_string(output)?)
}

#[test]
fn every_row_gets_one_line_in_its_order_and_the_declined_ones_reasons() {
    for (model, file, header) in [("german", "german.data", 0), ("taiwan", "taiwan.csv", 1)] {
        let all = data(file);
        let text: String = all.split_inclusive('\n').take(header + 300).collect();
        let output = scored(model, &text, false).unwrap();
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!((lines[0], lines.len()), ("pd,score,reasons", 301));
        let artefact = open(&models().join(model), None).unwrap();
        let mut reader = Rows::open(artefact.manifest(), text.as_bytes()).unwrap();
        let (mut row, mut declined) = (Vec::new(), 0);
        for line in &lines[1..] {
            assert!(reader.next_into(&mut row).unwrap());
            let answer = artefact.score(&row);
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(
                fields[0].parse::<f64>().unwrap().to_bits(),
                answer.pd.to_bits(),
                "{line}"
            );
            assert_eq!(fields[1], answer.score.to_string());
            let below = answer.score < artefact.cut_off().unwrap();
            assert_eq!(!fields[2].is_empty(), below, "{line}");
            declined += u32::from(below);
        }
        assert!(declined > 10, "{model}: {declined}");
        assert!(!reader.next_into(&mut row).unwrap());
    }
}

#[test]
fn json_says_the_same_as_csv() {
    let text: String = data("german.data").split_inclusive('\n').take(100).collect();
    let (csv, json) = (
        scored("german", &text, false).unwrap(),
        scored("german", &text, true).unwrap(),
    );
    assert_eq!(json.lines().count(), 100);
    for (csv, json) in csv.lines().skip(1).zip(json.lines()) {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let reasons: Vec<&str> = value["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap())
            .collect();
        // The text of the probability is compared: this reading of it may be a last bit off.
        let (pd, rest) = csv.split_once(',').unwrap();
        assert!(json.starts_with(&format!("{{\"pd\":{pd},")), "{json} {csv}");
        assert_eq!(rest, format!("{},{}", value["score"], reasons.join(";")));
        assert_eq!(value.as_object().unwrap().len(), 3);
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_leaves_no_scores() {
    let mut text: String = data("german.data").split_inclusive('\n').take(300).collect();
    text.push_str("A11 six A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1\n");
    let error = format!("{:#}", scored("german", &text, false).unwrap_err());
    assert!(error.contains("line 301") && error.contains("\"six\""), "{error}");
}

#[test]
fn an_anomaly_model_is_not_asked_for_a_default() {
    let error = scored("anomaly", "APPLICATIONS_24H\n1\n", false)
        .unwrap_err()
        .to_string();
    assert!(error.contains("anomal"), "{error}");
}

#[test]
fn a_model_signed_by_an_own_key_opens_where_that_key_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    Files::read(&models().join("german")).unwrap().write(&model).unwrap();
    let (key, trust) = (folder.path().join("key"), folder.path().join("trust"));
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    sign(&model, &key).unwrap();
    assert!(open(&model, None).is_err());
    let public = SigningKey::from_bytes(&[7; 32]).verifying_key();
    std::fs::write(&trust, format!("\n{}\n", hex::encode(public.as_bytes()))).unwrap();
    let opened = open(&model, Some(&trust)).unwrap();
    assert_eq!(opened.signed_by(), key_id(public.as_bytes()));
    std::fs::write(&trust, "nonsense\n").unwrap();
    assert!(open(&model, Some(&trust)).is_err());
    // A model that was changed cannot be signed into use when it no longer answers its golden rows.
    let manifest = std::fs::read_to_string(model.join("model.json")).unwrap();
    std::fs::write(
        model.join("model.json"),
        manifest.replacen("\"pdo\": 20", "\"pdo\": 25", 1),
    )
    .unwrap();
    assert!(sign(&model, &key).is_err());
}

#[test]
fn a_private_key_is_hexadecimal_or_pem() {
    use ed25519_dalek::pkcs8::EncodePrivateKey;
    let key = SigningKey::from_bytes(&[9; 32]);
    let pem = key
        .to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF)
        .unwrap();
    assert_eq!(private_key(&pem).unwrap().to_bytes(), [9; 32]);
    assert_eq!(private_key(&"09".repeat(32)).unwrap().to_bytes(), [9; 32]);
    assert!(private_key("secret").is_err());
}

#[test]
fn card_and_check_say_what_the_model_is() {
    let model = open(&models().join("taiwan"), None).unwrap();
    let card = risk_card::card(&model, false, false).unwrap();
    for part in ["taiwan 1.", "trained", "valid until", "PAY_0", "auc", "rises", "points"] {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    let json: serde_json::Value = serde_json::from_str(&risk_card::card(&model, true, false).unwrap()).unwrap();
    assert_eq!(json["digest"], hex::encode(model.digest()));
    assert_eq!(json["features"].as_array().unwrap().len(), model.schema().len());
    assert!(risk_card::checked(&model).contains("golden rows"));
}
