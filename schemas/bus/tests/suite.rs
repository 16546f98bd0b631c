//! What the bus promises, asked of both brokers: always of the memory broker (on virtual time), and of
//! RabbitMQ when `JEROBOAM_TEST_AMQP` holds its URL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and a skipped one says so"
)]

#[path = "suite/calls.rs"]
mod calls;
#[path = "suite/connections.rs"]
mod connections;
#[path = "suite/hints.rs"]
mod hints;
#[path = "suite/memory.rs"]
mod memory;
#[path = "suite/rabbit.rs"]
mod rabbit;
#[path = "suite/reports.rs"]
mod reports;
#[path = "suite/world.rs"]
mod world;

/// One story, one test for each broker.
macro_rules! on_both_brokers {
    ($($story:ident)*) => {
        mod on_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $story() {
                super::$story(crate::world::World::memory()).await;
            })*
        }
        mod on_rabbitmq {
            $(#[tokio::test]
            async fn $story() {
                let Some(world) = crate::world::World::rabbit().await else { return };
                super::$story(world.clone()).await;
                world.clean_up().await;
            })*
        }
    };
}
pub(crate) use on_both_brokers;
