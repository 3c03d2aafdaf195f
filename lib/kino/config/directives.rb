# frozen_string_literal: true

require "kino/config/directive"
require "kino/config/types"

module Kino
  module Config
    # THE list of directives. Nothing else in Kino restates a name, a default, a bound or an explanation: the flags
    # and the help, the file `kino.rb` and its sample, the variables of the environment, the keywords of
    # {Kino::Server}, doc/configuration.md, the signatures in sig/ and what the front-end is told are made from it.
    module Directives
      # @return [Hash{Symbol => String}] the groups that help, sample and documentation show, with their titles
      SECTIONS = {
        listening: "Where it listens",
        app: "What it serves",
        workers: "Workers",
        requests: "Requests that wait or take long",
        process: "The process",
        limits: "Limits",
        deadlines: "Deadlines of clients",
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
          short: "-b", type: Types::Bind.new, default: "127.0.0.1",
          summary: "address to listen on, or tcp://host:port",
          doc: "A host name, an IP address (IPv6 with or without brackets) or tcp://host:port. A port given here " \
               "stands for `port`. The default is reachable from this machine only; 0.0.0.0 is every IPv4 address."
        ),
        Directive.new(
          name: :port, section: :listening, native: true, variable: "PORT",
          short: "-p", type: Types::Whole.new(range: Address::PORTS, placeholder: "PORT"), default: 9292,
          summary: "TCP port to listen on; 0 picks a free one",
          doc: "The TCP port. With 0 the system picks a free one, and the server says which."
        ),
        Directive.new(
          name: :rackup, section: :app,
          short: "-R", type: Types::Path.new, default: "config.ru",
          summary: "rackup file of the app; may stand alone, without the flag",
          doc: "The rackup file that the command serves, relative to the working directory; or, as Rack has it, a " \
               ".rb file that defines the constant of its name. Programs that start a server hand over an app instead."
        ),
        Directive.new(
          name: :environment, section: :app, variable: %w[RACK_ENV RAILS_ENV],
          short: "-e", type: Types::Name.new, default: "development",
          summary: "what the app sees as RACK_ENV",
          doc: "The name of the environment. The command puts it into RACK_ENV before the app is loaded. Rails goes " \
               "by RAILS_ENV before that: one that is set gets the name that the flag or KINO_ENVIRONMENT gives, and " \
               "stays as it is otherwise. Kino adds no middleware in any environment."
        ),
        Directive.new(
          name: :workers, section: :workers, variable: "WEB_CONCURRENCY",
          short: "-w", type: Types::Whole.new(range: 1..1024, words: AUTO), default: :auto,
          summary: "worker Ractors; auto is one for each usable core",
          doc: "How many Ractors run the app in ractor mode. In threaded mode there are workers x threads plain " \
               "threads. `auto` counts the cores that CPU affinity and the container's CPU quota leave. Ruby " \
               "runs 8 Ractors at a time, those that are set aside included, unless RUBY_MAX_CPU in the environment " \
               "says more before it starts; the command sees to it."
        ),
        Directive.new(
          name: :threads, section: :workers, variable: { "RAILS_MAX_THREADS" => "/process" },
          short: "-t", type: Types::Threads.new(range: 1..1024, words: AUTO), default: :auto,
          summary: "threads a worker; auto is 1 in ractor mode, 3 in threaded",
          doc: "How many requests a worker runs at a time, each on a thread of its own. More than one helps apps " \
               "that wait for databases or other services. Ractor mode takes more than 1 from Ruby 4.0 on: the VM " \
               "of 3.4 deadlocks there. `5/process`, which is what RAILS_MAX_THREADS=5 means, has 5 threads in the " \
               "whole process in threaded mode, so that a connection pool of that size does for all of them: there " \
               "are as many workers, up to `workers`, as divide it evenly. In ractor mode it means `auto`."
        ),
        Directive.new(
          name: :mode, section: :workers,
          short: "-m", default: :auto,
          type: Types::Choice.new(words: %i[auto ractor threaded], placeholder: "MODE"),
          summary: "auto, ractor or threaded",
          doc: "`ractor` runs the app in Ractors, on all cores at once; the app must be shareable between them. " \
               "`threaded` runs any app on plain threads. `auto` takes ractor for an app that can be shared " \
               "and in whose code nothing is found that a Ractor may refuse. Else it says why not and takes threaded."
        ),
        Directive.new(
          name: :queue_depth, section: :requests, native: true,
          type: Types::Whole.new(range: 1..1_000_000), default: 1024,
          summary: "requests that may wait for a worker",
          doc: "How many requests may wait while all workers are busy. One that finds the queue full waits " \
               "`queue_timeout` for room and is then answered 503."
        ),
        Directive.new(
          name: :queue_timeout, section: :requests, native: true,
          type: Types::Duration.new, default: 5.0,
          summary: "how long to wait for room in a full queue before 503",
          doc: "Seconds that a request waits for room in a full queue before it is answered 503 with retry-after. " \
               "With 0 it is answered at once."
        ),
        Directive.new(
          name: :request_timeout, section: :requests, native: true,
          type: Types::Duration.new(least: 0.001, words: NONE), default: nil,
          summary: "how long an answer may take to begin before 504; none lifts the limit",
          doc: "Seconds from a request's head to the begin of its answer, the wait for a worker included. Then the " \
               "client is answered 504. The handler is not interrupted: it runs on, what it answers goes nowhere. " \
               "A time shorter than `queue_timeout` ends the wait for room in a full queue, too."
        ),
        Directive.new(
          name: :quarantine_timeout, section: :requests,
          type: Types::Duration.new(least: 0.001, words: NONE), default: nil,
          summary: "how long a worker may be at one request; none is for ever",
          doc: "Seconds after which a worker that is still at one request is set aside, and another started in its " \
               "place. When its request ends, it leaves. At most `quarantine_max` are set aside at a time."
        ),
        Directive.new(
          name: :quarantine_max, section: :requests,
          type: Types::Whole.new(range: 1..1024), default: 4,
          summary: "most workers that are set aside at a time",
          doc: "How many workers may be set aside at a time, see `quarantine_timeout`. With more than that at a " \
               "standstill the app needs a look rather than more workers."
        ),
        Directive.new(
          name: :queue_ms, section: :requests, native: true,
          type: Types::Flag.new, default: false,
          summary: "tell the app how long its request waited, as kino.queue_ms",
          doc: "Puts the milliseconds that a request waited for a worker into its env, as a Float under " \
               "`kino.queue_ms`. What a proxy says in X-Request-Start stays as it is."
        ),
        Directive.new(
          name: :shutdown_timeout, section: :process,
          type: Types::Duration.new, default: 30.0,
          summary: "how long a shutdown waits for requests in flight",
          doc: "Seconds that a shutdown leaves to the hook `before_shutdown` and to the requests that are in flight. " \
               "Then they are cut off, and what still waits for a worker is answered 503. To end what is left may " \
               "take `shutdown_grace` and 2.5 seconds more."
        ),
        Directive.new(
          name: :shutdown_grace, section: :process,
          type: Types::Duration.new, default: 2.0,
          summary: "how long threads that a shutdown cuts off get for their ensure blocks",
          doc: "Seconds that threads get to run their `ensure` blocks when `shutdown_timeout` is over and they are " \
               "killed. A thread that needs longer is left behind. Threaded mode only: in ractor mode the `ensure` " \
               "blocks run when the process ends."
        ),
        Directive.new(
          name: :restart_timeout, section: :process,
          type: Types::Duration.new(least: 0.001), default: 60.0,
          summary: "how long a new process may take to boot on USR2",
          doc: "Seconds that the new process of a hot restart (USR2) gets until it listens and its workers are up. " \
               "Then it is stopped, and the old one stays."
        ),
        Directive.new(
          name: :pidfile, section: :process,
          type: Types::Path.new(words: NONE), default: nil,
          summary: "file for the process id; none writes none",
          doc: "A file that gets the process id, relative to the working directory. The start is refused while it " \
               "names a process that lives. It is removed at the end, and a hot restart hands it over. A symlink " \
               "is not followed. It belongs into a directory that nobody else may write to."
        ),
        Directive.new(
          name: :max_body_size, section: :limits, native: true,
          default: 52_428_800,
          type: Types::Size.new(range: 0..(2**40), words: NONE),
          summary: "largest request body; none lifts the limit",
          doc: "Bytes that a request's body may have. A larger one is answered 413."
        ),
        Directive.new(
          name: :max_head_size, section: :limits, native: true,
          type: Types::Size.new(range: 1024..(2**20)), default: 65_536,
          summary: "largest request head",
          doc: "Bytes that a request line and its headers may have together. A larger head is answered 431."
        ),
        Directive.new(
          name: :max_target_size, section: :limits, native: true,
          type: Types::Size.new(range: 64..65_534), default: 16_384,
          summary: "longest request target",
          doc: "Bytes that the path and query of a request may have together. A longer one is answered 414. The " \
               "parser behind this takes no more than 65,534."
        ),
        Directive.new(
          name: :max_headers, section: :limits, native: true,
          type: Types::Whole.new(range: 1..10_000), default: 100,
          summary: "most header lines of a request",
          doc: "How many header lines a request may have. More are answered 431."
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
          summary: "most requests on one connection; none lifts the limit",
          doc: "How many requests one connection may carry. The answer to the last says connection: close."
        ),
        Directive.new(
          name: :head_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 15.0,
          summary: "how long a client may take for a request head",
          doc: "Seconds from the first byte of a request head to its last. A client that is slower is answered 408. " \
               "A connection that stays silent for this long from its start is closed. No worker is held meanwhile."
        ),
        Directive.new(
          name: :keep_alive_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 75.0,
          summary: "how long a connection may idle between requests",
          doc: "Seconds that a connection may stay silent after an answer before it is closed. Longer than the usual " \
               "60 of load balancers, which must be the first to close: else they send into a closed connection."
        ),
        Directive.new(
          name: :body_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 30.0,
          summary: "how long a client may pause within a request body",
          doc: "Seconds that may pass between two pieces of a request body, from the app's first read on; the " \
               "front-end waits for the next piece while the app works on the last. Then the read raises " \
               "Kino::BodyTimeoutError, and the client is answered 408 if nothing was sent yet."
        ),
        Directive.new(
          name: :send_timeout, section: :deadlines, native: true,
          type: Types::Duration.new(least: 0.001, words: NONE), default: 30.0,
          summary: "how long a client may pause in taking its answer; none is for ever",
          doc: "Seconds for which a client may take nothing of its answer while there is more of it. Then the " \
               "connection is reset, and an app that streams gets Kino::DisconnectedError: it would hold its worker " \
               "for as long as the client likes. One that reads slowly, but reads, is not meant: what counts is " \
               "whether the system could send anything. Not for connections that were given away (hijack, upgrades)."
        ),
        Directive.new(
          name: :linger_timeout, section: :deadlines, native: true,
          type: Types::Duration.new, default: 30.0,
          summary: "how long to read on behind an answer that came before all was sent",
          doc: "Seconds for which the rest of a request is read and thrown away where the answer came before all of " \
               "it was sent: many clients read nothing until they have sent all. A client that sends nothing for 5 " \
               "seconds is waited for no longer. A body that announces its length is read to its end, any other up " \
               "to `max_body_size`. No worker is held meanwhile, but the connection counts. With 0 the connection " \
               "closes at once, and the client may lose its answer."
        ),
        Directive.new(
          name: :dispatch, section: :tuning,
          default: :auto,
          type: Types::Choice.new(words: %i[auto queue driven], placeholder: "WAY"),
          summary: "how requests reach workers: auto, queue or driven",
          doc: "`queue`: threads of the network front-end read requests into a queue that all workers take from. " \
               "`driven`: each worker reads and writes its share of the connections itself while it has nothing to " \
               "run, so that no request is handed from thread to thread; who is free still takes what waits, " \
               "whoever has read it. `auto` is `driven` in ractor mode and `queue` in threaded mode."
        ),
        Directive.new(
          name: :lanes, section: :tuning, native: true,
          type: Types::Flag.new, default: false,
          summary: "prefer workers that are awake to waking others",
          doc: "A request goes into a short queue of a worker that is awake, rather than to one that idles and " \
               "must be woken. Others take it from there as soon as they are free, and those that idle are woken " \
               "if it is still there when the front-end has passed on what else came with it. It belongs to " \
               "`dispatch` queue, which is what auto means then."
        ),
        Directive.new(
          name: :batch, section: :tuning, native: true,
          type: Types::Whole.new(range: 1..64), default: 1,
          summary: "requests that a worker takes from the queue at once",
          doc: "How many requests a worker takes from the queue at once. What it does not come to is taken by " \
               "others that are free. It is meant for many workers of quick requests; measure before you set it, for " \
               "two workers gain nothing by it."
        ),
        Directive.new(
          name: :yjit, section: :tuning,
          type: Types::Flag.new(words: AUTO), default: :auto,
          summary: "Ruby's compiler; auto is on, in ractor mode from Ruby 4.1 only",
          doc: "Turns YJIT on. `auto` does so in threaded mode; in ractor mode from Ruby 4.1 on, as before that each " \
               "Proc that a request makes stops all Ractors. Where requests make none, `on` may be much faster, " \
               "see doc/ractors.md. With `auto`, RUBY_YJIT_ENABLE=0 keeps it off. A YJIT that is on already, by " \
               "RUBY_YJIT_ENABLE=1 or the app, stays on. It is the command that goes by the default; a program that " \
               "starts a server, or Rails, is left as it is unless it says yjit."
        ),
        Directive.new(
          name: :tokio_threads, section: :tuning, native: true,
          type: Types::Whole.new(range: 1..64), default: 1,
          summary: "threads of the network front-end",
          doc: "How many native threads read and write connections. They never run Ruby; one keeps up with many " \
               "workers."
        ),
        Directive.new(
          name: :on_error, section: :hooks,
          type: Types::Callable.new(parameters: %w[exception env], in_worker: true), default: nil,
          summary: "called with each exception that the app raises, and its env",
          doc: "Called in the worker with each error of a request that the log has, once, and after the log. These " \
               "are: what the app or its body raises, and an answer that cannot be sent, before the 500 where it is " \
               "not too late for one; what `close` or an entry of `rack.response_finished` raises, and a body that " \
               "is longer than its content-length, which leave the answer as it is. Errors that the client causes " \
               "(it has left, or its body is too large, malformed or late) are in neither. What ends the worker " \
               "(`exit`, say) goes to `on_worker_exit`."
        ),
        Directive.new(
          name: :after_boot, section: :hooks,
          type: Types::Callable.new, default: nil,
          summary: "called once the server listens and its workers are started",
          doc: "Called at the end of Kino::Server#start, which waits for it, on a thread of its own. A server whose " \
               "hook has not returned serves, and can be stopped."
        ),
        Directive.new(
          name: :after_worker_boot, section: :hooks,
          type: Types::Callable.new(parameters: %w[index], in_worker: true), default: nil,
          summary: "called in each worker thread before its first request, with its index",
          doc: "Called in each thread of each worker before its first request, those that replace others included. " \
               "`ready?` waits for it."
        ),
        Directive.new(
          name: :after_request, section: :hooks,
          type: Types::Callable.new(parameters: %w[env status], in_worker: true), default: nil,
          summary: "called after each request, with its env and status",
          doc: "Called in the worker once the answer is complete, before the worker takes another request; the " \
               "client does not wait for it. `status` is what the app answered, 500 where it raised; where that came " \
               "too late, the client has had a 504. Not for what the front-end answers by itself, nor where the " \
               "worker died."
        ),
        Directive.new(
          name: :on_worker_exit, section: :hooks,
          type: Types::Callable.new(parameters: %w[index error]), default: nil,
          summary: "called when a thread of a worker has ended, with the error",
          doc: "Called in the main Ractor, once for each thread of a worker that has ended, with the worker's index: " \
               "and with the error it died of, or nil when it has left as it should. Not for those that a shutdown " \
               "has to give up. A Ractor's exceptions stay in it: a Kino::WorkerError stands for them. It is called " \
               "on a thread of its own, one call after another: no worker waits for it, but the next call does."
        ),
        Directive.new(
          name: :before_shutdown, section: :hooks,
          type: Types::Callable.new, default: nil,
          summary: "called before a shutdown begins to close anything",
          doc: "Called by Kino::Server#shutdown, once, after `ready?` has turned false and before the port is " \
               "closed, on a thread of its own. What it takes is taken from `shutdown_timeout`: one that hangs " \
               "leaves nothing to the requests in flight, which are cut off when the server goes on without it."
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
