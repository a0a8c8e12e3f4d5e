//! E-mails: `letter` writes them, this sends them by SMTP. They leave through jobs, so that a server that is down or
//! refuses for a while only delays them.

pub mod letter;

use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use platform::jobs::JobFailure;

use crate::config::MailConfig;
use letter::Letter;

pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Nothing where the installation sends no mail.
    pub fn new(config: &MailConfig) -> anyhow::Result<Option<Self>> {
        if config.smtp_url.is_empty() {
            return Ok(None);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.smtp_url)?.build();
        Ok(Some(Self { transport, from: config.from.parse()? }))
    }

    pub async fn send(&self, to: &str, letter: &Letter) -> Result<(), JobFailure> {
        // Neither the address nor what the letter holds belongs into logs.
        let to = to.parse().map_err(|_| JobFailure::Fatal(anyhow::anyhow!("the address is none")))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| JobFailure::Fatal(error.into()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(JobFailure::Fatal(error.into())),
            Err(error) => Err(JobFailure::Retry(error.into())),
        }
    }
}
