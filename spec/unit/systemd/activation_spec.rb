# frozen_string_literal: true

require "socket"
require "kino/systemd/activation"

# What it does with descriptors that are open, spec/integration/systemd_spec.rb has: 3 is taken here.
RSpec.describe Kino::Systemd::Activation do
  let(:env) { { "LISTEN_PID" => Process.pid.to_s, "LISTEN_FDS" => "1", "LISTEN_FDNAMES" => "web", "OTHER" => "1" } }

  def take(**changes) = described_class.take(env.merge!(changes.transform_keys(&:to_s)))

  it "finds nothing if the variables are missing, or name another process" do
    expect(described_class.take({})).to eq([])
    expect(take(LISTEN_PID: Process.ppid.to_s)).to eq([])
    expect(env).to eq("OTHER" => "1")
  end

  it "finds nothing if there are no sockets" do
    expect(take(LISTEN_FDS: "0")).to eq([])
  end

  ["", "-1", "one", "99999"].each do |count|
    it "refuses #{count.inspect} sockets" do
      expect { take(LISTEN_FDS: count) }.to raise_error(Kino::BindError, "LISTEN_FDS is no number: #{count.inspect}")
      expect(env).to eq("OTHER" => "1")
    end
  end

  it "names sockets in order, and those without a name as systemd does" do
    allow(IO).to receive(:for_fd) { |number, **| instance_double(IO, fileno: number, :close_on_exec= => true) }
    sockets = take(LISTEN_FDS: "4", LISTEN_FDNAMES: "web::web")
    expect(sockets.map(&:identity)).to eq(%w[systemd://web systemd://unknown systemd://web systemd://unknown])
    expect(sockets.map { |socket| socket.io.fileno }).to eq([3, 4, 5, 6])
  end

  it "rejects a descriptor that is not open" do
    stub_const("#{described_class}::FIRST", 9999)
    expect { take }.to raise_error(Kino::BindError, /file descriptor 9999 is a socket, but it is not open/)
  end

  it "rejects a descriptor that Ruby reserves for itself" do
    allow(IO).to receive(:for_fd).and_raise(ArgumentError, "RubyVM reserves it")
    expect { take }.to raise_error(Kino::BindError, /file descriptor 3 is a socket, but it is not open/)
  end

  it "returns open sockets, and sets close-on-exec" do
    TCPServer.open("127.0.0.1", 0) do |server|
      server.close_on_exec = false
      stub_const("#{described_class}::FIRST", server.fileno)
      expect(take).to match([have_attributes(identity: "systemd://web", io: have_attributes(fileno: server.fileno),
                                             kept: true)])
      expect(server.close_on_exec?).to be(true)
    end
  end
end
