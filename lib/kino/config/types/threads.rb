# frozen_string_literal: true

require "kino/config/types/whole"

module Kino
  module Config
    module Types
      # Threads per worker; or threads of the whole process: "5/process".
      class Threads < Whole
        # A number of threads that all workers share.
        PerProcess = Data.define(:count) do
          # @return [String] as the command line takes it
          def to_s = "#{count}/process"
        end

        FORM = %r{\A(?<count>.+)/process\z}
        private_constant :FORM

        # (see Type#coerce)
        def coerce(value)
          return value if value.is_a?(PerProcess)

          form = FORM.match(value) if value.is_a?(String)
          number = super(form ? form[:count] : value) { return yield }
          return number unless form

          number.is_a?(Integer) ? PerProcess.new(count: number) : yield
        end

        # (see Type#expectation)
        def expectation = "#{super}, or such a number for all workers together: 5/process"

        private

        def literal(value) = value.is_a?(PerProcess) ? value.to_s.inspect : super
      end
    end
  end
end
