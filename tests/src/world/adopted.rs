//! Clusters that somebody else runs, outside this world, and that its conductors look at.

use super::World;
use super::kubernetes::Planes;
use async_trait::async_trait;
use kubernetes::{Prober, Whose};
use process::Faults;
use process::seal::Seals;
use schemas::container_infra::adopted::{Node, Seen, Sight};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Tx;
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::clusters;

/// What opens it; nobody but conductors holds it in clear.
const KUBECONFIG: &str = "{\"token\":\"of the story\"}";

/// The API server outside. It is silent until the story says otherwise.
#[derive(Clone)]
pub struct Outside(Arc<Mutex<Sight>>);

impl Default for Outside {
    fn default() -> Self {
        let refused = Sight::Silent("connection refused".into());
        Outside(Arc::new(Mutex::new(refused)))
    }
}

impl Outside {
    /// It answers, with a node for each of these words of the condition `Ready`.
    pub fn answers(&self, ready: &[&str]) {
        let nodes = ready.iter().enumerate().map(|(n, ready)| Node {
            name: format!("node-{n}"),
            ready: (*ready).to_owned(),
            ..Node::default()
        });
        *self.0.lock().unwrap() = Sight::Answers(Seen {
            version: "v1.33.1".into(),
            nodes: nodes.collect(),
            hidden: None,
        });
    }

    /// It does not answer any more.
    pub fn is_silent(&self, why: &str) {
        *self.0.lock().unwrap() = Sight::Silent(why.into());
    }
}

/// A conductor's way there, and to those on this world's own nodes.
pub(super) struct Looks {
    pub outside: Outside,
    pub planes: Planes,
    pub faults: Faults,
}

#[async_trait]
impl Prober for Looks {
    async fn probe(&self, kubeconfig: &str, whose: Whose, gone: &[String]) -> Sight {
        if whose == Whose::Ours {
            return self.planes.probe(kubeconfig, gone, &self.faults).await;
        }
        assert!(gone.is_empty(), "nothing of theirs is removed");
        assert_eq!(kubeconfig, KUBECONFIG, "what was sealed is opened");
        let looking = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.outside.0.lock().unwrap().clone()
        };
        self.faults.around("probe", looking).await
    }
}

impl World {
    /// Adopts the cluster outside; its id. `timeout` is in minutes.
    pub async fn adopt(&self, timeout: u32) -> String {
        let wish = super::Wish {
            coe: "kubernetes",
            timeout,
            ..super::Wish::default()
        };
        let mut new = self.new_cluster(&wish).await;
        new.groups.clear();
        new.authorities.clear();
        let id = new.cluster.id.clone();
        let seals = Seals::open(&self.directory().join("keys"), self.store.clock()).unwrap();
        let sealed = seals.seal(&Adopted::about(&id), KUBECONFIG).unwrap();
        let row = Adopted::new(&id, "https://outside.example:6443/", None, sealed);
        let adopting = move |tx: &mut Tx<'_>| {
            clusters::create(tx, &new, 20)?;
            adopted::insert(tx, &row)
        };
        self.store.write(adopting).await.unwrap();
        id
    }

    /// Gives it other credentials, which open it as the first ones do.
    pub async fn adopt_again(&self, id: &str) {
        let seals = Seals::open(&self.directory().join("keys"), self.store.clock()).unwrap();
        let sealed = seals.seal(&Adopted::about(id), KUBECONFIG).unwrap();
        let fresh = Adopted::new(id, "https://outside.example:6443/", None, sealed);
        let asked = clusters::Asked {
            scope: store::Scope::All,
            user_id: "somebody".into(),
            request_id: "req-again".into(),
        };
        let renewing =
            move |tx: &mut Tx<'_>| adopted::renew(tx, &asked, &fresh, "sealed:sha256:again");
        self.store.write(renewing).await.unwrap();
    }

    /// The API server outside.
    pub fn outside(&self) -> &Outside {
        &self.outside
    }

    /// How it was adopted, while it is.
    pub async fn adopted(&self, id: &str) -> Option<Adopted> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| adopted::get(conn, &id);
        self.store.read(read).await.unwrap()
    }
}
