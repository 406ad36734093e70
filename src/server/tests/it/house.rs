//! A server on a free port over a temporary store: Ann reads what everyone and HR may, Bob what everyone may.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use answer::{AnswerConfig, AnswerContext, CurrentContext};
use domain::{Chunk, Clock, Document, DocumentId, GenerationId, Principal, SourceId, Span, UserId};
use ingest::{ChunkConfig, Generation, Generations, IngestConfig, IngestContext, Limits, ParserPool};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use server::{ServerConfig, ServerContext};
use store::{NewSource, NewUser, Store, Write};
use ulid::Ulid;

use crate::fakes::*;

pub const PASSWORD: &str = "correct horse";
pub const HANDBOOK: u128 = 1;
pub const SALARIES: u128 = 2;

/// Seconds that tests have let pass; each test binary runs in one process, so only forward.
static PASSED: AtomicI64 = AtomicI64::new(0);

pub struct House {
    pub url: String,
    /// What the server says its address is.
    pub announced: String,
    pub store: Store,
    pub switches: Arc<Switches>,
    pub source: SourceId,
    client: Client,
    _dir: tempfile::TempDir,
}

pub fn document(n: u128) -> DocumentId {
    DocumentId::new(Ulid::from_parts(2, n))
}

/// The time by which a session that begins now is over.
pub fn let_hours_pass(hours: i64) {
    PASSED.fetch_add(hours * 3_600, Ordering::SeqCst);
}

pub fn clock() -> Clock {
    Clock { now: || Timestamp::from_second(1_760_000_000 + PASSED.load(Ordering::SeqCst)).unwrap(), ulid: Ulid::new }
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(ServerConfig::default()).await
    }

    pub async fn open_with(config: ServerConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/test.db", dir.path().display())).await.unwrap();
        let source = furnish(&store).await;
        let switches = Arc::new(Switches::default());
        let ctx = context(&store, &switches);
        let (port, announced) = serve(&Arc::new(ctx), &config);
        let url = format!("http://127.0.0.1:{port}");
        let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { url, announced, store, switches, source, client, _dir: dir }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Response {
        self.request(Method::GET, path).header("cookie", cookie).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, cookie: &str, body: &Value) -> Response {
        self.request(Method::POST, path).header("cookie", cookie).json(body).send().await.unwrap()
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Response {
        self.post("/api/v1/login", "", &json!({"email": email, "password": password})).await
    }

    /// The session cookie of `ann` or `bob`.
    pub async fn login(&self, name: &str) -> String {
        let response = self.try_login(&format!("{name}@example.com"), PASSWORD).await;
        assert_eq!(response.status(), 200);
        cookie(&response)
    }

    pub fn context_over(&self, store: Store) -> ServerContext {
        context(&store, &self.switches)
    }

    pub async fn ask(&self, cookie: &str, question: &str) -> Response {
        self.post("/api/v1/ask", cookie, &json!({"question": question})).await
    }
}

/// Starts a server on a port that was free a moment ago, another one where somebody was faster. What a server announces
/// may be its public URL, so its own choice of port would not be known.
fn serve(ctx: &Arc<ServerContext>, config: &ServerConfig) -> (u16, String) {
    for _ in 0..20 {
        let port = free_port();
        let (ctx, config) =
            (ctx.clone(), ServerConfig { port, workers: 1, shutdown_timeout_secs: 0, ..config.clone() });
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let announce = |url: &str| sender.send(Ok(url.to_owned())).unwrap();
            let ended = actix_web::rt::System::new().block_on(server::run(ctx, config, &announce));
            // Nobody listens once the server was announced.
            let _ = sender.send(Err(ended));
        });
        match receiver.recv_timeout(Duration::from_secs(20)).unwrap() {
            Ok(announced) => return (port, announced),
            Err(Err(server::Error::Listen { .. })) => {}
            Err(ended) => unreachable!("the server ended: {ended:?}"),
        }
    }
    unreachable!("twenty free ports were taken")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `NAME=VALUE` of the cookie a response sets.
