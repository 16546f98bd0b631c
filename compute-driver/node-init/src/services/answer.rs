//! Answers to questions about names: bytes to bytes. Pure, but for the order of several addresses.

use super::document::Document;
use super::names::{Found, find};
use hickory_proto::ProtoError;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, PTR, SOA, SRV};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use rand::seq::SliceRandom;

/// How long an answer may be kept, in seconds: services come and go.
const TTL_S: u32 = 5;
/// All that a name of a port stands for is as good as the rest of it.
const PRIORITY: u16 = 0;
const WEIGHT: u16 = 100;
/// The longest answer by UDP that arrives in one piece everywhere.
const DATAGRAM: u16 = 1232;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// In a datagram: the answer has to fit into one.
    Udp,
    /// In a stream.
    Tcp,
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This is the answer.
    Reply(Vec<u8>),
    /// Others are to be asked, with the same words.
    Elsewhere,
    /// It is no question.
    None,
}

/// Answers a question.
pub fn answer(question: &[u8], by: By, document: &Document, domain: &str) -> Answer {
    let Some(asked) = read(question) else {
        return Answer::None;
    };
    let mut reply = reply_to(&asked);
    match (asked.metadata.op_code, asked.queries.as_slice()) {
        (OpCode::Query, [one]) if one.query_class() == DNSClass::IN => {
            let name = one.name().to_lowercase().to_ascii();
            let found = find(document, domain, name.trim_end_matches('.'));
            if found == Found::Elsewhere {
                return Answer::Elsewhere;
            }
            reply.metadata.authoritative = true;
            fill(&mut reply, one, found, domain);
        }
        (OpCode::Query, [_]) => reply.metadata.response_code = ResponseCode::Refused,
        (OpCode::Query, _) => reply.metadata.response_code = ResponseCode::FormErr,
        _ => reply.metadata.response_code = ResponseCode::NotImp,
    }
    written(&reply, by, asked.max_payload())
}

/// That nobody answers.
pub fn failure(question: &[u8]) -> Answer {
    let Some(asked) = read(question) else {
        return Answer::None;
    };
    let mut reply = reply_to(&asked);
    reply.metadata.response_code = ResponseCode::ServFail;
    written(&reply, By::Tcp, u16::MAX)
}

fn read(question: &[u8]) -> Option<Message> {
    let asked = Message::from_vec(question).ok()?;
    (asked.metadata.message_type == MessageType::Query).then_some(asked)
}

fn reply_to(asked: &Message) -> Message {
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata.recursion_desired = asked.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_queries(asked.queries.iter().cloned());
    if asked.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM);
        reply.set_edns(edns);
    }
    reply
}

fn fill(reply: &mut Message, asked: &Query, found: Found, domain: &str) {
    let wants = |kind| [kind, RecordType::ANY].contains(&asked.query_type());
    let record = |name: &Name, data| Record::from_rdata(name.clone(), TTL_S, data);
    // A name of a service is a label each, and the domain was checked: both are names.
    let full = |name: &str| Name::from_ascii(format!("{name}.{domain}.")).ok();
    match found {
        Found::Addresses(mut all) if wants(RecordType::A) => {
            // Whoever takes the first takes each of them at times.
            all.shuffle(&mut rand::rng());
            let records = all.into_iter();
            let records = records.map(|address| record(asked.name(), RData::A(A(address))));
            reply.add_answers(records);
            return;
        }
        Found::Ports(mut all) if wants(RecordType::SRV) => {
            all.shuffle(&mut rand::rng());
            for target in all {
                let Some(host) = full(&target.name) else {
                    continue;
                };
                let srv = SRV::new(PRIORITY, WEIGHT, target.port, host.clone());
                reply.add_answer(record(asked.name(), RData::SRV(srv)));
                reply.add_additional(record(&host, RData::A(A(target.address))));
            }
            return;
        }
        Found::Names(all) if wants(RecordType::PTR) => {
            let names = all.iter().filter_map(|name| full(name));
            let records = names.map(|name| record(asked.name(), RData::PTR(PTR(name))));
            reply.add_answers(records);
            return;
        }
        Found::Unknown => reply.metadata.response_code = ResponseCode::NXDomain,
        _ => {}
    }
    let Ok(zone) = Name::from_ascii(format!("{domain}.")) else {
        return;
    };
    // Only where it is true: of other names nobody is to conclude anything.
    if zone.zone_of(asked.name()) {
        reply.add_authorities(authority(zone));
    }
}

/// Says who answers for the domain, and how long a "no" may be kept.
fn authority(zone: Name) -> Option<Record> {
    let server = Name::from_ascii("ns.dns").ok()?.append_domain(&zone).ok()?;
    let master = Name::from_ascii("hostmaster").ok()?;
    let master = master.append_domain(&zone).ok()?;
    let soa = SOA::new(server, master, 1, 7200, 1800, 86_400, TTL_S);
    Some(Record::from_rdata(zone, TTL_S, RData::SOA(soa)))
}

