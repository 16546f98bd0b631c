//! Probes: what is asked of a container again and again. Only the pod itself is asked: the node is no
//! place to ask others from.

use super::fields::{self, below};
use super::{bad, text};
use crate::Result;
use crate::workload::pod::{Check, Probe};
use k8s_openapi::api::core::v1;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most seconds of anything about a probe.
const LONGEST: i32 = 86_400;
/// Longest path and header of a question.
const LONGEST_TEXT: usize = 2048;
/// Most headers.
const MOST_HEADERS: usize = 32;

/// The ports of a container that have names.
pub(super) type Ports = BTreeMap<String, u16>;

/// Reads one. `once`: one good answer must be enough.
pub(super) fn read(
    path: &str,
    probe: Option<&v1::Probe>,
    plain: &Value,
    ports: &Ports,
    once: bool,
) -> Result<Option<Probe>> {
    let Some(probe) = probe else {
        return Ok(None);
    };
    fields::PROBE.check(path, plain)?;
    let number = |name: &str, given: Option<i32>, default: i32, least: i32| -> Result<u32> {
        // As Kubernetes, which takes 0 for nothing where nothing is no number.
        let given = given.filter(|given| *given != 0).unwrap_or(default);
        match given >= least && given <= LONGEST {
            true => Ok(given.unsigned_abs()),
            false => Err(bad(
                &below(path, name),
                &format!("it must be {least} to {LONGEST}"),
            )),
        }
    };
    let successes = number("successThreshold", probe.success_threshold, 1, 1)?;
    if once && successes != 1 {
        return Err(bad(
            &below(path, "successThreshold"),
            "it must be 1 of this probe",
        ));
    }
    Ok(Some(Probe {
        check: check(path, probe, plain, ports)?,
        delay_s: number("initialDelaySeconds", probe.initial_delay_seconds, 0, 0)?,
        period_s: number("periodSeconds", probe.period_seconds, 10, 1)?,
        timeout_s: number("timeoutSeconds", probe.timeout_seconds, 1, 1)?,
        successes,
        failures: number("failureThreshold", probe.failure_threshold, 3, 1)?,
    }))
}

fn check(path: &str, probe: &v1::Probe, plain: &Value, ports: &Ports) -> Result<Check> {
    match (&probe.exec, &probe.http_get, &probe.tcp_socket) {
        (Some(exec), None, None) => {
            let command = exec.command.clone().unwrap_or_default();
            let path = below(path, "exec.command");
            if command.first().is_none_or(String::is_empty) {
                return Err(bad(&path, "it names no program"));
            }
            command.iter().try_for_each(|word| text(&path, word))?;
            Ok(Check::Exec { command })
        }
        (None, Some(http), None) => {
            let path = below(path, "httpGet");
            fields::HTTP.check(&path, &plain["httpGet"])?;
            self::http(&path, http, ports)
        }
        (None, None, Some(tcp)) => {
            let path = below(path, "tcpSocket");
            fields::TCP.check(&path, &plain["tcpSocket"])?;
            Ok(Check::Tcp {
                port: port(&path, &tcp.port, ports)?,
            })
        }
        _ => Err(bad(
            path,
            "it asks in exactly one way: exec, httpGet or tcpSocket",
        )),
    }
}

fn http(path: &str, get: &v1::HTTPGetAction, ports: &Ports) -> Result<Check> {
    let asked = get
        .path
        .as_deref()
        .filter(|path| !path.is_empty())
        .unwrap_or("/");
    let legal = |letter: char| letter.is_ascii_graphic();
    if !asked.starts_with('/') || asked.len() > LONGEST_TEXT || !asked.chars().all(legal) {
        return Err(bad(
            &below(path, "path"),
            &format!(
                "it begins with '/', and has at most {LONGEST_TEXT} printable letters and no space"
            ),
        ));
    }
    let tls = match get.scheme.as_deref() {
        None | Some("" | "HTTP") => false,
        Some("HTTPS") => true,
        Some(_) => return Err(bad(&below(path, "scheme"), "it is HTTP or HTTPS")),
    };
    let mut headers = Vec::new();
    for header in get.http_headers.iter().flatten() {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let visible = |letter: char| letter == ' ' || letter.is_ascii_graphic();
        let name = !header.name.is_empty() && header.name.bytes().all(token);
        let short = header.name.len() + header.value.len() <= LONGEST_TEXT;
        if !name || !short || !header.value.chars().all(visible) || headers.len() >= MOST_HEADERS {
            return Err(bad(
                &below(path, "httpHeaders"),
                &format!(
                    "there are at most {MOST_HEADERS}, each with a name and printable letters"
                ),
            ));
        }
        headers.push((header.name.clone(), header.value.clone()));
    }
    Ok(Check::Http {
        port: port(path, &get.port, ports)?,
        path: asked.to_owned(),
        tls,
        headers,
    })
}

fn port(path: &str, port: &IntOrString, ports: &Ports) -> Result<u16> {
    let path = below(path, "port");
    match port {
        IntOrString::Int(number) => u16::try_from(*number)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| bad(&path, "it must be 1 to 65535")),
        IntOrString::String(name) => ports.get(name).copied().ok_or_else(|| {
            bad(
                &path,
                "it is a number, or the name of one of the container's TCP ports",
            )
        }),
    }
}
