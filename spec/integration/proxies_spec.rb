# frozen_string_literal: true

require "ipaddr"
require "support/authority"
require "support/integration"
require "tmpdir"

RSpec.describe "A server behind a proxy" do
  def env(response) = Apps::EnvDump.parse(response)

  # @return [Hash{String => String}] the env of a request on a connection that begins with this header
  def introduced(header, server, **)
    HttpClient.open(server.port, **) { |client| env(client.write(header).get("/")) }
  end

  let(:second_version) do
    "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".b + IPAddr.new("2001:db8::1").hton + IPAddr.new("2001:db8::2").hton +
      [4711, 443].pack("nn")
  end

  in_both_modes do |mode|
    it "takes the client from the PROXY protocol, version 1 and 2" do
      server = serve(Apps::EnvDump, proxy_protocol: true)
      expect(introduced("PROXY TCP4 192.0.2.1 198.51.100.2 4711 80\r\n", server))
        .to include("REMOTE_ADDR" => "192.0.2.1", "REMOTE_PORT" => "4711")
      expect(introduced(second_version, server)).to include("REMOTE_ADDR" => "2001:db8::1", "REMOTE_PORT" => "4711")
      expect(HttpClient.open(server.port) { |client| client.send_head("GET").closed_by_server? }).to be(true)
      eventually("it is counted") { server.stats[:refusals][:bad_proxy_header] == 1 }
    end

    it "reads it before TLS" do
      pair = Authority.new.then { |authority| { authority:, tls: authority.sign("a.test") } }
      server = serve(Apps::EnvDump, tls: pair[:tls], bind: "ssl://127.0.0.1:0?proxy_protocol=on")
      HttpClient.open(server.port) do |client|
        client.write("PROXY TCP4 192.0.2.1 198.51.100.2 4711 80\r\n").encrypt(pair[:authority].client, "a.test")
        expect(env(client.get("/"))).to include("REMOTE_ADDR" => "192.0.2.1", "rack.url_scheme" => "https")
      end
    end

    it "believes the headers of trusted proxies, and of nobody else" do
      headers = { "x-forwarded-for" => "6.6.6.6, 192.0.2.1, 10.0.0.1", "x-forwarded-proto" => "https",
                  "x-forwarded-host" => "shop.example" }
      server = serve(Apps::EnvDump, trusted_proxies: "127.0.0.0/8 10.0.0.0/8")
      expect(env(HttpClient.get(server.port, "/", headers)))
        .to include("REMOTE_ADDR" => "192.0.2.1", "REMOTE_PORT" => "", "rack.url_scheme" => "https",
                    "HTTP_HOST" => "shop.example", "SERVER_NAME" => "shop.example", "SERVER_PORT" => "443")
      standard = { "forwarded" => 'for="[2001:db8::1]:80";proto=https;host=a.example, for=10.0.0.1' }
      expect(env(HttpClient.get(server.port, "/", standard)))
        .to include("REMOTE_ADDR" => "2001:db8::1", "rack.url_scheme" => "https", "HTTP_HOST" => "a.example")
      # A header that the proxy passes on must not make the client pass for the proxy.
      disputed = headers.merge("forwarded" => "for=127.0.0.1")
      expect(env(HttpClient.get(server.port, "/", disputed))).to include("REMOTE_ADDR" => "", "REMOTE_PORT" => "")
      # The next request of the same host is not forwarded.
      expect(env(HttpClient.get(server.port, "/", "host" => "shop.example")))
        .to include("REMOTE_ADDR" => "127.0.0.1", "rack.url_scheme" => "http", "SERVER_PORT" => "80")
      expect(env(HttpClient.get(serve(Apps::EnvDump).port, "/", headers)))
        .to include("REMOTE_ADDR" => "127.0.0.1", "rack.url_scheme" => "http", "HTTP_HOST" => "kino.test",
                    "HTTP_X_FORWARDED_HOST" => "shop.example")
    end

    it "may have its proxy on a Unix domain socket" do
      Dir.mktmpdir("kino") do |directory|
        server = Kino::Server.new(Apps::EnvDump, bind: "unix://#{directory}/s", trusted_proxies: "unix", workers: 1,
                                                 threads: 1, mode:).start
        given = { "x-forwarded-for" => "192.0.2.1", "x-forwarded-proto" => "https" }
        HttpClient.open(unix: "#{directory}/s") do |client|
          expect(env(client.get("/", given))).to include("REMOTE_ADDR" => "192.0.2.1", "rack.url_scheme" => "https")
        end
      ensure
        server&.shutdown
      end
    end
  end
end
