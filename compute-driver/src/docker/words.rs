//! The engine's errors in words for the tenant. What is not understood here is passed on as the
//! engine's own words, with ids of the engine inside: better odd than silent.

use crate::error::DriverError;
use bollard::errors::Error;

/// An engine client's error as ours.
pub(super) fn translate(error: &Error) -> DriverError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => told(*status_code, message),
        Error::DockerStreamError { error } => told(500, error),
        Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. }
        | Error::RequestTimeoutError
        | Error::SocketNotFoundError(_) => DriverError::EngineDown { text: chain(error) },
        other => DriverError::Engine { text: chain(other) },
    }
}

/// A command that the engine could not run inside a container: it says so in place of the command's
/// output, with the status that shells use.
pub(super) fn not_started(exit_code: i64, output: &str) -> Option<DriverError> {
    let status = matches!(exit_code, 126 | 127 | 255);
    let first = output.lines().next().unwrap_or_default();
    if !status || !first.contains("exec failed") {
        return None;
    }
    Some(told(500, first)).filter(|error| matches!(error, DriverError::Refused { .. }))
}

/// The engine's own note about a container (its last failed start), in our words.
pub(super) fn own(message: &str) -> String {
    match told(500, message) {
        DriverError::Engine { text } => text,
        other => other.to_string(),
    }
}

/// An error with its causes: hyper hides "connection refused" in the third.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// What Docker, containerd, runc and Podman say, by its characteristic part.
fn told(status: u16, message: &str) -> DriverError {
    let says = |part: &str| message.contains(part);
    let command = || {
        quoted_after(message, "exec: ")
            .unwrap_or("of the container")
            .to_owned()
    };

    if says("executable file not found") || (says("exec: ") && says("no such file or directory")) {
        return DriverError::permanent(format!(
            "the command {} was not found in the image",
            command()
        ));
    }
    if says("exec: ") && says("permission denied") {
        return DriverError::permanent(format!(
            "the command {} in the image may not be executed: permission denied",
            command()
        ));
    }
    if says("exec format error") {
        return DriverError::permanent("the image is made for another processor architecture");
    }
    if says("o command specified") || says("no command or entrypoint") {
        return DriverError::permanent("the image names no command to run, and none was given");
    }
    if says("unable to find user") || says("unable to find group") {
        let who = message.rsplit("unable to find ").next().unwrap_or("user");
        let who = who.split(':').next().unwrap_or("user").trim();
        return DriverError::permanent(format!("the image asks for {who}, which it does not have"));
    }
    if says("set in config.json failed") || says("mkdir /") && says("cwd") {
        return DriverError::permanent("the image's working directory cannot be used");
    }
    if says("inimum memory limit") {
        let least = message.rsplit(' ').next().unwrap_or("6MB");
        return DriverError::permanent(format!("the memory limit is below the least of {least}"));
    }
    if says("device or resource busy") && says("memory") || says("memory.limit_in_bytes") {
        return DriverError::conflict(
            "the container uses more memory than the new limit allows; stop it first",
        );
    }
    if says("Address already in use") || says("address already in use") || says("already allocated")
    {
        if let Some(port) = published(message) {
            return DriverError::conflict(format!(
                "something else listens at port {port} of this machine, where the container is \
                 published; end that, and it starts"
            ));
        }
        return DriverError::conflict("a fixed address is in use on its network");
    }
    if says("does not belong to any of this network's subnets")
        || says("no configured subnet") && says("contain")
        || says("not in the subnet")
    {
        return DriverError::permanent("a fixed address is not within the subnet of its network");
    }
    if says("only when connecting to networks with user configured subnets") {
        return DriverError::permanent("a fixed address needs a network with a chosen subnet");
    }
    if says("no available") && says("addresses") || says("o available IPv4 addresses") {
        return DriverError::conflict("a network of the container has no free address left");
    }
    if says("Pool overlaps") || says("is already used on the host") || says("subnet is already") {
        return DriverError::host_fault(
            "the subnet overlaps with another network of this host; choose another subnet",
        );
    }
    if says("non-overlapping IPv4 address pool") || says("fully subnetted") {
        return DriverError::host_fault("this host has no free subnet left");
    }
    if says("no space left on device") {
        return DriverError::host_fault("the disk of this host is full");
    }
    if says("nvalid capability") || says("nknown capability") {
        return DriverError::permanent("a capability asked for is not known to this host");
    }
    if says("marked read-only") || says("read-only file system") {
        return DriverError::conflict("the container's root filesystem is read-only");
    }
    if says("is not running") || says("container state improper") {
        return DriverError::conflict("the container is not running");
    }
    if says("cannot join network of a non running container")
        || says("cannot join IPC of a non running container")
        || says("cannot join network namespace of a non running container")
    {
        return crate::pod::no_sandbox();
    }
    if says("is paused") {
        return DriverError::conflict("the container is paused");
    }
    if says("has active endpoints") || says("network is being used") {
        return DriverError::conflict("the network still has containers attached to it");
    }
    if says("already in progress") {
        return DriverError::conflict("the container is being removed by the engine");
    }
    if says("is already in use by container") {
        return DriverError::conflict("the engine holds another container under this one's name");
    }
    match status {
        404 => DriverError::NotFound {
            what: missing(message).to_owned(),
        },
        409 => DriverError::conflict(message),
        _ => DriverError::Engine {
            text: message.to_owned(),
        },
    }
}