fn written(reply: &Message, by: By, room: u16) -> Answer {
    let fits = |bytes: &Vec<u8>| by == By::Tcp || bytes.len() <= room.min(DATAGRAM).into();
    let bytes = reply.to_vec().and_then(|bytes| match fits(&bytes) {
        true => Ok(bytes),
        // Whoever wants it all asks by TCP.
        false => reply.truncate().to_vec(),
    });
    bytes.map_or_else(|_: ProtoError| Answer::None, Answer::Reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::document::tests::sample;
    use std::net::Ipv4Addr;

    fn asked(name: &str, kind: RecordType) -> Message {
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        question
    }

    fn answered(question: &Message, by: By, document: &Document) -> Message {
        let bytes = question.to_vec().unwrap();
        let Answer::Reply(reply) = answer(&bytes, by, document, "cluster.local") else {
            panic!("no reply");
        };
        let reply = Message::from_vec(&reply).unwrap();
        assert_eq!(reply.metadata.id, question.metadata.id);
        assert_eq!(reply.queries, question.queries, "as it was asked");
        reply
    }

    fn addresses(reply: &Message) -> Vec<Ipv4Addr> {
        let records = reply.answers.iter();
        let all = records.filter_map(|it| match &it.data {
            RData::A(address) => Some(address.0),
            _ => None,
        });
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }

    #[test]
    fn a_name_is_answered_by_its_addresses_however_it_is_written() {
        for name in [
            "web.default.svc.cluster.local.",
            "WEB.Default.svc.cluster.LOCAL.",
        ] {
            let reply = answered(&asked(name, RecordType::A), By::Udp, &sample());
            assert_eq!(addresses(&reply), [Ipv4Addr::new(10, 254, 0, 40)]);
            assert_eq!(reply.answers[0].ttl, TTL_S);
            assert!(reply.metadata.authoritative && reply.metadata.recursion_available);
        }
        let peers = asked("peers.default.svc.cluster.local.", RecordType::A);
        let peers = addresses(&answered(&peers, By::Udp, &sample()));
        assert_eq!(
            peers,
            [[10, 100, 8, 2], [10, 100, 9, 9]].map(Ipv4Addr::from)
        );
    }

    #[test]
    fn a_no_says_how_long_it_holds_and_differs_from_nothing_of_that_kind() {
        let no = asked("other.default.svc.cluster.local.", RecordType::A);
        let no = answered(&no, By::Udp, &sample());
        assert_eq!(no.metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(no.authorities[0].record_type(), RecordType::SOA);
        assert_eq!(no.authorities[0].name.to_ascii(), "cluster.local.");
        let nothing = asked("web.default.svc.cluster.local.", RecordType::AAAA);
        let nothing = answered(&nothing, By::Udp, &sample());
        assert_eq!(nothing.metadata.response_code, ResponseCode::NoError);
        assert_eq!((nothing.answers.len(), nothing.authorities.len()), (0, 1));
        let short = answered(&asked("other.", RecordType::A), By::Udp, &sample());
        assert_eq!(short.metadata.response_code, ResponseCode::NXDomain);
        assert!(short.authorities.is_empty(), "it is not of the domain");
    }

    #[test]
    fn what_does_not_fit_into_a_datagram_is_asked_for_by_tcp() {
        let mut document = sample();
        document.services[2].pods = (0..200).map(|it| Ipv4Addr::new(10, 100, 9, it)).collect();
        let question = asked("peers.default.svc.cluster.local.", RecordType::A);
        let short = answered(&question, By::Udp, &document);
        assert!(short.metadata.truncation && short.answers.is_empty());
        let whole = answered(&question, By::Tcp, &document);
        assert_eq!(whole.answers.len(), 200);
    }

    #[test]
    fn what_is_no_question_is_not_answered_and_what_is_none_of_ours_is_asked_elsewhere() {
        let document = sample();
        let answer = |bytes: &[u8]| answer(bytes, By::Udp, &document, "cluster.local");
        assert_eq!(answer(b"nonsense"), Answer::None);
        let mut reply = asked("web.", RecordType::A);
        reply.metadata.message_type = MessageType::Response;
        assert_eq!(
            answer(&reply.to_vec().unwrap()),
            Answer::None,
            "two would talk for ever"
        );
        let other = asked("www.example.org.", RecordType::A).to_vec().unwrap();
        assert_eq!(answer(&other), Answer::Elsewhere);
        let Answer::Reply(failed) = failure(&other) else {
            panic!("no reply");
        };
        let failed = Message::from_vec(&failed).unwrap();
        assert_eq!(failed.metadata.response_code, ResponseCode::ServFail);
    }

    #[test]
    fn a_port_is_answered_with_its_host_whose_address_comes_along() {
        let question = asked(
            "_sql._tcp.peers.default.svc.cluster.local.",
            RecordType::SRV,
        );
        let reply = answered(&question, By::Udp, &sample());
        let mut told: Vec<_> = reply.answers.iter().map(|it| it.data.to_string()).collect();
        told.sort();
        let host = |dashed: &str| format!("{dashed}.peers.default.svc.cluster.local.");
        let expected = [
            format!("0 100 5432 {}", host("10-100-8-2")),
            format!("0 100 5433 {}", host("10-100-9-9")),
        ];
        assert_eq!(told, expected);
        let mut beside: Vec<_> = reply
            .additionals
            .iter()
            .map(|it| it.name.to_ascii())
            .collect();
        beside.sort();
        assert_eq!(beside, [host("10-100-8-2"), host("10-100-9-9")]);
        let question = asked("_sql._tcp.peers.default.svc.cluster.local.", RecordType::A);
        let reply = answered(&question, By::Udp, &sample());
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
        assert!(reply.answers.is_empty());
    }

    #[test]
    fn an_address_is_answered_with_its_name() {
        let question = asked("40.0.254.10.in-addr.arpa.", RecordType::PTR);
        let reply = answered(&question, By::Udp, &sample());
        let name = reply.answers[0].data.to_string();
        assert_eq!(name, "web.default.svc.cluster.local.");
    }
}
