# frozen_string_literal: true

require "kino/config/rails_app"
require "kino/config/remedies"
require "kino/config/types"
require "kino/errors"
require "kino/ruby"

module Kino
  module Config
    # Decides how the app is run: what follows from the mode that was asked for, the app and the Ruby.
    module Mode
      # Threads a worker where `threads` is `:auto`. A Ractor has its core to itself, and Ruby 3.4 bears no second
      # thread in it. Plain threads share one lock, so that a few more of them fill each other's waits.
      AUTO_THREADS = { ractor: 1, threaded: 3 }.freeze

      # Ruby's own limit for the native threads of all Ractors but the main one, unless RUBY_MAX_CPU says more.
      VM_MAX_CPU = 8

      class << self
        # @param requested [Symbol] :auto, :ractor or :threaded
        # @param app [#call] looked at, never frozen or changed
        # @param threads [Symbol, Integer, Types::Threads::PerProcess] the setting
        # @param ruby [String] version of Ruby to decide for
        # @return [Array(Symbol, String), Array(Symbol, nil)] :ractor or :threaded, and the reason why `:auto` could
        #   not take :ractor, nil otherwise
        # @raise [UnshareableAppError] for `:ractor` and an app that cannot be shared; says what to do
        # @raise [ConfigError] for `:ractor` and more threads than this Ruby bears
        def resolve(requested, app, threads: :auto, ruby: RUBY_VERSION)
          return [:threaded, nil] if requested == :threaded

          error = obstacle(app, threads, ruby)
          raise error if error && requested == :ractor

          reason = error ? error.message : foreseen(app, requested)
          reason ? [:threaded, reason] : [:ractor, nil]
        end

        # Threads that are given for the process come out even: any rest would be lost.
        #
        # @param settings [Settings]
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @return [Array(Settings, Integer)] with as many workers as there are to be, and the threads a worker
        # @raise [ConfigError] see {.threads}
        def grid(settings, mode)
          workers = settings.workers
          if mode == :threaded && settings.threads.is_a?(Types::Threads::PerProcess)
            workers = workers.downto(1).find { |count| (settings.threads.count % count).zero? }
          end
          [settings.with(workers:), threads(settings.threads, mode, workers:)]
        end

        # A number for the process is about what its threads share, such as a pool of database connections. Ractors
        # share none, so that there it means `:auto`.
        #
        # @param requested [Symbol, Integer, Types::Threads::PerProcess] the setting
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @param workers [Integer] how many there are
        # @param ruby [String] version of Ruby to decide for
        # @return [Integer] threads a worker
        # @raise [ConfigError] for ractor mode and more threads than this Ruby bears
        def threads(requested, mode, workers: 1, ruby: RUBY_VERSION)
          shared = requested.is_a?(Types::Threads::PerProcess)
          return (requested.count / workers).clamp(1, nil) if shared && mode == :threaded
          return AUTO_THREADS.fetch(mode) if shared || requested == :auto

          error = thread_obstacle(requested, ruby) if mode == :ractor
          error ? raise(error) : requested
        end

        # @param settings [Settings]
        # @param workers [Integer] how many there are to be
        # @return [Integer] Ractors that may run at a time in ractor mode: one that is set aside may be in an endless
        #   loop, beside the one in its place
        def ractors(settings, workers: settings.workers)
          workers + (settings.quarantine_timeout ? settings.quarantine_max : 0)
        end

        # @param ractors [Integer] see {.ractors}
        # @param env [Hash{String => String}, ENV] the environment in which the VM was started
        # @return [Boolean] whether the VM has native threads for that many Ractors
        def enough_cpus?(ractors, env: ENV)
          ractors <= vm_limit(env)
        end

        # Twice as many: for workers that are added while the server runs (TTIN), for one that still winds down
        # while its replacement starts, and for Ractors of the app's own. The VM makes the threads only when they are
        # needed, so spare ones cost nothing.
        #
        # @param ractors [Integer] see {.ractors}
        # @return [Integer] what RUBY_MAX_CPU should be
        def max_cpu(ractors) = ractors * 2

        # For programs that start a server themselves and so cannot be started anew with another environment.
        #
        # @param ractors [Integer] see {.ractors}
        # @param env [Hash{String => String}, ENV] the environment in which the VM was started
        # @return [String, nil] nil where all is well
        def max_cpu_warning(ractors, env: ENV)
          return if enough_cpus?(ractors, env:)

          "up to #{ractors} worker Ractors at a time, but Ruby runs them on at most #{vm_limit(env)} cores: " \
            "set RUBY_MAX_CPU=#{max_cpu(ractors)} in the environment before Ruby starts"
        end

        private

        # Read as the VM reads it: what is not a positive number does not count.
        def vm_limit(env)
          asked = env["RUBY_MAX_CPU"].to_i
          asked.positive? ? asked : VM_MAX_CPU
        end

        # Only where Kino decides. Auto does not gamble: an app that may raise in a Ractor runs on threads, where it
        # does not. The check is loaded here, for other modes do not need it.
        #
        # @return [String, nil] nil where the app's code was read to its end, and nothing speaks against Ractors
        def foreseen(app, requested)
          return if requested == :ractor

          require "kino/check"
          finding = Check.first_finding(app) or return
          note = finding.cause == :breakdown ? "please report this" : "which a Ractor may refuse"
          "#{finding.what} (#{finding.place || "by #{finding.path}"}), #{note}; #{advice(app)}"
            .gsub(/[[:cntrl:]]+/, " ")
        end

        def advice(app)
          proof = "kino --check --request \"GET /\" proves it, and -m ractor insists"
          RailsApp.in?(app) ? "this is a Rails app: -m threaded ends this warning, #{proof}" : proof
        end

        # @return [Error, nil] what keeps this app out of ractor mode
        def obstacle(app, threads, ruby)
          return UnshareableAppError.new(unshareable(app, ruby)) unless Ractor.shareable?(app)

          thread_obstacle(threads, ruby) if threads.is_a?(Integer)
        end

        def thread_obstacle(threads, ruby)
          return if threads <= 1 || Ruby.four?(ruby)

          ConfigError.new("ractor mode takes threads: 1 only on Ruby #{ruby}, got #{threads}: its VM deadlocks when " \
                          "a Ractor runs more than one thread (mended in Ruby 4.0)")
        end

        def unshareable(app, ruby)
          return rails(app) if RailsApp.in?(app)

          "the app (#{kind(app)}) cannot be shared between Ractors: make it #{remedies(app, ruby)}, " \
            "or use mode threaded"
        end

        # Nothing that its author could write in another way makes a Rails app shareable.
        def rails(app)
          "the app (#{kind(app)}) is a Rails app, which cannot be shared between Ractors: use -m threaded"
        end

        # @return [String] what the app is, without calling anything of its own
        def kind(app) = Kernel.instance_method(:class).bind_call(app).name || "an unnamed class"

        def remedies(app, ruby)
          proc = Proc === app # rubocop:disable Style/CaseEquality -- which asks the class: an app may lack is_a?
          Remedies.list(ruby:, proc:, object: !proc)
        end
      end
    end
  end
end