/// The port of the machine that could not be had, if it is about publishing.
fn published(message: &str) -> Option<u16> {
    if !message.contains("external connectivity") && !message.contains("host port") {
        return None;
    }
    let (_, port) = message.split_once("0.0.0.0:")?;
    let end = port.find(|c: char| !c.is_ascii_digit());
    port.get(..end.unwrap_or(port.len()))?.parse().ok()
}

/// What a 404 is about; the engine's names say nothing to a tenant.
fn missing(message: &str) -> &str {
    let lower = message.to_ascii_lowercase();
    if lower.contains("no such container") {
        "the container"
    } else if lower.contains("no such image") {
        "the container's image"
    } else if lower.contains("network") {
        "a network of the container"
    } else if lower.contains("no such file") || lower.contains("could not find the file") {
        "the file"
    } else {
        "what was asked for"
    }
}

/// `"/foo"` out of `… exec: "/foo": stat …`.
fn quoted_after<'a>(message: &'a str, mark: &str) -> Option<&'a str> {
    let rest = message.split(mark).last()?;
    let rest = rest.strip_prefix('"')?;
    rest.split('"').next().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_command_is_named_and_permanent() {
        let texts = [
            "OCI runtime create failed: container_linux.go:380: starting container process caused: \
             exec: \"/foo\": stat /foo: no such file or directory: unknown",
            "failed to create task for container: failed to create shim task: OCI runtime create \
             failed: runc create failed: unable to start container process: exec: \"/foo\": \
             executable file not found in $PATH: unknown",
        ];
        for text in texts {
            let DriverError::Refused {
                text,
                permanent: true,
                host_fault: false,
            } = told(400, text)
            else {
                panic!("not refused for good: {text}");
            };
            assert_eq!(text, "the command /foo was not found in the image");
        }
    }

    #[test]
    fn a_taken_subnet_is_the_hosts_fault() {
        let said = "Pool overlaps with other one on this address space";
        assert!(matches!(
            told(403, said),
            DriverError::Refused {
                host_fault: true,
                ..
            }
        ));
    }

    #[test]
    fn a_taken_port_of_the_machine_is_told_from_a_taken_address() {
        let taken = [
            "driver failed programming external connectivity on endpoint jeroboam-1 (08bb): Error \
             starting userland proxy: listen tcp4 0.0.0.0:26001: bind: address already in use",
            "driver failed programming external connectivity on endpoint jeroboam-1 (08bb): Bind \
             for 0.0.0.0:26001 failed: port is already allocated",
            "failed to set up container networking: failed to bind host port for \
             0.0.0.0:26001:10.96.0.5:2376/tcp: address already in use",
        ];
        for text in taken {
            let words = told(500, text).to_string();
            assert!(words.contains("port 26001 of this machine"), "{words}");
        }
        let address = told(403, "Address already in use").to_string();
        assert_eq!(address, "a fixed address is in use on its network");
    }

    #[test]
    fn a_user_the_image_lacks_is_named() {
        let said = "unable to find user nobody2: no matching entries in passwd file";
        assert_eq!(
            told(500, said).to_string(),
            "the image asks for user nobody2, which it does not have"
        );
    }

    #[test]
    fn the_engines_names_do_not_reach_the_tenant() {
        let said = told(404, "No such container: jeroboam-1234");
        assert_eq!(
            said,
            DriverError::NotFound {
                what: "the container".into()
            }
        );
    }
}
