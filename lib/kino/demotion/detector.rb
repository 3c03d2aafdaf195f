# frozen_string_literal: true

require "kino/error_log"

module Kino
  class Demotion
    # Tells errors that only a Ractor raises from those that an app raises on threads too.
    #
    # @api private
    module RactorOnlyError
      # What the VM raises when a Ractor touches what it may not share.
      CLASSES = [Ractor::IsolationError, Ractor::UnsafeError, Ractor::MovedError].freeze
      # The message of the plain RuntimeError that it raises for a method made by define_method with a block.
      BLOCK = "defined with an un-shareable Proc in a different Ractor"
      # An IsolationError that the main Ractor raises too, where a Proc is made shareable.
      ANYWHERE = /\AProc's self is not shareable|\Acan ?not (make|isolate) a /
      private_constant :CLASSES, :BLOCK, :ANYWHERE

      # @param error [Exception]
      # @return [Exception, nil] the error, or the first of its causes, that only a Ractor raises
      def self.in(error)
        ErrorLog::MOST_CAUSES.succ.times do
          return error if match?(error)
          # Its cause was raised in a Ractor of the app's own, which the app would make on threads as well.
          return if Ractor::RemoteError === error # rubocop:disable Style/CaseEquality -- the app may override `is_a?`

          error = Exception.instance_method(:cause).bind_call(error) or return
        end
        nil
      rescue *ErrorLog::RESCUED # an exception's own methods may raise
        nil
      end

      def self.match?(error)
        case error
        when *CLASSES then !ANYWHERE.match?(error.message.scrub)
        when RuntimeError then error.message == BLOCK
        end
      end
      private_class_method :match?
    end

    Detector = Data.define(:server_id, :since)

    # Reports to the server, from its worker Ractors, the errors that only a Ractor raises. Shareable: all workers have
    # the same.
    #
    # The first such error of a server that is not proven yet relieves its Ractors from here, at once: no worker takes
    # another request, so that no more requests fail than are in hand.
    #
    # @!attribute [r] server_id
    #   @return [Integer] the server in {Native}
    # @!attribute [r] since
    #   @return [Float] when the server was started, by the monotonic clock
    #
    # @api private
    class Detector
      # How long a server must have run, in seconds, and how many requests it must have served, before its app counts
      # as proven on Ractors.
      PROOF = { seconds: 600, requests: 1000 }.freeze
      # Most lines of a backtrace that are reported.
      LINES = 100
      private_constant :LINES

      # @param error [Exception] raised by the app, or by a hook in a worker
      # @param env [Hash, nil] the Rack env of the request that raised it
      # @return [Boolean] whether only a Ractor raises it, so that it was reported
      def report(error, env)
        error = RactorOnlyError.in(error) or return false
        request = ErrorLog.request(env).tr("\n", " ") if env
        text = "#{request}\n#{ErrorLog.full_message(error).lines.first(LINES).join}"
        proven? ? Native.report_end(server_id, 0, REPORTED, text) : Native.relieve(server_id, text)
        true
      rescue *ErrorLog::RESCUED # the server is gone, for example: then it is an error like any other
        false
      end

      private

      def proven?
        age = Process.clock_gettime(Process::CLOCK_MONOTONIC) - since
        age >= PROOF[:seconds] && Native.stats(server_id)[:served] >= PROOF[:requests]
      end
    end
  end
end
