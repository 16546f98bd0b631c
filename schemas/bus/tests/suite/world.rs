//! A broker that a test can cut off, and messages to send.

use bus::{Bus, BusSettings, MemoryBroker, Notification, Priority, Report, Route};
use lapin::options::{
    BasicPublishOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use process::Faults;
use schemas::Timestamp;
use schemas::host::{Call, Converge, Desired, Heartbeat, Inventory, Observed, Op, Seen};
use schemas::ids::{EpochId, HostId, WorkloadId};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// How long a test waits for what must come.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("it did not come in time")
}

#[derive(Clone)]
pub enum World {
    Memory(MemoryBroker),
    Rabbit(Arc<Rabbit>),
}

pub struct Rabbit {
    direct: String,
    pub settings: BusSettings,
    open: watch::Sender<bool>,
}

impl World {
    pub fn memory() -> World {
        World::Memory(MemoryBroker::new())
    }

    /// RabbitMQ behind a proxy; `None` when there is none to test with.
    pub async fn rabbit() -> Option<World> {
        let Ok(direct) = std::env::var("JEROBOAM_TEST_AMQP") else {
            println!("skipped: JEROBOAM_TEST_AMQP is not set");
            return None;
        };
        let open = watch::Sender::new(true);
        let url = proxy(&direct, open.subscribe()).await;
        let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
        let notification_exchange = format!("{prefix}.nova");
        let settings = BusSettings {
            url,
            prefix,
            notification_exchange,
            ..BusSettings::default()
        };
        Some(World::Rabbit(Arc::new(Rabbit {
            direct,
            settings,
            open,
        })))
    }

    pub async fn bus(&self) -> Bus {
        self.bus_with(Faults::none()).await
    }

    pub async fn bus_with(&self, faults: Faults) -> Bus {
        match self {
            World::Memory(broker) => Bus::memory(broker, faults),
            World::Rabbit(rabbit) => {
                let bus = Bus::connect(&rabbit.settings, faults).await.unwrap();
                bus.check().await.expect("RabbitMQ answers");
                bus
            }
        }
    }

    /// Cuts every connection and lets nobody in.
    pub fn cut(&self) {
        match self {
            World::Memory(broker) => broker.stop(),
            World::Rabbit(rabbit) => drop(rabbit.open.send_replace(false)),
        }
    }

    pub fn mend(&self) {
        match self {
            World::Memory(broker) => broker.start(),
            World::Rabbit(rabbit) => drop(rabbit.open.send_replace(true)),
        }
    }

    /// Sends these bytes as a foreign program would.
    pub async fn inject(&self, route: &Route, key: String, body: Vec<u8>) {
        match self {
            World::Memory(broker) => broker.inject(route, body),
            World::Rabbit(rabbit) => {
                let (_connection, channel) = rabbit.raw().await;
                let to = if key.starts_with("con") || key.starts_with("call") {
                    "agent"
                } else {
                    "conductor"
                };
                let exchange = format!("{}.{to}", rabbit.settings.prefix);
                let properties = BasicProperties::default().with_type(route.name().into());
                channel.confirm_select(Default::default()).await.unwrap();
                let options = BasicPublishOptions::default();
                let publishing =
                    channel.basic_publish(exchange.into(), key.into(), options, &body, properties);
                publishing.await.unwrap().await.unwrap();
            }
        }
    }

    /// Notifications as a consumer outside reads them: bodies in order.
    pub async fn notifications(&self) -> mpsc::Receiver<(String, serde_json::Value)> {
        match self {
            World::Memory(broker) => broker.notifications(),
            World::Rabbit(rabbit) => {
                let exchange = rabbit.settings.notification_exchange.clone();
                let (connection, mut consumer) = rabbit.tap(&exchange, "notifications.info").await;
                let (sender, receiver) = mpsc::channel(16);
                tokio::spawn(async move {
                    let _connection = connection;
                    while let Some(Ok(delivery)) = futures::StreamExt::next(&mut consumer).await {
                        let value = serde_json::from_slice(&delivery.data).unwrap();
                        let key = delivery.routing_key.to_string();
                        sender.send((key, value)).await.unwrap();
                    }
                });
                receiver
            }
        }
    }

