# frozen_string_literal: true

require "kino/config/settings"
require "kino/native_settings"

RSpec.describe Kino::NativeSettings do
  def of(mode: :ractor, listeners: [], **settings)
    described_class.of(Kino::Config::Settings.resolve(workers: 3, **settings), mode:, listeners:)
  end

  it "passes directives on unchanged, and the listeners" do
    expect(of(backlog: 5, queue_timeout: 1, request_timeout: nil, listeners: [5])).to include(
      backlog: 5, queue_timeout: 1.0, request_timeout: nil, listeners: [5]
    )
  end

  it "lets workers drive connections in ractor mode, and not in threaded mode" do
    expect([of[:shards], of(mode: :threaded)[:shards]]).to eq([3, 0])
  end

  it "follows the directive dispatch" do
    expect(of(mode: :threaded, dispatch: :driven)[:shards]).to eq(3)
    expect([of(dispatch: :queue)[:shards], of(lanes: true)[:shards]]).to eq([0, 0])
  end

  it "counts arenas by threads that run Ruby at the same time" do
    expect([of[:arenas], of(mode: :threaded)[:arenas]]).to eq([4, 2])
  end
end
