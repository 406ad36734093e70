//! `[server]` of the configuration file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the server listens and what it allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address to listen on; `0.0.0.0` for every interface.
    pub bind: String,
    /// Port to listen on; 0 for any free one.
    pub port: u16,
    /// What people type into the browser, e.g. `https://footnote.example.com`. With https, cookies are marked Secure
    /// and browsers are told to stay on https.
    pub public_url: Option<String>,
    /// How long a login lasts.
    #[schemars(range(min = 1, max = 8760))]
    pub session_hours: u32,
    /// Whether the last entry of `X-Forwarded-For` is the client: set it behind a reverse proxy only.
    pub behind_proxy: bool,
    /// Threads that handle requests; 0 for one per CPU core.
    pub workers: usize,
    /// Answers made at the same time; more wait for their turn.
    #[schemars(range(min = 1))]
    pub concurrent_answers: usize,
    /// Longest time an answer may take, waiting included.
    #[schemars(range(min = 1))]
    pub answer_timeout_secs: u64,
    /// Longest time a request's body may take to arrive, and a search to be done.
    #[schemars(range(min = 1))]
    pub request_timeout_secs: u64,
    /// How long running requests may finish after the server was told to stop.
    pub shutdown_timeout_secs: u64,
    /// Whether `/metrics` is served, to whoever can reach it: figures only, no words.
    pub metrics: bool,
    /// What sending documents may cost.
    pub upload: UploadConfig,
}

/// Bounds for requests that send documents. They are held in memory until they are parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UploadConfig {
    /// Largest request; a file that is larger than `ingest.limits.max_input_bytes` is not read either way.
    pub max_bytes: u64,
    /// Longest time its body may take to arrive.
    #[schemars(range(min = 1))]
    pub timeout_secs: u64,
    /// Requests worked on at the same time; more wait for their turn.
    #[schemars(range(min = 1))]
    pub concurrent: usize,
}

impl Default for UploadConfig {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, timeout_secs: 300, concurrent: 4 }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1".into(),
            port: 8080,
            public_url: None,
            session_hours: 168,
            behind_proxy: false,
            workers: 0,
            concurrent_answers: 4,
            answer_timeout_secs: 300,
            request_timeout_secs: 30,
            shutdown_timeout_secs: 10,
            metrics: true,
            upload: UploadConfig::default(),
        }
    }
}

impl ServerConfig {
    /// Whether browsers reach the server by https.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
