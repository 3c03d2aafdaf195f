# frozen_string_literal: true

require "kino/pool/backoff"

module Kino
  module Pool
    Unit = Data.define(:index, :name, :threads, :failures, :has_served)

    # Something that runs and ends as one: a worker Ractor, or one of the plain threads of a worker.
    #
    # @!attribute [r] index
    #   @return [Integer] of the worker that it is, or is a part of
    # @!attribute [r] name
    #   @return [String]
    # @!attribute [r] threads
    #   @return [Integer] how many of it are left
    # @!attribute [r] failures
    #   @return [Integer] how many before it died at boot, one after the other
    # @!attribute [r] has_served
    #   @return [Boolean] whether it takes the place of one that had come up
    class Unit
      # @param failures [Integer]
      # @param has_served [Boolean]
      # @param attributes [Hash{Symbol => Object}] the others, all of them
      def initialize(failures: 0, has_served: false, **attributes) = super

      # @param ending [Ending] how it has ended
      # @return [Unit] that is to take its place
      def after(ending)
        return with(failures: failures + 1) if ending.stage == :boot

        with(failures: 0, has_served: true)
      end

      # @return [Boolean] whether enough before it died at boot
      def exhausted? = Backoff.exhausted?(failures)
    end
  end
end
