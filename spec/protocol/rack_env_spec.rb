# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Responds with the values of the env that are not Strings.
  module Objects
    def self.call(env)
      values = env.reject { |_, value| value.is_a?(String) }
      kinds = [values["rack.response_finished"].frozen?, values["rack.hijack"].respond_to?(:call),
               values["rack.errors"].respond_to?(:puts), values["rack.input"].respond_to?(:gets)]
      [200, HEADERS, [Marshal.dump([values.keys.sort, values["rack.response_finished"].to_a,
                                    values["rack.hijack?"], *kinds, env.frozen?])]]
    end
  end
end

module Protocol
  # Reports which Strings of its env are frozen, then modifies the env.
  module Spoiler
    def self.call(env)
      kinds = env.select { |_, value| value.is_a?(String) }.transform_values(&:frozen?)
      body = Marshal.dump([env.reject { |key, _| key.start_with?("rack.", "kino.") }, kinds])
      env["rack.response_finished"] << ->(*) {}
      env.each { |key, value| value.is_a?(String) && !value.frozen? ? value.replace("spoilt") : env[key] = nil }
      env["rack.response_finished"] = nil
      env["spoilt"] = true
      [200, HEADERS, [body]]
    end
  end
end

module Protocol
  # Responds with the peer, and collects garbage.
  module Collected
    def self.call(env)
      peer = [env["REMOTE_ADDR"], env["REMOTE_PORT"]]
      GC.start
      Array.new(10_000) { |index| "rubbish #{index}" }
      [200, HEADERS, [Marshal.dump(peer)]]
    end
  end
end

