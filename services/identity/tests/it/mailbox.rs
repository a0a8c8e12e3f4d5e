//! A real SMTP server that takes a test's mail.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Mailbox {
    pub url: String,
    said: UnboundedReceiver<Value>,
    server: Child,
}

impl Mailbox {
    /// A server that turns the first messages away for now.
    pub async fn refusing(messages: usize) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/local/smtp_server.py");
        let mut server = Command::new("python3")
            .args([script, &messages.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let (sender, said) = unbounded_channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut mailbox = Self { url: String::new(), said, server };
        mailbox.url = format!("smtp://127.0.0.1:{}", mailbox.next().await["port"]);
        mailbox
    }

    pub async fn open() -> Self {
        Self::refusing(0).await
    }

    /// What the server says next.
    pub async fn next(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.said.recv()).await.expect("the server says nothing").unwrap()
    }

    /// The token of the link in the next message, which is for this address and says the same as text and as HTML.
    pub async fn token(&mut self, to: &str) -> String {
        let message = self.next().await;
        assert_eq!(message["to"], serde_json::json!([to]), "{message}");
        let [text, html] = ["text/plain", "text/html"].map(|kind| message["parts"][kind].as_str().unwrap().to_owned());
        let of = |part: &str| -> String {
            let token = part.split_once("http://localhost:8080/set-password#").unwrap().1;
            token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
        };
        assert_eq!(of(&text), of(&html));
        of(&text)
    }

    /// Whether nothing came.
    pub fn is_empty(&mut self) -> bool {
        self.said.try_recv().is_err()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
