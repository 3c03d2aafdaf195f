//! What a worker keeps of its envs.

use std::cell::Cell;
use std::net::IpAddr;

use http::Version;
use kino_engine::RequestHead;
use magnus::gc::Marker;
use magnus::prelude::*;
use magnus::{Error, RHash, Ruby, Value};

use crate::ruby::env::Objects;
use crate::ruby::env::strings::{EnvStrings, REPEATING};
use crate::ruby::vm::gc_ref::{GcRef, StringCache};
use crate::ruby::vm::hash::{self, Pairs};

/// Ruby objects of one worker, in its own Ractor. Bounded: a new one replaces the oldest of its kind.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    hosts: [Host; 4],
    next_host: Cell<usize>,
    peers: [Peer; 8],
    next_peer: Cell<usize>,
    ports: Ports,
    values: [StringCache<4>; REPEATING],
}

/// A host, and the template of its envs for one protocol.
#[derive(Debug, Default)]
struct Host {
    authority: GcRef,
    is_https: Cell<bool>,
    /// HTTP/2 has no hijacking, and HTTP/1 has two versions whose name is set in each env.
    is_http2: Cell<bool>,
    template: GcRef,
}

#[derive(Debug, Default)]
struct Peer {
    ip: Cell<Option<IpAddr>>,
    text: GcRef,
}

/// Ports of peers. There are as many as open connections, which is too many to search. Each has one slot, and replaces
/// what is there.
#[derive(Debug)]
struct Ports([Port; 1 << PORTS_BITS]);

#[derive(Debug, Default)]
struct Port {
    number: Cell<u16>,
    text: GcRef,
}

const PORTS_BITS: u32 = 8;

impl Default for Ports {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Port::default()))
    }
}

impl Ports {
    /// Fibonacci hashing: systems assign ports in turn, or every other one, and those get slots of their own.
    fn slot(&self, number: u16) -> &Port {
        let hash = u32::from(number).wrapping_mul(0x9e37_79b1);
        &self.0[(hash >> (u32::BITS - PORTS_BITS)) as usize]
    }
}

impl Cache {
    pub(crate) fn mark(&self, marker: &Marker) {
        for host in &self.hosts {
            host.authority.mark(marker);
            host.template.mark(marker);
        }
        self.peers.iter().for_each(|peer| peer.text.mark(marker));
        self.ports.0.iter().for_each(|port| port.text.mark(marker));
        self.values.iter().for_each(|values| values.mark(marker));
    }

    /// The values of a repeating header.
    pub(super) fn values(&self, kind: usize) -> &StringCache<4> {
        &self.values[kind]
    }

    /// `REMOTE_ADDR`. An IPv4-mapped IPv6 address is shown as IPv4.
    pub(super) fn peer(&self, ruby: &Ruby, ip: IpAddr) -> Value {
        if let Some(text) = self.peers.iter().find(|it| it.ip.get() == Some(ip)).and_then(|it| it.text.get()) {
            return text;
        }
        let text = ruby.str_from_slice(ip.to_canonical().to_string().as_bytes());
        text.freeze();
        let peer = &self.peers[next_slot(&self.next_peer, self.peers.len())];
        peer.text.set(text.as_value());
        peer.ip.set(Some(ip));
        text.as_value()
    }

    /// `REMOTE_PORT`.
    pub(super) fn port(&self, ruby: &Ruby, number: u16) -> Value {
        let port = self.ports.slot(number);
        if let Some(text) = port.text.get().filter(|_| port.number.get() == number) {
            return text;
        }
        let text = ruby.str_from_slice(number.to_string().as_bytes());
        text.freeze();
        port.text.set(text.as_value());
        port.number.set(number);
        text.as_value()
    }

    /// The template for the host of `head`: an env with all that its requests have in common, and `GET`. Frozen.
    pub(super) fn template(
        &self,
        ruby: &Ruby,
        strings: &EnvStrings,
        objects: &Objects,
        head: &RequestHead,
    ) -> Result<RHash, Error> {
        let authority = head.authority().unwrap_or_default();
        let (is_https, is_http2) = (head.is_https(), head.version() == Version::HTTP_2);
        let is_same = |host: &&Host| {
            host.is_https.get() == is_https
                && host.is_http2.get() == is_http2
                && host.authority.has_bytes(authority.as_bytes())
        };
        let known = self.hosts.iter().find(is_same);
        if let Some(env) = known.and_then(|host| host.template.get()).and_then(RHash::from_value) {
            return Ok(env);
        }
        let (env, text) = make(ruby, strings, objects, head)?;
        // Without an authority the template depends on the connection.
        if !authority.is_empty() && authority.len() <= MAX_HOST {
            let host = &self.hosts[next_slot(&self.next_host, self.hosts.len())];
            host.authority.set(text);
            host.is_https.set(is_https);
            host.is_http2.set(is_http2);
            host.template.set(env.as_value());
        }
        Ok(env)
    }
}

/// Bytes of the longest authority that is kept (RFC 1035 section 2.3.4, and a port).
const MAX_HOST: usize = 262;

fn next_slot(next: &Cell<usize>, count: usize) -> usize {
    let slot = next.get();
    next.set((slot + 1) % count);
    slot
}

/// A template, and its authority. It has all keys that each request sets, so that setting them moves nothing.
fn make(ruby: &Ruby, strings: &EnvStrings, objects: &Objects, head: &RequestHead) -> Result<(RHash, Value), Error> {
    let keys = &strings.keys;
    let (server_name, port) = head.server();
    let texts = [server_name, port.to_string(), head.authority().unwrap_or_default().to_owned()].map(|text| {
        let text = ruby.str_from_slice(text.as_bytes());
        text.freeze();
        text.as_value()
    });
    let [server_name, server_port, authority] = texts;
    let has_authority = head.authority().is_some();
    let scheme = if head.is_https() { strings.https } else { strings.http };
    let (null_input, errors) = (ruby.get_inner(objects.null_input), ruby.get_inner(objects.errors));
    let is_http2 = head.version() == Version::HTTP_2;
    let is_hijack = if is_http2 { ruby.qfalse().as_value() } else { ruby.qtrue().as_value() };
    let nothing = ruby.qnil().as_value();
    let fill = move |pairs: &mut Pairs| {
        pairs.frozen(keys.request_method, strings.get);
        pairs.frozen(keys.script_name, strings.empty);
        pairs.frozen(keys.path_info, strings.empty);
        pairs.frozen(keys.query_string, strings.empty);
        pairs.object(keys.server_name, server_name);
        pairs.object(keys.server_port, server_port);
        pairs.frozen(keys.server_protocol, if is_http2 { strings.http_2 } else { strings.http_1_1 });
        pairs.frozen(keys.remote_addr, strings.empty);
        pairs.frozen(keys.remote_port, strings.empty);
        if has_authority {
            pairs.object(keys.http_host, authority);
        }
        pairs.frozen(keys.url_scheme, scheme);
        pairs.object(keys.input, null_input);
        pairs.object(keys.errors, errors);
        pairs.object(keys.response_finished, nothing);
        pairs.object(keys.request, nothing);
        pairs.object(keys.is_hijack, is_hijack);
        if !is_http2 {
            pairs.object(keys.hijack, nothing);
        }
    };
    let env = hash::build(ruby, CAPACITY, fill)?;
    env.freeze();
    Ok((env, authority))
}

/// Pairs that a copy has room for, so that a dozen headers fit.
const CAPACITY: usize = 32;
