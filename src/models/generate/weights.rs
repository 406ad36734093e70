//! Loads a GGUF language model onto the CPU or the GPU.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Cursor, Read, Seek},
    path::Path,
};

use candle_core::{
    Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file},
};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};

use crate::{Error, Result, gguf::Header};

/// candle's llama loader keeps rotary tables for this many positions and no more.
const LLAMA_POSITIONS: usize = quantized_llama::MAX_SEQ_LEN;
/// Prompt tokens per forward pass; between two passes a cancelled request is noticed.
const PREFILL_TOKENS: usize = 128;
/// Requantising needs the model twice in memory; larger ones are run as they are.
const REQUANTISE_BYTES: u64 = 2 << 30;

/// A language model with its memory of the sequence so far.
pub(super) struct Weights {
    family: Family,
    device: Device,
    position: usize,
    /// Longest sequence this build can run, in tokens.
    pub positions: usize,
}

enum Family {
    Llama(quantized_llama::ModelWeights),
    Qwen2(quantized_qwen2::ModelWeights),
    Qwen3(quantized_qwen3::ModelWeights),
}

impl Weights {
    pub fn load(path: &Path, header: Header) -> Result<Self> {
        let device = device()?;
        let trained = header.context_tokens().unwrap_or(2048);
        let bad = |error: candle_core::Error| Error::Engine(format!("load {}: {error}", path.display()));
        let mut file = BufReader::new(File::open(path).map_err(Error::io("open", path))?);
        let bytes = path.metadata().map_err(Error::io("read", path))?.len();
        let slow = header.content.tensor_infos.values().any(|info| runs_slowly(info.ggml_dtype));
        let (family, positions) = if device.is_cpu() && slow && bytes <= REQUANTISE_BYTES {
            let mut memory = Cursor::new(requantise(header.content, &mut file).map_err(bad)?);
            let content = gguf_file::Content::read(&mut memory).map_err(bad)?;
            family(content, &mut memory, &device)
        } else {
            family(header.content, &mut file, &device)
        }
        .map_err(bad)?;
        Ok(Self { family, device, position: 0, positions: trained.min(positions) })
    }

    /// Forgets the sequence.
    pub fn restart(&mut self) {
        self.position = 0;
        match &mut self.family {
            Family::Llama(model) => model.clear_kv_cache(),
            Family::Qwen2(model) => model.clear_kv_cache(),
            Family::Qwen3(model) => model.clear_kv_cache(),
        }
    }

    /// Reads `tokens` and returns the logits of what follows; `None` when `is_cancelled` says so on the way.
    pub fn read(&mut self, tokens: &[u32], is_cancelled: &dyn Fn() -> bool) -> candle_core::Result<Option<Tensor>> {
        let mut logits = None;
        for piece in tokens.chunks(PREFILL_TOKENS) {
            if is_cancelled() {
                return Ok(None);
            }
            let input = Tensor::new(piece, &self.device)?.unsqueeze(0)?;
            let output = match &mut self.family {
                Family::Llama(model) => model.forward(&input, self.position)?,
                Family::Qwen2(model) => model.forward(&input, self.position)?,
                Family::Qwen3(model) => model.forward(&input, self.position)?,
            };
            self.position += piece.len();
            logits = Some(output.squeeze(0)?);
        }
        Ok(logits)
    }
}

/// The GPU when built for one, else the CPU.
fn device() -> Result<Device> {
    #[cfg(feature = "cuda")]
    return Device::new_cuda(0).map_err(|error| Error::Engine(format!("open the GPU: {error}")));
    #[cfg(not(feature = "cuda"))]
    Ok(Device::Cpu)
}

fn family<R: Read + Seek>(
    content: gguf_file::Content,
    reader: &mut R,
    device: &Device,
) -> candle_core::Result<(Family, usize)> {
    let architecture = content.metadata.get("general.architecture").and_then(|value| value.to_string().ok()).cloned();
    Ok(match architecture.as_deref() {
        Some("qwen2") => {
            (Family::Qwen2(quantized_qwen2::ModelWeights::from_gguf(content, reader, device)?), usize::MAX)
        }
        Some("qwen3") => {
            (Family::Qwen3(quantized_qwen3::ModelWeights::from_gguf(content, reader, device)?), usize::MAX)
        }
        _ => (Family::Llama(quantized_llama::ModelWeights::from_gguf(content, reader, device)?), LLAMA_POSITIONS),
    })
}

/// Block types that candle multiplies without SIMD on x86.
fn runs_slowly(kind: GgmlDType) -> bool {
    matches!(kind, GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1)
}

/// The same file with slow blocks as Q8_0, which hold every value of them closely. Measured on SmolLM2 Q4_1: twice as fast.
fn requantise<R: Read + Seek>(content: gguf_file::Content, reader: &mut R) -> candle_core::Result<Vec<u8>> {
    let mut tensors = BTreeMap::new();
    for (name, info) in &content.tensor_infos {
        let tensor = content.tensor(reader, name, &Device::Cpu)?;
        let tensor = if runs_slowly(info.ggml_dtype) {
            QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)?
        } else {
            tensor
        };
        tensors.insert(name.as_str(), tensor);
    }
    let metadata: Vec<(&str, &gguf_file::Value)> =
        content.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let mut memory = Cursor::new(Vec::new());
    gguf_file::write(&mut memory, &metadata, &tensors)?;
    Ok(memory.into_inner())
}
