# frozen_string_literal: true

require "kino/version"

module Kino
  class CLI
    # What the command prints once the server listens.
    module Banner
      class << self
        # @param mode [Symbol] :ractor or :threaded, as resolved
        # @param workers [Integer]
        # @param threads [Integer] threads per worker
        # @param environment [String]
        # @param urls [Array<String>] where the server listens
        # @return [Array<String>] lines
        def lines(mode:, workers:, threads:, environment:, urls:)
          [
            "Kino #{VERSION} (#{ruby})",
            "mode: #{topology(mode, workers, threads)}",
            "environment: #{environment}",
            *urls.map { |url| "listening: #{url}" },
            "press Ctrl-C to stop"
          ]
        end

        # @return [String] the running Ruby, such as "ruby 4.0.5 +YJIT"
        def ruby
          yjit = defined?(RubyVM::YJIT) && RubyVM::YJIT.enabled?
          "#{RUBY_ENGINE} #{RUBY_VERSION}#{" +YJIT" if yjit}"
        end

        private

        # Says that Ractors are experimental, because the VM's own warning is silenced.
        def topology(mode, workers, threads)
          grid = "#{count(workers, "worker")} x #{count(threads, "thread")}"
          mode == :ractor ? "ractor (experimental in Ruby), #{grid}" : "#{mode}, #{grid}"
        end

        def count(number, noun) = "#{number} #{noun}#{"s" unless number == 1}"
      end
    end
  end
end
