# frozen_string_literal: true

module Kino
  # Differences between the versions of Ruby that Kino runs on.
  #
  # @api private
  module Ruby
    # Since 4.0 a Ractor can have several threads, and a Proc can be made shareable.
    #
    # @param version [String]
    # @return [Boolean]
    def self.four?(version = RUBY_VERSION) = version.to_i >= 4

    # Before 4.1, YJIT stops all Ractors for a moment whenever a Proc that outlives its frame is made.
    #
    # @param version [String]
    # @return [Boolean]
    def self.procs_stop_ractors?(version = RUBY_VERSION)
      (version.split(".").first(2).map(&:to_i) <=> [4, 1]).negative?
    end
  end
end
