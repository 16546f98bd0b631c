//! The limit of any REST figure: a static actix handler in a process of its own, with as many
//! workers as the API has.

use crate::load::{self, Report};
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};

/// Serves a fixed body until killed.
pub fn serve(port: u16) {
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
        .bind(("127.0.0.1", port))
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
            .args(["static-server", &address.port().to_string()])
            .spawn()
            .unwrap();
        wait_for(address);
        Static { child, address }
    }

    pub fn load(&self, connections: u64) -> Report {
        let request = load::request("GET", "/", &[], "");
        load::run(self.address, connections, &load::same(request))
    }
}

impl Drop for Static {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
