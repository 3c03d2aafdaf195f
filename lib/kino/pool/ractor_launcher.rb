# frozen_string_literal: true

require "kino/pool/exit_reason"
require "kino/pool/launcher"
require "kino/worker"

module Kino
  module Pool
    # Runs workers as Ractors, with one or more threads each, for a shareable app.
    #
    # A worker reports its own exit, through {Native}. (Not with `Ractor#take` or `#value`: a Ractor of Ruby 3.4 has one
    # slot for a thread that waits for another Ractor, so several waiting threads lose each other's wake-ups.)
    class RactorLauncher < Launcher
      # Prefix of the report of one thread; its Ractor goes on.
      THREAD = "thread_"
      private_constant :THREAD

      # @param demotion [Demotion, nil] gets the reports of errors that only a Ractor raises, if it is possible
      # @param about [Hash{Symbol => Object}] see {Launcher#initialize}
      def initialize(demotion: nil, **about)
        super(**about)
        @demotion = demotion
      end

      # (see Launcher#specs)
      def specs(index) = [WorkerSpec.new(index:, name: name(index), threads: @threads)]

      # (see Launcher#start)
      def start(number, spec)
        silence_experimental do
          # Each Ractor has a VM lock of its own. Numbers begin with 1; 0 is the main Ractor's lock.
          work = work_for(spec).merge(lock: number).freeze
          Ractor.new(work, number, spec.threads, name: spec.name) do |its_work, its_number, threads|
            Thread.current.report_on_exception = false
            Kino::Pool::RactorLauncher.work(its_work, its_number, threads)
          end
        end
      end

      # (see Launcher#next_exit)
      def next_exit(seconds)
        number, what, full_message = Native.await_end(@server_id, seconds&.to_f)
        # 0 is no worker: "wake" without a text, or an error that only a Ractor raises.
        @demotion&.receive(what, full_message) if number&.zero? && full_message
        return unless number&.positive?

        stage = what.delete_prefix(THREAD)
        [number, ExitReason.reported(stage, full_message), stage == what]
      end

      # (see Launcher#report)
      def report(number, reason) = Native.report_end(@server_id, number, reason.stage.name, reason.full_message)

      # (see Launcher#wake)
      def wake = Native.report_end(@server_id, 0, "wake", nil)

      # Does nothing: a Ractor cannot be killed from outside. It is abandoned, and ends with the process.
      # @return [void]
      def kill = nil

      # Does nothing. The VM runs the `ensure` blocks of abandoned Ractors when the process ends.
      # @return [void]
      def await_killed(_seconds) = nil

      # Runs in the worker Ractor.
      # @param work [Hash{Symbol => Object}] for {Worker.run}
      # @param number [Integer] see {Launcher#start}
      # @param threads [Integer]
      # @return [void]
      def self.work(work, number, threads)
        report = lambda do |reason, prefix = ""|
          Native.report_end(work[:server_id], number, "#{prefix}#{reason.stage}", reason.full_message)
        end
        # On Ruby 3.4 a Ractor must not have a second thread.
        return Worker.run(**work, &report) if threads == 1

        run_threads(work, threads, report)
      end

      def self.run_threads(work, threads, report)
        exit_reason = ExitReason.of(:serving, WorkerError.new("its main thread was killed"))
        RactorThreads.new(size: threads, name: Ractor.current.name, work:) { |reason| report.call(reason, THREAD) }.run
        exit_reason = ExitReason.of(:leaving)
      rescue Exception => error # rubocop:disable Lint/RescueException -- anything may be raised at this thread
        exit_reason = ExitReason.of(:serving, error)
      ensure
        # In an ensure, so that the supervisor hears of the exit even if this thread is killed.
        report.call(exit_reason)
      end
      private_class_method :run_threads

      private

      def work_for(spec) = super.merge(detector: @demotion&.detector)

      # With the first Ractor the VM warns that they are experimental; our banner says so too.
      def silence_experimental
        before = Warning[:experimental]
        Warning[:experimental] = false
        yield
      ensure
        Warning[:experimental] = before
      end
    end

    # The threads of one worker Ractor that has several. A thread that dies while it serves is replaced here; one that
    # dies at boot is not, because the supervisor decides about retries.
    class RactorThreads
      # @param size [Integer] how many threads
      # @param name [String] prefix of the threads' names
      # @param work [Hash{Symbol => Object}] for {Worker.run}
      # @yieldparam reason [ExitReason] of one of the threads
      def initialize(size:, name:, work:, &report)
        @size = size
        @name = name
        @work = work
        @report = report
        @exits = Thread::Queue.new
      end

      # Returns when no thread is left.
      # @return [void]
      def run
        @size.times { |number| start("#{@name}-#{number + 1}") }
        left = @size
        while left.positive?
          name, reason = @exits.pop(timeout: Launcher::LONGEST_WAIT)
          next unless reason

          @report.call(reason)
          reason.stage == :serving ? start(name) : left -= 1
        end
      end

      private

      def start(name)
        Thread.new do
          Thread.current.name = name
          Thread.current.report_on_exception = false
          Worker.run(**@work) { |reason| @exits << [name, reason] }
        end
      rescue *ErrorLog::RESCUED, NoMemoryError => error # Ruby cannot start another thread
        @exits << [name, ExitReason.of(:boot, error)]
      end
    end
  end
end
