//! One question of a probe, and its answer.

use super::tls;
use crate::host::Host;
use compute_driver::{Conversation, DriverError, ExecOrder};
use schemas::ids::WorkloadId;
use schemas::workload::Pod;
use schemas::workload::pod::{Check, Probe};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Longer than any first line of an answer.
const LINE: usize = 4096;
/// Output that is repeated in words.
const WORDS: usize = 200;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As hoped for.
    Good,
    /// Otherwise, in words.
    Bad(String),
    /// None: it could not be asked, which says nothing about the container.
    None,
}

/// Asks a container of a pod.
pub(crate) async fn ask(host: &Host, pod: WorkloadId, name: &str, probe: &Probe) -> Answer {
    // Never closed.
    let _turn = host.asking.acquire().await;
    let patience = Duration::from_secs(u64::from(probe.timeout_s.max(1)));
    let answer = match &probe.check {
        Check::Exec { command } => {
            let order = ExecOrder {
                command: command.clone(),
                stdin: None,
                deadline: patience,
            };
            run(host, Pod::member_id(pod, name), order).await
        }
        Check::Tcp { port } => host.driver.dial(pod, *port, patience).await.map(|_| Ok(())),
        Check::Http {
            port,
            path,
            tls,
            headers,
        } => {
            let request = request(*port, path, headers);
            get(host, pod, *port, *tls, request, patience).await
        }
    };
    match answer {
        Ok(Ok(())) => Answer::Good,
        Ok(Err(why)) => Answer::Bad(why),
        Err(error @ (DriverError::Conflict { .. } | DriverError::Refused { .. })) => {
            Answer::Bad(error.to_string())
        }
        // An engine that hangs is not the container's fault.
        Err(DriverError::Timeout { .. }) if host.engine_answers().await => {
            Answer::Bad(format!("no answer within {patience:?}"))
        }
        Err(_) => Answer::None,
    }
}

type Asked = Result<Result<(), String>, DriverError>;

async fn run(host: &Host, id: WorkloadId, order: ExecOrder) -> Asked {
    let output = host.driver.exec(id, order).await?;
    Ok(match output.exit_code {
        0 => Ok(()),
        status => {
            let said: String = output.text.trim().chars().take(WORDS).collect();
            Err(format!("the command ended with status {status}: {said}"))
        }
    })
}

fn request(port: u16, path: &str, headers: &[(String, String)]) -> String {
    let has_host = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let mut request = format!(
        "GET {} HTTP/1.1\r\n",
        if path.is_empty() { "/" } else { path }
    );
    if !has_host {
        request += &format!("Host: localhost:{port}\r\n");
    }
    request += "User-Agent: jeroboam-probe\r\nAccept: */*\r\nConnection: close\r\n";
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request + "\r\n"
}

async fn get(
    host: &Host,
    pod: WorkloadId,
    port: u16,
    tls: bool,
    request: String,
    patience: Duration,
) -> Asked {
    let asking = async {
        let stream = host.driver.dial(pod, port, patience).await?;
        let stream: Box<dyn Conversation> = match tls {
            false => stream,
            true => match tls::wrap(stream).await {
                Ok(stream) => Box::new(stream),
                Err(error) => return Ok(Err(format!("TLS: {error}"))),
            },
        };
        Ok(status(stream, &request).await)
    };
    match timeout(patience, asking).await {
        Ok(asked) => asked,
        Err(_) => Ok(Err(format!("no answer within {patience:?}"))),
    }
}

async fn status(mut stream: Box<dyn Conversation>, request: &str) -> Result<(), String> {
    let exchange = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut line = Vec::new();
        while line.len() < LINE && !line.ends_with(b"\n") {
            match stream.read_u8().await {
                Ok(byte) => line.push(byte),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(line)
    };
    let line: std::io::Result<Vec<u8>> = exchange.await;
    let line = line.map_err(|error| error.to_string())?;
    judge(&String::from_utf8_lossy(&line))
}

/// By the first line of an answer.
fn judge(line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/"));
    let status: Option<u16> = words.next().and_then(|word| word.parse().ok());
    match status.filter(|_| is_http) {
        Some(200..=399) => Ok(()),
        Some(status) => Err(format!("HTTP status {status}")),
        None => Err("the answer is no HTTP".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_from_200_to_399_are_good() {
        assert_eq!(judge("HTTP/1.1 200 OK\r\n"), Ok(()));
        assert_eq!(judge("HTTP/1.0 302\r\n"), Ok(()));
        assert_eq!(judge("HTTP/1.1 503 No\r\n"), Err("HTTP status 503".into()));
        assert!(judge("SSH-2.0-OpenSSH\r\n").is_err());
        assert!(judge("").is_err());
    }

    #[test]
    fn a_host_that_was_given_is_sent_once() {
        let request = request(80, "", &[("host".into(), "web".into())]);
        assert!(request.starts_with("GET / HTTP/1.1\r\n"));
        assert_eq!(request.to_ascii_lowercase().matches("host:").count(), 1);
        assert!(request.ends_with("\r\n\r\n"));
    }
}
