# frozen_string_literal: true

require "support/integration"

RSpec.describe "the env" do
  def parse(response) = Apps::EnvDump.parse(response)

  in_both_modes do
    let(:server) { serve(Apps::EnvDump) }

    def env_of(target = "/", headers = {}) = parse(HttpClient.get(server.port, target, headers))

    # @return [Hash{String => String}] the env of a request that consists of exactly these bytes
    def env_of_bytes(bytes) = parse(connect(server).write(bytes).read_response)

    it "names the request, the server and the client" do
      client = connect(server)
      client.send_head("GET", "/a/b?c=d&e", "host" => "example.org:8080")
      expect(parse(client.read_response)).to include(
        "REQUEST_METHOD" => "GET", "SCRIPT_NAME" => "", "PATH_INFO" => "/a/b", "QUERY_STRING" => "c=d&e",
        "SERVER_NAME" => "example.org", "SERVER_PORT" => "8080", "SERVER_PROTOCOL" => "HTTP/1.1",
        "HTTP_HOST" => "example.org:8080", "rack.url_scheme" => "http",
        "REMOTE_ADDR" => "127.0.0.1", "REMOTE_PORT" => client.local_address.ip_port.to_s
      )
    end

    it "holds the objects that Rack requires, and Kino's own" do
      expect(env_of).to include(
        "rack.input" => "Kino::Rack::NullInput", "rack.errors" => "Kino::Rack::Errors",
        "rack.response_finished" => "Array", "kino.request" => "Kino::Request"
      )
    end

    it "has no keys for headers that the request lacks" do
      expect(env_of.keys).to contain_exactly(
        "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
        "REMOTE_ADDR", "REMOTE_PORT", "HTTP_HOST", "rack.url_scheme", "rack.input", "rack.errors",
        "rack.response_finished", "kino.request", "rack.hijack?", "rack.hijack"
      )
    end

    ["/", "/a%2Fb%20c", "//a/../b/./", "/a;b=c/", "/%C3%A4%ff", "/a+b", "/~:@!$&'()*,="].each do |path|
      it "leaves the path #{path} as it is" do
        expect(env_of(path)).to include("PATH_INFO" => path, "QUERY_STRING" => "")
      end
    end

    it "takes everything after the first question mark as the query" do
      expect(env_of("/p?")).to include("PATH_INFO" => "/p", "QUERY_STRING" => "")
      expect(env_of("/p?a?b=%20&c")).to include("PATH_INFO" => "/p", "QUERY_STRING" => "a?b=%20&c")
    end

    it "splits an absolute target into authority and path" do
      expect(env_of("http://other.example:81/p?q")).to include(
        "PATH_INFO" => "/p", "QUERY_STRING" => "q", "SERVER_NAME" => "other.example", "SERVER_PORT" => "81",
        "HTTP_HOST" => "other.example:81"
      )
    end

    it "has * as the path of OPTIONS *" do
      env = parse(HttpClient.request(server.port, "OPTIONS", "*"))
      expect(env).to include("PATH_INFO" => "*", "QUERY_STRING" => "")
    end

    it "takes the name of the server from the Host header" do
      expect(env_of("/", "host" => "example.org")).to include("SERVER_NAME" => "example.org", "SERVER_PORT" => "80")
      expect(env_of("/", "host" => "[::1]:8080")).to include("SERVER_NAME" => "[::1]", "SERVER_PORT" => "8080")
      expect(env_of("/", "host" => "[::1]")).to include("SERVER_NAME" => "[::1]", "SERVER_PORT" => "80")
    end

    it "names the server by its address if there is no Host header" do
      env = env_of_bytes("GET / HTTP/1.0\r\n\r\n")
      expect(env).to include("SERVER_PROTOCOL" => "HTTP/1.0", "SERVER_NAME" => "127.0.0.1",
                             "SERVER_PORT" => server.port.to_s)
      expect(env).not_to include("HTTP_HOST")
    end

    it "accepts every method, known or not" do
      %w[POST PUT PATCH DELETE TRACE PURGE].each do |method|
        expect(parse(HttpClient.request(server.port, method))).to include("REQUEST_METHOD" => method)
      end
    end

    it "has all headers under upper-case names" do
      expect(env_of("/", "Accept" => "a/b", "X-Own-Thing" => "1", "x.y" => "2")).to include(
        "HTTP_ACCEPT" => "a/b", "HTTP_X_OWN_THING" => "1", "HTTP_X.Y" => "2"
      )
    end

    it "has the type and length of the body without the HTTP_ prefix" do
      env = parse(HttpClient.request(server.port, "POST", "/", { "content-type" => "a/b; c=d" }, "four"))
      expect(env).to include("CONTENT_TYPE" => "a/b; c=d", "CONTENT_LENGTH" => "4", "rack.input" => "Kino::Rack::Input")
      expect(env).not_to include("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
    end

    it "joins repeated headers with commas, and cookies with semicolons" do
      expect(env_of("/", "accept" => %w[a/b c/d], "x-own" => %w[1 2 3], "cookie" => %w[a=1 b=2])).to include(
        "HTTP_ACCEPT" => "a/b, c/d", "HTTP_X_OWN" => "1, 2, 3", "HTTP_COOKIE" => "a=1; b=2"
      )
    end

    it "drops header names with an underscore, which would collide with names with a dash" do
      env = env_of_bytes("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: evil\r\nX-Forwarded-For: good\r\n" \
                         "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n")
      expect(env).to include("HTTP_X_FORWARDED_FOR" => "good")
      expect(env.keys.grep(/LENGTH|ENCODING/)).to be_empty
    end

    it "keeps the bytes of a value unchanged" do
      env = env_of_bytes("GET / HTTP/1.1\r\nHost: a\r\nX-Bytes: caf\xC3\xA9 \xFF\r\n\r\n".b)
      expect(env.fetch("HTTP_X_BYTES").b).to eq("caf\xC3\xA9 \xFF".b)
    end

    it "has room for ninety headers" do
      headers = (1..90).to_h { |number| ["x-#{number}", number.to_s * 50] }
      expect(env_of("/", headers)).to include("HTTP_X_1" => "1" * 50, "HTTP_X_90" => "90" * 50)
    end

    it "is a new Hash for each request of a connection" do
      client = connect(server)
      first = parse(client.get("/", "x-first" => "1"))
      second = parse(client.get("/"))
      expect(first).to include("HTTP_X_FIRST" => "1")
      expect(second).not_to include("HTTP_X_FIRST")
    end
  end
end
