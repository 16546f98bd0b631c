//! A kubeconfig as a tenant gives it: parsed once, reduced to one server and one user, and refused by
//! name where it would reach into this process, its files or its network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{self, AuthInfo, Cluster, Context, KubeConfigOptions, NamedContext};
use schemas::{Error, Result, Secret};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use url::Url;

/// Longest text, in bytes.
pub const LONGEST: usize = 64 << 10;
/// What the only cluster, user and context are called from then on.
const ONLY: &str = "adopted";

/// What is left of a kubeconfig: one server, and who is known there. Holds credentials.
#[derive(Clone)]
pub struct Kubeconfig {
    /// `https://…`
    server: Url,
    namespace: String,
    ca_pem: Option<String>,
    text: Secret,
}

impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kubeconfig({})", self.server)
    }
}

fn bad(why: &str) -> Error {
    Error::BadRequest(format!("labels.kubeconfig: {why}"))
}

impl Kubeconfig {
    /// Reads what a tenant wrote: YAML, JSON, or either in base64.
    ///
    /// # Errors
    /// `BadRequest` that names what is wrong, and repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Kubeconfig> {
        let text = clear(text)?;
        if text.len() > LONGEST {
            let kib = LONGEST >> 10;
            return Err(bad(&format!("it has more than {kib} KiB.")));
        }
        let whole = config::Kubeconfig::from_yaml(&text)
            .map_err(|_| bad("it is no kubeconfig, in YAML, JSON, or base64 of either."))?;
        let (context, cluster, user) = chosen(&whole)?;
        let cluster = safe_cluster(cluster)?;
        let user = safe_user(user)?;
        let namespace = context.namespace.clone();
        let namespace = namespace.filter(|name| !name.is_empty());
        let namespace = namespace.unwrap_or_else(|| "default".into());
        if !label(&namespace) {
            return Err(bad("the context's namespace is no name of one."));
        }
        let reduced = reduced(cluster, user, &namespace);
        let text = serde_json::to_string(&reduced).map_err(Error::internal)?;
        let known = Kubeconfig::open(&text)?;
        // What would fail at the first connection fails here, where somebody is told.
        known.config_now()?;
        Ok(known)
    }

    /// For a server of this cloud's own, and a user with a certificate (PEM; its key in PKCS #8).
    ///
    /// # Errors
    /// `Internal` when they make none.
    pub fn made(
        server: &str,
        ca_pem: &str,
        (certificate, key): (&str, &Secret),
    ) -> Result<Kubeconfig> {
        let data = |pem: &str| Some(STANDARD.encode(pem));
        let cluster = Cluster {
            server: Some(server.to_owned()),
            certificate_authority_data: data(ca_pem),
            ..Cluster::default()
        };
        let user = AuthInfo {
            client_certificate_data: data(certificate),
            client_key_data: data(key.reveal()).map(Into::into),
            ..AuthInfo::default()
        };
        let whole = reduced(cluster, user, "default");
        let text = serde_json::to_string(&whole).map_err(Error::internal)?;
        let known = Kubeconfig::open(&text)?;
        known.config_now().map_err(Error::internal)?;
        Ok(known)
    }

    /// Reads what [`Kubeconfig::reveal`] gave.
    ///
    /// # Errors
    /// `Internal` for anything else.
    pub fn open(text: &str) -> Result<Kubeconfig> {
        let whole: config::Kubeconfig = serde_json::from_str(text).map_err(|_| broken())?;
        let (context, cluster, _) = chosen(&whole).map_err(|_| broken())?;
        let server = cluster.server.as_deref().unwrap_or_default();
        let ca = cluster.certificate_authority_data.as_deref();
        let ca_pem = match ca {
            None => None,
            Some(data) => Some(pem("certificate-authority-data", data)?),
        };
        Ok(Kubeconfig {
            server: Url::parse(server).map_err(|_| broken())?,
            namespace: context.namespace.clone().unwrap_or_default(),
            ca_pem,
            text: Secret::new(text),
        })
    }

    /// Its text, with the credentials: to be sealed.
    pub fn reveal(&self) -> &str {
        self.text.reveal()
    }

    /// What may be shown in its place: the same for the same content.
    pub fn fingerprint(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let digest: String = hex(&Sha256::digest(self.reveal()));
        format!("sealed:sha256:{digest}")
    }

    /// Where the server is.
    pub fn server(&self) -> &Url {
        &self.server
    }

    /// Where things are made whose manifest does not say.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The authority of the server's certificate; nothing: one that every machine knows.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// As the client wants it. Nothing is read from files: there are no paths in it.
    pub(crate) async fn config(&self) -> Result<kube::Config> {
        let whole: config::Kubeconfig =
            serde_json::from_str(self.reveal()).map_err(|_| broken())?;
        let options = KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(whole, &options)
            .await
            .map_err(|error| bad(&format!("it cannot be used: {error}.")))?;
        // A proxy of this process's environment is none of a tenant's.
        config.proxy_url = None;
        Ok(config)
    }

    /// Does what it holds make a connection?
    fn config_now(&self) -> Result<()> {
        use kube::client::ConfigExt;
        let making = Box::pin(self.config());
        let config = futures_now(making)?;
        config
            .rustls_https_connector_with_connector(())
            .map(drop)
            .map_err(|_| {
                bad("its certificates or keys are not PEM that belongs together (in base64, as -data).")
            })
    }
}

