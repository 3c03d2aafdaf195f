# frozen_string_literal: true

require "kino/app_loader"
require "kino/check"

module Kino
  class CLI
    # `kino --check`: prints the report on an app, and gives the exit status.
    class Check
      # The app should run on Ractors.
      READY = 0
      # It cannot, or no trial has shown that it can.
      NOT_READY = 1

      # @param out [IO] for the report
      # @param err [IO] for the app's output while it is loaded or tried
      def initialize(out:, err:)
        @out = out
        @err = err
      end

      # @param app [#call, nil] nil to load it from the rackup file
      # @param rackup [String] a rackup file
      # @param json [Boolean] for tools
      # @param requests [Array<String>] to be tried, such as "GET /path"
      # @return [Integer] exit status: 0 if nothing was found, or if there are only possible findings and all requests,
      #   at least one, succeeded; else 1
      # @raise [AppLoadError] if the app cannot be loaded
      # @raise [ConfigError] for an invalid request
      def call(app: nil, rackup: "config.ru", json: false, requests: [])
        report = quietly { Kino::Check.report(app || AppLoader.load(rackup), requests:) }
        @out.puts json ? report.to_json : report.to_s
        report.passed? ? READY : NOT_READY
      end

      private

      # The output of the app, and of processes that it starts, must not get into the JSON.
      def quietly(&)
        before = $stdout
        $stdout = @err
        diverted(&)
      ensure
        $stdout = before
      end

      def diverted
        output = STDOUT # rubocop:disable Style/GlobalStdStream -- which is what such a process gets
        aside = output.dup
        output.flush
        output.reopen(STDERR) # rubocop:disable Style/GlobalStdStream
        yield
      ensure
        output.flush
        output.reopen(aside)
        aside.close
      end
    end
  end
end
