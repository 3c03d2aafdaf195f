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

    # With YJIT on Ruby 4.0 each Proc that outlives its frame takes a barrier over all Ractors. Mended in 4.1; earlier
    # ones do not have it.
    #
    # @param version [String]
    # @return [Boolean]
    def self.procs_stop_ractors?(version = RUBY_VERSION) = version.start_with?("4.0.")
  end
end
