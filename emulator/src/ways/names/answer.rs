//! A DNS server's answer to one message: only of what is in the model, and nothing that has to be asked elsewhere.

use std::net::Ipv4Addr;
use std::str::FromStr as _;

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use milink_core::World;
use milink_core::azure::fabric::{RecordKind, Records};
use milink_core::path::{Answer, Resolved, Vantage, records_from, resolve_from};

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// What is said for an address of the model: itself, or one that leads there; none if there is none left.
pub(crate) type Told<'a> = &'a dyn Fn(Ipv4Addr) -> Option<Ipv4Addr>;

/// The longest message that is read.
pub(crate) const LONGEST: usize = 4_096;

/// Answers hold no longer than the moment: the next test changes the world.
const TTL: u32 = 0;
/// What a client without EDNS takes.
const SHORTEST_UDP: u16 = 512;
/// What gets through most networks in one piece (DNS flag day 2020).
const LONGEST_UDP: u16 = 1_232;
const HEADER: usize = 12;
const SUFFIX: &str = "database.windows.net";
/// Before a name, it asks for the address in the model.
const MODEL: &str = "_model.";

/// What to send back; none for what deserves no answer. `from` is none if the vantage is gone.
pub(crate) fn answer(
    world: &World,
    from: Option<&Vantage>,
    told: Told<'_>,
    message: &[u8],
    transport: Transport,
) -> Option<Vec<u8>> {
    let header = message.get(..HEADER)?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (id, is_response) = (word(0), header[2] & 0x80 != 0);
    if is_response {
        return None;
    }
    let op_code = OpCode::from_u8((header[2] >> 3) & 0x0f);
    let refuse = |code| Message::error_msg(id, op_code, code).to_vec().ok();
    if op_code != OpCode::Query {
        return refuse(ResponseCode::NotImp);
    }
    // One question, as every client asks; nothing in the other sections but EDNS and a signature.
    let (questions, answers, authorities, additionals) = (word(4), word(6), word(8), word(10));
    if message.len() > LONGEST
        || questions != 1
        || answers > 0
        || authorities > 0
        || additionals > 2
    {
        return refuse(ResponseCode::FormErr);
    }
    let Ok(asked) = Message::from_vec(message) else {
        return refuse(ResponseCode::FormErr);
    };
    let query = asked.queries.first()?;
    let mut reply = Message::new(id, MessageType::Response, op_code);
    reply.metadata = Metadata::response_from_request(&asked.metadata);
    reply.add_query(query.clone());
    if let Some(edns) = &asked.edns {
        let mut own = Edns::new();
        own.set_max_payload(LONGEST_UDP);
        reply.set_edns(own);
        if edns.version() > 0 {
            reply.metadata.response_code = ResponseCode::BADVERS;
            return reply.to_vec().ok();
        }
    }
    let view = from.zip(Asked::of(world, query));
    match view {
        None => reply.metadata.response_code = ResponseCode::Refused,
        Some((from, asked)) => asked.answer(world, from, told, query, &mut reply),
    }
    let bytes = reply.to_vec().ok()?;
    let most = match (transport, &asked.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => SHORTEST_UDP,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(SHORTEST_UDP, LONGEST_UDP),
    };
    match bytes.len() <= usize::from(most) {
        true => Some(bytes),
        false => reply.truncate().to_vec().ok(),
    }
}

/// A name of the model that is asked for.
struct Asked {
    /// In lower case, without what asks for the model's own.
    name: String,
    /// The model's own address is wanted.
    model: bool,
    /// The domain that speaks for it.
    domain: String,
}

impl Asked {
    /// None if the name is of no concern here.
    fn of(world: &World, query: &Query) -> Option<Self> {
        if query.query_class() != DNSClass::IN {
            return None;
        }
        let mut labels = Vec::new();
        for label in query.name().iter() {
            let label = std::str::from_utf8(label).ok()?;
            let is_plain = |c: char| c.is_ascii_graphic() && c != '.';
            if !label.chars().all(is_plain) {
                return None;
            }
            labels.push(label.to_ascii_lowercase());
        }
        let name = labels.join(".");
        let (name, model) = match name.strip_prefix(MODEL) {
            Some(rest) => (rest.to_owned(), true),
            None => (name, false),
        };
        let domain = domain_of(world, &name)?;
        Some(Self {
            name,
            model,
            domain,
        })
    }

    fn answer(
        &self,
        world: &World,
        from: &Vantage,
        told: Told<'_>,
        query: &Query,
        reply: &mut Message,
    ) {
        let resolved = resolve_from(world, from, &self.name);
        let kind = query.query_type();
        reply.metadata.authoritative = true;
        if self.model {
            self.answer_model(&resolved, query, reply);
            return self.finish(&resolved, reply);
        }
        let names = chain(query.name(), &resolved);
        if kind != RecordType::SOA {
            for pair in names.windows(2) {
                let alias = RData::CNAME(CNAME(pair[1].clone()));
                reply.add_answer(Record::from_rdata(pair[0].clone(), TTL, alias));
                if kind == RecordType::CNAME {
                    // It was asked for itself, not for what it leads to.
                    return;
                }
            }
        }
        let last = names.last().unwrap_or(query.name());
        match kind {
            RecordType::A | RecordType::ANY => {
                for address in resolved.addresses() {
                    let Some(address) = told(*address) else {
                        reply.metadata.response_code = ResponseCode::ServFail;
                        continue;
                    };
                    let data = RData::A(A(address));
                    reply.add_answer(Record::from_rdata(last.clone(), TTL, data));
                }
            }
            RecordType::SOA if self.name == self.domain => {
                reply.answers.extend(self.authority());
                return;
            }
            _ => {
                let records = kind_of(kind)
                    .and_then(|kind| records_from(world, from, kind, &self.name))
                    .map_or_else(Vec::new, |records| data_of(&records));
                for data in records {
                    reply.add_answer(Record::from_rdata(last.clone(), TTL, data));
                }
            }
        }
        self.finish(&resolved, reply);
    }