# The environment of Rack's SPEC.
RSpec.describe "the Rack env" do
  in_both_modes do
    before { serve(Protocol::Env) }

    def env_from(line, *) = env_of(Protocol.request(*line.split(" ", 2), *))

    describe "PATH_INFO and QUERY_STRING" do
      {
        "/" => ["/", ""],
        "/?" => ["/", ""],
        "/a/b/" => ["/a/b/", ""],
        "/a%20b%2Fc%zz" => ["/a%20b%2Fc%zz", ""],
        "/a/../b/./c" => ["/a/../b/./c", ""],
        "/../../etc/passwd" => ["/../../etc/passwd", ""],
        "/%2e%2e/" => ["/%2e%2e/", ""],
        "//a//b//" => ["//a//b//", ""],
        "//example.org/a" => ["//example.org/a", ""],
        "/a;b=c" => ["/a;b=c", ""],
        "/a+b" => ["/a+b", ""],
        "/a?b=c&d" => ["/a", "b=c&d"],
        "/a?b?c=/../d" => ["/a", "b?c=/../d"],
        "/a?%41+%zz" => ["/a", "%41+%zz"],
        "/?a[]=b|c" => ["/", "a[]=b|c"],
        "http://b.example" => ["/", ""],
        "http://b.example/" => ["/", ""],
        "http://b.example?x=y" => ["/", "x=y"],
        "http://b.example//x/../y?z" => ["//x/../y", "z"]
      }.each do |target, (path, query)|
        it "are #{path} and #{query.inspect} for #{target}" do
          expect(env_from("GET #{target}"))
            .to include("PATH_INFO" => path, "QUERY_STRING" => query, "SCRIPT_NAME" => "")
        end
      end

      it "are * and an empty String for OPTIONS * (RFC 9112 section 3.2.4)" do
        expect(env_from("OPTIONS *")).to include("PATH_INFO" => "*", "QUERY_STRING" => "", "SCRIPT_NAME" => "")
      end
    end

    describe "SERVER_NAME, SERVER_PORT and HTTP_HOST" do
      {
        "a.example" => ["a.example", "80"],
        "a.example:8080" => ["a.example", "8080"],
        "a.example:" => ["a.example", "80"],
        "A.Example" => ["A.Example", "80"],
        "127.0.0.1:1" => ["127.0.0.1", "1"],
        "[::1]" => ["[::1]", "80"],
        "[::1]:8080" => ["[::1]", "8080"],
        "[2001:DB8::1]:65535" => ["[2001:DB8::1]", "65535"]
      }.each do |host, (name, port)|
        it "are #{name} and #{port} for Host: #{host}" do
          expect(env_of("GET / HTTP/1.1\r\nHost: \t#{host} \r\n\r\n"))
            .to include("SERVER_NAME" => name, "SERVER_PORT" => port, "HTTP_HOST" => host)
        end

        it "are the same for #{host} in absolute form, which overrides Host (RFC 9112 section 3.2.2)" do
          expect(env_of("GET http://#{host}/x HTTP/1.1\r\nHost: b.example:99\r\n\r\n"))
            .to include("SERVER_NAME" => name, "SERVER_PORT" => port, "HTTP_HOST" => host)
        end
      end

      it "are the local address if there is no Host" do
        env = env_of("GET / HTTP/1.0\r\n\r\n")
        expect(env).to include("SERVER_NAME" => "127.0.0.1", "SERVER_PORT" => server.port.to_s)
        expect(env).not_to include("HTTP_HOST")
      end
    end

    describe "REMOTE_ADDR" do
      it "is the address of the peer" do
        expect(env_from("GET /")["REMOTE_ADDR"]).to eq("127.0.0.1")
      end

      it "is the IPv4 address of a peer with an IPv4-mapped IPv6 address" do
        serve(Protocol::Env, bind: "::")
        expect(env_from("GET /")["REMOTE_ADDR"]).to eq("127.0.0.1")
        env = env_of("GET / HTTP/1.0\r\n\r\n")
        expect(env).to include("SERVER_NAME" => "127.0.0.1", "REMOTE_ADDR" => "127.0.0.1")
      end

      it "is the IPv6 address of an IPv6 peer" do
        serve(Protocol::Env, bind: "::1")
        env = Marshal.load(connect(host: "::1").exchange("GET / HTTP/1.0\r\n\r\n").body) # rubocop:disable Security/MarshalLoad
        expect(env).to include("REMOTE_ADDR" => "::1", "SERVER_NAME" => "[::1]")
      end
    end

    describe "REMOTE_PORT" do
      def port_of(client) = client.socket.local_address.ip_port.to_s

      def told_to(client) = Marshal.load(client.get("/").body)["REMOTE_PORT"] # rubocop:disable Security/MarshalLoad

      it "is the port of the peer, whatever the headers say" do
        client = connect
        env = Marshal.load(client.get("/", "Remote-Port" => "1").body) # rubocop:disable Security/MarshalLoad
        expect(env).to include("REMOTE_PORT" => port_of(client), "HTTP_REMOTE_PORT" => "1")
      end

      it "is the port of each connection, no matter how many others are open" do
        stays = Array.new(20) { connect }
        300.times do |index|
          guest = connect
          [guest, stays[index % 20]].each { |client| expect(told_to(client)).to eq(port_of(client)) }
          guest.socket.close
        end
      end

      it "survives garbage collection during other requests, like REMOTE_ADDR" do
        serve(Protocol::Collected)
        clients = Array.new(3) { connect }
        3.times do
          peers = clients.map { |client| Marshal.load(client.get("/").body) } # rubocop:disable Security/MarshalLoad
          expect(peers).to eq(clients.map { |client| ["127.0.0.1", port_of(client)] })
        end
      end
    end

    it "has REQUEST_METHOD, SERVER_PROTOCOL and the scheme" do
      expect(env_from("DELETE /")).to include("REQUEST_METHOD" => "DELETE", "SERVER_PROTOCOL" => "HTTP/1.1",
                                              "rack.url_scheme" => "http")
      expect(env_of("GET / HTTP/1.0\r\nHost: a\r\n\r\n")["SERVER_PROTOCOL"]).to eq("HTTP/1.0")
    end

    describe "headers" do
      it "are named HTTP_ plus their name, with two exceptions" do
        env = env_of(Protocol.post("/", "x", "Content-Type: a/b", "User-Agent: c", "X-Some-Thing: d", "x-1: e"))
        expect(env).to include("CONTENT_TYPE" => "a/b", "CONTENT_LENGTH" => "1", "HTTP_USER_AGENT" => "c",
                               "HTTP_X_SOME_THING" => "d", "HTTP_X_1" => "e")
        expect(env.keys).not_to include("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
        expect(env_from("GET /").keys).not_to include("CONTENT_TYPE", "CONTENT_LENGTH")
      end

      it "are joined in order if they repeat (RFC 9110 section 5.3)" do
        env = env_from("GET /", "X-A: 1", "Accept: a", "x-a: 2", "X-B: x", "ACCEPT: b, c", "X-A:", "X-A: 3")
        expect(env).to include("HTTP_X_A" => "1, 2, , 3", "HTTP_ACCEPT" => "a, b, c", "HTTP_X_B" => "x")
      end

      it "are joined by semicolons if they are cookies (RFC 6265 section 5.4, RFC 9113 section 8.2.3)" do
        expect(env_from("GET /", "Cookie: a=b", "X: y", "cookie: c=d; e=f")["HTTP_COOKIE"]).to eq("a=b; c=d; e=f")
      end

      it "are stripped of surrounding white space, and otherwise unchanged" do
        env = env_from("GET /", "X-A: \t a  b\t ", "X-B:c", "X-C:", "X-D: \"q\\\"\" ,")
        expect(env).to include("HTTP_X_A" => "a  b", "HTTP_X_B" => "c", "HTTP_X_C" => "", "HTTP_X_D" => "\"q\\\"\" ,")
      end

      it "are binary" do
        env = env_from("GET /", "X: \u00e9\xff".b)
        expect(env["HTTP_X"]).to eq("\u00e9\xff".b)
        expect([env["HTTP_X"].encoding, env["PATH_INFO"].encoding]).to all(eq(Encoding::BINARY))
      end

      it "do not reach the app if their name has an underscore" do
        env = env_from("GET /", "X_Forwarded_For: 1.2.3.4", "Content_Length: 5", "Transfer_Encoding: chunked",
                       "Content_Type: a", "X-Forwarded_Proto: https", "_: x", "Host_: b", "Cookie_: c")
        expect(env.keys.grep(/HTTP_|CONTENT/)).to eq(["HTTP_HOST"])
      end

      it "with an underscore neither replace nor join headers with a dash" do
        env = env_from("GET /", "X_Forwarded_For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4", "X_Forwarded_For: 6.6.6.6")
        expect(env["HTTP_X_FORWARDED_FOR"]).to eq("1.2.3.4")
      end

      it "of proxies reach the app unchanged, and have no effect" do
        env = env_from("GET /", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: b",
                       "X-Forwarded-Port: 443", "Forwarded: for=1.2.3.4;proto=https;host=b")
        expect(env).to include("rack.url_scheme" => "http", "REMOTE_ADDR" => "127.0.0.1", "SERVER_NAME" => "a",
                               "SERVER_PORT" => "80", "HTTP_HOST" => "a", "HTTP_X_FORWARDED_FOR" => "1.2.3.4",
                               "HTTP_X_FORWARDED_PROTO" => "https", "HTTP_FORWARDED" => /proto=https/)
        expect(env["HTTPS"]).to be_nil
      end
    end

    describe "from one request to the next" do
      before { serve(Protocol::Spoiler) }

      let(:client) { connect }

      def env_and_kinds(*headers, path: "/a?b", host: "a.example:81")
        lines = ["GET #{path} HTTP/1.1", "Host: #{host}", *headers]
        Marshal.load(client.exchange("#{lines.join("\r\n")}\r\n\r\n").body) # rubocop:disable Security/MarshalLoad
      end

      it "keeps no changes that the app has made" do
        first = env_and_kinds("Accept: x", "X-A: y", "Cookie: z")
        expect(first.first).to include("HTTP_ACCEPT" => "x", "HTTP_X_A" => "y", "HTTP_COOKIE" => "z",
                                       "SERVER_PORT" => "81", "REMOTE_ADDR" => "127.0.0.1")
        expect(env_and_kinds("Accept: x", "X-A: y", "Cookie: z")).to eq(first)
      end

      it "keeps nothing of another request" do
        env_and_kinds("Accept: x", "X-A: y", "Cookie: z")
        expect(env_and_kinds(path: "/").first.keys).to contain_exactly(
          "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT",
          "SERVER_PROTOCOL", "REMOTE_ADDR", "REMOTE_PORT", "HTTP_HOST"
        )
      end

      it "tells many hosts and values apart" do
        (0..20).chain(0..20).each do |index|
          env, = env_and_kinds("Accept: #{index}", "User-Agent: #{"u" * 50 * index}", host: "h#{index}:#{index + 1}")
          expect(env).to include("HTTP_ACCEPT" => index.to_s, "HTTP_USER_AGENT" => "u" * 50 * index,
                                 "HTTP_HOST" => "h#{index}:#{index + 1}", "SERVER_NAME" => "h#{index}",
                                 "SERVER_PORT" => (index + 1).to_s)
        end
      end

      it "has frozen Strings for repeated values, and new Strings for the rest" do
        _, kinds = env_and_kinds("Accept: x", "User-Agent: #{"u" * 1000}", "X-A: y", "Cookie: z", "Authorization: a")
        frozen, own = kinds.partition(&:last).map { |pairs| pairs.map(&:first) }
        expect(own).to contain_exactly("PATH_INFO", "QUERY_STRING", "HTTP_X_A", "HTTP_COOKIE", "HTTP_AUTHORIZATION")
        expect(frozen).to include("REQUEST_METHOD", "HTTP_HOST", "SERVER_NAME", "REMOTE_ADDR", "REMOTE_PORT",
                                  "HTTP_ACCEPT", "HTTP_USER_AGENT")
      end
    end

    it "has the objects that Rack requires" do
      serve(Protocol::Objects)
      keys, *values = Marshal.load(connect.get("/").body) # rubocop:disable Security/MarshalLoad
      expect(keys).to eq(%w[kino.request rack.errors rack.hijack rack.hijack? rack.input rack.response_finished])
      expect(values).to eq([[], true, false, true, true, true, false])
    end
  end
end
