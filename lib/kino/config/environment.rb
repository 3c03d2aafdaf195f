# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/given"

module Kino
  module Config
    # What the variables of the environment set: `KINO_` and the name of a directive, and what platforms set for any
    # server, such as PORT. See {Directive#variables}.
    module Environment
      # @param env [Hash{String => String}, ENV]
      # @return [Hash{Symbol => Given}] by directive. A variable that is empty is not set
      def self.read(env)
        Directives::ALL.each_with_object({}) do |directive, given|
          name = directive.variables.find { |variable| !env[variable].to_s.empty? } or next
          given[directive.name] = Given.new(value: env[name], source: name)
        end
      end
    end
  end
end
