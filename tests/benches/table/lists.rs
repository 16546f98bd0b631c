//! Lists of a project with a thousand bays, ten thousand pods and a thousand servers, over HTTP on one
//! connection. The limit is the list of its servers in the same run. No conductor is there that would
//! do anything about the rows.

mod rows;

use crate::load::{self, Ending};
use crate::table::{Table, time};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use tests::api::database::Engine;
use tests::api::persona::Persona;
use tests::api::seed::Seed;
use tokio_util::sync::CancellationToken;

/// Items of one page, as clients get them that name no limit.
const PAGE: usize = 1000;

/// Where the cloud listens, and what is in it.
struct Served {
    address: SocketAddr,
    token: String,
    bay: String,
    /// Last pods of all full pages but the last.
    markers: Vec<String>,
}

pub fn measure(table: &mut Table) {
    let end = CancellationToken::new();
    let (told, hears) = mpsc::channel();
    let serving = std::thread::spawn({
        let end = end.clone();
        move || actix_web::rt::System::new().block_on(serve(told, end))
    });
    let cloud = hears.recv().unwrap();
    let servers = cloud.row(table, "list of 1 000 servers", None, &|_| {
        format!("/compute/v2.1/servers/detail?limit={PAGE}")
    });
    let infra = |rest: &str| format!("/container-infra/v1/{rest}");
    let lists = Some(servers);
    cloud.row(table, "list of 1 000 bays", lists, &|_| infra("bays"));
    cloud.row(table, "list of 1 000 bays in detail", lists, &|_| {
        infra("bays/detail")
    });
    let depth = |n: u64| match n as usize % (cloud.markers.len() + 1) {
        0 => String::new(),
        page => format!("&marker={}", cloud.markers[page - 1]),
    };
    let what = "page of 1 000 at any depth of 10 000 pods";
    cloud.row(table, what, lists, &|n| {
        infra(&format!("pods?limit={PAGE}{}", depth(n)))
    });
    cloud.row(table, &format!("{what} of one bay"), lists, &|n| {
        let bay = &cloud.bay;
        infra(&format!("pods?bay_ident={bay}&limit={PAGE}{}", depth(n)))
    });
    end.cancel();
    serving.join().unwrap();
}

impl Served {
    /// Asks for these paths in turn, and shows the p99 beside the limit's; the p99 in seconds.
    fn row(
        &self,
        table: &mut Table,
        what: &str,
        limit: Option<f64>,
        path: &dyn Fn(u64) -> String,
    ) -> f64 {
        let headers = [
            ("X-Auth-Token", self.token.as_str()),
            (
                "OpenStack-API-Version",
                "compute 2.90, container-infra latest",
            ),
        ];
        let pages = self.markers.len() as u64 + 1;
        let asked: Vec<Vec<u8>> = (0..pages)
            .map(|n| load::request("GET", &path(n), &headers, ""))
            .collect();
        let requests: load::Requests =
            std::sync::Arc::new(move |n| asked[n as usize % asked.len()].clone());
        let got = load::run(self.address, 1, &requests, Ending::Kept);
        let p99 = got.p99.as_secs_f64();
        table.row(
            &format!("{what}, p99"),
            &format!("{} (p50 {})", time(got.p99), time(got.p50)),
            &limit.map_or(String::new(), |limit| {
                let limit = std::time::Duration::from_secs_f64(limit);
                format!("list of 1 000 servers {}", time(limit))
            }),
            limit.map(|limit| p99 / limit),
            "≤ 50 ms",
        );
        p99
    }
}

/// A cloud of its own, until the end.
async fn serve(told: mpsc::Sender<Served>, end: CancellationToken) {
    let seed = Seed::new(Engine::Sqlite).await;
    let workers = std::thread::available_parallelism().map_or(2, Into::into);
    let cloud = seed.cloud_with(|settings| settings.workers = workers).await;
    let (bay, pods) = rows::write(&cloud).await;
    let full = pods.chunks(PAGE).map(|page| page[page.len() - 1].clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let served = Served {
        address: listener.local_addr().unwrap(),
        token: seed.token(Persona::Member).unwrap().to_owned(),
        bay,
        markers: full.take(pods.len().div_ceil(PAGE) - 1).collect(),
    };
    told.send(served).unwrap();
    api::serve(listener, cloud.state.clone(), end)
        .await
        .unwrap();
}
