# frozen_string_literal: true

require "kino/check/breakdown"
require "kino/check/code"
require "kino/check/graph"
require "kino/check/report"
require "kino/no_app"

module Kino
  # Tells why a Rack app can, or cannot, run on Ractors. doc/ractors.md says what the findings mean.
  #
  #     report = Kino::Check.report(App)
  #     report.verdict # => :blocked
  #     puts report
  module Check
    class << self
      # Looks at the objects that the app holds and at the code that a request reaches; nothing of it is run, loaded,
      # frozen or changed, unless requests are given.
      #
      # @param app [#call] a Rack app
      # @param requests [Array<String>] such as "GET /path", which are really made, each in a Ractor of its own
      # @param objects [Integer] how many objects to look at
      # @param methods [Integer] how many methods and blocks to read
      # @return [Report] frozen; says so if there was more than that. No request is made of an app that cannot be shared
      # @raise [ConfigError] for a request that is none
      def report(app, requests: [], objects: Graph::LIMIT, methods: Code::LIMIT)
        label = label_of(app)
        code = nil
        findings = [*no_app(app, label)] + Breakdown.guard(label) { Graph.new(app, label:, limit: objects).findings } +
                   Breakdown.guard(label) { (code = Code.new(app, label:, limit: methods)).findings }
        tried = requests.empty? ? {} : try(app, requests)
        Report.new(app: label, findings: findings + tried.values.flatten, requests: tried.keys,
                   unfollowed: code&.unfollowed.to_a.size)
      end

      # A server that boots asks this: whatever goes wrong here, nothing is foreseen, and it boots.
      #
      # @param app [#call]
      # @return [Finding, nil] what every request would raise, and only in a Ractor; what the app holds is not looked at
      # @api private
      def certain(app)
        Code.new(app, label: label_of(app), limit: BOOT_LIMIT, seconds: BOOT_SECONDS).findings
            .find { it.certain? && !Causes::ALL.fetch(it.cause).anywhere }
      rescue *Breakdown::RESCUED => e
        ErrorLog.line("warning: not known whether the app can run on Ractors, for #{Breakdown.text(e)} " \
                      "(please report this)")
        nil
      end

      # What a boot can wait for: some tenths of a second, as a rule.
      BOOT_LIMIT = 500
      # The same, for code that is slow to read.
      BOOT_SECONDS = 0.4
      private_constant :BOOT_LIMIT, :BOOT_SECONDS

      private

      def no_app(app, label)
        what = NoApp.reason(app) or return
        Finding.new(cause: :no_app, certainty: :certain, what:, place: nil, path: label,
                    fix: Causes::ALL.fetch(:no_app).fix)
      end

      # @return [Hash{String => Array<Finding>}] by request, those that were made
      def try(app, requests)
        require "kino/check/trial"
        requests.each { |request| Trial.env(request) } # which raises
        Ractor.shareable?(app) ? requests.to_h { |request| [request, Trial.findings(app, request)] } : {}
      end

      def label_of(app) = Peek.module?(app) ? Peek.title(app) : "app"
    end
  end
end
