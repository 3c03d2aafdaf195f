# frozen_string_literal: true

require "kino/config/settings"
require "kino/listeners"
require "tmpdir"

RSpec.describe Kino::Listeners do
  def listeners(*bind, given: [], passed: [], **settings)
    settings = settings.merge(bind:) if bind.any?
    described_class.new(Kino::Config::Settings.resolve(**settings), given:, passed:)
  end

  # Stands in for an open socket.
  def passed(identity, number, kept: false)
    Kino::PassedSocket.new(identity:, io: Struct.new(:fileno).new(number), kept:)
  end

  def native(**) = { descriptor: nil, path: nil, kept: false, tls: nil, proxy_protocol: false, ** }

  it "opens what bind says" do
    expect(listeners("::1", "tcp://h:1", "unix:///a?mode=0600", "unix:///b", port: 80).native).to eq(
      [native(host: "::1", port: 80), native(host: "h", port: 1), native(path: "/a", mode: 0o600),
       native(path: "/b", mode: nil)]
    )
  end

  it "uses a descriptor, which belongs to whoever has opened it" do
    expect(listeners("fd://7").native).to eq([native(descriptor: 7, kept: true)])
  end

  it "uses the caller's sockets instead" do
    expect(listeners("h", given: [3, Struct.new(:fileno).new(4)]).native)
      .to eq([native(descriptor: 3, kept: true), native(descriptor: 4, kept: true)])
  end

  it "takes over what a predecessor has opened for the same address, and opens the rest" do
    sockets = [passed("tcp://h:1", 5), passed("fd://3", 6, kept: true), passed("unix:///gone", 7)]
    expect(listeners("tcp://h:1", "tcp://h:2", "fd://3", passed: sockets).native).to eq(
      [native(descriptor: 5), native(host: "h", port: 2), native(descriptor: 6, kept: true)]
    )
  end

  it "takes over each socket once" do
    sockets = [passed("tcp://h:0", 5), passed("tcp://h:0", 6)]
    expect(listeners("h", "h", port: 0, passed: sockets).native.map { it[:descriptor] }).to eq([5, 6])
  end

  it "knows a relative path by its real directory, and relative to the given one" do
    Dir.mktmpdir("kino") do |directory|
      real = File.realpath(directory)
      Dir.mkdir("#{real}/shared")
      File.symlink("#{real}/shared", "#{real}/link")
      settings = Kino::Config::Settings.resolve(bind: "unix://link/~a")
      old = described_class.new(settings, directory: real)
      expect(old.native.first).to include(path: "#{real}/link/~a")
      expect(old.passed([:io]).first.identity).to eq("unix://#{real}/shared/~a")
    end
  end

  it "uses all of a service manager's, if no address names one" do
    sockets = [passed("systemd://a", 3, kept: true), passed("systemd://b", 4, kept: true)]
    expect(listeners("h", passed: sockets).native.map { it[:descriptor] }).to eq([3, 4])
  end

  it "uses those that are named, beside others" do
    sockets = [passed("systemd://a", 3, kept: true), passed("systemd://b", 4, kept: true),
               passed("systemd://a", 5, kept: true)]
    expect(listeners("systemd://a", "tcp://h:1", "systemd://b", passed: sockets).native.map { it[:descriptor] })
      .to eq([3, 5, nil, 4])
  end

  it "refuses a name that was not passed, and passed sockets without a name in bind" do
    sockets = [passed("systemd://a", 3, kept: true), passed("systemd://b", 4, kept: true)]
    expect { listeners("systemd://c", passed: sockets) }
      .to raise_error(Kino::BindError, "no socket for bind systemd://c: this process got systemd://a, systemd://b")
    expect { listeners("systemd://c") }
      .to raise_error(Kino::BindError, "no socket for bind systemd://c: this process got none from a service manager")
    expect { listeners("systemd://a", passed: sockets) }
      .to raise_error(Kino::BindError, "the service manager has passed systemd://b, which bind does not name")
  end

  it "expects the PROXY protocol where the address or the directive says so" do
    expecting = lambda { |**settings|
      listeners("h", "tcp://h:1?proxy_protocol=on", "fd://3?proxy_protocol=off", **settings)
    }
    expect(expecting.call.native.map { it[:proxy_protocol] }).to eq([false, true, false])
    expect(expecting.call(proxy_protocol: true).native.map { it[:proxy_protocol] }).to eq([true, true, false])
    expect(listeners(given: [3], proxy_protocol: true).native.first).to include(proxy_protocol: true)
  end

  it "passes them on under the same names" do
    sockets = listeners("tcp://h:1", "fd://3").passed(%i[one two])
    expect(sockets.map(&:to_h)).to eq([{ identity: "tcp://h:1", io: :one, kept: false },
                                       { identity: "fd://3", io: :two, kept: true }])
    expect(listeners(given: [3]).passed([:io]).first).to be_named
  end

  it "has URLs with the host as given, or as the socket tells" do
    given = listeners("tcp://localhost:1", "unix:///a", "fd://3", "fd://4")
    expect(given.urls([["127.0.0.1", 1], ["/a"], ["::1", 2], []]))
      .to eq(["http://localhost:1", "unix:///a", "http://[::1]:2", "fd://4"])
    expect(given.urls).to eq(["http://localhost:1", "unix:///a", "fd://3", "fd://4"])
  end

  it "closes its own copy of an inherited descriptor, but not what has the number by chance" do
    reader, writer = IO.pipe
    number = reader.fileno
    reader.autoclose = false
    listeners("fd://#{number}", passed: [passed("fd://#{number}", 5)]).close_inherited
    expect(reader).not_to be_closed
    writer << "a"
    expect(reader.readpartial(1)).to eq("a")
    2.times { listeners("fd://#{number}").close_inherited }
    expect { writer << "a" }.to raise_error(Errno::EPIPE)
  end

  describe "with certificates" do
    let(:tls) { { cert: "-----BEGIN c", key: "-----BEGIN k" } }

    # Which of them speak TLS, and with which certificate.
    before { allow(File).to receive(:binread) { |path| File.basename(path) } }

    def speaking(...) = listeners(...).native.map { it[:tls]&.dig(:certificates, 0, 1) }

    it "speaks TLS where nothing says otherwise, at ssl://, and where it is on" do
      binds = %w[h tcp://h:1 ssl://h:2 unix:///a unix:///b?tls=on fd://8 fd://9?tls=on
                 ssl://h:3?cert=o&key=k]
      expect(speaking(*binds, tls:))
        .to eq(["-----BEGIN c", nil, "-----BEGIN c", nil, "-----BEGIN c", nil, "-----BEGIN c", "o"])
    end

    it "speaks it at sockets that are used instead of addresses" do
      expect(speaking("h", given: [3], tls:)).to eq(["-----BEGIN c"])
      expect(speaking("h", passed: [passed("systemd://a", 3, kept: true)], tls:)).to eq(["-----BEGIN c"])
      expect(speaking("systemd://a", "h", passed: [passed("systemd://a", 3, kept: true)],
                                          tls:)).to eq([nil, "-----BEGIN c"])
    end

    it "goes on with the socket of a predecessor, whether that spoke TLS there or not" do
      expect(listeners("ssl://h:1", tls:, passed: [passed("tcp://h:1", 5)]).native.first)
        .to include(descriptor: 5, tls: include(verify: "none"))
    end

    it "refuses to serve without TLS where an address asks for it, but sockets are passed instead" do
      expect { listeners("ssl://h:1?cert=o&key=k", passed: [passed("systemd://a", 3, kept: true)]) }
        .to raise_error(Kino::ConfigError, %r{\Abind ssl://h:1 is not used, .* systemd://a: name these in bind})
    end

    it "refuses certificates that no address uses, and addresses without one" do
      expect { listeners("tcp://h:1", "unix:///a", tls:) }
        .to raise_error(Kino::ConfigError, %r{\Atls is of no use, .* \(tcp://h:1, unix:///a\)\z})
      expect { listeners("fd://3?tls=on") }
        .to raise_error(Kino::ConfigError, %r{\Atls: there is no certificate for fd://3: give it})
    end
  end
end
