# frozen_string_literal: true

require_relative "load"

module Bench
  # One measurement of one server in one round.
  #
  # - cpu: seconds of CPU of the server's processes while wrk ran
  # - pss: their memory after it, in KiB
  # - others: seconds of CPU of everything else but wrk
  # - wrk: see load.lua
  Sample = Data.define(:row, :column, :round, :cpu, :pss, :others, :wrk) do
    def requests = wrk.fetch("requests")

    # @return [Float] requests a second
    def rate = requests / wrk.fetch("seconds")

    # @return [Float] microseconds of CPU a request
    def cpu_us = requests.zero? ? Float::NAN : cpu * 1e6 / requests

    # @return [Float] how many cores the server kept busy
    def cores = cpu / wrk.fetch("seconds")

    # @return [Float] how many cores other processes kept busy
    def other_cores = others / wrk.fetch("seconds")

    # @return [Float] microseconds
    def p50 = wrk.fetch("p50_us").to_f

    # @return [Float] microseconds
    def p99 = wrk.fetch("p99_us").to_f

    # @return [Integer]
    def errors = wrk.values_at(*Load::FAULTS).sum

    # @return [Hash] for JSON
    def facts = { row:, column:, round:, rate:, cpu_us:, cores:, other_cores:, pss_kib: pss, **wrk }
  end
end
