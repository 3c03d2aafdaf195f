//! The lifecycle calls of `Kino::Native`, by server id.
//!
//! A server is in a registry of this process, so that any Ractor can name it by an integer. It leaves the registry on
//! `shutdown`; a server that is never shut down ends with the process.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use kino_engine::{
    Address, ListenerSettings, Parker, Percentiles, Reason, Server, Settings, Snapshot, Source, Tls, TrustedProxies,
    WorkerRow,
};
use magnus::value::LazyId;
use magnus::{Error, RArray, RHash, RModule, Ruby, function, prelude::*};
use parking_lot::Mutex;

use crate::ruby::directives::Directives;
use crate::ruby::env::Extras;
use crate::ruby::error::{self, guard};
use crate::ruby::setting::{fetch, seconds};
use crate::ruby::tls::{self, tls_from};
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::gvl::{self, LONGEST_WAIT};
use crate::ruby::vm::{arenas, descriptor};

static SERVERS: Mutex<Registry> = Mutex::new(Registry { last: 0, servers: BTreeMap::new() });

struct Registry {
    last: u64,
    servers: BTreeMap<u64, Owned<Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    server: Arc<Server>,
    reports: Arc<Reports>,
    extras: Extras,
    /// For each listener, its side of TLS; None for one without.
    tls: Arc<Vec<Option<Arc<Tls>>>>,
}

/// What the supervisor is told: the number of a worker, what happened to it, and why.
type Report = (usize, String, Option<String>);

/// What worker Ractors report of their end.
///
/// Not `Ractor#take` or `#value`: on Ruby 3.4 a Ractor has one place for a thread that waits for another Ractor, so the
/// waits of several threads lose each other's wake-ups, the app's own included. Workers stayed missing, and the process
/// never ended.
#[derive(Debug, Default)]
struct Reports {
    list: Mutex<VecDeque<Report>>,
    parker: Arc<Parker>,
}

/// The report that the workers were relieved.
const RELIEVED: &str = "relieved";

impl Reports {
    fn push(&self, report: Report) {
        self.list.lock().push_back(report);
        self.parker.unpark();
    }
}

type Counter = fn(&Snapshot) -> u64;

/// Every counter of the engine with the name that Ruby knows it by.
static COUNTERS: [(LazyId, Counter); 11] = [
    (LazyId::new("connections"), |it| it.connections),
    (LazyId::new("accepted"), |it| it.accepted),
    (LazyId::new("queued"), |it| it.queued),
    (LazyId::new("in_flight"), |it| it.in_flight),
    (LazyId::new("served"), |it| it.served),
    (LazyId::new("rejected"), |it| it.rejected),
    (LazyId::new("refused"), |it| it.refused.iter().sum()),
    (LazyId::new("disconnects"), |it| it.disconnects),
    (LazyId::new("dropped"), |it| it.dropped),
    (LazyId::new("timeouts"), |it| it.timeouts),
    (LazyId::new("respawns"), |it| it.respawns),
];

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    for (name, _) in &COUNTERS {
        LazyId::force(name, ruby);
    }
    for reason in Reason::ALL {
        ruby.to_symbol(reason.name());
    }
    ruby.to_symbol("relieved");
    native.define_singleton_method("start", function!(start, 1))?;
    native.define_singleton_method("addresses", function!(addresses, 1))?;
    native.define_singleton_method("stop_accepting", function!(stop_accepting, 1))?;
    native.define_singleton_method("drain", function!(drain, 2))?;
    native.define_singleton_method("close", function!(close, 1))?;
    native.define_singleton_method("abort", function!(abort, 1))?;
    native.define_singleton_method("shutdown", function!(shutdown, 1))?;
    native.define_singleton_method("listeners", function!(listeners, 1))?;
    native.define_singleton_method("claim_listeners", function!(claim_listeners, 1))?;
    native.define_singleton_method("replace_tls", function!(tls::replace, 2))?;
    native.define_singleton_method("dev_certificate", function!(tls::dev_certificate, 2))?;
    native.define_singleton_method("retire", function!(retire, 2))?;
    native.define_singleton_method("quarantine", function!(quarantine, 3))?;
    native.define_singleton_method("relieve", function!(relieve, 2))?;
    native.define_singleton_method("count_respawn", function!(count_respawn, 1))?;
    native.define_singleton_method("report_end", function!(report_end, 4))?;
    native.define_singleton_method("await_end", function!(await_end, 2))?;
    native.define_singleton_method("stats", function!(stats, 1))
}

