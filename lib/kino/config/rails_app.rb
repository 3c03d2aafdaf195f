# frozen_string_literal: true

require "kino/peek"

module Kino
  module Config
    # Tells Rails apps from others, so that their users are not told to turn them into modules. Nothing of the app is
    # called, and nothing of Rails is loaded.
    #
    # @api private
    module RailsApp
      # Middleware that is looked behind.
      DEPTH = 50
      private_constant :DEPTH

      class << self
        # @param app [Object] a Rack app
        # @return [Boolean] whether it is one of Rails, or middleware around one
        def in?(app)
          return false unless defined?(::Rails::Application)

          level = [app]
          DEPTH.times do
            return true if level.any? { rails?(it) }

            level = level.flat_map { behind(it) }
            return false if level.empty?
          end
          false
        end

        private

        # `run Rails.application` as a rule; its class answers calls as well.
        def rails?(app)
          type = Peek.module?(app) ? app : Peek.class_of(app)
          Peek.descends?(type, ::Rails::Application) || false
        end

        # By the name that Rack's own middleware has given it, and most other; and what `map` makes.
        def behind(app)
          within = %i[@app @mapping].filter_map { |name| Peek.ivar(app, name) if Peek.ivars(app).include?(name) }
          within.flat_map { Peek.kind?(it, Array) ? it.flatten.reject { |one| simple?(one) } : [it] }
        end

        def simple?(object) = [String, Regexp, NilClass].any? { Peek.kind?(object, it) }
      end
    end
  end
end
