# frozen_string_literal: true

module Kino
  # What sets the versions of Ruby apart that Kino runs on.
  #
  # @api private
  module Ruby
    # Since 4.0 a Ractor bears several threads, and a Proc can be made shareable.
    #
    # @param version [String]
    # @return [Boolean]
    def self.four?(version = RUBY_VERSION) = version.to_i >= 4

    # Before 4.1 YJIT stops all Ractors for a moment whenever a Proc is made that outlives its frame.
    #
    # @param version [String]
    # @return [Boolean]
    def self.procs_stop_ractors?(version = RUBY_VERSION)
      (version.split(".").first(2).map(&:to_i) <=> [4, 1]).negative?
    end
  end
end
