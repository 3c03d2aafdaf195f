# frozen_string_literal: true

require "kino/peek"

module Kino
  module Config
    # Recognises Rails apps, so that their users are not told to turn them into modules. Calls nothing of the app, and
    # loads nothing of Rails.
    #
    # @api private
    module RailsApp
      # Middleware that may wrap a Rails app.
      DEPTH = 50
      private_constant :DEPTH

      class << self
        # @param app [Object] a Rack app
        # @return [Boolean] whether it is a Rails app, or middleware around one
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

        # The inner app, by the instance variable of Rack's own and most other middleware; and the apps of `map`.
        def behind(app)
          within = %i[@app @mapping].filter_map { |name| Peek.ivar(app, name) if Peek.ivars(app).include?(name) }
          within.flat_map { Peek.kind?(it, Array) ? it.flatten.reject { |one| simple?(one) } : [it] }
        end

        def simple?(object) = [String, Regexp, NilClass].any? { Peek.kind?(object, it) }
      end
    end
  end
end
