# frozen_string_literal: true

require "support/protocol"

# RFC 9112 section 6: the length of a request body, on which two parsers must never disagree.
RSpec.describe "HTTP/1.1 body lengths" do
  in_both_modes do
    describe "Content-Length (RFC 9112 section 6.2, RFC 9110 section 8.6)" do
      {
        "an empty value" => ["Content-Length:"],
        "a positive sign" => ["Content-Length: +3"],
        "a negative value" => ["Content-Length: -3"],
        "a hexadecimal value" => ["Content-Length: 0x3"],
        "letters" => ["Content-Length: three"],
        "a fraction" => ["Content-Length: 3.0"],
        "an underscore" => ["Content-Length: 1_0"],
        "a space inside" => ["Content-Length: 1 0"],
        "a list of equal values" => ["Content-Length: 3, 3"],
        "a list of different values" => ["Content-Length: 3, 4"],
        "an overflow" => ["Content-Length: 18446744073709551616"],
        "a very long value" => ["Content-Length: #{"9" * 400}"],
        "two lines with different values" => ["Content-Length: 3", "Content-Length: 4"],
        "two lines that differ in case and value" => ["Content-Length: 3", "X: y", "content-length: 0"],
        "a good line and a bad line" => ["Content-Length: 3", "Content-Length: x"]
      }.each do |what, lines|
        it_refuses({ what => "#{Protocol.request("POST", "/", *lines)}abc" }, with: 400, as: :bad_content_length)
      end
      it_accepts(
        "no length" => Protocol.request("POST", "/"),
        "zero" => Protocol.request("POST", "/", "Content-Length: 0"),
        "leading zeros" => "#{Protocol.request("POST", "/", "Content-Length: 0003")}abc",
        "the same length twice" => "#{Protocol.request("POST", "/", "Content-Length: 3", "Content-Length: 3")}abc",
        "a length for GET" => "#{Protocol.get("/", "Content-Length: 3")}abc"
      )

      it "sent twice with the same value reaches the app once" do
        serve(Protocol::Env)
        env = env_of("#{Protocol.request("POST", "/", "Content-Length: 3", "Content-Length: 3")}abc")
        expect(env["CONTENT_LENGTH"]).to eq("3")
      end
    end

    describe "beside Transfer-Encoding (RFC 9112 section 6.1)" do
      it_refuses(
        {
          "length first" => Protocol.chunked("/", "0\r\n\r\n", "Content-Length: 5"),
          "length last" => "#{Protocol.request("POST", "/", "Transfer-Encoding: chunked",
                                               "Content-Length: 5")}0\r\n\r\n",
          "a length of zero" => Protocol.chunked("/", "0\r\n\r\n", "Content-Length: 0")
        }, with: 400, as: :bad_transfer_encoding
      )
    end

    describe "Transfer-Encoding (RFC 9112 section 6.1)" do
      {
        "chunked twice in one line" => ["chunked, chunked"],
        "chunked in two lines" => %w[chunked chunked],
        "chunked before another coding" => ["chunked, gzip"],
        "another coding alone" => ["gzip"],
        "identity" => ["identity"],
        "nonsense" => ["chunky"],
        "an empty value" => [""],
        "an empty member at the end" => ["chunked,"],
        "an empty member at the start" => [",chunked"],
        "a parameter" => ["chunked;q=1"],
        "quotes" => ["\"chunked\""],
        "a word before chunked" => ["x chunked"]
      }.each do |what, values|
        lines = values.map { |value| "Transfer-Encoding: #{value}" }
        it_refuses(
          { what => "#{Protocol.request("POST", "/", *lines)}0\r\n\r\n" }, with: 400, as: :bad_transfer_encoding
        )
      end
      it_refuses(
        {
          "an unsupported coding" => "#{Protocol.request("POST", "/", "Transfer-Encoding: gzip, chunked")}0\r\n\r\n"
        }, with: 501, as: :unknown_transfer_coding
      )
      it_refuses(
        { "any coding in HTTP/1.0" => "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        with: 400, as: :bad_transfer_encoding
      )
      it_accepts(
        "chunked" => Protocol.chunked("/", "0\r\n\r\n"),
        "chunked in any case" => "#{Protocol.request("POST", "/", "transfer-ENCODING: \t cHuNkEd \t")}0\r\n\r\n"
      )
    end

    it "are zero for a request without either header" do
      serve(Protocol::Plain)
      client = connect.write(Protocol.request("POST", "/") + Protocol.get("/"))
      expect([client.read_response.body, client.read_response.body]).to eq(["", ""])
    end

    describe "max_body_size (RFC 9110 section 15.5.14)" do
      it_refuses(
        {
          "a length beyond it" => Protocol.request("POST", "/", "Content-Length: 11"),
          "a length beyond it, even with Expect: 100-continue" =>
            Protocol.request("POST", "/", "Content-Length: 11", "Expect: 100-continue"),
          "a length beyond it in HTTP/1.0" => "POST / HTTP/1.0\r\nContent-Length: 11\r\n\r\n",
          "the largest possible length" => Protocol.request("POST", "/", "Content-Length: 18446744073709551615")
        }, with: 413, as: :body_too_large, max_body_size: 10
      )
      it_accepts({ "a length up to it" => Protocol.post("/", "0123456789") }, max_body_size: 10)
      it_accepts({ "chunks up to it" => Protocol.chunked("/", "a\r\n0123456789\r\n0\r\n\r\n") }, max_body_size: 10)
    end
  end
end
