//! What the engine promises, on the public-domain list that ships with the compliance crate and on examples of our own.

use std::sync::OnceLock;

use proptest::prelude::*;
use usance_screening::{
    Entity, EntityKind, Gender, How, Identifier, Index, ListedName, Match, NameGrade, PartialDate, Scratch,
    SearchOptions, Subject, pairs,
};

/// OFAC names: number, E or I, grade, name.
const NAMES: &str = include_str!("../../data/names.tsv");

fn entities() -> &'static [Entity] {
    static LIST: OnceLock<Vec<Entity>> = OnceLock::new();
    LIST.get_or_init(|| {
        let mut out: Vec<Entity> = Vec::new();
        for line in NAMES.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [id, kind, grade, text] = columns[..] else {
                panic!("bad row {line}")
            };
            if out.last().is_none_or(|e| e.id != id) {
                out.push(Entity {
                    list: "OFAC-SDN".into(),
                    id: id.into(),
                    kind: if kind == "I" {
                        EntityKind::Person
                    } else {
                        EntityKind::Organization
                    },
                    ..Entity::default()
                });
            }
            let grade = match grade {
                "P" => NameGrade::Primary,
                "W" => NameGrade::Weak,
                "F" => NameGrade::Former,
                _ => NameGrade::Strong,
            };
            out.last_mut().expect("pushed").names.push(ListedName {
                text: text.into(),
                grade,
            });
        }
        out
    })
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::build(entities()))
}

fn search(index: &Index, subject: &Subject, limit: usize) -> Vec<Match> {
    index.search(subject, &SearchOptions { limit, floor: 0.0 }, &mut Scratch::default())
}

fn listed(id: &str, kind: EntityKind, names: &[&str]) -> Entity {
    Entity {
        list: "TEST".into(),
        id: id.into(),
        kind,
        names: names
            .iter()
            .map(|n| ListedName {
                text: (*n).into(),
                grade: NameGrade::Primary,
            })
            .collect(),
        ..Entity::default()
    }
}

fn person(a: &str, b: &str) -> f32 {
    pairs::score(EntityKind::Person, a, b)
}

fn company(a: &str, b: &str) -> f32 {
    pairs::score(EntityKind::Organization, a, b)
}

