# frozen_string_literal: true

require "kino/error_log"

module Kino
  module Pool
    Ending = Data.define(:stage, :error, :account)

    # How a worker ended.
    #
    # @!attribute [r] stage
    #   @return [Symbol] :boot (it died before it could take a request), :serving (it died later), :leaving (the server
    #     is closed, or it was told to leave) or :set_aside (it was told so because it hung, and is replaced already)
    # @!attribute [r] error
    #   @return [Exception, nil] what it died of. What a Ractor died of stays there: a {WorkerError} stands for it
    # @!attribute [r] account
    #   @return [String, nil] that as the log has it: class and message, then the backtrace
    class Ending
      # @param stage [Symbol]
      # @param error [Exception, nil]
      # @return [Ending]
      def self.of(stage, error = nil) = new(stage:, error:, account: error && ErrorLog.account(error))

      # @param stage [String]
      # @param account [String, nil] as it came from another Ractor
      # @return [Ending]
      def self.told(stage, account)
        new(stage: stage.to_sym, error: account && WorkerError.new(account.lines(chomp: true).first), account:)
      end
    end
  end
end
