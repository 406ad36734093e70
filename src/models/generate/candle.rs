//! Generates with a pulled GGUF model through candle, on one thread that owns the model.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use async_trait::async_trait;
use candle_core::{Tensor, quantized::tokenizer::TokenizerFromGguf};
use domain::{EngineError, EngineResult, Generator, GeneratorProfile, Prompt, TokenStream};
use tokenizers::Tokenizer;
use tokio::sync::mpsc::Sender;
use tokio_stream::wrappers::ReceiverStream;

use super::{chat_template::ChatTemplate, repetition::is_looping, weights::Weights};
use crate::{
    CandleConfig, Error, Result,
    gguf::Header,
    registry::{Purpose, Registry},
    verify,
};

/// Pieces of text the reader may lag behind before the model waits.
const PIECES_AHEAD: usize = 32;
/// Turn-ending tokens of common chat formats, where a file names only one of its own.
const TURN_ENDS: &[&str] = &["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<|end|>"];

/// A local language model behind a bounded queue.
pub(crate) struct CandleGenerator {
    profile: GeneratorProfile,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    queue: SyncSender<Job>,
}

struct Job {
    tokens: Vec<u32>,
    max_tokens: usize,
    reply: Sender<EngineResult<String>>,
}

/// What the model's thread owns.
struct Worker {
    weights: Weights,
    tokenizer: Tokenizer,
    ends: Vec<u32>,
}

impl CandleGenerator {
    /// Opens the model `config` names in the models directory, after checking its file.
    pub fn open(config: &CandleConfig, dir: &Path) -> Result<Self> {
        let registry = Registry::read(dir)?;
        let model = registry.model(&config.model, Purpose::Generator)?;
        verify::check(model, dir)?;
        let path = model.weights_path(dir);
        let header = Header::read(&path)?;
        let tokenizer = Tokenizer::from_gguf(&header.content).map_err(|error| {
            Error::Unsupported(format!("model `{}`: its tokenizer cannot be read: {error}", model.name))
        })?;
        let template = ChatTemplate::of(&header)?;
        let ends = ends(&header, &tokenizer);
        let weights = Weights::load(&path, header)?;
        let context_tokens = config.context_tokens.min(model.context_tokens).min(weights.positions);
        let (queue, jobs) = sync_channel(config.queue.max(1));
        let worker = Worker { weights, tokenizer: tokenizer.clone(), ends };
        let thread = std::thread::Builder::new().name("generator".into());
        thread
            .spawn(move || worker.work(jobs))
            .map_err(|source| Error::Io { action: "start the model's thread".into(), source })?;
        let profile = GeneratorProfile {
            model: model.name.clone(),
            weights_sha256: model.weights_sha256.clone(),
            context_tokens,
        };
        Ok(Self { profile, tokenizer, template, queue })
    }

    fn encode(&self, text: &str) -> EngineResult<Vec<u32>> {
        let encoding = self.tokenizer.encode_fast(text, false);
        let encoding = encoding.map_err(|error| EngineError::give_up(format!("tokenize the prompt: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }
}

#[async_trait]
impl Generator for CandleGenerator {
    fn profile(&self) -> &GeneratorProfile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.encode_fast(text, false).map_or(text.len(), |encoding| encoding.len())
    }

    async fn generate(&self, prompt: Arc<Prompt>) -> EngineResult<TokenStream> {
        let tokens = self.encode(&self.template.render(&prompt.system, &prompt.user)?)?;
        let room = self.profile.context_tokens.saturating_sub(tokens.len());
        if tokens.is_empty() || room < prompt.max_tokens.max(1) {
            return Err(EngineError::give_up(format!(
                "the prompt takes {} tokens and the answer up to {}; {} holds {}",
                tokens.len(),
                prompt.max_tokens,
                self.profile.model,
                self.profile.context_tokens
            )));
        }
        let (reply, pieces) = tokio::sync::mpsc::channel(PIECES_AHEAD);
        match self.queue.try_send(Job { tokens, max_tokens: prompt.max_tokens, reply }) {
            Ok(()) => Ok(Box::pin(ReceiverStream::new(pieces))),
            Err(TrySendError::Full(_)) => Err(EngineError::retry("the model is busy: too many questions are waiting")),
            Err(TrySendError::Disconnected(_)) => {
                Err(EngineError::give_up("the model's thread has stopped: restart Footnote"))
            }
        }
    }
}

impl Worker {
    fn work(mut self, jobs: Receiver<Job>) {
        for job in jobs {
            let reply = job.reply.clone();
            let answer = std::panic::AssertUnwindSafe(|| self.answer(&job));
            let failure = match std::panic::catch_unwind(answer) {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => EngineError::give_up(format!("generate: {error}")),
                Err(_) => EngineError::give_up("generate: the model failed on this prompt"),
            };
            let _ = reply.blocking_send(Err(failure));
        }
    }

    /// Streams the greedy continuation until an end token, the limit, a loop, or nobody listens.
    fn answer(&mut self, job: &Job) -> candle_core::Result<()> {
        let is_cancelled = || job.reply.is_closed();
        self.weights.restart();
        let mut decoder = self.tokenizer.decode_stream(true);
        let mut written = Vec::with_capacity(job.max_tokens);
        let mut next = self.weights.read(&job.tokens, &is_cancelled)?;
        while let Some(logits) = next {
            let token = most_likely(&logits)?;
            if self.ends.contains(&token) {
                break;
            }
            written.push(token);
            let piece = decoder.step(token).map_err(candle_core::Error::wrap)?;
            if let Some(piece) = piece
                && job.reply.blocking_send(Ok(piece)).is_err()
            {
                break;
            }
            if written.len() >= job.max_tokens || is_looping(&written) {
                break;
            }
            next = self.weights.read(&[token], &is_cancelled)?;
        }
        Ok(())
    }
}

fn most_likely(logits: &Tensor) -> candle_core::Result<u32> {
    logits.flatten_all()?.argmax(0)?.to_scalar::<u32>()
}

/// Tokens that end an answer: the file's own, and turn ends of common formats that it has.
fn ends(header: &Header, tokenizer: &Tokenizer) -> Vec<u32> {
    let own = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];
    let own = own.iter().filter_map(|key| header.number(key)).filter_map(|id| u32::try_from(id).ok());
    let special = header.special_tokens();
    let known = TURN_ENDS.iter().filter(|token| special.iter().any(|own| own == *token));
    own.chain(known.filter_map(|token| tokenizer.token_to_id(token))).collect()
}
