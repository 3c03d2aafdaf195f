# frozen_string_literal: true

module Kino
  module Config
    # A value that was set, and where.
    #
    # @!attribute [r] value
    #   @return [Object] not validated
    # @!attribute [r] source
    #   @return [String] such as "--workers", "KINO_WORKERS" or "kino.rb:3"
    Given = Data.define(:value, :source)
  end
end
