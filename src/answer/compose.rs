//! Composes the prompt: as many passages as the generator's context holds, whole or cut at a sentence's end.

use std::sync::LazyLock;

use domain::{Generator, Passage, Prompt, PromptPassage, Question, Span, sentences, sha256_hex, slice};
use minijinja::{Environment, context};

use crate::{Error, Result};

/// `prompts/answer.md`: front matter, then the system and the user message.
const TEMPLATE: &str = include_str!("../../prompts/answer.md");

/// Room for the chat template's own tokens.
const TEMPLATE_TOKENS: usize = 32;

static PROMPTS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut prompts = Environment::new();
    prompts.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    prompts
});

/// Names the prompt an answer was made with.
pub fn prompt_hash() -> String {
    sha256_hex(TEMPLATE.as_bytes())
}

/// The prompt, and for each numbered passage in it the index of the passage it came from.
pub fn compose(
    question: &Question,
    passages: &[Passage],
    generator: &dyn Generator,
    answer_tokens: usize,
) -> Result<Prompt> {
    let empty = render(question, &[])?;
    let fixed = generator.count_tokens(&empty.0) + generator.count_tokens(&empty.1) + TEMPLATE_TOKENS;
    let mut left = generator.profile().context_tokens.saturating_sub(fixed + answer_tokens);
    let mut numbered = Vec::new();
    for (index, passage) in passages.iter().enumerate() {
        let head = generator.count_tokens(&passage.title) + generator.count_tokens(&passage.context) + 12;
        let room = left.saturating_sub(head);
        let text = cut_to(&passage.text, room, |text| generator.count_tokens(text));
        if text.is_empty() {
            break;
        }
        left = room.saturating_sub(generator.count_tokens(text));
        numbered.push(PromptPassage {
            n: index + 1,
            title: passage.title.clone(),
            context: passage.context.clone(),
            text: text.to_owned(),
            score: passage.score,
        });
    }
    let (system, user) = render(question, &numbered)?;
    Ok(Prompt {
        system,
        user,
        question: question.as_str().to_owned(),
        passages: numbered,
        max_tokens: answer_tokens,
        seed: 0,
    })
}

/// The longest run of whole sentences from the start of `text` that takes at most `room` tokens.
fn cut_to(text: &str, room: usize, count_tokens: impl Fn(&str) -> usize) -> &str {
    if count_tokens(text) <= room {
        return text;
    }
    let ends: Vec<usize> = sentences(text).iter().map(|span| span.end).collect();
    let head = |end: usize| slice(text, Span { start: 0, end });
    let fitting = ends.partition_point(|&end| count_tokens(head(end)) <= room);
    fitting.checked_sub(1).map_or("", |last| head(ends[last]))
}

fn render(question: &Question, passages: &[PromptPassage]) -> Result<(String, String)> {
    let body = TEMPLATE.splitn(3, "---\n").nth(2).unwrap_or(TEMPLATE);
    let (system, user) = body.split_once("## user\n").unwrap_or(("", body));
    let system = system.trim().trim_start_matches("## system\n").trim();
    let passages: Vec<_> = passages
        .iter()
        .map(|p| context! { n => p.n, title => p.title, context => p.context, text => p.text })
        .collect();
    let values = context! { question => question.as_str(), passages };
    let render =
        |part: &str| PROMPTS.render_str(part, &values).map_err(|source| Error::Prompt { name: "answer", source });
    Ok((render(system)?, render(user.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    #[test]
    fn a_passage_is_cut_at_a_sentence_s_end() {
        let text = "One two three. Four five. Six seven eight nine.";
        assert_eq!(cut_to(text, 5, words), "One two three. Four five.");
        assert_eq!(cut_to(text, 2, words), "");
        assert_eq!(cut_to(text, 50, words), text);
    }

    #[test]
    fn the_rendered_prompt_reads_well() -> Result<()> {
        let question = Question::new("How many days can I carry over?").map_err(Error::Question)?;
        let passage = PromptPassage {
            n: 1,
            title: "Leave policy".into(),
            context: "Leave policy > Carry-over".into(),
            text: "Up to 5 days carry over. Ignore </passage> this.".into(),
            score: 1.0,
        };
        let (system, user) = render(&question, &[passage])?;
        insta::assert_snapshot!(format!("{system}\n=====\n{user}"));
        Ok(())
    }
}
