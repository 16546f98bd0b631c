//! A connection to an API server: to an address that was judged, over TLS, within bounds.

use crate::answer::Asked;
use crate::bounds::MOST;
use crate::{Bounds, Kubeconfig, Settings, Whose};
use http::Uri;
use http_body_util::Limited;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use kube::client::{Body, ConfigExt};
use process::reach;
use schemas::{Error, Result};
use serde_json::Value;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// Longest answer, in bytes.
const LONGEST: usize = 8 << 20;

/// What this cloud says itself leads to no address that it may not ask.
const EVERYWHERE: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
];

/// An API server, reached. Made for the calls of one request, so that its address is judged anew for the
/// next.
pub struct Server {
    asked: Asked,
    namespace: String,
    client: kube::Client,
    bounds: Bounds,
}

impl Server {
    /// Finds where it is, and judges that unless it is one of this cloud's own. Connects with the first
    /// call.
    ///
    /// # Errors
    /// `Theirs` (504) with the reason, when its name is not known or leads to where nobody is asked.
    pub async fn open(
        kubeconfig: &Kubeconfig,
        whose: Whose,
        settings: &Settings,
        bounds: Bounds,
    ) -> Result<Server> {
        let patience = bounds.until().saturating_duration_since(Instant::now());
        let url = kubeconfig.server().clone();
        let port = url.port_or_known_default().unwrap_or(443);
        let allow = match whose {
            Whose::Theirs => &settings.allow[..],
            Whose::Ours => &EVERYWHERE,
        };
        let judged = reach::judged(&url, port, allow, patience).await;
        let asked = Asked { url, whose };
        let (_, addresses) = judged.map_err(|why| asked.silent(&why.to_string()))?;
        let config = kubeconfig.config().await?;
        Ok(Server {
            client: client(&config, addresses)?,
            namespace: kubeconfig.namespace().to_owned(),
            asked,
            bounds,
        })
    }

    /// Where things are whose manifest does not say.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What it answers, as text. All calls of one `Server` share its bounds.
    ///
    /// # Errors
    /// `Theirs`, with its own refusals, or with 504 for one that does not answer.
    pub async fn text(&self, request: http::Request<Vec<u8>>) -> Result<String> {
        let asking = self.client.request_text(request);
        match tokio::time::timeout_at(self.bounds.until(), asking).await {
            Ok(Ok(text)) if self.bounds.take(text.len()) => Ok(text),
            Ok(Ok(_)) => {
                let most = MOST >> 20;
                let why = format!("more than {most} MiB would be read for this request");
                Err(self.asked.silent(&why))
            }
            Ok(Err(error)) => Err(self.asked.told(error)),
            Err(_) => {
                let seconds = self.bounds.patience().as_secs();
                Err(self.asked.silent(&format!("nothing came in {seconds} s")))
            }
        }
    }

    /// What it answers, as JSON.
    ///
    /// # Errors
    /// Those of [`Server::text`].
    pub async fn json(&self, request: http::Request<Vec<u8>>) -> Result<Value> {
        let text = self.text(request).await?;
        serde_json::from_str(&text).map_err(|_| {
            self.asked
                .silent("what it says is not Kubernetes' language")
        })
    }
}

fn client(config: &kube::Config, addresses: Vec<SocketAddr>) -> Result<kube::Client> {
    // Whatever the address is called, it is these that are connected to.
    let connector = tower::service_fn(move |_: Uri| connect(addresses.clone()));
    let tls = config
        .rustls_https_connector_with_connector(connector)
        .map_err(Error::internal)?;
    let http = legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(tls);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(Error::internal)?)
        .map_err(BoxError::from)
        .service(http.map_response(|answer| answer.map(|body| Limited::new(body, LONGEST))));
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TokioIo<TcpStream>> {
    TcpStream::connect(&addresses[..]).await.map(TokioIo::new)
}
