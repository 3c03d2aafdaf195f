# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    Ending = Data.define(:stage, :error, :full_message)

    # How a worker ended.
    #
    # @!attribute [r] stage
    #   @return [Symbol] :boot (it died before it could take a request), :serving (it died later), :leaving (the server
    #     is closed, or it was told to leave) or :set_aside (it was told so because it hung, and is replaced already)
    # @!attribute [r] error
    #   @return [Exception, nil] what it died of. What a Ractor died of stays there: a {WorkerError} stands for it
    # @!attribute [r] full_message
    #   @return [String, nil] that as the log has it: class and message, then the backtrace
    class Ending
      # @param stage [Symbol]
      # @param error [Exception, nil]
      # @return [Ending]
      def self.of(stage, error = nil) = new(stage:, error:, full_message: error && ErrorLog.full_message(error))

      # Tells how a worker ended, whatever its error does when it is asked for its message: an exception whose message
      # kills the thread once cost a server all its workers.
      #
      # @param stage [Symbol]
      # @param error [Exception, nil]
      # @yieldparam ending [Ending]
      # @return [void]
      def self.report(stage, error)
        ending = new(stage:, error:, full_message: error && ErrorLog.undescribed(error))
        ending = of(stage, error)
      ensure
        yield ending
      end

      # @param stage [String]
      # @param full_message [String, nil] as it came from another Ractor
      # @return [Ending]
      def self.told(stage, full_message)
        error = full_message && WorkerError.new(full_message.lines(chomp: true).first)
        new(stage: stage.to_sym, error:, full_message:)
      end
    end
  end
end
