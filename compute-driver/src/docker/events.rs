//! Happenings, as the engine tells them.

use super::{DockerDriver, labels, words};
use crate::error::Result;
use crate::facts::{Event, EventStream, Happening};
use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use schemas::Timestamp;
use schemas::ids::WorkloadId;
use std::time::Duration;

/// How often a silent engine is asked whether it is still there: a machine that vanished from the
/// network closes nothing.
const PULSE: Duration = Duration::from_secs(15);

impl DockerDriver {
    pub(super) async fn watch(&self) -> Result<EventStream> {
        let call = self.deadlines().call();
        let info = self
            .client
            .ask("info", call, async |it: &Docker| it.info().await)
            .await?;
        let docker = self.client.engine().await?;
        let now = info.system_time.as_deref().and_then(Timestamp::parse);
        // An engine that does not tell its time has to be believed.
        let watching = self.watch.begin(now.unwrap_or(Timestamp(i64::MIN)));
        let mut filters = labels::filter(&[(labels::HOST, self.host_id().to_string())]);
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        // The stream begins when it is first polled: what happens until then is asked for, too.
        let options = EventsOptionsBuilder::new().filters(&filters);
        let options = match now {
            Some(now) => options.since(&unix_time(now)),
            None => options,
        };
        let options = options.build();
        let all = docker.events(Some(options));
        let heard = all.take_while(move |heard| {
            let _watching = &watching;
            if let Err(error) = heard {
                tracing::debug!(error = %words::translate(error), "the stream of events ended");
            }
            futures::future::ready(heard.is_ok())
        });
        let ours =
            heard.filter_map(|heard| futures::future::ready(heard.ok().as_ref().and_then(event)));
        Ok(ours.take_until(gone(docker, call)).boxed())
    }
}

/// Ends when the engine does not answer twice in a row.
async fn gone(docker: Docker, patience: Duration) {
    let mut silent = 0;
    while silent < 2 {
        tokio::time::sleep(PULSE).await;
        silent = match tokio::time::timeout(patience, docker.ping()).await {
            Ok(Ok(_)) => 0,
            _ => silent + 1,
        };
    }
}

/// Seconds with their fraction, as the engine writes points in time in queries.
fn unix_time(time: Timestamp) -> String {
    format!(
        "{}.{:06}000",
        time.0.div_euclid(1_000_000),
        time.0.rem_euclid(1_000_000)
    )
}

fn event(message: &EventMessage) -> Option<Event> {
    let attributes = message.actor.as_ref()?.attributes.as_ref()?;
    // What happens to a member happens to its pod.
    let id = attributes.get(labels::POD).or(attributes.get(labels::ID));
    let id = WorkloadId::parse(id?)?;
    let what = match message.action.as_deref()? {
        "create" => Happening::Created,
        "start" => Happening::Started,
        "die" | "died" => Happening::Died,
        "oom" => Happening::OutOfMemory,
        "pause" => Happening::Paused,
        "unpause" => Happening::Unpaused,
        "destroy" | "remove" => Happening::Removed,
        // Commands run inside, copies, attached terminals, bounds, names.
        _ => return None,
    };
    Some(Event { id, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::EventActor;
    use std::collections::HashMap;

    fn told(action: &str, attributes: &[(&str, WorkloadId)]) -> Option<Event> {
        let attributes = attributes.iter();
        let attributes = attributes.map(|(label, id)| ((*label).to_owned(), id.to_string()));
        event(&EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor {
                attributes: Some(attributes.collect::<HashMap<_, _>>()),
                ..EventActor::default()
            }),
            ..EventMessage::default()
        })
    }

    #[test]
    fn a_want_of_memory_calls_for_another_look_though_the_end_was_told_before() {
        let (id, pod) = (WorkloadId::new(), WorkloadId::new());
        let heard = |action| told(action, &[(labels::ID, id)]).map(|event| (event.id, event.what));
        assert_eq!(heard("die"), Some((id, Happening::Died)));
        assert_eq!(heard("oom"), Some((id, Happening::OutOfMemory)));
        let member = told("oom", &[(labels::ID, id), (labels::POD, pod)]);
        assert_eq!(member.map(|event| event.id), Some(pod));
    }

    #[test]
    fn what_was_ordered_or_is_not_ours_is_no_news() {
        let id = WorkloadId::new();
        for action in ["update", "rename", "exec_create: /bin/true", "archive-path"] {
            assert_eq!(told(action, &[(labels::ID, id)]), None, "{action}");
        }
        assert_eq!(told("die", &[("name", id)]), None);
    }
}
