# frozen_string_literal: true

require "kino/check/causes"

module Kino
  module Check
    # What {Check.report} found.
    class Report
      # @return [Array<Finding>] frozen
      attr_reader :findings
      # @return [String] the app's name
      attr_reader :app
      # @return [Array<String>] the requests that were tried, such as "GET /"
      attr_reader :requests

      # @return [Integer] calls of which is not known what they call: their receiver comes about in the request
      attr_reader :unfollowed

      # @return [Array<ProcSite>] where requests make Procs; for an app that can run on Ractors, and where that stops
      #   them all. Advice only
      attr_reader :procs

      # @param app [String] the app's name
      # @param findings [Array<Finding>]
      # @param requests [Array<String>]
      # @param unfollowed [Integer]
      # @param procs [Array<ProcSite>]
      def initialize(app:, findings:, requests: [], unfollowed: 0, procs: [])
        @app = app.dup.freeze
        @unfollowed = unfollowed
        @findings = order(findings).freeze
        @requests = requests.map { it.dup.freeze }.freeze
        @procs = (verdict == :blocked ? [] : procs).dup.freeze
        freeze
      end

      # @return [Symbol] :ready where nothing was found; :possible where nothing certain was; :blocked else
      def verdict
        return :ready if findings.empty?

        findings.any?(&:certain?) ? :blocked : :possible
      end

      # @return [Boolean] whether nothing was found
      def ready? = verdict == :ready

      # @return [Boolean] whether the app can be taken to run: nothing was found, or only what is possible, and
      #   requests were tried that went well
      def passed? = ready? || (verdict == :possible && requests.any?)

      # @return [Boolean] whether nothing certain was found but requests that failed, and not for the sake of the Ractor
      def failed?
        certain = findings.select(&:certain?)
        certain.any? && certain.all? { it.cause == :failure }
      end

      # @return [Array<String>] what to do, one line for each cause, in order; to try the app only where it was not
      def steps
        all = findings.map(&:cause).uniq.map { |cause| Causes::ALL.fetch(cause).first }.uniq
        requests.empty? ? all : all - [Causes::ALL.fetch(:cut).first]
      end

      # @return [Hash{Symbol => Object}] for tools: made of Strings, Symbols, Arrays and Hashes only
      def to_h
        { app:, ruby: RUBY_VERSION, verdict:, requests:, unfollowed:, findings: findings.map(&:to_h), steps:,
          procs: procs.map(&:to_h) }
      end

      # @return [String] JSON of {#to_h}
      def to_json(*)
        require "json"
        JSON.pretty_generate(to_h)
      end

      # @return [String] for people: findings by cause, and at the end what to do first
      def to_s
        require "kino/check/text"
        Text.of(self)
      end

      private

      def order(findings)
        causes = Causes::ALL.keys
        findings.sort_by.with_index { |one, index| [one.certain? ? 0 : 1, causes.index(one.cause), index] }
      end
    end
  end
end
