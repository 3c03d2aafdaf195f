# frozen_string_literal: true

require "kino/config/directives"
require "kino/demotion"
require "kino/hooks"
require "kino/pool/exit_hook"
require "kino/pool/quarantine"
require "kino/pool/ractors"
require "kino/pool/roster"
require "kino/pool/successors"
require "kino/pool/supervisor"
require "kino/pool/threads"
require "kino/yjit"

module Kino
  # Where workers run, and what is done about those that die or hang.
  module Pool
    # @param server [Server]
    # @param app [#call]
    # @param id [Integer] the server in {Native}
    # @param hook_threads [Hooks::Threads]
    # @param yjit [Boolean, Symbol, nil] the directive, for threads that take the place of Ractors; nil leaves it
    # @yieldparam error [WorkerError] see {Supervisor}
    # @return [Supervisor] of the workers that the server's settings ask for, not started
    def self.of(server, app:, id:, hook_threads:, yjit: nil, &)
      settings = server.settings
      roster = Roster.new(workers: settings.workers, most: Config::Directives[:workers].type.range.end)
      quarantine = Quarantine.new(server_id: id, seconds: settings.quarantine_timeout, most: settings.quarantine_max)
      exit_hook = ExitHook.new(settings.on_worker_exit, threads: hook_threads)
      about = { server_id: id, app:, hooks: Hooks.of_workers(settings) }
      demotion = demotion(settings, about, yjit) if server.mode == :ractor && settings.mode == :auto
      launcher = launcher(server.mode, demotion, **about, threads: server.threads)
      Supervisor.new(launcher:, roster:, quarantine:, exit_hook:, demotion:, &)
    end

    def self.launcher(mode, demotion, **about)
      mode == :ractor ? Ractors.new(demotion:, **about) : Threads.new(**about)
    end

    def self.demotion(settings, about, yjit)
      Demotion.new(server_id: about[:server_id], settings:) do |ractors, threads|
        YJIT.settle(yjit, :threaded) if yjit
        Successors.new(ractors, **about, threads:)
      end
    end
    private_class_method :launcher, :demotion
  end
end
