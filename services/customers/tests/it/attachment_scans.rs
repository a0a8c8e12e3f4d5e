//! Files before a scanner, which is a small daemon that speaks as ClamAV's does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use changke::testkit::Session;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::attachment_files::{a_picture, attach, download};
use crate::story::{Story, a_customer, id};

const SIGNATURE: &[u8] = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE";

/// A daemon that finds the signature of the test file. It answers nobody while it is `busy`.
struct Daemon {
    address: String,
    busy: Arc<AtomicBool>,
}

impl Daemon {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let busy = Arc::new(AtomicBool::new(false));
        let closed = busy.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                if !closed.load(Ordering::Relaxed) {
                    tokio::spawn(serve(connection));
                }
            }
        });
        Ok(Self { address, busy })
    }
}

async fn serve(mut connection: TcpStream) -> std::io::Result<()> {
    let mut command = [0; 10];
    connection.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = connection.read_u32().await? as usize;
        if length == 0 {
            break;
        }
        let start = content.len();
        content.resize(start + length, 0);
        connection.read_exact(&mut content[start..]).await?;
        if content.len() > 1_000_000 {
            return connection.write_all(b"INSTREAM size limit exceeded. ERROR\0").await;
        }
    }
    let found = content.windows(SIGNATURE.len()).any(|window| window == SIGNATURE);
    connection.write_all(if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" }).await
}

async fn read(session: &Session, attachment: &Value) -> Result<Value> {
    session.get(&format!("/v1/attachments/{}", id(attachment)?)).await?.ok()
}

#[tokio::test]
async fn nobody_has_a_file_before_it_was_scanned() -> Result<()> {
    let daemon = Daemon::start().await?;
    daemon.busy.store(true, Ordering::Relaxed);
    let address = daemon.address.clone();
    let story = Story::begin_with(|config| config.customers.attachments.clamd = address).await?;
    let li_lei = &story.li_lei;
    let record = format!("customers/{}", a_customer(li_lei, "杭州大华电子").await?);
    let picture = a_picture(300_000);
    let attached = attach(li_lei, &record, &[("name", "a.png")], &picture).await?.ok()?;
    assert_eq!(attached["state"], "ATTACHMENT_STATE_SCANNING");
    let path = format!("/v1/attachments/{}:download", id(&attached)?);
    li_lei.get(&path).await?.refused(422, "ATTACHMENT_SCANNING")?;

    daemon.busy.store(false, Ordering::Relaxed);
    let is = async |attachment: &Value, state: &str| {
        read(li_lei, attachment).await.is_ok_and(|found| found["state"] == format!("ATTACHMENT_STATE_{state}"))
    };
    story.app.until("the file is clean", async || is(&attached, "CLEAN").await).await?;
    assert!(download(li_lei, &attached).await?.1 == picture);

    let test_file = [b"text and ".as_slice(), SIGNATURE].concat();
    let infected = attach(li_lei, &record, &[("name", "a.txt")], &test_file).await?.ok()?;
    story.app.until("the file is refused", async || is(&infected, "REFUSED").await).await?;
    assert_eq!(read(li_lei, &infected).await?["finding"], "Eicar-Test-Signature");
    let path = format!("/v1/attachments/{}", id(&infected)?);
    li_lei.get(&format!("{path}:download")).await?.refused(422, "ATTACHMENT_REFUSED")?;
    let loose = async || -> Result<i64> {
        let count = sqlx::query_scalar("SELECT count(*) FROM customers.loose_object");
        Ok(count.fetch_one(&mut story.app.database().await?).await?)
    };
    story.app.until("its content is gone", async || loose().await.is_ok_and(|count| count == 0)).await?;
    li_lei.delete(&path).await?.ok()?;

    // What is too much for the scanner is never called clean.
    let large = attach(li_lei, &record, &[("name", "b.png")], &a_picture(1_500_000)).await?.ok()?;
    story.app.until("the file is refused", async || is(&large, "REFUSED").await).await?;
    story.end().await
}
