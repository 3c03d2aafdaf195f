# frozen_string_literal: true

# Collects at every allocation while an example runs, in all Ractors: an object that the binding does not mark is gone
# by the next line, and so is one that it does not tell the collector of (a write barrier). These are minor
# collections: with major ones a single example takes minutes. Meanwhile a thread compacts the heap again and again,
# which is a major collection each time, and moves all that is not pinned.
#
# On Ruby 3.4 a collection takes several times as long, and clients gave their answers up: there they are collections
# at every allocation of a short while, again and again, which each run begins elsewhere in the code.
module GcStress
  MINOR_ONLY = 1

  # Seconds between two compactions.
  PAUSE = 0.05

  # Seconds without stress after each.
  REST = RUBY_VERSION.start_with?("3.") ? 0.15 : 0

  # Seconds that an example may take.
  LIMIT = 300

  # After every so many examples the collector checks every reference on the heap.
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
      compacting&.kill&.join # first, for it may put the stress on again
      GC.stress = false
      @collections += GC.count - before
      @examples += 1
    end

    # Ends the process with a report where anything is wrong. Called while the example's server is there, with what its
    # workers keep.
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
