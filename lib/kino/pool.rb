# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/mode"
require "kino/demotion"
require "kino/hooks"
require "kino/pool/exit_hook"
require "kino/pool/quarantine"
require "kino/pool/ractors"
require "kino/pool/roster"
require "kino/pool/successors"
require "kino/pool/supervisor"
require "kino/pool/threads"

module Kino
  # Where workers run, and what is done about those that die or hang.
  module Pool
    # @param server [Server]
    # @param app [#call]
    # @param id [Integer] the server in {Native}
    # @param hook_threads [Hooks::Threads]
    # @yieldparam error [WorkerError] see {Supervisor}
    # @return [Supervisor] of the workers that the server's settings ask for, not started
    def self.of(server, app:, id:, hook_threads:, &) # rubocop:disable Metrics/AbcSize -- a list of parts
      settings = server.settings
      about = { server_id: id, app:, hooks: Hooks.of_workers(settings), threads: server.threads }
      threads = Config::Mode.threads(settings.threads, :threaded)
      demotion = Demotion.new(server_id: id, threads:) if server.mode == :ractor && settings.mode == :auto
      launcher = server.mode == :ractor ? Ractors.new(demotion:, **about) : Threads.new(**about)
      successors = ->(ractors) { Successors.new(ractors, **about, threads:) }
      roster = Roster.new(workers: settings.workers, most: Config::Directives[:workers].type.range.end)
      quarantine = Quarantine.new(server_id: id, seconds: settings.quarantine_timeout, most: settings.quarantine_max)
      exit_hook = ExitHook.new(settings.on_worker_exit, threads: hook_threads)
      Supervisor.new(server_id: id, launcher:, roster:, quarantine:, exit_hook:, demotion:, successors:, &)
    end
  end
end
