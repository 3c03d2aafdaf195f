# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Responds with a body to any method.
  module Methods
    extend Routes

    # A body that the server must not read for HEAD.
    class Unread < Body
      def each = raise("read all the same")
    end

    class << self
      def array(_env) = ok("four")
      def sized(_env) = [200, { "content-length" => "4" }, ["four"]]
      # A content-length that HEAD may send without the body.
      def claimed(_env) = [200, { "content-length" => "1000" }, []]
      def each(_env) = [200, HEADERS, Unread.new]
      def each_sized(_env) = [200, { "content-length" => "1000" }, Unread.new]
      def call_stream(_env) = [200, HEADERS, ->(_) { raise "called all the same" }]
      def verb(env) = [200, { "x-verb" => env["REQUEST_METHOD"] }, []]
      def file(_env) = [200, HEADERS, Struct.new(:to_path).new(__FILE__)]
    end
  end
end

# RFC 9110 section 9.
RSpec.describe "HTTP methods" do
  in_both_modes do
    before { serve(Protocol::Methods) }

    describe "HEAD (RFC 9110 section 9.3.2)" do
      def head(target)
        client = connect
        response = client.exchange(Protocol.request("HEAD", target))
        # Any bytes after the head would be read here.
        expect(client.get("/array").body).to eq("four")
        response
      end

      it "has the content-length of a GET, and no body" do
        expect(head("/array")["content-length"]).to eq("4")
        expect(head("/sized")["content-length"]).to eq("4")
        expect(head("/claimed")["content-length"]).to eq("1000")
        expect(head("/each-sized")["content-length"]).to eq("1000")
      end

      it "does not iterate the body, but closes it" do
        expect(head("/each")).to have_attributes(status: 200)
        expect(notes).to eq(["closed"])
        expect(head("/call-stream")).to have_attributes(status: 200)
      end

      it "has the length of a file" do
        expect(head("/file")["content-length"]).to eq(File.size(__FILE__).to_s)
      end

      it "does not count as a disconnect" do
        20.times { head("/each") }
        expect(server.stats[:disconnects]).to eq(0)
      end
    end

    it "may be any token, and reach the app as sent" do
      ["PATCH", "M-SEARCH", "get", "!#$%&'*+-.^_`|~"].each do |verb|
        expect(connect.exchange(Protocol.request(verb, "/verb"))["x-verb"]).to eq(verb)
      end
    end
  end
end
