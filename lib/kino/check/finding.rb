# frozen_string_literal: true

require "kino/check/causes"

module Kino
  module Check
    # One thing that keeps, or may keep, an app out of Ractors.
    #
    # @!attribute [r] cause
    #   @return [Symbol] a key of {Causes::ALL}
    # @!attribute [r] certainty
    #   @return [Symbol] :certain, every request meets it; :possible, some may
    # @!attribute [r] what
    #   @return [String]
    # @!attribute [r] place
    #   @return [String, nil] file and line; nil where there is none
    # @!attribute [r] path
    #   @return [String] how it is reached from the app, such as `app.@logger` or `App.call -> Repo.all`
    # @!attribute [r] fix
    #   @return [String] what to do about it
    Finding = Data.define(:cause, :certainty, :what, :place, :path, :fix) do
      # @return [Boolean]
      def certain? = certainty == :certain

      # @return [Boolean] whether it is about Ractors: threads would not do the same
      def ractors_only? = !Causes::ALL.fetch(cause).anywhere
    end

    # A place where a request makes a Proc: advice, and no finding.
    #
    # @!attribute [r] what
    #   @return [String] how it comes about
    # @!attribute [r] place
    #   @return [String] file and line
    # @!attribute [r] path
    #   @return [String] how it is reached, see {Finding}
    ProcSite = Data.define(:what, :place, :path)
  end
end
