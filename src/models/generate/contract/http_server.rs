//! A tiny HTTP server that answers one scripted reply per request, as model servers do.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the server sends back before it closes the connection.
#[derive(Clone)]
pub(super) struct Reply {
    text: String,
    is_silent: bool,
}

impl Reply {
    /// A whole stream of `pieces`, in the shape of the API reference.
    pub fn stream(pieces: &[&str]) -> Self {
        Self::raw(&format!("{}data: [DONE]\n\n", events(pieces)))
    }

    /// The same, closed before the end.
    pub fn cut_after(pieces: &[&str]) -> Self {
        Self::raw(&events(pieces))
    }

    /// Server-sent events as they are.
    pub fn raw(events: &str) -> Self {
        Self::of(200, "text/event-stream", events)
    }

    pub fn json(body: &str) -> Self {
        Self::of(200, "application/json", body)
    }

    pub fn status(status: u16, body: &str) -> Self {
        Self::of(status, "application/json", body)
    }

    /// Takes the request and never answers.
    pub fn silent() -> Self {
        Self { text: String::new(), is_silent: true }
    }

    fn of(status: u16, kind: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
        Self { text: format!("{head}{body}"), is_silent: false }
    }
}

fn events(pieces: &[&str]) -> String {
    let event = |piece: &&str| {
        let chunk = serde_json::json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "test",
            "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": null}],
        });
        format!("data: {chunk}\n\n")
    };
    pieces.iter().map(event).collect()
}

pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The requests so far, heads and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers the replies in order, one per connection.
pub(super) async fn serve(replies: Vec<Reply>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { port: listener.local_addr().unwrap().port(), requests: Arc::default() };
    let requests = server.requests.clone();
    tokio::spawn(async move {
        let mut unanswered = Vec::new();
        for reply in replies {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let request = read_request(&mut stream).await;
            requests.lock().unwrap().push(request);
            if reply.is_silent {
                unanswered.push(stream);
                continue;
            }
            let _ = stream.write_all(reply.text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        std::future::pending::<()>().await;
    });
    server
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let body_starts = text.find("\r\n\r\n").map(|at| at + 4);
        let length = text
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(|n| n.trim().parse::<usize>()));
        let is_whole = body_starts
            .zip(length)
            .is_some_and(|(start, length)| length.is_ok_and(|length| request.len() >= start + length));
        if read == 0 || is_whole {
            return text;
        }
    }
}
