//! What kind of answer a question asks for, and whether a sentence holds one.

use std::collections::BTreeSet;

use domain::{names, numbers};

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const TIMES: &[&str] = &[
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "hour",
    "hours",
    "minute",
    "minutes",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "century",
    "quarter",
    "annually",
    "daily",
    "weekly",
    "monthly",
    "yearly",
    "noon",
    "midnight",
];
const COUNTS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "thirty",
    "forty", "fifty", "sixty", "hundred", "thousand", "million", "billion", "half", "third", "quarter", "twice",
    "double", "dozen", "percent", "first", "second",
];

/// The kind of answer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Time,
    Person,
    Place,
    Reason,
    Other,
}

impl Kind {
    pub fn of(question: &str) -> Self {
        let question = format!(" {} ", question.to_lowercase());
        let has = |phrases: &[&str]| phrases.iter().any(|phrase| question.contains(phrase));
        if has(&[
            " how many ",
            " how much ",
            " how long ",
            " how far ",
            " how old ",
            " how tall ",
            " how large ",
            " how big ",
            " percentage ",
            " percent ",
            " what number ",
            " how often ",
            " what population ",
            " how high ",
        ]) {
            Self::Number
        } else if has(&[
            " when ",
            " what year ",
            " which year ",
            " what date ",
            " what month ",
            " what day ",
            " what time ",
            " what century ",
            " what decade ",
            " by what date ",
        ]) {
            Self::Time
        } else if has(&[" who ", " whom ", " whose ", " which person ", " what person "]) {
            Self::Person
        } else if has(&[" where ", " which city ", " which country ", " what city ", " what country ", " what state "])
        {
            Self::Place
        } else if has(&[" why ", " what reason ", " what caused "]) {
            Self::Reason
        } else {
            Self::Other
        }
    }

    /// Whether `sentence` holds something of this kind that the question itself does not state; 0, 0.5 or 1.
    pub fn agreement(self, question: &str, sentence: &str) -> f32 {
        let words: BTreeSet<String> = sentence.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let any = |list: &[&str]| list.iter().any(|word| words.contains(*word));
        let new_number = numbers(sentence).difference(&numbers(question)).next().is_some();
        let asked = question.to_lowercase();
        let new_name = names(sentence).iter().any(|name| !asked.contains(name.as_str()));
        match self {
            Self::Number if new_number || any(COUNTS) => 1.0,
            Self::Time if new_number && (any(MONTHS) || any(TIMES) || has_year(sentence)) => 1.0,
            Self::Time if new_number || any(MONTHS) || any(TIMES) => 0.5,
            Self::Person | Self::Place if new_name => 1.0,
            Self::Reason
                if ["because", "due", "since", "reason", "so", "therefore", "to"]
                    .iter()
                    .any(|w| words.contains(*w)) =>
            {
                1.0
            }
            Self::Other => 0.5,
            _ => 0.0,
        }
    }
}

fn has_year(text: &str) -> bool {
    numbers(text).iter().any(|number| number.len() == 4 && number.starts_with(['1', '2']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_and_found() {
        let cases = [
            ("How many days of leave do I get?", Kind::Number, "You get 25 days.", "You get some days."),
            ("When does the office close?", Kind::Time, "It closes on 3 March.", "It closes early."),
            ("Who approves travel?", Kind::Person, "Requests go to Anna Berg.", "Requests are approved."),
            ("Where is the archive?", Kind::Place, "It moved to Lisbon.", "It moved."),
        ];
        for (question, kind, holds, lacks) in cases {
            assert_eq!(Kind::of(question), kind, "{question}");
            assert!(kind.agreement(question, holds) > kind.agreement(question, lacks), "{question}");
        }
        assert_eq!(Kind::Number.agreement("How many of the 25 days?", "All 25 days count."), 0.0);
    }
}
