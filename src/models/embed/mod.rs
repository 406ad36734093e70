//! Embedders: texts to unit-length vectors.

mod cache;
mod http;
mod onnx;
mod tokens;

pub(crate) use http::HttpEmbedder;
pub(crate) use onnx::OnnxEmbedder;
pub(crate) use tokens::TokenCounter;
