# frozen_string_literal: true

require "kino/check/causes"
require "kino/check/finding"
require "kino/error_log"

module Kino
  module Check
    # What is said where the check itself fails over an app. That is a mistake of Kino's, and no reason for a server not
    # to boot, nor for the rest of the report to be lost.
    #
    # @api private
    module Breakdown
      # What is taken for one.
      RESCUED = ErrorLog::RESCUED
      # Where Kino is.
      LIBRARY = "#{File.expand_path("../..", __dir__)}/".freeze

      class << self
        # @param label [String] the app's name in paths
        # @yieldreturn [Array<Finding>]
        # @return [Array<Finding>] what the block gives, or that it failed
        def guard(label)
          yield
        rescue *RESCUED => e
          [finding(e, label)]
        end

        # @param error [Exception]
        # @return [String] on one line
        def text(error)
          place = error.backtrace_locations&.first
          where = " at #{place.path.delete_prefix(LIBRARY)}:#{place.lineno}" if place
          "the check itself failed: #{ErrorLog.describe(error)}#{where}"
        end

        # @param error [Exception]
        # @param label [String] the app's name in paths
        # @return [Finding]
        def finding(error, label)
          Finding.new(cause: :breakdown, certainty: :possible, what: text(error), place: nil, path: label,
                      fix: Causes::ALL.fetch(:breakdown).fix)
        end
      end
    end
  end
end
