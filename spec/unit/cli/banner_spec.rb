# frozen_string_literal: true

require "kino/cli/banner"

RSpec.describe Kino::CLI::Banner do
  def lines(**facts)
    described_class.lines(mode: :ractor, workers: 2, threads: 1, environment: "test", urls: %w[http://h:1 unix:///a],
                          **facts)
  end

  it "names the version, the Ruby, the mode, the topology and the addresses" do
    expect(lines).to match([/\AKino #{Kino::VERSION} \(ruby #{RUBY_VERSION}( \+YJIT)?\)\z/,
                            "mode: ractor (experimental in Ruby), 2 workers x 1 thread", "environment: test",
                            "listening: http://h:1", "listening: unix:///a", "press Ctrl-C to stop"])
  end

  it "does not call threads experimental" do
    expect(lines(mode: :threaded, workers: 1, threads: 3)).to include("mode: threaded, 1 worker x 3 threads")
  end
end