    /// The addresses in the model, whatever is said elsewhere.
    fn answer_model(&self, resolved: &Resolved, query: &Query, reply: &mut Message) {
        for address in resolved.addresses() {
            let data = match query.query_type() {
                RecordType::TXT | RecordType::ANY => {
                    RData::TXT(TXT::new(vec![address.to_string()]))
                }
                RecordType::A => RData::A(A(*address)),
                _ => continue,
            };
            reply.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
        }
    }

    /// What was not found, and who says so.
    fn finish(&self, resolved: &Resolved, reply: &mut Message) {
        match &resolved.answer {
            Answer::NoServer(_) => {
                // Whom the network names does not answer; a client that waits for it learns no more.
                reply.metadata.authoritative = false;
                reply.metadata.response_code = ResponseCode::ServFail;
                return;
            }
            // Who follows aliases for others gives up at some point, and has nothing to tell. A single one can be asked for.
            Answer::Endless if reply.answers.len() > 1 => {
                reply.answers.clear();
                reply.metadata.response_code = ResponseCode::ServFail;
                return;
            }
            // The apex of a zone is there without any record.
            Answer::NoName { .. } if self.name != self.domain => {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            Answer::NoName { .. } | Answer::NoAddress | Answer::Endless | Answer::Addresses(_) => {}
        }
        let found = reply.answers.iter();
        if found
            .filter(|record| record.record_type() != RecordType::CNAME)
            .count()
            == 0
        {
            reply.authorities.extend(self.authority());
        }
    }

    fn authority(&self) -> Option<Record> {
        let domain = Name::from_str(&format!("{}.", self.domain)).ok()?;
        let server = Name::from_str("milink.invalid.").ok()?;
        let soa = SOA::new(server.clone(), server, 1, 60, 60, 60, TTL);
        Some(Record::from_rdata(domain, TTL, RData::SOA(soa)))
    }
}

/// The domain of the model that a name is in, the longest that fits: a private zone, the service's, or the name itself where it is
/// a SQL Server's. Everything else is of no concern here.
fn domain_of(world: &World, name: &str) -> Option<String> {
    let fits = |domain: &str| {
        name.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let zones = world.azure.fabric.private_zones.values();
    let zones = zones.map(|zone| zone.header.name.folded());
    let found = zones.chain([SUFFIX]).filter(|domain| fits(domain));
    if let Some(found) = found.max_by_key(|domain| domain.len()) {
        return Some(found.to_owned());
    }
    let is_server = world.instances.values().any(|instance| {
        instance.as_sql_server().is_some_and(|server| {
            let mut hosts = server.host_names.iter();
            instance.name.is(name) || hosts.any(|host| host.eq_ignore_ascii_case(name))
        }) || instance
            .listeners()
            .any(|listener| instance.names_of(listener).any(|own| own == name))
    });
    is_server.then(|| name.to_owned())
}

/// The kinds that are answered as they are written: nothing in the model's network goes by them.
fn kind_of(kind: RecordType) -> Option<RecordKind> {
    match kind {
        RecordType::AAAA => Some(RecordKind::Aaaa),
        RecordType::MX => Some(RecordKind::Mx),
        RecordType::PTR => Some(RecordKind::Ptr),
        RecordType::SRV => Some(RecordKind::Srv),
        RecordType::TXT => Some(RecordKind::Txt),
        _ => None,
    }
}

/// Records as DNS has them, without those whose names DNS cannot write.
fn data_of(records: &Records) -> Vec<RData> {
    let name = |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).ok();
    match records {
        // Addresses are told as whoever asks can reach them, and aliases are followed.
        Records::A(_) | Records::Cname(_) => Vec::new(),
        Records::Aaaa(all) => all.iter().map(|one| RData::AAAA(AAAA(*one))).collect(),
        Records::Mx(all) => {
            let all = all.iter().filter_map(|one| {
                let exchange = name(&one.exchange)?;
                Some(RData::MX(MX::new(one.preference, exchange)))
            });
            all.collect()
        }
        Records::Ptr(all) => {
            let all = all.iter().filter_map(|one| name(one));
            all.map(|name| RData::PTR(PTR(name))).collect()
        }
        Records::Srv(all) => {
            let all = all.iter().filter_map(|one| {
                let target = name(&one.target)?;
                let srv = SRV::new(one.priority, one.weight, one.port, target);
                Some(RData::SRV(srv))
            });
            all.collect()
        }
        Records::Txt(all) => {
            let all = all.iter().cloned();
            all.map(|texts| RData::TXT(TXT::new(texts))).collect()
        }
    }
}

/// The name as it was asked for, and those that it leads over.
fn chain(first: &Name, resolved: &Resolved) -> Vec<Name> {
    let rest = resolved.chain.iter();
    let rest = rest.map_while(|name| Name::from_ascii(format!("{name}.")).ok());
    std::iter::once(first.clone()).chain(rest).collect()
}
