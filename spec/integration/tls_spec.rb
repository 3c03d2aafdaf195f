# frozen_string_literal: true

require "openssl"
require "tmpdir"
require "support/authority"
require "support/child"
require "support/http2_client"
require "support/integration"

RSpec.describe "TLS" do
  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = File.realpath(directory)
      example.run
    ensure
      @child&.close
    end
  end

  let(:authority) { Authority.new }

  # Writes a certificate for these names, and its key.
  # @return [Hash{Symbol => String}] for the directive tls
  def files(*names, base: names.first, **)
    pair = authority.sign(*names, **)
    { cert: write("#{base}.crt", pair[:cert]), key: write("#{base}.key", pair[:key]) }
  end

  def write(name, text) = File.join(@directory, name).tap { |path| File.write(path, text) }

  # @return [HttpClient] over TLS
  def secure(port, host: "a.test", **)
    HttpClient.open(port) { |client| yield client.encrypt(authority.client(**), host) }
  end

  def get(port, target = "/", **) = secure(port, **) { |client| client.get(target) }
  def env(port, **) = Apps::EnvDump.parse(get(port, **))
  def subject_at(port, **) = secure(port, **) { |client| client.socket.peer_cert.subject.to_s }

  let(:hijacking) do
    Module.new do
      def self.call(env)
        env["rack.hijack"].call.then do |socket|
          socket.write("hijacked")
          socket.close
        end
      end
    end
  end

  in_both_modes do |_mode|
    it "is spoken where the address says so, and the app knows" do
      server = serve(Apps::EnvDump, tls: files("a.test"), bind: %w[127.0.0.1 tcp://127.0.0.1:0 ssl://localhost:0])
      expect(server.urls.map { URI(it).scheme }).to eq(%w[https http https])
      one, plain, two = server.urls.map { URI(it).port }
      expect([env(one), env(two)]).to all(include("rack.url_scheme" => "https", "SERVER_PORT" => "443"))
      expect(Apps::EnvDump.parse(HttpClient.get(plain))).to include("rack.url_scheme" => "http", "SERVER_PORT" => "80")
    end

    it "carries large bodies, and hijacked connections" do
      server = serve(Apps::Uploads, tls: files("a.test"))
      body = "x" * 300_000
      secure(server.port) do |client|
        2.times { expect(client.request("POST", "/read", {}, body).body).to eq(body) }
      end
      server = serve(hijacking, tls: files("a.test"))
      secure(server.port) { |client| expect(client.send_head("GET").read_rest).to eq("hijacked") }
    end

    it "carries HTTP/2 with clients that choose it" do
      server = serve(Apps::EnvDump, tls: files("a.test"))
      client = Http2Client.new(server.port, tls: authority.client)
      expect(client.protocol).to eq("h2")
      2.times do
        env = Apps::EnvDump.parse(client.get("/", ":scheme" => "https"))
        expect(env).to include("SERVER_PROTOCOL" => "HTTP/2", "rack.url_scheme" => "https", "SERVER_PORT" => "443")
      end
    ensure
      client&.close
    end

    it "asks clients for certificates if it should, and gives their subject to the app" do
      ca = write("ca.crt", authority.pem)
      server = serve(Apps::EnvDump, tls: { **files("a.test"), ca:, verify: :required })
      client = authority.sign("device 7")
      expect(env(server.port,
                 **client)).to include("SSL_CLIENT_S_DN" => "CN=device 7", "SSL_CLIENT_VERIFY" => "SUCCESS",
                                       "SSL_CLIENT_CERT" => a_string_starting_with("-----BEGIN CERT"))
      expect { get(server.port) }.to raise_error(OpenSSL::SSL::SSLError, /certificate required/)
      expect do
        get(server.port, **Authority.new("stranger").sign("device 8"))
      end.to raise_error(OpenSSL::SSL::SSLError, /unknown ca/)
    end
  end

  context "in threaded mode" do
    let(:mode) { :threaded }

    it "speaks 1.2 and 1.3, and nothing older" do
      server = serve(Apps::Blocking, tls: files("a.test"))
      { OpenSSL::SSL::TLS1_2_VERSION => "TLSv1.2", OpenSSL::SSL::TLS1_3_VERSION => "TLSv1.3" }.each do |version, name|
        secure(server.port, version:) { |client| expect(client.socket.ssl_version).to eq(name) }
      end
      expect { get(server.port, version: OpenSSL::SSL::TLS1_1_VERSION) }.to raise_error(OpenSSL::SSL::SSLError)
    end

    it "has several certificates, also in the text itself, and chooses by the host" do
      inline = authority.sign("b.test", "*.c.test")
      server = serve(Apps::Blocking, tls: [files("a.test"), inline])
      hosts = %w[a.test b.test x.c.test other.test]
      expect(hosts.map { |host| subject_at(server.port, host:, verify: false) })
        .to eq(%w[/CN=a.test /CN=b.test /CN=b.test /CN=a.test])
    end

    it "reads the files again without closing connections, and keeps the old ones if the new ones are broken" do
      tls = files("a.test", base: "x")
      server = serve(Apps::Blocking, tls:)
      secure(server.port) do |old|
        files("a.test", base: "x", organization: "new")
        server.reload
        expect(subject_at(server.port)).to eq("/CN=a.test/O=new")
        expect(old.get("/free").body).to eq("free")
        expect(old.socket.peer_cert.subject.to_s).to eq("/CN=a.test")
      end
      File.write(tls[:key], authority.sign("a.test")[:key])
      server.reload
      File.delete(tls[:cert])
      server.reload
      expect(subject_at(server.port)).to eq("/CN=a.test/O=new")
      expect(log.lines(chomp: true)).to eq(
        ["kino: tls: the private key in #{tls[:key]} is not that of the certificate in #{tls[:cert]}; the old " \
         "certificates stay",
         "kino: tls: cannot read the cert #{tls[:cert]}: No such file or directory; the old certificates stay"]
      )
    end
  end

  def start(*flags)
    @child = Child.kino("-m", "threaded", "-w", "1", "-t", "1", "-b", "ssl://127.0.0.1:0", *flags,
                        "#{Child::ROOT}/spec/support/rackups/blocking.ru", chdir: @directory)
  end

  it "starts from the command line, and reads the files again on HUP" do
    files("a.test", base: "x")
    child = start("--tls", "cert=x.crt,key=x.key")
    port = URI(child.line(/^listening: (.*)$/)[1]).port
    expect(get(port, "/free").body).to eq("free")
    files("a.test", base: "x", organization: "new")
    child.signal("HUP")
    eventually("the new certificate is there") { subject_at(port) == "/CN=a.test/O=new" }
  end

  it "is refused at boot with one line that says what is wrong" do
    files("a.test", base: "x")
    files("a.test", base: "y")
    files("a.test", base: "old", from: -20, to: -10)
    write("empty", "")
    {
      "cert=x.crt,key=y.key" => "tls: the private key in y.key is not that of the certificate in x.crt",
      "cert=none.crt,key=x.key" => "tls: cannot read the cert none.crt: No such file or directory",
      "cert=empty,key=x.key" => "tls: there is no certificate in empty",
      "cert=x.crt,key=x.crt" => "tls: there is no private key in x.crt",
      "cert=old.crt,key=old.key" => /tls: the certificate in old.crt has expired: it was valid until .* GMT/,
      "cert=x.crt" => /tls must be .*: cert needs its key/,
      "cert=x.crt,key=x.key,verify=required" => /tls must be .*: verify required needs a ca/
    }.each do |tls, message|
      child = start("--tls", tls)
      expect(child.own_status.exitstatus).to be_positive
      expect(child.errors).to match(/\Akino: #{message.is_a?(Regexp) ? message : Regexp.escape(message)}$/)
      expect(child.errors.lines.size).to eq(1)
      child.close
    end
    @child = nil
  end

  it "is refused where nothing would speak it, or without a certificate" do
    expect { Kino::Server.new(Apps::Blocking, mode: :threaded, bind: "tcp://127.0.0.1:0", tls: files("a.test")) }
      .to raise_error(Kino::ConfigError, /\Atls is of no use, because no address speaks it/)
    expect { Kino::Server.new(Apps::Blocking, mode: :threaded, bind: "ssl://127.0.0.1:0") }
      .to raise_error(Kino::ConfigError, %r{\Atls: there is no certificate for ssl://127.0.0.1:0})
  end

  it "shows no private key in an error" do
    key = authority.sign("a.test")[:key]
    expect { Kino::Server.new(Apps::Blocking, mode: :threaded, tls: { key: }) }
      .to raise_error(Kino::ConfigError, /\Atls must be .* got {key: "\(PEM\).*"} .*: key needs its cert\z/)
  end

  it "makes a certificate for development" do
    env = { "XDG_STATE_HOME" => @directory }
    @child = Child.kino("--dev-cert", env:)
    expect(@child.status.exitstatus).to eq(0)
    certificate, key = @child.output.scan(/^(?:certificate|key): (\S+)/).flatten
    expect(File.stat(key).mode & 0o777).to eq(0o600)
    server = serve(Apps::Blocking, mode: :threaded, tls: { cert: certificate, key: })
    store = OpenSSL::X509::Store.new.add_file(certificate)
    expect(get(server.port, "/free", host: "localhost", store:).body).to eq("free")
    again = Child.kino("--dev-cert", env:)
    expect { again.status }.not_to(change { File.read(certificate) })
    again.close
  end
end
