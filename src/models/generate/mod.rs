//! Generators: prompts to streamed answers.

mod candle;
mod chat_template;
#[cfg(test)]
mod contract;
mod openai;
mod repetition;
mod weights;

pub(crate) use candle::CandleGenerator;
pub(crate) use openai::OpenAiGenerator;
