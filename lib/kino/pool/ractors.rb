# frozen_string_literal: true

require "kino/pool/base"
require "kino/worker"

module Kino
  module Pool
    # `workers` Ractors with `threads` threads each: a shareable app.
    class Ractors < Base
      # A Ractor that is waited for. It cannot be killed from outside; one that hangs ends with the
      # process.
      Handle = Struct.new(:ractor) do
        # @return [Exception, nil] what it died of
        def wait
          finished = ractor.respond_to?(:value) ? ractor.value : ractor.take
          finished == :closed ? nil : WorkerExit.new("a thread of its was killed or left by throw")
        rescue Ractor::RemoteError => e
          e.cause || e
        end

        # @return [void]
        def kill; end
      end

      private

      def names
        Array.new(@workers) { |index| "kino-worker-#{index + 1}" }
      end

      def spawn(name)
        Handle.new(quietly { make(name) })
      end

      def make(name)
        Ractor.new(@server_id, @app, @threads, name:) do |server_id, app, threads|
          Thread.current.report_on_exception = false
          Kino::Pool::Ractors.work(server_id, app, threads)
        end
      end

      # The VM says at each start of the first Ractor that they are experimental; the banner does too.
      def quietly
        before = Warning[:experimental]
        Warning[:experimental] = false
        yield
      ensure
        Warning[:experimental] = before
      end

      # What a worker Ractor does.
      # @param server_id [Integer]
      # @param app [#call] shareable
      # @param threads [Integer]
      # @return [Symbol, nil] :closed once the server is
      def self.work(server_id, app, threads)
        return run(server_id, app) if threads == 1

        all = Array.new(threads) do
          Thread.new do
            Thread.current.report_on_exception = false
            run(server_id, app)
          end
        end
        all.map(&:value).all?(:closed) ? :closed : nil
      end

      # @return [Symbol] :closed
      def self.run(server_id, app)
        Worker.new(server_id:, app:).run
        :closed
      end
      private_class_method :run
    end
  end
end
