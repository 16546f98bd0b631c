//! Fetching what a tenant names, without lending him the server's place in the network.
//!
//! *Guarantees.* A name is resolved once, each of its addresses is judged, and the connection goes to
//! a judged address and no other: a second answer of the name server changes nothing. Redirects are
//! followed by hand, each judged like the first. No proxy, no credentials, bounded time. What may be
//! asked is one setting (`image.web_download`), whatever it is asked for.

use crate::image::WebDownload;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use process::reach;
use reqwest::header::LOCATION;
use schemas::{Error, Result};
use std::time::Duration;
use url::Url;

/// For each of name, connection and first answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens an address for reading.
///
/// # Errors
/// `BadRequest` with the reason, for the tenant.
pub(crate) async fn open(
    settings: &WebDownload,
    address: &str,
) -> Result<impl Stream<Item = Result<Bytes>> + Unpin + use<>> {
    let mut url = parse(address)?;
    for _ in 0..=settings.redirects {
        let answer = ask(settings, &url).await?;
        let status = answer.status();
        if status.is_redirection() {
            let to = answer
                .headers()
                .get(LOCATION)
                .and_then(|to| to.to_str().ok());
            url = to
                .and_then(|to| url.join(to).ok())
                .ok_or_else(|| refused(&url, "it redirects to nowhere"))?;
            continue;
        }
        if !status.is_success() {
            return Err(refused(&url, &format!("it answered {status}")));
        }
        let broke = move |error: reqwest::Error| {
            refused(&url, &format!("it broke off ({})", error.without_url()))
        };
        return Ok(Box::pin(
            answer
                .bytes_stream()
                .map(move |piece| piece.map_err(&broke)),
        ));
    }
    Err(refused(&url, "it redirects too often"))
}

/// Reads a text of at most `most` bytes, within a time that does not depend on who sends it.
///
/// # Errors
/// `BadRequest` with the reason, for the tenant.
pub(crate) async fn text(
    settings: &WebDownload,
    address: &str,
    most: usize,
    patience: Duration,
) -> Result<String> {
    let url = parse(address)?;
    if !settings.enabled {
        return Err(refused(&url, "this cloud fetches nothing from the web"));
    }
    let reading = async {
        let mut pieces = open(settings, address).await?;
        let mut whole = Vec::new();
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() > most {
                let kib = most >> 10;
                return Err(refused(&url, &format!("it has more than {kib} KiB")));
            }
        }
        Ok(whole)
    };
    let whole = tokio::time::timeout(patience, reading).await;
    let slow = || {
        refused(
            &url,
            &format!("it took more than {} seconds", patience.as_secs()),
        )
    };
    let whole = whole.map_err(|_| slow())??;
    String::from_utf8(whole).map_err(|_| refused(&url, "it is no text"))
}

/// Judges an address before anything is done with it.
///
/// # Errors
/// `BadRequest`.
pub(crate) fn parse(address: &str) -> Result<Url> {
    let url = Url::parse(address)
        .map_err(|error| Error::BadRequest(format!("{address:?} is no address: {error}.")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused(&url, "only http and https are possible"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(&url, "it holds credentials"));
    }
    Ok(url)
}

fn refused(url: &Url, why: &str) -> Error {
    let mut shown = url.clone();
    // What follows the question mark may be a signature.
    shown.set_query(None);
    let _ = shown.set_password(None);
    Error::BadRequest(format!("{shown} cannot be fetched: {why}."))
}

async fn ask(settings: &WebDownload, url: &Url) -> Result<reqwest::Response> {
    parse(url.as_str())?;
    let port = url.port_or_known_default().unwrap_or(80);
    if !settings.ports.is_empty() && !settings.ports.contains(&port) {
        return Err(refused(
            url,
            &format!("port {port} is not one that may be asked"),
        ));
    }
    let judged = reach::judged(url, port, &settings.allow, PATIENCE).await;
    let (name, good) = judged.map_err(|why| refused(url, &why.to_string()))?;
    let tls = process::tls::client(settings.ca_file.as_deref()).map_err(Error::internal)?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve_to_addrs(&name, &good)
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE * 3)
        .build()
        .map_err(Error::internal)?;
    let answer = tokio::time::timeout(PATIENCE * 2, client.get(url.clone()).send()).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(refused(
            url,
            &format!("it cannot be reached ({})", cause(&error.without_url())),
        )),
        Err(_) => Err(refused(url, "it does not answer")),
    }
}

/// The error at the bottom: the ones above it only say that the request failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut bottom = error;
    while let Some(source) = bottom.source() {
        bottom = source;
    }
    bottom.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_addresses_are_refused() {
        for address in [
            "file:///etc/passwd",
            "ftp://a/b",
            "gopher://a",
            "http://user@host/",
            "//host",
            "http://u:p@host/",
            "not an address",
        ] {
            assert!(parse(address).is_err(), "{address}");
        }
        // However an address is written, it is judged as what it is.
        for address in ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"] {
            assert_eq!(parse(address).unwrap().host_str(), Some("127.0.0.1"));
        }
    }

    /// A server that is asked once; its settings and its address.
    async fn serving(answer: Vec<u8>) -> (WebDownload, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = WebDownload {
            allow: vec!["127.0.0.0/8".parse().unwrap()],
            ports: Vec::new(),
            ..WebDownload::default()
        };
        let serve = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.read(&mut head).await;
        };
        tokio::spawn(serve);
        (settings, format!("http://{address}/pod.yaml?secret=1"))
    }

    async fn read(answer: Vec<u8>, patience: Duration) -> Result<String> {
        let (settings, address) = serving(answer).await;
        text(&settings, &address, 1024, patience).await
    }

    #[tokio::test]
    async fn a_text_is_bounded_in_bytes_and_in_time() {
        let whole = |body: &[u8]| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            [head.as_bytes(), body].concat()
        };
        let soon = Duration::from_secs(20);
        assert_eq!(read(whole(b"kind: Pod"), soon).await.unwrap(), "kind: Pod");
        // It says that more will come, and sends nothing.
        let slow = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nkind".to_vec();
        for (answer, patience, word) in [
            (whole(&[b'a'; 2000]), soon, "more than 1 KiB"),
            (whole(&[0xff; 10]), soon, "no text"),
            (slow, Duration::from_millis(300), "more than 0 seconds"),
            (
                b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
                soon,
                "404",
            ),
        ] {
            match read(answer, patience).await {
                Err(Error::BadRequest(why)) => {
                    assert!(why.contains(word) && !why.contains("secret"), "{why}");
                }
                other => panic!("{word}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn an_operator_may_have_nothing_fetched() {
        let settings = WebDownload {
            enabled: false,
            ..WebDownload::default()
        };
        let told = text(&settings, "http://8.8.8.8/", 1024, Duration::from_secs(1)).await;
        assert!(matches!(told, Err(Error::BadRequest(why)) if why.contains("fetches nothing")));
    }

    #[tokio::test]
    async fn a_connection_to_the_house_is_not_even_tried() {
        let settings = WebDownload {
            ports: Vec::new(),
            ..WebDownload::default()
        };
        for address in [
            "http://127.0.0.1:9/",
            "http://localhost:9/",
            "http://[::1]:9/x",
        ] {
            match open(&settings, address).await.err() {
                Some(Error::BadRequest(why)) => assert!(why.contains("not public"), "{why}"),
                other => panic!("{address}: {other:?}"),
            }
        }
    }
}
