//! The addresses the server writes into its answers carry the scheme, host, port and prefix that
//! the client itself used (contract `client-requirements.md` §1).

use actix_web::HttpRequest;
use url::Url;

/// `https://cloud.example.org:8774/prefix`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// From the settings' public URL if there is one; else from the request. What proxies say
    /// about the client's address (`X-Forwarded-*`) is believed only when `trusted`.
    pub fn of(request: &HttpRequest, public: Option<&Url>, trusted: bool) -> Base {
        if let Some(public) = public {
            return Base(public.as_str().trim_end_matches('/').to_owned());
        }
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.split(',').next().unwrap_or_default().trim())
        };
        let forwarded = |name: &str| if trusted { header(name) } else { None };
        let scheme = match forwarded("x-forwarded-proto") {
            Some("https") => "https",
            Some("http") => "http",
            _ if request.app_config().secure() => "https",
            _ => "http",
        };
        let host = forwarded("x-forwarded-host")
            .filter(|host| plain(host))
            .or_else(|| header("host").filter(|host| plain(host)))
            .or_else(|| {
                request
                    .uri()
                    .authority()
                    .map(|host| host.as_str())
                    .filter(|h| plain(h))
            });
        let mut base = match host {
            Some(host) => format!("{scheme}://{host}"),
            None => format!("{scheme}://{}", request.app_config().local_addr()),
        };
        if let Some(port) = forwarded("x-forwarded-port").filter(|port| port.parse::<u16>().is_ok())
        {
            let usual = (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
            if !usual && !host.is_some_and(has_port) {
                base = format!("{base}:{port}");
            }
        }
        if let Some(prefix) = forwarded("x-forwarded-prefix").filter(|prefix| path(prefix)) {
            base.push_str(prefix.trim_end_matches('/'));
        }
        Base(base)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of this path (which begins with a slash).
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host as it may stand in a URL: nothing that could break out of it.
fn plain(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= 261 && host.bytes().all(legal)
}

fn path(prefix: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte);
    prefix.starts_with('/') && prefix.len() <= 200 && prefix.bytes().all(legal)
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn base(headers: &[(&'static str, &'static str)], trusted: bool) -> String {
        let request = headers.iter().fold(TestRequest::get(), |request, header| {
            request.insert_header(*header)
        });
        Base::of(&request.to_http_request(), None, trusted).0
    }

    #[test]
    fn the_host_the_client_used_is_the_base() {
        assert_eq!(base(&[("host", "cloud:8080")], false), "http://cloud:8080");
        assert_eq!(base(&[("host", "[::1]:80")], false), "http://[::1]:80");
    }

    #[test]
    fn forwarded_headers_count_only_when_trusted() {
        let headers = [
            ("host", "inner:1"),
            ("x-forwarded-host", "cloud.example.org"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "8443"),
            ("x-forwarded-prefix", "/os/"),
        ];
        assert_eq!(base(&headers, false), "http://inner:1");
        assert_eq!(base(&headers, true), "https://cloud.example.org:8443/os");
    }

    #[test]
    fn a_host_that_is_no_host_is_not_repeated() {
        assert!(!base(&[("host", "evil/\"><script>")], false).contains("evil"));
    }
}
