# frozen_string_literal: true

require "support/rendezvous"

# Bodies that report to the {Rendezvous} at a path.
module Apps
  # Yields chunks and reports.
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

  # Whose close raises.
  class BadClose < Reporting
    def close
      super
      raise "cannot close"
    end
  end

  # Has to_ary, which closes it, as Rack wants it.
  class Arrayed < Reporting
    def to_ary
      close
      @chunks
    end
  end

  # Goes on when it is told to, with what it is told.
  class Slow < Reporting
    def each
      yield @chunks.first
      rest = Rendezvous.ask(@path, "midway")
      yield rest
    end
  end

  # Writes until somebody stops it.
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