/// A new worker of that server, and what its envs have.
pub(crate) fn worker(
    ruby: &Ruby,
    id: u64,
    index: usize,
    lock: usize,
    is_relief: bool,
) -> Result<(kino_engine::Worker, Extras), Error> {
    let Entry { server, extras, .. } = entry(ruby, id)?;
    Ok((if is_relief { server.relief_of(index, lock) } else { server.worker_sharing(index, lock) }, extras))
}

/// The server with that id.
pub(crate) fn named(ruby: &Ruby, id: u64) -> Result<Arc<Server>, Error> {
    entry(ruby, id).map(|entry| entry.server)
}

/// The sides of TLS of that server's listeners.
pub(crate) fn tls_of(ruby: &Ruby, id: u64) -> Result<Arc<Vec<Option<Arc<Tls>>>>, Error> {
    entry(ruby, id).map(|entry| entry.tls)
}

fn entry(ruby: &Ruby, id: u64) -> Result<Entry, Error> {
    let entry = SERVERS.lock().servers.get(&id).and_then(|owned| owned.get().cloned());
    entry.ok_or_else(|| error::general(ruby, format!("server {id} does not run in this process")))
}

fn start(ruby: &Ruby, settings: RHash) -> Result<u64, Error> {
    guard(ruby, || {
        arenas::limit(fetch(ruby, settings, "arenas")?);
        let given = Directives::read(ruby, settings)?;
        let extras = Extras { queue_ms: given.queue_ms, early_hints: given.early_hints };
        let settings = settings_from(ruby, settings, given)?;
        // Without the VM lock, because name look-ups may take long.
        let parker = Parker::new();
        let started = loop {
            match gvl::without_gvl(&parker, || Server::start(&settings)) {
                Some(started) => break started,
                None => gvl::check_interrupts()?,
            }
        };
        let server = started.map_err(|failed| error::from_start(ruby, &failed))?;
        let mut registry = SERVERS.lock();
        registry.last += 1;
        let id = registry.last;
        let tls = Arc::new(settings.listeners.into_iter().map(|listener| listener.tls).collect());
        registry
            .servers
            .insert(id, Owned::new(Entry { server: Arc::new(server), reports: Arc::default(), extras, tls }));
        Ok(id)
    })
}

fn settings_from(ruby: &Ruby, hash: RHash, given: Directives) -> Result<Settings, Error> {
    Ok(Settings {
        listeners: listeners_from(ruby, fetch(ruby, hash, "listeners")?)?,
        backlog: i32::try_from(given.backlog).unwrap_or(i32::MAX),
        reuse_port: given.reuse_port,
        trusted_proxies: Arc::new(trusted_proxies(ruby, &fetch::<Vec<String>>(ruby, hash, "trusted_proxies")?)?),
        io_threads: given.tokio_threads,
        shards: fetch(ruby, hash, "shards")?,
        lanes: given.lanes,
        batch: given.batch,
        queue_depth: given.queue_depth,
        queue_timeout: given.queue_timeout,
        max_head_size: given.max_head_size,
        max_target_size: given.max_target_size,
        max_headers: given.max_headers,
        head_timeout: given.head_timeout,
        handshake_timeout: given.handshake_timeout,
        keep_alive_timeout: given.keep_alive_timeout,
        body_timeout: given.body_timeout,
        send_timeout: given.send_timeout,
        linger_timeout: given.linger_timeout,
        max_connections: given.max_connections,
        max_requests: given.max_keep_alive_requests,
        max_body_size: given.max_body_size,
        http2: given.http2,
        max_streams: u32::try_from(given.max_concurrent_streams).unwrap_or(u32::MAX),
        request_timeout: given.request_timeout,
    })
}

/// From networks such as `10.0.0.0/8`, and `unix`.
fn trusted_proxies(ruby: &Ruby, given: &[String]) -> Result<TrustedProxies, Error> {
    let mut proxies = TrustedProxies::default();
    for text in given {
        match text.parse() {
            Ok(network) => proxies.networks.push(network),
            Err(_) if text == "unix" => proxies.unix = true,
            Err(_) => return Err(error::general(ruby, format!("no network: {text}"))),
        }
    }
    Ok(proxies)
}

fn listeners_from(ruby: &Ruby, given: RArray) -> Result<Vec<ListenerSettings>, Error> {
    (0..given.len()).map(|index| listener_from(ruby, given.entry(index as isize)?)).collect()
}

