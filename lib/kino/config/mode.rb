# frozen_string_literal: true

require "kino/config/rails_app"
require "kino/config/remedies"
require "kino/config/types"
require "kino/errors"
require "kino/ruby"

module Kino
  module Config
    # Decides how to run the app, from the requested mode, the app and the Ruby.
    module Mode
      # Threads per worker if `threads` is `:auto`. A Ractor has its core to itself, and Ruby 3.4 allows no second
      # thread in it. Plain threads share one lock, so a few more of them make use of each other's waits.
      AUTO_THREADS = { ractor: 1, threaded: 3 }.freeze

      # Ruby's default limit for the native threads of all Ractors but the main one. RUBY_MAX_CPU overrides it.
      VM_MAX_CPU = 8

      class << self
        # @param requested [Symbol] :auto, :ractor or :threaded
        # @param app [#call] only inspected, never frozen or changed
        # @param threads [Symbol, Integer, Types::Threads::PerProcess] the setting
        # @param ruby [String] version of Ruby to decide for
        # @return [Array(Symbol, String), Array(Symbol, nil)] :ractor or :threaded, and the reason why `:auto` did not
        #   pick :ractor, or nil
        # @raise [UnshareableAppError] for `:ractor` and an app that cannot be shared; says what to do
        # @raise [ConfigError] for `:ractor` and more threads than this Ruby allows
        def resolve(requested, app, threads: :auto, ruby: RUBY_VERSION)
          return [:threaded, nil] if requested == :threaded

          error = obstacle(app, threads, ruby)
          raise error if error && requested == :ractor

          reason = error ? error.message : foreseen(app, requested)
          reason ? [:threaded, reason] : [:ractor, nil]
        end

        # Picks a number of workers that divides threads given for the process evenly: a remainder would be lost.
        #
        # @param settings [Settings]
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @return [Array(Settings, Integer)] settings with the number of workers, and the threads per worker
        # @raise [ConfigError] see {.threads}
        def grid(settings, mode)
          workers = settings.workers
          if mode == :threaded && settings.threads.is_a?(Types::Threads::PerProcess)
            workers = workers.downto(1).find { |count| (settings.threads.count % count).zero? }
          end
          [settings.with(workers:), threads(settings.threads, mode, workers:)]
        end

        # A number for the whole process is about what its threads share, such as a pool of database connections.
        # Ractors share none, so for them it means `:auto`.
        #
        # @param requested [Symbol, Integer, Types::Threads::PerProcess] the setting
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @param workers [Integer] how many there are
        # @param ruby [String] version of Ruby to decide for
        # @return [Integer] threads per worker
        # @raise [ConfigError] for ractor mode and more threads than this Ruby allows
        def threads(requested, mode, workers: 1, ruby: RUBY_VERSION)
          shared = requested.is_a?(Types::Threads::PerProcess)
          return (requested.count / workers).clamp(1, nil) if shared && mode == :threaded
          return AUTO_THREADS.fetch(mode) if shared || requested == :auto

          error = thread_obstacle(requested, ruby) if mode == :ractor
          error ? raise(error) : requested
        end

        # @param settings [Settings]
        # @param workers [Integer] the number of workers
        # @return [Integer] Ractors that may run at a time in ractor mode: a quarantined one may be in an endless loop,
        #   beside the one that replaces it
        def ractors(settings, workers: settings.workers)
          workers + (settings.quarantine_timeout ? settings.quarantine_max : 0)
        end

        # @param ractors [Integer] see {.ractors}
        # @param env [Hash{String => String}, ENV] the environment in which the VM was started
        # @return [Boolean] whether the VM has native threads for that many Ractors
        def enough_cpus?(ractors, env: ENV)
          ractors <= vm_limit(env)
        end

        # Twice as many: for workers that are added while the server runs (TTIN), for a worker that ends while its
        # replacement starts, and for the app's own Ractors. The VM starts threads only when they are needed, so spare
        # ones cost nothing.
        #
        # @param ractors [Integer] see {.ractors}
        # @return [Integer] what RUBY_MAX_CPU should be
        def max_cpu(ractors) = ractors * 2

        # For programs that start a server themselves, which Kino cannot restart with another environment.
        #
        # @param ractors [Integer] see {.ractors}
        # @param env [Hash{String => String}, ENV] the environment in which the VM was started
        # @return [String, nil] nil if the limit is high enough
        def max_cpu_warning(ractors, env: ENV)
          return if enough_cpus?(ractors, env:)

          "up to #{ractors} worker Ractors at a time, but Ruby runs them on at most #{vm_limit(env)} cores: " \
            "set RUBY_MAX_CPU=#{max_cpu(ractors)} in the environment before Ruby starts"
        end

        private

        # Reads it as the VM does: only positive numbers count.
        def vm_limit(env)
          asked = env["RUBY_MAX_CPU"].to_i
          asked.positive? ? asked : VM_MAX_CPU
        end

        # Only for `:auto`, which takes no risk: an app that may raise in a Ractor runs on threads. The check is loaded
        # here because other modes do not need it.
        #
        # @return [String, nil] nil if all of the app's code was read, and nothing speaks against Ractors
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

        # @return [Error, nil] why the app cannot run in ractor mode
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

        # No change of its own code makes a Rails app shareable.
        def rails(app)
          "the app (#{kind(app)}) is a Rails app, which cannot be shared between Ractors: use -m threaded"
        end

        # @return [String] the class of the app, found without calling the app
        def kind(app) = Kernel.instance_method(:class).bind_call(app).name || "an unnamed class"

        def remedies(app, ruby)
          proc = Proc === app # rubocop:disable Style/CaseEquality -- which asks the class: an app may lack is_a?
          Remedies.list(ruby:, proc:, object: !proc)
        end
      end
    end
  end
end
