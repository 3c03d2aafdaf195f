# frozen_string_literal: true

require "support/rendezvous"

# Bodies that report to the {Rendezvous} at a path.
module Apps
  # Yields chunks, and reports that it is closed.
  class Reporting
    def initialize(path, *chunks, fail_after: nil)
      @path = path
      @chunks = chunks
      @fail_after = fail_after
    end

    def each
      @chunks.each_with_index do |chunk, index|
        raise "no more" if index == @fail_after

        yield chunk
      end
      raise "no more" if @fail_after == @chunks.size
    end

    def close
      Rendezvous.tell(@path, "closed")
    end
  end

  # Raises in close.
  class BadClose < Reporting
    def close
      super
      raise "cannot close"
    end
  end

  # Has to_ary, which closes it as Rack requires.
  class Arrayed < Reporting
    def to_ary
      close
      @chunks
    end
  end

  # Waits for the spec, and yields its answer.
  class Slow < Reporting
    def each
      yield @chunks.first
      rest = Rendezvous.ask(@path, "midway")
      yield rest
    end
  end

  # Yields until it is stopped.
  class Endless < Reporting
    def each
      yield "start" * 1000
      Rendezvous.ask(@path, "writing")
      loop { yield "x" * 65_536 }
    ensure
      Rendezvous.tell(@path, "stopped")
    end
  end
end
