# frozen_string_literal: true

require "uri"
require "kino/config/address"
require "kino/config/directives"
require "kino/config/puma_file/entry"

module Kino
  module Config
    class PumaFile
      # THE list of Puma's configuration methods, up to Puma 8, with the names of earlier versions. The documentation is
      # made from it.
      module Table
        # Puma's default address. (It prefers "::" if there is IPv6.)
        ANYWHERE = "0.0.0.0"

        class << self
          private

          def value(names, becomes, words = nil, &rule)
            Entry.new(names: Array(names), becomes: Array(becomes), kind: :value, words:, rule:)
          end

          # One argument, unchanged.
          def same(names, directive, words = nil)
            value(names, directive, words) { |given| Became.new(values: { directive => given }, note: nil) }
          end

          def hook(names, directive, words = nil)
            Entry.new(names:, becomes: [directive], kind: :hook, words:, rule: nil)
          end

          def none(kind, words, *names) = Entry.new(names:, becomes: [], kind:, words:, rule: nil)
          def needless(words, *names) = none(:needless, words, *names)
          def elsewhere(words, *names) = none(:elsewhere, words, *names)
          def missing(words, *names) = none(:missing, words, *names)

          def became(note = nil, **values) = Became.new(values:, note:)
          def refused(kind, reason) = Refusal.new(kind:, reason:)

          def bind(url)
            text, options = url.to_s.split("?", 2)
            address = Address.parse(text) if %r{\A(tcp|unix|ssl)://}.match?(text)
            return refused(:missing, "no address that Kino can listen on: #{url}") unless address
            return unix(text, options.to_s) unless address.tcp?
            return ssl(text, URI.decode_www_form(options.to_s).to_h) if address.scheme == :ssl

            became(("without its options #{options}" if options), bind: address.host, **{ port: address.port }.compact)
          end

          def unix(text, options)
            mode, others = options.split("&").partition { |option| Address.parse("unix://a?#{option}") }
            became(("without its options #{others.join("&")}" if others.any?), bind: [text, *mode].join("?"))
          end

          def ssl_bind(host, port, options)
            ssl("ssl://#{host.to_s.include?(":") ? "[#{host}]" : host}:#{port}", options.to_h.transform_keys(&:to_s))
          end

          # Puma's words for whether clients have to show a certificate.
          VERIFY = { "none" => nil, "peer" => "optional", "force_peer" => "required" }.freeze
          private_constant :VERIFY

          def ssl(url, given)
            own = given.slice("cert", "key", "ca")
            own = { "cert" => given["cert_pem"], "key" => given["key_pem"], **own }.compact
            verify = VERIFY[given["verify_mode"].to_s]
            query = URI.encode_www_form(verify ? own.merge("verify" => verify) : own)
            others = given.keys - %w[cert key ca cert_pem key_pem verify_mode]
            note = "without its options #{others.join(", ")}" if others.any?
            became(note, bind: [url, query].reject(&:empty?).join("?"))
          end

          def port(port, host)
            became(("by default Puma listens on all addresses, Kino on #{HOST}" unless host),
                   bind: host || ANYWHERE, port:)
          end

          def remote_address(from)
            return refused(:needless, "Kino takes it from the connection") if from == :socket
            return became(proxy_protocol: true) if from.is_a?(Hash) && from.key?(:proxy_protocol)

            refused(:missing, "REMOTE_ADDR is the client's, which trusted_proxies may name")
          end

          def workers(count)
            return became(workers: :auto) if count.to_s == "auto"
            return became(workers: count) if count.to_i.positive?

            became("0 is Puma's single mode: one process, like one worker here", workers: 1)
          end

          def threads(least, most = least)
            became(("Kino starts all threads at once, so the minimum, #{least}, is left out" if least != most),
                   threads: most)
          end

          def force_shutdown_after(seconds = :forever)
            return became(shutdown_timeout: 0) if seconds == :immediately
            return became(shutdown_timeout: seconds) unless seconds == :forever

            refused(:missing, "Kino always cuts off what is not finished after shutdown_timeout")
          end

          def keep_alives(most)
            return refused(:needless, "nil sets nothing") if most.nil?

            became(max_keep_alive_requests: (most.to_i unless most == Float::INFINITY))
          end

          def enable_keep_alives(enabled = true) # rubocop:disable Style/OptionalBooleanParameter -- it is Puma's
            return became(max_keep_alive_requests: 1) unless enabled

            refused(:needless, "Kino keeps connections open")
          end

          def early_hints(enabled = true) # rubocop:disable Style/OptionalBooleanParameter -- it is Puma's
            became(early_hints: enabled ? true : false)
          end

          def log_requests(enabled = true) # rubocop:disable Style/OptionalBooleanParameter -- it is Puma's
            return refused(:needless, "Kino logs no requests") unless enabled

            refused(:elsewhere, "Kino logs no requests: put `use Rack::CommonLogger` into config.ru, with which an " \
                                "app runs on threads")
          end

          def plugin(name)
            case name.to_s
            when "systemd" then refused(:needless, "Kino notifies systemd itself, see doc/process.md")
            when "tmp_restart" then refused(:elsewhere, "Kino watches no file: send USR2 for a hot restart")
            when "solid_queue" then refused(:elsewhere, "plugins are Puma's: run bin/jobs as a process of its own")
            else refused(:missing, "plugins are Puma's")
            end
          end
        end

        ONE_PROCESS = "Kino has one process and forks none"
        FILES = "redirect the output where the command is started: in the service file or the shell"
        HOST = Directives[:bind].default.first
        BODY = Directives[:max_body_size].then { |directive| directive.type.show(directive.default) }
        private_constant :ONE_PROCESS, :FILES, :HOST, :BODY

        # @return [Array<Entry>]
        ALL = [
          value(:port, %i[bind port]) { |port, host| port(port, host) },
          value(:bind, %i[bind port]) { |url| bind(url) },
          value(:ssl_bind, :bind) { |host, port, options = {}| ssl_bind(host, port, options) },
          value(:workers, :workers,
                "Puma forks as many processes; Kino has as many Ractors, or in threaded mode `workers` x `threads` " \
                "threads in one process, where connection pools need room for all of them") { |count| workers(count) },
          value(:threads, :threads) { |*counts| threads(*counts) },
          same(:environment, :environment),
          same(:rackup, :rackup),
          same(:pidfile, :pidfile),
          same(:first_data_timeout, :head_timeout, "in Kino the time until the head of a request is complete"),
          same(:persistent_timeout, :keep_alive_timeout),
          value(:max_keep_alive, :max_keep_alive_requests) { |most| keep_alives(most) },
          value(:max_fast_inline, :max_keep_alive_requests,
                "until Puma 7 it was something else, which Kino does not have") { |most| keep_alives(most) },
          value(:enable_keep_alives, :max_keep_alive_requests) { |*enabled| enable_keep_alives(*enabled) },
          same(:http_content_length_limit, :max_body_size, "without it Puma has no limit, and Kino one of #{BODY}"),
          value(:early_hints, :early_hints) { |*enabled| early_hints(*enabled) },
          value(:force_shutdown_after, :shutdown_timeout) { |*seconds| force_shutdown_after(*seconds) },
          same(:worker_shutdown_timeout, :shutdown_timeout),

          hook(%i[before_worker_boot on_worker_boot], :after_worker_boot,
               "Puma calls it once in each worker process, Kino in each thread of each worker, all in one process"),
          hook(%i[before_thread_start on_thread_start], :after_worker_boot),
          hook(%i[after_booted on_booted], :after_boot),
          hook(%i[lowlevel_error_handler], :on_error,
               "Kino calls it with the exception and the env and answers 500 itself, whatever it returns"),

          needless("the app is loaded once, before any worker starts", :preload_app!),
          needless("Kino always uses systemd's sockets", :bind_to_activated_sockets),
          needless("Kino always reads and queues a request before a worker gets it", :queue_requests),
          needless("Kino's workers take requests when they are free", :wait_for_less_busy_worker),
          needless(ONE_PROCESS, :worker_check_interval, :worker_boot_timeout, :worker_culling_strategy,
                   :silence_single_worker_warning, :silence_fork_callback_warning, :fork_worker, :nakayoshi_fork),
          needless("#{ONE_PROCESS}, so nothing needs to be closed or reopened", :before_fork,
                   *%i[before_worker_fork on_worker_fork after_worker_fork after_worker_boot],
                   *%i[before_refork on_refork after_refork]),
          needless("a hot restart looks for the Gemfile again, see doc/process.md", :prune_bundler,
                   :extra_runtime_dependencies),
          needless("a hot restart runs the original command", :restart_command),
          needless("TERM ends Kino with status 0", :raise_exception_on_sigterm),
          needless("Kino logs no requests", :quiet),
          needless("the front-end decides", :io_selector_backend, :tcp_mode, :tcp_mode!),
          needless("every method but CONNECT reaches the app", :supported_http_methods),

          value(:log_requests, []) { |*enabled| log_requests(*enabled) },
          value(:plugin, []) { |name| plugin(name) },
          elsewhere("put it into config.ru", :app),
          elsewhere("start the command in that directory", :directory),
          elsewhere("translate that file by itself", :load),
          elsewhere("a service manager keeps Kino in the background", :daemonize),
          elsewhere(FILES, :stdout_redirect),
          elsewhere("Kino leaves stdout as it is: set $stdout.sync = true in the app",
                    :mutate_stdout_and_stderr_to_sync_on_write),
          elsewhere("kino --debug shows backtraces of errors at the start", :debug),
          elsewhere("use at_exit; before_shutdown is called when the server begins to stop",
                    :after_stopped, :on_stopped),
          elsewhere("a hot restart starts a new process beside this one; before_shutdown is called when this one " \
                    "begins to stop", :before_restart, :on_restart),
          elsewhere("use request_timeout and quarantine_timeout for requests that hang", :worker_timeout),

          missing("no hook runs in a worker when it ends; on_worker_exit is called in the main Ractor",
                  :before_worker_shutdown, :on_worker_shutdown),
          missing("on_worker_exit is called with an index and an error instead of a process", :after_worker_shutdown),
          missing("Kino does not end idle threads", :before_thread_exit, :on_thread_exit),
          missing("after_request is called after each request, even if others wait", :out_of_band),
          missing("there is no control server: use signals, see doc/process.md", :activate_control_app,
                  :state_path, :state_permission),
          missing("Kino knows whether a connection is encrypted; what trusted_proxies say of it counts",
                  :rack_url_scheme),
          value(:set_remote_address, :proxy_protocol) { |from| remote_address(from) },
          missing("Kino stops accepting at once", :drain_on_shutdown),
          missing("Kino does not stop when idle", :idle_timeout),
          missing("a worker takes as many requests at a time as it has threads", :max_io_threads),
          missing("requests run on the worker's own threads and fibers", :fiber_per_request, :clean_thread_locals),
          missing("Kino's own messages go to stderr", :custom_logger, :log_formatter),
          missing("the process keeps its title", :tag),
          missing("a shutdown writes no backtraces", :shutdown_debug),
          missing("give it in each port or bind", :set_default_host)
        ].freeze

        # @return [Hash{Symbol => Entry}]
        BY_NAME = ALL.flat_map { |entry| entry.names.map { |name| [name, entry] } }.to_h.freeze
      end
    end
  end
end
