//! A real provider of OpenID Connect, in a process of its own, and the browser that goes through it.

use std::process::Stdio;

use contracts::identity as proto;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// HTTP is built without a choice of cryptography, which whoever opens TLS makes.
fn http_client() -> reqwest::ClientBuilder {
    // Made before, by another test of this process: just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

pub const PUBLIC_URL: &str = "http://console.test";
pub const CLIENT_SECRET: &str = "a-secret-between-us";

/// The provider's process; it ends when its standard input does.
pub struct Provider {
    pub issuer: String,
    _process: Child,
    /// Kept, since the process ends when nobody reads what it says.
    _lines: Lines<BufReader<ChildStdout>>,
}

/// What the provider sent a browser back with.
pub struct Callback {
    pub state: String,
    pub code: String,
    pub browser_secret: String,
}

impl Provider {
    pub async fn start() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider");
        assert!(
            std::path::Path::new(folder).join("node_modules").exists(),
            "run `npm ci` in services/identity/tests/provider, or the tests by `make test`"
        );
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .arg(format!("{PUBLIC_URL}/sign-on/callback"))
            .arg(format!("{PUBLIC_URL}/sign-in"))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = loop {
            let line = lines.next_line().await.unwrap().expect("the provider starts");
            if line.starts_with("http://") {
                break line;
            }
        };
        Self { issuer, _process: process, _lines: lines }
    }

    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/control/{path}", self.issuer);
        http_client().build().unwrap().post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    /// Who sits at the browser from now on.
    pub async fn present(&self, claims: Value) {
        self.control("present", claims).await;
    }

    /// Follows the browser's way through the provider up to where it leaves it.
    pub async fn visit(&self, url: &str) -> Vec<(String, String)> {
        let browser = http_client().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut url = url.to_owned();
        for _ in 0..5 {
            let answer = browser.get(&url).send().await.unwrap();
            let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
            let location = location.unwrap_or_else(|| panic!("{} at {url}", answer.status()));
            if let Some(query) = location.strip_prefix(&format!("{PUBLIC_URL}/sign-on/callback?")) {
                return form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            }
            url = if location.starts_with('/') { format!("{}{location}", self.issuer) } else { location };
        }
        panic!("the provider never sends the browser back");
    }

    pub async fn authorize(&self, started: &proto::StartSignOnResponse) -> Callback {
        self.authorize_at(&started.authorization_url, &started.browser_secret).await
    }

    pub async fn authorize_at(&self, url: &str, browser_secret: &str) -> Callback {
        let parameters = self.visit(url).await;
        let find = |name: &str| {
            let found = parameters.iter().find(|(found, _)| found == name);
            found.unwrap_or_else(|| panic!("no {name} in {parameters:?}")).1.clone()
        };
        Callback { state: find("state"), code: find("code"), browser_secret: browser_secret.to_owned() }
    }
}