fn listener_from(ruby: &Ruby, hash: RHash) -> Result<ListenerSettings, Error> {
    let source = match (fetch::<Option<i32>>(ruby, hash, "descriptor")?, fetch::<Option<String>>(ruby, hash, "path")?) {
        (Some(number), _) => {
            // The caller keeps its own.
            let ours = descriptor::duplicate(number)
                .map_err(|failed| error::bind(ruby, format!("cannot listen on file descriptor {number}: {failed}")))?;
            Source::Inherited(Arc::new(ours))
        }
        (None, Some(path)) => Source::Unix { path: path.into(), mode: fetch(ruby, hash, "mode")? },
        (None, None) => Source::Tcp { host: fetch(ruby, hash, "host")?, port: fetch(ruby, hash, "port")? },
    };
    let tls = fetch::<Option<RHash>>(ruby, hash, "tls")?.map(|given| tls_from(ruby, given)).transpose()?;
    let (is_kept, proxy_protocol) = (fetch(ruby, hash, "kept")?, fetch(ruby, hash, "proxy_protocol")?);
    Ok(ListenerSettings { source, is_kept, tls: tls.map(Arc::new), proxy_protocol })
}

/// For each listener `[host, port]`, or `[path]`, or `[]` for a Unix domain socket without one.
fn addresses(ruby: &Ruby, id: u64) -> Result<RArray, Error> {
    guard(ruby, || {
        let server = named(ruby, id)?;
        let all = ruby.ary_new();
        for address in server.addresses() {
            let parts = ruby.ary_new();
            match address {
                Address::Tcp(address) => {
                    parts.push(address.ip().to_string())?;
                    parts.push(address.port())?;
                }
                Address::Unix(Some(path)) => parts.push(path.as_path())?,
                Address::Unix(None) => {}
            }
            all.push(parts)?;
        }
        Ok(all)
    })
}

fn stop_accepting(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || named(ruby, id).map(|server| server.stop_accepting()))
}

/// Waits for the connections to end; returns whether none is left. May be interrupted.
fn drain(ruby: &Ruby, id: u64, max: f64) -> Result<bool, Error> {
    guard(ruby, || {
        let max = seconds(ruby, max)?;
        let server = named(ruby, id)?;
        let start = std::time::Instant::now();
        loop {
            let left = max.saturating_sub(start.elapsed());
            let drained = gvl::without_gvl(server.drain_parker(), || server.drain(left)).unwrap_or(false);
            if drained || start.elapsed() >= max {
                return Ok(drained);
            }
            gvl::check_interrupts()?;
        }
    })
}

fn close(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || named(ruby, id).map(|server| server.close()))
}

fn abort(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || named(ruby, id).map(|server| server.abort()))
}

/// Ends the network threads and forgets the server. The engine takes at most about a second.
fn shutdown(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || {
        let Some(owned) = SERVERS.lock().servers.remove(&id) else { return Ok(()) };
        let Some(Entry { server, .. }) = owned.get().cloned() else { return Ok(()) };
        let parker = Parker::new();
        while gvl::without_gvl(&parker, || server.shutdown()).is_none() {
            gvl::check_interrupts()?;
        }
        Ok(())
    })
}

/// See [`kino_engine::Server::claim_listeners`].
fn claim_listeners(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || {
        named(ruby, id)?.claim_listeners();
        Ok(())
    })
}

/// Duplicates of the listening sockets, for a process that takes over; none if they are closed. The caller owns them,
/// and has to close them.
fn listeners(ruby: &Ruby, id: u64) -> Result<Vec<i32>, Error> {
    guard(ruby, || {
        let listeners = named(ruby, id)?.listeners();
        let listeners = listeners
            .map_err(|failed| error::general(ruby, format!("cannot duplicate the listening sockets: {failed}")))?;
        Ok(listeners.into_iter().map(IntoRawFd::into_raw_fd).collect())
    })
}

/// Tells the threads of a worker to leave: their `take` returns nil. Returns how many there were.
fn retire(ruby: &Ruby, id: u64, index: usize) -> Result<usize, Error> {
    guard(ruby, || named(ruby, id).map(|server| server.retire(index)))
}

/// Quarantines a worker thread that has been at one request for more than `after` seconds, unless `max` are quarantined
/// already. Returns the index of its worker, or nil.
fn quarantine(ruby: &Ruby, id: u64, after: f64, max: usize) -> Result<Option<usize>, Error> {
    guard(ruby, || {
        let after = seconds(ruby, after)?;
        Ok(named(ruby, id)?.quarantine(after, max))
    })
}

