# frozen_string_literal: true

require "kino/config/directive"
require "kino/config/types"

module Kino
  module Config
    # THE list of directives. No other place in Kino repeats a name, a default, a limit or an explanation. Made from
    # this list: the flags and the help, the file `kino.rb` and its sample, environment variables, keywords of
    # {Kino::Server}, doc/configuration.md, the signatures in sig/, and the settings of the front-end.
    module Directives
      # @return [Hash{Symbol => String}] the groups that help, sample and documentation show, with their titles
      SECTIONS = {
        listening: "Where it listens",
        app: "What it serves",
        workers: "Workers",
        requests: "Requests that wait or take long",
        process: "The process",
        limits: "Limits",
        deadlines: "Client timeouts",
        tuning: "Tuning",
        hooks: "Hooks"
      }.freeze

      AUTO = { "auto" => :auto }.freeze
      NONE = { "none" => nil }.freeze
      private_constant :AUTO, :NONE

      # @return [Array<Directive>] in the order of the help
      ALL = [
        Directive.new(
          name: :bind, section: :listening,
          short: "-b", type: Types::Addresses.new, default: ["127.0.0.1"].freeze,
          summary: "address to listen on; may be given again",
          doc: "One or more addresses. A host name, an IP address (IPv6 with or without brackets), or " \
               "tcp://host:port; a port given here overrides `port`. unix:///run/kino.sock, or with permissions " \
               "unix:///run/kino.sock?mode=0660: a Unix domain socket; the file of a server that is gone is " \
               "replaced, and the server removes its own when it stops. fd://3: a listening socket that the " \
               "process has inherited under that number. systemd://web: the sockets of that name that systemd " \
               "has opened; without any such address, all that systemd has opened are used, and nothing else. " \
               "ssl://host:port?cert=PATH&key=PATH (and verify, ca): TLS with these, or without them with those of " \
               "`tls`; unix://, fd:// and systemd:// take tls=on. " \
               "The default is reachable from this machine only; 0.0.0.0 means every IPv4 address."
        ),
        Directive.new(
          name: :port, section: :listening, variable: "PORT",
          short: "-p", type: Types::Whole.new(range: Address::PORTS, placeholder: "PORT"), default: 9292,
          summary: "TCP port to listen on; 0 picks a free one",
          doc: "The port of each TCP address that names none. With 0 the system picks a free one, and the server " \
               "prints it."
        ),
        Directive.new(
          name: :tls, section: :listening,
          type: Types::Tls.new, default: nil,
          summary: "certificate and key for TLS; none for plain HTTP; may be given again",
          doc: "`cert` and `key`: the paths of a certificate (with those that lead to its authority) and of its " \
               "private key, or both as texts in PEM. TLS 1.2 and 1.3. It is spoken at a host alone, at " \
               "ssl://host:port, at any address with tls=on, and at sockets that are used instead of `bind`. With " \
               "several certificates (the directive again) each client gets the one for the host that it names, or " \
               "the first. `verify: :optional` or `:required` asks clients for certificates, which the authorities " \
               "in `ca` must have signed; the subject is in the env as SSL_CLIENT_S_DN. HUP reads the files again, " \
               "without closing connections. kino --dev-cert makes a certificate for development."
        ),
        Directive.new(
          name: :backlog, section: :listening, native: true,
          type: Types::Whole.new(range: 1..65_535), default: 4096,
          summary: "connections that the system holds until they are accepted",
          doc: "How many connections may wait in the system's backlog of each address. Linux takes at most what " \
               "net.core.somaxconn says. Sockets that were inherited keep theirs."
        ),
        Directive.new(
          name: :reuse_port, section: :listening, native: true,
          type: Types::Flag.new, default: false,
          summary: "let other processes listen on the same TCP ports",
          doc: "Sets SO_REUSEPORT, so that several processes of the same user can listen on one port, if each asks " \
               "for it. Linux deals the connections out to them; those that wait in the backlog of a process that " \
               "ends are lost. A hot restart does not need it."
        ),
        Directive.new(
          name: :proxy_protocol, section: :listening,
          type: Types::Flag.new, default: false,
          summary: "expect the PROXY protocol at the start of each connection",
          doc: "Each connection must begin with a header of the PROXY protocol, version 1 or 2, by which a proxy on " \
               "the TCP level says whose connection it passes on; REMOTE_ADDR is that client then. A connection " \
               "without it is closed. For one address only: ?proxy_protocol=on (or off) behind it, such as " \
               "tcp://0.0.0.0:9292?proxy_protocol=on. Turn it on only where all clients are proxies: others could " \
               "claim any address."
        ),
        Directive.new(
          name: :trusted_proxies, section: :listening,
          type: Types::Networks.new, default: [].freeze,
          summary: "proxies whose X-Forwarded-* headers count; may be given again",
          doc: "IP addresses and networks of your proxies (10.0.0.0/8), and `unix` for all clients of Unix domain " \
               "sockets. What they say of a request counts: X-Forwarded-For, or `for` in Forwarded, sets " \
               "REMOTE_ADDR, to the last address that is not one of these proxies; -Proto sets rack.url_scheme; " \
               "-Host sets HTTP_HOST, SERVER_NAME and SERVER_PORT. If a request has both kinds of headers, only " \
               "that counts in which they agree, because a proxy may pass on one kind as a client has made it up; " \
               "REMOTE_ADDR is empty where they disagree about the client. " \
               "The headers of all other clients change nothing."
        ),
        Directive.new(
          name: :http2, section: :listening, native: true,
          type: Types::Flag.new, default: true,
          summary: "speak HTTP/2, too, with clients that choose it",
          doc: "Serves HTTP/2 beside HTTP/1 at each address: over TLS to clients that choose it (ALPN), as browsers " \
               "do, and without TLS to clients that begin with it, which are proxies and tools that were told so " \
               "(prior knowledge, h2c). With false it is not offered, and a client that begins with it is answered " \
               "505."
        ),
        Directive.new(
          name: :rackup, section: :app,
          short: "-R", type: Types::Path.new, default: "config.ru",
          summary: "rackup file of the app; may also be given without the flag",
          doc: "The rackup file that the command serves, relative to the working directory; or, as in Rack, a .rb " \
               "file that defines the constant of its name. Programs that start a server pass an app instead."
        ),
        Directive.new(
          name: :environment, section: :app, variable: %w[RACK_ENV RAILS_ENV],
          short: "-e", type: Types::Name.new, default: "development",
          summary: "RACK_ENV for the app",
          doc: "The name of the environment. The command sets RACK_ENV to it before it loads the app. Rails prefers " \
               "RAILS_ENV: if that is set, the command also sets it to the name that the flag or KINO_ENVIRONMENT " \
               "gives, and leaves it alone otherwise. Kino adds no middleware in any environment."
        ),
        Directive.new(
          name: :workers, section: :workers, variable: "WEB_CONCURRENCY",
          short: "-w", type: Types::Whole.new(range: 1..1024, words: AUTO), default: :auto,
          summary: "worker Ractors; auto means one for each usable core",
          doc: "How many Ractors run the app in ractor mode. In threaded mode there are workers x threads plain " \
               "threads. `auto` counts the cores that CPU affinity and the container's CPU quota leave. Ruby runs " \
               "at most 8 Ractors at a time, quarantined ones included, unless RUBY_MAX_CPU says more before Ruby " \
               "starts; the command sets it."
        ),
        Directive.new(
          name: :threads, section: :workers, variable: { "RAILS_MAX_THREADS" => "/process" },
          short: "-t", type: Types::Threads.new(range: 1..1024, words: AUTO), default: :auto,
          summary: "threads per worker; auto is 1 in ractor mode, 3 in threaded",
          doc: "How many requests a worker runs at a time, each on a thread of its own. More than one helps apps " \
               "that wait for databases or other services. Ractor mode takes more than 1 from Ruby 4.0 on: the VM " \
               "of 3.4 deadlocks. `5/process`, which is what RAILS_MAX_THREADS=5 means, runs 5 threads in the whole " \
               "process in threaded mode, so that a connection pool of that size is enough: there are as many " \
               "workers, up to `workers`, as divide it evenly. In ractor mode it means `auto`."
        ),
        Directive.new(
          name: :mode, section: :workers,
          short: "-m", default: :auto,
          type: Types::Choice.new(words: %i[auto ractor threaded], placeholder: "MODE"),
          summary: "auto, ractor or threaded",
          doc: "`ractor` runs the app in Ractors, on all cores at once; the app must be shareable between them. " \
               "`threaded` runs any app on plain threads. `auto` picks ractor for an app that can be shared, if " \
               "Kino finds nothing in its code that a Ractor may refuse. Otherwise it says why not, and picks " \
               "threaded."
        ),
        Directive.new(
          name: :queue_depth, section: :requests, native: true,
          type: Types::Whole.new(range: 1..1_000_000), default: 1024,
          summary: "requests that may wait for a worker",
          doc: "How many requests may wait while all workers are busy. A request that finds the queue full waits up " \
               "to `queue_timeout` for room, and is then answered 503."
        ),
        Directive.new(
          name: :queue_timeout, section: :requests, native: true,
          type: Types::Duration.new, default: 5.0,
          summary: "how long a request waits for room in a full queue before 503",
          doc: "Seconds that a request waits for room in a full queue before it is answered 503 with retry-after. " \
               "With 0 it is answered at once."
        ),
        Directive.new(
          name: :request_timeout, section: :requests, native: true,
          type: Types::Duration.new(least: 0.001, words: NONE), default: nil,
          summary: "how long until a response must begin, or else 504; none for no limit",
          doc: "Seconds from a request's head to the start of its response, including the wait for a worker. Then " \
               "the client is answered 504. The handler is not interrupted: it runs on, and its response goes " \
               "nowhere. A time shorter than `queue_timeout` also ends the wait for room in a full queue."
        ),
        Directive.new(
          name: :quarantine_timeout, section: :requests,
          type: Types::Duration.new(least: 0.001, words: NONE), default: nil,
          summary: "how long a worker may be at one request; none for ever",
          doc: "Seconds after which a worker that is still at one request is quarantined, and another is started. " \
               "When its request ends, it leaves. At most `quarantine_max` workers are quarantined at a time."
        ),
        Directive.new(
          name: :quarantine_max, section: :requests,
          type: Types::Whole.new(range: 1..1024), default: 4,
          summary: "most quarantined workers at a time",
          doc: "How many workers may be quarantined at a time, see `quarantine_timeout`. If more than that hang, " \
               "look into the app: more workers would not help."
        ),
        Directive.new(
          name: :queue_ms, section: :requests, native: true,
          type: Types::Flag.new, default: false,
          summary: "tell the app how long its request waited, as kino.queue_ms",
          doc: "Puts the milliseconds that a request waited for a worker into its env, as a Float under " \
               "`kino.queue_ms`. A proxy's X-Request-Start stays as it is."
        ),
        Directive.new(
          name: :early_hints, section: :requests, native: true,
          type: Types::Flag.new, default: false,
          summary: "let the app send 103 Early Hints, by rack.early_hints",
          doc: "Puts a callable into the env, as `rack.early_hints`. Called with a Hash of headers, it sends them as " \
               "103 Early Hints while the app is still at work, so that browsers can load style sheets and scripts " \
               "in the meantime. Rails then sends them for what its tag helpers link to. Off by default, because " \
               "there are old clients that take any 1xx for the response."
        ),
        Directive.new(
          name: :shutdown_timeout, section: :process,
          type: Types::Duration.new, default: 30.0,
          summary: "how long a shutdown waits for requests in flight",
          doc: "Seconds that a shutdown gives the hook `before_shutdown` and the requests in flight. Then they are " \
               "cut off, and requests that still wait for a worker are answered 503. Ending what is left may take " \
               "`shutdown_grace` and 2.5 seconds more."
        ),
        Directive.new(
          name: :shutdown_grace, section: :process,
          type: Types::Duration.new, default: 2.0,
          summary: "how long threads that a shutdown kills have for their ensure blocks",
          doc: "Seconds that threads have to run their `ensure` blocks when `shutdown_timeout` is over and they are " \
               "killed. A thread that needs longer is left behind. Threaded mode only: in ractor mode the `ensure` " \
               "blocks run when the process ends."
        ),
        Directive.new(
          name: :restart_timeout, section: :process,
          type: Types::Duration.new(least: 0.001), default: 60.0,
          summary: "how long a new process may take to boot on USR2",
          doc: "Seconds that the new process of a hot restart (USR2) has until it listens and its workers are up. " \
               "Then it is stopped, and the old process stays."
        ),
        Directive.new(
          name: :pidfile, section: :process,
          type: Types::Path.new(words: NONE), default: nil,
          summary: "file for the process id; none for no file",
          doc: "A file for the process id, relative to the working directory. The server does not start while the " \
               "file names a process that runs. It is removed at the end; a hot restart hands it over. Symlinks are " \
               "not followed. Put it into a directory that only you may write to."
        ),
        Directive.new(
          name: :max_body_size, section: :limits, native: true,
          default: 52_428_800,
          type: Types::Size.new(range: 0..(2**40), words: NONE),
          summary: "largest request body; none for no limit",
          doc: "The largest request body in bytes. A larger one is answered 413."
        ),
        Directive.new(
          name: :max_head_size, section: :limits, native: true,
          type: Types::Size.new(range: 1024..(2**20)), default: 65_536,
          summary: "largest request head",
          doc: "The most bytes of a request line and its headers together. A larger head is answered 431."
        ),
        Directive.new(
          name: :max_target_size, section: :limits, native: true,
          type: Types::Size.new(range: 64..65_534), default: 16_384,
          summary: "longest request target",
          doc: "The most bytes of a request's path and query together. A longer target is answered 414. The HTTP " \
               "parser takes at most 65,534."
        ),
        Directive.new(
          name: :max_headers, section: :limits, native: true,
          type: Types::Whole.new(range: 1..10_000), default: 100,
          summary: "most header lines of a request",
          doc: "The most header lines of a request. More are answered 431."
        ),
        Directive.new(
          name: :max_connections, section: :limits, native: true,
          type: Types::Whole.new(range: 1..1_000_000, words: AUTO), default: :auto,
          summary: "most open connections; auto is most of ulimit -n",
          doc: "How many connections may be open. More wait in the system's backlog until one closes. `auto` leaves " \
               "an eighth of the files that the process may open, and at least 64, to the app."
        ),
        Directive.new(
          name: :max_keep_alive_requests, section: :limits, native: true,
          type: Types::Whole.new(range: 1..(2**40), words: NONE), default: nil,
          summary: "most requests on one connection; none for no limit",
          doc: "How many requests one connection may carry. The response to the last says connection: close. In " \
               "HTTP/2 the connection ends after this many, and after those that the client has sent by then."
        ),
        Directive.new(
          name: :max_concurrent_streams, section: :limits, native: true,
          type: Types::Whole.new(range: 1..65_535), default: 128,
          summary: "most requests at a time on one HTTP/2 connection",
          doc: "How many requests one HTTP/2 connection may have open at a time. A client is told, and waits; more " \
               "are refused. Requests that the client has cancelled count for as long as they still wait for a " \
               "worker or have one. One connection may hold 64 KiB of request body, and up to 192 KiB of response, " \
               "for each."
        ),
        Directive.new(
          name: :head_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 15.0,
          summary: "how long a client may take for a request head",
          doc: "Seconds from the first byte of a request head to its last. A slower client is answered 408. A new " \
               "connection that stays silent for this long is closed. Neither takes a worker."
        ),
        Directive.new(
          name: :handshake_timeout, section: :deadlines, native: true,
          type: Types::Duration.new(least: 0.001), default: 10.0,
          summary: "how long a TLS handshake may take",
          doc: "Seconds from the acceptance of a connection to the end of its TLS handshake. A slower client is " \
               "disconnected."
        ),
        Directive.new(
          name: :keep_alive_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 75.0,
          summary: "how long a connection may idle between requests",
          doc: "Seconds that a connection may stay silent after a response before it is closed. The default is " \
               "longer than the usual 60 of load balancers, which must be the first to close: otherwise they send " \
               "requests into a closed connection."
        ),
        Directive.new(
          name: :body_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 30.0,
          summary: "how long a client may pause within a request body",
          doc: "Seconds that may pass between two pieces of a request body, from the app's first read on; the " \
               "front-end reads the next piece ahead while the app works on the last. Then the read raises " \
               "Kino::BodyTimeoutError, and the client is answered 408 if nothing was sent yet."
        ),
        Directive.new(
          name: :send_timeout, section: :deadlines, native: true,
          type: Types::Duration.new(least: 0.001, words: NONE), default: 30.0,
          summary: "how long a client may take nothing of its response; none for ever",
          doc: "Seconds that a client may take nothing of a response that is not sent yet. Then the connection is " \
               "reset, and an app that streams gets Kino::DisconnectedError: otherwise the client could hold its " \
               "worker as long as it likes. A client that reads slowly, but reads, is not affected: what counts is " \
               "whether the system could send anything. Does not apply to hijacked connections and upgrades."
        ),
        Directive.new(
          name: :linger_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 30.0,
          summary: "how long to read on after a response that came before the whole request",
          doc: "Seconds that the rest of a request is read and thrown away if its response came before the client " \
               "had sent everything: many clients read nothing until then. A client that pauses for 5 seconds is " \
               "dropped earlier. A body that announces its length is read to its end, any other up to " \
               "`max_body_size`. This takes no worker, but the connection counts. With 0 the connection closes at " \
               "once, and the client may lose its response."
        ),
        Directive.new(
          name: :dispatch, section: :tuning,
          default: :auto,
          type: Types::Choice.new(words: %i[auto queue driven], placeholder: "WAY"),
          summary: "how requests reach workers: auto, queue or driven",
          doc: "`queue`: threads of the network front-end read requests into a queue that all workers take from. " \
               "`driven`: each worker reads and writes its shard of the connections itself while it has nothing to " \
               "run, so that no request is handed from thread to thread; free workers still take waiting requests, " \
               "whichever thread has read them. `auto` is `driven` in ractor mode and `queue` in threaded mode."
        ),
        Directive.new(
          name: :lanes, section: :tuning, native: true,
          type: Types::Flag.new, default: false,
          summary: "prefer workers that are awake to waking others",
          doc: "Puts a request into a short queue of a worker that is awake, rather than waking an idle one. Other " \
               "workers take it from there as soon as they are free; idle workers are woken if it is still there " \
               "when the front-end has passed on everything that came with it. Needs `dispatch` queue, which is " \
               "what auto means then."
        ),
        Directive.new(
          name: :batch, section: :tuning, native: true,
          type: Types::Whole.new(range: 1..64), default: 1,
          summary: "requests that a worker takes from the queue at once",
          doc: "How many requests a worker takes from the queue at once. Those that it does not get to are taken by " \
               "other free workers. Meant for many workers and quick requests; measure before you set it, because " \
               "two workers gain nothing."
        ),
        Directive.new(
          name: :yjit, section: :tuning,
          type: Types::Flag.new(words: AUTO), default: :auto,
          summary: "Ruby's compiler; auto is on, but in ractor mode only from Ruby 4.1",
          doc: "Turns YJIT on. `auto` does so in threaded mode, and in ractor mode from Ruby 4.1 on: before, each " \
               "Proc that a request makes stops all Ractors. If your requests make none, `on` may be much faster, " \
               "see doc/ractors.md. With `auto`, RUBY_YJIT_ENABLE=0 keeps it off. A YJIT that is on already, " \
               "through RUBY_YJIT_ENABLE=1 or the app, stays on. Only the command uses the default; programs that " \
               "start a server, and Rails, are left alone unless they set yjit."
        ),
        Directive.new(
          name: :tokio_threads, section: :tuning, native: true,
          type: Types::Whole.new(range: 1..64), default: 1,
          summary: "threads of the network front-end",
          doc: "How many native threads read and write connections. They never run Ruby, and one keeps up with many " \
               "workers."
        ),
        Directive.new(
          name: :on_error, section: :hooks,
          type: Types::Callable.new(parameters: %w[exception env], in_worker: true), default: nil,
          summary: "called with each exception that the app raises, and its env",
          doc: "Called in the worker, once for each request error that is logged, after the log. These are: what " \
               "the app or its body raises, and a response that cannot be sent, before the 500 if it is not too " \
               "late for one; what `close` or an entry of `rack.response_finished` raises, and a body that is " \
               "longer than its content-length, neither of which changes the response. Errors that the client " \
               "causes (it has left, or its body is too large, malformed or late) are neither logged nor passed " \
               "here. What ends the worker (`exit`, for example) goes to `on_worker_exit`."
        ),
        Directive.new(
          name: :after_boot, section: :hooks,
          type: Types::Callable.new, default: nil,
          summary: "called once the server listens and its workers are started",
          doc: "Called at the end of Kino::Server#start, on a thread of its own; `start` waits for it. While the " \
               "hook runs, the server serves and can be stopped."
        ),
        Directive.new(
          name: :after_worker_boot, section: :hooks,
          type: Types::Callable.new(parameters: %w[index], in_worker: true), default: nil,
          summary: "called in each worker thread before its first request, with its index",
          doc: "Called in each thread of each worker before its first request, including threads that replace " \
               "others. `ready?` waits for it."
        ),
        Directive.new(
          name: :after_request, section: :hooks,
          type: Types::Callable.new(parameters: %w[env status], in_worker: true), default: nil,
          summary: "called after each request, with its env and status",
          doc: "Called in the worker once the response is complete, before the worker takes another request; the " \
               "client does not wait for it. `status` is what the app answered, or 500 if it raised; if that came " \
               "too late, the client got a 504. Not called for responses of the front-end's own, or if the worker " \
               "died."
        ),
        Directive.new(
          name: :on_worker_exit, section: :hooks,
          type: Types::Callable.new(parameters: %w[index error]), default: nil,
          summary: "called when a worker thread has ended, with the error",
          doc: "Called in the main Ractor, once for each worker thread that has ended, with the worker's index and " \
               "the error that it died of, or nil if it left normally. Not called for those that a shutdown has to " \
               "give up. A Ractor's exceptions stay in it: a Kino::WorkerError stands for them. It runs on a thread " \
               "of its own, one call after another: no worker waits for it, but the next call does."
        ),
        Directive.new(
          name: :before_shutdown, section: :hooks,
          type: Types::Callable.new, default: nil,
          summary: "called before a shutdown closes anything",
          doc: "Called by Kino::Server#shutdown, once, after `ready?` has turned false and before the port is " \
               "closed, on a thread of its own. Its time is taken from `shutdown_timeout`: if it hangs, nothing is " \
               "left for the requests in flight, which are cut off when the server goes on without it."
        )
      ].freeze

      # @return [Hash{Symbol => Directive}] in the order of the list
      BY_NAME = ALL.to_h { |directive| [directive.name, directive] }.freeze

      # @return [Array<Symbol>]
      NAMES = BY_NAME.keys.freeze

      # @param name [Symbol]
      # @return [Directive]
      # @raise [KeyError] when there is none of that name
      def self.[](name) = BY_NAME.fetch(name)
    end
  end
end
