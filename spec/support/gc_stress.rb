# frozen_string_literal: true

# Collects garbage at every allocation while an example runs, in all Ractors. An object that the binding fails to mark,
# or stores without a write barrier, is gone by the next line. These are minor collections, because with major ones a
# single example takes minutes. Meanwhile a thread keeps compacting the heap, which is a major collection each time and
# moves everything that is not pinned.
#
# On Ruby 3.4 a collection takes several times as long, and clients timed out. There the stress pauses now and then;
# each run pauses at different places in the code.
module GcStress
  MINOR_ONLY = 1

  # Seconds between compactions.
  PAUSE = 0.05

  # Seconds without stress after each.
  REST = RUBY_VERSION.start_with?("3.") ? 0.15 : 0

  # Seconds that an example may take.
  LIMIT = 300

  # The number of examples after which the collector checks every reference on the heap.
  VERIFIED = 5

  @collections = @examples = 0

  class << self
    attr_reader :collections, :examples

    # @yield under stress
    def during
      before = GC.count
      compacting = Thread.new { compact_for_ever } if GC.respond_to?(:compact)
      GC.stress = MINOR_ONLY
      yield
    ensure
      compacting&.kill&.join # first, because it may turn the stress on again
      GC.stress = false
      @collections += GC.count - before
      @examples += 1
    end

    # Aborts the process with a report if anything is wrong. Called while the example's server still runs, with the
    # objects that its workers keep.
    def verify
      return unless (examples % VERIFIED).zero?

      GC.stress = false
      GC.verify_internal_consistency
      GC.verify_compaction_references(expand_heap: false, toward: :empty) if GC.respond_to?(:compact)
    end

    private

    def compact_for_ever
      loop do
        sleep PAUSE
        GC.compact
        rest unless REST.zero?
      end
    end

    def rest
      GC.stress = false
      sleep REST
      GC.stress = MINOR_ONLY
    end
  end
end

RSpec.configure do |config|
  config.define_derived_metadata { |metadata| metadata[:limit] = GcStress::LIMIT }
  config.around { |example| GcStress.during { example.run } }
  config.prepend_after { GcStress.verify }
  config.after(:suite) do
    config.reporter.message(
      "#{GcStress.examples} examples, #{GcStress.collections} collections, on Ruby #{RUBY_VERSION}"
    )
  end
end
