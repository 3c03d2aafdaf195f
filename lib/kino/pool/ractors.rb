# frozen_string_literal: true

require "kino/pool/crew"
require "kino/pool/launcher"

module Kino
  module Pool
    # Runs workers as Ractors, with one or more threads each: a shareable app. See {Supervisor} for what is common.
    #
    # A worker says by itself how it ended, see {Native}. (`Ractor#take` and `#value` are not used: a Ractor of Ruby 3.4
    # has one place for a thread that waits for another Ractor, so the waits of several lose each other's wake-ups.)
    class Ractors < Launcher
      # What a report of one thread of a worker begins with; the worker itself goes on.
      THREAD = "thread_"
      private_constant :THREAD

      # @param demotion [Demotion, nil] told of what only a Ractor raises; nil where that changes nothing
      # @param about [Hash{Symbol => Object}] what {Launcher} takes
      def initialize(demotion: nil, **about)
        super(**about)
        @demotion = demotion
      end

      # (see Launcher#parts)
      def parts(index) = [[name(index), @threads]]

      # (see Launcher#start)
      def start(number, unit)
        quietly do
          # Each Ractor has a VM lock of its own, and numbers begin with 1.
          work = work_of(unit).merge(lock: number).freeze
          Ractor.new(work, number, unit.threads, name: unit.name) do |its_work, its_number, threads|
            Thread.current.report_on_exception = false
            Kino::Pool::Ractors.work(its_work, its_number, threads)
          end
        end
      end

      # (see Launcher#next_end)
      def next_end(seconds)
        number, what, full_message = Native.await_end(@server_id, seconds&.to_f)
        # What is not of one of them.
        @demotion&.hear(what, full_message) if number&.zero? && full_message
        return unless number&.positive?

        stage = what.delete_prefix(THREAD)
        [number, Ending.told(stage, full_message), stage == what]
      end

      # (see Launcher#note)
      def note(number, ending) = Native.report_end(@server_id, number, ending.stage.name, ending.full_message)

      # (see Launcher#wake)
      def wake = Native.report_end(@server_id, 0, "wake", nil)

      # A Ractor cannot be killed from outside: it is given up, and ends with the process.
      # @return [void]
      def kill = nil

      # Nothing was killed. The `ensure` blocks of what is given up run when the process ends: the VM sees to that.
      # @return [void]
      def await_killed(_seconds) = nil

      # What a worker Ractor does.
      # @param work [Hash{Symbol => Object}] for {Worker.run}
      # @param number [Integer] see {Launcher#start}
      # @param threads [Integer]
      # @return [void]
      def self.work(work, number, threads)
        tell = lambda do |ending, prefix = ""|
          Native.report_end(work[:server_id], number, "#{prefix}#{ending.stage}", ending.full_message)
        end
        # Not a crew of one: on Ruby 3.4 a Ractor must not have a second thread.
        return Worker.run(**work, &tell) if threads == 1

        run_crew(work, threads, tell)
      end

      def self.run_crew(work, threads, tell)
        ending = Ending.of(:serving, WorkerError.new("its main thread was killed"))
        Crew.new(size: threads, name: Ractor.current.name, work:) { |one| tell.call(one, THREAD) }.run
        ending = Ending.of(:leaving)
      rescue Exception => error # rubocop:disable Lint/RescueException -- whatever was raised at it
        ending = Ending.of(:serving, error)
      ensure
        # Here, so that it is missed however it ends.
        tell.call(ending)
      end
      private_class_method :run_crew

      private

      def work_of(unit) = super.merge(watch: @demotion&.watch)

      # The VM says at the start of the first Ractor that they are experimental; the banner does too.
      def quietly
        before = Warning[:experimental]
        Warning[:experimental] = false
        yield
      ensure
        Warning[:experimental] = before
      end
    end
  end
end