pub fn cookie(response: &Response) -> String {
    header(response, "set-cookie").split(';').next().unwrap().to_owned()
}

pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Asserts that a response is a problem of this status and code, and returns it.
pub async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(response.status(), status);
    let body: Value = response.json().await.unwrap();
    assert_eq!((body["code"].as_str(), body["status"].as_u64()), (Some(code), Some(u64::from(status))));
    body
}

fn context(store: &Store, switches: &Arc<Switches>) -> ServerContext {
    let answer = engines(store, switches);
    let generation = Generation {
        id: answer.generation,
        chunking: ChunkConfig::default(),
        embedder: answer.embedder.clone(),
        keyword: answer.keyword.clone(),
        vector: answer.vector.clone(),
    };
    let ingest = IngestContext {
        store: store.clone(),
        parsers: Arc::new(ParserPool::in_process(Limits::default())),
        generations: Generations::new(generation),
        config: IngestConfig::default(),
        clock: clock(),
        worker: "test".into(),
        indexing: Arc::default(),
    };
    ServerContext {
        store: store.clone(),
        answer: CurrentContext::new(answer),
        ingest,
        kinds: Arc::new(PlainKinds(switches.clone())),
        clock: clock(),
    }
}

fn engines(store: &Store, switches: &Arc<Switches>) -> AnswerContext {
    let index = || Arc::new(CarelessIndex { store: store.clone(), switches: switches.clone() });
    let script = "Employees get 25 days of leave each year [1]. The moon is green.";
    AnswerContext {
        store: store.clone(),
        generation: GenerationId(1),
        embedder: Arc::new(FlatEmbedder::new()),
        keyword: index(),
        vector: index(),
        reranker: None,
        generator: Arc::new(ScriptedGenerator::new(script, switches.clone())),
        quoter: Arc::new(ScriptedGenerator::new("", switches.clone())),
        judge: Arc::new(CiteJudge),
        config: AnswerConfig::default(),
        clock: clock(),
    }
}

async fn furnish(store: &Store) -> SourceId {
    let (now, hash) = ((clock().now)(), server::hash_password(PASSWORD.into()).await.unwrap());
    for (n, name, group) in [(1, "Ann", "hr"), (2, "Bob", "sales")] {
        let id = UserId::new(Ulid::from_parts(3, n));
        let email = format!("{name}@example.com");
        let (password_hash, groups) = (Some(hash.clone()), vec![group.to_owned()]);
        let user = NewUser { id, email, name: name.into(), password_hash, is_admin: n == 1, groups, now };
        store.create_user(user).await.unwrap();
    }
    let source = SourceId::new(Ulid::from_parts(1, 1));
    let new = NewSource {
        id: source.clone(),
        kind: "folder".into(),
        name: "docs".into(),
        config: Value::Null,
        settings: Default::default(),
        now,
    };
    store.create_source(new).await.unwrap();
    let writes = vec![
        put(HANDBOOK, "Employees get 25 days of leave each year.", "everyone"),
        put(SALARIES, "Salaries of all employees and their leave days each year.", "group:hr"),
    ];
    store.apply_batch(&source, writes, None, now).await.unwrap();
    source
}

pub fn put(n: u128, text: &str, reader: &str) -> Write {
    let span = Span { start: 0, end: text.chars().count() };
    Write::Put {
        document: document(n),
        external_id: format!("{n}.md"),
        uri: format!("file:///{n}.md"),
        title: format!("Document {n}"),
        media_type: "text/markdown".into(),
        raw_hash: text.into(),
        revision: None,
        modified_at: Some((clock().now)()),
        readers: BTreeSet::from([reader.parse::<Principal>().unwrap()]),
        parsed: Document { text: text.into(), ..Document::default() },
        generation: GenerationId(1),
        chunks: vec![Chunk { span, text: text.into(), context: String::new(), page: None, tokens: 8 }],
        duplicate_of: None,
    }
}