/// What reads no file and asks nobody is ready at once.
fn futures_now<T>(mut future: std::pin::Pin<Box<impl Future<Output = Result<T>>>>) -> Result<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(made) => made,
        std::task::Poll::Pending => Err(Error::internal("a kubeconfig that waits for something")),
    }
}

fn broken() -> Error {
    Error::internal("a sealed kubeconfig is none")
}

/// The text, out of base64 if it is in that.
fn clear(text: &str) -> Result<String> {
    let dense: String = text.split_ascii_whitespace().collect();
    let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if dense.is_empty() {
        return Err(bad("it is empty."));
    }
    if !dense.bytes().all(encoded) {
        return Ok(text.to_owned());
    }
    let bytes = STANDARD
        .decode(&dense)
        .map_err(|_| bad("it is neither YAML nor base64 (without line breaks: base64 -w0)."))?;
    String::from_utf8(bytes).map_err(|_| bad("in base64 there is no text."))
}

/// The current context with its cluster and user.
fn chosen(whole: &config::Kubeconfig) -> Result<(&Context, &Cluster, &AuthInfo)> {
    let wanted = whole
        .current_context
        .as_deref()
        .filter(|name| !name.is_empty());
    let wanted = wanted.ok_or_else(|| bad("it has no current-context."))?;
    let found = whole.contexts.iter().find(|one| one.name == wanted);
    let context = found
        .and_then(|one| one.context.as_ref())
        .ok_or_else(|| bad("there is no context of the name that current-context says."))?;
    let cluster = whole
        .clusters
        .iter()
        .find(|one| one.name == context.cluster);
    let cluster = cluster
        .and_then(|one| one.cluster.as_ref())
        .ok_or_else(|| bad("the context's cluster is not in it."))?;
    let user = whole
        .auth_infos
        .iter()
        .find(|one| Some(&one.name) == context.user.as_ref());
    let user = user
        .and_then(|one| one.auth_info.as_ref())
        .ok_or_else(|| bad("the context's user is not in it."))?;
    Ok((context, cluster, user))
}

fn unknown(whose: &str, other: &BTreeMap<String, serde_json::Value>) -> Result<()> {
    match other.keys().next() {
        None => Ok(()),
        Some(field) => {
            let field: String = field.chars().take(64).collect();
            Err(bad(&format!("{field} of the {whose} is not known here.")))
        }
    }
}

