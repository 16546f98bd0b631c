//! The simulated engine passes the conformance suite, on virtual time.

use compute_driver::conformance::{self, Bench, Connect};
use compute_driver::{SimEngine, SimTimings};
use std::sync::Arc;

fn connect() -> Connect {
    let engine = SimEngine::new(SimTimings::default());
    Arc::new(move |host| Arc::new(engine.connect(host)))
}

macro_rules! check {
    ($module:ident $case:ident) => {
        #[tokio::test(start_paused = true)]
        async fn $case() {
            let case = async |bench: &Bench| conformance::$module::$case(bench).await;
            Bench::run(connect(), Default::default(), case).await;
        }
    };
}

compute_driver::each_case!(check);
