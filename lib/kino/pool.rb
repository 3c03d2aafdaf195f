# frozen_string_literal: true

require "kino/config/directives"
require "kino/hooks"
require "kino/pool/exit_hook"
require "kino/pool/quarantine"
require "kino/pool/ractors"
require "kino/pool/roster"
require "kino/pool/supervisor"
require "kino/pool/threads"

module Kino
  # Where workers run, and what is done about those that die or hang.
  module Pool
    # By mode.
    LAUNCHERS = { ractor: Ractors, threaded: Threads }.freeze
    private_constant :LAUNCHERS

    # @param server [Server]
    # @param app [#call]
    # @param id [Integer] the server in {Native}
    # @param hook_threads [Hooks::Threads]
    # @yieldparam error [WorkerError] see {Supervisor}
    # @return [Supervisor] of the workers that the server's settings ask for, not started
    def self.of(server, app:, id:, hook_threads:, &)
      settings = server.settings
      hooks = Hooks.of_workers(settings)
      launcher = LAUNCHERS.fetch(server.mode).new(server_id: id, app:, hooks:, threads: server.threads)
      roster = Roster.new(workers: settings.workers, most: Config::Directives[:workers].type.range.end)
      quarantine = Quarantine.new(server_id: id, seconds: settings.quarantine_timeout, most: settings.quarantine_max)
      exit_hook = ExitHook.new(settings.on_worker_exit, threads: hook_threads)
      Supervisor.new(server_id: id, launcher:, roster:, quarantine:, exit_hook:, &)
    end
  end
end
