# frozen_string_literal: true

require "kino/config/directives"
require "kino/demotion"
require "kino/hooks"
require "kino/pool/exit_hook"
require "kino/pool/ractor_launcher"
require "kino/pool/supervisor"
require "kino/pool/thread_launcher"
require "kino/yjit"

module Kino
  # Runs workers, and replaces those that die or hang. {Supervisor} is the way in.
  module Pool
    # @param server [Server]
    # @param app [#call]
    # @param id [Integer] the server in {Native}
    # @param hook_threads [Hooks::Threads]
    # @param yjit [Boolean, Symbol, nil] the directive, which is applied again if threads replace the Ractors; nil
    #   leaves YJIT alone
    # @yieldparam error [WorkerError] see {Supervisor#initialize}
    # @return [Supervisor] of the workers that the server's settings ask for, not started
    def self.of(server, app:, id:, hook_threads:, yjit: nil, &)
      settings = server.settings
      table = WorkerTable.new(workers: settings.workers, most: Config::Directives[:workers].type.range.end)
      quarantine = Quarantine.new(server_id: id, seconds: settings.quarantine_timeout, most: settings.quarantine_max)
      exit_hook = ExitHook.new(settings.on_worker_exit, threads: hook_threads)
      about = { server_id: id, app:, hooks: Hooks.of_workers(settings) }
      demotion = demotion(settings, about, yjit) if server.mode == :ractor && settings.mode == :auto
      launcher = launcher(server.mode, demotion, **about, threads: server.threads)
      Supervisor.new(launcher:, table:, quarantine:, exit_hook:, demotion:, &)
    end

    def self.launcher(mode, demotion, **about)
      mode == :ractor ? RactorLauncher.new(demotion:, **about) : ThreadLauncher.new(**about)
    end

    def self.demotion(settings, about, yjit)
      Demotion.new(server_id: about[:server_id], settings:) do |ractors, threads|
        YJIT.apply(yjit, :threaded) if yjit
        ReliefLauncher.new(ractors, **about, threads:)
      end
    end
    private_class_method :launcher, :demotion
  end
end
