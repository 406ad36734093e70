//! `/ask`: a question in, the events that build up its answer out.

use std::{convert::Infallible, future, pin::Pin, time::Duration};

use actix_web::{HttpResponse, http::header, post, web::Bytes};
use answer::answer;
use domain::{Answer, AnswerEvent, Question, Viewer};
use futures::{Stream, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::body::Body;
use crate::{
    auth::Reader,
    context::Shared,
    metrics::{self, Outcome},
    problem::{self, Problem, bad_question},
    sse,
};

const QUIET: Duration = Duration::from_secs(15);
/// Events that may wait for a slow client before the answer waits too.
const WAITING_EVENTS: usize = 64;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AskRequest {
    question: String,
}

/// The data of each event is `data` of the AnswerEvent of its name. Closing the connection stops the work.
#[utoipa::path(
    operation_id = "ask",
    request_body = ref("#/components/schemas/AskRequest"),
    responses(
        (status = 200, description = "Events that build up the answer", body = ref("#/components/schemas/AnswerEvent"), content_type = "text/event-stream"),
        (status = 400, description = "Empty or over-long question", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/ask")]
pub(crate) async fn ask(
    desk: Shared,
    Reader(viewer): Reader,
    Body(request): Body<AskRequest>,
) -> Result<HttpResponse, Problem> {
    let question = Question::new(&request.question).map_err(|reason| bad_question(&reason))?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would hold the events back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events(desk, viewer, question)))
}

/// The stream owns the work: when the client leaves, it is dropped and the work with it.
fn events(desk: Shared, viewer: Viewer, question: Question) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    let mut keep_alive = interval_at(Instant::now() + QUIET, QUIET);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let work = Box::pin(work(desk, viewer, question, sender));
    let running = Ask { work: Some(work), events: receiver, failure: None, keep_alive, sent: 0, outcome: None };
    stream::unfold(running, async |mut running| Some((Ok(running.next().await?), running)))
}

async fn work(
    desk: Shared,
    viewer: Viewer,
    question: Question,
    events: mpsc::Sender<AnswerEvent>,
) -> Result<Answer, Problem> {
    let longest = Duration::from_secs(desk.config.answer_timeout_secs);
    let answer = async {
        let _turn = desk.answers.acquire().await;
        answer(&desk.ctx.answer.now(), &viewer, &question, Some(&events)).await.map_err(Problem::from)
    };
    tokio::time::timeout(longest, answer).await.unwrap_or_else(|_| Err(problem::too_slow(longest)))
}

type Work = Pin<Box<dyn Future<Output = Result<Answer, Problem>>>>;

/// A running answer and what of it has been sent.
struct Ask {
    work: Option<Work>,
    events: mpsc::Receiver<AnswerEvent>,
    failure: Option<Problem>,
    keep_alive: Interval,
    sent: u64,
    /// `None` until the last event is sent.
    outcome: Option<Outcome>,
}

impl Ask {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let work = async {
                match &mut self.work {
                    Some(work) => work.await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = self.events.recv() => return match (event, self.failure.take()) {
                    (Some(event), failure) => {
                        self.failure = failure;
                        Some(self.encode(&event))
                    }
                    (None, Some(problem)) => {
                        Some(self.encode(&AnswerEvent::Error { code: problem.code().into(), detail: problem.detail }))
                    }
                    (None, None) => None,
                },
                done = work => {
                    // Its sender goes with it: what is still in the channel comes next, then the end.
                    self.work = None;
                    self.failure = done.err();
                }
                _ = self.keep_alive.tick() => return Some(sse::KEEP_ALIVE),
            }
        }
    }

    fn encode(&mut self, event: &AnswerEvent) -> Bytes {
        match event {
            AnswerEvent::Done(answer) => {
                self.outcome = Some(if answer.abstained { Outcome::Abstained } else { Outcome::Answered });
                metrics::stages(&answer.timings_ms);
            }
            AnswerEvent::Error { .. } => self.outcome = Some(Outcome::Failed),
            _ => {}
        }
        self.keep_alive.reset();
        self.sent += 1;
        // Every event serialises: its numbers are finite and its keys are text.
        sse::encode(self.sent, event).unwrap_or(sse::KEEP_ALIVE)
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        metrics::answer(self.outcome.unwrap_or(Outcome::Cancelled));
    }
}
