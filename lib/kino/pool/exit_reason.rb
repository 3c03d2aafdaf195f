# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    ExitReason = Data.define(:stage, :error, :full_message)

    # Why a worker exited.
    #
    # @!attribute [r] stage
    #   @return [Symbol] :boot (it died before it could take a request), :serving (it died later), :leaving (the server
    #     is closed, or the worker was told to leave) or :quarantined (it was told so because it hung; a replacement
    #     runs already)
    # @!attribute [r] error
    #   @return [Exception, nil] what it died of. A Ractor's exceptions stay in it: a {WorkerError} stands for them
    # @!attribute [r] full_message
    #   @return [String, nil] the error as the log has it: class and message, then the backtrace
    class ExitReason
      # @param stage [Symbol]
      # @param error [Exception, nil]
      # @return [ExitReason]
      def self.of(stage, error = nil) = new(stage:, error:, full_message: error && ErrorLog.full_message(error))

      # Yields the reason whatever happens when the error is asked for its message: an exception whose message killed
      # the thread once cost a server all its workers.
      #
      # @param stage [Symbol]
      # @param error [Exception, nil]
      # @yieldparam reason [ExitReason]
      # @return [void]
      def self.report(stage, error)
        reason = new(stage:, error:, full_message: error && ErrorLog.undescribed(error))
        reason = of(stage, error)
      ensure
        yield reason
      end

      # @param stage [String]
      # @param full_message [String, nil]
      # @return [ExitReason] as another Ractor reported it
      def self.reported(stage, full_message)
        error = full_message && WorkerError.new(full_message.lines(chomp: true).first)
        new(stage: stage.to_sym, error:, full_message:)
      end
    end
  end
end
