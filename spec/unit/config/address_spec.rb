# frozen_string_literal: true

require "kino/config/address"

RSpec.describe Kino::Config::Address do
  {
    "127.0.0.1" => ["127.0.0.1", nil], "localhost" => ["localhost", nil], "my-host.example" => ["my-host.example", nil],
    "::1" => ["::1", nil], "::" => ["::", nil], "[::1]" => ["::1", nil], "fe80::1%eth0" => ["fe80::1%eth0", nil],
    "::ffff:127.0.0.1" => ["::ffff:127.0.0.1", nil],
    "tcp://127.0.0.1:80" => ["127.0.0.1", 80], "tcp://localhost" => ["localhost", nil], "tcp://[::1]:0" => ["::1", 0],
    "tcp://[::]:65535/" => ["::", 65_535]
  }.each do |text, (host, port)|
    it "reads #{text}" do
      expect(described_class.parse(text)).to eq(described_class.new(host:, port:))
    end
  end

  ["", " ", "a b", "127.0.0.1:80", "[::1]:80", "tcp://", "tcp://a:", "tcp://a:65536", "tcp://a:x", "tcp://::1:80",
   "tcp://a/b", "http://a", "unix:///tmp/a", "a\n", "a\0", "[::1", "::1]"].each do |text|
    it "does not read #{text.inspect}" do
      expect(described_class.parse(text)).to be_nil
    end
  end

  it "writes URLs, with IPv6 in brackets" do
    expect(described_class.url(host: "127.0.0.1", port: 9292)).to eq("http://127.0.0.1:9292")
    expect(described_class.url(host: "::1", port: 80)).to eq("http://[::1]:80")
  end
end
