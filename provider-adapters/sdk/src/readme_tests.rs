//! The messages that the guide shows are messages.

use domain::ports::Answer;

use crate::samples::{noon, request, usd};
use crate::wire::{self, OffersAnswer, OffersRequest};

const GUIDE: &str = include_str!("../README.md");

fn messages() -> Vec<&'static str> {
    let blocks = GUIDE.split("```json\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

#[test]
fn the_question_and_the_answer_of_the_guide_pass_every_check() {
    let messages = messages();
    let [question, answer] = messages.as_slice() else {
        panic!("{} messages", messages.len())
    };
    let question: OffersRequest = wire::parse(question.as_bytes()).unwrap();
    let answer: OffersAnswer = wire::parse(answer.as_bytes()).unwrap();
    assert_eq!(question.request_id, answer.request_id);
    let mut asked = request();
    (asked.id, asked.amount) = (question.request_id, usd(120_000));
    let read = crate::client::read_answer(&answer.offers, &answer.declined).unwrap();
    crate::validate_answer(&read, &asked, noon()).unwrap();
    let Answer::Offers(offers) = read else {
        panic!("declined")
    };
    let flags = domain::appraisal::appraise(&asked, &offers[0]).unwrap().flags;
    assert!(flags.is_empty(), "{flags:?}");
}
