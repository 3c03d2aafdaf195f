# frozen_string_literal: true

module Kino
  module Config
    # A value somebody set, and the words that say where.
    #
    # @!attribute [r] value
    #   @return [Object] not yet checked
    # @!attribute [r] source
    #   @return [String] such as "--workers", "KINO_WORKERS" or "kino.rb:3"
    Given = Data.define(:value, :source)
  end
end
