//! The engines an evaluation runs on, over a workspace of its own.

use answer::AnswerContext;
use ingest::IngestContext;

#[derive(Clone)]
pub struct EvalContext {
    pub ingest: IngestContext,
    pub answer: AnswerContext,
}