/// Relieves the workers, and tells their supervisor why. One call does both: if the caller were killed in between, no
/// worker would replace those that leave. Does nothing the second time.
fn relieve(ruby: &Ruby, id: u64, why: String) -> Result<(), Error> {
    guard(ruby, || {
        let Entry { server, reports, .. } = entry(ruby, id)?;
        if server.relieve() {
            reports.push((0, RELIEVED.to_owned(), Some(why)));
        }
        Ok(())
    })
}

fn count_respawn(ruby: &Ruby, id: u64) -> Result<(), Error> {
    guard(ruby, || named(ruby, id).map(|server| server.count_respawn()))
}

/// The last call of a worker Ractor. Also called by code that wants the supervisor's attention.
fn report_end(ruby: &Ruby, id: u64, number: usize, what: String, why: Option<String>) -> Result<(), Error> {
    guard(ruby, || {
        // A worker that the server gave up may outlive it.
        if let Ok(Entry { reports, .. }) = entry(ruby, id) {
            reports.push((number, what, why));
        }
        Ok(())
    })
}

/// Waits for the next report, for ever or for `max` seconds; nil if none came.
fn await_end(ruby: &Ruby, id: u64, max: Option<f64>) -> Result<Option<Report>, Error> {
    guard(ruby, || {
        let max = max.map(|max| seconds(ruby, max)).transpose()?;
        let Entry { reports, .. } = entry(ruby, id)?;
        let start = std::time::Instant::now();
        loop {
            let next = reports.list.lock().pop_front();
            let left = max.map_or(LONGEST_WAIT, |max| max.saturating_sub(start.elapsed()).min(LONGEST_WAIT));
            if next.is_some() || left.is_zero() {
                return Ok(next);
            }
            gvl::without_gvl(&reports.parker, || reports.parker.park(left));
            gvl::check_interrupts()?;
        }
    })
}

fn row_of(ruby: &Ruby, row: WorkerRow) -> Result<RHash, Error> {
    let hash = ruby.hash_new();
    hash.aset(ruby.to_symbol("index"), row.index)?;
    hash.aset(ruby.to_symbol("served"), row.served)?;
    hash.aset(ruby.to_symbol("busy_ms"), row.busy.map(|busy| busy.as_secs_f64() * 1e3))?;
    hash.aset(ruby.to_symbol("quarantined"), row.is_quarantined)?;
    if row.is_relieved {
        hash.aset(ruby.to_symbol("relieved"), true)?;
    }
    Ok(hash)
}

/// Empty before the first request.
fn millis(ruby: &Ruby, times: Option<Percentiles>) -> Result<RHash, Error> {
    let hash = ruby.hash_new();
    if let Some(Percentiles { p50, p95, p99, max }) = times {
        for (name, time) in [("p50", p50), ("p95", p95), ("p99", p99), ("max", max)] {
            hash.aset(ruby.to_symbol(name), time.as_secs_f64() * 1e3)?;
        }
    }
    Ok(hash)
}

fn stats(ruby: &Ruby, id: u64) -> Result<RHash, Error> {
    guard(ruby, || {
        let server = named(ruby, id)?;
        let snapshot = server.stats();
        let hash = ruby.hash_new_capa(COUNTERS.len());
        for (name, value) in &COUNTERS {
            hash.aset(LazyId::get_inner_with(name, ruby), value(&snapshot))?;
        }
        let refusals = ruby.hash_new();
        for reason in Reason::ALL.into_iter().filter(|reason| snapshot.refused[reason.index()] > 0) {
            refusals.aset(ruby.to_symbol(reason.name()), snapshot.refused[reason.index()])?;
        }
        hash.aset(ruby.to_symbol("refusals"), refusals)?;
        let workers = server.workers();
        let quarantined = workers.iter().filter(|row| row.is_quarantined).count();
        hash.aset(ruby.to_symbol("quarantined"), quarantined)?;
        let rows = ruby.ary_new_capa(workers.len());
        for row in workers {
            rows.push(row_of(ruby, row)?)?;
        }
        hash.aset(ruby.to_symbol("per_worker"), rows)?;
        let times = server.times();
        hash.aset(ruby.to_symbol("queue_wait_ms"), millis(ruby, times.queue_wait)?)?;
        hash.aset(ruby.to_symbol("service_time_ms"), millis(ruby, times.service_time)?)?;
        if let Some(depths) = server.lane_depths() {
            hash.aset(ruby.to_symbol("lane_depths"), ruby.ary_from_vec(depths))?;
        }
        Ok(hash)
    })
}