#[test]
fn every_listed_name_finds_its_own_entity_with_score_one() {
    let mut scratch = Scratch::default();
    let options = SearchOptions {
        limit: 60,
        floor: 0.999_9,
    };
    let mut lost = Vec::new();
    for entity in entities() {
        for name in &entity.names {
            let found = index().search(&Subject::named(&name.text), &options, &mut scratch);
            let own = found
                .iter()
                .any(|m| m.id == entity.id && (m.score - 1.0).abs() < f32::EPSILON);
            if !own && name.text.chars().any(char::is_alphanumeric) {
                lost.push(name.text.clone());
            }
        }
    }
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn only_an_equal_name_reaches_one() {
    let names = ["MADURO MOROS, Nicolas", "BANCO NACIONAL DE CUBA"];
    for (name, query) in names.iter().flat_map(|n| {
        [
            (n, "Nicolas Maduro"),
            (n, "Nicolas Maduro Morros"),
            (n, "BANCO NACIONAL CUBA"),
        ]
    }) {
        let found = search(index(), &Subject::named(query), 20);
        assert!(
            found.iter().filter(|m| m.name == **name).all(|m| m.score < 1.0),
            "{query}"
        );
    }
    assert!((person("Putin, Vladimir", "vladimir  PUTIN") - 1.0).abs() < f32::EPSILON);
    assert!((company("Acme Co., Ltd.", "ACME CO LTD") - 1.0).abs() < f32::EPSILON);
    assert!(person("Vladimir Putin", "Vladimir Putina") < 1.0);
}

#[test]
fn the_pieces_of_the_explanation_add_up_to_the_score() {
    let mut birth = Subject::named("Nicolas Maduro Moroz");
    birth.birth = Some(PartialDate {
        year: 1950,
        month: None,
        day: None,
        circa: false,
    });
    let queries = [
        Subject::named("Nicolas Maduro"),
        Subject::named("Usama bin Ladin"),
        Subject::named("BANCO NACIONAL DE KUBA"),
        Subject::named("MADURO MOROS, Nicolas"),
        Subject::named("Mon dher BAAZAOUI"),
        Subject::named("Xin Jin Ping Trading Limited Company"),
        birth,
    ];
    for subject in queries {
        for found in search(index(), &subject, 10) {
            let sum: f32 = found.explanation.iter().map(|p| p.weight * p.similarity).sum();
            assert!(
                (sum - found.score).abs() < 2e-3,
                "{} {}: {sum} {:#?}",
                subject.name,
                found.score,
                found.explanation
            );
        }
    }
}

#[test]
fn names_cross_scripts_without_a_dictionary() {
    for (ours, theirs, least) in [
        ("Владимир Путин", "PUTIN, Vladimir", 0.98),
        ("Сергей Викторович Лавров", "LAVROV, Sergei Viktorovich", 0.9),
        ("Κυριάκος Μητσοτάκης", "MITSOTAKIS, Kyriakos", 0.9),
        ("Նիկոլ Փաշինյան", "PASHINYAN, Nikol", 0.9),
        ("ბარაკ ობამა", "OBAMA, Barak", 0.98),
        ("محمد شريف", "SHARIF, Mohammad", 0.7),
        ("صدام حسين", "HUSSEIN, Saddam", 0.7),
        ("בנימין נתניהו", "NETANYAHU, Binyamin", 0.65),
        ("김정은", "KIM, Jong Un", 0.75),
        ("习近平", "XI, Jinping", 0.75),
        ("習近平", "XI, Jinping", 0.75),
        ("नरेन्द्र मोदी", "MODI, Narendra", 0.85),
        ("ヤマダ タロウ", "YAMADA, Taro", 0.85),
    ] {
        let score = person(ours, theirs);
        assert!(score >= least && score < 1.01, "{ours} {theirs} {score}");
        let index = Index::build(&[listed("1", EntityKind::Person, &[theirs])]);
        let found = search(&index, &Subject::named(ours), 1);
        assert!(
            found.first().is_some_and(|m| m.score >= least - 0.1),
            "{ours} {theirs} {:?}",
            found.first().map(|m| m.score)
        );
    }
    assert!(person("习近朋", "习近平") < 0.8);
    assert!(person("이재형", "이재명") < 0.8);
}

#[test]
fn letters_that_look_alike_are_read_as_what_they_look_like() {
    // Cyrillic А, О and е among Latin letters.
    assert!((person("VLАDIMIR PUTIN", "Vladimir Putin") - 1.0).abs() < f32::EPSILON);
    assert!((company("ОOO BITRIVеR", "OOO BITRIVER") - 1.0).abs() < f32::EPSILON);
    assert!(person("Ig0r Sech1n", "Igor Sechin") > 0.85);
}

#[test]
fn a_son_is_not_his_father() {
    let same = person("Abdullah bin Omar al-Muhammad", "Abdallah bin Umar al-Mohammed");
    let turned = person("Abdullah bin Omar al-Muhammad", "Omar bin Abdullah al-Muhammad");
    assert!(turned + 0.2 < same, "{turned} {same}");
    assert!(turned < 0.75, "{turned}");
}

#[test]
fn numbers_are_strict_for_companies_and_ships() {
    assert!(company("Ocean 5 Shipping", "Ocean 7 Shipping") < company("Ocean Shipping", "Ocen Shipping"));
    assert!(pairs::score(EntityKind::Vessel, "FU YUAN YU 7876", "FU YUAN YU 7861") < 0.8);
    assert!((company("Brigade Forty-four", "Brigade 44") - 1.0).abs() < f32::EPSILON);
    assert!((company("1st International Bank", "First International Bank") - 1.0).abs() < f32::EPSILON);
}

#[test]
fn legal_forms_trades_and_particles_weigh_little() {
    assert!(company("Siemens Aktiengesellschaft", "Siemens AG") > 0.9);
    assert!(company("Siemens AG", "Daimler AG") < 0.4);
    assert!(person("Bashar el-Assad", "Bashar al-Assad") > 0.95);
    assert!(person("Mr. Rami Makhlouf", "Rami Makhlouf") > 0.85);
    assert!(person("abd al-Rahman Yasin", "Abdurrahman Yasin") > 0.98);
}

#[test]
fn words_joined_split_and_cut_to_initials_are_found() {
    assert!(person("RamiMakhlouf", "Rami Makhlouf") > 0.9);
    assert!(person("Mon dher Baazaoui", "BAAZAOUI, Mondher") > 0.9);
    assert!(person("Andrey LeonidovichKostin", "KOSTIN, Andrey Leonidovich") > 0.9);
    assert!(person("JC Juncker", "Jean-Claude Juncker") > 0.7);
    assert!(person("Bill Gates", "William Gates") > 0.85);
    let index = Index::build(&[listed("1", EntityKind::Person, &["KOSTIN, Andrey Leonidovich"])]);
    let found = search(&index, &Subject::named("Andrey LeonidovichKOSTIN"), 1);
    assert!(
        found[0].score > 0.9 && found[0].explanation.iter().any(|p| p.how == How::Split),
        "{found:?}"
    );
}

fn of_facts() -> (Index, Subject) {
    let mut entity = listed("1", EntityKind::Person, &["IVANOV, Pyotr Sergeyevich"]);
    entity.births = vec![PartialDate {
        year: 1961,
        month: Some(4),
        day: Some(12),
        circa: false,
    }];
    entity.countries = vec!["RU".into()];
    entity.gender = Some(Gender::Male);
    entity.identifiers = vec![Identifier {
        kind: "passport".into(),
        value: "AB 123-456".into(),
        country: Some("RU".into()),
    }];
    (Index::build(&[entity]), Subject::named("Pyotr Sergeevich Ivanov"))
}

#[test]
fn facts_that_differ_lower_the_score_and_facts_that_agree_never_do() {
    let (index, subject) = of_facts();
    let plain = search(&index, &subject, 1)[0].score;
    let with = |change: &dyn Fn(&mut Subject)| {
        let mut other = subject.clone();
        change(&mut other);
        search(&index, &other, 1)[0].score
    };
    let born = |year, month, day| {
        Some(PartialDate {
            year,
            month: Some(month),
            day: Some(day),
            circa: false,
        })
    };
    assert!(with(&|s| s.birth = born(1961, 4, 12)) > plain);
    assert!(
        (with(&|s| s.birth = born(1961, 12, 4)) - plain).abs() < 1e-6,
        "day and month in each other's place"
    );
    assert!(
        (with(&|s| s.birth = born(1962, 4, 12)) - plain).abs() < 1e-6,
        "one year apart"
    );
    let other_day = with(&|s| s.birth = born(1961, 7, 30));
    let other_year = with(&|s| s.birth = born(1985, 4, 12));
    assert!(other_year < other_day && other_day < plain);
    assert!(with(&|s| s.countries = vec!["BR".into()]) < plain);
    assert!((with(&|s| s.countries = vec!["BR".into(), "ru".into()]) - plain).abs() < 1e-6);
    assert!(with(&|s| s.gender = Some(Gender::Female)) < plain);
    assert!(with(&|s| s.kind = Some(EntityKind::Vessel)) < plain);
}

#[test]
fn an_equal_identifier_is_a_hit_whatever_the_name() {
    let (index, _) = of_facts();
    let mut subject = Subject::named("Somebody Else");
    subject.identifiers = vec![Identifier {
        kind: "passport".into(),
        value: "ab123456".into(),
        country: None,
    }];
    assert!(search(&index, &subject, 1)[0].score > 0.98);
    subject.identifiers[0].country = Some("BR".into());
    assert!(search(&index, &subject, 1).iter().all(|m| m.score < 0.5));
}

#[test]
fn weak_and_former_names_score_less_unless_they_are_equal() {
    let grade = |grade| {
        let mut entity = listed("1", EntityKind::Organization, &["ZORVAN KESTREL"]);
        entity.names[0].grade = grade;
        Index::build(&[entity])
    };
    let score = |index: &Index, query: &str| search(index, &Subject::named(query), 1)[0].score;
    let strong = score(&grade(NameGrade::Strong), "ZORVAN KESTRAL");
    assert!((score(&grade(NameGrade::Weak), "ZORVAN KESTRAL") - strong * 0.8).abs() < 1e-5);
    assert!((score(&grade(NameGrade::Former), "ZORVAN KESTRAL") - strong * 0.95).abs() < 1e-5);
    assert!((score(&grade(NameGrade::Weak), "Zorvan Kestrel") - 1.0).abs() < f32::EPSILON);
}

#[test]
fn an_alias_of_the_subject_counts_as_much_as_its_name() {
    let mut subject = Subject::named("Somebody Else");
    subject.aliases = vec!["Rafi abd-al-Latif Tilfah al-Tikriti".into()];
    let found = search(index(), &subject, 1);
    assert_eq!(found[0].id, "7857");
    assert!((found[0].score - 1.0).abs() < f32::EPSILON);
}

#[test]
fn hostile_names_are_answered_like_others() {
    let long = "Muhammad al-".repeat(900);
    let one_word = "a".repeat(10_000);
    let marks = format!("A{}li", "\u{301}".repeat(5_000));
    let hidden = "Nico\u{200B}las \u{202E}Ma\u{AD}duro\u{200F} MOROS";
    let mut scratch = Scratch::default();
    for query in [
        &long, &one_word, &marks, "", " ", "...", ",,,", "\u{202E}", "﷽", "🦀🦀", "\u{0}", "a,b,c,d", "''''",
    ] {
        let found = index().search(&Subject::named(query), &SearchOptions::default(), &mut scratch);
        assert!(found.iter().all(|m| (0.0..=1.0).contains(&m.score)), "{query}");
        assert!((0.0..=1.0).contains(&pairs::score(EntityKind::Unknown, query, &long)));
    }
    assert!(search(index(), &Subject::named(""), 5).is_empty());
    let found = search(index(), &Subject::named(hidden), 1);
    assert!((found[0].score - 1.0).abs() < f32::EPSILON, "{found:?}");
    assert!(search(&Index::build(&[]), &Subject::named("Anyone"), 5).is_empty());
}

#[test]
fn the_limit_and_the_floor_are_kept() {
    let options = SearchOptions { limit: 3, floor: 0.6 };
    let found = index().search(&Subject::named("Mohammad Ali"), &options, &mut Scratch::default());
    assert!(found.len() <= 3 && found.iter().all(|m| m.score >= 0.6));
    assert!(found.windows(2).all(|w| w[0].score >= w[1].score));
}

fn near(a: f32, b: f32) -> bool {
    a.to_bits().abs_diff(b.to_bits()) < 8
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,9}", "(al|bin|de|abdul|dr|van)", "[а-я]{2,8}", "[0-9]{1,4}"]
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 1..6).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pairs_score_the_same_both_ways_and_within_bounds(a in name(), b in name()) {
        for kind in [EntityKind::Person, EntityKind::Organization, EntityKind::Unknown] {
            let (there, back) = (pairs::score(kind, &a, &b), pairs::score(kind, &b, &a));
            prop_assert!(near(there, back), "{} {}", there, back);
            prop_assert!((0.0..=1.0).contains(&there));
        }
    }

    #[test]
    fn a_name_is_itself(a in name()) {
        for kind in [EntityKind::Person, EntityKind::Organization] {
            prop_assert!(near(pairs::score(kind, &a, &a.to_uppercase()), 1.0));
        }
    }

    #[test]
    fn any_text_is_searched_alike_with_new_and_used_memory(text in "\\PC{0,60}", before in name()) {
        let mut used = Scratch::default();
        let options = SearchOptions::default();
        let _ = index().search(&Subject::named(&before), &options, &mut used);
        let again = index().search(&Subject::named(&text), &options, &mut used);
        prop_assert_eq!(again, search(index(), &Subject::named(&text), 5));
    }

    #[test]
    fn another_year_of_birth_never_raises_the_score(given in "[a-z]{3,8}", year in 1900_u16..2020) {
        let (index, mut subject) = of_facts();
        subject.name = format!("{given} Ivanov");
        let plain = search(&index, &subject, 1).first().map_or(0.0, |m| m.score);
        subject.birth = Some(PartialDate { year, month: None, day: None, circa: false });
        let dated = search(&index, &subject, 1).first().map_or(0.0, |m| m.score);
        prop_assert!(dated <= plain || year.abs_diff(1961) <= 1);
    }
}
