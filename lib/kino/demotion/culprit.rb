# frozen_string_literal: true

require "kino/error_log"

module Kino
  class Demotion
    # Tells what only a Ractor raises from what an app raises on threads too. Asked only where something was raised.
    #
    # @api private
    module Culprit
      # What the VM raises where a Ractor touches what it may not share.
      CLASSES = [Ractor::IsolationError, Ractor::UnsafeError, Ractor::MovedError].freeze
      # The same, of a method that was made by define_method with a block. It is a plain RuntimeError.
      BLOCK = "defined with an un-shareable Proc in a different Ractor"
      # An IsolationError as well, but the main Ractor raises it too: a Proc was to be made shareable.
      ANYWHERE = /\AProc's self is not shareable|\Acan ?not (make|isolate) a /
      private_constant :CLASSES, :BLOCK, :ANYWHERE

      # @param error [Exception]
      # @return [Exception, nil] that one, or the first of its causes, that only a Ractor raises
      def self.of(error)
        ErrorLog::MOST_CAUSES.succ.times do
          return error if culprit?(error)
          # What is beneath was raised in a Ractor of the app's own, which it makes on threads as well.
          return if Ractor::RemoteError === error # rubocop:disable Style/CaseEquality -- its `is_a?` is the app's

          error = Exception.instance_method(:cause).bind_call(error) or return
        end
        nil
      rescue *ErrorLog::RESCUED # an exception may raise where it is asked
        nil
      end

      def self.culprit?(error)
        case error
        when *CLASSES then !ANYWHERE.match?(error.message.scrub)
        when RuntimeError then error.message == BLOCK
        end
      end
      private_class_method :culprit?
    end
  end
end