    /// Leaves nothing behind on a broker that others use.
    pub async fn clean_up(&self) {
        let World::Rabbit(rabbit) = self else { return };
        let (_connection, channel) = rabbit.raw().await;
        let prefix = &rabbit.settings.prefix;
        for queue in ["hints", "reports", "heartbeats"] {
            let (name, options) = (format!("{prefix}.{queue}"), QueueDeleteOptions::default());
            channel.queue_delete(name.into(), options).await.unwrap();
        }
        for exchange in ["conductor", "agent", "nova"] {
            let (name, options) = (
                format!("{prefix}.{exchange}"),
                ExchangeDeleteOptions::default(),
            );
            channel.exchange_delete(name.into(), options).await.unwrap();
        }
    }
}

impl Rabbit {
    pub async fn raw(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.direct, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Listens in on an exchange.
    pub async fn tap(&self, exchange: &str, key: &str) -> (Connection, lapin::Consumer) {
        let (connection, channel) = self.raw().await;
        let options = QueueDeclareOptions {
            exclusive: true,
            ..Default::default()
        };
        let queue = channel
            .queue_declare("".into(), options, FieldTable::default())
            .await
            .unwrap();
        let (name, none) = (queue.name().clone(), FieldTable::default());
        let options = QueueBindOptions::default();
        channel
            .queue_bind(name.clone(), exchange.into(), key.into(), options, none)
            .await
            .unwrap();
        let (options, none) = (Default::default(), FieldTable::default());
        let consumer = channel
            .basic_consume(name, "".into(), options, none)
            .await
            .unwrap();
        (connection, consumer)
    }
}

/// Passes bytes on to the broker while `open`; closes what it carries when it is not.
async fn proxy(direct: &str, open: watch::Receiver<bool>) -> String {
    let mut url = url::Url::parse(direct).unwrap();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5672));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (target, mut open) = (target.clone(), open.clone());
            tokio::spawn(async move {
                if !*open.borrow() {
                    return;
                }
                let mut far = TcpStream::connect(target).await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    _ = open.wait_for(|open| !open) => {}
                }
            });
        }
    });
    url.to_string()
}

pub fn observed(host: HostId, seq: u64) -> Report {
    Report::Observed(Observed {
        host,
        epoch: EpochId::new(),
        seq,
        id: WorkloadId::new(),
        generation: 1,
        state: Seen::Absent,
        problem: None,
    })
}

pub fn heartbeat(host: HostId) -> Report {
    let inventory = Inventory::default();
    Report::Heartbeat(Heartbeat {
        host,
        epoch: EpochId::new(),
        at: Timestamp(0),
        inventory,
        holds: Vec::new(),
    })
}

/// Its sequence number, for an observation.
pub fn seq(report: &Report) -> u64 {
    match report {
        Report::Observed(observed) => observed.seq,
        other => panic!("not an observation: {other:?}"),
    }
}

pub fn converge(generation: u64) -> Converge {
    let request_id = "req-converge".to_owned();
    Converge {
        id: WorkloadId::new(),
        generation,
        request_id,
        desired: Desired::Absent,
    }
}

pub fn call(op: Op) -> Call {
    Call {
        id: WorkloadId::new(),
        request_id: "req-call".to_owned(),
        op,
    }
}

pub fn notification() -> Notification {
    Notification {
        publisher_id: "compute.one".to_owned(),
        event_type: "instance.create.end".to_owned(),
        priority: Priority::Info,
        payload: serde_json::json!({"state": "active"}),
        at: Timestamp(0),
        request_id: "req-notify".to_owned(),
        project_id: None,
        user_id: None,
    }
}
