//! The limit of any REST figure: a static actix handler in a process of its own, with as many
//! workers as the API has.

use crate::load::{self, Ending, Report};
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};

/// Serves a fixed body until killed.
pub fn serve(address: SocketAddr) {
    let body: &'static str = Box::leak("x".repeat(1500).into_boxed_str());
    let workers = std::thread::available_parallelism().map_or(2, Into::into);
    let run = async move {
        HttpServer::new(move || {
            App::new().default_service(web::to(move || async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }))
        })
        .workers(workers)
        .bind(address)
        .unwrap()
        .run()
        .await
        .unwrap();
    };
    actix_web::rt::System::new().block_on(run);
}

/// The static server in a process of its own; goes when dropped.
pub struct Static {
    child: Child,
    address: SocketAddr,
}

impl Static {
    pub fn start() -> Static {
        let address = free_address();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["static-server", &address.to_string()])
            .spawn()
            .unwrap();
        wait_for(address);
        Static { child, address }
    }

    /// The same in the network of another process, where nobody here could wait for it.
    pub fn within(pid: u32, address: SocketAddr) -> Static {
        let child = within(pid)
            .args(["static-server", &address.to_string()])
            .spawn()
            .unwrap();
        Static { child, address }
    }

    pub fn load(&self, connections: u64) -> Report {
        let request = load::request("GET", "/", &[], "");
        load::run(
            self.address,
            connections,
            &load::same(request),
            Ending::Kept,
        )
    }
}

impl Drop for Static {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program, in the network of another process; its arguments are still to be said.
pub fn within(pid: u32) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{pid}/ns/net"));
    command.arg("--").arg(std::env::current_exe().unwrap());
    command
}

/// A port of the loopback that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Returns when somebody listens there.
pub fn wait_for(address: SocketAddr) {
    for _ in 0..3000 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("nobody listens on {address}");
}
