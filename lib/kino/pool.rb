# frozen_string_literal: true

require "kino/config/directives"
require "kino/hooks"
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
    # @yieldparam error [WorkerError] see {Supervisor}
    # @return [Supervisor] of the workers that the server's settings ask for, not started
    def self.of(server, app:, id:, &)
      settings = server.settings
      hooks = Hooks.of_workers(settings)
      launcher = LAUNCHERS.fetch(server.mode).new(server_id: id, app:, hooks:, threads: server.threads)
      roster = Roster.new(workers: settings.workers, most: Config::Directives[:workers].type.range.end)
      quarantine = Quarantine.new(server_id: id, seconds: settings.quarantine_timeout, most: settings.quarantine_max)
      Supervisor.new(server_id: id, launcher:, roster:, quarantine:, on_exit: settings.on_worker_exit, &)
    end
  end
end
