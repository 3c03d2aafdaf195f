# frozen_string_literal: true

require "kino/config/address"

RSpec.describe Kino::Config::Address do
  def parse(text) = described_class.parse(text)

  {
    "127.0.0.1" => [nil, "127.0.0.1", nil], "localhost" => [nil, "localhost", nil],
    "my-host.example" => [nil, "my-host.example", nil], "::1" => [nil, "::1", nil], "::" => [nil, "::", nil],
    "[::1]" => [nil, "::1", nil], "fe80::1%eth0" => [nil, "fe80::1%eth0", nil],
    "::ffff:127.0.0.1" => [nil, "::ffff:127.0.0.1", nil], "tcp://127.0.0.1:80" => [:tcp, "127.0.0.1", 80],
    "tcp://localhost" => [:tcp, "localhost", nil], "tcp://[::1]:0" => [:tcp, "::1", 0],
    "tcp://[::]:65535/" => [:tcp, "::", 65_535]
  }.each do |text, (scheme, host, port)|
    it "reads #{text}" do
      expect(parse(text)).to eq(described_class.new(scheme:, host:, port:, name: nil, options: {}))
      expect(parse(text)).to be_tcp
    end
  end

  {
    "unix:///run/kino.sock" => [:unix, "/run/kino.sock", {}], "unix://tmp/a b" => [:unix, "tmp/a b", {}],
    "unix:///a?mode=0660" => [:unix, "/a", { mode: 0o660 }], "unix:///a?mode=600" => [:unix, "/a", { mode: 0o600 }],
    "unix:///a?" => [:unix, "/a", {}], "fd://3" => [:fd, "3", {}], "systemd://web.http" => [:systemd, "web.http", {}]
  }.each do |text, (scheme, name, options)|
    it "reads #{text}" do
      expect(parse(text)).to eq(described_class.new(scheme:, host: nil, port: nil, name:, options:))
      expect(parse(text)).not_to be_tcp
    end
  end

  ["", " ", "a b", "127.0.0.1:80", "[::1]:80", "tcp://", "tcp://a:", "tcp://a:65536", "tcp://a:x", "tcp://::1:80",
   "tcp://a/b", "http://a", "a\n", "a\0", "[::1", "::1]", "unix://", "unix:///", "unix://a\0", "unix:/a", "fd://",
   "fd://x", "fd://-1", "systemd://", "systemd://a:b", "unix:///a?mode=1660", "unix:///a?mode=rw", "unix:///a?x=1",
   "tcp://a?mode=600", "fd://3?mode=600"].each do |text|
    it "does not read #{text.inspect}" do
      expect(parse(text)).to be_nil
    end
  end

  it "can get another port" do
    {
      "tcp://a" => "tcp://a:1", "tcp://a:80?proxy_protocol=on" => "tcp://a:1?proxy_protocol=on",
      "ssl://[::1]:80?cert=a:9&key=b" => "ssl://[::1]:1?cert=a:9&key=b", "tcp://[::1]/" => "tcp://[::1]:1/", "a" => "a"
    }.each { |text, changed| expect(described_class.with_port(text, 1)).to eq(changed) }
  end

  it "has an identity, whatever its options" do
    expect(parse("tcp://[::1]:80").identity).to eq("tcp://[::1]:80")
    expect(parse("localhost").with(port: 81).identity).to eq("tcp://localhost:81")
    expect(parse("unix:///a?mode=600").identity).to eq("unix:///a")
    expect([parse("fd://3"), parse("systemd://web")].map(&:identity)).to eq(["fd://3", "systemd://web"])
  end

  it "writes URLs, with IPv6 in brackets" do
    expect(described_class.url(host: "127.0.0.1", port: 9292)).to eq("http://127.0.0.1:9292")
    expect(described_class.url(host: "::1", port: 80)).to eq("http://[::1]:80")
  end
end
