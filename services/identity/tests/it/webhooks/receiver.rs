//! A server that takes messages, on an address of this machine, and answers as the story wants.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use futures::stream;
use serde_json::Value;

/// A message as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The record that the event is about, with its revision.
    pub fn record(&self) -> (String, i64) {
        let data = &self.json()["data"];
        (data["id"].as_str().unwrap().to_owned(), data["revision"].as_str().unwrap().parse().unwrap())
    }
}

/// How a message is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    /// With a header.
    With(u16, &'static str, String),
    /// After so long.
    Late(Duration),
    /// A body without an end.
    Endless,
}

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// Answers to come; 204 when there are no more.
    replies: Arc<Mutex<VecDeque<Reply>>>,
    always: Arc<Mutex<Reply>>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    pub async fn start_on(address: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            replies: Arc::default(),
            always: Arc::new(Mutex::new(Reply::Status(204))),
        };
        let handler = receiver.clone();
        let app = Router::new().fallback(move |headers: HeaderMap, body: String| {
            let handler = handler.clone();
            async move { handler.take(headers, body).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    async fn take(&self, headers: HeaderMap, body: String) -> Response<Body> {
        self.received.lock().unwrap().push(Received { headers, body });
        let next = self.replies.lock().unwrap().pop_front();
        let reply = next.unwrap_or_else(|| self.always.lock().unwrap().clone());
        let answer = |status: u16| Response::builder().status(StatusCode::from_u16(status).unwrap());
        match reply {
            Reply::Status(status) => answer(status).body(Body::from("thanks")).unwrap(),
            Reply::With(status, name, value) => answer(status).header(name, value).body(Body::empty()).unwrap(),
            Reply::Late(pause) => {
                tokio::time::sleep(pause).await;
                answer(204).body(Body::empty()).unwrap()
            }
            Reply::Endless => {
                let pieces = stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(300)));
                answer(200).body(Body::from_stream(pieces)).unwrap()
            }
        }
    }

    /// Answers the next message so.
    pub fn next(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// Answers every message so from now on.
    pub fn always(&self, reply: Reply) {
        *self.always.lock().unwrap() = reply;
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}
