# frozen_string_literal: true

require "pathname"
require "support/protocol"

module Protocol
  # Bodies whose path is in the query.
  module Files
    extend Routes

    # Also has each, in case the file cannot be sent.
    class File < Body
      def initialize(path, *chunks)
        super(*chunks)
        @path = path
      end

      def to_path = @path
    end

    class << self
      def send(env) = file(env, {})
      def pathname(env) = [200, HEADERS, File.new(Pathname(env["QUERY_STRING"]), "from ", "each")]
      def sized(env) = file(env, { "content-length" => "4" })
      def too_long(env) = file(env, { "content-length" => "100000000" })
      def bad_header(env) = file(env, { "x" => "a\nb" })
      def fine(_env) = ok("fine")

      private

      def file(env, headers)
        watch(env)
        [200, HEADERS.merge(headers), File.new(env["QUERY_STRING"], "from ", "each")]
      end
    end
  end
end

# Bodies with to_path, of Rack's SPEC.
RSpec.describe "Rack bodies with to_path" do
  # More than the sockets can buffer.
  content = Array.new(4_000_000) { |number| number }.pack("L*")

  around do |example|
    Dir.mktmpdir do |directory|
      @directory = directory
      example.run
    end
  end

  in_both_modes do
    before { serve(Protocol::Files) }

    def file(content)
      File.binwrite("#{@directory}/file", content)
      "#{@directory}/file"
    end

    it "are sent with their length, and closed" do
      client = connect
      2.times do
        response = client.get("/send?#{file("0123456789")}")
        expect(response.body).to eq("0123456789")
        expect([response["content-length"], response["content-type"]]).to eq(%w[10 text/plain])
      end
      expect(notes).to eq(["closed", ["finished", true, 200, nil]] * 2)
    end

    it "may return a Pathname" do
      response = connect.get("/pathname?#{file("0123456789")}")
      expect([response.body, response["content-length"]]).to eq(%w[0123456789 10])
    end

    it "may be empty" do
      expect(connect.get("/send?#{file("")}")).to have_attributes(status: 200, body: "")
    end

    it "do not occupy a worker while they are sent" do
      slow = connect.write(Protocol.get("/send?#{file(content)}"))
      expect(slow.read_head["content-length"]).to eq(content.bytesize.to_s)
      expect(connect.get("/fine").body).to eq("fine")
      expect(server.stats).to include(in_flight: 0, served: 2)
      expect(slow.read_exactly(content.bytesize) == content).to be(true)
      expect(slow.get("/fine").body).to eq("fine")
    end

    it "are sent whole even if the file is deleted meanwhile" do
      path = file(content)
      client = connect.write(Protocol.get("/send?#{path}"))
      client.read_head
      File.delete(path)
      expect(client.read_exactly(content.bytesize) == content).to be(true)
    end

    it "are truncated to their content-length" do
      client = connect
      expect(client.get("/sized?#{file("0123456789")}").body).to eq("0123")
      expect(client.get("/fine").body).to eq("fine")
    end

    it "break the connection if they are shorter than their content-length" do
      client = connect.write(Protocol.get("/too-long?#{file("0123456789")}"))
      expect(client.read_head["content-length"]).to eq("100000000")
      expect { client.read_exactly(100_000_000) }.to raise_error(HttpClient::Broken)
      expect(notes.count("closed")).to eq(1)
      log
    end

    it "break the connection if the file becomes shorter" do
      path = file(content)
      client = connect.write(Protocol.get("/send?#{path}"))
      client.read_head
      File.truncate(path, 10)
      expect { client.read_exactly(content.bytesize) }.to raise_error(HttpClient::Broken)
    end

    it "send only the length for HEAD" do
      client = connect
      response = client.exchange(Protocol.request("HEAD", "/send?#{file(content)}"))
      expect(response["content-length"]).to eq(content.bytesize.to_s)
      expect(client.get("/fine").body).to eq("fine")
      expect(notes.count("closed")).to eq(1)
    end

    it "are enumerated if there is no file to send" do
      ["#{@directory}/none", @directory, "/dev/null", "relative/and/missing", ""].each do |path|
        expect(connect.get("/send?#{path}")).to have_attributes(status: 200, body: "from each")
        expect(notes).to eq(["closed", ["finished", true, 200, nil]])
      end
    end

    it "are closed and become a 500 if a header is invalid" do
      expect(connect.get("/bad-header?#{file("x")}").status).to eq(500)
      expect(notes).to eq(["closed", ["finished", true, 200, "Kino::InvalidResponseError"]])
      expect(log).to include("control characters")
    end

    it "leak nothing when their clients leave" do
      path = file(content)
      connect.get("/fine")
      before = Dir.children("/dev/fd").size
      4.times do
        client = connect.write(Protocol.get("/send?#{path}"))
        client.read_head
        client.reset
      end
      eventually("all are closed") { Dir.children("/dev/fd").size <= before }
      await_stats(in_flight: 0)
    end
  end
end
