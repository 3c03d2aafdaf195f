# frozen_string_literal: true

require "rack/lint"
require "support/integration"

# Lint checks the env, the response, and how the server uses the body. It raises on a violation, which would show up
# here as a 500 and a log entry.
RSpec.describe "Rack::Lint" do
  # A Ractor may not read these constants of Lint otherwise, because Rack 3.2 does not freeze them.
  before do
    [Rack::Utils::STATUS_WITH_NO_ENTITY_BODY, Rack::Lint::Wrapper::BODY_METHODS,
     Rack::Lint::Wrapper::StreamWrapper::REQUIRED_METHODS].each { |constant| Ractor.make_shareable(constant) }
  end

  in_both_modes do
    def lint(app) = serve(Ractor.make_shareable(Rack::Lint.new(app)))

    it "finds no violation in the env of any request" do
      server = lint(Apps::EnvDump)
      requests = [
        ["GET", "/a/b?c=d"], ["HEAD", "/"], ["OPTIONS", "*"], ["DELETE", "/x"], ["PURGE", "/%20"],
        ["GET", "/", { "host" => "[::1]:8080", "cookie" => %w[a=1 b=2], "x-many" => %w[1 2] }],
        ["GET", "http://other.example:81/p?q"],
        ["POST", "/", { "content-type" => "text/plain" }, "body"],
        ["POST", "/", {}, ""]
      ]
      expect(requests.map { |request| HttpClient.request(server.port, *request).status }).to eq([200] * requests.size)
    end

    it "finds no violation in the env of an HTTP/1.0 request" do
      client = connect(lint(Apps::EnvDump))
      expect(client.write("GET / HTTP/1.0\r\n\r\n").read_response.status).to eq(200)
    end

    it "finds no violation in rack.input" do
      server = lint(Apps::Uploads)
      responses = %w[/read /gets /each /digest /close].map do |path|
        HttpClient.request(server.port, "POST", path, { "content-type" => "text/plain" }, "a\nb\n")
      end
      expect(responses.map(&:status)).to eq([200] * responses.size)
      expect(responses.first.body).to eq("a\nb\n")
      expect(HttpClient.get(server.port, "/read")).to have_attributes(status: 200, body: "")
    end

    it "finds no violation in how the server uses bodies" do
      server = lint(Apps::Bodies)
      expect(HttpClient.get(server.port, "/array").body).to eq("onetwothree")
      expect(HttpClient.get(server.port, "/each?#{rendezvous.path}").body).to eq("onetwothree")
      expect(HttpClient.get(server.port, "/to-ary?#{rendezvous.path}").body).to eq("onetwo")
      expect(HttpClient.get(server.port, "/callable?#{rendezvous.path}").body).to eq("called")
      expect(HttpClient.request(server.port, "HEAD", "/each?#{rendezvous.path}").status).to eq(200)
      expect(HttpClient.get(server.port, "/no-content-array").status).to eq(204)
      expect(rendezvous.texts).to all(eq("closed"))
    end

    it "finds no violation in a stream" do
      client = connect(lint(Apps::Bodies))
      client.send_head("POST", "/echo", "transfer-encoding" => "chunked", "content-type" => "text/plain")
      expect(client.read_head.status).to eq(200)
      2.times do
        client.send_chunk("hello")
        expect(client.read_chunk).to eq("HELLO")
      end
      client.send_last_chunk
      expect(client.read_chunk).to be_nil
    end

    it "detects a violation" do
      server = lint(Apps::Failures)
      expect(HttpClient.get(server.port, "/header-number").status).to eq(500)
      expect(log).to include("kino: Rack::Lint::LintError: a header value must be a String")
    end
  end
end