fn safe_cluster(cluster: &Cluster) -> Result<Cluster> {
    unknown("cluster", &cluster.other)?;
    for (given, why) in [
        (
            cluster.certificate_authority.is_some(),
            "certificate-authority names a file, which is not here; write the certificate as \
             certificate-authority-data (kubectl config view --raw --flatten does).",
        ),
        (
            cluster.proxy_url.is_some(),
            "proxy-url is not possible: this cloud connects by itself.",
        ),
        (
            cluster.insecure_skip_tls_verify == Some(true),
            "insecure-skip-tls-verify is not possible: whoever is on the way would have the \
             credentials; give certificate-authority-data.",
        ),
    ] {
        if given {
            return Err(bad(why));
        }
    }
    let server = cluster.server.as_deref().unwrap_or_default();
    let url = Url::parse(server).map_err(|_| bad("the cluster's server is no address."))?;
    if url.scheme() != "https" || url.host().is_none() {
        return Err(bad("the cluster's server must be an address with https."));
    }
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(bad(
            "the cluster's server must be an address without user, query and fragment.",
        ));
    }
    Ok(Cluster {
        server: Some(url.to_string()),
        certificate_authority_data: cluster.certificate_authority_data.clone(),
        tls_server_name: cluster.tls_server_name.clone(),
        ..Cluster::default()
    })
}

fn safe_user(user: &AuthInfo) -> Result<AuthInfo> {
    unknown("user", &user.other)?;
    for (given, why) in [
        (
            user.exec.is_some(),
            "exec runs a program, which this cloud does not; give a token or a client certificate.",
        ),
        (
            user.auth_provider.is_some(),
            "auth-provider is not possible; give a token or a client certificate.",
        ),
        (
            user.token_file.is_some(),
            "tokenFile names a file, which is not here; write the token as token.",
        ),
        (
            user.client_certificate.is_some(),
            "client-certificate names a file, which is not here; write it as client-certificate-data.",
        ),
        (
            user.client_key.is_some(),
            "client-key names a file, which is not here; write it as client-key-data.",
        ),
        (
            user.username.is_some() || user.password.is_some(),
            "username and password are not possible: API servers of today take none; give a token or a \
             client certificate.",
        ),
        (
            user.impersonate.is_some()
                || user.impersonate_uid.is_some()
                || user.impersonate_groups.is_some()
                || user.impersonate_user_extra.is_some(),
            "as, as-uid, as-groups and as-user-extra are not possible; give the credentials of whom this \
             cloud is to be.",
        ),
    ] {
        if given {
            return Err(bad(why));
        }
    }
    let certificate = user.client_certificate_data.is_some();
    if certificate != user.client_key_data.is_some() {
        return Err(bad(
            "client-certificate-data and client-key-data belong together.",
        ));
    }
    if user.token.is_none() && !certificate {
        return Err(bad(
            "its user has no credentials; give a token or a client certificate.",
        ));
    }
    Ok(AuthInfo {
        token: user.token.clone(),
        client_certificate_data: user.client_certificate_data.clone(),
        client_key_data: user.client_key_data.clone(),
        ..AuthInfo::default()
    })
}

fn reduced(cluster: Cluster, user: AuthInfo, namespace: &str) -> config::Kubeconfig {
    config::Kubeconfig {
        clusters: vec![config::NamedCluster {
            name: ONLY.into(),
            cluster: Some(cluster),
            ..Default::default()
        }],
        auth_infos: vec![config::NamedAuthInfo {
            name: ONLY.into(),
            auth_info: Some(user),
            ..Default::default()
        }],
        contexts: vec![NamedContext {
            name: ONLY.into(),
            context: Some(Context {
                cluster: ONLY.into(),
                user: Some(ONLY.into()),
                namespace: Some(namespace.to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        }],
        current_context: Some(ONLY.into()),
        ..config::Kubeconfig::default()
    }
}

fn pem(field: &str, data: &str) -> Result<String> {
    let bytes = STANDARD.decode(data).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| text.contains("-----BEGIN CERTIFICATE-----"));
    text.ok_or_else(|| bad(&format!("{field} is no PEM certificate in base64.")))
}

/// Is it a name by RFC 1123, as namespaces have?
pub(crate) fn label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let outer = |at: Option<&u8>| at.is_some_and(|byte| *byte != b'-');
    let bytes = text.as_bytes();
    text.len() <= 63 && text.bytes().all(inner) && outer(bytes.first()) && outer(bytes.last())
}

#[cfg(test)]
mod tests;
