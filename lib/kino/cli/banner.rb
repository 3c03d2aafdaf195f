# frozen_string_literal: true

require "kino/version"

module Kino
  class CLI
    # What the command prints once the server listens.
    module Banner
      class << self
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @param workers [Integer]
        # @param threads [Integer] threads a worker
        # @param environment [String]
        # @param url [String] where the server listens
        # @return [Array<String>] lines
        def lines(mode:, workers:, threads:, environment:, url:)
          [
            "Kino #{VERSION} (#{ruby})",
            "mode: #{topology(mode, workers, threads)}",
            "environment: #{environment}",
            "listening: #{url}",
            "press Ctrl-C to stop"
          ]
        end

        # @return [String] the Ruby that runs, such as "ruby 4.0.5 +YJIT"
        def ruby
          yjit = defined?(RubyVM::YJIT) && RubyVM::YJIT.enabled?
          "#{RUBY_ENGINE} #{RUBY_VERSION}#{" +YJIT" if yjit}"
        end

        private

        # Ractors are marked as experimental here because the VM's own warning of that is kept silent.
        def topology(mode, workers, threads)
          grid = "#{count(workers, "worker")} x #{count(threads, "thread")}"
          mode == :ractor ? "ractor (experimental in Ruby), #{grid}" : "#{mode}, #{grid}"
        end

        def count(number, noun) = "#{number} #{noun}#{"s" unless number == 1}"
      end
    end
  end
end
