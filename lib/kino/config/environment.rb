# frozen_string_literal: true

require "kino/config/directives"
require "kino/config/given"
require "kino/config/nearest"

module Kino
  module Config
    # Settings from environment variables: `KINO_` and the name of a directive, and those that platforms set for any
    # server, such as PORT. See {Directive#variables}.
    module Environment
      KNOWN = Directives::ALL.flat_map(&:variables).freeze
      private_constant :KNOWN

      class << self
        # @param env [Hash{String => String}, ENV]
        # @return [Hash{Symbol => Given}] by directive. An empty variable counts as not set
        def read(env)
          Directives::ALL.each_with_object({}) do |directive, given|
            name = directive.variables.find { |variable| !env[variable].to_s.empty? } or next
            given[directive.name] = Given.new(value: "#{env[name]}#{directive.variable[name]}", source: name)
          end
        end

        # An unknown variable is not an error: it may be for another program. But one that is close to a directive is
        # probably a typo.
        #
        # @param env [Hash{String => String}, ENV]
        # @return [Array<String>] a warning for each
        def slips(env)
          strangers = env.keys.select { |name| name.start_with?(Directive::PREFIX) } - KNOWN
          strangers.filter_map do |name|
            # Without the common prefix, which would make any two names look close.
            near = Nearest.to(name.delete_prefix(Directive::PREFIX).downcase, Directives::NAMES) or next
            "#{name} sets nothing (did you mean #{Directive::PREFIX}#{near.upcase}?)"
          end
        end
      end
    end
  end
end
