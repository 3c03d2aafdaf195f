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
  end
end
